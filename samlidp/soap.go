package samlidp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"

	"cloudsso/idp"
	"cloudsso/samlidp/dsig"
	"cloudsso/samlidp/msg"
	"cloudsso/samlidp/wire"
)

const (
	soapType   = "text/xml; charset=utf-8" // SOAP 1.1 §6.1.1
	soapAction = `"http://www.oasis-open.org/committees/security"`
	maxSOAP    = 256 << 10
)

// SOAPLogout takes a LogoutRequest from an application's server (Bindings §3.2). There is
// no browser: applications that can be told only through one are not told, and the answer says so.
func (p *Provider) SOAPLogout(w http.ResponseWriter, r *http.Request) {
	e, err := p.receiveSOAP(w, r)
	if err != nil {
		traceFault(r.Context(), idp.Step{Name: "message"}, err)
		p.soapFault(w, r, err)
		return
	}
	t, err := p.acceptLogout(r.Context(), e)
	var status logoutStatus
	if err == nil {
		_, status, err = p.endNamed(r.Context(), e.sp, &t, nil)
	}
	if err != nil {
		p.recordLogoutRefused(r.Context(), e.sp, err)
		traceFault(r.Context(), idp.Step{Name: "sign-out"}, err)
		var f *fault
		if !errors.As(err, &f) {
			p.soapFault(w, r, err)
			return
		}
		status = f.logoutStatus()
	}
	traceLogoutAnswer(r.Context(), status, "the caller, by SOAP")
	m := logoutResponse{id: p.newID(), inResponseTo: t.ID, at: p.now().UTC(), status: status}
	doc, err := p.document(r.Context(), e.sp, wire.BindingSOAP, m.write)
	if err != nil {
		p.soapFault(w, r, err)
		return
	}
	writeSOAP(w, http.StatusOK, doc)
}

func (p *Provider) receiveSOAP(w http.ResponseWriter, r *http.Request) (*envelope, error) {
	// A form of another site cannot be sent with these types. The last one is SOAP 1.2's, but
	// pysaml2 sends SOAP 1.1 with it.
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "text/xml" && kind != "application/xml" && kind != "application/soap+xml" {
		return nil, idp.Errorf(idp.Invalid, "The Content-Type must be text/xml: this address takes SOAP 1.1.").On("Content-Type")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxSOAP))
	if err != nil {
		return nil, idp.Errorf(idp.Invalid, "The message cannot be read, or is larger than %d KB.", maxSOAP>>10).Because(err)
	}
	e := &envelope{at: p.now().UTC(), to: p.issuer + SOAPLogoutPath}
	e.root, err = wire.ParseSOAP(body)
	return e, err
}

// soapFault answers what could not be established to come from an application: nothing is
// signed for strangers (SOAP 1.1 §4.4, §6.2).
func (p *Provider) soapFault(w http.ResponseWriter, r *http.Request, err error) {
	e := idp.AsError(err)
	if e.Cause != nil {
		idp.Note(r.Context(), slog.String("cause", e.Cause.Error()))
	}
	code := "soap:Client"
	switch {
	case errors.Is(err, wire.ErrMustUnderstand):
		code = "soap:MustUnderstand"
	case e.Code == idp.Internal || e.Code == idp.Unavailable:
		code = "soap:Server"
	}
	text := e.Public
	if support := idp.RequestOf(r.Context()).Support; support != "" {
		text += " Support code " + support + "."
	}
	x := wire.NewWriter()
	x.Start("soap:Envelope")
	x.Start("soap:Body")
	x.Start("soap:Fault")
	x.Element("faultcode", code)
	x.Element("faultstring", text)
	x.End()
	x.End()
	x.End()
	doc, err := x.Bytes()
	if err != nil {
		idp.Note(r.Context(), slog.String("cause", err.Error()))
	}
	writeSOAP(w, http.StatusInternalServerError, doc)
}

func writeSOAP(w http.ResponseWriter, status int, doc []byte) {
	h := w.Header()
	h.Set("Content-Type", soapType)
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(doc) // a caller that went away needs no answer
}

// send sends one LogoutRequest by SOAP and hears the answer. nil: the application has
// ended its session.
func (p *Provider) send(ctx context.Context, to idp.Endpoint, name nameID, indexes []string, sp idp.ServiceProvider) error {
	traceFarewell(ctx, sp, to)
	if p.post == nil {
		return errors.New("nothing can be sent from here")
	}
	m, err := p.logoutRequest(to, sp, name, indexes)
	if err != nil {
		return err
	}
	doc, err := p.document(ctx, sp, wire.BindingSOAP, m.write)
	if err != nil {
		return err
	}
	header := http.Header{"Content-Type": {soapType}, "Soapaction": {soapAction}}
	status, body, err := p.post(ctx, to.Location, header, doc, maxSOAP)
	if err != nil {
		return err
	}
	if status != http.StatusOK { // a SOAP fault is 500
		return fmt.Errorf("the application answered with HTTP status %d", status)
	}
	return p.answeredBySOAP(body, m.id, sp)
}

// answeredBySOAP reads the answer to the request id. TLS has shown who answers; a
// signature may be missing (Profiles §4.4.4.2), and must verify if it is there (S02).
func (p *Provider) answeredBySOAP(body []byte, id string, sp idp.ServiceProvider) error {
	root, err := wire.ParseSOAP(body)
	if err != nil {
		return err
	}
	m, err := msg.DecodeLogoutResponse(root)
	if err != nil {
		return err
	}
	if m.Issuer != sp.EntityID || m.InResponseTo != id {
		return fmt.Errorf("the answer is of %q to %q, not of %q to %q", m.Issuer, m.InResponseTo, sp.EntityID, id)
	}
	if dsig.Signed(root) {
		keys, err := dsig.PublicKeys(sp.SigningCerts)
		if err != nil {
			return err
		}
		if err := p.verify(&request{sp: sp}, func(r dsig.Rules) error { return r.Verify(root, keys) }); err != nil {
			return err
		}
	}
	return m.Status.Failure()
}
