package storetest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"cloudsso/idp"
)

func deliveryID(d *idp.Delivery) *string { return &d.ID }

func deliveryIDs(t *testing.T, s idp.Records, app string, p idp.Page) []string {
	t.Helper()
	list, err := s.Deliveries(t.Context(), app, p)
	ok(t, err)
	return ids(list, deliveryID)
}

func deliveries(t *testing.T, s idp.Records, _ *clock) {
	fresh := func(id, app string) idp.Delivery {
		d := Filled[idp.Delivery](id)
		d.ID, d.App = id, app
		return d
	}
	given := []idp.Delivery{fresh("z", "wiki"), fresh("a", "chat")}
	ok(t, s.CreateDeliveries(t.Context(), given))
	scramble(&given)
	ok(t, s.CreateDeliveries(t.Context(), nil))
	ok(t, s.CreateDeliveries(t.Context(), []idp.Delivery{{ID: "sparse", App: "WIKI"}, fresh("m", "wiki")}))
	for _, bad := range [][]idp.Delivery{{fresh("new", "wiki"), fresh("a", "chat")}, {fresh("new", "wiki"), fresh("new", "chat")}} {
		fails(t, s.CreateDeliveries(t.Context(), bad), idp.ErrConflict) // all or none
	}
	all := idp.Page{Limit: 10}
	for range 2 {
		list, err := s.Deliveries(t.Context(), "", all)
		ok(t, err)
		same(t, list, []idp.Delivery{fresh("m", "wiki"), {ID: "sparse", App: "WIKI"}, fresh("a", "chat"), fresh("z", "wiki")})
		scramble(&list)
	}
	sameIDs(t, deliveryIDs(t, s, "wiki", all), "m", "z")
	sameIDs(t, deliveryIDs(t, s, "nobody", all))
	sameIDs(t, deliveryIDs(t, s, "", idp.Page{Limit: 3}), "m", "sparse", "a")
	sameIDs(t, deliveryIDs(t, s, "", idp.Page{After: "a", Limit: 3}), "z")
	sameIDs(t, deliveryIDs(t, s, "wiki", idp.Page{After: "a", Limit: 3}), "z")
	sameIDs(t, deliveryIDs(t, s, "", idp.Page{After: "z", Limit: 3}))
	_, err := s.Deliveries(t.Context(), "", idp.Page{After: "A", Limit: 1})
	fails(t, err, idp.ErrNotFound)
	if _, err := s.Deliveries(t.Context(), "", idp.Page{}); !invalid(err) {
		t.Fatalf("a page without limit: %v, want a refusal", err)
	}
}

// due is a delivery that waits since age and is over in an hour.
func due(id string, now time.Time, age time.Duration) idp.Delivery {
	return idp.Delivery{ID: id, Kind: "logout", App: "wiki", URL: "https://wiki.example/bye",
		NextAt: now.Add(-age), CreatedAt: now.Add(-age), ExpiresAt: now.Add(time.Hour)}
}

func claimDeliveries(t *testing.T, s idp.Records, c *clock) {
	now := c.Now()
	over, done, later := due("over", now, time.Hour), due("done", now, time.Hour), due("later", now, -time.Second)
	over.ExpiresAt, done.DoneAt = now, now
	ok(t, s.CreateDeliveries(t.Context(), []idp.Delivery{due("now", now, 0), over, done, later, due("old", now, 2*time.Hour), due("young", now, time.Minute)}))
	claim := func(at time.Time, limit int, want ...string) []idp.Delivery {
		t.Helper()
		list, err := s.ClaimDeliveries(t.Context(), at, at.Add(time.Minute), limit)
		ok(t, err)
		sameIDs(t, ids(list, deliveryID), want...)
		return list
	}
	first := due("old", now, 2*time.Hour)
	first.Attempts, first.NextAt = 1, now.Add(time.Minute)
	same(t, claim(now, 1, "old"), []idp.Delivery{first})
	claim(now, 10, "young", "now")
	claim(now, 10)
	claim(now.Add(time.Minute-time.Second), 10, "later")
	again := claim(now.Add(time.Minute), 10, "old", "young", "now") // the lease is over, and nobody settled it
	first.Attempts, first.NextAt = 2, now.Add(2*time.Minute)
	same(t, again[0], first)
	claim(now.Add(time.Hour), 10) // over

	for _, limit := range []int{0, -1, 1001} {
		if _, err := s.ClaimDeliveries(t.Context(), now, now.Add(time.Minute), limit); !invalid(err) {
			t.Fatalf("limit %d: %v, want a refusal", limit, err)
		}
	}
	for _, lease := range []time.Time{now, now.Add(-time.Second), {}} {
		if list, err := s.ClaimDeliveries(t.Context(), now, lease, 10); err == nil || len(list) > 0 {
			t.Fatalf("a lease until %v: %v, %v, want an error", lease, list, err)
		}
	}
}

