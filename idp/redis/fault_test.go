package redis_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/redis"
	"cloudsso/idp/storetest/redistest"
)

const (
	impatient = 250 * time.Millisecond  // the time-out of a verb
	bound     = 1500 * time.Millisecond // in which it must have answered, on a busy machine
)

// verb is one of the port; want is what it says on an empty server.
type verb struct {
	name  string
	write string // "": reads; "grows": needs memory; "shrinks": does not
	run   func(ctx context.Context, s *redis.Store) error
	empty error
}

func verbs() []verb {
	end := time.Now().Add(time.Hour)
	flow, session := idp.Flow{ID: "old", Version: 2, ExpiresAt: end}, idp.Session{ID: "old", Subject: "alice", Version: 2, ExpiresAt: end}
	ticket := idp.Ticket{Kind: "somebody@example.com", ID: "old", Version: 2, ExpiresAt: end}
	return []verb{
		{"Ping", "", func(ctx context.Context, s *redis.Store) error { return s.Ping(ctx) }, nil},
		{"Flow", "", func(ctx context.Context, s *redis.Store) error { _, err := s.Flow(ctx, "old"); return err }, idp.ErrNotFound},
		{"Session", "", func(ctx context.Context, s *redis.Store) error { _, err := s.Session(ctx, "old"); return err }, idp.ErrNotFound},
		{"Ticket", "", func(ctx context.Context, s *redis.Store) error {
			_, err := s.Ticket(ctx, ticket.Kind, "old")
			return err
		}, idp.ErrNotFound},
		{"SessionsOf", "", func(ctx context.Context, s *redis.Store) error { _, err := s.SessionsOf(ctx, "alice"); return err }, nil},
		{"Counted", "", func(ctx context.Context, s *redis.Store) error { _, err := s.Counted(ctx, "old"); return err }, nil},
		{"UpdateFlow", "grows", func(ctx context.Context, s *redis.Store) error { return s.UpdateFlow(ctx, flow) }, idp.ErrNotFound},
		{"UpdateSession", "grows", func(ctx context.Context, s *redis.Store) error { return s.UpdateSession(ctx, session) }, idp.ErrNotFound},
		{"UpdateTicket", "grows", func(ctx context.Context, s *redis.Store) error { return s.UpdateTicket(ctx, ticket) }, idp.ErrNotFound},
		{"CreateTicket", "grows", func(ctx context.Context, s *redis.Store) error {
			return s.CreateTicket(ctx, idp.Ticket{Kind: "new", ID: idp.NewID(), ExpiresAt: end})
		}, nil},
		{"CreateFlow", "grows", func(ctx context.Context, s *redis.Store) error {
			return s.CreateFlow(ctx, idp.Flow{ID: idp.NewID(), ExpiresAt: end})
		}, nil},
		{"CreateSession", "grows", func(ctx context.Context, s *redis.Store) error {
			return s.CreateSession(ctx, idp.Session{ID: idp.NewID(), Subject: "bob", ExpiresAt: end})
		}, nil},
		{"SeenOnce", "grows", func(ctx context.Context, s *redis.Store) error { return s.SeenOnce(ctx, idp.NewID(), end) }, nil},
		{"Count", "grows", func(ctx context.Context, s *redis.Store) error { _, err := s.Count(ctx, "new", time.Hour); return err }, nil},
		{"ClearCount", "shrinks", func(ctx context.Context, s *redis.Store) error { return s.ClearCount(ctx, "old") }, nil},
		{"TakeFlow", "shrinks", func(ctx context.Context, s *redis.Store) error { _, err := s.TakeFlow(ctx, "old"); return err }, idp.ErrNotFound},
		{"DeleteSession", "shrinks", func(ctx context.Context, s *redis.Store) error { _, err := s.DeleteSession(ctx, "old"); return err }, idp.ErrNotFound},
		{"TakeTicket", "shrinks", func(ctx context.Context, s *redis.Store) error {
			_, err := s.TakeTicket(ctx, ticket.Kind, "old")
			return err
		}, idp.ErrNotFound},
		{"Publish", "", func(ctx context.Context, s *redis.Store) error { return s.Publish(ctx, "topic", "x") }, nil},
		{"Subscribe", "", func(ctx context.Context, s *redis.Store) error { return s.Subscribe(ctx, "topic", func(string) {}) }, nil},
	}
}

