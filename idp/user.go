package idp

import (
	"fmt"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"
)

// User is a row of the built-in directory.
type User struct {
	ID                string // NewID
	Username          string // unique, compared without case
	Email             string
	PasswordHash      string    // argon2id PHC string; empty: cannot sign in by password
	PasswordChangedAt time.Time // zero: not known
	Attributes        Attributes
	Groups            []string
	Disabled          bool
	ExpiresAt         time.Time // the account's end; zero: none
	Managed           Managed
	Version           int64 // compare-and-swap counter, owned by the store
	CreatedAt         time.Time
	UpdatedAt         time.Time
}

// FoldUsername returns the form in which usernames are compared: each letter lower-cased,
// then folded by Unicode's simple case folding, one rune for one rune. Bytes that are
// not UTF-8 stay as they are, so that two broken names never become one.
func FoldUsername(username string) string {
	folded := make([]byte, 0, len(username))
	for i := 0; i < len(username); {
		r, size := utf8.DecodeRuneInString(username[i:])
		if r == utf8.RuneError && size == 1 {
			folded = append(folded, username[i])
		} else {
			folded = utf8.AppendRune(folded, foldRune(r))
		}
		i += size
	}
	return string(folded)
}

// foldRune picks one rune of those that differ in case only (k, K and the Kelvin sign).
func foldRune(r rune) rune {
	r = unicode.ToLower(r)
	first := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		first = min(first, f)
	}
	return unicode.ToLower(first)
}

// Status of a [Person] in their directory.
type Status string

// The statuses. Only Active people may sign in or refresh.
const (
	Active          Status = "active"
	Disabled        Status = "disabled"
	Locked          Status = "locked"
	PasswordExpired Status = "password_expired"
	Gone            Status = "gone" // the directory no longer knows them
)

// Person is what a directory says about a subject right now.
type Person struct {
	Subject     string // ours: NewID, stable over renames and moves
	Directory   string // id of the directory that answered
	DirectoryID string // stable id there, never reused
	Login       string // user name there
	Status      Status
	Attributes  Attributes // as the directory names them
	Groups      []string
}

// Attributes of a person: multi-valued, names exactly as the source gave them.
// Values are string, bool, float64, or map[string]any.
type Attributes map[string][]any

// First returns the first value of name as text, "" if there is none.
func (a Attributes) First(name string) string {
	if v := a[name]; len(v) > 0 {
		return Text(v[0])
	}
	return ""
}

// Text writes one attribute value the way SAML and templates show it: numbers
// without exponent, booleans as true and false.
func Text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case nil:
		return ""
	}
	return fmt.Sprint(v)
}
