package msg

import (
	"time"

	"cloudsso/samlidp/wire"
)

// Header is what every protocol message carries (Core §3.2.1, §3.2.2).
type Header struct {
	ID           string
	Version      string
	IssueInstant time.Time
	Destination  string // empty: absent
	Issuer       string
}

// header reads the attributes; the Issuer is read in its place of the sequence.
func (m *Header) header(root *wire.Element) (err error) {
	if m.ID, err = bounded(root, "ID", maxID); err != nil {
		return err
	}
	if m.ID == "" {
		return root.Errorf("the attribute ID is missing.")
	}
	m.Version, _ = root.Attr("Version")
	if m.Destination, err = bounded(root, "Destination", maxURL); err != nil {
		return err
	}
	m.IssueInstant, err = instant(root, "IssueInstant")
	return err
}

// issuer: Core §3.4.1 and Profiles §4.1.4.1 and §4.4.4 allow an entity's name only.
func (m *Header) issuer(el *wire.Element) (err error) {
	if f, ok := el.Attr("Format"); ok && f != "urn:oasis:names:tc:SAML:2.0:nameid-format:entity" {
		return el.Errorf("the Format of the Issuer must be absent or urn:oasis:names:tc:SAML:2.0:nameid-format:entity.")
	}
	if m.Issuer, err = text(el); err == nil && len(m.Issuer) > maxName {
		err = el.Errorf("an entity ID has at most %d bytes (Core §8.3.6).", maxName)
	}
	return err
}

// issued says that an Issuer was there.
func (m *Header) issued(root *wire.Element) error {
	if m.Issuer == "" {
		return root.Errorf("the Issuer is missing. It must hold the application's entity ID.")
	}
	return nil
}
