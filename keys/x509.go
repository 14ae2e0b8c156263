package keys

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"time"

	"cloudsso/idp"
)

const (
	samlCommonName = "cloudsso SAML signing"
	samlYears      = 10
)

// selfSigned makes the certificate that carries a SAML key to service providers, which
// pin it: they trust the key, nobody walks a chain.
func selfSigned(signer crypto.Signer, now time.Time) ([]byte, error) {
	var serial [16]byte
	rand.Read(serial[:])
	serial[0] = serial[0]&0x7f | 0x40 // positive, and always as long (RFC 5280 §4.1.2.2)
	template := &x509.Certificate{
		SerialNumber:          new(big.Int).SetBytes(serial[:]),
		Subject:               pkix.Name{CommonName: samlCommonName},
		NotBefore:             now.Add(-time.Hour), // for service providers whose clock is behind
		NotAfter:              now.AddDate(samlYears, 0, 0),
		KeyUsage:              samlUsage(signer),
		BasicConstraintsValid: true,
	}
	return x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
}

// samlUsage: service providers encrypt to the RSA key too, and some read the usage.
func samlUsage(signer crypto.Signer) x509.KeyUsage {
	if _, ok := signer.(crypto.Decrypter); ok {
		return x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
	}
	return x509.KeyUsageDigitalSignature
}

// SAMLKey signs SAML messages. Both fields are nil if every SAML key of the ring has expired.
type SAMLKey struct {
	Signer      crypto.Signer
	Certificate *x509.Certificate
}

// SAMLKey returns the RSA key that signs now.
func (r *Ring) SAMLKey() SAMLKey {
	return r.samlKey(RS256)
}

// SAMLCertificates returns every certificate that metadata publishes, the one of the
// signing key first.
func (r *Ring) SAMLCertificates() []*x509.Certificate {
	s, now := r.snapshot.Load(), r.now()
	signing := s.pick(idp.KeyUseSAML, RS256, now)
	if signing == nil {
		return nil
	}
	out := []*x509.Certificate{signing.cert}
	for _, k := range s.keys {
		if k.Use == idp.KeyUseSAML && k != signing && k.state(now) != Retired {
			out = append(out, k.cert)
		}
	}
	return out
}
