package storetest

import (
	"context"
	"errors"
	"testing"

	"cloudsso/idp"
)

func tokenApps(t *testing.T, s idp.Records, _ *clock) {
	versioned[idp.TokenApp]{
		fresh: func(id string) idp.TokenApp {
			a := Filled[idp.TokenApp](id)
			a.App = id
			return a
		},
		id:      func(a *idp.TokenApp) *string { return &a.App },
		version: func(a *idp.TokenApp) *int64 { return &a.Version },
		create:  s.CreateTokenApp, read: s.TokenApp, update: s.UpdateTokenApp, remove: s.DeleteTokenApp, list: s.TokenApps,
	}.test(t)
}

// appNames: whatever an app is, its name is nobody else's until it is deleted.
func appNames(t *testing.T, s idp.Records, _ *clock) {
	ctx := t.Context()
	type protocol struct {
		create func(name string) error
		read   func(name string) error
		remove func(ctx context.Context, name string, version int64) error
	}
	protocols := map[string]protocol{
		"client": {
			func(name string) error { return s.CreateClient(ctx, idp.Client{ID: name}) },
			func(name string) error { return found(ctx, s.Client, name) }, s.DeleteClient,
		},
		"service provider": {
			func(name string) error {
				return s.CreateServiceProvider(ctx, idp.ServiceProvider{App: name, EntityID: "urn:" + name})
			},
			func(name string) error { return found(ctx, s.ServiceProvider, name) }, s.DeleteServiceProvider,
		},
		"token app": {
			func(name string) error { return s.CreateTokenApp(ctx, idp.TokenApp{App: name}) },
			func(name string) error { return found(ctx, s.TokenApp, name) }, s.DeleteTokenApp,
		},
	}
	for kind, one := range protocols {
		name := "the name of a " + kind
		ok(t, one.create(name))
		for other, two := range protocols {
			fails(t, two.create(name), idp.ErrConflict)
			if err := two.read(name); (err == nil) != (kind == other) || err != nil && !errors.Is(err, idp.ErrNotFound) {
				t.Fatalf("reading a %s as a %s: %v", kind, other, err)
			}
			if kind != other {
				fails(t, two.remove(ctx, name, 0), idp.ErrNotFound)
			}
		}
		fails(t, one.remove(ctx, name, 2), idp.ErrConflict)
		for _, two := range protocols {
			fails(t, two.create(name), idp.ErrConflict)
		}
		ok(t, one.remove(ctx, name, 1))
		for _, two := range protocols {
			ok(t, two.create(name))
			ok(t, two.remove(ctx, name, 0))
		}
	}
	// An entity ID that is taken leaves no name behind.
	ok(t, s.CreateServiceProvider(ctx, idp.ServiceProvider{App: "first", EntityID: "urn:one"}))
	fails(t, s.CreateServiceProvider(ctx, idp.ServiceProvider{App: "second", EntityID: "urn:one"}), idp.ErrConflict)
	ok(t, s.CreateClient(ctx, idp.Client{ID: "second"}))
}
