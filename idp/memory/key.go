package memory

import (
	"cmp"
	"context"
	"slices"

	"cloudsso/idp"
)

// CreateKey is [idp.Keys]'s.
func (s *Store) CreateKey(ctx context.Context, k idp.KeyRecord) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if slices.ContainsFunc(s.keys, func(o idp.KeyRecord) bool { return o.ID == k.ID || o.Slot == k.Slot }) {
		return idp.ErrConflict
	}
	s.keys = append(s.keys, clone(k))
	slices.SortFunc(s.keys, func(a, b idp.KeyRecord) int { return cmp.Compare(a.Slot, b.Slot) })
	return nil
}

// RotateKeys is [idp.Keys]'s.
func (s *Store) RotateKeys(ctx context.Context, made *idp.KeyRecord, moves []idp.KeyMove) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	keys := slices.Clone(s.keys)
	for _, m := range moves {
		i := slices.IndexFunc(keys, func(k idp.KeyRecord) bool { return k.ID == m.ID })
		if i < 0 {
			return idp.ErrNotFound
		}
		k := &keys[i]
		if k.Times() != clone(m.From) {
			return idp.ErrConflict
		}
		to := clone(m.To)
		k.ActivateAt, k.RetireAt, k.ExpireAt = to.ActivateAt, to.RetireAt, to.ExpireAt
	}
	if made != nil {
		if slices.ContainsFunc(keys, func(o idp.KeyRecord) bool { return o.ID == made.ID || o.Slot == made.Slot }) {
			return idp.ErrConflict
		}
		keys = append(keys, clone(*made))
	}
	slices.SortFunc(keys, func(a, b idp.KeyRecord) int { return cmp.Compare(a.Slot, b.Slot) })
	s.keys = keys
	return nil
}

// Keys is [idp.Keys]'s.
func (s *Store) Keys(ctx context.Context) ([]idp.KeyRecord, error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	return clone(s.keys), nil
}

// CreateAdminToken is [idp.AdminTokens]'s.
func (s *Store) CreateAdminToken(ctx context.Context, t idp.AdminToken) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	for hash, o := range s.tokens {
		if hash == t.Hash || o.ID == t.ID {
			return idp.ErrConflict
		}
	}
	s.tokens[t.Hash] = clone(t)
	return nil
}

// AdminToken is [idp.AdminTokens]'s.
func (s *Store) AdminToken(ctx context.Context, hash string) (idp.AdminToken, error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return idp.AdminToken{}, err
	}
	defer unlock()
	t, ok := s.tokens[hash]
	if !ok || over(t.ExpiresAt, s.now()) {
		return idp.AdminToken{}, idp.ErrNotFound
	}
	return t, nil
}
