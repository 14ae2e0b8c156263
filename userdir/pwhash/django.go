package pwhash

import (
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"math/bits"
	"strings"

	"golang.org/x/crypto/scrypt"
)

func newSHA1() hash.Hash   { return sha1.New() }
func newSHA256() hash.Hash { return sha256.New() }

// derived is a PBKDF2 (RFC 8018 §5.2) within the caps.
func derived(h func() hash.Hash, iterations int, salt, want []byte) (Hash, error) {
	if !pbkdf2Cost(iterations, len(want)) {
		return Hash{}, ErrHash
	}
	return Hash{1, func(password []byte) bool {
		key, err := pbkdf2.Key(h, string(password), salt, iterations, len(want))
		return err == nil && same(want, key)
	}}, nil
}

// djangoPBKDF2 reads iterations$salt$base64.
func djangoPBKDF2(h func() hash.Hash) func(string) (Hash, error) {
	return func(rest string) (Hash, error) {
		parts := strings.Split(rest, "$")
		if len(parts) != 3 {
			return Hash{}, ErrHash
		}
		want, err := base64.StdEncoding.Strict().DecodeString(parts[2])
		if err != nil {
			return Hash{}, ErrHash
		}
		return derived(h, number(parts[0]), []byte(parts[1]), want)
	}
}

// djangoScrypt reads N$salt$r$p$base64.
func djangoScrypt(rest string) (Hash, error) {
	parts := strings.Split(rest, "$")
	if len(parts) != 5 {
		return Hash{}, ErrHash
	}
	n, r, p := number(parts[0]), number(parts[2]), number(parts[3])
	want, err := base64.StdEncoding.Strict().DecodeString(parts[4])
	if err != nil || n < 2 || n&(n-1) != 0 || len(want) == 0 || len(want) > mostOutput {
		return Hash{}, ErrHash
	}
	kib, ok := scryptMemory(bits.TrailingZeros(uint(n)), r, p)
	if !ok {
		return Hash{}, ErrHash
	}
	return Hash{kib, func(password []byte) bool {
		key, err := scrypt.Key(password, []byte(parts[1]), n, r, p, len(want))
		return err == nil && same(want, key)
	}}, nil
}

// djangoBcryptSHA256: bcrypt over the hexadecimal SHA-256, so that long passwords count whole.
func djangoBcryptSHA256(rest string) (Hash, error) {
	inner, err := parseCrypt(rest)
	if err != nil {
		return Hash{}, err
	}
	return Hash{inner.memory, func(password []byte) bool {
		return inner.match([]byte(hex.EncodeToString(sha256Sum(password))))
	}}, nil
}
