package oauth

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ory/fosite"

	"cloudsso/idp"
	"cloudsso/idp/mapping"
)

const (
	accessTokenType = "at+jwt" // RFC 9068 §2.1; keeps access tokens and ID tokens apart
	formatJWT       = "jwt"
	maxJWTClaims    = 8 << 10 // bytes; larger ones do not fit into the headers of many servers
)

// coreTokens is fosite's oauth2.CoreStrategy with the access token in the client's format.
type coreTokens struct {
	*tokens
	p *Provider
}

func (t coreTokens) GenerateAccessToken(ctx context.Context, r fosite.Requester) (token, signature string, err error) {
	token, err = t.p.mintAccess(ctx, unitOf(ctx), r.GetGrantedScopes())
	return token, token, err
}

// mintAccess makes an access token with these scopes of the unit's grant. Either format
// belongs to the grant and dies with it wherever somebody asks this provider.
func (p *Provider) mintAccess(ctx context.Context, u *unit, scopes []string) (string, error) {
	all := p.chooseAudience(u)
	if u.client.AccessTokenFormat == formatJWT {
		return p.signAccess(ctx, u, scopes)
	}
	return p.tokens.newAccess(u.grant.ID, u.now, u.accessExpires(), selectScopes(u.grant.Scopes, scopes), selectScopes(all, u.audience))
}

// chooseAudience gives the token every audience of the grant unless the request chose
// some, and returns all.
func (p *Provider) chooseAudience(u *unit) []string {
	all := p.everyAudience(u)
	if u.audience == nil {
		u.audience = p.allowedAudience(u, all)
	}
	return all
}

// accessClaims are RFC 9068 §2.2.
type accessClaims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience audience `json:"aud"`
	Expires  int64    `json:"exp"`
	Issued   int64    `json:"iat"`
	ID       string   `json:"jti"` // the grant's, a dot, and a random part
	ClientID string   `json:"client_id"`
	Scope    string   `json:"scope,omitempty"`
	AuthTime int64    `json:"auth_time,omitempty"`
	ACR      string   `json:"acr,omitempty"`
	AMR      []string `json:"amr,omitempty"`
	SID      string   `json:"sid,omitempty"`
}

func (p *Provider) signAccess(ctx context.Context, u *unit, scopes []string) (string, error) {
	body, err := p.accessBody(u, scopes)
	if err != nil {
		return "", err
	}
	return p.sign(ctx, u.client.Client, accessTokenAlg(u.client.Client), accessTokenType, json.RawMessage(body))
}

// accessBody is the token before it is signed.
func (p *Provider) accessBody(u *unit, scopes []string) ([]byte, error) {
	random := make([]byte, 12)
	rand.Read(random)
	g := u.grant
	c := accessClaims{
		Issuer: p.Issuer, Subject: u.subject(), Audience: u.audience,
		Expires: u.accessExpires().Unix(), Issued: u.now.Unix(), ID: g.ID + "." + encoding.EncodeToString(random),
		ClientID: u.client.ID, Scope: strings.Join(scopes, " "), ACR: g.ACR, AMR: g.AMR, SID: g.SID,
	}
	if g.Subject == "" {
		c.Subject = u.client.ID // RFC 9068 §2.2: a client that acts for itself
	} else if !g.AuthTime.IsZero() {
		c.AuthTime = g.AuthTime.Unix()
	}
	body, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	return u.addRights(body, scopes)
}

// accessTokenAlg is the client's algorithm of ID tokens if that has a public key: a
// resource server must be able to check the signature and not to make one (RFC 9068 §2.1).
func accessTokenAlg(c *idp.Client) string {
	if alg := c.IDTokenSignedResponseAlg; alg != "none" && !strings.HasPrefix(alg, "HS") {
		return alg
	}
	return "RS256"
}

// addRights adds groups, roles and entitlements (RFC 9068 §2.2.3.1): those of the scope
// groups and of the client's mapping. So many that the token would not fit into a header
// are left out: introspection and userinfo still work then.
func (u *unit) addRights(body []byte, scopes []string) ([]byte, error) {
	if u.grant.Subject == "" {
		return body, nil
	}
	rights := make(map[string]any)
	if slices.Contains(scopes, "groups") {
		rights = mapping.Standard([]string{"groups"}, u.person)
	}
	rows, err := mapping.Claims(u.client.ClaimsMapping, u.person)
	if err != nil {
		return nil, missingClaim(err)
	}
	maps.Copy(rights, rows)
	maps.DeleteFunc(rights, func(name string, _ any) bool { return name != "groups" && name != "roles" && name != "entitlements" })
	if len(rights) == 0 {
		return body, nil
	}
	more, err := json.Marshal(rights)
	if err != nil || len(body)+len(more) > maxJWTClaims {
		return body, err
	}
	return append(append(body[:len(body)-1], ','), more[1:]...), nil
}

// lookUpJWT finds the grant of an access token in JWT form. The signature was ours; what
// it says is held against the grant, which may have lost something since.
func (p *Provider) lookUpJWT(ctx context.Context, token string) (*presented, error) {
	var c accessClaims
	// Attack: an ID token or a logout token as an access token. Decision: typ (RFC 9068 §4).
	body, err := p.Ring.VerifyJWT(token, accessTokenType)
	if err == nil {
		err = json.Unmarshal(body, &c)
	}
	now, expires := p.now(), time.Unix(c.Expires, 0).UTC()
	grantID, _, found := strings.Cut(c.ID, ".")
	if err == nil && (c.Issuer != p.Issuer || !found || !now.Before(expires)) {
		err = errors.New("another issuer, or over")
	}
	if err != nil {
		return nil, tokenDead(err)
	}
	var held idp.Holding
	g, err := p.grantOf(ctx, &held, grantID)
	switch {
	case err != nil:
		return nil, orDead(err)
	case g.ClientID != c.ClientID:
		return nil, tokenDead(errors.New("another client's grant"))
	}
	t := &presented{unit: unit{now: now, grant: g, held: held}, access: true, issued: time.Unix(c.Issued, 0).UTC(), expires: expires}
	t.scopes = among(g.Scopes, strings.Fields(c.Scope))
	t.unit.audience = among(p.everyAudience(&t.unit), c.Audience)
	return t, nil
}

// among returns those of list that others has too.
func among(list, others []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return !slices.Contains(others, s) })
}
