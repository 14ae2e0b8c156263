package memory

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"cloudsso/idp"
)

// CreateGrant is [idp.Grants]'s.
func (s *Store) CreateGrant(ctx context.Context, g idp.Grant, e idp.Event) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if _, taken := s.grants[g.ID]; taken {
		return idp.ErrConflict
	}
	if e.Name != "" {
		if err := s.append(e); err != nil {
			return err
		}
	}
	s.grants[g.ID] = clone(g)
	return nil
}

// Grant is [idp.Grants]'s.
func (s *Store) Grant(ctx context.Context, id string) (idp.Grant, error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return idp.Grant{}, err
	}
	defer unlock()
	g, ok := s.grants[id]
	if !ok {
		return idp.Grant{}, idp.ErrNotFound
	}
	return clone(g), nil
}

// Holding is [idp.Grants]'s. Rows are replaced, never changed, so a client can be shared.
func (s *Store) Holding(ctx context.Context, clientID, grantID string) (h idp.Holding, err error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return h, err
	}
	defer unlock()
	h.Client = s.shared(clientID)
	g, ok := s.grants[grantID]
	if !ok {
		return h, nil
	}
	h.Grant, h.Owner = clone(g), s.shared(g.ClientID)
	h.Consent = clone(s.consents[[2]string{g.Subject, g.ClientID}])
	return h, nil
}

// shared returns nil if there is no such client.
func (s *Store) shared(id string) *idp.Client {
	c, ok := s.clients.rows[id]
	if !ok {
		return nil
	}
	return &c
}

// RedeemCode is [idp.Grants]'s.
func (s *Store) RedeemCode(ctx context.Context, r idp.Redemption, now time.Time) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	g, ok := s.grants[r.GrantID]
	switch {
	case !ok || g.CodeHash == "" || g.CodeHash != r.CodeHash:
		return idp.ErrNotFound
	case !g.CodeUsedAt.IsZero() || !g.RevokedAt.IsZero():
		return idp.ErrReused
	case over(g.CodeExpiresAt, stored(now)):
		return idp.ErrNotFound
	}
	g.CodeUsedAt = stored(now)
	g.RefreshSeq, g.RefreshExpiresAt = r.RefreshSeq, stored(r.RefreshExpiresAt)
	g.ExpiresAt = stored(r.ExpiresAt)
	s.grants[g.ID] = g
	return nil
}

// RotateRefresh is [idp.Grants]'s.
func (s *Store) RotateRefresh(ctx context.Context, r idp.Rotation) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	g, ok := s.grants[r.GrantID]
	switch {
	case !ok:
		return idp.ErrNotFound
	case r.Seq < 1 || g.RefreshSeq != r.Seq || !g.RevokedAt.IsZero():
		return idp.ErrReused
	}
	g.RefreshSeq++
	g.RefreshGraceUntil, g.RefreshExpiresAt = stored(r.GraceUntil), stored(r.RefreshExpiresAt)
	g.ExpiresAt = stored(r.ExpiresAt)
	s.grants[g.ID] = g
	return nil
}

// RevokeGrant is [idp.Grants]'s.
func (s *Store) RevokeGrant(ctx context.Context, id, reason string, now time.Time) (bool, error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return false, err
	}
	defer unlock()
	return s.revoke(func(g idp.Grant) bool { return g.ID == id }, reason, now) == 1, nil
}

// RevokeGrants is [idp.Grants]'s.
func (s *Store) RevokeGrants(ctx context.Context, f idp.GrantFilter, reason string, now time.Time) (int, error) {
	if f == (idp.GrantFilter{}) {
		return 0, errors.New("revoke grants: the filter selects everything")
	}
	unlock, err := s.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer unlock()
	return s.revoke(func(g idp.Grant) bool { return selects(f, g) }, reason, now), nil
}

// Grants is [idp.Grants]'s.
func (s *Store) Grants(ctx context.Context, f idp.GrantFilter, p idp.Page) (list []idp.Grant, err error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	unlock, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	for id, g := range s.grants {
		live := g.RevokedAt.IsZero() && (g.ExpiresAt.IsZero() || !over(g.ExpiresAt, s.now()))
		if live && id > p.After && selects(f, g) {
			list = append(list, clone(g))
		}
	}
	slices.SortFunc(list, func(a, b idp.Grant) int { return cmp.Compare(a.ID, b.ID) })
	return list[:min(p.Limit, len(list))], nil
}

func selects(f idp.GrantFilter, g idp.Grant) bool {
	return fits(f.Subject, g.Subject) && fits(f.ClientID, g.ClientID) && fits(f.SessionID, g.SessionID) && fits(f.SID, g.SID)
}

// fits: an empty wish fits all.
func fits(want, is string) bool { return want == "" || want == is }

func (s *Store) revoke(fits func(idp.Grant) bool, reason string, now time.Time) (n int) {
	for id, g := range s.grants {
		if g.RevokedAt.IsZero() && fits(g) {
			g.RevokedAt, g.Revoked = stored(now), reason
			s.grants[id] = g
			n++
		}
	}
	return n
}

// GiveConsent is [idp.Consents]'s.
func (s *Store) GiveConsent(ctx context.Context, c idp.Consent) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	key := [2]string{c.Subject, c.ClientID}
	all := slices.Clone(s.consents[key].Scopes)
	for _, scope := range c.Scopes {
		if !slices.Contains(all, scope) {
			all = append(all, scope)
		}
	}
	c.Scopes = all
	s.consents[key] = clone(c)
	return nil
}

// Consent is [idp.Consents]'s.
func (s *Store) Consent(ctx context.Context, subject, clientID string) (idp.Consent, error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return idp.Consent{}, err
	}
	defer unlock()
	c, ok := s.consents[[2]string{subject, clientID}]
	if !ok {
		return idp.Consent{}, idp.ErrNotFound
	}
	return clone(c), nil
}

// Consents is [idp.Consents]'s.
func (s *Store) Consents(ctx context.Context, subject string) (list []idp.Consent, err error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	for key, c := range s.consents {
		if key[0] == subject {
			list = append(list, clone(c))
		}
	}
	slices.SortFunc(list, func(a, b idp.Consent) int { return cmp.Compare(a.ClientID, b.ClientID) })
	return list, nil
}

// RevokeConsent is [idp.Consents]'s.
func (s *Store) RevokeConsent(ctx context.Context, subject, clientID string) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	delete(s.consents, [2]string{subject, clientID})
	return nil
}
