package server

import (
	"context"
	"errors"
	"time"

	"cloudsso/idp"
)

const (
	sweepEvery = time.Minute
	sweepBatch = 500
	sweepLock  = "sweep"
)

// locker is what a store may offer so that periodic work runs on one node at a time.
type locker interface {
	// TryLock does not wait: ok is false if another node has the lock.
	TryLock(ctx context.Context, name string) (unlock func(), ok bool, err error)
}

// sweepNowAndThen deletes what has expired, until ctx ends.
func (s *Server) sweepNowAndThen(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.complain(ctx, "sweep", s.sweep(ctx))
		}
	}
}

// sweep leaves the work of this minute to the node that came first. The lock keeps a
// slow round from meeting the next one. Where the store has none, or nobody can say whose
// turn it is, nodes sweep side by side, which costs a little and harms nothing: each row
// goes once.
func (s *Server) sweep(ctx context.Context) error {
	if l, ok := s.options.Records.(locker); ok {
		unlock, mine, err := l.TryLock(ctx, sweepLock)
		if err != nil || !mine {
			return err
		}
		defer unlock()
	}
	if s.done(ctx, sweepLock) {
		return nil
	}
	return errors.Join(s.batches(ctx, s.options.Records.Sweep), s.batches(ctx, s.options.Flows.Sweep))
}

// done reports whether another node has taken this minute's round of periodic work.
func (s *Server) done(ctx context.Context, work string) bool {
	round := s.now().UTC().Truncate(sweepEvery)
	err := s.options.Flows.SeenOnce(ctx, "round/"+work+"/"+round.Format(time.RFC3339), round.Add(2*sweepEvery))
	return errors.Is(err, idp.ErrReplayed)
}

// batches are small, so that one never holds the one writer for long.
func (s *Server) batches(ctx context.Context, batch func(context.Context, time.Time, int) (int, error)) error {
	for ctx.Err() == nil {
		n, err := batch(ctx, s.now(), sweepBatch)
		if err != nil || n < sweepBatch {
			return err
		}
	}
	return nil
}
