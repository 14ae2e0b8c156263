//go:build unix

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
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// work is what is measured, some times on end: what takes microseconds would otherwise be
// measured with cold caches, and by a clock too coarse for it.
type work struct {
	name  string
	times int
	once  func() error
}

func signingWork(b *testing.B) []work {
	key, sum, rows := privateKey(b, "idp"), sha256.Sum256(nil), tenAttributes()
	h, c := newHouse(b), newCrewjam(b)
	ring := newRing(b)
	ring.key = ring.ec
	curved := newHouse(b, func(o *samlidp.Options) { o.Ring = ring })
	return []work{
		{"signature", 1, func() error { _, err := key.Sign(rand.Reader, sum[:], crypto.SHA256); return err }},
		{"RSA", 1, func() error { _, err := h.saml.WriteResponse(rows); return err }},
		{"ECDSA", 20, func() error { _, err := curved.saml.WriteResponse(rows); return err }},
		{"crewjam", 1, c.respond},
	}
}

// costs are the CPU times of each work once, in ascending order, of rounds in which each has
// its turn, so that what slows the machine down for a while slows all of them down.
func costs(b *testing.B, list []work, rounds int) [][]time.Duration {
	b.Helper()
	spent := make([][]time.Duration, len(list))
	for range rounds {
		for i, w := range list {
			began := cpuTime(b)
			for range w.times {
				must(b, w.once())
			}
			spent[i] = append(spent[i], (cpuTime(b)-began)/time.Duration(w.times))
		}
	}
	for i := range spent {
		slices.Sort(spent[i])
	}
	return spent
}

// BenchmarkCPU is what a Response costs beside its signature: each metric is the median of
// its kind in units of the raw signature's, ECDSA's in microseconds too.
func BenchmarkCPU(b *testing.B) {
	list := signingWork(b)
	b.ResetTimer()
	spent := costs(b, list, b.N)
	median := func(i int) time.Duration { return spent[i][b.N/2] }
	for i, w := range list[1:] {
		b.ReportMetric(float64(median(i+1))/float64(median(0)), w.name+"/signature")
	}
	b.ReportMetric(float64(median(2))/1e3, "ECDSA-µs")
}
