package sqlstore

import (
	"context"
	"errors"
	"time"

	"cloudsso/idp"
)

// Keys of marks and counters are made of what strangers send: kept as bytes.

// SeenOnce is [idp.Marks]'s. A mark that is over is taken again in the same statement.
func (s *Store) SeenOnce(ctx context.Context, key string, until time.Time) error {
	now := micros(s.now())
	return s.swap(ctx, func(tx Tx) error {
		n, err := exec(tx, `INSERT INTO marks (key, expires_at) VALUES ($1, $2)
			ON CONFLICT (key) DO UPDATE SET expires_at = excluded.expires_at WHERE marks.expires_at <= $3`,
			[]byte(key), micros(until), now)
		if err == nil && n == 0 {
			err = idp.ErrReplayed
		}
		return err
	})
}

// Count is [idp.Marks]'s.
func (s *Store) Count(ctx context.Context, key string, window time.Duration) (n int, err error) {
	now := s.now()
	err = s.swap(ctx, func(tx Tx) error {
		count, err := one(tx.Query, scalar[int64], `INSERT INTO counters (key, n, expires_at) VALUES ($1, 1, $2)
			ON CONFLICT (key) DO UPDATE SET
			n = CASE WHEN counters.expires_at <= $3 THEN 1 ELSE counters.n + 1 END,
			expires_at = CASE WHEN counters.expires_at <= $3 THEN excluded.expires_at ELSE counters.expires_at END
			RETURNING n`, []byte(key), micros(now.Add(window)), micros(now))
		n = int(count)
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// Counted is [idp.Marks]'s.
func (s *Store) Counted(ctx context.Context, key string) (int, error) {
	n, err := find(ctx, s, scalar[int64], `SELECT n FROM counters WHERE key = $1 AND expires_at > $2`, []byte(key), micros(s.now()))
	if errors.Is(err, idp.ErrNotFound) {
		return 0, nil
	}
	return int(n), err
}

// ClearCount is [idp.Marks]'s.
func (s *Store) ClearCount(ctx context.Context, key string) error {
	return s.change(ctx, `DELETE FROM counters WHERE key = $1`, []byte(key))
}
