package memory

import (
	"context"

	"cloudsso/idp"
)

// CreateClient is [idp.Clients]'s.
func (s *Store) CreateClient(ctx context.Context, c idp.Client) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if s.appTaken(c.ID) {
		return idp.ErrConflict
	}
	return s.clients.create(c.ID, c)
}

// Client is [idp.Clients]'s.
func (s *Store) Client(ctx context.Context, id string) (idp.Client, error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return idp.Client{}, err
	}
	defer unlock()
	return s.clients.read(id)
}

// UpdateClient is [idp.Clients]'s.
func (s *Store) UpdateClient(ctx context.Context, c idp.Client) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return s.clients.update(c.ID, c)
}

// DeleteClient is [idp.Clients]'s.
func (s *Store) DeleteClient(ctx context.Context, id string, version int64) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := s.clients.remove(id, version); err != nil {
		return err
	}
	for k, g := range s.grants {
		if g.ClientID == id {
			delete(s.grants, k)
		}
	}
	for k := range s.consents {
		if k[1] == id {
			delete(s.consents, k)
		}
	}
	return nil
}

// Clients is [idp.Clients]'s.
func (s *Store) Clients(ctx context.Context, p idp.Page) ([]idp.Client, error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	return s.clients.list(p)
}
