package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
)

// jwk is the public half of one key (RFC 7517). The fields stand in lexicographic
// order of their names, which is what the thumbprint hashes.
type jwk struct {
	Alg string `json:"alg,omitempty"`
	Crv string `json:"crv,omitempty"`
	E   string `json:"e,omitempty"`
	K   string `json:"k,omitempty"` // never of a real key: placeholder.go
	Kid string `json:"kid,omitempty"`
	Kty string `json:"kty"`
	N   string `json:"n,omitempty"`
	Use string `json:"use,omitempty"`
	X   string `json:"x,omitempty"`
	Y   string `json:"y,omitempty"`
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// publicJWK writes only what RFC 7638 §3.2 requires, which is all of the key.
func publicJWK(pub crypto.PublicKey) (jwk, error) {
	switch pub := pub.(type) {
	case *rsa.PublicKey:
		return jwk{Kty: "RSA", N: b64(pub.N.Bytes()), E: b64(big.NewInt(int64(pub.E)).Bytes())}, nil
	case *ecdsa.PublicKey:
		point, err := pub.Bytes() // 4 ‖ x ‖ y, both as long as the field (SEC 1 §2.3.3)
		if err != nil {
			return jwk{}, err
		}
		half := (len(point) - 1) / 2
		return jwk{Kty: "EC", Crv: pub.Curve.Params().Name, X: b64(point[1 : 1+half]), Y: b64(point[1+half:])}, nil
	case ed25519.PublicKey:
		return jwk{Kty: "OKP", Crv: "Ed25519", X: b64(pub)}, nil // RFC 8037 §2
	}
	return jwk{}, fmt.Errorf("no JWK form for %T", pub)
}

// Thumbprint returns the RFC 7638 SHA-256 thumbprint of an RSA, EC or Ed25519 public key: the
// kid of our keys.
func Thumbprint(pub crypto.PublicKey) (string, error) {
	j, err := publicJWK(pub)
	if err != nil {
		return "", err
	}
	canonical, err := json.Marshal(j)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(canonical)
	return b64(sum[:]), nil
}
