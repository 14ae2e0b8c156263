package storetest

import (
	"context"
	"encoding/hex"
	"testing"

	"cloudsso/idp"
)

// groupKind names groups in hexadecimal: what all versioned records have in common is
// tested with names that differ in case only, which those of groups cannot.
func groupKind(s idp.Records) versioned[idp.Group] {
	coded := func(g idp.Group) idp.Group {
		g.Name = hex.EncodeToString([]byte(g.Name))
		return g
	}
	plain := func(g idp.Group) idp.Group {
		name, _ := hex.DecodeString(g.Name)
		g.Name = string(name)
		return g
	}
	return versioned[idp.Group]{
		fresh: func(id string) idp.Group {
			g := Filled[idp.Group](id)
			g.Name = id
			return g
		},
		id:      func(g *idp.Group) *string { return &g.Name },
		version: func(g *idp.Group) *int64 { return &g.Version },
		create:  func(ctx context.Context, g idp.Group) error { return s.CreateGroup(ctx, coded(g)) },
		read: func(ctx context.Context, name string) (idp.Group, error) {
			g, err := s.Group(ctx, hex.EncodeToString([]byte(name)))
			return plain(g), err
		},
		update: func(ctx context.Context, g idp.Group) error { return s.UpdateGroup(ctx, coded(g)) },
		remove: func(ctx context.Context, name string, version int64) error {
			return s.DeleteGroup(ctx, hex.EncodeToString([]byte(name)), version)
		},
		list: func(ctx context.Context, p idp.Page) (list []idp.Group, err error) {
			p.After = hex.EncodeToString([]byte(p.After))
			list, err = s.Groups(ctx, p)
			for i := range list {
				list[i] = plain(list[i])
			}
			return list, err
		},
	}
}

func groups(t *testing.T, s idp.Records, _ *clock) { groupKind(s).test(t) }

func groupNames(t *testing.T, s idp.Records, _ *clock) {
	staff := idp.Group{Name: "Straße", Parents: []string{"All", "all"}, Description: "those in the Straße"}
	ok(t, s.CreateGroup(t.Context(), staff))
	staff.Version = 1
	for _, name := range []string{"Straße", "straße", "STRAẞE"} {
		read(t, staff, s.Group, name)
		fails(t, s.CreateGroup(t.Context(), idp.Group{Name: name}), idp.ErrConflict)
	}
	for _, name := range []string{"Strasse", "straße ", "stra%e", ""} {
		_, err := s.Group(t.Context(), name)
		fails(t, err, idp.ErrNotFound)
	}
	staff.Name = "STRAßE" // the same, in another case
	ok(t, s.UpdateGroup(t.Context(), staff))
	staff.Version = 2
	read(t, staff, s.Group, "straße")
	for _, name := range []string{"b", "A", "C"} {
		ok(t, s.CreateGroup(t.Context(), idp.Group{Name: name}))
	}
	list, err := s.Groups(t.Context(), idp.Page{Limit: 10})
	ok(t, err)
	sameIDs(t, ids(list, func(g *idp.Group) *string { return &g.Name }), "A", "b", "C", "STRAßE")
	list, err = s.Groups(t.Context(), idp.Page{After: "B", Limit: 1})
	ok(t, err)
	sameIDs(t, ids(list, func(g *idp.Group) *string { return &g.Name }), "C")

	ok(t, s.CreateUser(t.Context(), idp.User{ID: "u", Username: "u", Groups: []string{"b"}}))
	ok(t, s.DeleteGroup(t.Context(), "B", 1))
	_, err = s.Group(t.Context(), "b")
	fails(t, err, idp.ErrNotFound)
	read(t, idp.User{ID: "u", Username: "u", Groups: []string{"b"}, Version: 1}, s.User, "u")
}
