package memory

import (
	"context"

	"cloudsso/idp"
)

// CreateAdmin is [idp.Admins]'s.
func (s *Store) CreateAdmin(ctx context.Context, a idp.Admin) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return s.admins.create(a.Subject, a)
}

// Admin is [idp.Admins]'s.
func (s *Store) Admin(ctx context.Context, subject string) (idp.Admin, error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return idp.Admin{}, err
	}
	defer unlock()
	return s.admins.read(subject)
}

// UpdateAdmin is [idp.Admins]'s.
func (s *Store) UpdateAdmin(ctx context.Context, a idp.Admin) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return s.admins.update(a.Subject, a)
}

// DeleteAdmin is [idp.Admins]'s.
func (s *Store) DeleteAdmin(ctx context.Context, subject string, version int64) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return s.admins.remove(subject, version)
}

// Admins is [idp.Admins]'s.
func (s *Store) Admins(ctx context.Context, p idp.Page) ([]idp.Admin, error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	return s.admins.list(p)
}
