package keys

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"cloudsso/idp"
)

// Ring holds every key of one provider. Its methods are safe for concurrent use.
type Ring struct {
	store    idp.Keys
	kek      *KEK
	now      func() time.Time
	snapshot atomic.Pointer[snapshot]
	ticked   atomic.Pointer[snapshot] // the one of the last Tick
	making   sync.Mutex               // one key is made on demand at a time
}

// Open reads the keys from store and unseals them with kek. On the first start it
// writes a new key-encryption key to disk and makes the first keys; when several nodes
// do so at once, all end with the same. The error for a wrong or missing key-encryption
// key is an *idp.Error whose sentence says how to go on.
func Open(ctx context.Context, store idp.Keys, kek *KEK, now func() time.Time) (*Ring, error) {
	r := &Ring{store: store, kek: kek, now: now}
	rows, err := store.Keys(ctx)
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	// A new key would hide from the operator that the old one is not where it should be,
	// and the next start would have to tell two causes apart.
	if len(rows) > 0 && kek.unsaved() {
		return nil, kekNotFound(kek)
	}
	if err := r.use(rows); err != nil {
		return nil, err
	}
	slots := missing(rows, firstKinds(), now())
	if len(slots) == 0 {
		return r, nil
	}
	if err := kek.save(); err != nil {
		return nil, err
	}
	if err := create(ctx, store, kek, slots, now()); err != nil {
		return nil, fmt.Errorf("create keys: %w", err)
	}
	return r, r.Reload(ctx)
}

// Reload reads the store again, so that what another node did comes into use. On an
// error the ring stays as it was.
func (r *Ring) Reload(ctx context.Context) error {
	rows, err := r.store.Keys(ctx)
	if err != nil {
		return fmt.Errorf("read keys: %w", err)
	}
	return r.use(rows)
}

func (r *Ring) use(rows []idp.KeyRecord) error {
	s := &snapshot{at: r.now(), byKID: make(map[string]*key)}
	for _, row := range rows {
		k, err := unseal(r.kek, row)
		if err != nil {
			return cannotUnseal(r.kek, row, err)
		}
		s.keys = append(s.keys, k)
		if k.Use == idp.KeyUseSign {
			s.byKID[k.ID] = k
		}
	}
	slices.SortStableFunc(s.keys, func(a, b *key) int {
		return cmp.Or(a.ActivateAt.Compare(b.ActivateAt), cmp.Compare(generation(a.Slot), generation(b.Slot)))
	})
	r.snapshot.Store(s)
	return nil
}

func kekNotFound(kek *KEK) error {
	return idp.Errorf(idp.Invalid, "The store holds keys that are sealed under a key-encryption key, and there is none in %s or in CLOUDSSO_KEK: put the key file of this installation back from your backup (the data is not lost, only locked), then start again.", kek.source)
}

func cannotUnseal(kek *KEK, r idp.KeyRecord, err error) error {
	if errors.Is(err, ErrWrongKEK) {
		return idp.Errorf(idp.Invalid, "The key-encryption key in %s is not the one that sealed the keys in this store: put the key of this installation back from your backup (the data is not lost, only locked), then start again.", kek.source).Because(err)
	}
	return idp.Errorf(idp.Invalid, "The stored key %q was changed outside cloudsso and cannot be used: restore the store from a backup.", r.Slot).Because(err)
}
