package oauth

import (
	"crypto/sha256"
	"crypto/sha512"
	"strings"
)

// leftHash is at_hash, c_hash and s_hash of a value beside an ID token that is signed
// with alg: the left half of the hash that the algorithm itself uses (OpenID Connect Core
// §3.1.3.6), for EdDSA the SHA-512 inside Ed25519. Without a signature there is none: "".
func leftHash(alg, value string) string {
	data := []byte(value)
	switch {
	case strings.HasSuffix(alg, "256"):
		sum := sha256.Sum256(data)
		return encoding.EncodeToString(sum[:16])
	case strings.HasSuffix(alg, "384"):
		sum := sha512.Sum384(data)
		return encoding.EncodeToString(sum[:24])
	case strings.HasSuffix(alg, "512") || alg == "EdDSA":
		sum := sha512.Sum512(data)
		return encoding.EncodeToString(sum[:32])
	}
	return ""
}
