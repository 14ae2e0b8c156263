package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"math/big"
)

// JWA names of the algorithms that the ring has keys for (RFC 7518 §3.1).
const (
	RS256 = "RS256" // RSASSA-PKCS1-v1_5 with SHA-256, 2048 bits
	ES256 = "ES256" // ECDSA on P-256 with SHA-256
	hs256 = "HS256" // the symmetric token root; never signs or verifies a JWT
)

const rsaBits = 2048

// jwtAlgs are the algorithms that JWTs are signed with, the one that every relying
// party must know first (OpenID Connect Core §15.1).
func jwtAlgs() []string { return []string{RS256, ES256} }

// algorithm is what differs between signature algorithms.
type algorithm interface {
	generate() (crypto.Signer, error)
	fits(pub crypto.PublicKey) bool
	sign(key crypto.Signer, digest [32]byte) ([]byte, error)
	verify(pub crypto.PublicKey, digest [32]byte, sig []byte) bool
}

func algorithmOf(name string) (algorithm, bool) {
	switch name {
	case RS256:
		return rs256{}, true
	case ES256:
		return es256{}, true
	}
	return nil, false
}

type rs256 struct{}

func (rs256) generate() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, rsaBits) }

func (rs256) fits(pub crypto.PublicKey) bool {
	k, ok := pub.(*rsa.PublicKey)
	return ok && k.N.BitLen() >= rsaBits // RFC 7518 §3.3
}

func (rs256) sign(key crypto.Signer, digest [32]byte) ([]byte, error) {
	return rsa.SignPKCS1v15(nil, key.(*rsa.PrivateKey), crypto.SHA256, digest[:])
}

func (rs256) verify(pub crypto.PublicKey, digest [32]byte, sig []byte) bool {
	return rsa.VerifyPKCS1v15(pub.(*rsa.PublicKey), crypto.SHA256, digest[:], sig) == nil
}

type es256 struct{}

const es256Half = 32 // bytes of r, and of s (RFC 7518 §3.4)

func (es256) generate() (crypto.Signer, error) {
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

func (es256) fits(pub crypto.PublicKey) bool {
	k, ok := pub.(*ecdsa.PublicKey)
	return ok && k.Curve == elliptic.P256()
}

func (es256) sign(key crypto.Signer, digest [32]byte) ([]byte, error) {
	r, s, err := ecdsa.Sign(rand.Reader, key.(*ecdsa.PrivateKey), digest[:])
	if err != nil {
		return nil, err
	}
	sig := make([]byte, 2*es256Half)
	r.FillBytes(sig[:es256Half])
	s.FillBytes(sig[es256Half:])
	return sig, nil
}

func (es256) verify(pub crypto.PublicKey, digest [32]byte, sig []byte) bool {
	if len(sig) != 2*es256Half {
		return false
	}
	r, s := new(big.Int).SetBytes(sig[:es256Half]), new(big.Int).SetBytes(sig[es256Half:])
	return ecdsa.Verify(pub.(*ecdsa.PublicKey), digest[:], r, s)
}

func digestOf(signed []byte) [32]byte { return sha256.Sum256(signed) }
