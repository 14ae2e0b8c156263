package oauth

import (
	"context"
	"time"

	"github.com/ory/fosite"

	"cloudsso/idp"
)

// tokens is what fosite's oauth2.CoreStrategy needs but access tokens ([coreTokens]). A token's "signature" there is the token
// itself, since nothing is stored under it.

func (t *tokens) AuthorizeCodeSignature(_ context.Context, code string) string { return code }
func (t *tokens) AccessTokenSignature(_ context.Context, token string) string  { return token }
func (t *tokens) RefreshTokenSignature(_ context.Context, token string) string { return token }

func (t *tokens) GenerateAuthorizeCode(ctx context.Context, _ fosite.Requester) (code, signature string, err error) {
	code, err = unitOf(ctx).mintCode()
	return code, code, err
}

func (t *tokens) GenerateRefreshToken(ctx context.Context, _ fosite.Requester) (token, signature string, err error) {
	u := unitOf(ctx)
	token, err = t.newRefresh(u.grant.ID, u.seq+1)
	return token, token, err
}

func (t *tokens) ValidateAuthorizeCode(ctx context.Context, _ fosite.Requester, _ string) error {
	if u := unitOf(ctx); !u.now.Before(u.grant.CodeExpiresAt) {
		return refuse(invalidGrant, "The code has expired: it lives %d seconds.", int(codeTTL/time.Second))
	}
	return nil
}

// ValidateAccessToken is not reached by the handlers in use; userinfo.go checks tokens.
func (t *tokens) ValidateAccessToken(_ context.Context, _ fosite.Requester, token string) error {
	_, err := t.readAccess(token)
	return err
}

func (t *tokens) ValidateRefreshToken(ctx context.Context, _ fosite.Requester, _ string) error {
	if u := unitOf(ctx); !u.now.Before(u.grant.RefreshExpiresAt) {
		return refuse(invalidGrant, "The refresh token has expired: it was not used for too long. The person must sign in again.")
	}
	return nil
}

// expiry of tokens of a client.
func accessLife(c *idp.Client) time.Duration  { return life(c.AccessTokenTTL, accessTTL) }
func refreshLife(c *idp.Client) time.Duration { return life(c.RefreshTokenTTL, refreshTTL) }

func life(seconds int64, normal time.Duration) time.Duration {
	if seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	return normal
}
