package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"cloudsso/idp"
)

func grants(t *testing.T, s idp.Records, _ *clock) {
	fresh := func() idp.Grant {
		g := Filled[idp.Grant]("grant")
		g.ID = "g"
		return g
	}
	given := fresh()
	ok(t, s.CreateGrant(t.Context(), given, idp.Event{}))
	scramble(&given)
	for range 2 {
		got, err := s.Grant(t.Context(), "g")
		ok(t, err)
		same(t, got, fresh())
		scramble(&got)
	}
	fails(t, s.CreateGrant(t.Context(), idp.Grant{ID: "g"}, idp.Event{}), idp.ErrConflict)
	ok(t, s.CreateGrant(t.Context(), idp.Grant{ID: "G"}, idp.Event{}))
	read(t, idp.Grant{ID: "G"}, s.Grant, "G")
	_, err := s.Grant(t.Context(), "nobody")
	fails(t, err, idp.ErrNotFound)
}

func grantAndEvent(t *testing.T, s idp.Records, _ *clock) {
	told := func(id string) idp.Event {
		e := Filled[idp.Event]("event")
		e.ID = id
		return e
	}
	given := told("e")
	ok(t, s.CreateGrant(t.Context(), idp.Grant{ID: "g"}, given))
	scramble(&given)
	ok(t, s.CreateGrant(t.Context(), idp.Grant{ID: "untold"}, idp.Event{ID: "has no name"}))
	ok(t, found(t.Context(), s.Grant, "untold"))
	list, err := s.Events(t.Context(), idp.EventFilter{}, idp.Page{Limit: 10})
	ok(t, err)
	sameIDs(t, ids(list, eventID), "e")
	same(t, list[0], told("e"))

	fails(t, s.CreateGrant(t.Context(), idp.Grant{ID: "other"}, told("e")), idp.ErrConflict)
	fails(t, found(t.Context(), s.Grant, "other"), idp.ErrNotFound)
	fails(t, s.CreateGrant(t.Context(), idp.Grant{ID: "g", Subject: "another"}, told("new")), idp.ErrConflict)
	read(t, idp.Grant{ID: "g"}, s.Grant, "g")
	fails(t, found(t.Context(), allEvents(s), idp.Page{After: "new", Limit: 1}), idp.ErrNotFound)
	ok(t, s.CreateGrant(t.Context(), idp.Grant{ID: "other"}, told("new"))) // nothing of the two was left
	list, err = s.Events(t.Context(), idp.EventFilter{}, idp.Page{Limit: 10})
	ok(t, err)
	sameIDs(t, ids(list, eventID), "new", "e")
}

// coded is a grant with a code that lives a minute.
func coded(id string, now time.Time) idp.Grant {
	return idp.Grant{
		ID: id, ClientID: "app", Subject: "alice", SessionID: "session", CodeHash: "hash-" + id,
		CodeExpiresAt: now.Add(time.Minute), CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	}
}

func redeemCode(t *testing.T, s idp.Records, c *clock) {
	now := c.Now()
	g := coded("g", now)
	ok(t, s.CreateGrant(t.Context(), g, idp.Event{}))
	r := idp.Redemption{GrantID: "g", CodeHash: "hash-g", RefreshSeq: 1, RefreshExpiresAt: now.Add(2 * time.Hour), ExpiresAt: now.Add(3 * time.Hour)}

	for name, wrong := range map[string]idp.Redemption{
		"another hash": {GrantID: "g", CodeHash: "hash-G"}, "no hash": {GrantID: "g"}, "another grant": {GrantID: "G", CodeHash: "hash-g"},
	} {
		if err := s.RedeemCode(t.Context(), wrong, now); !errors.Is(err, idp.ErrNotFound) {
			t.Fatalf("%s: %v, want ErrNotFound", name, err)
		}
	}
	fails(t, s.RedeemCode(t.Context(), r, now.Add(time.Minute)), idp.ErrNotFound) // expired
	read(t, g, s.Grant, "g")

	at := now.Add(time.Minute - time.Second)
	ok(t, s.RedeemCode(t.Context(), r, at))
	g.CodeUsedAt, g.RefreshSeq, g.RefreshExpiresAt, g.ExpiresAt = at, 1, r.RefreshExpiresAt, r.ExpiresAt
	read(t, g, s.Grant, "g")
	for _, later := range []time.Time{now, at, now.Add(24 * time.Hour)} { // a used code is reuse even after its time
		fails(t, s.RedeemCode(t.Context(), r, later), idp.ErrReused)
	}
	fails(t, s.RedeemCode(t.Context(), idp.Redemption{GrantID: "g", CodeHash: "other"}, at), idp.ErrNotFound)
	read(t, g, s.Grant, "g")

	ok(t, s.CreateGrant(t.Context(), coded("revoked", now), idp.Event{}))
	_, err := s.RevokeGrant(t.Context(), "revoked", "logout", now)
	ok(t, err)
	fails(t, s.RedeemCode(t.Context(), idp.Redemption{GrantID: "revoked", CodeHash: "hash-revoked"}, now), idp.ErrReused)

	ok(t, s.CreateGrant(t.Context(), idp.Grant{ID: "codeless", CodeExpiresAt: now.Add(time.Hour)}, idp.Event{}))
	fails(t, s.RedeemCode(t.Context(), idp.Redemption{GrantID: "codeless"}, now), idp.ErrNotFound)
}

