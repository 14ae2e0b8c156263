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
	DisplayName             string
	WantAuthnRequestsSigned bool
	ValidUntil              time.Time // zero: not written
}

// Marshal writes a schema-valid EntityDescriptor (Metadata §2.4.3). What is empty is
// left out.
func (m IdP) Marshal() ([]byte, error) {
	if m.EntityID == "" || len(m.SSO) == 0 || len(m.Certificates) == 0 {
		return nil, errors.New("IdP metadata needs an entity ID, an SSO endpoint and a certificate")
	}
	w := wire.NewWriter()
	until := ""
	if !m.ValidUntil.IsZero() {
		until = m.ValidUntil.UTC().Format(time.RFC3339)
	}
	w.Start("md:EntityDescriptor", wire.A("entityID", m.EntityID), wire.Opt("validUntil", until))
	algorithms(w)
	w.Start("md:IDPSSODescriptor",
		wire.A("protocolSupportEnumeration", wire.NSProtocol),
		wire.A("WantAuthnRequestsSigned", strconv.FormatBool(m.WantAuthnRequestsSigned)))
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
	w.End()
	return w.Bytes()
}

// algorithms says what messages to us may be signed with (Metadata Profile for Algorithm
// Support). Shibboleth takes the first that it can do; where nothing is said it signs what it
// posts with SHA-1, which is refused here.
func algorithms(w *wire.Writer) {
	signatures, digests := dsig.Accepted()
	w.Start("md:Extensions")
	for _, uri := range digests {
		w.Start("alg:DigestMethod", wire.A("Algorithm", uri))
		w.End()
	}
	for _, uri := range signatures {
		w.Start("alg:SigningMethod", wire.A("Algorithm", uri))
		w.End()
	}
	w.End()
}

func (m IdP) extensions(w *wire.Writer) {
	if m.DisplayName == "" {
		return
	}
	w.Start("md:Extensions")
	w.Start("mdui:UIInfo")
	w.Element("mdui:DisplayName", m.DisplayName, wire.A("xml:lang", "en"))
	w.End()
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
	w.Start("ds:KeyInfo")
	w.Start("ds:X509Data")
	w.Start("ds:X509Certificate")
	w.Base64(der)
	for range 3 {
		w.End()
	}
}

func service(w *wire.Writer, name string, e idp.Endpoint, more ...wire.Arg) {
	w.Start(name, append(more, wire.A("Binding", e.Binding), wire.A("Location", e.Location))...)
	w.End()
}
