package storetest

import (
	"context"
	"testing"

	"cloudsso/idp"
)

// versioned is what all versioned records have in common.
type versioned[T any] struct {
	fresh   func(id string) T
	id      func(*T) *string
	version func(*T) *int64
	create  func(context.Context, T) error
	read    func(context.Context, string) (T, error)
	update  func(context.Context, T) error
	remove  func(ctx context.Context, id string, version int64) error // nil: has none
	list    func(context.Context, idp.Page) ([]T, error)              // nil: has none
}

func (k versioned[T]) test(t *testing.T) {
	t.Run("comes back whole, as version 1", k.whole)
	t.Run("shares no memory", k.isolated)
	t.Run("exists once", k.unique)
	t.Run("changes by its version", k.swaps)
	t.Run("ids differ byte by byte", k.bytewise)
	if k.remove != nil {
		t.Run("is deleted by its version", k.removes)
	}
	if k.list != nil {
		t.Run("is listed in pages", k.pages)
	}
}

// first is v as the store keeps it.
func (k versioned[T]) first(v T) T {
	*k.version(&v) = 1
	return v
}

func (k versioned[T]) whole(t *testing.T) {
	v := k.fresh("whole")
	*k.version(&v) = 99 // the store's own business
	ok(t, k.create(t.Context(), v))
	read(t, k.first(v), k.read, "whole")

	var empty T
	*k.id(&empty) = "empty"
	if k.list != nil { // a flow or session without an expiry is over
		ok(t, k.create(t.Context(), empty))
		read(t, k.first(empty), k.read, "empty")
	}
	_, err := k.read(t.Context(), "nobody")
	fails(t, err, idp.ErrNotFound)
	_, err = k.read(t.Context(), "")
	fails(t, err, idp.ErrNotFound)
}

func (k versioned[T]) isolated(t *testing.T) {
	given, want := k.fresh("isolated"), k.first(k.fresh("isolated"))
	ok(t, k.create(t.Context(), given))
	scramble(&given)
	read(t, want, k.read, "isolated")
	got, err := k.read(t.Context(), "isolated")
	ok(t, err)
	update := got
	ok(t, k.update(t.Context(), update))
	scramble(&got)
	*k.version(&want) = 2
	read(t, want, k.read, "isolated")
}

func (k versioned[T]) unique(t *testing.T) {
	v := k.fresh("unique")
	ok(t, k.create(t.Context(), v))
	other := k.fresh("unique-other")
	*k.id(&other) = "unique"
	fails(t, k.create(t.Context(), other), idp.ErrConflict)
	read(t, k.first(v), k.read, "unique")
}

func (k versioned[T]) swaps(t *testing.T) {
	ok(t, k.create(t.Context(), k.fresh("swaps")))
	next := k.fresh("swaps-next")
	*k.id(&next) = "swaps"
	for _, wrong := range []int64{0, 2, -1} {
		*k.version(&next) = wrong
		fails(t, k.update(t.Context(), next), idp.ErrConflict)
	}
	read(t, k.first(k.fresh("swaps")), k.read, "swaps")

	*k.version(&next) = 1
	ok(t, k.update(t.Context(), next))
	fails(t, k.update(t.Context(), next), idp.ErrConflict)
	*k.version(&next) = 2
	read(t, next, k.read, "swaps")

	nobody := k.fresh("swaps-nobody")
	*k.version(&nobody) = 1
	fails(t, k.update(t.Context(), nobody), idp.ErrNotFound)
}

// Not every database compares as Go does: "a" and "A", "é" in one rune or two, a space
// at the end.
func (k versioned[T]) bytewise(t *testing.T) {
	names := []string{"case", "CASE", "é", "e\u0301", "space", "space ", "ß", "ss"}
	for _, id := range names {
		ok(t, k.create(t.Context(), k.fresh(id)))
	}
	for _, id := range names {
		read(t, k.first(k.fresh(id)), k.read, id)
	}
}

func (k versioned[T]) removes(t *testing.T) {
	for _, id := range []string{"removed", "kept"} {
		ok(t, k.create(t.Context(), k.fresh(id)))
	}
	fails(t, k.remove(t.Context(), "removed", 2), idp.ErrConflict)
	read(t, k.first(k.fresh("removed")), k.read, "removed")
	ok(t, k.remove(t.Context(), "removed", 1))
	_, err := k.read(t.Context(), "removed")
	fails(t, err, idp.ErrNotFound)
	fails(t, k.remove(t.Context(), "removed", 1), idp.ErrNotFound)
	fails(t, k.remove(t.Context(), "removed", 0), idp.ErrNotFound)
	read(t, k.first(k.fresh("kept")), k.read, "kept")

	ok(t, k.create(t.Context(), k.fresh("removed")))
	ok(t, k.remove(t.Context(), "removed", 0))
}

func (k versioned[T]) pages(t *testing.T) {
	// Behind all that the other rows made; upper case sorts before lower case.
	want := []string{"\U0001F600B", "\U0001F600Z", "\U0001F600_", "\U0001F600a", "\U0001F600b", "\U0001F600ä"}
	for _, i := range []int{3, 0, 5, 1, 4, 2} {
		ok(t, k.create(t.Context(), k.fresh(want[i])))
	}
	var got []string
	for after := "\U0001F600"; ; {
		list, err := k.list(t.Context(), idp.Page{After: after, Limit: 4})
		ok(t, err)
		if len(list) == 0 {
			break
		}
		if len(list) > 4 {
			t.Fatalf("a page of 4 has %d rows", len(list))
		}
		for i := range list {
			same(t, list[i], k.first(k.fresh(*k.id(&list[i]))))
		}
		got = append(got, ids(list, k.id)...)
		after = got[len(got)-1]
	}
	sameIDs(t, got, want...)
	for _, limit := range []int{0, -1, 1001} {
		if _, err := k.list(t.Context(), idp.Page{Limit: limit}); !invalid(err) {
			t.Fatalf("limit %d: %v, want a refusal", limit, err)
		}
	}
	all, err := k.list(t.Context(), idp.Page{Limit: 1000})
	ok(t, err)
	if len(all) <= len(want) {
		t.Fatalf("the whole list has only %d rows", len(all))
	}
}
