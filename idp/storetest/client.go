package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"cloudsso/idp"
)

func clientKind(s idp.Records) versioned[idp.Client] {
	return versioned[idp.Client]{
		fresh: func(id string) idp.Client {
			c := Filled[idp.Client](id)
			c.ID = id
			return c
		},
		id:      func(c *idp.Client) *string { return &c.ID },
		version: func(c *idp.Client) *int64 { return &c.Version },
		create:  s.CreateClient, read: s.Client, update: s.UpdateClient, remove: s.DeleteClient, list: s.Clients,
	}
}

func clients(t *testing.T, s idp.Records, _ *clock) {
	clientKind(s).test(t)
	off, zero := false, int64(0)
	c := idp.Client{ID: "pointers", ClientMetadata: idp.ClientMetadata{RequirePKCE: &off, DefaultMaxAge: &zero}}
	ok(t, s.CreateClient(t.Context(), c))
	c.Version = 1
	read(t, c, s.Client, "pointers")
}

func deleteClient(t *testing.T, s idp.Records, _ *clock) {
	for _, id := range []string{"gone", "stays"} {
		ok(t, s.CreateClient(t.Context(), idp.Client{ID: id}))
		ok(t, s.CreateGrant(t.Context(), idp.Grant{ID: "grant-" + id, ClientID: id, Subject: "alice"}, idp.Event{}))
		ok(t, s.GiveConsent(t.Context(), idp.Consent{Subject: "alice", ClientID: id, Scopes: []string{"openid"}}))
	}
	fails(t, s.DeleteClient(t.Context(), "gone", 7), idp.ErrConflict)
	_, err := s.Grant(t.Context(), "grant-gone")
	ok(t, err)
	ok(t, s.DeleteClient(t.Context(), "gone", 1))
	_, err = s.Grant(t.Context(), "grant-gone")
	fails(t, err, idp.ErrNotFound)
	_, err = s.Consent(t.Context(), "alice", "gone")
	fails(t, err, idp.ErrNotFound)
	_, err = s.Grant(t.Context(), "grant-stays")
	ok(t, err)
	_, err = s.Consent(t.Context(), "alice", "stays")
	ok(t, err)
}

func spKind(s idp.Records) versioned[idp.ServiceProvider] {
	return versioned[idp.ServiceProvider]{
		fresh: func(app string) idp.ServiceProvider {
			sp := Filled[idp.ServiceProvider](app)
			sp.App, sp.EntityID = app, "https://sp.example/"+app
			return sp
		},
		id:      func(sp *idp.ServiceProvider) *string { return &sp.App },
		version: func(sp *idp.ServiceProvider) *int64 { return &sp.Version },
		create:  s.CreateServiceProvider, read: s.ServiceProvider, update: s.UpdateServiceProvider,
		remove: s.DeleteServiceProvider, list: s.ServiceProviders,
	}
}

func serviceProviders(t *testing.T, s idp.Records, _ *clock) { spKind(s).test(t) }

func entityIDs(t *testing.T, s idp.Records, _ *clock) {
	k := spKind(s)
	ok(t, s.CreateServiceProvider(t.Context(), k.fresh("one")))
	ok(t, s.CreateServiceProvider(t.Context(), k.fresh("two")))
	read(t, k.first(k.fresh("two")), s.ServiceProviderByEntityID, "https://sp.example/two")
	for _, unknown := range []string{"", "https://sp.example/", "https://sp.example/TWO", "https://sp.example/two/"} {
		_, err := s.ServiceProviderByEntityID(t.Context(), unknown)
		fails(t, err, idp.ErrNotFound)
	}
	third := k.fresh("three")
	third.EntityID = "https://sp.example/two"
	fails(t, s.CreateServiceProvider(t.Context(), third), idp.ErrConflict)

	one := k.first(k.fresh("one"))
	one.EntityID = "https://sp.example/two"
	fails(t, s.UpdateServiceProvider(t.Context(), one), idp.ErrConflict)
	read(t, k.first(k.fresh("one")), s.ServiceProvider, "one")
	one.EntityID = "https://sp.example/new"
	ok(t, s.UpdateServiceProvider(t.Context(), one))
	one.Version = 2
	read(t, one, s.ServiceProviderByEntityID, "https://sp.example/new")
	_, err := s.ServiceProviderByEntityID(t.Context(), "https://sp.example/one")
	fails(t, err, idp.ErrNotFound)

	ok(t, s.DeleteServiceProvider(t.Context(), "two", 0))
	ok(t, s.CreateServiceProvider(t.Context(), third)) // the entity ID is free again
}

func persistentIDs(t *testing.T, s idp.Records, _ *clock) {
	ok(t, s.CreateServiceProvider(t.Context(), idp.ServiceProvider{App: "app", EntityID: "urn:app"}))
	first := idp.PersistentID{App: "app", Subject: "alice", Value: "v1", CreatedAt: someTime}
	for _, value := range []string{"v1", "v2"} {
		candidate := first
		candidate.Value, candidate.CreatedAt = value, someTime.Add(time.Hour)
		if value == "v1" {
			candidate = first
		}
		got, err := s.PersistentID(t.Context(), candidate)
		ok(t, err)
		same(t, got, first)
	}
	for _, other := range []idp.PersistentID{{App: "app", Subject: "Alice", Value: "v3"}, {App: "APP", Subject: "alice", Value: "v1"}} {
		got, err := s.PersistentID(t.Context(), other)
		ok(t, err)
		same(t, got, other)
	}
	_, err := s.PersistentID(t.Context(), idp.PersistentID{App: "app", Subject: "bob", Value: "v1"})
	fails(t, err, idp.ErrConflict) // alice's: never given to somebody else

	ok(t, s.DeleteServiceProvider(t.Context(), "app", 0))
	got, err := s.PersistentID(t.Context(), idp.PersistentID{App: "app", Subject: "alice", Value: "v9"})
	ok(t, err)
	same(t, got, first)
}

