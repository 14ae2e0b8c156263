package keys

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
)

// weakRSA is below what RFC 7518 §3.3 asks for.
const weakRSA = 2048

// rsaAlg is RSASSA-PKCS1-v1_5, or RSASSA-PSS with a salt as long as the hash (RFC 7518
// §3.3, §3.5). The length of our keys grows with the hash.
type rsaAlg struct {
	hash crypto.Hash
	bits int
	pss  bool
}

func (a rsaAlg) generate() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, a.bits) }

func (a rsaAlg) fits(pub crypto.PublicKey) bool {
	k, ok := pub.(*rsa.PublicKey)
	return ok && k.N.BitLen() >= a.bits
}

func (a rsaAlg) takes(pub crypto.PublicKey) bool {
	k, ok := pub.(*rsa.PublicKey)
	return ok && k.N.BitLen() >= weakRSA
}

func (a rsaAlg) salt() *rsa.PSSOptions {
	return &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: a.hash}
}

func (a rsaAlg) sign(key crypto.Signer, signed []byte) ([]byte, error) {
	digest, private := digestOf(a.hash, signed), key.(*rsa.PrivateKey)
	if a.pss {
		return rsa.SignPSS(rand.Reader, private, a.hash, digest, a.salt())
	}
	return rsa.SignPKCS1v15(nil, private, a.hash, digest)
}

func (a rsaAlg) verify(pub crypto.PublicKey, signed, sig []byte) bool {
	digest, public := digestOf(a.hash, signed), pub.(*rsa.PublicKey)
	if a.pss {
		return rsa.VerifyPSS(public, a.hash, digest, sig, a.salt()) == nil
	}
	return rsa.VerifyPKCS1v15(public, a.hash, digest, sig) == nil
}
