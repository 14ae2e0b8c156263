package memory

import (
	"context"

	"cloudsso/idp"
)

// CreateServiceProvider is [idp.ServiceProviders]'s.
func (s *Store) CreateServiceProvider(ctx context.Context, sp idp.ServiceProvider) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if s.entityTaken(sp) || s.appTaken(sp.App) {
		return idp.ErrConflict
	}
	return s.sps.create(sp.App, sp)
}

// ServiceProvider is [idp.ServiceProviders]'s.
func (s *Store) ServiceProvider(ctx context.Context, app string) (idp.ServiceProvider, error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return idp.ServiceProvider{}, err
	}
	defer unlock()
	return s.sps.read(app)
}

// ServiceProviderByEntityID is [idp.ServiceProviders]'s.
func (s *Store) ServiceProviderByEntityID(ctx context.Context, entityID string) (idp.ServiceProvider, error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return idp.ServiceProvider{}, err
	}
	defer unlock()
	return s.sps.find(func(sp *idp.ServiceProvider) bool { return sp.EntityID == entityID })
}

// UpdateServiceProvider is [idp.ServiceProviders]'s.
func (s *Store) UpdateServiceProvider(ctx context.Context, sp idp.ServiceProvider) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := s.sps.current(sp.App, sp.Version); err != nil {
		return err
	}
	if s.entityTaken(sp) {
		return idp.ErrConflict
	}
	return s.sps.update(sp.App, sp)
}

// DeleteServiceProvider is [idp.ServiceProviders]'s.
func (s *Store) DeleteServiceProvider(ctx context.Context, app string, version int64) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return s.sps.remove(app, version)
}

// ServiceProviders is [idp.ServiceProviders]'s.
func (s *Store) ServiceProviders(ctx context.Context, p idp.Page) ([]idp.ServiceProvider, error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	return s.sps.list(p)
}

// PersistentID is [idp.ServiceProviders]'s.
func (s *Store) PersistentID(ctx context.Context, candidate idp.PersistentID) (idp.PersistentID, error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return idp.PersistentID{}, err
	}
	defer unlock()
	key := [2]string{candidate.App, candidate.Subject}
	if id, ok := s.nameIDs[key]; ok {
		return id, nil
	}
	for _, id := range s.nameIDs {
		if id.App == candidate.App && id.Value == candidate.Value {
			return idp.PersistentID{}, idp.ErrConflict
		}
	}
	s.nameIDs[key] = clone(candidate)
	return s.nameIDs[key], nil
}

// PersistentIDOf is [idp.ServiceProviders]'s.
func (s *Store) PersistentIDOf(ctx context.Context, app, subject string) (idp.PersistentID, error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return idp.PersistentID{}, err
	}
	defer unlock()
	id, ok := s.nameIDs[[2]string{app, subject}]
	if !ok {
		return idp.PersistentID{}, idp.ErrNotFound
	}
	return id, nil
}

func (s *Store) entityTaken(sp idp.ServiceProvider) bool {
	other, err := s.sps.find(func(o *idp.ServiceProvider) bool { return o.EntityID == sp.EntityID })
	return err == nil && other.App != sp.App
}
