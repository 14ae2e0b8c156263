package ldap_test

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloudsso/userdir"
	"cloudsso/userdir/ldap"
	"cloudsso/userdir/ldap/slapdtest"
)

// silent accepts connections and never answers.
func silent(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
		}
	}()
	return l.Addr().String()
}

// relay passes connections on and counts them; cut ends those that are open.
type relay struct {
	address string
	count   atomic.Int64
	mu      sync.Mutex
	open    []net.Conn
}

func newRelay(t testing.TB, to string) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{address: l.Addr().String()}
	t.Cleanup(func() { l.Close(); r.cut() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				in.Close()
				continue
			}
			r.count.Add(1)
			r.mu.Lock()
			r.open = append(r.open, in, out)
			r.mu.Unlock()
			go func() { _, _ = io.Copy(out, in); out.Close() }()
			go func() { _, _ = io.Copy(in, out); in.Close() }()
		}
	}()
	return r
}

func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.open {
		c.Close()
	}
	r.open = nil
}

func TestFailOver(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]func(testing.TB) string{
		"the first server is dead":          func(testing.TB) string { return "ldap://" + slapdtest.FreePort() },
		"the first server is silent":        func(t testing.TB) string { return "ldap://" + silent(t) },
		"the first server is silent on TLS": func(t testing.TB) string { return "ldaps://" + silent(t) },
		"the first server is not itself":    func(testing.TB) string { return "ldaps://" + shared.Plain },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t, func(o *ldap.Options) {
				o.URLs = []string{first(t), o.URLs[0]}
				o.ConnectTimeout, o.Timeout = time.Second, time.Second
			})
			for range 2 {
				start := time.Now()
				if u, err := authenticate(t, d, "ann", "correct horse"); err != nil || u.ID != "1" {
					t.Fatalf("%+v, %v", u, err)
				}
				if took := time.Since(start); took > 8*time.Second {
					t.Errorf("it took %v", took)
				}
			}
			if _, err := authenticate(t, d, "ann", "guessing"); !errors.Is(err, userdir.ErrInvalidCredentials) {
				t.Errorf("a wrong password: %v", err)
			}
		})
	}
}

func TestASlowServerIsGivenUp(t *testing.T) {
	t.Parallel()
	for name, scheme := range map[string]string{"on a request": "ldap://", "on TLS": "ldaps://"} {
		d := open(t, func(o *ldap.Options) {
			o.URLs, o.ConnectTimeout, o.Timeout = []string{scheme + silent(t)}, 200*time.Millisecond, 200*time.Millisecond
		})
		start := time.Now()
		_, err := authenticate(t, d, "ann", "correct horse")
		if took := time.Since(start); !errors.Is(err, userdir.ErrUnavailable) || took > 5*time.Second {
			t.Errorf("%s: %v after %v", name, err, took)
		}
	}
}

func TestARestartOfTheServerIsNotNoticed(t *testing.T) {
	t.Parallel()
	r := newRelay(t, shared.Plain)
	d := open(t, func(o *ldap.Options) { o.URLs = []string{"ldap://" + r.address} })
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := d.Lookup(t.Context(), userdir.Ref{ID: "1"}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	r.cut()
	for range 3 {
		if u, err := authenticate(t, d, "ann", "correct horse"); err != nil || u.ID != "1" {
			t.Errorf("%+v, %v", u, err)
		}
	}
}

func TestThePoolKeepsTheServiceAndNobodyElse(t *testing.T) {
	t.Parallel()
	r := newRelay(t, shared.Plain)
	d := open(t, func(o *ldap.Options) { o.URLs, o.PoolSize = []string{"ldap://" + r.address}, 2 })
	for range 5 {
		if _, err := d.Lookup(t.Context(), userdir.Ref{ID: "1"}); err != nil {
			t.Fatal(err)
		}
	}
	if n := r.count.Load(); n != 1 {
		t.Errorf("five searches in a row took %d connections, want 1", n)
	}
	// bob may read his own entry only: a pool with his connection in it would find nobody else.
	for range 3 {
		if _, err := authenticate(t, d, "bob", "bob's own password"); !errors.Is(err, userdir.ErrDisabled) {
			t.Fatal(err)
		}
		if _, err := d.Lookup(t.Context(), userdir.Ref{ID: "1"}); err != nil {
			t.Fatal(err)
		}
	}
	if n := r.count.Load(); n != 4 {
		t.Errorf("%d connections, want one for the service and one for each bind of a person", n)
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := d.Lookup(t.Context(), userdir.Ref{ID: "1"}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := r.count.Load(); n > 5 {
		t.Errorf("twenty searches at once took %d further connections, want at most 1", n-4)
	}
	d.Close()
	if _, err := d.Lookup(t.Context(), userdir.Ref{ID: "1"}); err != nil {
		t.Errorf("after Close, a request that was under way: %v", err)
	}
}
