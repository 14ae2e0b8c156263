package userdir_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/userdir"
	"cloudsso/userdir/userdirtest"
)

// backend is a directory that does as it is told and counts.
type backend struct {
	mu     sync.Mutex
	user   userdir.User
	err    error
	hang   bool
	calls  int
	during func()
}

func (b *backend) Info() userdir.Info { return userdir.Info{ID: "b", Kind: "fake"} }

func (b *backend) Authenticate(ctx context.Context, _ userdir.Credentials) (userdir.User, error) {
	return b.answer(ctx)
}

func (b *backend) Lookup(ctx context.Context, ref userdir.Ref) (userdir.User, error) {
	u, err := b.answer(ctx)
	if err == nil && ref.Profile != "" {
		u.Attributes = idp.Attributes{"profile": {ref.Profile}}
	}
	return u, err
}

func (b *backend) answer(ctx context.Context) (userdir.User, error) {
	b.mu.Lock()
	b.calls++
	u, err, hang, during := b.user, b.err, b.hang, b.during
	b.mu.Unlock()
	if during != nil {
		during()
	}
	if hang {
		<-ctx.Done()
		return userdir.User{}, ctx.Err()
	}
	if err != nil {
		return userdir.User{}, err
	}
	return u, nil
}

func (b *backend) set(change func(*backend)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(b)
}

// guarded is a backend behind a guard, with a clock and what was observed.
type guarded struct {
	*backend
	userdir.Directory
	now  time.Time
	seen []string
}

func (g *guarded) Info() userdir.Info { return g.Directory.Info() }
func (g *guarded) Authenticate(ctx context.Context, c userdir.Credentials) (userdir.User, error) {
	return g.Directory.Authenticate(ctx, c)
}
func (g *guarded) Lookup(ctx context.Context, r userdir.Ref) (userdir.User, error) {
	return g.Directory.Lookup(ctx, r)
}

func newGuarded(change func(*userdir.GuardOptions)) *guarded {
	g := &guarded{backend: &backend{user: userdir.User{ID: "1", Login: "ann", Status: idp.Active, Attributes: idp.Attributes{"a": {"1"}}, Groups: []string{"g"}}}, now: start}
	o := userdir.GuardOptions{Failures: 3, Now: func() time.Time { return g.now }, Observe: func(op, result string, took time.Duration) { g.seen = append(g.seen, op+" "+result) }}
	if change != nil {
		change(&o)
	}
	g.Directory = userdir.Guard(g.backend, o)
	return g
}

func (g *guarded) look(t *testing.T, ref userdir.Ref) (userdir.User, error) {
	t.Helper()
	return g.Lookup(t.Context(), ref)
}

func (g *guarded) want(t *testing.T, calls int, seen ...string) {
	t.Helper()
	if g.calls != calls || !slices.Equal(g.seen, seen) {
		t.Errorf("%d calls, %q\nwant %d, %q", g.calls, g.seen, calls, seen)
	}
	g.calls, g.seen = 0, nil
}

func TestGuardedSuite(t *testing.T) {
	userdirtest.Run(t, func(t *testing.T, people []userdirtest.Person, passwords *userdir.Passwords) userdir.Directory {
		return userdir.Guard(userdir.NewLocal("local", localStore(t, people), fixed, passwords), userdir.GuardOptions{})
	})
}

func TestGuardNamesEveryResult(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"ok": nil, "not_found": userdir.ErrNotFound, "invalid_credentials": userdir.ErrInvalidCredentials, "disabled": userdir.ErrDisabled, "locked": userdir.ErrLocked,
		"password_expired": userdir.ErrPasswordExpired, "second_factor": userdir.ErrSecondFactor, "malformed": userdir.Malformed("b", "f", "x"),
		"unavailable": fmt.Errorf("down: %w", userdir.ErrUnavailable), "error": errors.New("whatever"),
	} {
		g := newGuarded(nil)
		g.err = err
		if _, got := g.Authenticate(t.Context(), userdir.Credentials{}); !errors.Is(got, err) {
			t.Errorf("%s: %v", name, got)
		}
		g.want(t, 1, "authenticate "+name)
	}
}

func TestGuardEndsSlowCalls(t *testing.T) {
	t.Parallel()
	g := newGuarded(func(o *userdir.GuardOptions) { o.Timeout = 10 * time.Millisecond })
	g.hang = true
	if _, err := g.Authenticate(t.Context(), userdir.Credentials{}); !errors.Is(err, userdir.ErrUnavailable) {
		t.Errorf("Authenticate = %v", err)
	}
	if _, err := g.look(t, userdir.Ref{ID: "1", Fresh: true}); !errors.Is(err, userdir.ErrUnavailable) {
		t.Errorf("Lookup = %v", err)
	}
	g.want(t, 2, "authenticate timeout", "lookup timeout")
}

