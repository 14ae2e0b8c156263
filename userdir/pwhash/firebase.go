package pwhash

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"slices"
	"strings"

	"golang.org/x/crypto/scrypt"
)

// parseFirebase reads what follows $fbscrypt$: settings, salt and hash, all in base64.
// Firebase derives a key from the password and encrypts the project's signer key with it.
func parseFirebase(rest string) (Hash, error) {
	parts := strings.Split(rest, "$")
	if len(parts) != 3 {
		return Hash{}, ErrHash
	}
	o, ok := parameters(parts[0])
	if !ok || len(o) != 6 || o["v"] != "1" {
		return Hash{}, ErrHash
	}
	var raw [4][]byte
	for i, s := range []string{o["ss"], o["sk"], parts[1], parts[2]} {
		b, err := base64.StdEncoding.Strict().DecodeString(s)
		if err != nil {
			return Hash{}, ErrHash
		}
		raw[i] = b
	}
	separator, signer, salt, want := raw[0], raw[1], raw[2], raw[3]
	logN, r, p := number(o["n"]), number(o["r"]), number(o["p"])
	kib, affordable := scryptMemory(logN, r, p)
	if !affordable || len(want) == 0 || len(want) != len(signer) {
		return Hash{}, ErrHash
	}
	return Hash{kib, func(password []byte) bool {
		key, err := scrypt.Key(password, slices.Concat(salt, separator), 1<<logN, r, p, 32)
		if err != nil {
			return false
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return false
		}
		got := make([]byte, len(signer))
		cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(got, signer)
		return same(want, got)
	}}, nil
}
