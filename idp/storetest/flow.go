package storetest

import (
	"context"
	"testing"
	"time"

	"cloudsso/idp"
)

func flowKind(s idp.Flows, c *clock) versioned[idp.Flow] {
	return versioned[idp.Flow]{
		fresh: func(id string) idp.Flow {
			f := Filled[idp.Flow](id)
			f.ID, f.ExpiresAt = id, c.Now().Add(time.Hour)
			return f
		},
		id:      func(f *idp.Flow) *string { return &f.ID },
		version: func(f *idp.Flow) *int64 { return &f.Version },
		create:  s.CreateFlow, read: s.Flow, update: s.UpdateFlow,
	}
}

func flows(t *testing.T, s idp.Flows, c *clock) { flowKind(s, c).test(t) }

func takeFlow(t *testing.T, s idp.Flows, c *clock) {
	k := flowKind(s, c)
	for _, id := range []string{"taken", "TAKEN", "late"} {
		ok(t, s.CreateFlow(t.Context(), k.fresh(id)))
	}
	read(t, k.first(k.fresh("taken")), s.TakeFlow, "taken")
	_, err := s.TakeFlow(t.Context(), "taken")
	fails(t, err, idp.ErrNotFound)
	_, err = s.Flow(t.Context(), "taken")
	fails(t, err, idp.ErrNotFound)
	fails(t, s.UpdateFlow(t.Context(), k.first(k.fresh("taken"))), idp.ErrNotFound)
	read(t, k.first(k.fresh("TAKEN")), s.Flow, "TAKEN")

	late := k.first(k.fresh("late"))
	c.forward(time.Hour - time.Second)
	read(t, late, s.Flow, "late")
	c.forward(time.Second)
	expired(t, "late", s.Flow, s.TakeFlow)
	fails(t, s.UpdateFlow(t.Context(), late), idp.ErrNotFound)
}

// expired wants each reader to say that the thing is gone.
func expired[T any](t *testing.T, id string, readers ...func(context.Context, string) (T, error)) {
	t.Helper()
	for _, read := range readers {
		_, err := read(t.Context(), id)
		fails(t, err, idp.ErrNotFound)
	}
}

func sessionKind(s idp.Flows, c *clock) versioned[idp.Session] {
	return versioned[idp.Session]{
		fresh: func(id string) idp.Session {
			v := Filled[idp.Session](id)
			v.ID, v.ExpiresAt = id, c.Now().Add(time.Hour)
			return v
		},
		id:      func(v *idp.Session) *string { return &v.ID },
		version: func(v *idp.Session) *int64 { return &v.Version },
		create:  s.CreateSession, read: s.Session, update: s.UpdateSession,
	}
}

func sessions(t *testing.T, s idp.Flows, c *clock) { sessionKind(s, c).test(t) }

func deleteSession(t *testing.T, s idp.Flows, c *clock) {
	k := sessionKind(s, c)
	for _, id := range []string{"out", "late"} {
		ok(t, s.CreateSession(t.Context(), k.fresh(id)))
	}
	read(t, k.first(k.fresh("out")), s.DeleteSession, "out")
	expired(t, "out", s.Session, s.DeleteSession)
	fails(t, s.UpdateSession(t.Context(), k.first(k.fresh("out"))), idp.ErrNotFound)

	late := k.first(k.fresh("late"))
	c.forward(time.Hour - time.Second)
	read(t, late, s.Session, "late")
	c.forward(time.Second)
	expired(t, "late", s.Session, s.DeleteSession)
	fails(t, s.UpdateSession(t.Context(), late), idp.ErrNotFound)
}

func sessionsOf(t *testing.T, s idp.Flows, c *clock) {
	now := c.Now()
	add := func(id, subject string, age, left time.Duration) {
		v := Filled[idp.Session](id)
		v.ID, v.Subject, v.CreatedAt, v.ExpiresAt = id, subject, now.Add(-age), now.Add(left)
		ok(t, s.CreateSession(t.Context(), v))
	}
	add("old", "alice", 3*time.Hour, 3*time.Hour)
	add("new", "alice", time.Hour, time.Hour)
	add("middle", "alice", 2*time.Hour, 2*time.Hour)
	add("over", "alice", 4*time.Hour, 0)
	add("other", "Alice", time.Hour, time.Hour)
	want := func(sessions ...string) {
		t.Helper()
		list, err := s.SessionsOf(t.Context(), "alice")
		ok(t, err)
		sameIDs(t, ids(list, func(v *idp.Session) *string { return &v.ID }), sessions...)
		for i := range list {
			read(t, list[i], s.Session, list[i].ID)
			scramble(&list[i])
		}
	}
	want("new", "middle", "old")
	want("new", "middle", "old")
	c.forward(time.Hour)
	want("middle", "old")
	_, err := s.DeleteSession(t.Context(), "middle")
	ok(t, err)
	want("old")
	list, err := s.SessionsOf(t.Context(), "nobody")
	ok(t, err)
	if len(list) != 0 {
		t.Fatalf("nobody has %d sessions", len(list))
	}
}