// unavailable wants ErrUnavailable with its cause, alone, and soon.
func unavailable(t *testing.T, name string, run func() error) {
	t.Helper()
	start := time.Now()
	err := run()
	if !errors.Is(err, idp.ErrUnavailable) || errors.Is(err, idp.ErrNotFound) || errors.Is(err, idp.ErrReplayed) || errors.Is(err, idp.ErrConflict) {
		t.Errorf("%s: %v, want it unavailable", name, err)
	} else if err.Error() == idp.ErrUnavailable.Error() {
		t.Errorf("%s does not say why", name)
	}
	if e := idp.AsError(err); e.Code != idp.Unavailable || strings.Contains(e.Public, "edis") {
		t.Errorf("%s: people are told %v", name, e)
	}
	if took := time.Since(start); took > bound {
		t.Errorf("%s took %v", name, took)
	}
}

// eventually tries until it works: a store finds back by itself.
func eventually(t *testing.T, run func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if err = run(); err == nil {
			return
		}
	}
	t.Fatalf("it does not come back: %v", err)
}

func TestAServerThatIsGoneIsUnavailable(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, url(server), redis.Options{Timeout: impatient}, time.Now)
	server.Stop()
	for _, v := range verbs() {
		unavailable(t, v.name, func() error { return v.run(t.Context(), s) })
	}
}

// What lived there is gone, scripts included, and everything works again.
func TestAServerThatRestartsEmptySignsOutAndGoesOn(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, url(server), redis.Options{Timeout: impatient}, time.Now)
	fill(t, s, "old", time.Now().Add(time.Hour))
	wants(t, server.Restart(), nil)
	for _, v := range verbs() { // the first one too: connections that ended are noticed
		if err := v.run(t.Context(), s); !errors.Is(err, v.empty) {
			t.Errorf("%s: %v, want %v", v.name, err, v.empty)
		}
	}
	server.Stop()
	unavailable(t, "Ping", func() error { return s.Ping(t.Context()) })
	wants(t, server.Restart(), nil)
	eventually(t, func() error { return s.Ping(t.Context()) })
	wants(t, s.SeenOnce(t.Context(), "old", time.Now().Add(time.Hour)), nil)
}

func TestAFlushedScriptCacheIsNotNoticed(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, url(server), redis.Options{}, time.Now)
	fill(t, s, "old", time.Now().Add(time.Hour))
	for _, v := range verbs() {
		server.Must(t, "SCRIPT", "FLUSH")
		if err := v.run(t.Context(), s); err != nil && !errors.Is(err, idp.ErrConflict) {
			t.Errorf("%s: %v", v.name, err)
		}
	}
}

func TestASlowServerIsUnavailableInTime(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	proxy := redistest.NewProxy(t, server.Addr())
	s := open(t, "redis://"+proxy.Addr(), redis.Options{Timeout: impatient, PoolSize: 2}, time.Now)
	fill(t, s, "old", time.Now().Add(time.Hour))
	proxy.Delay(10 * time.Millisecond) // slow, but in time
	wants(t, s.Ping(t.Context()), nil)
	proxy.Lose("*", true)
	for _, v := range verbs() {
		unavailable(t, v.name, func() error { return v.run(t.Context(), s) })
	}
	hurry, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	unavailable(t, "a caller in a hurry", func() error { _, err := s.Flow(hurry, "old"); return err })
	var wg sync.WaitGroup
	for range 10 { // more than there are connections
		wg.Go(func() { unavailable(t, "a crowd", func() error { return s.Ping(t.Context()) }) })
	}
	wg.Wait()
	proxy.Lose("", false)
	proxy.Delay(0)
	proxy.Cut()
	eventually(t, func() error { return s.Ping(t.Context()) })
	// No answer to an earlier question is taken for one to a later.
	wants(t, s.CreateFlow(t.Context(), idp.Flow{ID: "new", App: "new", ExpiresAt: time.Now().Add(time.Hour)}), nil)
	f, err := s.Flow(t.Context(), "new")
	if err != nil || f.App != "new" {
		t.Errorf("%+v, %v", f, err)
	}
}

