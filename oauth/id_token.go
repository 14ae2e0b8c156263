package oauth

import (
	"context"
	"maps"
	"time"

	"github.com/ory/fosite"

	"cloudsso/idp"
	"cloudsso/idp/mapping"
)

// idTokens is fosite's openid.OpenIDConnectTokenStrategy. fosite's own judges prompt and
// max_age again by its own clock and refuses short nonces.
type idTokens struct{ p *Provider }

// GenerateIDToken signs the one token of a sign-in with the client's algorithm.
func (t idTokens) GenerateIDToken(ctx context.Context, _ time.Duration, r fosite.Requester) (string, error) {
	u := unitOf(ctx)
	claims, err := t.p.idTokenClaims(u, r.GetGrantedScopes())
	if err != nil {
		return "", err
	}
	accessToken, code := handedOut(ctx)
	u.bind(claims, accessToken, code)
	return t.p.signIDToken(ctx, u.client.Client, claims)
}

// idTokenClaims are all but those that bind the token to its request.
func (p *Provider) idTokenClaims(u *unit, scopes []string) (map[string]any, error) {
	claims, err := u.personClaims(scopes, inIDToken)
	if err != nil {
		return nil, err
	}
	maps.Copy(claims, p.protocolClaims(u)) // last: nobody else names the subject
	return claims, nil
}

func (p *Provider) signIDToken(ctx context.Context, c *idp.Client, claims map[string]any) (string, error) {
	if c.IDTokenSignedResponseAlg == unsigned {
		return signUnsigned(claims)
	}
	return p.sign(ctx, c, c.IDTokenSignedResponseAlg, "JWT", claims)
}

// protocolClaims are those of OpenID Connect Core §2. auth_time is there always: it is
// needed for max_age, and costs nothing.
func (p *Provider) protocolClaims(u *unit) map[string]any {
	g := u.grant
	claims := map[string]any{
		"iss": p.Issuer, "sub": u.subject(), "aud": u.client.ID,
		"iat": u.now.Unix(), "exp": u.now.Add(idTokenTTL).Unix(), "auth_time": g.AuthTime.Unix(),
	}
	// A refresh answers no authentication request: no nonce (OpenID Connect Core §12.2).
	if u.request != nil || u.grantType == idp.GrantCode {
		setText(claims, "nonce", g.Nonce)
	}
	setText(claims, "sid", g.SID)
	setText(claims, "acr", g.ACR)
	if len(g.AMR) > 0 {
		claims["amr"] = g.AMR
	}
	return claims
}

func setText(claims map[string]any, name, value string) {
	if value != "" {
		claims[name] = value
	}
}

// handedOut is what goes beside the ID token in the same answer.
func handedOut(ctx context.Context) (accessToken, code string) {
	if made, ok := ctx.Value(fosite.AuthorizeResponseContextKey).(fosite.AuthorizeResponder); ok {
		return made.GetParameters().Get("access_token"), made.GetCode()
	}
	made, _ := ctx.Value(fosite.AccessResponseContextKey).(fosite.AccessResponder)
	return made.GetAccessToken(), ""
}

// bind ties the ID token to what comes with it, so that none of it can be exchanged on
// the way through the browser (OpenID Connect Core §3.1.3.6, §3.3.2.11; s_hash: FAPI 1
// Part 2 §5.1).
func (u *unit) bind(claims map[string]any, accessToken, code string) {
	state := ""
	if u.request != nil {
		state = u.request.state
	}
	for name, value := range map[string]string{"at_hash": accessToken, "c_hash": code, "s_hash": state} {
		if value != "" {
			setText(claims, name, leftHash(u.client.IDTokenSignedResponseAlg, value))
		}
	}
}

// place is where claims go.
type place int

const (
	inIDToken place = iota
	inUserInfo
)

// onlyIDToken: there will be no access token to ask userinfo with (OpenID Connect Core
// §5.4).
func (u *unit) onlyIDToken() bool { return u.request != nil && u.request.response == "id_token" }

// personClaims are the claims about the person: those of the scopes, which are not in the
// ID token unless the client wants them there or gets nothing else, those that were asked for by name, and
// above them what the client's mapping says.
func (u *unit) personClaims(scopes []string, where place) (map[string]any, error) {
	q, err := u.askedFor()
	if err != nil {
		return nil, err
	}
	claims, wishes := make(map[string]any), q.IDToken
	if where == inUserInfo {
		wishes = q.UserInfo
	}
	if where == inUserInfo || u.client.ClaimsInIDToken || u.onlyIDToken() {
		if claims, err = u.scopeClaims(scopes); err != nil {
			return nil, err
		}
	}
	u.addAsked(claims, wishes)
	rows, err := mapping.Claims(u.client.ClaimsMapping, u.person)
	if err != nil {
		return nil, missingClaim(err)
	}
	maps.Copy(claims, rows)
	return claims, nil
}
