package oauth

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"

	"cloudsso/idp"
)

const endSessionPath = "/oauth2/logout"

// SignOut is what an application wants of the login at the end of a session.
type SignOut struct {
	// Sure: the application showed an ID token of ours. If the browser's session is the one
	// that it was issued in (SID, or without one the Subject), it ends without a question.
	// Otherwise the person is asked.
	Sure    bool
	SID     string
	Subject string
	App     string // client_id; empty if no application could be established
	Return  string // where the browser goes afterwards, checked; empty: to a page of ours
}

// SignOuter ends the session of a browser. The login implements it.
type SignOuter interface {
	// SignOut answers the browser, whatever comes of it: with a redirect (303) to s.Return,
	// with the page that says that nobody is signed in, or with the page that asks. After a
	// yes to that page it goes on to s.Return, which must not be changed on the way. Without a
	// session there is nothing to ask. An error means that nothing was written.
	SignOut(w http.ResponseWriter, r *http.Request, s SignOut) error
}

// ending is one logout request on its way through the checks.
type ending struct {
	form   url.Values
	hint   hint // empty without a valid one
	client idp.Client
	out    SignOut
}

// EndSession is the logout endpoint (OpenID Connect RP-Initiated Logout §2), for GET and
// POST.
func (p *Provider) EndSession(w http.ResponseWriter, r *http.Request) {
	if p.SignOuter == nil {
		p.Pages.Error(w, r, idp.ErrNotFound)
		return
	}
	form, err := readForm(w, r)
	if err != nil {
		p.refusePage(w, r, asFault(err))
		return
	}
	if r.Method == http.MethodPost {
		// The session cookie is SameSite=Lax: a post from an application's page comes without
		// it, and would sign nobody out. A redirect to GET brings it along.
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Location", p.Issuer+endSessionPath+"?"+form.Encode())
		w.WriteHeader(http.StatusSeeOther)
		return
	}
	e := &ending{form: form}
	for _, check := range p.endSessionChecks() {
		if err := check(r.Context(), e); err != nil {
			p.refusePage(w, r, asFault(err))
			return
		}
	}
	idp.Note(r.Context(), slog.String("client", e.out.App), slog.String("subject", e.out.Subject))
	if err := p.SignOuter.SignOut(w, r, e.out); err != nil {
		p.Pages.Error(w, r, err)
	}
}

func (p *Provider) endSessionChecks() []func(context.Context, *ending) error {
	return []func(context.Context, *ending) error{
		func(_ context.Context, e *ending) error { return single(e.form) },
		p.checkEndingHint,
		p.checkEndingClient,
		checkReturn,
	}
}

// checkEndingHint takes an ID token of ours, also an expired one (§4). With one that is
// not, or that was for another client than client_id, people can still sign out: they
// are asked, and nothing else of the request counts.
func (p *Provider) checkEndingHint(ctx context.Context, e *ending) error {
	sent := e.form.Get("id_token_hint")
	if sent == "" {
		return nil
	}
	h, err := p.readHint(ctx, sent)
	if err == nil && (len(h.Audience) != 1 || e.form.Get("client_id") != "" && !slices.Contains(h.Audience, e.form.Get("client_id"))) {
		err = errors.New("issued to another client")
	}
	if err != nil {
		idp.Note(ctx, slog.String("id_token_hint", err.Error()))
		e.form = url.Values{}
		return nil
	}
	e.hint = h
	e.out.Sure, e.out.SID, e.out.Subject = true, h.SID, h.Subject
	return nil
}

// checkEndingClient finds the application by the hint or by client_id. One that is
// unknown or switched off has no say.
func (p *Provider) checkEndingClient(ctx context.Context, e *ending) error {
	id := e.form.Get("client_id")
	if len(e.hint.Audience) == 1 {
		id = e.hint.Audience[0]
	}
	if id == "" {
		return nil
	}
	c, err := p.Records.Client(ctx, id)
	switch {
	case err != nil && !errors.Is(err, idp.ErrNotFound):
		return err
	case err != nil || c.Disabled:
		e.out = SignOut{}
		return nil
	}
	e.client, e.out.App = c, c.ID
	subject, err := p.subjectOf(ctx, &c, e.out.Subject)
	if err == nil {
		e.out.Subject = subject
	} else if !errors.Is(err, idp.ErrNotFound) { // from before it was pairwise
		return err
	}
	return nil
}

// checkReturn: attack: a logout link that ends on a stranger's page, which looks like our
// login. Decision: only to an address that is registered, character by character, for an
// application that the request names (§3).
func checkReturn(_ context.Context, e *ending) error {
	uri := e.form.Get("post_logout_redirect_uri")
	switch {
	case uri == "" || e.client.ID == "":
		return nil
	case !slices.Contains(e.client.PostLogoutRedirectURIs, uri):
		return refuse(invalidRequest, "The application wants to return to an address that is not registered for it. It must be registered among its post_logout_redirect_uris exactly as it is sent. You have not been signed out.")
	}
	e.out.Return = uri
	if state := e.form.Get("state"); state != "" {
		e.out.Return = target(uri, modeQuery, url.Values{"state": {state}})
	}
	return nil
}
