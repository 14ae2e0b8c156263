package samlidp

import (
	"time"

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
	redirected                    bool       // signed beside the message (Bindings §3.4.4.1)
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
		redirected:      q.redirected(),
		signedAssertion: sign == "assertion" || sign == "both" || q.sp.WantsAssertionsSigned,
	}
}

// redirected: the answer goes by HTTP-Redirect.
func (q *request) redirected() bool { return q.acs.Binding == wire.BindingRedirect }

// write makes the signed document: canonical bytes, in one pass.
func (r *response) write(issuer string, s *dsig.Signer) ([]byte, error) {
	w := wire.NewWriter()
	w.Start("samlp:Response", wire.A("ID", r.id), wire.A("Version", "2.0"), wire.A("IssueInstant", r.at.Format(instantFormat)),
		wire.A("Destination", r.destination), wire.Opt("InResponseTo", r.inResponseTo))
	w.Element("saml:Issuer", issuer)
	var pending *dsig.Pending
	if (r.signed || r.assertion == nil) && !r.redirected { // nobody but us may refuse in our name
		pending = s.Begin(w, r.id)
	}
	r.writeStatus(w)
	if r.assertion != nil {
		if err := r.assertion.write(w, issuer, s, r); err != nil {
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
