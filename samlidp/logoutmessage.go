package samlidp

import (
	"context"
	"time"

	"cloudsso/idp"
	"cloudsso/samlidp/dsig"
	"cloudsso/samlidp/wire"
	"cloudsso/samlidp/xenc"
)

// logoutRequest is one samlp:LogoutRequest before it is written (Core §3.7.1).
type logoutRequest struct {
	id, destination  string
	at, notOnOrAfter time.Time
	name             nameID
	sealer           *xenc.Sealer // of the name; nil: it goes in the clear
	indexes          []string
}

// write writes the element; s nil leaves it unsigned.
func (m *logoutRequest) write(w *wire.Writer, issuer string, s *dsig.Signer) error {
	w.Start("samlp:LogoutRequest", wire.A("ID", m.id), wire.A("Version", "2.0"), wire.A("IssueInstant", m.at.Format(instantFormat)),
		wire.A("Destination", m.destination), wire.A("NotOnOrAfter", m.notOnOrAfter.Format(instantFormat)))
	return signed(w, issuer, m.id, s, func() error {
		if err := writeName(w, m.name, m.sealer); err != nil {
			return err
		}
		for _, index := range m.indexes {
			w.Element("samlp:SessionIndex", index)
		}
		return nil
	})
}

// logoutStatus is what became of a LogoutRequest.
type logoutStatus struct{ code, sub, message string }

// logoutResponse is one samlp:LogoutResponse before it is written (Core §3.7.2).
type logoutResponse struct {
	id, destination, inResponseTo string
	at                            time.Time
	status                        logoutStatus
}

// write is as logoutRequest's. Over SOAP there is no destination.
func (m *logoutResponse) write(w *wire.Writer, issuer string, s *dsig.Signer) error {
	w.Start("samlp:LogoutResponse", wire.A("ID", m.id), wire.A("Version", "2.0"), wire.A("IssueInstant", m.at.Format(instantFormat)),
		wire.Opt("Destination", m.destination), wire.A("InResponseTo", m.inResponseTo))
	return signed(w, issuer, m.id, s, func() error { m.status.write(w); return nil })
}

func (s logoutStatus) write(w *wire.Writer) {
	w.Start("samlp:Status")
	w.Start("samlp:StatusCode", wire.A("Value", s.code))
	if s.sub != "" {
		w.Start("samlp:StatusCode", wire.A("Value", s.sub))
		w.End()
	}
	w.End()
	if s.message != "" {
		w.Element("samlp:StatusMessage", s.message)
	}
	w.End()
}

// signed goes on with the open element: Issuer, signature if s is there, content; and
// closes it.
func signed(w *wire.Writer, issuer, id string, s *dsig.Signer, content func() error) error {
	w.Element("saml:Issuer", issuer)
	var pending *dsig.Pending
	if s != nil {
		pending = s.Begin(w, id)
	}
	if err := content(); err != nil {
		return err
	}
	w.End()
	if pending == nil {
		return w.Err()
	}
	return pending.Finish()
}

// document makes the document of one message to sp for a binding: POST signs the message, SOAP
// does too and puts it into an envelope, Redirect leaves it to the query.
func (p *Provider) document(ctx context.Context, sp idp.ServiceProvider, binding string, write func(*wire.Writer, string, *dsig.Signer) error) ([]byte, error) {
	if binding == wire.BindingSOAP {
		sp.Canonicalization = "" // the inclusive one would take in the envelope, which is nobody's to sign
	}
	s, err := p.signsFor(ctx, sp)
	if err != nil {
		return nil, err
	}
	w := wire.NewWriter()
	switch binding {
	case wire.BindingRedirect:
		err = write(w, p.entityID, nil)
	case wire.BindingSOAP:
		w.Start("soap:Envelope")
		w.Start("soap:Body")
		err = write(w, p.entityID, s)
		w.End()
		w.End()
	default:
		err = write(w, p.entityID, s)
	}
	if err != nil {
		return nil, err
	}
	return w.Bytes()
}

// redirection is the address that carries a message to sp by HTTP-Redirect.
func (p *Provider) redirection(ctx context.Context, sp idp.ServiceProvider, location, param string, doc []byte, relayState string) (string, error) {
	s, err := p.signsFor(ctx, sp)
	if err != nil {
		return "", err
	}
	return redirectURL(s, location, param, doc, relayState)
}
