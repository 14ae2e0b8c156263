package memory

import (
	"context"
	"slices"

	"cloudsso/idp"
)

// AppendEvent is [idp.Events]'s.
func (s *Store) AppendEvent(ctx context.Context, e idp.Event) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return s.append(e)
}

func (s *Store) append(e idp.Event) error {
	if _, taken := s.eventAt[e.ID]; taken {
		return idp.ErrConflict
	}
	s.eventAt[e.ID] = len(s.events)
	s.events = append(s.events, clone(e))
	return nil
}

// Events is [idp.Events]'s.
func (s *Store) Events(ctx context.Context, p idp.Page) ([]idp.Event, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	unlock, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	end := len(s.events)
	if p.After != "" {
		var known bool
		if end, known = s.eventAt[p.After]; !known {
			return nil, idp.ErrNotFound
		}
	}
	list := clone(s.events[max(0, end-p.Limit):end])
	slices.Reverse(list)
	return list, nil
}
