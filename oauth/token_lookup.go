package oauth

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"cloudsso/idp"
)

// presented is a token that somebody holds up, with the grant that it stands for.
type presented struct {
	unit
	access  bool      // an access token; otherwise a refresh token
	issued  time.Time // zero for refresh tokens, which do not say
	expires time.Time
	scopes  []string
}

// lookUp finds the grant of an access or refresh token; which of them it is, the token
// says, and held has the grant if that was read already. What is not ours, or is over, is [invalidToken]; a forged token costs no read.
// Whether the token may still be used is the question of [Provider.alive].
func (p *Provider) lookUp(ctx context.Context, held idp.Holding, token string) (*presented, error) {
	if strings.HasPrefix(token, refreshPrefix) {
		return p.lookUpRefresh(ctx, held, token)
	}
	return p.lookUpAccess(ctx, held, token)
}

func (p *Provider) lookUpAccess(ctx context.Context, held idp.Holding, token string) (*presented, error) {
	if !strings.HasPrefix(token, accessPrefix) && strings.Count(token, ".") == 2 {
		return p.lookUpJWT(ctx, token)
	}
	t, err := p.tokens.readAccess(token)
	now := p.now()
	if err != nil || !now.Before(t.expires) {
		return nil, tokenDead(err)
	}
	g, err := p.grantOf(ctx, &held, t.grantID)
	if err != nil {
		return nil, orDead(err)
	}
	found := &presented{unit{now: now, grant: g, held: held}, true, t.issued, t.expires, selectedScopes(g.Scopes, t.scopes)}
	found.audience = selectedScopes(p.everyAudience(&found.unit), t.aud)
	return found, nil
}

func (p *Provider) lookUpRefresh(ctx context.Context, held idp.Holding, token string) (*presented, error) {
	id, seq, err := p.tokens.readRefresh(token)
	if err != nil {
		return nil, tokenDead(err)
	}
	g, err := p.grantOf(ctx, &held, id)
	if err != nil {
		return nil, orDead(err)
	}
	t := &presented{unit: unit{now: p.now(), grant: g, held: held, seq: seq}, expires: g.RefreshExpiresAt, scopes: g.Scopes}
	t.audience = p.everyAudience(&t.unit)
	if seq < g.RefreshSeq && g.RefreshGraceUntil.Before(t.expires) {
		t.expires = g.RefreshGraceUntil
	}
	return t, nil
}

// alive asks whether the token may be used now: revoked grants, disabled clients, people
// who have left and those who no longer agree end it at once.
func (p *Provider) alive(ctx context.Context, t *presented) error {
	if !t.grant.RevokedAt.IsZero() || !t.access && !t.current() {
		return tokenDead(nil)
	}
	if t.client.Client == nil {
		t.client.Client = t.held.Owner
	}
	if t.client.Client == nil {
		return tokenDead(idp.ErrNotFound)
	}
	if !t.access && !t.client.AllowsGrant("refresh_token") {
		return tokenDead(nil)
	}
	if err := p.entitled(ctx, &t.unit); err != nil {
		return refusedDead(err)
	}
	if t.audience = p.allowedAudience(&t.unit, t.audience); len(t.audience) == 0 {
		return tokenDead(nil)
	}
	still := t.unit.scopes()
	t.scopes = slices.DeleteFunc(slices.Clone(t.scopes), func(s string) bool { return !slices.Contains(still, s) })
	return nil
}

// current: the newest refresh token of its family, or the one before it while it may
// come back for the answer that it already got.
func (t *presented) current() bool {
	latest := t.grant.RefreshSeq
	return (t.seq == latest || t.seq == latest-1) && t.now.Before(t.expires)
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

// refusedDead: whoever would get no tokens now has none.
func refusedDead(err error) error {
	if isFault(err, invalidGrant) {
		return tokenDead(err)
	}
	return err
}
