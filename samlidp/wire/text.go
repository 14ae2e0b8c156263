package wire

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"cloudsso/idp"
)

// CheckText reports an [idp.Invalid] error if s holds a character that XML 1.0 cannot
// carry at all (NUL, most control characters, U+FFFE, broken UTF-8). Such a value must be
// refused: changing it silently could turn one person's id into another's (S07, S25).
func CheckText(s string) error {
	for i, r := range s {
		if !legal(r) || r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD") {
			return idp.Errorf(idp.Invalid, "The value contains the byte or character %q at position %d, which XML cannot carry. Remove it at its source.", s[i:i+max(1, runeLen(s[i:]))], i+1)
		}
	}
	return nil
}

func runeLen(s string) int { _, n := utf8.DecodeRuneInString(s); return n }

// lineEnds is XML 1.0 §2.11.
func lineEnds(s string) string {
	if strings.IndexByte(s, '\r') < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// unescape resolves references and normalises line ends (XML 1.0 §2.11), and white
// space too in attribute values (§3.3.3). What a reference stands for stays as it is.
func (p *parser) unescape(at int, raw string, attr bool) (string, error) {
	special := "&\r"
	if attr {
		special = "&\r\n\t"
	}
	if !strings.ContainsAny(raw, special) {
		return raw, nil
	}
	var b strings.Builder
	b.Grow(len(raw))
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c == '&':
			s, n, err := p.reference(at+i, raw[i:])
			if err != nil {
				return "", err
			}
			b.WriteString(s)
			i += n - 1
		case c == '\r' && strings.HasPrefix(raw[i+1:], "\n"): // the line feed speaks for both
		case attr && (c == '\r' || c == '\n' || c == '\t'):
			b.WriteByte(' ')
		case c == '\r':
			b.WriteByte('\n')
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}

// reference resolves the reference that s begins with and returns its length. Without
// a DTD there are five entities; any other is refused, never left as it stands (S04).
func (p *parser) reference(at int, s string) (string, int, error) {
	end := strings.IndexByte(s[:min(len(s), 12)], ';')
	if end < 0 {
		return "", 0, p.fail(at, `the character "&" stands alone. Write &amp; instead.`)
	}
	name := s[1:end]
	if digits, ok := strings.CutPrefix(name, "#"); ok {
		r, ok := number(digits)
		if !ok {
			return "", 0, p.fail(at, "&%s; is not a character that XML can carry. Remove it.", name)
		}
		return string(r), end + 1, nil
	}
	switch name {
	case "amp":
		return "&", end + 1, nil
	case "lt":
		return "<", end + 1, nil
	case "gt":
		return ">", end + 1, nil
	case "quot":
		return `"`, end + 1, nil
	case "apos":
		return "'", end + 1, nil
	}
	return "", 0, p.fail(at, "the entity &%s; is not known here. Write the character itself.", clip(name))
}

// number reads the digits of a character reference.
func number(digits string) (rune, bool) {
	base := 10
	if hex, ok := strings.CutPrefix(digits, "x"); ok {
		digits, base = hex, 16
	}
	if strings.ContainsAny(digits, "+-_") {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, base, 21)
	return rune(n), err == nil && legal(rune(n))
}
