package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"math/big"
)

// ecdsaAlg is RFC 7518 §3.4: the signature is r and s, each as long as the field.
type ecdsaAlg struct {
	hash  crypto.Hash
	curve elliptic.Curve
}

func (a ecdsaAlg) half() int { return (a.curve.Params().BitSize + 7) / 8 }

func (a ecdsaAlg) generate() (crypto.Signer, error) { return ecdsa.GenerateKey(a.curve, rand.Reader) }

func (a ecdsaAlg) fits(pub crypto.PublicKey) bool {
	k, ok := pub.(*ecdsa.PublicKey)
	return ok && k.Curve == a.curve
}

func (a ecdsaAlg) takes(pub crypto.PublicKey) bool { return a.fits(pub) }

func (a ecdsaAlg) sign(key crypto.Signer, signed []byte) ([]byte, error) {
	r, s, err := ecdsa.Sign(rand.Reader, key.(*ecdsa.PrivateKey), digestOf(a.hash, signed))
	if err != nil {
		return nil, err
	}
	sig, half := make([]byte, 2*a.half()), a.half()
	r.FillBytes(sig[:half])
	s.FillBytes(sig[half:])
	return sig, nil
}

func (a ecdsaAlg) verify(pub crypto.PublicKey, signed, sig []byte) bool {
	half := a.half()
	if len(sig) != 2*half {
		return false
	}
	r, s := new(big.Int).SetBytes(sig[:half]), new(big.Int).SetBytes(sig[half:])
	return ecdsa.Verify(pub.(*ecdsa.PublicKey), digestOf(a.hash, signed), r, s)
}
