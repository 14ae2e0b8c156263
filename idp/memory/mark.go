package memory

import (
	"context"
	"time"

	"cloudsso/idp"
)

// counter counts until its window is over.
type counter struct {
	n     int
	until time.Time
}

// SeenOnce is [idp.Marks]'s.
func (s *Store) SeenOnce(ctx context.Context, key string, until time.Time) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if old, ok := s.marks[key]; ok && !over(old, s.now()) {
		return idp.ErrReplayed
	}
	s.marks[key] = stored(until)
	return nil
}

// Count is [idp.Marks]'s.
func (s *Store) Count(ctx context.Context, key string, window time.Duration) (int, error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer unlock()
	c, ok := s.counters[key]
	if !ok || over(c.until, s.now()) {
		c = counter{until: stored(s.now().Add(window))}
	}
	c.n++
	s.counters[key] = c
	return c.n, nil
}

// Counted is [idp.Marks]'s.
func (s *Store) Counted(ctx context.Context, key string) (int, error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer unlock()
	if c := s.counters[key]; !over(c.until, s.now()) {
		return c.n, nil
	}
	return 0, nil
}

// ClearCount is [idp.Marks]'s.
func (s *Store) ClearCount(ctx context.Context, key string) error {
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	delete(s.counters, key)
	return nil
}
