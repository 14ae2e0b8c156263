package samlidp

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"time"

	"cloudsso/idp"
	"cloudsso/keys"
	"cloudsso/samlidp/dsig"
)

// signers are the ready-made signers, by key and options.
type signers struct {
	mu   sync.RWMutex
	made map[signerID]*dsig.Signer
}

type signerID struct {
	certificate [sha256.Size]byte
	options     dsig.Options
}

// maxSigners: with more the ring has turned over, and the old ones go.
const maxSigners = 100

func (s *signers) of(key keys.SAMLKey, o dsig.Options) (*dsig.Signer, error) {
	if key.Certificate == nil {
		return nil, errors.New("the key ring has no SAML signing key")
	}
	id := signerID{sha256.Sum256(key.Certificate.Raw), o}
	s.mu.RLock()
	signer := s.made[id]
	s.mu.RUnlock()
	if signer != nil {
		return signer, nil
	}
	signer, err := dsig.NewSignerWith(key.Signer, key.Certificate.Raw, o)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.made == nil || len(s.made) >= maxSigners {
		s.made = make(map[signerID]*dsig.Signer)
	}
	s.made[id] = signer
	return signer, nil
}

// signs returns the signer of what is for no application in particular.
func (p *Provider) signs() (*dsig.Signer, error) {
	return p.signers.of(p.ring.SAMLKey(), dsig.Options{})
}

// signsFor returns the signer of what an application gets, by its policy.
func (p *Provider) signsFor(ctx context.Context, sp idp.ServiceProvider) (*dsig.Signer, error) {
	alg, _ := signatureAlgorithm(sp.SignatureAlgorithm)
	legacy := alg == dsig.RSASHA1
	if legacy && p.legacyOver(sp) { // only refusals come this far
		alg, legacy = dsig.RSASHA256, false
	}
	key, err := p.ring.SAMLKeyOf(ctx, p.events, wearer(sp))
	if err != nil {
		return nil, err
	}
	return p.signers.of(key, dsig.Options{
		Algorithm: alg, SHA1: legacy, Inclusive: sp.Canonicalization == "inclusive", OmitCertificate: sp.OmitCertificate,
	})
}

// wearer is an application as the ring knows it.
func wearer(sp idp.ServiceProvider) keys.SAMLApp {
	_, kind := signatureAlgorithm(sp.SignatureAlgorithm)
	return keys.SAMLApp{App: sp.App, Key: sp.SigningKey, Alg: kind}
}

// signatureAlgorithm translates the policy's word; kind is the key's ([keys.SAMLApp]).
func signatureAlgorithm(name string) (uri, kind string) {
	switch name {
	case "rsa-sha384":
		return dsig.RSASHA384, keys.RS256
	case "rsa-sha512":
		return dsig.RSASHA512, keys.RS256
	case "rsa-sha1":
		return dsig.RSASHA1, keys.RS256
	case "ecdsa-sha256":
		return dsig.ECDSASHA256, keys.ES256
	case "ecdsa-sha384":
		return dsig.ECDSASHA384, keys.ES256
	case "ecdsa-sha512":
		return dsig.ECDSASHA512, keys.ES256
	}
	return dsig.RSASHA256, keys.RS256
}

// legacyOver: the application's time with SHA-1 has ended, or never began.
func (p *Provider) legacyOver(sp idp.ServiceProvider) bool {
	return p.now().UTC().Format(time.DateOnly) >= sp.LegacyUntil // "" too
}
