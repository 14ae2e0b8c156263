package samlidp

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"cloudsso/idp"
	"cloudsso/samlidp/dsig"
	"cloudsso/samlidp/md"
	"cloudsso/samlidp/wire"
)

// How long a copy of our metadata may be used. The one that is not signed says only how
// often to look again: a copy that somebody has uploaded by hand must not break one day.
// A signed one that never ended could be replayed for ever.
const (
	metadataCache = "PT6H"
	metadataLife  = 14 * 24 * time.Hour
)

// About is who runs the identity provider, as its metadata says it.
type About = md.About

// document is metadata ready to be served, for one state of the key ring.
type document struct {
	certificates []*x509.Certificate
	body         []byte
	etag         string
}

// Metadata serves our metadata for everybody (/saml/metadata), signed with ?signed.
func (p *Provider) Metadata(w http.ResponseWriter, r *http.Request) {
	certificates := p.ring.SAMLCertificates()
	d := p.metadata.Load()
	switch {
	case wantsSigned(r):
		s, err := p.signs()
		if err == nil {
			d, err = p.describe(nil, certificates, s)
		}
		if err != nil {
			p.pages.Error(w, r, err)
			return
		}
	case d == nil || !slices.EqualFunc(d.certificates, certificates, (*x509.Certificate).Equal):
		var err error
		if d, err = p.describe(nil, certificates, nil); err != nil {
			p.pages.Error(w, r, err)
			return
		}
		p.metadata.Store(d)
	}
	d.serve(w, r)
}

func wantsSigned(r *http.Request) bool {
	q := r.URL.Query()
	return q.Has("signed") && q.Get("signed") != "false"
}

// AppMetadata serves our metadata as one application should see it (/saml/metadata/{app}): with the
// NameID format and the demand for signed requests that are set for it, and the certificates of
// the key that signs for it, those to come and those before.
func (p *Provider) AppMetadata(w http.ResponseWriter, r *http.Request) {
	d, err := p.appDocument(r)
	if err != nil {
		p.pages.Error(w, r, err)
		return
	}
	d.serve(w, r)
}

func (p *Provider) appDocument(r *http.Request) (*document, error) {
	sp, err := p.appOf(r)
	if err != nil {
		return nil, err
	}
	s, err := p.signsFor(r.Context(), sp) // has the key made, too
	if err != nil {
		return nil, err
	}
	if !wantsSigned(r) {
		s = nil
	}
	certificates := p.ring.SAMLCertificatesOf(wearer(sp))
	d, err := p.describe(&sp, certificates, s)
	if err == nil {
		p.noteFetch(r.Context(), sp.App, certificates)
	}
	return d, err
}

// appOf finds the application of the path.
func (p *Provider) appOf(r *http.Request) (idp.ServiceProvider, error) {
	sp, err := p.records.ServiceProvider(r.Context(), r.PathValue("app"))
	if errors.Is(err, idp.ErrNotFound) || err == nil && sp.Disabled {
		err = nowhere.Because(err)
	}
	return sp, err
}

// describe writes the document, for sp if that is set, signed if s is.
func (p *Provider) describe(sp *idp.ServiceProvider, certificates []*x509.Certificate, s *dsig.Signer) (*document, error) {
	m := p.about(sp, certificates)
	if s != nil {
		m.ValidUntil = p.now().UTC().Truncate(24 * time.Hour).Add(metadataLife)
	}
	body, err := m.Marshal()
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	d := &document{certificates: certificates, body: body, etag: `"` + base64.RawURLEncoding.EncodeToString(sum[:]) + `"`}
	if s != nil {
		d.etag = "W/" + d.etag // signatures of the same may differ in their bytes
		d.body, err = m.MarshalSigned("_"+hex.EncodeToString(sum[:16]), s)
	}
	return d, err
}

func (p *Provider) about(sp *idp.ServiceProvider, certificates []*x509.Certificate) md.IdP {
	m := md.IdP{
		EntityID: p.entityID, About: p.organisation, Scope: p.scope, CacheDuration: metadataCache,
		SSO: []idp.Endpoint{
			{Binding: wire.BindingRedirect, Location: p.ssoURL},
			{Binding: wire.BindingPost, Location: p.ssoURL},
		},
		SLO: []idp.Endpoint{
			{Binding: wire.BindingRedirect, Location: p.sloURL},
			{Binding: wire.BindingPost, Location: p.sloURL},
			{Binding: wire.BindingSOAP, Location: p.issuer + SOAPLogoutPath},
		},
		NameIDFormats: []string{FormatPersistent, FormatTransient, FormatEmail, FormatUnspecified},
	}
	for _, c := range certificates {
		m.Certificates = append(m.Certificates, c.Raw)
	}
	if c := p.ring.SAMLKey().Certificate; c != nil {
		m.EncryptionCertificate = c.Raw
	}
	if sp != nil {
		m.WantAuthnRequestsSigned = sp.WantAuthnRequestsSigned
		if sp.NameID.Format != "" && sp.NameID.Format != formatNone {
			m.NameIDFormats = []string{sp.NameID.Format}
		}
	}
	return m
}

func (d *document) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("ETag", d.etag)
	h.Set("Cache-Control", "public, max-age=300")
	if unchanged(r.Header.Get("If-None-Match"), d.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", "application/samlmetadata+xml")
	_, _ = w.Write(d.body) // a reader that went away needs no answer
}

// unchanged compares weakly, as GET does (RFC 9110 §13.1.2).
func unchanged(header, etag string) bool {
	for tag := range strings.SplitSeq(header, ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" || strings.TrimPrefix(tag, "W/") == strings.TrimPrefix(etag, "W/") {
			return true
		}
	}
	return false
}
