package keys

import (
	"crypto"
	"crypto/elliptic"
	_ "crypto/sha512" // SHA-384 and SHA-512 for crypto.Hash
	"slices"

	"cloudsso/idp"
)

// JWA names (RFC 7518 §3.1, RFC 8037 §3.1).
const (
	RS256 = "RS256"
	RS384 = "RS384"
	RS512 = "RS512"
	PS256 = "PS256"
	PS384 = "PS384"
	PS512 = "PS512"
	ES256 = "ES256"
	ES384 = "ES384"
	ES512 = "ES512"
	EdDSA = "EdDSA" // Ed25519
	HS256 = "HS256" // also the name of the token roots' kind
	HS384 = "HS384"
	HS512 = "HS512"
)

// algorithm is what differs between signature algorithms.
type algorithm interface {
	generate() (crypto.Signer, error)
	// fits says which keys of our own belong to the algorithm; takes, which of others.
	fits(pub crypto.PublicKey) bool
	takes(pub crypto.PublicKey) bool
	sign(key crypto.Signer, signed []byte) ([]byte, error)
	verify(pub crypto.PublicKey, signed, sig []byte) bool
}

func algorithmOf(name string) (algorithm, bool) {
	switch name {
	case RS256:
		return rsaAlg{hash: crypto.SHA256, bits: 2048}, true
	case RS384:
		return rsaAlg{hash: crypto.SHA384, bits: 3072}, true
	case RS512:
		return rsaAlg{hash: crypto.SHA512, bits: 4096}, true
	case PS256:
		return rsaAlg{hash: crypto.SHA256, bits: 2048, pss: true}, true
	case PS384:
		return rsaAlg{hash: crypto.SHA384, bits: 3072, pss: true}, true
	case PS512:
		return rsaAlg{hash: crypto.SHA512, bits: 4096, pss: true}, true
	case ES256:
		return ecdsaAlg{crypto.SHA256, elliptic.P256()}, true
	case ES384:
		return ecdsaAlg{crypto.SHA384, elliptic.P384()}, true
	case ES512:
		return ecdsaAlg{crypto.SHA512, elliptic.P521()}, true
	case EdDSA:
		return ed25519Alg{}, true
	}
	return nil, false
}

// macHash is the hash of a symmetric algorithm; its size is the least that the key may
// have (RFC 7518 §3.2).
func macHash(alg string) (crypto.Hash, bool) {
	hashes := []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512}
	i := slices.Index(idp.SymmetricAlgs(), alg)
	if i < 0 {
		return 0, false
	}
	return hashes[i], true
}

func digestOf(h crypto.Hash, signed []byte) []byte {
	d := h.New()
	d.Write(signed)
	return d.Sum(nil)
}
