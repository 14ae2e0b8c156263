package server

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/config"
	"cloudsso/idp/memory"
	"cloudsso/keys"
	"cloudsso/userdir"
)

// crowded is a store that says how many sweep it at the same time.
type crowded struct {
	*memory.Store
	now, most atomic.Int32
}

func (c *crowded) Sweep(ctx context.Context, at time.Time, limit int) (int, error) {
	n := c.now.Add(1)
	defer c.now.Add(-1)
	for most := c.most.Load(); n > most && !c.most.CompareAndSwap(most, n); most = c.most.Load() {
	}
	time.Sleep(5 * time.Millisecond) // time for others to come in
	return c.Store.Sweep(ctx, at, limit)
}

// locking is one that has locks, as PostgreSQL has.
type locking struct {
	*crowded
	mu  sync.Mutex
	err error
}

func (l *locking) TryLock(_ context.Context, name string) (func(), bool, error) {
	if l.err != nil || name != sweepLock {
		return nil, false, l.err
	}
	if !l.mu.TryLock() {
		return nil, false, nil
	}
	return l.mu.Unlock, true, nil
}

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// expired fills a store with flows whose time is over.
func expired(t *testing.T, n int) *crowded {
	t.Helper()
	c := &crowded{Store: memory.New(func() time.Time { return start })}
	for i := range n {
		f := idp.Flow{ID: fmt.Sprint(i), CreatedAt: start, ExpiresAt: start.Add(time.Second)}
		if err := c.CreateFlow(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func node(records idp.Records, flows idp.Flows) *Server {
	return &Server{options: Options{Records: records, Flows: flows}, now: func() time.Time { return start.Add(time.Minute) }}
}

// sweepAll lets so many nodes sweep at once.
func sweepAll(t *testing.T, nodes int, records idp.Records, flows idp.Flows) {
	t.Helper()
	var wg sync.WaitGroup
	for range nodes {
		wg.Go(func() {
			if err := node(records, flows).sweep(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func left(t *testing.T, c *crowded) int {
	t.Helper()
	n, err := c.Store.Sweep(t.Context(), start.Add(time.Minute), 10000)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestSweepingSideBySideHarmsNothing(t *testing.T) {
	t.Parallel()
	c := expired(t, 3*sweepBatch+7)
	living := idp.Flow{ID: "living", CreatedAt: start, ExpiresAt: start.Add(time.Hour)}
	if err := c.CreateFlow(t.Context(), living); err != nil {
		t.Fatal(err)
	}
	sweepAll(t, 4, c, c)
	if n := left(t, c); n != 0 {
		t.Errorf("%d were left", n)
	}
	if _, err := c.Flow(t.Context(), "living"); err != nil {
		t.Errorf("what lives was swept: %v", err)
	}
}

func TestWithALockOneNodeSweeps(t *testing.T) {
	t.Parallel()
	l := &locking{crowded: expired(t, 3*sweepBatch)}
	sweepAll(t, 4, l, l.crowded)
	if most, n := l.most.Load(), left(t, l.crowded); most != 1 || n != 0 {
		t.Errorf("%d swept at the same time, %d were left", most, n)
	}
	if !l.mu.TryLock() {
		t.Error("the lock was kept")
	}
	l.mu.Unlock()
	l.err = errors.New("gone")
	if err := node(l, l.crowded).sweep(t.Context()); !errors.Is(err, l.err) {
		t.Errorf("%v", err)
	}
}

// TestPeriodicWorkRunsOnce: one node does the round of a minute, whoever asks later has
// nothing to do until the next.
func TestPeriodicWorkRunsOnce(t *testing.T) {
	t.Parallel()
	c := expired(t, 10)
	first, second := node(c, c), node(c, c)
	sweepAll(t, 1, c, c)
	late := idp.Flow{ID: "late", CreatedAt: start, ExpiresAt: start.Add(time.Second)}
	if err := c.CreateFlow(t.Context(), late); err != nil {
		t.Fatal(err)
	}
	for _, n := range []*Server{first, second} {
		if err := n.sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := left(t, c); n != 1 {
		t.Fatalf("the round ran again: %d rows are left", n)
	}
	if err := c.CreateFlow(t.Context(), late); err != nil {
		t.Fatal(err)
	}
	second.now = func() time.Time { return start.Add(2 * time.Minute) }
	if err := second.sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := left(t, c); n != 0 {
		t.Errorf("the next round did not run: %d rows are left", n)
	}
}

func TestOutcomesOfDirectories(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want string
	}{
		{nil, "ok"}, {userdir.ErrNotFound, "not_found"}, {fmt.Errorf("x: %w", userdir.ErrInvalidCredentials), "invalid_credentials"},
		{userdir.ErrDisabled, "disabled"}, {userdir.ErrLocked, "locked"}, {userdir.ErrPasswordExpired, "password_expired"},
		{fmt.Errorf("%w: dial", userdir.ErrUnavailable), "unavailable"}, {fmt.Errorf("%w: %w", userdir.ErrUnavailable, context.Canceled), "canceled"},
		{errors.New("secret"), "error"},
	} {
		if got := outcome(c.err); got != c.want {
			t.Errorf("%v: %s, want %s", c.err, got, c.want)
		}
	}
}

// bus carries messages between the nodes of a test.
type bus struct {
	*memory.Store
	mu   sync.Mutex
	hear []func(string)
	down bool
}

func (b *bus) Publish(_ context.Context, _, payload string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down {
		return idp.ErrUnavailable
	}
	for _, hear := range b.hear {
		go hear(payload)
	}
	return nil
}

func (b *bus) Subscribe(_ context.Context, _ string, hear func(string)) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hear = append(b.hear, hear)
	return nil
}

// TestNodesHearOfKeysAtOnce: sooner than any polling.
func TestNodesHearOfKeysAtOnce(t *testing.T) {
	t.Parallel()
	b := &bus{Store: memory.New(time.Now)}
	kek, err := keys.LoadKEK(t.TempDir(), func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	var nodes []*Server
	for range 2 {
		s, err := New(t.Context(), Options{Config: config.Config{Issuer: "http://localhost:1", Dev: true}, Records: b, Flows: b, KEK: kek})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.background(t.Context()))
		nodes = append(nodes, s)
	}
	for listening := 0; listening < len(nodes); time.Sleep(time.Millisecond) {
		b.mu.Lock()
		listening = len(b.hear)
		b.mu.Unlock()
	}
	made, err := nodes[0].ring.Rotate(t.Context(), nodes[0].events, keys.Plan{})
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(pollEvery / 2); ; time.Sleep(5 * time.Millisecond) {
		if body, _ := nodes[1].ring.JWKS(); strings.Contains(string(body), made.KID) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the other node was not told")
		}
	}
	// A message that cannot be sent is no reason to refuse what is done already.
	b.mu.Lock()
	b.down = true
	b.mu.Unlock()
	if err := nodes[0].events.Record(t.Context(), idp.Event{Name: idp.EventKeyCreated}); err != nil {
		t.Error(err)
	}
}
