package msg

import "cloudsso/samlidp/wire"

// Bounds of what is stored and echoed of a stranger's words, in bytes.
const (
	maxID   = 256
	maxName = 1024 // an entity ID (Core §8.3.6), a NameID
	maxURL  = 2048
)

// AuthnRequest is an application's wish that somebody sign in (Core §3.4.1).
type AuthnRequest struct {
	Header

	ForceAuthn, IsPassive bool

	ACSURL          string // empty: absent
	ACSIndex        *int
	AttributeIndex  *int   // of the AttributeConsumingService
	ProtocolBinding string // empty: absent

	Subject               *Subject
	NameIDPolicy          *NameIDPolicy
	RequestedAuthnContext *RequestedAuthnContext
	Scoping               *Scoping
}

// Subject is the person the application expects (Core §2.4.1).
type Subject struct {
	NameID, Format string
	BaseID         bool          // there is one, which nobody here can read
	Encrypted      *wire.Element // an EncryptedID; what is in it goes to [DecodeSubjectNameID]
}

// NameIDPolicy is the kind of name the application wants to hear (Core §3.4.1.1).
type NameIDPolicy struct {
	Format, SPNameQualifier string
	AllowCreate             *bool
}

// RequestedAuthnContext is how the person must have authenticated (Core §3.3.2.2.1).
type RequestedAuthnContext struct {
	Comparison string // exact, minimum, maximum or better
	ClassRefs  []string
	DeclRefs   []string
}

// Scoping says which identity providers may answer (Core §3.4.1.2).
type Scoping struct {
	IDPs       []string // ProviderID of the IDPList; nil if there is no list
	ProxyCount *int     // nil: any number
}

// DecodeAuthnRequest reads root, which must be a samlp:AuthnRequest. Errors are
// [idp.Invalid] with a position.
func DecodeAuthnRequest(root *wire.Element) (*AuthnRequest, error) {
	if !root.Is(wire.NSProtocol, "AuthnRequest") {
		return nil, root.Errorf("this address takes an AuthnRequest of SAML 2.0 (namespace %s) and nothing else.", wire.NSProtocol)
	}
	m := new(AuthnRequest)
	for _, read := range []func(*wire.Element) error{m.header, m.wishes, m.address, m.content, m.issued} {
		if err := read(root); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *AuthnRequest) wishes(root *wire.Element) (err error) {
	if m.ForceAuthn, err = boolean(root, "ForceAuthn"); err != nil {
		return err
	}
	m.IsPassive, err = boolean(root, "IsPassive")
	return err
}

func (m *AuthnRequest) address(root *wire.Element) (err error) {
	if m.ACSURL, err = bounded(root, "AssertionConsumerServiceURL", maxURL); err != nil {
		return err
	}
	if m.ProtocolBinding, err = bounded(root, "ProtocolBinding", maxID); err != nil {
		return err
	}
	if m.ACSIndex, err = index(root, "AssertionConsumerServiceIndex"); err != nil {
		return err
	}
	m.AttributeIndex, err = index(root, "AttributeConsumingServiceIndex")
	return err
}

func (m *AuthnRequest) content(root *wire.Element) error {
	return sequence(root,
		part{ns: wire.NSAssertion, local: "Issuer", read: m.issuer},
		part{ns: wire.NSDSig, local: "Signature"}, // dsig has checked it, or refuses it
		part{ns: wire.NSProtocol, local: "Extensions"},
		part{ns: wire.NSAssertion, local: "Subject", read: m.subject},
		part{ns: wire.NSProtocol, local: "NameIDPolicy", read: m.nameIDPolicy},
		part{ns: wire.NSAssertion, local: "Conditions"}, // a wish that we may disregard (Core §3.4.1)
		part{ns: wire.NSProtocol, local: "RequestedAuthnContext", read: m.requestedAuthnContext},
		part{ns: wire.NSProtocol, local: "Scoping", read: m.scoping},
	)
}
