package memory

import (
	"context"

	"cloudsso/idp"
)

// CreateTokenApp is [idp.TokenApps]'s.
func (s *Store) CreateTokenApp(ctx context.Context, a idp.TokenApp) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if s.appTaken(a.App) {
		return idp.ErrConflict
	}
	return s.tokenApps.create(a.App, a)
}

// TokenApp is [idp.TokenApps]'s.
func (s *Store) TokenApp(ctx context.Context, app string) (idp.TokenApp, error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return idp.TokenApp{}, err
	}
	defer unlock()
	return s.tokenApps.read(app)
}

// UpdateTokenApp is [idp.TokenApps]'s.
func (s *Store) UpdateTokenApp(ctx context.Context, a idp.TokenApp) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return s.tokenApps.update(a.App, a)
}

// DeleteTokenApp is [idp.TokenApps]'s.
func (s *Store) DeleteTokenApp(ctx context.Context, app string, version int64) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return s.tokenApps.remove(app, version)
}

// TokenApps is [idp.TokenApps]'s.
func (s *Store) TokenApps(ctx context.Context, p idp.Page) ([]idp.TokenApp, error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	return s.tokenApps.list(p)
}

// appTaken reports whether an app of whatever protocol has this name.
func (s *Store) appTaken(name string) bool {
	_, client := s.clients.rows[name]
	_, sp := s.sps.rows[name]
	_, app := s.tokenApps.rows[name]
	return client || sp || app
}
