package msg

import (
	"fmt"
	"strings"
	"time"

	"cloudsso/samlidp/wire"
)

// LogoutRequest says that a principal's session is to end (Core §3.7.1). Exactly one of
// NameID, EncryptedID and BaseID is set.
type LogoutRequest struct {
	Header
	NotOnOrAfter time.Time // zero: absent
	Reason       string

	NameID         *NameID
	EncryptedID    *wire.Element // for somebody with the key; what is in it goes to [DecodeNameID]
	BaseID         bool          // a name that nobody here can read
	SessionIndexes []string      // none: all sessions

	// Asynchronous: the sender wants no answer (SAML V2.0 Asynchronous Single Logout Protocol Extension).
	Asynchronous bool
}

// NameID is how a message names a person (Core §2.2.3). What is absent is empty.
type NameID struct {
	Value, Format, NameQualifier, SPNameQualifier string
}

// DecodeLogoutRequest reads root, which must be a samlp:LogoutRequest. Errors are
// [idp.Invalid] with a position.
func DecodeLogoutRequest(root *wire.Element) (*LogoutRequest, error) {
	if !root.Is(wire.NSProtocol, "LogoutRequest") {
		return nil, root.Errorf("this address takes a LogoutRequest or LogoutResponse of SAML 2.0 (namespace %s) and nothing else.", wire.NSProtocol)
	}
	m := new(LogoutRequest)
	for _, read := range []func(*wire.Element) error{m.header, m.attributes, m.content, m.issued, m.named} {
		if err := read(root); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *LogoutRequest) attributes(root *wire.Element) (err error) {
	if m.Reason, err = bounded(root, "Reason", maxName); err != nil {
		return err
	}
	if _, ok := root.Attr("NotOnOrAfter"); ok {
		m.NotOnOrAfter, err = instant(root, "NotOnOrAfter")
	}
	return err
}

func (m *LogoutRequest) content(root *wire.Element) error {
	return sequence(root,
		part{ns: wire.NSAssertion, local: "Issuer", read: m.issuer},
		part{ns: wire.NSDSig, local: "Signature"}, // dsig has checked it, or refuses it
		part{ns: wire.NSProtocol, local: "Extensions", read: m.extensions},
		part{ns: wire.NSAssertion, local: "BaseID", read: func(*wire.Element) error { m.BaseID = true; return nil }},
		part{ns: wire.NSAssertion, local: "NameID", read: m.nameID},
		part{ns: wire.NSAssertion, local: "EncryptedID", read: func(el *wire.Element) error { m.EncryptedID = el; return nil }},
		part{ns: wire.NSProtocol, local: "SessionIndex", many: true, read: m.sessionIndex},
	)
}

// extensions: of those that we do not know, none matters (Core §3.2.1).
func (m *LogoutRequest) extensions(el *wire.Element) error {
	m.Asynchronous = el.Child(wire.NSAsyncSLO, "Asynchronous") != nil
	return nil
}

func (m *LogoutRequest) nameID(el *wire.Element) (err error) {
	m.NameID, err = DecodeNameID(el)
	return err
}

func (m *LogoutRequest) sessionIndex(el *wire.Element) error {
	index, err := text(el)
	if err == nil && len(index) > maxName {
		err = el.Errorf("the SessionIndex is longer than %d bytes.", maxName)
	}
	m.SessionIndexes = append(m.SessionIndexes, index)
	return err
}

// named: the schema has a choice of three, and so exactly one.
func (m *LogoutRequest) named(root *wire.Element) error {
	n := 0
	for _, there := range []bool{m.NameID != nil, m.EncryptedID != nil, m.BaseID} {
		if there {
			n++
		}
	}
	if n != 1 {
		return root.Errorf("there must be one NameID or one EncryptedID: whose session is to end.")
	}
	return nil
}

// DecodeNameID reads el, which must be a saml:NameID. Errors are [idp.Invalid] with a position.
func DecodeNameID(el *wire.Element) (*NameID, error) {
	if !el.Is(wire.NSAssertion, "NameID") {
		return nil, el.Errorf("a NameID must stand here (namespace %s).", wire.NSAssertion)
	}
	n := new(NameID)
	for _, a := range []struct {
		name string
		dst  *string
		most int
	}{{"Format", &n.Format, maxID}, {"NameQualifier", &n.NameQualifier, maxName}, {"SPNameQualifier", &n.SPNameQualifier, maxName}} {
		var err error
		if *a.dst, err = bounded(el, a.name, a.most); err != nil {
			return nil, err
		}
	}
	var err error
	if n.Value, err = text(el); err == nil && len(n.Value) > maxName {
		err = el.Errorf("the NameID is longer than %d bytes.", maxName)
	}
	return n, err
}

// LogoutResponse is what became of a [LogoutRequest] (Core §3.7.2).
type LogoutResponse struct {
	Header
	InResponseTo string
	Status       Status
}

// Status is a samlp:Status (Core §3.2.2.1). Sub is the second-level code, empty: none.
type Status struct {
	Code, Sub, Message string
}

// DecodeLogoutResponse reads root, which must be a samlp:LogoutResponse that answers
// something. Errors are [idp.Invalid] with a position.
func DecodeLogoutResponse(root *wire.Element) (*LogoutResponse, error) {
	if !root.Is(wire.NSProtocol, "LogoutResponse") {
		return nil, root.Errorf("a SAMLResponse to this address must be a LogoutResponse of SAML 2.0 (namespace %s).", wire.NSProtocol)
	}
	m := new(LogoutResponse)
	for _, read := range []func(*wire.Element) error{m.header, m.inResponseTo, m.content, m.issued, m.answered} {
		if err := read(root); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *LogoutResponse) inResponseTo(root *wire.Element) (err error) {
	if m.InResponseTo, err = bounded(root, "InResponseTo", maxID); err == nil && m.InResponseTo == "" {
		err = root.Errorf("the attribute InResponseTo is missing. It must hold the ID of the LogoutRequest.")
	}
	return err
}

func (m *LogoutResponse) content(root *wire.Element) error {
	return sequence(root,
		part{ns: wire.NSAssertion, local: "Issuer", read: m.issuer},
		part{ns: wire.NSDSig, local: "Signature"},
		part{ns: wire.NSProtocol, local: "Extensions"},
		part{ns: wire.NSProtocol, local: "Status", read: m.Status.read},
	)
}

func (m *LogoutResponse) answered(root *wire.Element) error {
	if m.Status.Code == "" {
		return root.Errorf("the Status is missing.")
	}
	return nil
}

func (s *Status) read(el *wire.Element) error {
	err := sequence(el,
		part{ns: wire.NSProtocol, local: "StatusCode", read: s.codes},
		part{ns: wire.NSProtocol, local: "StatusMessage", read: s.message},
		part{ns: wire.NSProtocol, local: "StatusDetail"},
	)
	if err == nil && s.Code == "" {
		err = el.Errorf("the StatusCode is missing.")
	}
	return err
}

// codes reads two levels; there may be more, which say nothing to us (Core §3.2.2.2).
func (s *Status) codes(el *wire.Element) (err error) {
	if s.Code, err = bounded(el, "Value", maxName); err != nil {
		return err
	}
	return sequence(el, part{ns: wire.NSProtocol, local: "StatusCode", read: func(sub *wire.Element) (err error) {
		s.Sub, err = bounded(sub, "Value", maxName)
		return err
	}})
}

// message is for the log: it may be empty, and is cut where it gets long.
func (s *Status) message(el *wire.Element) error {
	if len(el.Elements()) > 0 {
		return el.Errorf("only text may stand here, no elements.")
	}
	s.Message = clip(el.Text(), maxName)
	return nil
}

// Failure is nil if the sender has ended its session and knows of nobody who has not.
func (s Status) Failure() error {
	const prefix = "urn:oasis:names:tc:SAML:2.0:status:"
	if s.Code == prefix+"Success" && s.Sub != prefix+"PartialLogout" {
		return nil
	}
	return fmt.Errorf("the application answered %q %q %q", strings.TrimPrefix(s.Code, prefix), strings.TrimPrefix(s.Sub, prefix), s.Message)
}
