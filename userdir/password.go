package userdir

import (
	"bufio"
	"context"
	_ "embed"
	"strings"
	"unicode"
	"unicode/utf8"

	"cloudsso/idp"
)

const (
	maxPassword = 1024 // bytes
	minPassword = 8    // characters
)

//go:embed common-passwords.txt
var commonPasswords string

// CheckPassword says whether somebody may choose this password (NIST SP 800-63B-4
// §3.1.1.2): at least 8 characters, at most 1024 bytes, none of the very common ones and
// not one of personal (username, email address); no rule about kinds of characters. The
// error is an *idp.Error on the field "password".
func CheckPassword(password string, personal ...string) error {
	p := opaque(password)
	switch {
	case !utf8.ValidString(password) || strings.ContainsFunc(password, unicode.IsControl):
		return refuse("The password contains a character that cannot be typed everywhere, such as a line break: leave it out.")
	case utf8.RuneCountInString(p) < minPassword:
		return refuse("The password is too short: choose at least %d characters.", minPassword)
	case len(password) > maxPassword || len(p) > maxPassword:
		return refuse("The password is too long: choose at most %d bytes.", maxPassword)
	case common(p):
		return refuse("The password is one of the first that an attacker tries: choose another one.")
	}
	for _, s := range personal {
		if local, _, _ := cutLast(s, "@"); fold(s) == fold(p) || fold(local) == fold(p) {
			return refuse("The password is the name of the account: choose another one.")
		}
	}
	return nil
}

func refuse(format string, args ...any) *idp.Error {
	return idp.Errorf(idp.Invalid, format, args...).On("password")
}

func common(password string) bool {
	want := strings.ToLower(password)
	lines := bufio.NewScanner(strings.NewReader(commonPasswords))
	for lines.Scan() {
		if lines.Text() == want {
			return true
		}
	}
	return false
}

// plausiblePassword refuses what is nobody's password. Empty: some directories take an
// empty password for an anonymous sign-in (RFC 4513 §5.1.2).
func plausiblePassword(password string) bool {
	return password != "" && len(password) <= maxPassword
}

// HashPassword returns the argon2id PHC string of a password or of an imported client
// secret. It waits while as many hashes run as the machine has processors. The password
// must have 1 to 1024 bytes; whether it is a good one, [CheckPassword] says.
func HashPassword(password string) (string, error) {
	return process().Hash(context.Background(), password)
}

// VerifyPassword compares a password with a hash: an argon2id PHC string, or one that
// another system made (package pwhash). rehash says that the password is right and the
// hash weaker than what [HashPassword] makes today, or not ours. An error means that it is
// not a hash that is accepted here, never that the password is wrong.
func VerifyPassword(hash, password string) (ok, rehash bool, err error) {
	return process().Verify(context.Background(), hash, password)
}
