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
func (s *Store) Events(ctx context.Context, f idp.EventFilter, p idp.Page) (list []idp.Event, err error) {
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
	for _, e := range slices.Backward(s.events[:end]) {
		if len(list) < p.Limit && tells(f, e) {
			list = append(list, clone(e))
		}
	}
	return list, nil
}

// LastEvents is [idp.Events]'s.
func (s *Store) LastEvents(ctx context.Context, apps, names []string) (list []idp.Event, err error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	seen := map[[2]string]bool{}
	for _, e := range slices.Backward(s.events) {
		pair := [2]string{e.App, e.Name}
		if !seen[pair] && slices.Contains(names, e.Name) && slices.Contains(apps, e.App) {
			seen[pair] = true
			list = append(list, clone(e))
		}
	}
	return list, nil
}

func tells(f idp.EventFilter, e idp.Event) bool {
	return fits(f.Name, e.Name) && fits(f.Subject, e.Subject) && fits(f.App, e.App) && fits(f.Support, e.Support) &&
		(f.Since.IsZero() || !e.Time.Before(stored(f.Since))) && (f.Until.IsZero() || e.Time.Before(stored(f.Until)))
}
