package oauth

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ory/fosite"

	"cloudsso/idp"
)

// tokenResponse is RFC 6749 §5.1 with OpenID Connect's id_token.
type tokenResponse struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	RefreshToken string `json:"refresh_token,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
	Scope        string `json:"scope"`
}

// Token is the token endpoint (RFC 6749 §3.2).
func (p *Provider) Token(w http.ResponseWriter, r *http.Request) {
	p.serve(w, r, "token", http.StatusOK, func(form url.Values) (any, error) { return p.exchange(r.Context(), r, form) })
}

// serve answers the POST of a program whose refusals are worth a trace.
func (p *Provider) serve(w http.ResponseWriter, r *http.Request, endpoint string, status int, answer func(form url.Values) (any, error)) {
	if cors(w, r, http.MethodPost) {
		return
	}
	form, err := postForm(w, r, endpoint)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	body, err := answer(form)
	if err != nil {
		traceRefused(r.Context(), strings.TrimSuffix(endpoint, " request")+" request", form, err)
		p.fail(w, r, err)
		return
	}
	writeJSON(w, status, body)
}

// postForm reads a request to one of the endpoints that programs post to.
func postForm(w http.ResponseWriter, r *http.Request, endpoint string) (url.Values, error) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		e := refuse(invalidRequest, "The %s endpoint answers POST only.", endpoint)
		e.status = http.StatusMethodNotAllowed
		return nil, e
	}
	if r.URL.RawQuery != "" {
		// Queries end in logs; secrets and codes must not (RFC 6749 §2.3.1, §3.2).
		return nil, refuse(invalidRequest, "The %s endpoint takes its parameters from the body, not from the query.", endpoint)
	}
	form, err := readForm(w, r)
	if err != nil {
		return nil, err
	}
	return form, single(form)
}

// exchange checks everything, mints, and then writes once. Whatever fails before the
// write leaves the code or the refresh token as good as it was.
func (p *Provider) exchange(ctx context.Context, r *http.Request, form url.Values) (*tokenResponse, error) {
	if err := checkGrantType(form); err != nil {
		return nil, err
	}
	c, held, err := p.authenticateFor(ctx, r, form, p.grantNamed(form))
	if err != nil {
		return nil, err
	}
	idp.TraceAbout(ctx, idp.About{App: c.ID})
	idp.Note(ctx, slog.String("client", c.ID), slog.String("grant_type", form.Get("grant_type")))
	u := &unit{now: p.now(), grantType: form.Get("grant_type"), client: client{Client: c}, held: held}
	if err := p.prepare(r, u, form); err != nil {
		return nil, err
	}
	ctx = withUnit(ctx, u)
	ar, err := p.core.NewAccessRequest(ctx, withForm(r, form), newSession(""))
	if err != nil {
		return nil, err
	}
	if err := p.stillEntitled(ctx, u); err != nil {
		return nil, err
	}
	if err := narrow(ar, u, form.Get("scope")); err != nil {
		return nil, err
	}
	if err := p.narrowAudience(u, form); err != nil {
		return nil, err
	}
	minted, err := p.core.NewAccessResponse(ctx, ar)
	if err != nil {
		return nil, err
	}
	if err := p.commit(ctx, u); err != nil {
		return nil, err
	}
	if u.grantType == idp.GrantPassword {
		u.traceIssued(ctx, nil) // a sign-in of its own
	}
	idp.Note(ctx, slog.String("subject", u.grant.Subject))
	return answer(minted, ar, u), nil
}

// prepare makes the grants that nothing was made for before.
func (p *Provider) prepare(r *http.Request, u *unit, form url.Values) error {
	switch u.grantType {
	case clientCredentials:
		if err := u.ownGrant(form.Get("scope")); err != nil {
			return err
		}
		return p.grantResources(u, form)
	case idp.GrantPassword:
		if err := p.passwordGrant(r, u, form); err != nil {
			return err
		}
		return p.grantResources(u, form)
	case idp.GrantDevice:
		return p.deviceGrant(r.Context(), u, form)
	}
	return nil
}

// checkGrantType names what fosite would call invalid_request, and what is missing.
func checkGrantType(form url.Values) error {
	switch form.Get("grant_type") {
	case "":
		return refuse(invalidRequest, "The parameter grant_type is missing: use authorization_code, refresh_token or client_credentials.")
	case "authorization_code":
		return present(form, "code", "redirect_uri")
	case "refresh_token":
		return present(form, "refresh_token")
	case idp.GrantPassword:
		return present(form, "username", "password")
	case idp.GrantDevice:
		return present(form, "device_code")
	case clientCredentials:
		return nil
	}
	return refuse(unsupportedGrantType, "The grant_type is not supported: use authorization_code, refresh_token or client_credentials.")
}

func present(form url.Values, names ...string) error {
	for _, name := range names {
		if form.Get(name) == "" {
			return refuse(invalidRequest, "The parameter %s is missing.", name)
		}
	}
	return nil
}

// withForm gives fosite the parameters that were read and checked here.
func withForm(r *http.Request, form url.Values) *http.Request {
	r = r.WithContext(r.Context()) // a copy
	r.Form, r.PostForm = form, form
	return r
}

// stillEntitled asks whether the person and the client may still have this grant. At a
// refresh, a no ends it.
func (p *Provider) stillEntitled(ctx context.Context, u *unit) error {
	err := p.entitled(ctx, u)
	var d *denial
	switch {
	case !errors.As(err, &d):
		return err
	case u.grantType == "refresh_token":
		return after(p.revoke(ctx, u, idp.EventRefreshDenied, d.reason), err)
	case d.reason == notAssigned:
		return after(p.Events.Record(ctx, idp.Event{Name: idp.EventAccessDenied, Subject: u.grant.Subject, App: u.client.ID, Detail: map[string]string{"grant_type": u.grantType}}), err)
	}
	return err
}

// narrow gives a refresh fewer scopes if it asks for fewer (RFC 6749 §6); fosite does
// not. The grant keeps all. A client's own grant was made with what it asked for.
func narrow(ar fosite.AccessRequester, u *unit, asked string) error {
	scopes := strings.Fields(asked)
	if u.grantType == clientCredentials {
		ar.(*fosite.AccessRequest).GrantedScope = u.grant.Scopes
		return nil
	}
	if u.grantType != "refresh_token" || len(scopes) == 0 {
		return nil
	}
	granted := u.scopes()
	for _, scope := range scopes {
		if !slices.Contains(granted, scope) {
			return refuse(invalidScope, "The scope asks for more than the person granted: ask for the same or less.")
		}
	}
	ar.(*fosite.AccessRequest).GrantedScope = slices.DeleteFunc(granted, func(s string) bool { return !slices.Contains(scopes, s) })
	return nil
}

func answer(minted fosite.AccessResponder, ar fosite.AccessRequester, u *unit) *tokenResponse {
	out := &tokenResponse{
		AccessToken: minted.GetAccessToken(), TokenType: "Bearer",
		ExpiresIn: int64(u.accessLife() / time.Second),
		Scope:     strings.Join(ar.GetGrantedScopes(), " "),
	}
	extra := minted.ToMap()
	out.RefreshToken, _ = extra["refresh_token"].(string)
	out.IDToken, _ = extra["id_token"].(string)
	return out
}
