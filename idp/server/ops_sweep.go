package server

import (
	"context"
	"errors"
	"time"
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

// sweep leaves the work to the node that has the lock. Where the store has none, nodes
// sweep side by side, which costs a little and harms nothing: each row goes once.
func (s *Server) sweep(ctx context.Context) error {
	if l, ok := s.options.Records.(locker); ok {
		unlock, mine, err := l.TryLock(ctx, sweepLock)
		if err != nil || !mine {
			return err
		}
		defer unlock()
	}
	return errors.Join(s.batches(ctx, s.options.Records.Sweep), s.batches(ctx, s.options.Flows.Sweep))
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