// Events, keys and tokens have no versions.

func events(t *testing.T, s idp.Records, _ *clock) {
	list, err := s.Events(t.Context(), idp.EventFilter{}, idp.Page{Limit: 5})
	ok(t, err)
	sameIDs(t, ids(list, eventID))
	var want []string
	for i := range 25 {
		e := Filled[idp.Event](fmt.Sprint("e", i))
		e.ID = fmt.Sprint("id", (i*7)%25) // ids in no order; times backwards: neither decides
		e.Time = someTime.Add(-time.Duration(i) * time.Minute)
		ok(t, s.AppendEvent(t.Context(), e))
		want = append([]string{e.ID}, want...)
	}
	fails(t, s.AppendEvent(t.Context(), idp.Event{ID: "id3"}), idp.ErrConflict)
	var got []string
	for after := ""; ; after = got[len(got)-1] {
		list, err := s.Events(t.Context(), idp.EventFilter{}, idp.Page{After: after, Limit: 10})
		ok(t, err)
		if len(list) == 0 {
			break
		}
		got = append(got, ids(list, eventID)...)
	}
	sameIDs(t, got, want...)

	list, err = s.Events(t.Context(), idp.EventFilter{}, idp.Page{Limit: 1})
	ok(t, err)
	last := Filled[idp.Event]("e24")
	last.ID, last.Time = want[0], someTime.Add(-24*time.Minute)
	same(t, list[0], last)
	scramble(&list[0])
	list, err = s.Events(t.Context(), idp.EventFilter{}, idp.Page{Limit: 1})
	ok(t, err)
	same(t, list[0], last)

	_, err = s.Events(t.Context(), idp.EventFilter{}, idp.Page{After: "ID3", Limit: 1})
	fails(t, err, idp.ErrNotFound)
	if _, err = s.Events(t.Context(), idp.EventFilter{}, idp.Page{}); !invalid(err) {
		t.Fatalf("a page without limit: %v, want a refusal", err)
	}
}

func allEvents(s idp.Records) func(context.Context, idp.Page) ([]idp.Event, error) {
	return func(ctx context.Context, p idp.Page) ([]idp.Event, error) { return s.Events(ctx, idp.EventFilter{}, p) }
}

func eventID(e *idp.Event) *string { return &e.ID }

func keys(t *testing.T, s idp.Records, _ *clock) {
	fresh := func(id, slot string) idp.KeyRecord {
		k := Filled[idp.KeyRecord](id)
		k.ID, k.Slot = id, slot
		return k
	}
	want := []idp.KeyRecord{fresh("k3", "sig/B/1"), fresh("k1", "sig/b/1"), {ID: "k2", Slot: "sig/b/2"}}
	for _, i := range []int{1, 2, 0} {
		given := want[i]
		if i == 1 {
			given = fresh("k1", "sig/b/1")
			defer scramble(&given)
		}
		ok(t, s.CreateKey(t.Context(), given))
		scramble(&given)
	}
	want[0] = fresh("k3", "sig/B/1")
	fails(t, s.CreateKey(t.Context(), fresh("k4", "sig/b/1")), idp.ErrConflict)
	fails(t, s.CreateKey(t.Context(), fresh("k1", "sig/b/9")), idp.ErrConflict)
	for range 2 {
		got, err := s.Keys(t.Context())
		ok(t, err)
		same(t, got, want)
		scramble(&got)
	}
}

func adminTokens(t *testing.T, s idp.Records, c *clock) {
	token := Filled[idp.AdminToken]("token")
	token.ExpiresAt = c.Now().Add(time.Hour)
	ok(t, s.CreateAdminToken(t.Context(), token))
	read(t, token, s.AdminToken, token.Hash)
	for _, unknown := range []string{"", token.ID, "TOKEN-2"} {
		_, err := s.AdminToken(t.Context(), unknown)
		fails(t, err, idp.ErrNotFound)
	}
	again := token
	again.ID = "other"
	fails(t, s.CreateAdminToken(t.Context(), again), idp.ErrConflict)
	again.ID, again.Hash = token.ID, "other"
	fails(t, s.CreateAdminToken(t.Context(), again), idp.ErrConflict)

	c.forward(time.Hour - time.Second)
	read(t, token, s.AdminToken, token.Hash)
	c.forward(time.Second)
	_, err := s.AdminToken(t.Context(), token.Hash)
	fails(t, err, idp.ErrNotFound)

	ok(t, s.CreateAdminToken(t.Context(), idp.AdminToken{ID: "endless", Hash: "endless"}))
	if _, err = s.AdminToken(t.Context(), "endless"); !errors.Is(err, idp.ErrNotFound) {
		t.Fatalf("a token without an expiry: %v, want it expired, not endless", err)
	}
}
