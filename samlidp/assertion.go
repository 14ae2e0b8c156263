package samlidp

import (
	"strconv"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/mapping"
	"cloudsso/samlidp/dsig"
	"cloudsso/samlidp/wire"
	"cloudsso/samlidp/xenc"
)

// assertion is one saml:Assertion with what it states (Core §2.3.3).
type assertion struct {
	id                      string
	name                    nameID // without Format: the subject has no name
	recipient               string
	audiences               []string
	notBefore, notOnOrAfter time.Time
	oneTimeUse              bool
	proxy                   *idp.ProxyRestriction
	authTime, sessionEnd    time.Time // sessionEnd zero: not said
	session, class          string
	attributes              []mapping.Attribute
	untyped                 bool // attribute values without xsi:type

	sealer, idSealer *xenc.Sealer // nil: in the clear
}

// write writes the assertion into r, encrypted if it has to be.
func (a *assertion) write(w *wire.Writer, issuer string, s *dsig.Signer, r *response) error {
	if a.sealer == nil {
		return a.writeClear(w, issuer, s, r)
	}
	return writeSealed(w, "saml:EncryptedAssertion", a.sealer, func(inner *wire.Writer) error { return a.writeClear(inner, issuer, s, r) })
}

func (a *assertion) writeClear(w *wire.Writer, issuer string, s *dsig.Signer, r *response) error {
	w.Start("saml:Assertion", wire.A("ID", a.id), wire.A("Version", "2.0"), wire.A("IssueInstant", r.at.Format(instantFormat)))
	w.Element("saml:Issuer", issuer)
	var pending *dsig.Pending
	if r.signedAssertion {
		pending = s.Begin(w, a.id)
	}
	if err := a.writeSubject(w, r.inResponseTo); err != nil {
		return err
	}
	a.writeConditions(w)
	a.writeAuthnStatement(w)
	a.writeAttributes(w)
	w.End()
	if pending == nil {
		return nil
	}
	return pending.Finish()
}

// writeSubject: the confirmation is bearer (Profiles §4.1.4.2). No Address: behind
// proxies and mobile networks it is wrong more often than right, and applications refuse it then.
func (a *assertion) writeSubject(w *wire.Writer, inResponseTo string) error {
	w.Start("saml:Subject")
	if err := a.writeName(w); err != nil {
		return err
	}
	w.Start("saml:SubjectConfirmation", wire.A("Method", methodBearer))
	w.Start("saml:SubjectConfirmationData", wire.Opt("InResponseTo", inResponseTo),
		wire.A("NotOnOrAfter", a.notOnOrAfter.Format(instantFormat)), wire.A("Recipient", a.recipient))
	w.End()
	w.End()
	w.End()
	return nil
}

func (a *assertion) writeName(w *wire.Writer) error {
	if a.name.Format == "" {
		return nil
	}
	return writeName(w, a.name, a.idSealer)
}

// writeName writes a NameID, or an EncryptedID if there is somebody to seal it.
func writeName(w *wire.Writer, n nameID, s *xenc.Sealer) error {
	if s == nil {
		n.write(w)
		return nil
	}
	return writeSealed(w, "saml:EncryptedID", s, func(inner *wire.Writer) error { n.write(inner); return nil })
}

func (n nameID) write(w *wire.Writer) {
	w.Element("saml:NameID", n.Value, wire.A("Format", n.Format),
		wire.Opt("NameQualifier", n.NameQualifier), wire.Opt("SPNameQualifier", n.SPNameQualifier))
}

func (a *assertion) writeConditions(w *wire.Writer) {
	w.Start("saml:Conditions", wire.A("NotBefore", a.notBefore.Format(instantFormat)), wire.A("NotOnOrAfter", a.notOnOrAfter.Format(instantFormat)))
	w.Start("saml:AudienceRestriction")
	for _, audience := range a.audiences {
		w.Element("saml:Audience", audience)
	}
	w.End()
	if a.oneTimeUse {
		w.Start("saml:OneTimeUse")
		w.End()
	}
	a.writeProxyRestriction(w)
	w.End()
}

func (a *assertion) writeProxyRestriction(w *wire.Writer) {
	if a.proxy == nil {
		return
	}
	count := ""
	if a.proxy.Count != nil {
		count = strconv.Itoa(*a.proxy.Count)
	}
	w.Start("saml:ProxyRestriction", wire.Opt("Count", count))
	for _, audience := range a.proxy.Audiences {
		w.Element("saml:Audience", audience)
	}
	w.End()
}

func (a *assertion) writeAuthnStatement(w *wire.Writer) {
	end := ""
	if !a.sessionEnd.IsZero() {
		end = a.sessionEnd.Format(instantFormat)
	}
	w.Start("saml:AuthnStatement", wire.A("AuthnInstant", a.authTime.UTC().Format(instantFormat)), wire.Opt("SessionIndex", a.session), wire.Opt("SessionNotOnOrAfter", end))
	w.Start("saml:AuthnContext")
	w.Element("saml:AuthnContextClassRef", a.class)
	w.End()
	w.End()
}

// writeAttributes writes no empty statement: the schema wants at least one attribute.
func (a *assertion) writeAttributes(w *wire.Writer) {
	if len(a.attributes) == 0 {
		return
	}
	var declared, typed []wire.Arg
	if !a.untyped {
		declared, typed = []wire.Arg{wire.A("xmlns:xs", "")}, []wire.Arg{wire.A("xsi:type", "xs:string")}
	}
	w.Start("saml:AttributeStatement", declared...)
	for _, attribute := range a.attributes {
		w.Start("saml:Attribute", wire.A("Name", attribute.Name), wire.A("NameFormat", attribute.Format), wire.Opt("FriendlyName", attribute.FriendlyName))
		for _, v := range attribute.Values {
			w.Element("saml:AttributeValue", v, typed...)
		}
		w.End()
	}
	w.End()
}
