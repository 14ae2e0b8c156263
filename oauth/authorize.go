package oauth

import (
	"context"
	"net/http"
	"net/url"

	"cloudsso/idp"
)

// continuePath is where the login sends the browser back to.
const continuePath = "/oauth2/authorize/continue"

// errOtherFlow: attack: a flow that was settled for one question is held up as the answer
// to another.
var errOtherFlow = idp.Errorf(idp.Invalid, "This sign-in was for something else.")

// authorization is one authorization request on its way through the checks: each check
// reads the form and fills what it is about.
type authorization struct {
	form        url.Values
	origin      origin
	client      idp.Client
	redirectURI string // where faults may be answered; empty until it is known to be the client's
	response    string // response type, its words in idp.ResponseType's order
	mode        string // response mode
	state       string
	scopes      []string // asked for, known and allowed
	nonce       string
	challenge   string // PKCE, S256
	resources   []string
	asked       asked
	acr         acr
	ask         idp.Ask
}

// Authorize is the authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2),
// for GET and POST.
func (p *Provider) Authorize(w http.ResponseWriter, r *http.Request) {
	form, err := readForm(w, r)
	if err != nil {
		traceFault(r.Context(), idp.Step{Name: "parameters"}, err)
		p.refusePage(w, r, asFault(err))
		return
	}
	if again := p.address(r, form); again != "" {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Location", again)
		w.WriteHeader(http.StatusSeeOther)
		return
	}
	a, err := p.check(r.Context(), form, direct)
	if err != nil {
		p.refuseAuthorization(w, r, a, err)
		return
	}
	f := a.flow()
	ready, err := p.Login.Begin(w, r, &f)
	switch {
	case err != nil:
		p.refuseAuthorization(w, r, a, err)
	case ready:
		p.respond(w, r, a, f)
	}
}

// maxAddress is what proxies and browsers take as an address.
const maxAddress = 8 << 10

// address is where a request that another site's page has posted is asked for again, by
// GET: the post comes without our SameSite=Lax cookies, so that prompt=none would see no
// session, and the browser would be named anew, which ends sign-ins in other tabs. Empty:
// it is answered as it came.
func (p *Provider) address(r *http.Request, form url.Values) string {
	query := form.Encode()
	if r.Method != http.MethodPost || r.Header.Get("Sec-Fetch-Site") != "cross-site" || len(query) > maxAddress {
		return ""
	}
	return p.Issuer + "/oauth2/authorize?" + query
}

// AuthorizeContinue goes on when the login has settled the flow. What was checked
// before is checked again: client, redirect URI and scopes may have changed meanwhile.
func (p *Provider) AuthorizeContinue(w http.ResponseWriter, r *http.Request) {
	f, err := p.Login.Resume(w, r, idp.ProtocolOIDC)
	if err == nil && f.Return != continuePath {
		err = errOtherFlow
	}
	if err != nil {
		p.Pages.Error(w, r, err)
		return
	}
	form, err := url.ParseQuery(f.Request)
	if err != nil {
		p.Pages.Error(w, r, err)
		return
	}
	a, err := p.check(r.Context(), form, stored)
	if err != nil {
		p.refuseAuthorization(w, r, a, err)
		return
	}
	p.respond(w, r, a, f)
}

// check runs the list. An error beside an empty redirectURI must not leave this house.
func (p *Provider) check(ctx context.Context, form url.Values, from origin) (*authorization, error) {
	a := &authorization{form: form, origin: from, mode: modeQuery}
	idp.TraceAbout(ctx, idp.About{Protocol: idp.ProtocolOIDC})
	if from != stored {
		idp.Trace(ctx, idp.Step{Name: "authorization request", Result: idp.Received, Values: received(form)})
	}
	for _, c := range p.checks() {
		err := c.run(ctx, a)
		a.traceCheck(ctx, c, err)
		if err != nil {
			return a, err
		}
	}
	return a, nil
}

// flow is the question to the login.
func (a *authorization) flow() idp.Flow {
	return idp.Flow{
		Protocol: idp.ProtocolOIDC, App: a.client.ID, Return: continuePath,
		Request: a.form.Encode(), Ask: a.ask,
	}
}
