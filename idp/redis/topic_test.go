package redis_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"cloudsso/idp/redis"
	"cloudsso/idp/storetest/redistest"
)

func hears(t *testing.T, heard <-chan string, want string) {
	t.Helper()
	select {
	case got := <-heard:
		if got != want {
			t.Fatalf("heard %q, want %q", got, want)
		}
	case <-time.After(10 * time.Second):
		t.Fatalf("heard nothing, want %q", want)
	}
}

func TestAllNodesHearATopicInOrder(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]func(t *testing.T) string{
		"on one server": func(t *testing.T) string { return url(redistest.Start(t)) },
		"on a cluster":  func(t *testing.T) string { return "redis+cluster://" + redistest.Cluster(t, 2)[1].Addr() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			where := at(t)
			a, b := open(t, where, redis.Options{}, time.Now), open(t, where, redis.Options{}, time.Now)
			heard := make(chan string, 100)
			others := make(chan string, 100)
			wants(t, a.Subscribe(t.Context(), "keys", func(p string) { heard <- p }), nil)
			wants(t, a.Subscribe(t.Context(), "clients", func(p string) { others <- p }), nil)
			for i := range 20 {
				wants(t, []*redis.Store{a, b}[i%2].Publish(t.Context(), "keys", strconv.Itoa(i)), nil)
				hears(t, heard, strconv.Itoa(i))
			}
			if len(others) != 0 {
				t.Error("another topic was heard")
			}
		})
	}
}

func TestASubscriptionEndsWithItsContextOrItsStore(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, url(server), redis.Options{Timeout: 30 * time.Second}, time.Now)
	ctx, cancel := context.WithCancel(t.Context())
	wants(t, s.Subscribe(ctx, "one", func(string) {}), nil)
	wants(t, s.Subscribe(t.Context(), "two", func(string) {}), nil)
	count := func(want string) {
		t.Helper()
		eventually(t, func() error {
			if got := server.Must(t, "PUBSUB", "CHANNELS"); got != want {
				return context.DeadlineExceeded
			}
			return nil
		})
	}
	cancel()
	count("cloudsso:topic:two")
	wants(t, s.Close(), nil)
	count("")
}

// A node that lost its connection is told to look for itself, then hears again.
func TestASubscriptionFindsBack(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(t *testing.T, s *redistest.Server, p *redistest.Proxy){
		"after the connection was cut": func(_ *testing.T, _ *redistest.Server, p *redistest.Proxy) { p.Cut() },
		"after the server restarted":   func(t *testing.T, s *redistest.Server, _ *redistest.Proxy) { wants(t, s.Restart(), nil) },
		"after silence without an end": func(t *testing.T, _ *redistest.Server, p *redistest.Proxy) {
			p.Lose("*", true)
			time.Sleep(4 * impatient)
			p.Lose("", false)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			proxy := redistest.NewProxy(t, server.Addr())
			s := open(t, "redis://"+proxy.Addr(), redis.Options{Timeout: impatient}, time.Now)
			heard := make(chan string, 100)
			wants(t, s.Subscribe(t.Context(), "topic", func(p string) { heard <- p }), nil)
			wants(t, s.Publish(t.Context(), "topic", "before"), nil)
			hears(t, heard, "before")
			time.Sleep(3 * impatient) // silence alone is no loss
			if len(heard) != 0 {
				t.Fatalf("heard %q in the silence", <-heard)
			}
			lose(t, server, proxy)
			hears(t, heard, "")
			eventually(t, func() error { return s.Publish(t.Context(), "topic", "after") })
			hears(t, heard, "after")
		})
	}
}