func TestCircuit(t *testing.T) {
	t.Parallel()
	g := newGuarded(nil)
	fresh := userdir.Ref{ID: "1", Fresh: true}
	down := errors.Join(userdir.ErrUnavailable)
	g.err = down
	for range 5 {
		if _, err := g.look(t, fresh); !errors.Is(err, userdir.ErrUnavailable) {
			t.Error(err)
		}
	}
	g.want(t, 3, "lookup unavailable", "lookup unavailable", "circuit open", "lookup unavailable", "lookup open", "lookup open")

	g.now = g.now.Add(10*time.Second - 1)
	_, _ = g.Authenticate(t.Context(), userdir.Credentials{})
	g.want(t, 0, "authenticate open")

	g.now = g.now.Add(1) // a probe, and nobody beside it
	g.during = func() {
		g.set(func(b *backend) { b.during = nil })
		_, _ = g.look(t, fresh)
	}
	_, _ = g.look(t, fresh)
	g.want(t, 1, "lookup open", "lookup unavailable")
	_, _ = g.look(t, fresh)
	g.want(t, 0, "lookup open")

	g.now = g.now.Add(10 * time.Second) // a probe that says nothing leaves room for the next one
	ctx, cancel := context.WithCancel(t.Context())
	g.during, g.err = cancel, nil
	g.hang = true
	_, _ = g.Lookup(ctx, fresh)
	g.want(t, 1, "lookup canceled")

	g.during, g.hang, g.err = nil, false, userdir.ErrInvalidCredentials // a refusal is an answer
	_, _ = g.Authenticate(t.Context(), userdir.Credentials{})
	g.want(t, 1, "circuit closed", "authenticate invalid_credentials")
	g.err = nil
	if _, err := g.look(t, fresh); err != nil {
		t.Error(err)
	}
	g.want(t, 1, "lookup ok")
}

func TestOnlyFailuresInARowOpenTheCircuit(t *testing.T) {
	t.Parallel()
	g := newGuarded(nil)
	for i := range 20 {
		g.err = []error{userdir.ErrUnavailable, userdir.ErrUnavailable, userdir.ErrNotFound}[i%3]
		_, _ = g.look(t, userdir.Ref{ID: "1", Fresh: true})
	}
	if g.calls != 20 {
		t.Errorf("%d calls reached the directory, want 20", g.calls)
	}
}

