package oauth

import (
	"context"
	"errors"
	"time"

	"cloudsso/idp"
)

// commit is the one write of a token request: a compare-and-swap that somebody else may
// have won.
func (p *Provider) commit(ctx context.Context, u *unit) error {
	switch {
	case u.redeem:
		return p.redeem(ctx, u)
	case u.rotate:
		return p.rotate(ctx, u)
	case u.grantType == idp.GrantPassword:
		return p.begin(ctx, u)
	case u.grantType == idp.GrantDevice:
		return p.beginDevice(ctx, u)
	case u.grantType == clientCredentials:
		return p.createGrant(ctx, u)
	}
	return nil
}

func (p *Provider) redeem(ctx context.Context, u *unit) error {
	r := idp.Redemption{GrantID: u.grant.ID, CodeHash: u.grant.CodeHash, ExpiresAt: u.accessExpires()}
	if u.family {
		r.RefreshSeq, r.RefreshExpiresAt = 1, u.now.Add(refreshLife(u.client.Client))
		r.ExpiresAt = later(r.ExpiresAt, r.RefreshExpiresAt)
	}
	r.ExpiresAt = u.remembered(r.ExpiresAt)
	err := p.Records.RedeemCode(ctx, r, u.now)
	switch {
	case errors.Is(err, idp.ErrReused):
		return after(p.reused(ctx, u), refuse(invalidGrant, "The authorization code has already been used."))
	case errors.Is(err, idp.ErrNotFound):
		return refuse(invalidGrant, "The code has expired.").because(err)
	}
	return err
}

// rotate moves the family on. Who comes second, in a race or inside the grace window,
// holds the same successor as the first, since it is derived, and may keep it as long as
// it is the current one.
func (p *Provider) rotate(ctx context.Context, u *unit) error {
	r := idp.Rotation{
		GrantID: u.grant.ID, Seq: u.seq,
		GraceUntil: u.now.Add(p.RefreshGrace), RefreshExpiresAt: u.now.Add(refreshLife(u.client.Client)),
	}
	// A replay inside the grace window gets an access token too, which must not outlive the row.
	r.ExpiresAt = u.remembered(later(u.accessExpires().Add(p.RefreshGrace), r.RefreshExpiresAt))
	err := p.Records.RotateRefresh(ctx, r)
	switch {
	case errors.Is(err, idp.ErrReused):
		return p.second(ctx, u)
	case errors.Is(err, idp.ErrNotFound):
		return refuse(invalidGrant, "The authorization has ended. The person must sign in again.").because(err)
	}
	return err
}

func (p *Provider) second(ctx context.Context, u *unit) error {
	g, err := p.Records.Grant(ctx, u.grant.ID)
	switch {
	case err != nil:
		return err
	case !g.RevokedAt.IsZero():
		return refuse(invalidGrant, "The authorization has been revoked. The person must sign in again.")
	case g.RefreshSeq == u.seq+1 && u.now.Before(g.RefreshGraceUntil):
		return nil
	}
	return after(p.reused(ctx, u), refuse(invalidGrant, "The refresh token was already used."))
}

// reused ends everything that came of a code or refresh token that was used before: one
// of its holders is a thief, and nobody can tell which (RFC 9700 §4.14.2).
func (p *Provider) reused(ctx context.Context, u *unit) error {
	if u.grantType == "refresh_token" {
		return p.revoke(ctx, u, idp.EventRefreshReused, "refresh_reuse")
	}
	return p.revoke(ctx, u, idp.EventCodeReused, "code_reuse")
}

// after answers with the refusal once the family has ended. If ending it failed, the
// caller is told to try again instead of being told that it is over.
func after(ending, refusal error) error {
	if ending != nil {
		return ending
	}
	return refusal
}

// revoke ends the grant and records why, once.
func (p *Provider) revoke(ctx context.Context, u *unit, event, reason string) error {
	first, err := p.Records.RevokeGrant(ctx, u.grant.ID, reason, u.now)
	if err != nil || !first {
		return err
	}
	return p.Events.Record(ctx, idp.Event{
		Name: event, Subject: u.grant.Subject, App: u.client.ID,
		Detail: map[string]string{"grant": u.grant.ID, "reason": reason},
	})
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
