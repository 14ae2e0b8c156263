package memory

import (
	"context"

	"cloudsso/idp"
)

// CreateFlow is [idp.LoginFlows]'s.
func (s *Store) CreateFlow(ctx context.Context, f idp.Flow) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return s.flows.create(f.ID, f)
}

// Flow is [idp.LoginFlows]'s.
func (s *Store) Flow(ctx context.Context, id string) (idp.Flow, error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return idp.Flow{}, err
	}
	defer unlock()
	return s.liveFlow(id)
}

// UpdateFlow is [idp.LoginFlows]'s.
func (s *Store) UpdateFlow(ctx context.Context, f idp.Flow) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := s.liveFlow(f.ID); err != nil {
		return err
	}
	return s.flows.update(f.ID, f)
}

// TakeFlow is [idp.LoginFlows]'s.
func (s *Store) TakeFlow(ctx context.Context, id string) (idp.Flow, error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return idp.Flow{}, err
	}
	defer unlock()
	f, err := s.liveFlow(id)
	if err == nil {
		delete(s.flows.rows, id)
	}
	return f, err
}

func (s *Store) liveFlow(id string) (idp.Flow, error) {
	f, err := s.flows.read(id)
	if err == nil && over(f.ExpiresAt, s.now()) {
		return idp.Flow{}, idp.ErrNotFound
	}
	return f, err
}
