package samlidp

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"cloudsso/idp"
	"cloudsso/samlidp/wire"
)

// A logoutTask waits in a ticket: after a POST until the browser comes by GET, and while
// the other applications are told.
const (
	ticketAsked  = "saml-slo-asked"
	ticketEnding = "saml-slo-ending"
	logoutTTL    = 15 * time.Minute
)

// SLO takes a LogoutRequest or a LogoutResponse: GET is HTTP-Redirect, POST is HTTP-POST
// (Profiles §4.4).
func (p *Provider) SLO(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && r.URL.RawQuery == "" {
		p.pages.Error(w, r, idp.Errorf(idp.Invalid, "This is the address to which applications send people to sign out. It does nothing on its own: sign out at the application."))
		return
	}
	e, err := p.receiveLogout(w, r)
	switch {
	case err != nil:
		traceFault(r.Context(), idp.Step{Name: "message"}, err)
		p.pages.Error(w, r, err)
	case e.wire.Response:
		p.hear(w, r, e)
	default:
		p.logoutAsked(w, r, e)
	}
}

func (p *Provider) receiveLogout(w http.ResponseWriter, r *http.Request) (*envelope, error) {
	in, err := p.receive(w, r)
	if err != nil {
		return nil, err
	}
	e := &envelope{at: in.At, to: p.sloURL}
	if e.wire, err = in.decode(); err == nil {
		e.root, err = wire.Parse(e.wire.XML)
	}
	return e, err
}

func (p *Provider) logoutAsked(w http.ResponseWriter, r *http.Request, e *envelope) {
	t, err := p.acceptLogout(r.Context(), e)
	switch {
	case err != nil:
		p.refuseLogout(w, r, e.sp, t, err)
	case r.Method == http.MethodPost:
		p.logoutPosted(w, r, e.sp, t)
	default:
		p.carryOut(w, r, e.sp, t)
	}
}

// logoutPosted has the browser come back by GET, as putAside does: the session's cookie
// does not come with a POST from another site.
func (p *Provider) logoutPosted(w http.ResponseWriter, r *http.Request, sp idp.ServiceProvider, t logoutTask) {
	secret, err := p.keep(r.Context(), ticketAsked, t)
	if err != nil {
		p.refuseLogout(w, r, sp, t, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, p.issuer+SLOContinuePath+"?request="+url.QueryEscape(secret), http.StatusSeeOther)
}

// SLOContinue goes on with a stored task: ?request=… after a POST, ?ending=…&logout=… when
// the session has ended and the other applications were told.
func (p *Provider) SLOContinue(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	kind, secret := ticketAsked, q.Get("request")
	if q.Has("ending") {
		kind, secret = ticketEnding, q.Get("ending")
	}
	t, sp, err := p.goOn(r.Context(), kind, secret)
	if err != nil {
		p.pages.Error(w, r, err)
		return
	}
	if kind == ticketAsked {
		p.carryOut(w, r, sp, t)
		return
	}
	complete, err := p.logout.Ended(r.Context(), q.Get("logout"))
	if err != nil && !errors.Is(err, idp.ErrNotFound) { // nobody knows what came of it: not complete
		p.refuseLogout(w, r, sp, t, err)
		return
	}
	p.answerLogout(w, r, sp, t, ended(complete && err == nil && !t.Untold))
}

// carryOut ends the sessions that t names. The browser is needed only for its own, and
// only to visit other applications with it; whose session it has now does not decide
// what ends.
func (p *Provider) carryOut(w http.ResponseWriter, r *http.Request, sp idp.ServiceProvider, t logoutTask) {
	ctx := r.Context()
	own, err := p.logout.Current(r)
	if err != nil {
		p.refuseLogout(w, r, sp, t, err)
		return
	}
	here, status, err := p.endNamed(ctx, sp, &t, own)
	if err != nil {
		p.refuseLogout(w, r, sp, t, err)
		return
	}
	if !here {
		p.answerLogout(w, r, sp, t, status)
		return
	}
	back := "" // nobody waits for an answer: the person ends on a page of ours
	if !t.Asynchronous {
		secret, err := p.keep(ctx, ticketEnding, t)
		if err != nil {
			p.refuseLogout(w, r, sp, t, err)
			return
		}
		back = SLOContinuePath + "?ending=" + url.QueryEscape(secret)
	}
	if err := p.logout.SignOut(w, r, own.SID, by(sp, t), back); err != nil {
		p.refuseLogout(w, r, sp, t, err)
	}
}

func by(sp idp.ServiceProvider, t logoutTask) idp.SessionApp {
	return idp.SessionApp{Protocol: idp.ProtocolSAML, App: sp.App, NameID: t.Name.Value, NameIDFormat: t.Name.Format}
}

// endNamed ends all sessions that t names but own: here says that own is one of them.
// The status is that of what was done.
func (p *Provider) endNamed(ctx context.Context, sp idp.ServiceProvider, t *logoutTask, own *idp.Session) (here bool, status logoutStatus, err error) {
	sessions, known, err := p.named(ctx, sp, *t, own)
	if err != nil {
		return false, status, err
	}
	traceNamed(ctx, *t, sessions)
	if !known {
		// The same words whether nobody has this name or somebody at another application (S24).
		return false, status, requester(subUnknownPrincipal, "Nobody is known to this application under that NameID. Send NameID and SessionIndex exactly as they were in the assertion.")
	}
	for _, s := range sessions {
		if own != nil && s.ID == own.ID {
			here = true
			continue
		}
		complete, err := p.logout.EndSession(ctx, s, by(sp, *t))
		if err != nil {
			return here, status, err
		}
		t.Untold = t.Untold || !complete
	}
	return here, ended(!t.Untold), nil
}

// ended is the status after sessions have ended: some application may not know yet
// (Core §3.7.3.2).
func ended(complete bool) logoutStatus {
	if complete {
		return logoutStatus{code: statusSuccess}
	}
	return logoutStatus{code: statusSuccess, sub: subPartialLogout, message: "The session has ended here. At least one other application could not be told."}
}

// keep stores t and returns the secret that stands for it in the browser.
func (p *Provider) keep(ctx context.Context, kind string, t logoutTask) (string, error) {
	data, err := json.Marshal(t)
	if err != nil {
		return "", err
	}
	secret, now := idp.NewSecret(), p.now().UTC()
	return secret, p.tickets.CreateTicket(ctx, idp.Ticket{Kind: kind, ID: idp.HashSecret(secret), Data: data, CreatedAt: now, ExpiresAt: now.Add(logoutTTL)})
}

// goOn takes a stored task, once, with the registration as it is now.
func (p *Provider) goOn(ctx context.Context, kind, secret string) (t logoutTask, sp idp.ServiceProvider, err error) {
	ticket, err := p.tickets.TakeTicket(ctx, kind, idp.HashSecret(secret))
	if err == nil {
		if err = json.Unmarshal(ticket.Data, &t); err != nil {
			return t, sp, err
		}
		idp.JoinTrace(ctx, t.Support)
		idp.KeepTrace(ctx)
		sp, err = p.records.ServiceProvider(ctx, t.App)
	}
	if errors.Is(err, idp.ErrNotFound) {
		err = idp.Errorf(idp.Expired, "This step of the sign-out is over: it works once, and for %d minutes. Sign out at the application again.", int(logoutTTL.Minutes())).Because(err)
	}
	return t, sp, err
}
