package redis_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"cloudsso/idp"
	"cloudsso/idp/redis"
	"cloudsso/idp/storetest"
	"cloudsso/idp/storetest/redistest"
)

type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

func TestMain(m *testing.M) {
	goredis.SetLogger(quiet{}) // what it would print is what the tests provoke
	os.Exit(m.Run())
}

func TestFlows(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	storetest.Flows(t, spaces(url(server)))
	everyKeyEnds(t, server)
}

func TestFlowsOnACluster(t *testing.T) {
	t.Parallel()
	nodes := redistest.Cluster(t, 3)
	storetest.Flows(t, spaces("redis+cluster://"+nodes[0].Addr()+","+nodes[1].Addr()))
	for _, s := range nodes {
		everyKeyEnds(t, s)
	}
}

func TestFlowsRestart(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--appendonly", "yes", "--appendfsync", "always")
	storetest.FlowsRestart(t, func(*testing.T) storetest.Open[idp.Flows] {
		return func(t *testing.T, now func() time.Time) idp.Flows {
			wants(t, server.Restart(), nil)
			return open(t, url(server), redis.Options{}, now)
		}
	})
}

// spaces opens a store in a namespace of its own each time.
func spaces(url string) storetest.Open[idp.Flows] {
	n := 0
	return func(t *testing.T, now func() time.Time) idp.Flows {
		n++
		return open(t, url, redis.Options{Namespace: "space" + strconv.Itoa(n)}, now)
	}
}

func url(s *redistest.Server) string { return "redis://" + s.Addr() }

func open(t testing.TB, url string, o redis.Options, now func() time.Time) *redis.Store {
	t.Helper()
	s, err := redis.Open(t.Context(), url, o, now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func wants(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) || err != nil && want == nil {
		t.Fatalf("error is %v, want %v", err, want)
	}
}

func keys(t testing.TB, s *redistest.Server) []string {
	t.Helper()
	return slices.DeleteFunc(strings.Split(s.Must(t, "KEYS", "*"), "\n"), func(key string) bool { return key == "" })
}

func everyKeyEnds(t testing.TB, s *redistest.Server) {
	t.Helper()
	all := keys(t, s)
	if len(all) < 100 {
		t.Errorf("only %d keys to look at", len(all))
	}
	for _, key := range all {
		ms, err := strconv.Atoi(s.Must(t, "PTTL", key))
		if err != nil || ms < 0 || ms > 8*3600*1000 {
			t.Errorf("%s has a TTL of %d ms, %v", key, ms, err)
		}
	}
}

// fill makes one of each kind, twice: new and changed.
func fill(t testing.TB, s *redis.Store, id string, end time.Time) {
	t.Helper()
	ctx := t.Context()
	flow, session := idp.Flow{ID: id, Request: "request", ExpiresAt: end}, idp.Session{ID: id, Subject: "alice", ExpiresAt: end}
	ticket := idp.Ticket{Kind: "somebody@example.com", ID: id, Data: []byte("{}"), ExpiresAt: end}
	for version := range int64(2) {
		flow.Version, session.Version, ticket.Version = version, version, version
		if version == 0 {
			wants(t, s.CreateFlow(ctx, flow), nil)
			wants(t, s.CreateSession(ctx, session), nil)
			wants(t, s.CreateTicket(ctx, ticket), nil)
			wants(t, s.SeenOnce(ctx, id, end), nil)
		} else {
			wants(t, s.UpdateFlow(ctx, flow), nil)
			wants(t, s.UpdateSession(ctx, session), nil)
			wants(t, s.UpdateTicket(ctx, ticket), nil)
		}
		_, err := s.Count(ctx, id, time.Hour)
		wants(t, err, nil)
	}
}

func TestNamesOfKeysTellNothingAndAreTyped(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, url(server), redis.Options{Namespace: "one"}, time.Now)
	server.Must(t, "FLUSHALL")
	fill(t, s, "somebody@example.com{x}", time.Now().Add(time.Hour))
	want := map[string]int{"flow": 1, "session": 1, "subject": 1, "ticket": 1, "mark": 1, "count": 1}
	for _, key := range keys(t, server) {
		parts := strings.SplitN(key, ":", 3)
		if parts[0] != "one" || len(key) > 80 || strings.Contains(key, "example") {
			t.Errorf("a key is named %s", key)
		}
		want[parts[1]]--
	}
	for kind, n := range want {
		if n != 0 {
			t.Errorf("kind %s: %d keys are missing", kind, n)
		}
	}
}

