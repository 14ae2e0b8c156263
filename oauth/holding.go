package oauth

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"cloudsso/idp"
)

// grantNamed is the id of the grant that a token request names, "" if it names none.
// Nothing follows from it but what is read: whether the code or token is right, whoever
// uses the grant asks.
func (p *Provider) grantNamed(form url.Values) (id string) {
	switch form.Get("grant_type") {
	case idp.GrantCode:
		id, _ = codeGrant(form.Get("code"))
	case "refresh_token":
		id, _, _ = p.tokens.readRefresh(form.Get("refresh_token"))
	}
	return id
}

// grantIn is grantNamed for a token. One in JWT form is opened later.
func (p *Provider) grantIn(token string) (id string) {
	if strings.HasPrefix(token, refreshPrefix) {
		id, _, _ = p.tokens.readRefresh(token)
		return id
	}
	t, _ := p.tokens.readAccess(token)
	return t.grantID
}

// grantOf returns the grant with this id: from held, or after reading it into held.
func (p *Provider) grantOf(ctx context.Context, held *idp.Holding, id string) (idp.Grant, error) {
	if held.Grant.ID != id {
		var err error
		if *held, err = p.Records.Holding(ctx, "", id); err != nil {
			return idp.Grant{}, err
		}
	}
	if held.Grant.ID == "" {
		return idp.Grant{}, idp.ErrNotFound
	}
	return held.Grant, nil
}

// consentOf is what the person agreed to, as it was when the grant was read; nothing if
// they did not.
func (p *Provider) consentOf(ctx context.Context, u *unit) (idp.Consent, error) {
	if u.held.Grant.ID == u.grant.ID {
		return u.held.Consent, nil
	}
	c, err := p.Records.Consent(ctx, u.grant.Subject, u.client.ID)
	if errors.Is(err, idp.ErrNotFound) {
		err = nil
	}
	return c, err
}