func rotateRefresh(t *testing.T, s idp.Records, c *clock) {
	now := c.Now()
	g := coded("g", now)
	g.RefreshSeq = 1
	ok(t, s.CreateGrant(t.Context(), g, idp.Event{}))
	r := idp.Rotation{GrantID: "g", Seq: 1, GraceUntil: now.Add(time.Second), RefreshExpiresAt: now.Add(2 * time.Hour), ExpiresAt: now.Add(3 * time.Hour)}
	for seq := int64(1); seq < 4; seq++ {
		for _, wrong := range []int64{seq - 1, seq + 1, 0, -1} {
			bad := r
			bad.Seq = wrong
			fails(t, s.RotateRefresh(t.Context(), bad), idp.ErrReused)
		}
		r.Seq = seq
		r.GraceUntil = r.GraceUntil.Add(time.Second)
		ok(t, s.RotateRefresh(t.Context(), r))
		g.RefreshSeq, g.RefreshGraceUntil, g.RefreshExpiresAt, g.ExpiresAt = seq+1, r.GraceUntil, r.RefreshExpiresAt, r.ExpiresAt
		read(t, g, s.Grant, "g")
	}
	fails(t, s.RotateRefresh(t.Context(), idp.Rotation{GrantID: "nobody", Seq: 1}), idp.ErrNotFound)

	// A grant without a family does not get one by rotation.
	ok(t, s.CreateGrant(t.Context(), coded("none", now), idp.Event{}))
	fails(t, s.RotateRefresh(t.Context(), idp.Rotation{GrantID: "none", Seq: 0}), idp.ErrReused)
	read(t, coded("none", now), s.Grant, "none")

	_, err := s.RevokeGrant(t.Context(), "g", "logout", now)
	ok(t, err)
	r.Seq = 4
	fails(t, s.RotateRefresh(t.Context(), r), idp.ErrReused)
}

func revokeGrant(t *testing.T, s idp.Records, c *clock) {
	now := c.Now()
	g := coded("g", now)
	ok(t, s.CreateGrant(t.Context(), g, idp.Event{}))
	ok(t, s.CreateGrant(t.Context(), coded("G", now), idp.Event{}))
	for i, want := range []bool{true, false} {
		did, err := s.RevokeGrant(t.Context(), "g", []string{"first", "second"}[i], now.Add(time.Duration(i)*time.Second))
		ok(t, err)
		if did != want {
			t.Fatalf("revocation %d: did it = %v, want %v", i+1, did, want)
		}
		g.Revoked, g.RevokedAt = "first", now
		read(t, g, s.Grant, "g")
	}
	read(t, coded("G", now), s.Grant, "G")
	if did, err := s.RevokeGrant(t.Context(), "nobody", "x", now); did || err != nil {
		t.Fatalf("an unknown grant: %v, %v, want false, nil", did, err)
	}
}

