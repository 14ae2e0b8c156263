package userdir

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/crypto/argon2"
	"golang.org/x/sync/semaphore"

	"cloudsso/userdir/pwhash"
)

// mostAtOnce is how many hashes run at a time, on however many processors: 100 people
// who sign in at once must not take 100 times 19 MiB. The garbage of finished ones lies
// about until it is collected, so the process takes about twice what runs.
const mostAtOnce = 4

// Passwords hashes passwords, so many at a time that memory and processors last.
type Passwords struct {
	budget      *semaphore.Weighted // of memory, in KiB
	size        int64
	evaluations atomic.Int64
}

// NewPasswords allows so many hashes at once; 0 means one for each processor, and at
// most four. One that takes more memory than today's counts as several.
func NewPasswords(concurrent int) *Passwords {
	if concurrent <= 0 {
		concurrent = min(runtime.GOMAXPROCS(0), mostAtOnce)
	}
	size := int64(concurrent) * int64(today().memory)
	return &Passwords{budget: semaphore.NewWeighted(size), size: size}
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

// Evaluations counts the hashes computed so far. One that another system made counts as
// one together with the hash of ours that hides how cheap it is.
func (p *Passwords) Evaluations() int64 { return p.evaluations.Load() }

// Hash is [HashPassword]; it gives up waiting for its turn when ctx ends.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	if !plausiblePassword(password) {
		return "", errors.New("a password has 1 to 1024 bytes")
	}
	h := phc{params: today(), salt: make([]byte, saltSize)}
	rand.Read(h.salt)
	err := p.evaluate(ctx, h.memory, func() { h.sum = h.key(password, sumSize) })
	return h.String(), err
}

// Verify is [VerifyPassword]; it gives up waiting for its turn when ctx ends.
func (p *Passwords) Verify(ctx context.Context, hash, password string) (ok, rehash bool, err error) {
	if strings.HasPrefix(hash, ours) {
		return p.verifyOurs(ctx, hash, password)
	}
	h, err := pwhash.Parse(hash)
	if err != nil || !plausiblePassword(password) {
		return false, false, err
	}
	err = p.evaluate(ctx, max(h.Memory(), today().memory), func() {
		decoy().key(password, sumSize)
		// The other system may have kept the bytes as they were typed.
		ok = h.Matches(opaque(password)) || opaque(password) != password && h.Matches(password)
	})
	return ok, ok, err
}

func (p *Passwords) verifyOurs(ctx context.Context, hash, password string) (ok, rehash bool, err error) {
	h, err := parsePHC(hash)
	if err != nil || !plausiblePassword(password) {
		return false, false, err
	}
	err = p.evaluate(ctx, h.memory, func() { ok = subtle.ConstantTimeCompare(h.key(password, len(h.sum)), h.sum) == 1 })
	return ok, ok && h.weak(), err
}

// Waste does the work of one Verify for somebody who does not exist or has no password,
// or whose password another server checks. A nil p is the process's own.
func (p *Passwords) Waste(ctx context.Context, password string) error {
	h := decoy()
	return orProcess(p).evaluate(ctx, h.memory, func() { h.key(password, sumSize) })
}

// decoy is what passwords without a hash are compared with.
func decoy() phc { return phc{params: today(), salt: make([]byte, saltSize)} }

func (h phc) key(password string, size int) []byte {
	return argon2.IDKey([]byte(opaque(password)), h.salt, h.time, h.memory, h.threads, uint32(size))
}

func (p *Passwords) evaluate(ctx context.Context, memory uint32, compute func()) error {
	// One that takes more than there is runs alone.
	weight := min(max(int64(memory), int64(today().memory)), p.size)
	if err := ctx.Err(); err != nil { // Acquire may not look when there is room
		return err
	}
	if err := p.budget.Acquire(ctx, weight); err != nil {
		return err
	}
	defer p.budget.Release(weight)
	p.evaluations.Add(1)
	compute()
	return nil
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

// Check is what a directory that keeps hashes elsewhere does with one: nil,
// [ErrInvalidCredentials], or an error about the hash. An empty one is nobody's, at the
// same cost. A nil p is the process's own.
func (p *Passwords) Check(ctx context.Context, hash, password string) error {
	_, err := orProcess(p).check(ctx, hash, password)
	return err
}

// CheckHash says whether a hash can be verified here: argon2id, or one of package pwhash.
// The error is an *idp.Error on the field "password_hash" that does not repeat it.
func CheckHash(hash string) error {
	var err error
	if strings.HasPrefix(hash, ours) {
		_, err = parsePHC(hash)
	} else {
		_, err = pwhash.Parse(hash)
	}
	if err != nil {
		return refuse("The password hash is of no form that can be verified here within the limits of cost: argon2, bcrypt, PBKDF2, scrypt, crypt(3), {SSHA}, phpass, Django, Keycloak, ASP.NET Identity and Firebase are known.").On("password_hash").Because(err)
	}
	return nil
}
