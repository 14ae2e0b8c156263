package samlidp

import (
	"crypto/x509"
	"fmt"

	"cloudsso/samlidp/dsig"
)

// signer is a ready-made dsig.Signer for the ring's signing key of the moment.
type signer struct {
	certificate *x509.Certificate
	dsig        *dsig.Signer
}

// signs returns the signer of the key that signs now, made once per key.
func (p *Provider) signs() (*dsig.Signer, error) {
	key := p.ring.SAMLKey()
	if s := p.signer.Load(); s != nil && s.certificate.Equal(key.Certificate) {
		return s.dsig, nil
	}
	if key.Certificate == nil {
		return nil, fmt.Errorf("the key ring has no SAML signing key")
	}
	s, err := dsig.NewSigner(key.Signer, key.Certificate.Raw, "")
	if err != nil {
		return nil, err
	}
	p.signer.Store(&signer{certificate: key.Certificate, dsig: s})
	return s, nil
}
