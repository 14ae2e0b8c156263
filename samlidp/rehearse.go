package samlidp

import (
	"context"
	"crypto"
	"crypto/rsa"
	"net/http"

	"cloudsso/idp"
	"cloudsso/samlidp/wire"
	"cloudsso/samlidp/xenc"
)

// Stage is where a sign-in to one service provider is rehearsed: this provider's endpoints with
// all their checks, and a store that nobody else has.
type Stage struct {
	Endpoints http.Handler // paths are below the issuer
	Encrypts  bool         // assertions or names are encrypted, on the stage to the stand-in
}

// StandIn is a key pair that plays the application's: it signs requests if the
// application signs them, and opens what is encrypted for it.
type StandIn struct {
	Certificate []byte // DER
	Key         *rsa.PrivateKey
}

// Rehearse sets the stage for a service provider as it is stored, but for its keys, which
// give way to the stand-in: nobody but the application has its private keys. Where the real
// encryption certificate cannot be used, it stays, so that the refusal is the real one.
func (p *Provider) Rehearse(sp idp.ServiceProvider, s StandIn, r *idp.Rehearsal) Stage {
	out := Stage{}
	if _, err := sealer(sp); err == nil && (sp.NameID.Encrypt || sp.Encrypt == "optional" || sp.Encrypt == "required") {
		out.Encrypts, sp.EncryptionCerts = true, [][]byte{s.Certificate}
	}
	if len(sp.SigningCerts) > 0 || sp.SignsRequests || sp.WantAuthnRequestsSigned {
		sp.SigningCerts = [][]byte{s.Certificate}
	}
	stage := p.dry()
	stage.records = stageRecords{dryRecords{p.records}, sp}
	stage.sloURL, stage.organisation, stage.sessionTTL, stage.pages = p.sloURL, p.organisation, p.sessionTTL, p.pages
	stage.flows, stage.tickets, stage.marks, stage.login, stage.events = r, r, r, r, r
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+SSOPath, stage.SSO)
	mux.HandleFunc("GET "+MetadataPath+"/{app}", stage.AppMetadata)
	out.Endpoints = mux
	return out
}

// Open decrypts the content of an EncryptedAssertion or EncryptedID, which must be the root of doc.
func (s StandIn) Open(doc []byte) ([]byte, error) {
	root, err := wire.Parse(doc)
	if err != nil {
		return nil, err
	}
	// Our own answer of a moment ago: nobody can try paddings on it.
	inner, err := xenc.Open(root, []crypto.Decrypter{s.Key}, true)
	if err != nil {
		return nil, err
	}
	return wire.Canonicalize(inner, nil), nil
}

// stageRecords knows one service provider, and gives nobody a name that stays.
type stageRecords struct {
	dryRecords
	sp idp.ServiceProvider
}

// ServiceProvider implements [Records].
func (s stageRecords) ServiceProvider(_ context.Context, app string) (idp.ServiceProvider, error) {
	if app != s.sp.App {
		return idp.ServiceProvider{}, idp.ErrNotFound
	}
	return s.sp, nil
}

// ServiceProviderByEntityID implements [Records].
func (s stageRecords) ServiceProviderByEntityID(_ context.Context, entityID string) (idp.ServiceProvider, error) {
	if entityID != s.sp.EntityID {
		return idp.ServiceProvider{}, idp.ErrNotFound
	}
	return s.sp, nil
}
