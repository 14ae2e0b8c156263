package oauth

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"cloudsso/idp"
)

// UserInfo is the userinfo endpoint (OpenID Connect Core §5.3), for GET and POST.
func (p *Provider) UserInfo(w http.ResponseWriter, r *http.Request) {
	if cors(w, r, http.MethodGet+", "+http.MethodPost) {
		return
	}
	token, where, err := bearer(w, r)
	if err != nil {
		p.failBearer(w, r, err)
		return
	}
	t, err := p.resolve(r.Context(), token)
	if err == nil {
		err = allowsPlace(w, r, t, where)
	}
	if err != nil {
		p.failBearer(w, r, err)
		return
	}
	idp.Note(r.Context(), slog.String("client", t.client.ID), slog.String("subject", t.grant.Subject))
	claims, err := t.userInfoClaims(t.scopes)
	if err != nil {
		p.failBearer(w, r, refusedDead(err))
		return
	}
	p.writeUserInfo(w, r, t.client.Client, claims)
}

func (u *unit) userInfoClaims(scopes []string) (map[string]any, error) {
	claims, err := u.personClaims(scopes, inUserInfo)
	if err != nil {
		return nil, err
	}
	claims["sub"] = u.subject()
	return claims, nil
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

// tokenPlace is where an access token stood in the request (RFC 6750 §2).
type tokenPlace int

const (
	inHeader tokenPlace = iota
	inBody
	inQuery
)

// bearer takes the access token from the header, the form body or the query; exactly one
// of them has it (RFC 6750 §2).
func bearer(w http.ResponseWriter, r *http.Request) (string, tokenPlace, error) {
	header, query := r.Header.Values("Authorization"), r.URL.Query()["access_token"]
	body, err := bodyTokens(w, r)
	switch {
	case err != nil:
		return "", 0, err
	case len(header)+len(body)+len(query) > 1:
		return "", 0, refuse(invalidRequest, "The access token is sent more than once.")
	case len(query) == 1:
		return query[0], inQuery, nil
	case len(body) == 1:
		return body[0], inBody, nil
	case len(header) == 0:
		return "", 0, errNoToken
	}
	scheme, token, _ := strings.Cut(header[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", 0, errNoToken
	}
	return strings.TrimSpace(token), inHeader, nil
}

// bodyTokens are those of a posted form. A POST without a form is fine: the header has
// the token.
func bodyTokens(w http.ResponseWriter, r *http.Request) ([]string, error) {
	if r.Method != http.MethodPost || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return nil, nil
	}
	body, err := readBody(w, r)
	if err != nil {
		return nil, err
	}
	form, err := parseForm(body)
	if err != nil {
		return nil, err
	}
	return form["access_token"], single(form)
}

// allowsPlace: an address with a token in it ends in logs and histories (RFC 6750 §5.3,
// RFC 9700 §4.3.2), so only a client that an administrator has switched on may send it
// there, by GET. Caches are told by both words of RFC 6750 §2.3.
func allowsPlace(w http.ResponseWriter, r *http.Request, t *presented, where tokenPlace) error {
	switch {
	case where != inQuery:
		return nil
	case !t.client.AllowAccessTokenInQuery || r.Method == http.MethodPost:
		return refuse(invalidRequest, "The access token must not be in the query: send it in the Authorization header.")
	}
	idp.Note(r.Context(), slog.String("legacy", "access_token_in_query"))
	w.Header().Set("Cache-Control", "private, no-store")
	return nil
}

// resolve finds what an access token stands for, as it is now. A token of a client that
// acts for itself is nobody's.
func (p *Provider) resolve(ctx context.Context, token string) (*presented, error) {
	t, err := p.lookUpAccess(ctx, idp.Holding{}, token)
	if err != nil {
		return nil, err
	}
	if err := p.alive(ctx, t); err != nil {
		return nil, err
	}
	if !slices.Contains(t.audience, p.Issuer) {
		// Attack: a resource server holds up here what was given to it, and reads about the
		// person (RFC 8707 §3). Decision: the audience counts.
		return nil, refuse(invalidToken, "The access token was issued for other resource servers than this endpoint.")
	}
	if t.grant.Subject == "" || !slices.Contains(t.scopes, "openid") && !t.client.UserinfoWithoutOpenID {
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
