package keys

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"time"

	"cloudsso/idp"
)

// Import is a key that was made elsewhere.
type Import struct {
	App         string // "": shared
	Key         []byte // PEM: PKCS #8, PKCS #1 or SEC 1, not encrypted
	Certificate []byte // PEM, of this key
}

// ImportSAML takes a SAML key and its certificate into the ring, as [Ring.Rotate] would
// make them: published, waiting for [Ring.Activate]. The key is sealed before it is stored.
func (r *Ring) ImportSAML(ctx context.Context, events Recorder, in Import) (Info, error) {
	signer, err := readKey(in.Key)
	if err != nil {
		return Info{}, err
	}
	alg, err := samlAlg(signer)
	if err != nil {
		return Info{}, err
	}
	cert, err := readCertificate(in.Certificate, signer, r.now())
	if err != nil {
		return Info{}, err
	}
	k := kind{SAMLUse(in.App), alg}
	return r.change(ctx, events, func(s *snapshot, now time.Time) (step, error) {
		if waiting := s.waiting(k, now); waiting != nil {
			return step{}, alreadyWaiting(waiting)
		}
		made := idp.KeyRecord{Slot: k.slot(s.generation(k) + 1), Use: k.use, Alg: k.alg, Certificate: cert, CreatedAt: now}
		plain, err := sealable(&made, signer)
		if err != nil {
			return step{}, err
		}
		if _, err := s.find(made.ID); err == nil {
			return step{}, idp.Errorf(idp.Conflict, "This key is in the ring already, as %s.", made.ID).On("private_key")
		}
		made.Sealed, err = r.kek.Seal(purposeOf(made), plain)
		return step{kid: made.ID, made: &made, event: idp.EventKeyCreated}, err
	})
}

// readKey words its refusals without the parser's: that could quote the key.
func readKey(text []byte) (crypto.Signer, error) {
	refused := idp.Errorf(idp.Invalid, "Expected one private key in PEM form (PKCS #8, or RSA or EC), without a password.").On("private_key")
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, refused
	}
	if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		if signer, ok := key.(crypto.Signer); ok {
			return signer, nil
		}
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	return nil, refused
}

func samlAlg(signer crypto.Signer) (string, error) {
	switch key := signer.(type) {
	case *rsa.PrivateKey:
		if key.N.BitLen() >= weakRSA && key.N.BitLen() <= 8192 {
			return RS256, nil
		}
	case *ecdsa.PrivateKey:
		if key.Curve == elliptic.P256() {
			return ES256, nil
		}
	}
	return "", idp.Errorf(idp.Invalid, "The key must be RSA of 2048 to 8192 bits, or EC on P-256.").On("private_key")
}

func readCertificate(text []byte, signer crypto.Signer, now time.Time) ([]byte, error) {
	refuse := func(what string) error { return idp.Errorf(idp.Invalid, "%s", what).On("certificate") }
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, refuse("Expected one X.509 certificate in PEM form.")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, refuse("The certificate cannot be read.")
	}
	if public, ok := cert.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); !ok || !public.Equal(signer.Public()) {
		return nil, refuse("The certificate is of another key.")
	}
	if !now.Before(cert.NotAfter) {
		return nil, refuse("The certificate has expired. Make a new one of the same key.")
	}
	return cert.Raw, nil
}
