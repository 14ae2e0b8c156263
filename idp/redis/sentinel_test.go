package redis_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/redis"
	"cloudsso/idp/storetest/redistest"
)

// The store follows the Sentinels to the new primary by itself.
func TestSentinelsLeadToTheNewPrimary(t *testing.T) {
	t.Parallel()
	first := redistest.Start(t, "--requirepass", "pw", "--masterauth", "pw", "--repl-diskless-sync-delay", "0")
	second := redistest.Start(t, "--replicaof", "127.0.0.1 "+strconv.Itoa(first.Port), "--masterauth", "pw", "--repl-diskless-sync-delay", "0")
	sentinel := redistest.Sentinel(t, first, 1, "sentinel auth-pass main pw")
	at := "redis+sentinel://:pw@127.0.0.1:1," + sentinel.Addr() + "/main"
	refused(t, "another master", "redis+sentinel://:pw@"+sentinel.Addr()+"/other", redis.Options{}, idp.Unavailable, "knows the master")
	second.Must(t, "CONFIG", "SET", "requirepass", "pw")

	s := open(t, at+"/1", redis.Options{Timeout: time.Second}, time.Now)
	fill(t, s, "old", time.Now().Add(time.Hour))
	eventually(t, func() error {
		_, err := sentinel.Do("SENTINEL", "FAILOVER", "main")
		return err
	})
	eventually(t, func() error {
		if where := sentinel.Must(t, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main"); !strings.Contains(where, strconv.Itoa(second.Port)) {
			return idp.ErrUnavailable
		}
		return nil
	})
	eventually(t, func() error { return s.SeenOnce(t.Context(), idp.NewID(), time.Now().Add(time.Hour)) })
	_, err := s.Session(t.Context(), "old")
	wants(t, err, nil)
	first.Stop()
	wants(t, s.CreateFlow(t.Context(), idp.Flow{ID: "new", ExpiresAt: time.Now().Add(time.Hour)}), nil)
}

// The other nodes elect the replica; until then what lives there is unavailable, the
// rest goes on.
func TestAClusterWhoseNodeDiesGoesOn(t *testing.T) {
	t.Parallel()
	nodes := redistest.Cluster(t, 3)
	redistest.Replica(t, nodes)
	s := open(t, "redis+cluster://"+nodes[1].Addr(), redis.Options{Timeout: impatient}, time.Now)
	end := time.Now().Add(time.Hour)
	for i := range 30 { // over all nodes
		wants(t, s.CreateFlow(t.Context(), idp.Flow{ID: strconv.Itoa(i), ExpiresAt: end}), nil)
	}
	// Replication is asynchronous: what the replica has not seen dies with the master, and
	// that is not what this test is about.
	eventually(t, func() error {
		info := nodes[0].Must(t, "INFO", "replication")
		m := regexp.MustCompile(`offset=(\d+),lag(?s:.*)master_repl_offset:(\d+)`).FindStringSubmatch(info)
		if m == nil || m[1] != m[2] {
			return idp.ErrUnavailable
		}
		return nil
	})
	nodes[0].Stop()
	down := 0
	for i := range 30 {
		_, err := s.Flow(t.Context(), strconv.Itoa(i))
		if err != nil {
			wants(t, err, idp.ErrUnavailable)
			down++
		}
	}
	if down == 0 || down > 25 {
		t.Errorf("%d of 30 flows are unavailable", down)
	}
	for i := range 30 {
		eventually(t, func() error { _, err := s.TakeFlow(t.Context(), strconv.Itoa(i)); return err })
	}
}
