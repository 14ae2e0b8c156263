package oauth

import (
	"context"
	"iter"
	"log/slog"
	"slices"

	"cloudsso/idp"
)

// Farewell is how one client is told that a session has ended.
type Farewell struct {
	Client, Name string
	// Send tells it by its back channel; nil: it has none. The error wraps [ErrQueued] if it
	// was not reached and [Provider.RetryLogouts] goes on.
	Send func(ctx context.Context) error
	// Visit is its front channel's address for a frame, empty: it has none.
	Visit string
}

// Farewells ends what must not outlive the session that has just ended, and says whom of
// its clients to tell, the one that asked for it too: a client that starts a logout waits
// for its token as all others do. What goes by the back channel is on record by then.
func (p *Provider) Farewells(ctx context.Context, s idp.Session) ([]Farewell, error) {
	grants, err := p.liveGrants(ctx, idp.GrantFilter{SID: s.SID})
	if err == nil {
		err = p.endGrants(ctx, grants)
	}
	if err != nil {
		return nil, err
	}
	var out []Farewell
	var queue []idp.Delivery
	for c, g := range p.participants(ctx, grants) {
		farewell := Farewell{Client: c.ID, Name: c.DisplayName(), Visit: p.visit(c, g)}
		if p.hasBackchannel(c) {
			d := p.delivery(c, g)
			d.Attempts, d.NextAt = 1, d.CreatedAt.Add(logoutLease) // whoever asked makes the first try
			queue = append(queue, d)
			farewell.Send = func(ctx context.Context) error { return p.try(ctx, d) }
		}
		out = append(out, farewell)
	}
	if len(queue) > 0 {
		err = p.Records.CreateDeliveries(ctx, queue)
	}
	return out, err
}

// AccessEnded tells the clients of a person whose access has ended, by the back channel,
// of each session that they may still have, also of one that is long over here; told are
// the SIDs of those that they have heard of already. It is called before the grants are
// revoked. The tokens are on record when it returns; [Provider.RetryLogouts] sends them.
func (p *Provider) AccessEnded(ctx context.Context, subject string, told []string) error {
	grants, err := p.liveGrants(ctx, idp.GrantFilter{Subject: subject})
	if err != nil {
		return err
	}
	var queue []idp.Delivery
	for c, g := range p.participants(ctx, grants) {
		if p.hasBackchannel(c) && !slices.Contains(told, g.SID) {
			queue = append(queue, p.delivery(c, g))
		}
	}
	if len(queue) == 0 {
		return nil
	}
	return p.Records.CreateDeliveries(ctx, queue)
}

// participants are the clients that want to hear of a session, each session of each once.
func (p *Provider) participants(ctx context.Context, grants []idp.Grant) iter.Seq2[*idp.Client, idp.Grant] {
	type participant struct{ client, sid string }
	seen := make(map[participant]bool)
	return func(yield func(*idp.Client, idp.Grant) bool) {
		for _, g := range grants {
			who := participant{g.ClientID, g.SID}
			if g.SID == "" || seen[who] {
				continue
			}
			seen[who] = true
			c, err := p.Records.Client(ctx, g.ClientID)
			if err != nil {
				idp.Note(ctx, slog.String("farewell_"+g.ClientID, err.Error()))
				continue
			}
			if !c.Disabled && c.HearsOfLogout() && !yield(&c, g) {
				return
			}
		}
	}
}

const grantPage = 500

func (p *Provider) liveGrants(ctx context.Context, f idp.GrantFilter) (all []idp.Grant, err error) {
	for after := ""; ; after = all[len(all)-1].ID {
		page, err := p.Records.Grants(ctx, f, idp.Page{After: after, Limit: grantPage})
		if all = append(all, page...); err != nil || len(page) < grantPage {
			return all, err
		}
	}
}

// endGrants ends what must not outlive its session: OpenID Connect Back-Channel Logout
// §2.7 keeps what has offline_access. A code that was not used yet is worth nothing any
// more either way.
func (p *Provider) endGrants(ctx context.Context, grants []idp.Grant) error {
	for _, g := range grants {
		if g.CodeUsedAt.IsZero() || !slices.Contains(g.Scopes, offlineOnly) {
			if _, err := p.Records.RevokeGrant(ctx, g.ID, "session_ended", p.now()); err != nil {
				return err
			}
		}
	}
	return nil
}
