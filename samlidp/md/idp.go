package md

import (
	"errors"
	"strconv"
	"time"

	"cloudsso/idp"
	"cloudsso/samlidp/dsig"
	"cloudsso/samlidp/wire"
	"cloudsso/samlidp/xenc"
)

// IdP is our own metadata.
type IdP struct {
	EntityID                string
	SSO                     []idp.Endpoint // at least one
	SLO                     []idp.Endpoint // all take requests that want no answer
	Certificates            [][]byte       // DER, at least one, the one that signs now first; all are published for signing
	EncryptionCertificate   []byte         // DER of an RSA key that opens what is sent to us; nil: none
	NameIDFormats           []string
	About                   About
	Scope                   string // behind the @ of subject identifiers; "": not said
	WantAuthnRequestsSigned bool
	ValidUntil              time.Time // zero: not written
	CacheDuration           string    // xs:duration; "": not written
}

// About is who runs the identity provider, for people. What is empty is left out.
type About struct {
	Name, Description, URL, PrivacyURL string
	Logo                               string
	LogoWidth, LogoHeight              int    // pixels
	SupportURL                         string // where people get help; errorURL of the metadata
	TechnicalEmail                     string
}

// Marshal writes a schema-valid EntityDescriptor (Metadata §2.4.3). What is empty is
// left out.
func (m IdP) Marshal() ([]byte, error) { return m.marshal("", nil) }

// MarshalSigned is [IdP.Marshal] with a signature over the whole. id is the ID of the
// root, an NCName.
func (m IdP) MarshalSigned(id string, s *dsig.Signer) ([]byte, error) { return m.marshal(id, s) }

func (m IdP) marshal(id string, s *dsig.Signer) ([]byte, error) {
	if m.EntityID == "" || len(m.SSO) == 0 || len(m.Certificates) == 0 {
		return nil, errors.New("IdP metadata needs an entity ID, an SSO endpoint and a certificate")
	}
	w := wire.NewWriter()
	until := ""
	if !m.ValidUntil.IsZero() {
		until = m.ValidUntil.UTC().Format(time.RFC3339)
	}
	root := []wire.Arg{wire.A("entityID", m.EntityID), wire.Opt("validUntil", until), wire.Opt("cacheDuration", m.CacheDuration)}
	var pending *dsig.Pending
	if s == nil {
		w.Start("md:EntityDescriptor", root...)
	} else {
		w.Start("md:EntityDescriptor", append(root, wire.A("ID", id))...)
		pending = s.Begin(w, id) // Metadata §2.3.2: the first child
	}
	algorithms(w)
	m.role(w)
	m.About.organisation(w)
	w.End()
	if pending != nil {
		if err := pending.Finish(); err != nil {
			return nil, err
		}
	}
	return w.Bytes()
}

func (m IdP) role(w *wire.Writer) {
	w.Start("md:IDPSSODescriptor",
		wire.A("protocolSupportEnumeration", wire.NSProtocol),
		wire.A("WantAuthnRequestsSigned", strconv.FormatBool(m.WantAuthnRequestsSigned)),
		wire.Opt("errorURL", m.About.SupportURL))
	m.extensions(w)
	for _, der := range m.Certificates {
		keyDescriptor(w, "signing", der)
		w.End()
	}
	m.encryption(w)
	for _, e := range m.SLO {
		service(w, "md:SingleLogoutService", e, wire.A("aslo:supportsAsynchronous", "true"))
	}
	for _, f := range m.NameIDFormats {
		w.Element("md:NameIDFormat", f)
	}
	for _, e := range m.SSO {
		service(w, "md:SingleSignOnService", e)
	}
	w.End()
}

// encryption offers what an EncryptedID to us may be made with.
func (m IdP) encryption(w *wire.Writer) {
	if m.EncryptionCertificate == nil {
		return
	}
	keyDescriptor(w, "encryption", m.EncryptionCertificate)
	for _, uri := range []string{xenc.AES128GCM, xenc.AES192GCM, xenc.AES256GCM, xenc.OAEPMGF1P} {
		w.Start("md:EncryptionMethod", wire.A("Algorithm", uri))
		w.End()
	}
	w.End()
}

// keyDescriptor leaves the element open.
func keyDescriptor(w *wire.Writer, use string, der []byte) {
	w.Start("md:KeyDescriptor", wire.A("use", use))
	w.KeyInfo(der)
}

func service(w *wire.Writer, name string, e idp.Endpoint, more ...wire.Arg) {
	w.Start(name, append(more, wire.A("Binding", e.Binding), wire.A("Location", e.Location))...)
	w.End()
}