// The state change happened, its answer is lost: it is not repeated behind the caller's
// back, and not taken for somebody else's.
func TestAChangeWhoseAnswerIsLostHappensOnce(t *testing.T) {
	t.Parallel()
	end := time.Now().Add(time.Hour)
	for _, row := range []struct {
		name string
		hang bool
		url  func(t *testing.T) (*redistest.Proxy, string)
	}{
		{"one server, the connection ends", false, single},
		{"one server, silence", true, single},
		{"a cluster, the connection ends", false, clustered},
		{"a cluster, silence", true, clustered},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			proxy, url := row.url(t)
			s := open(t, url, redis.Options{Timeout: impatient}, time.Now)
			ctx := t.Context()
			wants(t, s.CreateFlow(ctx, idp.Flow{ID: "taken", ExpiresAt: end}), nil)
			wants(t, s.CreateFlow(ctx, idp.Flow{ID: "updated", ExpiresAt: end}), nil)
			wants(t, s.CreateSession(ctx, idp.Session{ID: "out", Subject: "alice", ExpiresAt: end}), nil)
			wants(t, s.CreateTicket(ctx, idp.Ticket{Kind: "k", ID: "taken", ExpiresAt: end}), nil)
			_, err := s.Count(ctx, "count", time.Hour)
			wants(t, err, nil)

			proxy.Lose("evalsha", row.hang)
			unavailable(t, "Count", func() error { _, err := s.Count(ctx, "count", time.Hour); return err })
			unavailable(t, "TakeFlow", func() error { _, err := s.TakeFlow(ctx, "taken"); return err })
			unavailable(t, "TakeTicket", func() error { _, err := s.TakeTicket(ctx, "k", "taken"); return err })
			unavailable(t, "UpdateFlow", func() error { return s.UpdateFlow(ctx, idp.Flow{ID: "updated", Version: 1, ExpiresAt: end}) })
			unavailable(t, "DeleteSession", func() error { _, err := s.DeleteSession(ctx, "out"); return err })
			unavailable(t, "SeenOnce", func() error { return s.SeenOnce(ctx, "mark", end) })
			unavailable(t, "CreateFlow", func() error { return s.CreateFlow(ctx, idp.Flow{ID: "new", ExpiresAt: end}) })
			proxy.Lose("", false)
			proxy.Cut()
			eventually(t, func() error { return s.Ping(ctx) })

			var n int
			eventually(t, func() error { n, err = s.Counted(ctx, "count"); return err })
			if n != 2 {
				t.Errorf("counted %d, want 2: the one before and the lost one", n)
			}
			_, err = s.TakeFlow(ctx, "taken")
			wants(t, err, idp.ErrNotFound)
			_, err = s.TakeTicket(ctx, "k", "taken")
			wants(t, err, idp.ErrNotFound)
			_, err = s.DeleteSession(ctx, "out")
			wants(t, err, idp.ErrNotFound)
			wants(t, s.SeenOnce(ctx, "mark", end), idp.ErrReplayed)
			wants(t, s.UpdateFlow(ctx, idp.Flow{ID: "updated", Version: 1, ExpiresAt: end}), idp.ErrConflict)
			wants(t, s.CreateFlow(ctx, idp.Flow{ID: "new", ExpiresAt: end}), idp.ErrConflict)
			f, err := s.Flow(ctx, "updated")
			if err != nil || f.Version != 2 {
				t.Errorf("version %d, %v, want 2", f.Version, err)
			}
		})
	}
}

func single(t *testing.T) (*redistest.Proxy, string) {
	proxy := redistest.NewProxy(t, redistest.Start(t).Addr())
	return proxy, "redis://" + proxy.Addr()
}

