package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

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
	return clone(t), nil
}

// AdminTokens is [idp.AdminTokens]'s.
func (s *Store) AdminTokens(ctx context.Context, p idp.Page) (list []idp.AdminToken, err error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	unlock, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	for _, t := range s.tokens {
		if t.ID > p.After && !over(t.ExpiresAt, s.now()) {
			list = append(list, clone(t))
		}
	}
	slices.SortFunc(list, func(a, b idp.AdminToken) int { return cmp.Compare(a.ID, b.ID) })
	return list[:min(p.Limit, len(list))], nil
}

// TouchAdminToken is [idp.AdminTokens]'s.
func (s *Store) TouchAdminToken(ctx context.Context, id string, now time.Time) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	hash, err := s.liveToken(id)
	if err != nil {
		return err
	}
	if t := s.tokens[hash]; t.LastUsedAt.Before(stored(now)) {
		t.LastUsedAt = stored(now)
		s.tokens[hash] = t
	}
	return nil
}

// RevokeAdminToken is [idp.AdminTokens]'s.
func (s *Store) RevokeAdminToken(ctx context.Context, id string) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	hash, err := s.liveToken(id)
	if err == nil {
		delete(s.tokens, hash)
	}
	return err
}

func (s *Store) liveToken(id string) (hash string, err error) {
	for hash, t := range s.tokens {
		if t.ID == id && !over(t.ExpiresAt, s.now()) {
			return hash, nil
		}
	}
	return "", idp.ErrNotFound
}
