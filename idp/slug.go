package idp

import "strings"

const maxSlug = 40

// Slug makes an app's name in our addresses of a text: a to z and 0 to 9, and one hyphen in
// place of what lies between, 40 bytes at most. Empty if nothing is left.
func Slug(s string) string {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	s = strings.Join(words, "-")
	return strings.TrimRight(s[:min(len(s), maxSlug)], "-")
}
