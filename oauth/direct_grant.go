package oauth

import (
	"context"
	"slices"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/openid"

	"cloudsso/idp"
)

// directGrant is the fosite.TokenEndpointHandler of grants that come into being at the
// token endpoint: by a password or by a device. They are in the unit before fosite is
// asked, so that all that is left is to make the tokens.
type directGrant struct {
	tokens coreTokens
	ids    *openid.IDTokenHandleHelper
}

func (directGrant) CanSkipClientAuth(context.Context, fosite.AccessRequester) bool { return false }

func (directGrant) CanHandleTokenEndpointRequest(context.Context, fosite.AccessRequester) bool {
	return true // config.go asks it about its own grant types only
}

func (directGrant) HandleTokenEndpointRequest(ctx context.Context, r fosite.AccessRequester) error {
	for _, scope := range unitOf(ctx).scopes() {
		r.GrantScope(scope)
	}
	return nil
}

func (d directGrant) PopulateTokenEndpointResponse(ctx context.Context, r fosite.AccessRequester, made fosite.AccessResponder) error {
	u := unitOf(ctx)
	access, _, err := d.tokens.GenerateAccessToken(ctx, r)
	if err != nil {
		return err
	}
	made.SetAccessToken(access)
	made.SetTokenType("Bearer")
	if u.family = slices.Contains(u.scopes(), offlineOnly) && u.client.AllowsGrant(idp.GrantRefresh); u.family {
		refresh, _, err := d.tokens.GenerateRefreshToken(ctx, r)
		if err != nil {
			return err
		}
		made.SetExtra("refresh_token", refresh)
	}
	if !slices.Contains(u.scopes(), "openid") {
		return nil
	}
	return d.ids.IssueExplicitIDToken(ctx, idTokenTTL, r, made)
}

// begin writes the grant with what was made of it.
func (p *Provider) begin(ctx context.Context, u *unit) error {
	u.grant.ExpiresAt = later(u.grant.ExpiresAt, u.accessExpires())
	if u.family {
		u.grant.RefreshSeq, u.grant.RefreshExpiresAt = 1, u.now.Add(refreshLife(u.client.Client))
		u.grant.ExpiresAt = later(u.grant.ExpiresAt, u.grant.RefreshExpiresAt)
	}
	return p.createGrant(ctx, u)
}
