package storetest

import (
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
	_, err := s.PersistentIDOf(t.Context(), "app", "alice")
	fails(t, err, idp.ErrNotFound)
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
	_, err = s.PersistentID(t.Context(), idp.PersistentID{App: "app", Subject: "bob", Value: "v1"})
	fails(t, err, idp.ErrConflict)                                                                     // alice's: never given to somebody else
	for _, nobody := range [][2]string{{"app", "bob"}, {"app", "ALICE"}, {"App", "alice"}, {"", ""}} { // asking gives nothing out
		_, err := s.PersistentIDOf(t.Context(), nobody[0], nobody[1])
		fails(t, err, idp.ErrNotFound)
	}

	ok(t, s.DeleteServiceProvider(t.Context(), "app", 0))
	got, err := s.PersistentID(t.Context(), idp.PersistentID{App: "app", Subject: "alice", Value: "v9"})
	ok(t, err)
	same(t, got, first)
	got, err = s.PersistentIDOf(t.Context(), "app", "alice")
	ok(t, err)
	same(t, got, first)
}
