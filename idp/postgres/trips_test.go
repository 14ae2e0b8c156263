package postgres_test

import (
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/postgres"
)

// Each verb on the way of a sign-in is one round trip, once its statement is prepared.
func TestAVerbIsOneRoundTrip(t *testing.T) {
	t.Parallel()
	r := rig(t, pg.Database(t), postgres.Options{MaxConns: 1}, nil)
	ctx, now := t.Context(), time.Now()
	end := now.Add(time.Hour)
	for _, row := range []struct {
		name  string
		trips int64
		verb  func(id string) error
	}{
		{"CreateGrant", 1, func(id string) error {
			return r.CreateGrant(ctx, idp.Grant{ID: id, CodeHash: id, CodeExpiresAt: end}, idp.Event{})
		}},
		{"CreateGrant with its Event", 1, func(id string) error {
			return r.CreateGrant(ctx, idp.Grant{ID: "told" + id}, idp.Event{ID: "told" + id, Name: idp.EventGrantCreated})
		}},
		{"RedeemCode", 1, func(id string) error {
			return r.RedeemCode(ctx, idp.Redemption{GrantID: id, CodeHash: id, RefreshSeq: 1}, now)
		}},
		{"RotateRefresh", 1, func(id string) error { return r.RotateRefresh(ctx, idp.Rotation{GrantID: id, Seq: 1}) }},
		{"Grant", 1, func(id string) error { _, err := r.Grant(ctx, id); return err }},
		{"Holding: client, grant and consent", 1, func(id string) error { _, err := r.Holding(ctx, "wiki", id); return err }},
		{"RevokeGrant", 1, func(id string) error { _, err := r.RevokeGrant(ctx, id, "x", now); return err }},
		{"CreateFlow", 1, func(id string) error { return r.CreateFlow(ctx, idp.Flow{ID: id, ExpiresAt: end}) }},
		{"UpdateFlow", 1, func(id string) error { return r.UpdateFlow(ctx, idp.Flow{ID: id, Version: 1, ExpiresAt: end}) }},
		{"TakeFlow", 1, func(id string) error { _, err := r.TakeFlow(ctx, id); return err }},
		{"CreateSession", 1, func(id string) error { return r.CreateSession(ctx, idp.Session{ID: id, ExpiresAt: end}) }},
		{"UpdateSession", 1, func(id string) error {
			return r.UpdateSession(ctx, idp.Session{ID: id, Version: 1, ExpiresAt: end})
		}},
		{"DeleteSession", 1, func(id string) error { _, err := r.DeleteSession(ctx, id); return err }},
		{"CreateTicket", 1, func(id string) error { return r.CreateTicket(ctx, idp.Ticket{Kind: "k", ID: id, ExpiresAt: end}) }},
		{"UpdateTicket", 1, func(id string) error {
			return r.UpdateTicket(ctx, idp.Ticket{Kind: "k", ID: id, Version: 1, ExpiresAt: end})
		}},
		{"TakeTicket", 1, func(id string) error { _, err := r.TakeTicket(ctx, "k", id); return err }},
		{"SeenOnce", 1, func(id string) error { return r.SeenOnce(ctx, id, end) }},
		{"Count", 1, func(id string) error { _, err := r.Count(ctx, id, time.Hour); return err }},
		{"Counted", 1, func(id string) error { _, err := r.Counted(ctx, id); return err }},
		{"AppendEvent", 1, func(id string) error { return r.AppendEvent(ctx, idp.Event{ID: id}) }},
		{"CreateDeliveries, however many", 1, func(id string) error {
			return r.CreateDeliveries(ctx, []idp.Delivery{{ID: id, ExpiresAt: end}, {ID: "second " + id, ExpiresAt: end}, {ID: "third " + id, ExpiresAt: end}})
		}},
		{"ClaimDeliveries", 1, func(string) error { _, err := r.ClaimDeliveries(ctx, now, end, 100); return err }},
		{"SettleDelivery", 1, func(id string) error { return r.SettleDelivery(ctx, idp.Delivery{ID: id, Attempts: 1, DoneAt: now}) }},
		{"Grants of a subject", 1, func(id string) error {
			_, err := r.Grants(ctx, idp.GrantFilter{Subject: "alice"}, idp.Page{Limit: 10})
			return err
		}},
		{"Subject of somebody known", 1, func(string) error { _, err := r.Subject(ctx, "d", "known", "s"); return err }},
		{"GiveConsent: one to read, one to write", 2, func(id string) error {
			return r.GiveConsent(ctx, idp.Consent{Subject: id, ClientID: "c", Scopes: []string{"openid"}})
		}},
		{"User", 1, func(string) error { _, err := r.UsersByEmail(ctx, "u@example.com"); return err }},
	} {
		for _, id := range []string{"warm", "measured"} {
			before := r.wire.sent.Load()
			wants(t, row.verb(id), nil)
			if trips := r.wire.sent.Load() - before; id == "measured" && trips != row.trips {
				t.Errorf("%s takes %d round trips, want %d", row.name, trips, row.trips)
			}
		}
	}
}
