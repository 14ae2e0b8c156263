package memory

import (
	"context"

	"cloudsso/idp"
)

// CreateGroup is [idp.Groups]'s.
func (s *Store) CreateGroup(ctx context.Context, g idp.Group) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return s.groups.create(idp.FoldUsername(g.Name), g)
}

// Group is [idp.Groups]'s.
func (s *Store) Group(ctx context.Context, name string) (idp.Group, error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return idp.Group{}, err
	}
	defer unlock()
	return s.groups.read(idp.FoldUsername(name))
}

// UpdateGroup is [idp.Groups]'s.
func (s *Store) UpdateGroup(ctx context.Context, g idp.Group) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return s.groups.update(idp.FoldUsername(g.Name), g)
}

// DeleteGroup is [idp.Groups]'s.
func (s *Store) DeleteGroup(ctx context.Context, name string, version int64) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return s.groups.remove(idp.FoldUsername(name), version)
}

// Groups is [idp.Groups]'s.
func (s *Store) Groups(ctx context.Context, p idp.Page) ([]idp.Group, error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	p.After = idp.FoldUsername(p.After)
	return s.groups.list(p)
}
