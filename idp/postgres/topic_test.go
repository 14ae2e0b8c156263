package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/postgres"
	"cloudsso/idp/storetest"
)

func hears(t *testing.T, heard <-chan string, want string) {
	t.Helper()
	select {
	case is := <-heard:
		if is != want {
			t.Fatalf("heard %q, want %q", is, want)
		}
	case <-time.After(15 * time.Second):
		t.Fatalf("nothing was heard, want %q", want)
	}
}

func TestNodesHearEachOther(t *testing.T) {
	t.Parallel()
	url := pg.Database(t)
	first, second := open(t, url, time.Now), open(t, url, time.Now)
	defer first.Close()
	heard, other := make(chan string, 10), make(chan string, 10)
	ctx, cancel := context.WithCancel(t.Context())
	wants(t, second.Subscribe(ctx, "clients", func(p string) { heard <- p }), nil)
	wants(t, second.Subscribe(t.Context(), `Cl"ients`, func(p string) { other <- p }), nil)
	for _, payload := range []string{"app", `'; DROP TABLE clients; --`, strings.Repeat("x", 7000)} {
		wants(t, first.Publish(t.Context(), "clients", payload), nil)
		hears(t, heard, payload)
	}
	wants(t, second.Publish(t.Context(), `Cl"ients`, "own"), nil)
	hears(t, other, "own")

	// The connections are lost: it says so once it hears again.
	storetest.Exec(t, stranger(t, url), `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()`)
	hears(t, heard, "")
	hears(t, other, "")
	wants(t, first.Publish(t.Context(), "clients", "after"), nil)
	hears(t, heard, "after")

	cancel()
	for len(storetest.Column(t, stranger(t, url), `SELECT 'x' FROM pg_stat_activity WHERE query LIKE 'LISTEN "cloudsso_clients"' AND datname = current_database()`)) != 0 {
		time.Sleep(5 * time.Millisecond) // until the test's time is over
	}
	wants(t, second.Close(), nil)
	// The server takes a moment to notice that a connection has ended.
	for len(storetest.Column(t, stranger(t, url), `SELECT query FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()`)) != 0 {
		time.Sleep(5 * time.Millisecond) // until the test's time is over
	}
	wants(t, first.Publish(t.Context(), "clients", "to nobody"), nil)
	if err := second.Subscribe(t.Context(), "t", func(string) {}); err == nil {
		t.Error("a closed store subscribes")
	}
}

// A network that swallows everything closes no connection.
func TestASilentConnectionIsNoticed(t *testing.T) {
	t.Parallel()
	r := rig(t, pg.Database(t), postgres.Options{Connect: 600 * time.Millisecond}, nil)
	heard := make(chan string, 10)
	wants(t, r.Subscribe(t.Context(), "t", func(p string) { heard <- p }), nil)
	time.Sleep(3 * time.Second) // quiet for longer than it waits: still the same connection
	wants(t, r.Publish(t.Context(), "t", "quiet"), nil)
	hears(t, heard, "quiet")
	r.wire.swallow.Store(true)
	if err := r.Subscribe(t.Context(), "t", func(string) {}); !errors.Is(err, idp.ErrUnavailable) {
		t.Errorf("subscribed to nothing: %v", err)
	}
	time.Sleep(3 * time.Second)
	r.wire.swallow.Store(false)
	hears(t, heard, "")
}
