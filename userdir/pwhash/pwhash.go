// Package pwhash checks passwords against hashes that other systems made. It only
// verifies: what it accepted once is hashed anew, with argon2id, by package userdir.
//
//	crypt.go      $argon2…$, $2b$, $pbkdf2…$, $scrypt$, $y$, $1$, $5$, $6$, $sha1$; {CRYPT} and {ARGON2} before them
//	ldap.go       {SSHA}, {SSHA256}, {SSHA384}, {SSHA512}, {SMD5} and the unsalted {SHA}, {SHA256}, …, {MD5} (RFC 2307)
//	phpass.go     $P$ and $H$: WordPress, phpBB, Drupal 7's relatives
//	django.go     pbkdf2_sha256$, pbkdf2_sha1$, scrypt$, argon2$, bcrypt$, bcrypt_sha256$
//	keycloak.go   a credential of a realm export, as JSON
//	aspnet.go     ASP.NET Identity v2 and v3, as base64
//	firebase.go   $fbscrypt$v=1,n=…,r=…,p=…,ss=…,sk=…$salt$hash
//
// # What a hash may cost
//
// Attack: whoever can write a hash (an import, a row of somebody's database) names costs
// that take all memory or a processor for an hour, and signs in. Decision: the costs are
// read before anything is computed, and a hash beyond the caps of cost.go is refused.
package pwhash

import (
	"crypto/subtle"
	"errors"
	"strings"

	"github.com/go-crypt/crypt"
)

// ErrHash says that a text is no hash that is known here, or costs too much. It never
// repeats the text: it may end in a log.
var ErrHash = errors.New("not a password hash of a known form within the limits")

const maxText = 2048 // bytes of one hash

// Hash is one that can be checked. The zero Hash matches nothing.
type Hash struct {
	memory uint32 // KiB
	match  func(password []byte) bool
}

// Memory is what one check takes, in KiB.
func (h Hash) Memory() uint32 { return h.memory }

// Matches computes the hash of a password; it is slow on purpose.
func (h Hash) Matches(password string) bool {
	return h.match != nil && h.match([]byte(password))
}

// Parse reads a hash. The error is [ErrHash].
func Parse(text string) (Hash, error) {
	if len(text) > maxText || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
		return Hash{}, ErrHash
	}
	for _, f := range forms {
		if !strings.HasPrefix(text, f.prefix) {
			continue
		}
		h, err := f.parse(text[len(f.prefix):])
		if err != nil {
			return Hash{}, ErrHash
		}
		return h, nil
	}
	return parseASPNET(text)
}

// forms by what they begin with; the first that fits decides.
var forms = []struct {
	prefix string
	parse  func(rest string) (Hash, error)
}{
	{"{CRYPT}", parseCrypt}, {"{ARGON2}", parseCrypt},
	{"{SSHA}", salted(sha1Sum, true)}, {"{SSHA256}", salted(sha256Sum, true)}, {"{SSHA384}", salted(sha384Sum, true)}, {"{SSHA512}", salted(sha512Sum, true)},
	{"{SHA}", salted(sha1Sum, false)}, {"{SHA256}", salted(sha256Sum, false)}, {"{SHA384}", salted(sha384Sum, false)}, {"{SHA512}", salted(sha512Sum, false)},
	{"{SMD5}", salted(md5Sum, true)}, {"{MD5}", salted(md5Sum, false)},
	{"{PBKDF2", func(rest string) (Hash, error) { return parseCrypt(crypt.Normalize("{PBKDF2" + rest)) }},
	{"{", parseKeycloak},
	{"$P$", parsePHPass}, {"$H$", parsePHPass},
	{"$fbscrypt$", parseFirebase},
	{"$", func(rest string) (Hash, error) { return parseCrypt("$" + rest) }},
	{"pbkdf2_sha256$", djangoPBKDF2(newSHA256)}, {"pbkdf2_sha1$", djangoPBKDF2(newSHA1)},
	{"scrypt$", djangoScrypt}, {"argon2$", func(rest string) (Hash, error) { return parseCrypt("$" + rest) }},
	{"bcrypt_sha256$", djangoBcryptSHA256}, {"bcrypt$", parseCrypt},
}

func same(a, b []byte) bool { return len(a) > 0 && subtle.ConstantTimeCompare(a, b) == 1 }
