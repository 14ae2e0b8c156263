package idp

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"log/slog"
	"strings"
)

// Secret is a string that prints as [redacted] wherever it is formatted, logged or
// marshalled. Reveal is the one way to its value, so that every use can be found.
type Secret string

const redacted = "[redacted]"

// Reveal returns the value itself.
func (s Secret) Reveal() string { return string(s) }

func (Secret) String() string               { return redacted }
func (Secret) GoString() string             { return redacted }
func (Secret) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// NewSecret returns 256 random bits as 43 characters of base64url. It is the
// only source of codes, cookie values, flow ids and generated client secrets.
func NewSecret() string {
	var b [32]byte
	rand.Read(b[:]) // never fails since Go 1.24: the process ends instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// NewSharedKey returns 512 random bits as 86 characters of base64url: as a key of octets,
// it is long enough for every HMAC up to HS512.
func NewSharedKey() string { return NewSecret() + NewSecret() }

// NewID returns 128 random bits as 26 characters of lower-case base32: unique,
// unguessable, the same when case is ignored. For records, subjects and grants.
func NewID() string {
	var b [16]byte
	rand.Read(b[:])
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
}

// HashSecret is what stores keep of a secret made by [NewSecret]: SHA-256 as
// base64url. Fast on purpose: 256 random bits need no slow hash. Never use it for
// anything a person chose.
func HashSecret(secret string) string {
	h := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(h[:])
}

// SecretMatches compares a presented secret with a stored [HashSecret] in constant
// time. An empty hash matches nothing.
func SecretMatches(presented, hash string) bool {
	return hash != "" && subtle.ConstantTimeCompare([]byte(HashSecret(presented)), []byte(hash)) == 1
}