// A cluster of one, which tells its clients the address of the proxy.
func clustered(t *testing.T) (*redistest.Proxy, string) {
	proxy := redistest.NewProxy(t, "")
	_, port, _ := strings.Cut(proxy.Addr(), ":")
	node := redistest.Cluster(t, 1, "--cluster-announce-port", port, "--cluster-announce-ip", "127.0.0.1")[0]
	proxy.Aim(node.Addr())
	return proxy, "redis+cluster://" + proxy.Addr()
}

// As after a fail-over, on connections to what was the primary.
func TestAReplicaCanBeReadAndTakesNoChange(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, url(server), redis.Options{}, time.Now)
	fill(t, s, "old", time.Now().Add(time.Hour))
	server.Must(t, "REPLICAOF", "127.0.0.1", "1")
	for _, v := range verbs() {
		if v.write != "" {
			unavailable(t, v.name, func() error { return v.run(t.Context(), s) })
		} else {
			wants(t, v.run(t.Context(), s), nil)
		}
	}
	server.Must(t, "REPLICAOF", "NO", "ONE")
	_, err := s.TakeFlow(t.Context(), "old")
	wants(t, err, nil)
}

// Signing out and reading go on; what needs memory does not, and nothing is evicted.
func TestAFullMemoryStopsOnlyWhatGrows(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, url(server), redis.Options{}, time.Now)
	fill(t, s, "old", time.Now().Add(time.Hour))
	before := len(keys(t, server))
	server.Must(t, "CONFIG", "SET", "maxmemory", "1")
	for _, v := range verbs() {
		if v.write == "grows" {
			unavailable(t, v.name, func() error { return v.run(t.Context(), s) })
		} else if v.write == "" {
			wants(t, v.run(t.Context(), s), nil)
		}
	}
	if after := len(keys(t, server)); after != before {
		t.Errorf("%d keys, then %d", before, after)
	}
	for _, v := range verbs() {
		if v.write == "shrinks" {
			wants(t, v.run(t.Context(), s), nil)
		}
	}
	server.Must(t, "CONFIG", "SET", "maxmemory", "0")
	fill(t, s, "new", time.Now().Add(time.Hour))
}

func TestAValueThatIsNotOursIsUnavailable(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, url(server), redis.Options{}, time.Now)
	server.Must(t, "FLUSHALL")
	for _, row := range []struct {
		name  string
		spoil func(key string) []string
	}{
		{"no entry", func(key string) []string { return []string{"SET", key, "rubbish"} }},
		{"no version", func(key string) []string { return []string{"SET", key, "x 99999999999999999 {}"} }},
		{"no document", func(key string) []string { return []string{"SET", key, "1 99999999999999999 ["} }},
		{"a list", func(key string) []string {
			return []string{"EVAL", "redis.call('DEL', KEYS[1]) redis.call('LPUSH', KEYS[1], 'x')", "1", key}
		}},
	} {
		fill(t, s, "old", time.Now().Add(time.Hour))
		for _, key := range keys(t, server) {
			server.Do(row.spoil(key)...)
		}
		unavailable(t, row.name+": Flow", func() error { _, err := s.Flow(t.Context(), "old"); return err })
		unavailable(t, row.name+": Session", func() error { _, err := s.Session(t.Context(), "old"); return err })
		unavailable(t, row.name+": SessionsOf", func() error { _, err := s.SessionsOf(t.Context(), "alice"); return err })
		if row.name != "no document" {
			unavailable(t, row.name+": TakeFlow", func() error { _, err := s.TakeFlow(t.Context(), "old"); return err })
		}
		server.Must(t, "FLUSHALL")
	}
}

func TestAClosedStoreIsUnavailable(t *testing.T) {
	t.Parallel()
	s := open(t, url(redistest.Start(t)), redis.Options{}, time.Now)
	wants(t, s.Close(), nil)
	wants(t, s.Close(), nil)
	for _, v := range verbs() {
		unavailable(t, v.name, func() error { return v.run(t.Context(), s) })
	}
}
