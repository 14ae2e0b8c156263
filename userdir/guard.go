package userdir

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// GuardOptions are the limits of [Guard]; zero values mean the defaults.
type GuardOptions struct {
	Timeout   time.Duration // of one call; default 3 s
	Failures  int           // so many calls in a row without an answer open the circuit; default 5
	Cooldown  time.Duration // nobody asks for so long, then one call tries; default 10 s
	CacheTTL  time.Duration // how long attributes are remembered; default 30 s, negative: not at all
	CacheSize int           // people remembered; default 10000
	Now       func() time.Time

	// Observe is told of every call, for counters: op is "authenticate" or "lookup", with the
	// result ok, not_found, invalid_credentials, disabled, locked, password_expired,
	// second_factor, timeout, unavailable, malformed, open (nobody was asked), canceled or
	// error; "cache" with hit or miss; "circuit" with open or closed.
	Observe func(op, result string, took time.Duration)
}

func (o GuardOptions) complete() GuardOptions {
	orDefault(&o.Timeout, 3*time.Second)
	orDefault(&o.Failures, 5)
	orDefault(&o.Cooldown, 10*time.Second)
	orDefault(&o.CacheTTL, 30*time.Second)
	orDefault(&o.CacheSize, 10_000)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Observe == nil {
		o.Observe = func(string, string, time.Duration) {}
	}
	return o
}

func orDefault[T time.Duration | int](v *T, otherwise T) {
	if *v == 0 {
		*v = otherwise
	}
}

// Guard keeps a directory that is slow or down from taking everybody with it: each call
// has a time limit, after several failures nobody is asked for a while ([ErrUnavailable]
// at once), and attributes are remembered for some seconds. Passwords are never
// remembered, nor that somebody is not there; Ref.Fresh asks past the memory.
func Guard(d Directory, o GuardOptions) Directory {
	o = o.complete()
	return &guard{Directory: d, o: o, circuit: circuit{failures: o.Failures, cooldown: o.Cooldown}, cache: newCache(o.CacheTTL, o.CacheSize)}
}

type guard struct {
	Directory // Info
	o         GuardOptions
	circuit   circuit
	cache     *cache
}

// Unwrap is for [As].
func (g *guard) Unwrap() Directory { return g.Directory }

// Authenticate implements [Directory].
func (g *guard) Authenticate(ctx context.Context, c Credentials) (User, error) {
	asked := g.o.Now()
	u, err := g.call(ctx, "authenticate", func(ctx context.Context) (User, error) { return g.Directory.Authenticate(ctx, c) })
	if err == nil {
		g.cache.renew(u, asked)
	}
	return u, err
}

// Lookup implements [Directory].
func (g *guard) Lookup(ctx context.Context, ref Ref) (User, error) {
	if err := ctx.Err(); err != nil {
		return User{}, err
	}
	if !ref.Fresh && ref.ID != "" {
		if u, ok := g.cache.get(ref, g.o.Now()); ok {
			g.o.Observe("cache", "hit", 0)
			return u, nil
		}
		g.o.Observe("cache", "miss", 0)
	}
	asked := g.o.Now()
	u, err := g.call(ctx, "lookup", func(ctx context.Context) (User, error) { return g.Directory.Lookup(ctx, ref) })
	switch {
	case err == nil:
		g.cache.put(ref.Profile, u, asked)
	case errors.Is(err, ErrNotFound):
		g.cache.drop(ref.ID)
	}
	return u, err
}

func (g *guard) call(ctx context.Context, op string, ask func(context.Context) (User, error)) (User, error) {
	start := g.o.Now()
	if !g.circuit.admit(start) {
		g.o.Observe(op, "open", 0)
		return User{}, fmt.Errorf("%w: it failed several times in a row and is left alone for %v", ErrUnavailable, g.o.Cooldown)
	}
	settled := false
	defer func() { // a panic must not leave a probe under way for ever
		if !settled {
			g.circuit.settle(silent, g.o.Now())
		}
	}()
	limited, cancel := context.WithTimeout(ctx, g.o.Timeout)
	defer cancel()
	u, err := ask(limited)
	timeout := err != nil && limited.Err() != nil && ctx.Err() == nil
	if timeout && !verdict(err) {
		err = fmt.Errorf("%w: no answer within %v: %w", ErrUnavailable, g.o.Timeout, err)
	}
	name, health := assess(ctx, err, timeout)
	now := g.o.Now()
	settled = true
	if change := g.circuit.settle(health, now); change != "" {
		g.o.Observe("circuit", change, 0)
	}
	g.o.Observe(op, name, now.Sub(start))
	return u, err
}

// verdicts are the errors that are an answer, with their names for counters.
var verdicts = []struct {
	err  error
	name string
}{
	{ErrNotFound, "not_found"}, {ErrInvalidCredentials, "invalid_credentials"}, {ErrDisabled, "disabled"},
	{ErrLocked, "locked"}, {ErrPasswordExpired, "password_expired"}, {ErrSecondFactor, "second_factor"}, {ErrMalformed, "malformed"},
}

func verdict(err error) bool {
	for _, v := range verdicts {
		if errors.Is(err, v.err) {
			return true
		}
	}
	return false
}

// assess names a result and says what it tells about the directory. Attack: somebody
// spoils an attribute of their own account and signs in until the circuit opens for all.
// Decision: a malformed answer is an answer.
func assess(ctx context.Context, err error, timeout bool) (name string, h health) {
	if err == nil {
		return "ok", alive
	}
	for _, v := range verdicts {
		if errors.Is(err, v.err) {
			return v.name, alive
		}
	}
	switch {
	case ctx.Err() != nil: // the caller went away: that says nothing
		return "canceled", silent
	case timeout:
		return "timeout", dead
	case errors.Is(err, ErrUnavailable):
		return "unavailable", dead
	}
	return "error", dead
}
