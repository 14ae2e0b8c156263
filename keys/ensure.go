package keys

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cloudsso/idp"
)

// Ensure sees to it that clients can use these algorithms: an asymmetric one gets its
// first key, a symmetric one its placeholder in the JWKS. What is there already costs
// nothing. A first key has none before it that could sign meanwhile, so it signs as soon
// as it is published; RSA keys of 3072 and 4096 bits take seconds to make. Of nodes that
// do so together, all end with the same key.
func (r *Ring) Ensure(ctx context.Context, events Recorder, algs ...string) error {
	for _, alg := range algs {
		k := kind{idp.KeyUseSign, alg}
		if slices.Contains(idp.SymmetricAlgs(), alg) {
			k.use = idp.KeyUseShared
		} else if !slices.Contains(idp.AsymmetricAlgs(), alg) {
			return fmt.Errorf("%w: %q is not an algorithm of this provider", ErrNoKey, alg)
		}
		if err := r.ensure(ctx, events, k); err != nil {
			return err
		}
	}
	return nil
}

func (r *Ring) ensure(ctx context.Context, events Recorder, k kind) error {
	if r.snapshot.Load().alive(k, r.now()) {
		return nil
	}
	r.making.Lock()
	defer r.making.Unlock()
	if err := r.Reload(ctx); err != nil { // somebody else may have made it
		return err
	}
	s := r.snapshot.Load()
	if s.alive(k, r.now()) {
		return nil
	}
	row, err := newRecord(r.kek, kindSlot{k, k.slot(s.generation(k) + 1)}, r.now())
	if err != nil {
		return err
	}
	err = r.store.CreateKey(ctx, row)
	if errors.Is(err, idp.ErrConflict) {
		return r.Reload(ctx)
	}
	if err != nil {
		return err
	}
	if err := r.Reload(ctx); err != nil {
		return err
	}
	return events.Record(ctx, eventOf(idp.EventKeyCreated, r.infoOf(row.ID)))
}

// alive reports whether a kind has a row that is not retired.
func (s *snapshot) alive(k kind, now time.Time) bool {
	return slices.ContainsFunc(s.keys, func(o *key) bool { return o.kind() == k && o.state(now) != Retired })
}
