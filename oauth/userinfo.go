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
	u, scopes, err := p.resolve(r.Context(), token)
	if err != nil {
		p.failBearer(w, r, err)
		return
	}
	idp.Note(r.Context(), slog.String("client", u.client.ID), slog.String("subject", u.grant.Subject))
	claims, err := u.personClaims(scopes, true)
	if err != nil {
		p.failBearer(w, r, tokenDead(err))
		return
	}
	claims["sub"] = u.grant.Subject
	writeJSON(w, http.StatusOK, claims)
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

// resolve finds what an access token stands for, as it is now: revoked grants, disabled
// clients and people who have left are dead at once. A forged token costs no read.
func (p *Provider) resolve(ctx context.Context, token string) (*unit, []string, error) {
	u := &unit{now: p.now()}
	t, err := p.tokens.readAccess(token)
	if err != nil || !u.now.Before(t.expires) {
		return nil, nil, tokenDead(err)
	}
	if u.grant, err = p.Records.Grant(ctx, t.grantID); err != nil {
		return nil, nil, orDead(err)
	}
	if u.client.Client, err = p.Records.Client(ctx, u.grant.ClientID); err != nil {
		return nil, nil, orDead(err)
	}
	if !u.grant.RevokedAt.IsZero() || u.client.Disabled {
		return nil, nil, tokenDead(nil)
	}
	if u.person, err = p.People.Person(ctx, u.grant.Subject); err != nil {
		return nil, nil, orDead(err)
	}
	if u.person.Status != idp.Active {
		return nil, nil, tokenDead(nil)
	}
	scopes := selectedScopes(u.grant.Scopes, t.scopes)
	if !slices.Contains(scopes, "openid") {
		return nil, nil, refuse(insufficientScope, "The access token does not have the scope openid, which this endpoint needs.")
	}
	return u, scopes, nil
}

func tokenDead(cause error) *fault {
	return refuse(invalidToken, "The access token is not valid, has expired or was revoked.").because(cause)
}

// orDead: what is not there any more is a dead token; anything else is our trouble.
func orDead(err error) error {
	if errors.Is(err, idp.ErrNotFound) {
		return tokenDead(err)
	}
	return err
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
