package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/postgres"
	"cloudsso/idp/storetest/pgtest"
)

// worker signs in over and over and remembers what was acknowledged.
type worker struct {
	db         *postgres.DB
	fine, down atomic.Int64
	mu         sync.Mutex
	done       map[string][]string // step → ids
	redeemed   map[string]int      // id → how often a redemption was acknowledged
}

// step notes what a verb said: done, or unavailable. Nothing else may happen, but that a
// verb whose answer was lost is found to have happened (already).
func (w *worker) step(t *testing.T, name, id string, already error, verb func() error) bool {
	for try := 0; ; try++ {
		err := verb()
		switch {
		case err == nil:
			w.fine.Add(1)
			w.mu.Lock()
			defer w.mu.Unlock()
			w.done[name] = append(w.done[name], id)
			if name == "redeem" {
				w.redeemed[id]++
			}
			return true
		case errors.Is(err, idp.ErrUnavailable):
			w.down.Add(1)
			time.Sleep(10 * time.Millisecond)
		case try > 0 && errors.Is(err, already):
			return false // it had happened, and we were never told
		default:
			t.Errorf("%s %s: %v", name, id, err)
			return false
		}
	}
}

func (w *worker) signIn(t *testing.T, id string) {
	ctx, now := context.Background(), time.Now()
	w.step(t, "user", id, idp.ErrConflict, func() error { return w.db.CreateUser(ctx, idp.User{ID: id, Username: id}) })
	w.step(t, "grant", id, idp.ErrConflict, func() error {
		return w.db.CreateGrant(ctx, idp.Grant{ID: id, CodeHash: id, CodeExpiresAt: now.Add(time.Hour)}, idp.Event{ID: id, Name: idp.EventGrantCreated})
	})
	var rivals sync.WaitGroup
	for range 2 {
		rivals.Go(func() {
			err := w.db.RedeemCode(ctx, idp.Redemption{GrantID: id, CodeHash: id, RefreshSeq: 1}, now)
			if err != nil && !errors.Is(err, idp.ErrReused) && !errors.Is(err, idp.ErrUnavailable) {
				t.Errorf("redeem %s: %v", id, err)
			}
			if err == nil {
				w.step(t, "redeem", id, nil, func() error { return nil })
			}
		})
	}
	rivals.Wait()
	w.step(t, "rotate", id, idp.ErrReused, func() error {
		err := w.db.RotateRefresh(ctx, idp.Rotation{GrantID: id, Seq: 1})
		if errors.Is(err, idp.ErrReused) { // the code's redemption may have failed for good
			if g, gerr := w.db.Grant(ctx, id); gerr == nil && g.RefreshSeq == 0 {
				return w.db.RedeemCode(ctx, idp.Redemption{GrantID: id, CodeHash: id, RefreshSeq: 2}, now)
			}
		}
		return err
	})
}

// The server is restarted and killed while people sign in: what was acknowledged is
// there afterwards, no code was redeemed twice, and nobody had to restart anything.
func TestNothingAcknowledgedIsLostByARestartOfTheServer(t *testing.T) {
	t.Parallel()
	server, err := pgtest.Start() // its own: the others keep theirs
	wants(t, err, nil)
	defer func() { wants(t, server.Close(), nil) }()
	db := open(t, server.Database(t), time.Now)
	defer db.Close()
	w := &worker{db: db, done: map[string][]string{}, redeemed: map[string]int{}}

	var working sync.WaitGroup
	stop := make(chan struct{})
	for i := range 8 {
		working.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
					w.signIn(t, fmt.Sprintf("%d-%d", i, n))
				}
			}
		})
	}
	for round, end := range []func() error{server.Stop, server.Crash, server.Stop} {
		w.waitFor(t, 200)
		wants(t, end(), nil)
		time.Sleep(100 * time.Millisecond)
		wants(t, db.Ping(t.Context()), idp.ErrUnavailable)
		wants(t, server.Resume(), nil)
		t.Logf("round %d: %d verbs done, %d times unavailable", round, w.fine.Load(), w.down.Load())
	}
	w.waitFor(t, 200)
	close(stop)
	working.Wait()
	w.verify(t)
}

// waitFor waits until so many more verbs were acknowledged.
func (w *worker) waitFor(t *testing.T, more int64) {
	t.Helper()
	for want, deadline := w.fine.Load()+more, time.Now().Add(30*time.Second); w.fine.Load() < want; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the verbs did not recover")
		}
	}
}

func (w *worker) verify(t *testing.T) {
	ctx := context.Background()
	for _, id := range w.done["user"] {
		if _, err := w.db.User(ctx, id); err != nil {
			t.Errorf("acknowledged user %s: %v", id, err)
		}
	}
	seq := func(id string) (idp.Grant, int64) {
		g, err := w.db.Grant(ctx, id)
		if err != nil {
			t.Errorf("acknowledged grant %s: %v", id, err)
		}
		return g, g.RefreshSeq
	}
	for _, id := range w.done["grant"] {
		seq(id)
		if _, err := w.db.Events(ctx, idp.EventFilter{}, idp.Page{After: id, Limit: 1}); err != nil {
			t.Errorf("the Event of grant %s: %v", id, err)
		}
	}
	for _, id := range w.done["redeem"] {
		if g, _ := seq(id); g.CodeUsedAt.IsZero() {
			t.Errorf("the redemption of %s is lost", id)
		}
	}
	for id, n := range w.redeemed {
		if n > 1 {
			t.Errorf("%s was redeemed %d times", id, n)
		}
	}
	for _, id := range w.done["rotate"] {
		if _, n := seq(id); n != 2 {
			t.Errorf("%s was rotated, and is at %d", id, n)
		}
	}
	t.Logf("%d users, %d grants, %d codes, %d refreshes acknowledged; %d times unavailable", len(w.done["user"]), len(w.done["grant"]), len(w.done["redeem"]), len(w.done["rotate"]), w.down.Load())
}
