package storetest

import (
	"errors"
	"testing"
	"time"

	"cloudsso/idp"
)

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

func listTokens(t *testing.T, s idp.Records, c *clock) {
	want := func(p idp.Page, tokens ...string) []idp.AdminToken {
		t.Helper()
		list, err := s.AdminTokens(t.Context(), p)
		ok(t, err)
		sameIDs(t, ids(list, func(a *idp.AdminToken) *string { return &a.ID }), tokens...)
		return list
	}
	fresh := func(id string, left time.Duration) idp.AdminToken {
		a := Filled[idp.AdminToken](id)
		a.ID, a.Hash, a.ExpiresAt = id, "hash-"+id, c.Now().Add(left)
		return a
	}
	first := fresh("a", 2*time.Hour)
	for _, a := range []idp.AdminToken{fresh("c", time.Hour), first, fresh("B", 2*time.Hour), fresh("over", 0), {ID: "endless", Hash: "endless"}} {
		ok(t, s.CreateAdminToken(t.Context(), a))
	}
	for range 2 {
		list := want(idp.Page{Limit: 10}, "B", "a", "c")
		same(t, list[1], first)
		scramble(&list)
	}
	want(idp.Page{Limit: 2}, "B", "a")
	want(idp.Page{After: "a", Limit: 2}, "c")
	want(idp.Page{After: "c", Limit: 2})
	c.forward(time.Hour)
	want(idp.Page{Limit: 10}, "B", "a")
	if _, err := s.AdminTokens(t.Context(), idp.Page{}); !invalid(err) {
		t.Fatalf("a page without limit: %v, want a refusal", err)
	}
}

func touchToken(t *testing.T, s idp.Records, c *clock) {
	now := c.Now()
	token := idp.AdminToken{ID: "t", Hash: "hash", ExpiresAt: now.Add(time.Hour)}
	ok(t, s.CreateAdminToken(t.Context(), token))
	ok(t, s.CreateAdminToken(t.Context(), idp.AdminToken{ID: "other", Hash: "other", ExpiresAt: now.Add(time.Hour)}))
	for _, row := range []struct{ at, want time.Time }{
		{now, now},
		{now.Add(time.Minute), now.Add(time.Minute)},
		{now.Add(time.Minute), now.Add(time.Minute)},
		{now, now.Add(time.Minute)}, // another node, a little behind
	} {
		ok(t, s.TouchAdminToken(t.Context(), "t", row.at))
		token.LastUsedAt = row.want
		read(t, token, s.AdminToken, "hash")
	}
	read(t, idp.AdminToken{ID: "other", Hash: "other", ExpiresAt: now.Add(time.Hour)}, s.AdminToken, "other")
	for _, unknown := range []string{"T", "hash", ""} {
		fails(t, s.TouchAdminToken(t.Context(), unknown, now), idp.ErrNotFound)
		fails(t, s.RevokeAdminToken(t.Context(), unknown), idp.ErrNotFound)
	}

	ok(t, s.RevokeAdminToken(t.Context(), "t"))
	fails(t, s.RevokeAdminToken(t.Context(), "t"), idp.ErrNotFound)
	fails(t, s.TouchAdminToken(t.Context(), "t", now), idp.ErrNotFound)
	_, err := s.AdminToken(t.Context(), "hash")
	fails(t, err, idp.ErrNotFound)
	c.forward(time.Hour)
	fails(t, s.TouchAdminToken(t.Context(), "other", now.Add(2*time.Hour)), idp.ErrNotFound)
	fails(t, s.RevokeAdminToken(t.Context(), "other"), idp.ErrNotFound)
}
