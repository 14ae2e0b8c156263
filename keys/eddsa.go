package keys

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
)

// ed25519Alg is EdDSA on Ed25519 (RFC 8037 §3.1), which hashes by itself.
type ed25519Alg struct{}

func (ed25519Alg) generate() (crypto.Signer, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	return private, err
}

func (ed25519Alg) fits(pub crypto.PublicKey) bool {
	_, ok := pub.(ed25519.PublicKey)
	return ok
}

func (a ed25519Alg) takes(pub crypto.PublicKey) bool { return a.fits(pub) }

func (ed25519Alg) sign(key crypto.Signer, signed []byte) ([]byte, error) {
	return ed25519.Sign(key.(ed25519.PrivateKey), signed), nil
}

func (ed25519Alg) verify(pub crypto.PublicKey, signed, sig []byte) bool {
	return ed25519.Verify(pub.(ed25519.PublicKey), signed, sig)
}