func seenOnce(t *testing.T, s idp.Flows, c *clock) {
	until := c.Now().Add(time.Minute)
	ok(t, s.SeenOnce(t.Context(), "mark", until))
	fails(t, s.SeenOnce(t.Context(), "mark", until.Add(time.Hour)), idp.ErrReplayed)
	for _, other := range []string{"MARK", "mark ", "mar", ""} {
		ok(t, s.SeenOnce(t.Context(), other, until))
		fails(t, s.SeenOnce(t.Context(), other, until), idp.ErrReplayed)
	}
	c.forward(time.Minute - time.Second)
	fails(t, s.SeenOnce(t.Context(), "mark", until.Add(time.Hour)), idp.ErrReplayed) // did not prolong it
	c.forward(time.Second)
	ok(t, s.SeenOnce(t.Context(), "mark", until.Add(time.Hour)))
	c.forward(30 * time.Minute)
	fails(t, s.SeenOnce(t.Context(), "mark", until), idp.ErrReplayed)
}

func count(t *testing.T, s idp.Flows, c *clock) {
	want := func(key string, n int) {
		t.Helper()
		got, err := s.Count(t.Context(), key, time.Minute)
		ok(t, err)
		if got != n {
			t.Fatalf("%q counts %d, want %d", key, got, n)
		}
		counted(t, s, key, n)
		counted(t, s, key, n) // looking counts nothing
	}
	counted(t, s, "k", 0)
	want("k", 1)
	want("k", 2)
	want("K", 1)
	want("", 1)
	c.forward(time.Minute - time.Second)
	want("k", 3) // and does not prolong the window
	c.forward(time.Second)
	counted(t, s, "k", 0) // over
	want("k", 1)
	want("k", 2)
	ok(t, s.ClearCount(t.Context(), "k"))
	counted(t, s, "k", 0)
	want("k", 1)
	ok(t, s.ClearCount(t.Context(), "unknown"))
	want("K", 1)
	ok(t, s.SeenOnce(t.Context(), "k", c.Now().Add(time.Hour))) // marks and counters do not mix
	want("k", 2)
}

func counted(t *testing.T, s idp.Flows, key string, want int) {
	t.Helper()
	if n, err := s.Counted(t.Context(), key); err != nil || n != want {
		t.Fatalf("%q has counted %d, %v, want %d", key, n, err, want)
	}
}

func sweepFlows(t *testing.T, s idp.Flows, c *clock) {
	now := c.Now()
	for _, id := range []string{"1", "2", "3"} {
		ok(t, s.CreateFlow(t.Context(), idp.Flow{ID: id, ExpiresAt: now.Add(time.Minute)}))
		ok(t, s.CreateSession(t.Context(), idp.Session{ID: id, ExpiresAt: now.Add(time.Minute)}))
		ok(t, s.CreateTicket(t.Context(), idp.Ticket{Kind: "kind", ID: id, ExpiresAt: now.Add(time.Minute)}))
		ok(t, s.SeenOnce(t.Context(), id, now.Add(time.Minute)))
		_, err := s.Count(t.Context(), id, time.Minute)
		ok(t, err)
	}
	ok(t, s.CreateFlow(t.Context(), idp.Flow{ID: "live", ExpiresAt: now.Add(time.Hour)}))
	ok(t, s.CreateSession(t.Context(), idp.Session{ID: "live", ExpiresAt: now.Add(time.Hour)}))
	ok(t, s.CreateTicket(t.Context(), idp.Ticket{Kind: "kind", ID: "live", ExpiresAt: now.Add(time.Hour)}))
	ok(t, s.SeenOnce(t.Context(), "live", now.Add(time.Hour)))
	_, err := s.Count(t.Context(), "live", time.Hour)
	ok(t, err)
	sweeps(t, s, now, 0)
	c.forward(time.Minute)
	// A backend whose server lets things expire has nothing to sweep; others sweep all.
	if n := sweeps(t, s, c.Now(), 15); n != 15 && n != 0 {
		t.Fatalf("swept %d of 15", n)
	}
	_, err = s.Flow(t.Context(), "live")
	ok(t, err)
	_, err = s.Session(t.Context(), "live")
	ok(t, err)
	_, err = s.Ticket(t.Context(), "kind", "live")
	ok(t, err)
	fails(t, s.SeenOnce(t.Context(), "live", now), idp.ErrReplayed)
	if n, err := s.Count(t.Context(), "live", time.Hour); err != nil || n != 2 {
		t.Fatalf("the live counter says %d, %v", n, err)
	}
}
