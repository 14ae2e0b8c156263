package redis

import (
	"context"
	"errors"
	"time"

	"cloudsso/idp"
)

// SeenOnce is [idp.Marks]'s. A mark whose answer was lost is recorded: the next try is
// told [idp.ErrReplayed], which fails closed.
func (s *Store) SeenOnce(ctx context.Context, key string, until time.Time) error {
	n, err := s.number(ctx, createScript, []string{s.key("mark", key)}, append(lifetime(s.now(), until), "")...)
	if err == nil && n == 0 {
		err = idp.ErrReplayed
	}
	return err
}

// Count is [idp.Marks]'s. A count whose answer was lost may have happened.
func (s *Store) Count(ctx context.Context, key string, window time.Duration) (int, error) {
	now := s.now()
	n, err := s.number(ctx, countScript, []string{s.key("count", key)}, lifetime(now, now.Add(window))...)
	return int(n), err
}

// Counted is [idp.Marks]'s.
func (s *Store) Counted(ctx context.Context, key string) (int, error) {
	e, err := s.entry(ctx, s.key("count", key))
	if errors.Is(err, idp.ErrNotFound) {
		return 0, nil
	}
	return int(e.version), err
}

// ClearCount is [idp.Marks]'s.
func (s *Store) ClearCount(ctx context.Context, key string) error {
	_, err := s.number(ctx, clearScript, []string{s.key("count", key)})
	return err
}
