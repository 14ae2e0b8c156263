package memory

import (
	"cmp"
	"context"
	"slices"

	"cloudsso/idp"
)

// CreateSession is [idp.Sessions]'s.
func (s *Store) CreateSession(ctx context.Context, v idp.Session) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return s.sessions.create(v.ID, v)
}

// Session is [idp.Sessions]'s.
func (s *Store) Session(ctx context.Context, id string) (idp.Session, error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return idp.Session{}, err
	}
	defer unlock()
	return s.liveSession(id)
}

// UpdateSession is [idp.Sessions]'s.
func (s *Store) UpdateSession(ctx context.Context, v idp.Session) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := s.liveSession(v.ID); err != nil {
		return err
	}
	return s.sessions.update(v.ID, v)
}

// DeleteSession is [idp.Sessions]'s.
func (s *Store) DeleteSession(ctx context.Context, id string) (idp.Session, error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return idp.Session{}, err
	}
	defer unlock()
	v, err := s.liveSession(id)
	if err == nil {
		delete(s.sessions.rows, id)
	}
	return v, err
}

// SessionsOf is [idp.Sessions]'s.
func (s *Store) SessionsOf(ctx context.Context, subject string) ([]idp.Session, error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	var list []idp.Session
	for _, v := range s.sessions.rows {
		if v.Subject == subject && !over(v.ExpiresAt, s.now()) {
			list = append(list, clone(v))
		}
	}
	slices.SortFunc(list, func(a, b idp.Session) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return list, nil
}

func (s *Store) liveSession(id string) (idp.Session, error) {
	v, err := s.sessions.read(id)
	if err == nil && over(v.ExpiresAt, s.now()) {
		return idp.Session{}, idp.ErrNotFound
	}
	return v, err
}
