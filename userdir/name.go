package userdir

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"cloudsso/idp"
)

const maxLogin = 256 // bytes

// Username is the form in which usernames and email addresses are kept and asked for:
// without spaces around it and in Unicode NFC (RFC 8265 §3.2), so that the same name
// typed on another keyboard is the same name. Case is kept; comparing ignores it.
func Username(s string) string { return norm.NFC.String(strings.TrimSpace(s)) }

// fold is the form in which names are compared.
func fold(s string) string { return idp.FoldUsername(Username(s)) }

// plausibleLogin refuses what no directory should be asked for: control characters and
// broken UTF-8 upset some backends (PostgreSQL: NUL) and logs.
func plausibleLogin(login string) bool {
	return login != "" && len(login) <= maxLogin && utf8.ValidString(login) && !strings.ContainsFunc(login, unicode.IsControl)
}

// opaque prepares a password as RFC 8265 §4.2 (OpaqueString) has it: every kind of space
// is a plain one, and the form is NFC. Case is kept.
func opaque(password string) string {
	if !utf8.ValidString(password) {
		return password
	}
	return norm.NFC.String(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Zs, r) {
			return ' '
		}
		return r
	}, password))
}

// Prepare is what a directory that asks a server does with what a person typed: login
// without spaces around it, password as RFC 8265 §4.2 has it, and nothing that no account
// can have: ErrNotFound for such a login, ErrInvalidCredentials for such a password. That
// the password is not empty is part of it: to an LDAP server an empty one is an anonymous
// sign-in that succeeds (RFC 4513 §5.1.2).
func Prepare(c Credentials) (login, password string, err error) {
	login, password = Username(c.Login), opaque(c.Password.Reveal())
	if !plausibleLogin(login) {
		return "", "", ErrNotFound
	}
	if !plausiblePassword(c.Password.Reveal()) || strings.ContainsRune(password, 0) {
		return "", "", ErrInvalidCredentials
	}
	return login, password, nil
}

// Same reports whether two logins are the same name.
func Same(a, b string) bool { return fold(a) == fold(b) }
