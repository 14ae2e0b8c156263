//go:build unix && !race

package samlidp_test

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"slices"
	"syscall"
	"testing"
	"time"

	"cloudsso/samlidp"
)

// cpuTime is what this process has used so far, on all cores, the collector included. On
// a busy machine it tells more than the clock on the wall.
func cpuTime(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	must(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// work is what is measured, some times on end: what takes microseconds would otherwise be
// measured with cold caches, and by a clock too coarse for it.
type work struct {
	name  string
	times int
	once  func() error
}

func signingWork(t testing.TB) []work {
	key, sum, rows := privateKey(t, "idp"), sha256.Sum256(nil), tenAttributes()
	h, c := newHouse(t), newCrewjam(t)
	ring := newRing(t)
	ring.key = ring.ec
	curved := newHouse(t, func(o *samlidp.Options) { o.Ring = ring })
	return []work{
		{"the RSA signature alone", 1, func() error { _, err := key.Sign(rand.Reader, sum[:], crypto.SHA256); return err }},
		{"a Response, RSA", 1, func() error { _, err := h.saml.WriteResponse(rows); return err }},
		{"a Response, ECDSA", 20, func() error { _, err := curved.saml.WriteResponse(rows); return err }},
		{"a Response of crewjam's", 1, c.respond},
	}
}

// costs are the CPU times of each work once, in ascending order, of rounds in which each has
// its turn, so that what slows the machine down for a while slows all of them down.
func costs(t testing.TB, list []work, rounds int) [][]time.Duration {
	t.Helper()
	spent := make([][]time.Duration, len(list))
	for range rounds {
		for i, w := range list {
			began := cpuTime(t)
			for range w.times {
				must(t, w.once())
			}
			spent[i] = append(spent[i], (cpuTime(t)-began)/time.Duration(w.times))
		}
	}
	for i := range spent {
		slices.Sort(spent[i])
	}
	return spent
}

// Around its signature a Response costs next to nothing.
func TestAResponseCostsLittleMoreThanItsSignature(t *testing.T) {
	const rounds = 151
	list := signingWork(t)
	spent := costs(t, list, rounds)
	median := func(i int) time.Duration { return spent[i][rounds/2] }
	for i, w := range list {
		t.Logf("%-25s %8.1f µs of CPU, × %.2f; at best %8.1f µs", w.name, float64(median(i))/1e3, float64(median(i))/float64(median(0)), float64(spent[i][0])/1e3)
	}
	if ratio := float64(median(1)) / float64(median(0)); ratio > 1.15 {
		t.Errorf("a Response costs %.2f times its signature, at most 1.15 is wanted", ratio)
	}
	if best := spent[2][0]; best > 150*time.Microsecond {
		t.Errorf("a Response with ECDSA costs %v, at most 150 µs is wanted", best)
	}
	if median(1) >= median(3) {
		t.Errorf("crewjam's costs %v, ours %v", median(3), median(1))
	}
}
