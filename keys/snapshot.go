package keys

import (
	"slices"
	"sync/atomic"
	"time"

	"cloudsso/idp"
)

// snapshot is what the store held at one moment. It never changes, apart from the
// rendered JWKS, which follows the clock.
type snapshot struct {
	at    time.Time
	keys  []*key // by ActivateAt, the newest last
	byKID map[string]*key
	jwks  atomic.Pointer[keySet]
}

// of returns the keys of one kind.
func (s *snapshot) of(k kind) (out []*key) {
	for _, o := range s.keys {
		if o.kind() == k {
			out = append(out, o)
		}
	}
	return out
}

// find takes a kid or a slot.
func (s *snapshot) find(id string) (*key, error) {
	i := slices.IndexFunc(s.keys, func(k *key) bool { return (k.ID == id || k.Slot == id) && k.Use != idp.KeyUseShared })
	if i < 0 {
		return nil, idp.Errorf(idp.NotFound, "There is no key %q. List the keys to see which there are.", id)
	}
	return s.keys[i], nil
}

// generation is the last one of a kind.
func (s *snapshot) generation(k kind) (last int) {
	for _, o := range s.of(k) {
		last = max(last, generation(o.Slot))
	}
	return last
}

// waiting returns the published key that has not signed yet, if there is one.
func (s *snapshot) waiting(k kind, now time.Time) *key {
	for _, o := range s.of(k) {
		if o.state(now) == Next {
			return o
		}
	}
	return nil
}

// planned is when the next change of the signing key is due, leaving one key aside;
// zero: none is planned.
func (s *snapshot) planned(k kind, now time.Time, except *key) (at time.Time) {
	for _, o := range s.of(k) {
		if o != except && o.state(now) == Next && !o.ActivateAt.IsZero() && (at.IsZero() || o.ActivateAt.Before(at)) {
			at = o.ActivateAt
		}
	}
	return at
}

// pick returns the key that signs: the active one that became so last. A kind without
// an active key goes on with a retiring one, or begins early with the next: an operator
// who retired too much, or a clock that is behind, must not stop every sign-in. Only
// ExpireAt takes a key away for good. nil: all have expired.
func (s *snapshot) pick(use, alg string, now time.Time) *key {
	var best *key
	var bestRank int
	for _, k := range s.keys {
		if k.Use != use || k.Alg != alg {
			continue
		}
		rank := k.state(now).rank()
		if rank > bestRank || rank == bestRank && rank > Next.rank() {
			best, bestRank = k, rank
		}
	}
	return best
}

// rank orders the states by how gladly a key in it signs; 0 is never.
func (s State) rank() int { return slices.Index([]State{Retired, Next, Retiring, Active}, s) }
