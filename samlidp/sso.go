package samlidp

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"cloudsso/idp"
)

// stashTTL is how long a browser may take from its POST to the GET that we ask for at once.
const stashTTL = 5 * time.Minute

// stashPrefix keeps ids of requests put aside apart from ids of flows, so that neither
// can be used up where the other belongs.
const stashPrefix = "post-"

// SSO takes an AuthnRequest: GET is HTTP-Redirect, POST is HTTP-POST (Bindings §3.4, §3.5).
func (p *Provider) SSO(w http.ResponseWriter, r *http.Request) {
	in, err := p.receive(w, r)
	if err != nil {
		traceFault(r.Context(), idp.Step{Name: "message"}, err)
		p.refuse(w, r, &request{}, err)
		return
	}
	q, err := p.accept(r.Context(), in, true)
	switch {
	case err != nil:
		p.refuse(w, r, q, err)
	case r.Method == http.MethodPost:
		p.putAside(w, r, q)
	default:
		p.begin(w, r, q)
	}
}

// SSOContinue goes on: ?request=… after a POST, ?flow=… after the login. Either way
// the stored request passes the checks again, against the registration as it is now.
func (p *Provider) SSOContinue(w http.ResponseWriter, r *http.Request) {
	if id := r.URL.Query().Get("request"); id != "" {
		p.continuePosted(w, r, id)
		return
	}
	f, err := p.login.Resume(w, r, idp.ProtocolSAML)
	if err != nil {
		p.pages.Error(w, r, err)
		return
	}
	if q, ok := p.again(w, r, f.Request); ok {
		p.finish(w, r, q, f)
	}
}

// putAside stores a request that came by POST and has the browser come back by GET: a
// POST from another site carries no SameSite=Lax cookie, a navigation does. The id is unguessable
// and works once; what it stands for was sent through this browser anyway.
func (p *Provider) putAside(w http.ResponseWriter, r *http.Request, q *request) {
	stored, err := q.in.marshal()
	if err == nil {
		now := p.now().UTC()
		f := idp.Flow{ID: stashPrefix + idp.NewSecret(), Support: idp.RequestOf(r.Context()).Support, Protocol: idp.ProtocolSAML, App: q.sp.App, Request: stored, CreatedAt: now, ExpiresAt: now.Add(stashTTL)}
		if err = p.flows.CreateFlow(r.Context(), f); err == nil {
			idp.KeepTrace(r.Context())
			w.Header().Set("Cache-Control", "no-store")
			http.Redirect(w, r, p.issuer+ContinuePath+"?request="+url.QueryEscape(f.ID), http.StatusSeeOther)
			return
		}
	}
	p.refuse(w, r, q, err)
}

func (p *Provider) continuePosted(w http.ResponseWriter, r *http.Request, id string) {
	over := idp.Errorf(idp.Expired, "This step of the sign-in is over: it works once, and for %d minutes. Start again at the application.", int(stashTTL.Minutes()))
	if !strings.HasPrefix(id, stashPrefix) {
		p.pages.Error(w, r, over)
		return
	}
	f, err := p.flows.TakeFlow(r.Context(), id)
	if errors.Is(err, idp.ErrNotFound) {
		err = over.Because(err)
	}
	if err != nil {
		p.pages.Error(w, r, err)
		return
	}
	idp.JoinTrace(r.Context(), f.Support)
	if q, ok := p.again(w, r, f.Request); ok {
		p.begin(w, r, q)
	}
}

// again runs the checks on a stored request; false means that the refusal is written.
func (p *Provider) again(w http.ResponseWriter, r *http.Request, stored string) (*request, bool) {
	in, err := unmarshalReceived(stored)
	if err != nil {
		p.pages.Error(w, r, err)
		return nil, false
	}
	q, err := p.accept(r.Context(), in, false)
	if err != nil {
		p.refuse(w, r, q, err)
		return nil, false
	}
	return q, true
}

// begin hands over to the login.
func (p *Provider) begin(w http.ResponseWriter, r *http.Request, q *request) {
	stored, err := q.in.marshal()
	if err != nil {
		p.refuse(w, r, q, err)
		return
	}
	f := idp.Flow{Protocol: idp.ProtocolSAML, App: q.sp.App, Return: ContinuePath, Request: stored, Ask: q.ask()}
	ready, err := p.login.Begin(w, r, &f)
	switch {
	case err != nil:
		p.refuse(w, r, q, err)
	case ready:
		p.finish(w, r, q, f)
	}
}

// ask translates the request into what the login understands.
func (q *request) ask() idp.Ask {
	if q.msg == nil {
		return idp.Ask{}
	}
	a := idp.Ask{Passive: q.msg.IsPassive, Login: q.msg.ForceAuthn}
	if s := q.subject; s != nil && s.Format != FormatPersistent && s.Format != FormatTransient {
		a.LoginHint = s.NameID
	}
	return a
}
