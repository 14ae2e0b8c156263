package memory

import (
	"context"
	"strings"

	"cloudsso/idp"
)

// CreateUser is [idp.Users]'s.
func (s *Store) CreateUser(ctx context.Context, u idp.User) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if s.usernameTaken(u) {
		return idp.ErrConflict
	}
	return s.users.create(u.ID, u)
}

// User is [idp.Users]'s.
func (s *Store) User(ctx context.Context, id string) (idp.User, error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return idp.User{}, err
	}
	defer unlock()
	return s.users.read(id)
}

// UserByUsername is [idp.Users]'s.
func (s *Store) UserByUsername(ctx context.Context, username string) (idp.User, error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return idp.User{}, err
	}
	defer unlock()
	return s.byUsername(username)
}

// UsersByEmail is [idp.Users]'s.
func (s *Store) UsersByEmail(ctx context.Context, email string) ([]idp.User, error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	folded := idp.FoldUsername(email)
	if folded == "" {
		return nil, nil
	}
	return s.users.filter(2, func(_ string, u *idp.User) bool { return idp.FoldUsername(u.Email) == folded }), nil
}

// SearchUsers is [idp.Users]'s.
func (s *Store) SearchUsers(ctx context.Context, part string, limit int) ([]idp.User, error) {
	if err := (idp.Page{Limit: limit}).Check(); err != nil {
		return nil, err
	}
	unlock, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	folded := idp.FoldUsername(part)
	if part == "" || len(part) > 256 {
		return nil, nil
	}
	return s.users.filter(limit, func(_ string, u *idp.User) bool {
		return strings.Contains(idp.FoldUsername(u.Username), folded) || strings.Contains(idp.FoldUsername(u.Email), folded)
	}), nil
}

// UpdateUser is [idp.Users]'s.
func (s *Store) UpdateUser(ctx context.Context, u idp.User) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := s.users.current(u.ID, u.Version); err != nil {
		return err
	}
	if s.usernameTaken(u) {
		return idp.ErrConflict
	}
	return s.users.update(u.ID, u)
}

// DeleteUser is [idp.Users]'s.
func (s *Store) DeleteUser(ctx context.Context, id string, version int64) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return s.users.remove(id, version)
}

// Users is [idp.Users]'s.
func (s *Store) Users(ctx context.Context, p idp.Page) ([]idp.User, error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	return s.users.list(p)
}

func (s *Store) byUsername(username string) (idp.User, error) {
	folded := idp.FoldUsername(username)
	return s.users.find(func(u *idp.User) bool { return idp.FoldUsername(u.Username) == folded })
}

func (s *Store) usernameTaken(u idp.User) bool {
	other, err := s.byUsername(u.Username)
	return err == nil && other.ID != u.ID
}