func TestNobodyOpensTheCircuitForOthers(t *testing.T) {
	t.Parallel()
	g := newGuarded(nil)
	g.err = userdir.Malformed("b", "level", "somebody spoilt their own entry")
	for range 20 {
		_, _ = g.Authenticate(t.Context(), userdir.Credentials{})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	g.err = context.Canceled
	for range 20 {
		_, _ = g.Authenticate(ctx, userdir.Credentials{})
	}
	g.err = nil
	if _, err := g.Authenticate(t.Context(), userdir.Credentials{}); err != nil {
		t.Errorf("%v", err)
	}
}

func TestCircuitSurvivesAPanic(t *testing.T) {
	t.Parallel()
	g := newGuarded(func(o *userdir.GuardOptions) { o.Failures = 1 })
	g.err = userdir.ErrUnavailable
	_, _ = g.look(t, userdir.Ref{ID: "1"})
	g.now = g.now.Add(time.Minute)
	g.during = func() { panic("bug") }
	func() {
		defer func() { _ = recover() }()
		_, _ = g.look(t, userdir.Ref{ID: "1"})
	}()
	g.during, g.err = nil, nil
	if _, err := g.look(t, userdir.Ref{ID: "1"}); err != nil {
		t.Errorf("the probe that ended in a panic is still waited for: %v", err)
	}
}

func TestCache(t *testing.T) {
	t.Parallel()
	one := userdir.Ref{ID: "1"}
	g := newGuarded(nil)
	first, _ := g.look(t, one)
	second, _ := g.look(t, one)
	if !reflect.DeepEqual(first, second) {
		t.Errorf("%+v, then %+v", first, second)
	}
	g.want(t, 1, "cache miss", "lookup ok", "cache hit")

	g.now = g.now.Add(30 * time.Second)
	_, _ = g.look(t, one)
	g.want(t, 1, "cache miss", "lookup ok")

	_, _ = g.look(t, userdir.Ref{Login: "ann"}) // a name may be another person's by now
	g.want(t, 1, "lookup ok")

	g.err = userdir.ErrUnavailable // what is remembered bridges a moment
	if _, err := g.look(t, one); err != nil {
		t.Error(err)
	}
	g.want(t, 0, "cache hit")
	g.err = nil

	g.user.Status = idp.Disabled // Fresh sees it, and then everybody does
	if u, _ := g.look(t, userdir.Ref{ID: "1", Fresh: true}); u.Status != idp.Disabled {
		t.Errorf("status %q", u.Status)
	}
	if u, _ := g.look(t, one); u.Status != idp.Disabled {
		t.Errorf("afterwards %q", u.Status)
	}
	g.want(t, 1, "lookup ok", "cache hit")

	g.err = userdir.ErrNotFound
	_, _ = g.look(t, userdir.Ref{ID: "1", Fresh: true})
	if _, err := g.look(t, one); !errors.Is(err, userdir.ErrNotFound) {
		t.Errorf("somebody who is gone is remembered: %v", err)
	}
	g.err = nil
	if _, err := g.look(t, one); err != nil {
		t.Errorf("that somebody was not there is remembered: %v", err)
	}
}

func TestASignInRenewsTheCache(t *testing.T) {
	t.Parallel()
	g := newGuarded(nil)
	_, _ = g.look(t, userdir.Ref{ID: "1"})
	shop, _ := g.look(t, userdir.Ref{ID: "1", Profile: "shop"})
	if shop.Attributes.First("profile") != "shop" {
		t.Errorf("shop = %+v", shop)
	}
	g.now = g.now.Add(time.Second)
	g.user.Attributes = idp.Attributes{"a": {"2"}}
	g.err = userdir.ErrInvalidCredentials
	_, _ = g.Authenticate(t.Context(), userdir.Credentials{})
	if u, _ := g.look(t, userdir.Ref{ID: "1"}); u.Attributes.First("a") != "1" {
		t.Errorf("a wrong password changed what is remembered: %+v", u)
	}
	g.err = nil
	_, _ = g.Authenticate(t.Context(), userdir.Credentials{})
	g.want(t, 4, "cache miss", "lookup ok", "cache miss", "lookup ok", "authenticate invalid_credentials", "cache hit", "authenticate ok")
	if u, _ := g.look(t, userdir.Ref{ID: "1"}); u.Attributes.First("a") != "2" {
		t.Errorf("after a sign-in: %+v", u)
	}
	g.want(t, 0, "cache hit")
	_, _ = g.look(t, userdir.Ref{ID: "1", Profile: "shop"})
	g.want(t, 1, "cache miss", "lookup ok")
	for range 2 { // passwords are asked for every time
		_, _ = g.Authenticate(t.Context(), userdir.Credentials{})
	}
	g.want(t, 2, "authenticate ok", "authenticate ok")
}

func TestASlowAnswerDoesNotReplaceANewerOne(t *testing.T) {
	t.Parallel()
	g := newGuarded(nil)
	g.during = func() { // while the first answer, which says active, is on its way
		g.set(func(b *backend) { b.during = nil; b.user.Status = idp.Disabled })
		g.now = g.now.Add(time.Second)
		_, _ = g.look(t, userdir.Ref{ID: "1", Fresh: true})
	}
	_, _ = g.look(t, userdir.Ref{ID: "1"})
	if u, _ := g.look(t, userdir.Ref{ID: "1"}); u.Status != idp.Disabled {
		t.Errorf("remembered %q", u.Status)
	}
}

func TestTheCacheIsBounded(t *testing.T) {
	t.Parallel()
	g := newGuarded(func(o *userdir.GuardOptions) { o.CacheSize = 2 })
	for i := range 5 {
		g.user.ID = fmt.Sprint(i)
		_, _ = g.look(t, userdir.Ref{ID: g.user.ID})
	}
	g.want(t, 5, slices.Repeat([]string{"cache miss", "lookup ok"}, 5)...)
	_, _ = g.look(t, userdir.Ref{ID: "4"})
	g.want(t, 0, "cache hit")
	off := newGuarded(func(o *userdir.GuardOptions) { o.CacheTTL = -1 })
	_, _ = off.look(t, userdir.Ref{ID: "1"})
	_, _ = off.look(t, userdir.Ref{ID: "1"})
	if off.calls != 2 {
		t.Errorf("a cache that is off answered: %d calls", off.calls)
	}
}

// validator is a directory with a further power.
type validator struct{ backend }

func (*validator) Columns(context.Context, userdir.Ref) ([]userdir.Column, error) { return nil, nil }

func TestAsFindsPowersBehindDecorators(t *testing.T) {
	t.Parallel()
	d := userdir.Route(userdir.Guard(new(validator), userdir.GuardOptions{}), "corp.example")
	if _, ok := userdir.As[userdir.Columns](d); !ok {
		t.Error("the power is hidden")
	}
	if _, ok := userdir.As[userdir.Columns](userdir.Guard(new(backend), userdir.GuardOptions{})); ok {
		t.Error("a power that nobody has")
	}
}

func TestPrepare(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in              userdir.Credentials
		login, password string
		err             error
	}{
		"both, normalized":            {userdir.Credentials{Login: " zoe\u0308 ", Password: "e\u0301\u00a0x"}, "zoë", "é x", nil},
		"no login":                    {userdir.Credentials{Login: " ", Password: "x"}, "", "", userdir.ErrNotFound},
		"a zero byte in the login":    {userdir.Credentials{Login: "a\x00", Password: "x"}, "", "", userdir.ErrNotFound},
		"no password":                 {userdir.Credentials{Login: "a"}, "", "", userdir.ErrInvalidCredentials},
		"a zero byte in the password": {userdir.Credentials{Login: "a", Password: "\x00"}, "", "", userdir.ErrInvalidCredentials},
	} {
		login, password, err := userdir.Prepare(c.in)
		if login != c.login || password != c.password || !errors.Is(err, c.err) {
			t.Errorf("%s: %q, %q, %v", name, login, password, err)
		}
	}
}
