package userdir

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"

	"golang.org/x/crypto/argon2"
)

// Passwords hashes passwords, a bounded number at a time: each hash takes 19 MiB and a
// processor, and without a bound a burst of sign-ins would take all of both.
type Passwords struct {
	slots       chan struct{}
	evaluations atomic.Int64
}

// NewPasswords allows so many hashes at once; 0 means one for each processor.
func NewPasswords(concurrent int) *Passwords {
	if concurrent <= 0 {
		concurrent = runtime.GOMAXPROCS(0)
	}
	return &Passwords{slots: make(chan struct{}, concurrent)}
}

// process is what everybody shares who brings no Passwords: memory and processors are
// the process's, however many providers run in it.
var process = sync.OnceValue(func() *Passwords { return NewPasswords(0) })

func orProcess(p *Passwords) *Passwords {
	if p == nil {
		return process()
	}
	return p
}

// Evaluations counts the hashes computed so far.
func (p *Passwords) Evaluations() int64 { return p.evaluations.Load() }

// Hash is [HashPassword]; it gives up waiting for its turn when ctx ends.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	if !plausiblePassword(password) {
		return "", errors.New("a password has 1 to 1024 bytes")
	}
	h := phc{params: today(), salt: make([]byte, saltSize)}
	rand.Read(h.salt)
	var err error
	h.sum, err = p.evaluate(ctx, h, password, sumSize)
	return h.String(), err
}

// Verify is [VerifyPassword]; it gives up waiting for its turn when ctx ends.
func (p *Passwords) Verify(ctx context.Context, hash, password string) (ok, rehash bool, err error) {
	h, err := parsePHC(hash)
	if err != nil || !plausiblePassword(password) {
		return false, false, err
	}
	sum, err := p.evaluate(ctx, h, password, len(h.sum))
	if err != nil || subtle.ConstantTimeCompare(sum, h.sum) != 1 {
		return false, false, err
	}
	return true, h.weak(), nil
}

// Waste does the work of one Verify for somebody who does not exist or has no password,
// or whose password another server checks. A nil p is the process's own.
func (p *Passwords) Waste(ctx context.Context, password string) error {
	_, err := orProcess(p).evaluate(ctx, phc{params: today(), salt: make([]byte, saltSize)}, password, sumSize)
	return err
}

func (p *Passwords) evaluate(ctx context.Context, h phc, password string, size int) ([]byte, error) {
	if err := ctx.Err(); err != nil { // select would choose either when both are ready
		return nil, err
	}
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-p.slots }()
	p.evaluations.Add(1)
	return argon2.IDKey([]byte(opaque(password)), h.salt, h.time, h.memory, h.threads, uint32(size)), nil
}

// check compares a password with a stored hash, which may be empty, at the cost of
// exactly one hash. A hash that cannot be read is a fault of the directory's data.
func (p *Passwords) check(ctx context.Context, hash, password string) (rehash bool, err error) {
	if !plausiblePassword(password) {
		return false, ErrInvalidCredentials
	}
	if hash == "" {
		if err := p.Waste(ctx, password); err != nil {
			return false, err
		}
		return false, ErrInvalidCredentials
	}
	ok, rehash, err := p.Verify(ctx, hash, password)
	if err == nil && !ok {
		err = ErrInvalidCredentials
	}
	return rehash, err
}