func revokeGrants(t *testing.T, s idp.Records, c *clock) {
	now := c.Now()
	live := func() (left string) {
		for _, id := range []string{"1", "2", "3", "4", "5", "6"} {
			g, err := s.Grant(t.Context(), id)
			ok(t, err)
			if g.RevokedAt.IsZero() {
				left += id
			}
		}
		return left
	}
	for _, g := range []idp.Grant{
		{ID: "1", Subject: "alice", ClientID: "a", SessionID: "x"},
		{ID: "2", Subject: "alice", ClientID: "a", SessionID: "y"},
		{ID: "3", Subject: "alice", ClientID: "b", SessionID: "x"},
		{ID: "4", Subject: "bob", ClientID: "a", SessionID: "z"},
		{ID: "5", Subject: "Alice", ClientID: "A", SessionID: "X"},
		{ID: "6", ClientID: "a"},
	} {
		ok(t, s.CreateGrant(t.Context(), g, idp.Event{}))
	}
	if n, err := s.RevokeGrants(t.Context(), idp.GrantFilter{}, "x", now); err == nil || n != 0 {
		t.Fatalf("an empty filter: %d, %v, want an error", n, err)
	}
	for _, row := range []struct {
		filter idp.GrantFilter
		n      int
		live   string
	}{
		{idp.GrantFilter{Subject: "nobody"}, 0, "123456"},
		{idp.GrantFilter{Subject: "alice", ClientID: "a", SessionID: "x"}, 1, "23456"},
		{idp.GrantFilter{Subject: "alice", SessionID: "x"}, 1, "2456"},
		{idp.GrantFilter{Subject: "bob", ClientID: "b"}, 0, "2456"},
		{idp.GrantFilter{SessionID: "z"}, 1, "256"},
		{idp.GrantFilter{Subject: "alice"}, 1, "56"},
		{idp.GrantFilter{ClientID: "a"}, 1, "5"},
		{idp.GrantFilter{ClientID: "a"}, 0, "5"},
	} {
		n, err := s.RevokeGrants(t.Context(), row.filter, "reason", now)
		ok(t, err)
		if n != row.n || live() != row.live {
			t.Fatalf("%+v revoked %d, live %s; want %d, live %s", row.filter, n, live(), row.n, row.live)
		}
	}
	g, err := s.Grant(t.Context(), "2")
	ok(t, err)
	if g.Revoked != "reason" || !g.RevokedAt.Equal(now.Truncate(time.Microsecond)) {
		t.Fatalf("revoked %q at %v", g.Revoked, g.RevokedAt)
	}
}

func listGrants(t *testing.T, s idp.Records, c *clock) {
	now := c.Now()
	gone, over, endless := coded("gone", now), coded("over", now), idp.Grant{ID: "7", Subject: "carol"}
	gone.RevokedAt, gone.Revoked, over.ExpiresAt = now, "x", now
	first := Filled[idp.Grant]("first")
	first.ID, first.Subject, first.SID, first.RevokedAt, first.ExpiresAt = "1", "bob", "sid-b", time.Time{}, now.Add(time.Minute)
	for _, g := range []idp.Grant{
		{ID: "3", Subject: "alice", ClientID: "b", SessionID: "x", SID: "sid-x", ExpiresAt: now.Add(time.Hour)},
		{ID: "2", Subject: "alice", ClientID: "a", SessionID: "x", SID: "sid-x", ExpiresAt: now.Add(time.Hour)},
		{ID: "4", Subject: "alice", ClientID: "a", SessionID: "y", SID: "sid-y", ExpiresAt: now.Add(time.Hour)},
		{ID: "5", Subject: "Alice", ClientID: "A", SessionID: "X", SID: "SID-X", ExpiresAt: now.Add(time.Hour)},
		{ID: "6", ClientID: "a", ExpiresAt: now.Add(time.Hour)},
		first, gone, over, endless,
	} {
		ok(t, s.CreateGrant(t.Context(), g, idp.Event{}))
	}
	want := func(f idp.GrantFilter, p idp.Page, want ...string) []idp.Grant {
		t.Helper()
		list, err := s.Grants(t.Context(), f, p)
		ok(t, err)
		sameIDs(t, ids(list, func(g *idp.Grant) *string { return &g.ID }), want...)
		return list
	}
	all := idp.Page{Limit: 100}
	for range 2 {
		list := want(idp.GrantFilter{Subject: "bob"}, all, "1")
		same(t, list[0], first)
		scramble(&list)
	}
	want(idp.GrantFilter{}, all, "1", "2", "3", "4", "5", "6", "7")
	want(idp.GrantFilter{}, idp.Page{After: "2", Limit: 2}, "3", "4")
	want(idp.GrantFilter{Subject: "alice"}, all, "2", "3", "4")
	want(idp.GrantFilter{Subject: "alice"}, idp.Page{After: "2", Limit: 1}, "3")
	want(idp.GrantFilter{Subject: "alice"}, idp.Page{After: "4", Limit: 1})
	want(idp.GrantFilter{ClientID: "a"}, all, "2", "4", "6")
	want(idp.GrantFilter{SessionID: "x"}, all, "2", "3")
	want(idp.GrantFilter{SID: "sid-x"}, all, "2", "3")
	want(idp.GrantFilter{Subject: "alice", ClientID: "a", SessionID: "y", SID: "sid-y"}, all, "4")
	want(idp.GrantFilter{Subject: "alice", SID: "sid-b"}, all)
	want(idp.GrantFilter{ClientID: "app"}, all) // revoked, over
	if n, err := s.RevokeGrants(t.Context(), idp.GrantFilter{SID: "sid-x", ClientID: "a"}, "x", now); n != 1 || err != nil {
		t.Fatalf("revoked %d, %v, want 1", n, err)
	}
	want(idp.GrantFilter{SID: "sid-x"}, all, "3")
	c.forward(time.Minute)
	want(idp.GrantFilter{Subject: "bob"}, all)
	c.forward(100 * 24 * time.Hour)
	want(idp.GrantFilter{}, all, "7")
	if _, err := s.Grants(t.Context(), idp.GrantFilter{Subject: "alice"}, idp.Page{}); !invalid(err) {
		t.Fatalf("a page without limit: %v, want a refusal", err)
	}
}

