package pwhash

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"slices"
)

func md5Sum(b []byte) []byte    { s := md5.Sum(b); return s[:] }
func sha1Sum(b []byte) []byte   { s := sha1.Sum(b); return s[:] }
func sha256Sum(b []byte) []byte { s := sha256.Sum256(b); return s[:] }
func sha384Sum(b []byte) []byte { s := sha512.Sum384(b); return s[:] }
func sha512Sum(b []byte) []byte { s := sha512.Sum512(b); return s[:] }

// salted reads base64 of the digest and, behind it, the salt (RFC 2307 §5.3 and what
// grew from it).
func salted(sum func([]byte) []byte, withSalt bool) func(string) (Hash, error) {
	size := len(sum(nil))
	return func(rest string) (Hash, error) {
		raw, err := base64.StdEncoding.Strict().DecodeString(rest)
		if err != nil || withSalt != (len(raw) > size) || len(raw) < size || len(raw) > size+64 {
			return Hash{}, ErrHash
		}
		digest, salt := raw[:size], raw[size:]
		return Hash{1, func(password []byte) bool { return same(digest, sum(slices.Concat(password, salt))) }}, nil
	}
}
