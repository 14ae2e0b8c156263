package samlidp

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"

	"cloudsso/idp"
	"cloudsso/samlidp/md"
	"cloudsso/samlidp/wire"
)

// document is metadata ready to be served, for one state of the key ring.
type document struct {
	certificates []*x509.Certificate
	body         []byte
	etag         string
}

// Metadata serves our metadata for everybody (/saml/metadata).
func (p *Provider) Metadata(w http.ResponseWriter, r *http.Request) {
	certificates := p.ring.SAMLCertificates()
	d := p.metadata.Load()
	if d == nil || !slices.EqualFunc(d.certificates, certificates, (*x509.Certificate).Equal) {
		var err error
		if d, err = p.describe(nil, certificates); err != nil {
			p.pages.Error(w, r, err)
			return
		}
		p.metadata.Store(d)
	}
	d.serve(w, r)
}

// AppMetadata serves our metadata as one application should see it (/saml/metadata/{app}): with the
// NameID format and the demand for signed requests that are set for it.
func (p *Provider) AppMetadata(w http.ResponseWriter, r *http.Request) {
	sp, err := p.records.ServiceProvider(r.Context(), r.PathValue("app"))
	if errors.Is(err, idp.ErrNotFound) || err == nil && sp.Disabled {
		err = nowhere.Because(err)
	}
	if err != nil {
		p.pages.Error(w, r, err)
		return
	}
	_, kind := signatureAlgorithm(sp.SignatureAlgorithm)
	key, err := p.ring.SAMLKeyFor(r.Context(), p.events, kind)
	if err != nil {
		p.pages.Error(w, r, err)
		return
	}
	d, err := p.describe(&sp, sameKind(key.Certificate, p.ring.SAMLCertificates()))
	if err != nil {
		p.pages.Error(w, r, err)
		return
	}
	d.serve(w, r)
}

// sameKind leaves out certificates of the kind of key that never signs for the application.
func sameKind(signing *x509.Certificate, all []*x509.Certificate) []*x509.Certificate {
	return slices.DeleteFunc(slices.Clone(all), func(c *x509.Certificate) bool { return c.PublicKeyAlgorithm != signing.PublicKeyAlgorithm })
}

// describe writes the document, for sp if that is set.
func (p *Provider) describe(sp *idp.ServiceProvider, certificates []*x509.Certificate) (*document, error) {
	m := md.IdP{
		EntityID: p.entityID,
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
	body, err := m.Marshal()
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	etag := `"` + base64.RawURLEncoding.EncodeToString(sum[:]) + `"`
	return &document{certificates: certificates, body: body, etag: etag}, nil
}

func (d *document) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("ETag", d.etag)
	h.Set("Cache-Control", "public, max-age=300")
	if r.Header.Get("If-None-Match") == d.etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", "application/samlmetadata+xml")
	_, _ = w.Write(d.body) // a reader that went away needs no answer
}