func sweepRecords(t *testing.T, s idp.Records, c *clock) {
	now := c.Now()
	for _, id := range []string{"1", "2", "3", "4", "5"} {
		g := coded("over"+id, now)
		g.ExpiresAt = now
		ok(t, s.CreateGrant(t.Context(), g, idp.Event{}))
		ok(t, s.CreateAdminToken(t.Context(), idp.AdminToken{ID: id, Hash: "over" + id, ExpiresAt: now.Add(-time.Hour)}))
		ok(t, s.CreateDeliveries(t.Context(), []idp.Delivery{{ID: "over" + id, ExpiresAt: now}}))
	}
	ok(t, s.CreateDeliveries(t.Context(), []idp.Delivery{{ID: "live", ExpiresAt: now.Add(time.Second)}}))
	ok(t, s.CreateGrant(t.Context(), coded("live", now), idp.Event{}))
	ok(t, s.CreateGrant(t.Context(), idp.Grant{ID: "endless"}, idp.Event{}))
	ok(t, s.CreateAdminToken(t.Context(), idp.AdminToken{ID: "live", Hash: "live", ExpiresAt: now.Add(time.Hour)}))
	ok(t, s.CreateKey(t.Context(), idp.KeyRecord{ID: "old", Slot: "old", ExpireAt: now.Add(-time.Hour)}))
	_, err := s.Grant(t.Context(), "over1")
	ok(t, err) // still there until swept

	if n := sweeps(t, s, now, 15); n != 15 {
		t.Fatalf("swept only %d of 15", n)
	}
	for _, id := range []string{"live", "endless"} {
		_, err := s.Grant(t.Context(), id)
		ok(t, err)
	}
	_, err = s.Grant(t.Context(), "over1")
	fails(t, err, idp.ErrNotFound)
	_, err = s.AdminToken(t.Context(), "live")
	ok(t, err)
	sameIDs(t, deliveryIDs(t, s, "", idp.Page{Limit: 10}), "live")
	list, err := s.Keys(t.Context())
	ok(t, err)
	if len(list) != 1 {
		t.Fatal("the slot of an expired key would be given out again")
	}
}

// sweeps sweeps until nothing is left, in batches of at most 4, and reports how much
// that was: never more than n.
func sweeps(t *testing.T, s interface {
	Sweep(ctx context.Context, now time.Time, limit int) (int, error)
}, now time.Time, n int) (total int) {
	t.Helper()
	for _, limit := range []int{0, -1} {
		if swept, err := s.Sweep(t.Context(), now, limit); err != nil || swept != 0 {
			t.Fatalf("limit %d: swept %d, %v", limit, swept, err)
		}
	}
	for {
		swept, err := s.Sweep(t.Context(), now, 4)
		ok(t, err)
		if total += swept; swept > 4 || total > n {
			t.Fatalf("swept %d, together %d, want at most 4 of %d", swept, total, n)
		}
		if swept == 0 {
			return total
		}
	}
}
