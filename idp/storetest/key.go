package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"cloudsso/idp"
)

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

func rotateKeys(t *testing.T, s idp.Records, c *clock) {
	now, none := c.Now(), idp.KeyTimes{}
	later := idp.KeyTimes{ActivateAt: now, RetireAt: now.Add(time.Hour), ExpireAt: now.Add(2 * time.Hour)}
	old, bare, next := Filled[idp.KeyRecord]("old"), idp.KeyRecord{ID: "bare", Slot: "slot-0"}, Filled[idp.KeyRecord]("next")
	old.ID, old.Slot, next.ID, next.Slot = "old", "slot-1", "next", "slot-2"
	ok(t, s.CreateKey(t.Context(), old))
	ok(t, s.CreateKey(t.Context(), bare))
	holds := func(want ...idp.KeyRecord) {
		t.Helper()
		got, err := s.Keys(t.Context())
		ok(t, err)
		same(t, got, want)
	}
	moved := func(k idp.KeyRecord, to idp.KeyTimes) idp.KeyRecord {
		k.ActivateAt, k.RetireAt, k.ExpireAt = to.ActivateAt, to.RetireAt, to.ExpireAt
		return k
	}
	move := func(id string, from, to idp.KeyTimes) idp.KeyMove { return idp.KeyMove{ID: id, From: from, To: to} }

	taken := next
	taken.Slot = old.Slot
	again := next
	again.ID = old.ID
	other := old.Times()
	other.ExpireAt = time.Time{}
	right := move("bare", none, later)
	for name, bad := range map[string]struct {
		made  *idp.KeyRecord
		moves []idp.KeyMove
		want  error
	}{
		"the slot is taken":               {&taken, []idp.KeyMove{right}, idp.ErrConflict},
		"the id is taken":                 {&again, []idp.KeyMove{right}, idp.ErrConflict},
		"a key has other times":           {&next, []idp.KeyMove{right, move("old", later, none)}, idp.ErrConflict},
		"a key has no time where one was": {&next, []idp.KeyMove{right, move("old", other, none)}, idp.ErrConflict},
		"a key has a time where none was": {&next, []idp.KeyMove{move("bare", later, none), move("old", old.Times(), none)}, idp.ErrConflict},
		"there is no such key":            {&next, []idp.KeyMove{right, move("nobody", none, later)}, idp.ErrNotFound},
	} {
		if err := s.RotateKeys(t.Context(), bad.made, bad.moves); !errors.Is(err, bad.want) {
			t.Errorf("%s: %v, want %v", name, err, bad.want)
		}
		holds(bare, old)
	}

	ok(t, s.RotateKeys(t.Context(), &next, []idp.KeyMove{right, move("old", old.Times(), none)}))
	holds(moved(bare, later), moved(old, none), next)
	ok(t, s.RotateKeys(t.Context(), nil, []idp.KeyMove{move("bare", later, none)}))
	holds(bare, moved(old, none), next)
}

func raceKeys(t *testing.T, s idp.Records, now time.Time) {
	stored := func(round string) error {
		return s.CreateKey(t.Context(), idp.KeyRecord{ID: "moved" + round, Slot: "moved" + round})
	}
	oneWins(t, "moving a key", idp.ErrConflict, stored, func(round string, i int) error {
		to := idp.KeyTimes{RetireAt: now.Add(time.Duration(i+1) * time.Second)}
		return s.RotateKeys(t.Context(), nil, []idp.KeyMove{{ID: "moved" + round, To: to}})
	})
	oneWins(t, "rotating into a slot", idp.ErrConflict, nothing, func(round string, i int) error {
		return s.RotateKeys(t.Context(), &idp.KeyRecord{ID: fmt.Sprint("into", round, i), Slot: "into" + round}, nil)
	})
	// Two that retire each other: one of them must stay.
	oneWins(t, "swapping two keys", idp.ErrConflict, func(round string) error {
		return errors.Join(s.CreateKey(t.Context(), idp.KeyRecord{ID: "a" + round, Slot: "a" + round}),
			s.CreateKey(t.Context(), idp.KeyRecord{ID: "b" + round, Slot: "b" + round}))
	}, func(round string, i int) error {
		up, down := idp.KeyTimes{ActivateAt: now}, idp.KeyTimes{RetireAt: now}
		first, second := []string{"a", "b"}[i%2], []string{"b", "a"}[i%2]
		return s.RotateKeys(t.Context(), nil, []idp.KeyMove{{ID: first + round, To: up}, {ID: second + round, To: down}})
	})
}
