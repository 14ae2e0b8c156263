package oauth

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"cloudsso/idp"
	"cloudsso/idp/web"
)

// respond turns what the login found into the answer to the application.
func (p *Provider) respond(w http.ResponseWriter, r *http.Request, a *authorization, f idp.Flow) {
	params, err := p.settle(r.Context(), a, f)
	if err != nil {
		p.refuseAuthorization(w, r, a, err)
		return
	}
	idp.KeepTrace(r.Context())
	idp.Note(r.Context(), slog.String("client", a.client.ID), slog.String("subject", f.Answer.Subject))
	if a.front() {
		idp.Note(r.Context(), slog.String("legacy", idp.GrantImplicit))
	}
	p.addSessionState(w, r, a, f, params)
	p.deliver(w, r, a, params)
}

func (p *Provider) settle(ctx context.Context, a *authorization, f idp.Flow) (url.Values, error) {
	switch f.Answer.Outcome {
	case idp.Denied:
		return nil, refuse(accessDenied, "The person did not sign in or did not agree.")
	case idp.NotAssigned:
		return nil, refuse(accessDenied, "%s", unassigned)
	case idp.LoginRequired:
		return nil, refuse(loginRequired, "Nobody who may be used for this request is signed in, and prompt=none allows no question.")
	case idp.ConsentRequired:
		return nil, refuse(consentRequired, "The person would have to agree, and prompt=none allows no question.")
	case idp.SignedIn:
		if err := a.accepts(f); err != nil {
			return nil, err
		}
		if err := p.useOnce(ctx, a); err != nil {
			return nil, err
		}
		return p.issue(ctx, a, f)
	}
	return nil, refuse(serverError, "Something went wrong on our side.").because(errors.New("the login came back without an outcome"))
}

// accepts holds the login's answer against the question: the request was checked again,
// and what it asks now counts. A flow without CreatedAt was settled at once, from a
// session that the login compared with the clock itself.
func (a *authorization) accepts(f idp.Flow) error {
	stale := refuse(loginRequired, "The sign-in does not satisfy the request any more: please start again.")
	switch {
	case a.ask.Subject != "" && f.Answer.Subject != a.ask.Subject:
		return refuse(loginRequired, "Somebody else is signed in than the request names.")
	case f.CreatedAt.IsZero():
		return nil
	case a.ask.Login && f.Answer.AuthTime.Before(f.CreatedAt):
		return stale
	case a.ask.MaxAge != nil && f.CreatedAt.Sub(f.Answer.AuthTime) > *a.ask.MaxAge:
		return stale
	}
	return nil
}

// refuseAuthorization answers a fault: to the application where that is safe, on a page
// otherwise.
func (p *Provider) refuseAuthorization(w http.ResponseWriter, r *http.Request, a *authorization, err error) {
	e := asFault(err)
	if a.redirectURI == "" {
		p.refusePage(w, r, e)
		return
	}
	note(r, e)
	idp.TraceFailed(r.Context(), idp.Step{Name: "answer", Received: e.name}, &e.sentence)
	p.deliver(w, r, a, url.Values{"error": {e.name}, "error_description": {describe(e.Public)}})
}

func (p *Provider) refusePage(w http.ResponseWriter, r *http.Request, e *fault) {
	idp.Note(r.Context(), slog.String("oauth_error", e.name))
	p.Pages.Error(w, r, &e.sentence)
}

// deliver sends parameters to the application by the response mode of the request.
// state is echoed if one came; iss tells the application who answers, so that it cannot
// be made to send our code to somebody else (mix-up attack, RFC 9207).
func (p *Provider) deliver(w http.ResponseWriter, r *http.Request, a *authorization, params url.Values) {
	params.Set("iss", p.Issuer)
	if a.state != "" {
		params.Set("state", a.state)
	}
	if a.mode == modeFormPost {
		page := web.AutoPost{Action: a.redirectURI, App: a.client.DisplayName()}
		for _, name := range slices.Sorted(maps.Keys(params)) {
			page.Fields = append(page.Fields, web.Field{Name: name, Value: params.Get(name)})
		}
		p.Pages.AutoPost(w, r, page)
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Location", target(a.redirectURI, a.mode, params))
	// 303: a browser that came by POST must not post a password on (RFC 9700 §4.12).
	w.WriteHeader(http.StatusSeeOther)
}

// target appends parameters to a registered URI, whose own query is kept byte for byte
// (RFC 6749 §3.1.2).
func target(uri, mode string, params url.Values) string {
	switch {
	case mode == modeFragment:
		return uri + "#" + params.Encode()
	case !strings.Contains(uri, "?"):
		return uri + "?" + params.Encode()
	case strings.HasSuffix(uri, "?") || strings.HasSuffix(uri, "&"):
		return uri + params.Encode()
	}
	return uri + "&" + params.Encode()
}
