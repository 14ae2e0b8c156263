package userdir_test

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/memory"
	"cloudsso/userdir"
)

// inUse is what the process has of the system's memory and has not given back, in MiB.
func inUse() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return (s[0].Value.Uint64() - s[1].Value.Uint64()) >> 20
}

// TestAHundredSignInsAtOnceStayWithin256MB: each hash takes 19 MiB, so they must wait for
// each other. Not parallel: it measures the process. As on a large machine.
func TestAHundredSignInsAtOnceStayWithin256MB(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(16))
	store := memory.New(fixed)
	if err := store.CreateUser(t.Context(), idp.User{ID: "1", Username: "ann", PasswordHash: hash(t, "correct horse")}); err != nil {
		t.Fatal(err)
	}
	passwords := userdir.NewPasswords(0)
	users := userdir.NewUsers(store, []userdir.Directory{userdir.NewLocal("local", store, fixed, passwords)}, passwords)
	debug.FreeOSMemory()
	done, highest := make(chan struct{}), make(chan uint64)
	go func() {
		most := inUse()
		for {
			select {
			case <-done:
				highest <- most
				return
			case <-time.After(time.Millisecond):
				most = max(most, inUse())
			}
		}
	}()
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if _, err := users.Authenticate(t.Context(), "ann", "correct horse"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	close(done)
	if most := <-highest; most >= 256 {
		t.Errorf("%d MiB in use at the highest", most)
	} else {
		t.Logf("%d MiB in use at the highest", most)
	}
	if passwords.Evaluations() != 100 {
		t.Errorf("%d hashes", passwords.Evaluations())
	}
}
