package oauth

import (
	"context"
	"errors"
	"slices"

	"cloudsso/idp"
	"cloudsso/idp/mapping"
)

// denial is a refusal that ends the grant, not only the request.
type denial struct {
	*fault
	reason string // idp.Grant.Revoked
}

const (
	notAssigned = "user_unassigned" // the reason
	unassigned  = "The person is not assigned to this application."
)

func (d *denial) Unwrap() error { return d.fault }

func deny(reason, sentence string) *denial {
	return &denial{refuse(invalidGrant, "%s", sentence), reason}
}

// entitled says whether a grant may be made or used now, and remembers the person. Every
// grant type asks it every time: whoever checks at the first sign-in only keeps serving
// people who have left (CVE-2026-43983, CVE-2026-1609).
func (p *Provider) entitled(ctx context.Context, u *unit) error {
	if u.client.Disabled {
		return deny("client_disabled", "This application has been switched off by an administrator.")
	}
	if u.grant.GrantType == idp.GrantImplicit && !u.client.AllowImplicit || u.grant.GrantType == idp.GrantPassword && !u.client.AllowPasswordGrant {
		return deny("switched_off", "An administrator no longer allows this application the grant type that its access came from.")
	}
	if u.grant.Subject == "" {
		return nil // the client's own: nobody to ask about
	}
	person, err := p.People.PersonFor(ctx, u.grant.Subject, u.client.ProfileQuery)
	if u.request != nil || u.grantType != "" { // not what resource servers and userinfo ask all day
		idp.TraceDirectory(ctx, person, err)
	}
	switch {
	case errors.Is(err, idp.ErrNotFound):
		return deny("user_gone", "The person has no account any more.")
	case err != nil:
		return err
	case person.Status == idp.Gone:
		return deny("user_gone", "The person has no account any more.")
	case person.Status == idp.PasswordExpired:
		return refuse(invalidGrant, "The person's password has expired: they must sign in again.")
	case person.Status != idp.Active:
		return deny("user_disabled", "The person's account is disabled.")
	case !u.client.Assigned.Allows(person):
		return deny(notAssigned, unassigned)
	}
	if err := p.agreed(ctx, u); err != nil {
		return err
	}
	if err := p.nameSubject(ctx, u); err != nil {
		return err
	}
	u.person, u.custom = person, p.Scopes
	if _, err := mapping.Claims(u.client.ClaimsMapping, person); err != nil {
		return missingClaim(err)
	}
	return nil
}

// agreed checks that the consent is still there. A first-party application needs none, and
// for passwords the switch stands for it.
func (p *Provider) agreed(ctx context.Context, u *unit) error {
	if u.client.FirstParty || u.grant.GrantType == idp.GrantPassword {
		return nil
	}
	c, err := p.consentOf(ctx, u)
	if err != nil {
		return err
	}
	wanted, err := u.askedFor()
	if err != nil {
		return err
	}
	for _, scope := range wanted.scopes(u.grant.Scopes) {
		if !slices.Contains(c.Scopes, scope) {
			return deny("consent_revoked", "The person no longer agrees to what this application was allowed.")
		}
	}
	return nil
}

func missingClaim(err error) error {
	var missing *mapping.MissingError
	if errors.As(err, &missing) {
		return refuse(invalidGrant, "The person's account has no value for a claim that this application requires.").because(err)
	}
	return err
}
