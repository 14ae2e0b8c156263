package msg

import "cloudsso/samlidp/wire"

func (m *AuthnRequest) subject(el *wire.Element) error {
	m.Subject = new(Subject)
	return sequence(el,
		part{ns: wire.NSAssertion, local: "BaseID", read: func(*wire.Element) error { m.Subject.BaseID = true; return nil }},
		part{ns: wire.NSAssertion, local: "NameID", read: m.Subject.nameID},
		part{ns: wire.NSAssertion, local: "EncryptedID", read: func(e *wire.Element) error { m.Subject.Encrypted = e; return nil }},
		part{ns: wire.NSAssertion, local: "SubjectConfirmation", many: true},
	)
}

// DecodeSubjectNameID reads the saml:NameID that an EncryptedID held.
func DecodeSubjectNameID(el *wire.Element) (*Subject, error) {
	if !el.Is(wire.NSAssertion, "NameID") {
		return nil, el.Errorf("the EncryptedID must hold a NameID.")
	}
	s := new(Subject)
	return s, s.nameID(el)
}

func (s *Subject) nameID(el *wire.Element) (err error) {
	if s.Format, err = bounded(el, "Format", maxID); err != nil {
		return err
	}
	if s.NameID, err = text(el); err == nil && len(s.NameID) > maxName {
		err = el.Errorf("the NameID is longer than %d bytes.", maxName)
	}
	return err
}

func (m *AuthnRequest) nameIDPolicy(el *wire.Element) (err error) {
	p := new(NameIDPolicy)
	m.NameIDPolicy = p
	if p.Format, err = bounded(el, "Format", maxID); err != nil {
		return err
	}
	if p.SPNameQualifier, err = bounded(el, "SPNameQualifier", maxName); err != nil {
		return err
	}
	if _, ok := el.Attr("AllowCreate"); ok {
		allow, err := boolean(el, "AllowCreate")
		if err != nil {
			return err
		}
		p.AllowCreate = &allow
	}
	return sequence(el)
}

func (m *AuthnRequest) requestedAuthnContext(el *wire.Element) error {
	r := &RequestedAuthnContext{Comparison: "exact"}
	m.RequestedAuthnContext = r
	if c, ok := el.Attr("Comparison"); ok {
		r.Comparison = c
	}
	switch r.Comparison {
	case "exact", "minimum", "maximum", "better":
	default:
		return el.Errorf("the attribute Comparison must be exact, minimum, maximum or better.")
	}
	err := sequence(el,
		part{ns: wire.NSAssertion, local: "AuthnContextClassRef", many: true, read: appendTo(&r.ClassRefs)},
		part{ns: wire.NSAssertion, local: "AuthnContextDeclRef", many: true, read: appendTo(&r.DeclRefs)},
	)
	if err != nil {
		return err
	}
	if (len(r.ClassRefs) == 0) == (len(r.DeclRefs) == 0) {
		return el.Errorf("this must hold AuthnContextClassRef elements or AuthnContextDeclRef elements, not both and not none.")
	}
	return nil
}

func appendTo(dst *[]string) func(*wire.Element) error {
	return func(el *wire.Element) error {
		s, err := text(el)
		*dst = append(*dst, s)
		return err
	}
}

func (m *AuthnRequest) scoping(el *wire.Element) (err error) {
	m.Scoping = new(Scoping)
	if m.Scoping.ProxyCount, err = index(el, "ProxyCount"); err != nil {
		return err
	}
	return sequence(el,
		part{ns: wire.NSProtocol, local: "IDPList", read: m.Scoping.idpList},
		part{ns: wire.NSProtocol, local: "RequesterID", many: true},
	)
}

func (s *Scoping) idpList(el *wire.Element) error {
	s.IDPs = []string{}
	return sequence(el,
		part{ns: wire.NSProtocol, local: "IDPEntry", many: true, read: func(e *wire.Element) error {
			id, ok := e.Attr("ProviderID")
			if !ok {
				return e.Errorf("the attribute ProviderID is missing.")
			}
			s.IDPs = append(s.IDPs, id)
			return nil
		}},
		part{ns: wire.NSProtocol, local: "GetComplete"},
	)
}