func TestTwoProvidersOnOneServerDoNotTouchEachOther(t *testing.T) {
	t.Parallel()
	server, ctx, end := redistest.Start(t), t.Context(), time.Now().Add(time.Hour)
	one := open(t, url(server), redis.Options{Namespace: "one"}, time.Now)
	two := open(t, url(server)+"?namespace=one.two", redis.Options{Namespace: "one"}, time.Now)
	fill(t, one, "id", end)
	_, err := two.Flow(ctx, "id")
	wants(t, err, idp.ErrNotFound)
	_, err = two.Session(ctx, "id")
	wants(t, err, idp.ErrNotFound)
	_, err = two.Ticket(ctx, "somebody@example.com", "id")
	wants(t, err, idp.ErrNotFound)
	list, err := two.SessionsOf(ctx, "alice")
	wants(t, err, nil)
	n, err := two.Counted(ctx, "id")
	wants(t, err, nil)
	if len(list) != 0 || n != 0 {
		t.Errorf("the other provider has %d sessions and counted %d", len(list), n)
	}
	fill(t, two, "id", end)
	heard := make(chan string, 9)
	wants(t, two.Subscribe(ctx, "topic", func(p string) { heard <- p }), nil)
	wants(t, one.Publish(ctx, "topic", "from one"), nil)
	wants(t, two.Publish(ctx, "topic", "from two"), nil)
	if got := <-heard; got != "from two" {
		t.Errorf("two heard %q", got)
	}
	_, err = one.TakeFlow(ctx, "id")
	wants(t, err, nil)
	_, err = two.Flow(ctx, "id")
	wants(t, err, nil)
}

// A TTL follows from how long a thing has to live, not from when that is by the server's
// clock: the node's may be years off.
func TestTheClocksOfNodeAndServerMayDiffer(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	for _, year := range []int{1999, 2101} {
		now := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		s := open(t, url(server), redis.Options{Namespace: fmt.Sprint(year)}, func() time.Time { return now })
		server.Must(t, "FLUSHALL")
		fill(t, s, "id", now.Add(time.Hour))
		for _, key := range keys(t, server) {
			if ms, _ := strconv.Atoi(server.Must(t, "PTTL", key)); ms < 3600_000 || ms > 3660_000 {
				t.Errorf("%d: %s has a TTL of %d ms, want an hour and the slack", year, key, ms)
			}
		}
		_, err := s.Session(t.Context(), "id")
		wants(t, err, nil)
	}
}

// A node whose clock is a little behind must find the replay mark of another, although
// by the clock of that one it is over.
func TestAMarkOutlivesSmallDifferencesOfClocks(t *testing.T) {
	t.Parallel()
	server, now := redistest.Start(t), time.Now()
	ahead := open(t, url(server), redis.Options{}, func() time.Time { return now.Add(30 * time.Second) })
	behind := open(t, url(server), redis.Options{}, func() time.Time { return now })
	until := now.Add(30*time.Second + 50*time.Millisecond)
	wants(t, ahead.SeenOnce(t.Context(), "assertion", until), nil)
	time.Sleep(100 * time.Millisecond) // the server's TTL is real time
	wants(t, behind.SeenOnce(t.Context(), "assertion", until), idp.ErrReplayed)
}

// Each verb that changes something is one script in one round trip.
func TestEachChangeIsOneRoundTrip(t *testing.T) {
	t.Parallel()
	server, ctx, end := redistest.Start(t), t.Context(), time.Now().Add(time.Hour)
	s := open(t, url(server), redis.Options{}, time.Now)
	for _, row := range []struct {
		verb string
		run  func() error
	}{
		{"CreateFlow", func() error { return s.CreateFlow(ctx, idp.Flow{ID: "f", ExpiresAt: end}) }},
		{"UpdateFlow", func() error { return s.UpdateFlow(ctx, idp.Flow{ID: "f", Version: 1, ExpiresAt: end}) }},
		{"TakeFlow", func() error { _, err := s.TakeFlow(ctx, "f"); return err }},
		{"CreateSession", func() error { return s.CreateSession(ctx, idp.Session{ID: "s", ExpiresAt: end}) }},
		{"UpdateSession", func() error { return s.UpdateSession(ctx, idp.Session{ID: "s", Version: 1, ExpiresAt: end}) }},
		{"DeleteSession", func() error { _, err := s.DeleteSession(ctx, "s"); return err }},
		{"CreateTicket", func() error { return s.CreateTicket(ctx, idp.Ticket{Kind: "k", ID: "t", ExpiresAt: end}) }},
		{"UpdateTicket", func() error {
			return s.UpdateTicket(ctx, idp.Ticket{Kind: "k", ID: "t", Version: 1, ExpiresAt: end})
		}},
		{"TakeTicket", func() error { _, err := s.TakeTicket(ctx, "k", "t"); return err }},
		{"SeenOnce", func() error { return s.SeenOnce(ctx, "m", end) }},
		{"Count", func() error { _, err := s.Count(ctx, "c", time.Hour); return err }},
		{"ClearCount", func() error { return s.ClearCount(ctx, "c") }},
	} {
		server.Must(t, "CONFIG", "RESETSTAT")
		wants(t, row.run(), nil)
		stats := server.Must(t, "INFO", "commandstats")
		if !strings.Contains(stats, "cmdstat_evalsha:calls=1,") || strings.Contains(stats, "cmdstat_eval:") {
			t.Errorf("%s is not one script:\n%s", row.verb, stats)
		}
	}
}
