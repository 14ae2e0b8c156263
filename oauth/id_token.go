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
	claims, err := u.personClaims(r.GetGrantedScopes(), inIDToken)
	if err != nil {
		return "", err
	}
	access, _ := ctx.Value(fosite.AccessResponseContextKey).(fosite.AccessResponder)
	maps.Copy(claims, t.p.protocolClaims(u, access.GetAccessToken())) // last: nobody else names the subject
	return t.p.signIDToken(ctx, &u.client.Client, claims)
}

func (p *Provider) signIDToken(ctx context.Context, c *idp.Client, claims map[string]any) (string, error) {
	if c.IDTokenSignedResponseAlg == unsigned {
		return signUnsigned(claims)
	}
	return p.sign(ctx, c, c.IDTokenSignedResponseAlg, "JWT", claims)
}

// protocolClaims are those of OpenID Connect Core §2. auth_time is there always: it is
// needed for max_age, and costs nothing.
func (p *Provider) protocolClaims(u *unit, accessToken string) map[string]any {
	g := u.grant
	claims := map[string]any{
		"iss": p.Issuer, "sub": g.Subject, "aud": u.client.ID,
		"iat": u.now.Unix(), "exp": u.now.Add(idTokenTTL).Unix(), "auth_time": g.AuthTime.Unix(),
	}
	setText(claims, "at_hash", leftHash(u.client.IDTokenSignedResponseAlg, accessToken))
	// A refresh answers no authentication request: no nonce (OpenID Connect Core §12.2).
	if u.grantType == "authorization_code" {
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

// place is where claims go.
type place int

const (
	inIDToken place = iota
	inUserInfo
)

// personClaims are the claims about the person: those of the scopes, which are not in the
// ID token unless the client wants them there, those that were asked for by name, and
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
	if where == inUserInfo || u.client.ClaimsInIDToken {
		claims = mapping.Standard(scopes, u.person)
	}
	u.addAsked(claims, wishes)
	rows, err := mapping.Claims(u.client.ClaimsMapping, u.person)
	if err != nil {
		return nil, missingClaim(err)
	}
	maps.Copy(claims, rows)
	return claims, nil
}