func settleDelivery(t *testing.T, s idp.Records, c *clock) {
	now := c.Now()
	want := due("d", now, 0)
	ok(t, s.CreateDeliveries(t.Context(), []idp.Delivery{want, due("other", now, -time.Hour)}))
	attempt := func(at time.Time) idp.Delivery {
		t.Helper()
		list, err := s.ClaimDeliveries(t.Context(), at, at.Add(time.Minute), 1)
		ok(t, err)
		sameIDs(t, ids(list, deliveryID), "d")
		return list[0]
	}
	is := func(want idp.Delivery) {
		t.Helper()
		list, err := s.Deliveries(t.Context(), "", idp.Page{After: "other", Limit: 1})
		ok(t, err)
		same(t, list, []idp.Delivery{want})
	}
	one := attempt(now)
	one.NextAt, one.Result = now.Add(30*time.Second), "502"
	forged := one
	forged.App, forged.URL, forged.ExpiresAt = "other", "https://evil.example/", now.Add(24*time.Hour) // not what settling is about
	ok(t, s.SettleDelivery(t.Context(), forged))
	is(one)

	late := attempt(now.Add(30 * time.Second)) // its worker is slow …
	two := attempt(now.Add(90 * time.Second))  // … and another one is in its place
	late.DoneAt, late.Result = now.Add(100*time.Second), "200"
	fails(t, s.SettleDelivery(t.Context(), late), idp.ErrConflict)
	is(two)
	two.DoneAt, two.Result = now.Add(95*time.Second), "204"
	ok(t, s.SettleDelivery(t.Context(), two))
	is(two)
	undo := two
	undo.DoneAt, undo.Result = time.Time{}, "500"
	fails(t, s.SettleDelivery(t.Context(), undo), idp.ErrConflict)
	is(two)
	list, err := s.ClaimDeliveries(t.Context(), now.Add(30*time.Minute), now.Add(40*time.Minute), 10)
	ok(t, err)
	sameIDs(t, ids(list, deliveryID))
	fails(t, s.SettleDelivery(t.Context(), idp.Delivery{ID: "nobody"}), idp.ErrNotFound)
}

// Each delivery is handed to one worker, however many ask.
func raceDeliveries(t *testing.T, s idp.Records, now time.Time) {
	oneWins(t, "storing a delivery", idp.ErrConflict, nothing, func(round string, i int) error {
		return s.CreateDeliveries(t.Context(), []idp.Delivery{due(fmt.Sprint(round, i), now, 0), due(round, now, 0)})
	})
	t.Run("claiming deliveries", func(t *testing.T) {
		var mu sync.Mutex
		var got []string
		for _, err := range duel(func(int) error {
			for {
				list, err := s.ClaimDeliveries(t.Context(), now, now.Add(time.Minute), 7)
				mu.Lock()
				got = append(got, ids(list, deliveryID)...)
				missing := len(got) < 2*rounds
				mu.Unlock()
				if err != nil || len(list) == 0 && !missing {
					return err
				}
			}
		}) {
			ok(t, err)
		}
		slices.Sort(got)
		if len(got) != 2*rounds || len(slices.Compact(slices.Clone(got))) != len(got) {
			t.Fatalf("of %d deliveries %d were handed out, some twice: %q", 2*rounds, len(got), got)
		}
	})
	oneWins(t, "settling a delivery", idp.ErrConflict, nothing, func(round string, i int) error {
		return s.SettleDelivery(t.Context(), idp.Delivery{ID: round, Attempts: 1, DoneAt: now, Result: fmt.Sprint(i)})
	})
	list, err := s.Deliveries(t.Context(), "", idp.Page{Limit: 1000})
	if err != nil || len(list) != 2*rounds {
		t.Fatalf("%d deliveries, %v", len(list), err)
	}
	if i := slices.IndexFunc(list, func(d idp.Delivery) bool { return d.Attempts != 1 }); i >= 0 {
		t.Fatalf("claimed more than once: %+v", list[i])
	}
}
