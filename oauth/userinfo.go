package oauth

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"cloudsso/idp"
)

// UserInfo is the userinfo endpoint (OpenID Connect Core §5.3), for GET and POST.
func (p *Provider) UserInfo(w http.ResponseWriter, r *http.Request) {
	if cors(w, r, http.MethodGet+", "+http.MethodPost) {
		return
	}
	token, err := bearer(w, r)
	if err != nil {
		p.failBearer(w, r, err)
		return
	}
	t, err := p.resolve(r.Context(), token)
	if err != nil {
		p.failBearer(w, r, err)
		return
	}
	idp.Note(r.Context(), slog.String("client", t.client.ID), slog.String("subject", t.grant.Subject))
	claims, err := t.personClaims(t.scopes, inUserInfo)
	if err != nil {
		p.failBearer(w, r, refusedDead(err))
		return
	}
	claims["sub"] = t.grant.Subject
	p.writeUserInfo(w, r, &t.client.Client, claims)
}

// writeUserInfo answers in JSON, or signed if the client registered for that (OpenID
// Connect Core §5.3.2).
func (p *Provider) writeUserInfo(w http.ResponseWriter, r *http.Request, c *idp.Client, claims map[string]any) {
	alg := c.UserInfoSignedResponseAlg
	if alg == "" {
		writeJSON(w, http.StatusOK, claims)
		return
	}
	claims["iss"], claims["aud"] = p.Issuer, c.ID
	token, err := p.sign(r.Context(), c, alg, "JWT", claims)
	if err != nil {
		p.failBearer(w, r, err)
		return
	}
	writeJWT(w, "application/jwt", token)
}

// errNoToken: nothing was presented, which is not a fault yet (RFC 6750 §3.1).
var errNoToken = errors.New("no access token was presented")

// bearer takes the access token from the header or the form body, never from the query,
// which ends in logs (RFC 6750 §2, RFC 9700 §4.3.2).
func bearer(w http.ResponseWriter, r *http.Request) (string, error) {
	header := r.Header.Values("Authorization")
	form := url.Values{}
	// A POST without a form is fine: the header has the token (§2.1).
	if r.Method == http.MethodPost && strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		var err error
		if form, err = readForm(w, r); err != nil {
			return "", err
		}
		if err := single(form); err != nil {
			return "", err
		}
	}
	switch {
	case r.URL.Query().Has("access_token"):
		return "", refuse(invalidRequest, "The access token must not be in the query: send it in the Authorization header.")
	case len(header)+len(form["access_token"]) > 1:
		return "", refuse(invalidRequest, "The access token is sent more than once.")
	case form.Has("access_token"):
		return form.Get("access_token"), nil
	case len(header) == 0:
		return "", errNoToken
	}
	scheme, token, _ := strings.Cut(header[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", errNoToken
	}
	return strings.TrimSpace(token), nil
}

// resolve finds what an access token stands for, as it is now. A token of a client that
// acts for itself is nobody's.
func (p *Provider) resolve(ctx context.Context, token string) (*presented, error) {
	t, err := p.lookUpAccess(ctx, token)
	if err != nil {
		return nil, err
	}
	if err := p.alive(ctx, t); err != nil {
		return nil, err
	}
	if t.grant.Subject == "" || !slices.Contains(t.scopes, "openid") {
		return nil, refuse(insufficientScope, "The access token does not have the scope openid, which this endpoint needs.")
	}
	return t, nil
}

// failBearer answers the caller of a protected resource (RFC 6750 §3).
func (p *Provider) failBearer(w http.ResponseWriter, r *http.Request, err error) {
	challenge := `Bearer realm="` + p.Issuer + `"`
	if errors.Is(err, errNoToken) {
		w.Header().Set("WWW-Authenticate", challenge)
		writeJSON(w, http.StatusUnauthorized, errorBody{invalidRequest, "An access token is needed: send it as 'Authorization: Bearer ...'."})
		return
	}
	e := asFault(err)
	note(r, e)
	if e.httpStatus() < http.StatusInternalServerError {
		challenge += `, error="` + e.name + `", error_description="` + describe(e.Public) + `"`
		if e.name == insufficientScope {
			challenge += `, scope="openid"`
		}
		w.Header().Set("WWW-Authenticate", challenge)
	}
	writeJSON(w, e.httpStatus(), errorBody{e.name, describe(e.Public)})
}
