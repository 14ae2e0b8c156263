package idp

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"slices"
)

// PublicJWK is a key of an app that its signatures are checked with: RSA of 2048 to 8192
// bits, EC on P-256, P-384 or P-521, or Ed25519.
type PublicJWK struct {
	KID string // may be empty
	Alg string // the one algorithm it may be used for; may be empty
	Key crypto.PublicKey
}

const (
	maxJWKS    = 64 << 10 // bytes
	maxJWKSLen = 50
	minRSA     = 2048 // RFC 7518 §3.3
	maxRSA     = 8192 // a signature under a longer one costs us more than the sender
)

// ParseJWKS reads a JSON Web Key Set (RFC 7517 §5). It returns the keys that can verify
// signatures, and beside them an error about each key that cannot; keys for encryption
// (use enc) are passed over. What is no set at all gives no keys. Errors are [Error]s
// whose Field is the key's place ("keys[1]").
func ParseJWKS(data []byte) ([]PublicJWK, error) {
	var set struct {
		Keys []map[string]any `json:"keys"`
	}
	switch err := json.Unmarshal(data, &set); {
	case len(data) > maxJWKS:
		return nil, badMember("keys", "The key set is larger than %d KiB.", maxJWKS>>10)
	case err != nil || len(set.Keys) == 0:
		return nil, badMember("keys", "This is not a JSON Web Key Set: an object with the member keys, a list of at least one key, is expected.")
	case len(set.Keys) > maxJWKSLen:
		return nil, badMember("keys", "There are more than %d keys in the set.", maxJWKSLen)
	}
	var keys []PublicJWK
	var faults []error
	for i, members := range set.Keys {
		if members["use"] == "enc" {
			continue
		}
		k, why := parseJWK(members)
		if why == "" && k.KID != "" && slices.ContainsFunc(keys, func(o PublicJWK) bool { return o.KID == k.KID }) {
			why = "another key of the set has the same kid."
		}
		if why != "" {
			faults = append(faults, badMember("keys["+big.NewInt(int64(i)).String()+"]", "The key cannot be used: %s", why))
			continue
		}
		keys = append(keys, k)
	}
	return keys, errors.Join(faults...)
}

// parseJWK returns a key, or says why it is none.
func parseJWK(members map[string]any) (k PublicJWK, why string) {
	for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
		if _, there := members[private]; there {
			return k, "it has the secret member " + private + ". Whoever saw it can sign with it: make a new key, and register its public half only."
		}
	}
	text := func(name string) string { s, _ := members[name].(string); return s }
	number := func(name string) []byte {
		b, err := base64.RawURLEncoding.Strict().DecodeString(text(name))
		if err != nil {
			return nil
		}
		return b
	}
	k.KID, k.Alg = text("kid"), text("alg")
	switch text("kty") {
	case "RSA":
		k.Key, why = rsaKey(number("n"), number("e"))
	case "EC":
		k.Key, why = ecKey(text("crv"), number("x"), number("y"))
	case "OKP":
		x := number("x")
		if text("crv") != "Ed25519" || len(x) != ed25519.PublicKeySize {
			return k, "of the type OKP, only Ed25519 with an x of 32 bytes is supported."
		}
		k.Key = ed25519.PublicKey(x)
	default:
		return k, "kty must be RSA, EC or OKP."
	}
	return k, why
}

func rsaKey(n, e []byte) (crypto.PublicKey, string) {
	modulus, exponent := new(big.Int).SetBytes(n), new(big.Int).SetBytes(e)
	switch bits := modulus.BitLen(); {
	case bits < minRSA || bits > maxRSA:
		return nil, "an RSA key has 2048 to 8192 bits (n, in base64url without padding)."
	case exponent.BitLen() > 31 || exponent.Int64() < 3 || exponent.Bit(0) == 0 || modulus.Bit(0) == 0:
		return nil, "n and e are not those of an RSA key."
	}
	return &rsa.PublicKey{N: modulus, E: int(exponent.Int64())}, ""
}

func ecKey(crv string, x, y []byte) (crypto.PublicKey, string) {
	curve, ok := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}[crv]
	if !ok {
		return nil, "crv must be P-256, P-384 or P-521."
	}
	size := (curve.Params().BitSize + 7) / 8
	if len(x) != size || len(y) != size {
		return nil, "x and y are not as long as the curve's field."
	}
	// It refuses a point that is not on the curve.
	pub, err := ecdsa.ParseUncompressedPublicKey(curve, slices.Concat([]byte{4}, x, y))
	if err != nil {
		return nil, "x and y are not a point on the curve."
	}
	return pub, ""
}
