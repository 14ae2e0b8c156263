package samlidp

import (
	"time"

	"cloudsso/idp/mapping"
	"cloudsso/samlidp/dsig"
	"cloudsso/samlidp/wire"
)

// instantFormat is xs:dateTime in UTC to the millisecond, finer than which nobody may
// rely on (Core §1.3.3).
const instantFormat = "2006-01-02T15:04:05.000Z"

// response is one samlp:Response before it is written (Core §3.3.3).
type response struct {
	id, destination, inResponseTo string
	at                            time.Time
	signed, signedAssertion       bool
	fault                         *fault     // a refusal
	assertion                     *assertion // or this
}

// response prepares the answer to q.
func (p *Provider) response(q *request) *response {
	sign := q.sp.Sign
	return &response{
		id: p.newID(), destination: q.acs.Location, inResponseTo: q.id(), at: p.now().UTC(),
		// One signature unless the application wants its assertions signed as well.
		signed:          sign != "assertion",
		signedAssertion: sign == "assertion" || sign == "both" || q.sp.WantsAssertionsSigned,
	}
}

// write makes the signed document: canonical bytes, in one pass.
func (r *response) write(issuer string, s *dsig.Signer) ([]byte, error) {
	w := wire.NewWriter()
	w.Start("samlp:Response", wire.A("ID", r.id), wire.A("Version", "2.0"), wire.A("IssueInstant", r.at.Format(instantFormat)),
		wire.A("Destination", r.destination), wire.Opt("InResponseTo", r.inResponseTo))
	w.Element("saml:Issuer", issuer)
	var pending *dsig.Pending
	if r.signed || r.assertion == nil { // nobody but us may refuse in our name
		pending = s.Begin(w, r.id)
	}
	r.writeStatus(w)
	if r.assertion != nil {
		if err := r.writeAssertion(w, issuer, s); err != nil {
			return nil, err
		}
	}
	w.End()
	if pending != nil {
		if err := pending.Finish(); err != nil {
			return nil, err
		}
	}
	return w.Bytes()
}

func (r *response) writeStatus(w *wire.Writer) {
	w.Start("samlp:Status")
	if r.fault == nil {
		w.Start("samlp:StatusCode", wire.A("Value", statusSuccess))
		w.End()
	} else {
		w.Start("samlp:StatusCode", wire.A("Value", r.fault.status))
		w.Start("samlp:StatusCode", wire.A("Value", r.fault.sub))
		w.End()
		w.End()
		w.Element("samlp:StatusMessage", r.fault.message)
	}
	w.End()
}

// assertion is one saml:Assertion with what it states (Core §2.3.3).
type assertion struct {
	id                      string
	name                    nameID
	audiences               []string
	notBefore, notOnOrAfter time.Time
	authTime                time.Time
	session, class          string
	attributes              []mapping.Attribute
}

func (r *response) writeAssertion(w *wire.Writer, issuer string, s *dsig.Signer) error {
	a := r.assertion
	w.Start("saml:Assertion", wire.A("ID", a.id), wire.A("Version", "2.0"), wire.A("IssueInstant", r.at.Format(instantFormat)))
	w.Element("saml:Issuer", issuer)
	var pending *dsig.Pending
	if r.signedAssertion {
		pending = s.Begin(w, a.id)
	}
	r.writeSubject(w)
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
func (r *response) writeSubject(w *wire.Writer) {
	a := r.assertion
	w.Start("saml:Subject")
	w.Element("saml:NameID", a.name.Value, wire.A("Format", a.name.Format),
		wire.Opt("NameQualifier", a.name.NameQualifier), wire.Opt("SPNameQualifier", a.name.SPNameQualifier))
	w.Start("saml:SubjectConfirmation", wire.A("Method", methodBearer))
	w.Start("saml:SubjectConfirmationData", wire.Opt("InResponseTo", r.inResponseTo),
		wire.A("NotOnOrAfter", a.notOnOrAfter.Format(instantFormat)), wire.A("Recipient", r.destination))
	w.End()
	w.End()
	w.End()
}

func (a *assertion) writeConditions(w *wire.Writer) {
	w.Start("saml:Conditions", wire.A("NotBefore", a.notBefore.Format(instantFormat)), wire.A("NotOnOrAfter", a.notOnOrAfter.Format(instantFormat)))
	w.Start("saml:AudienceRestriction")
	for _, audience := range a.audiences {
		w.Element("saml:Audience", audience)
	}
	w.End()
	w.End()
}

func (a *assertion) writeAuthnStatement(w *wire.Writer) {
	w.Start("saml:AuthnStatement", wire.A("AuthnInstant", a.authTime.UTC().Format(instantFormat)), wire.Opt("SessionIndex", a.session))
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
	w.Start("saml:AttributeStatement", wire.A("xmlns:xs", ""))
	for _, attribute := range a.attributes {
		w.Start("saml:Attribute", wire.A("Name", attribute.Name), wire.A("NameFormat", attribute.Format), wire.Opt("FriendlyName", attribute.FriendlyName))
		for _, v := range attribute.Values {
			w.Element("saml:AttributeValue", v, wire.A("xsi:type", "xs:string"))
		}
		w.End()
	}
	w.End()
}
