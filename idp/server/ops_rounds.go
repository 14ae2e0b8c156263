package server

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/audit"
)

const (
	deliverEvery = 15 * time.Second
	sweepEvery   = time.Minute
	sweepBatch   = 500
	sweepLock    = "sweep"
	sealLock     = "audit seal"
)

// every does work again and again until ctx ends. What goes wrong is logged; the next
// round tries again.
func (s *Server) every(ctx context.Context, period time.Duration, name string, work func(context.Context) error) {
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.complain(ctx, name, work(ctx))
		}
	}
}

// complain logs what went wrong beside the requests; the work goes on.
func (s *Server) complain(ctx context.Context, work string, err error) {
	if err != nil && ctx.Err() == nil {
		s.logger.LogAttrs(ctx, slog.LevelError, "housekeeping", slog.String("work", work), slog.String("cause", err.Error()))
	}
}

// locker is what a store may offer so that periodic work runs on one node at a time.
type locker interface {
	// TryLock does not wait: ok is false if another node has the lock.
	TryLock(ctx context.Context, name string) (unlock func(), ok bool, err error)
}

// alone leaves the work to the node that came first. Where the store has no lock, nodes
// work side by side: whatever is done so must bear that.
func (s *Server) alone(ctx context.Context, lock string, work func(context.Context) error) error {
	if l, ok := s.options.Records.(locker); ok {
		unlock, mine, err := l.TryLock(ctx, lock)
		if err != nil || !mine {
			return err
		}
		defer unlock()
	}
	return work(ctx)
}

// done reports whether another node has taken this minute's round of periodic work.
func (s *Server) done(ctx context.Context, work string) bool {
	round := s.now().UTC().Truncate(sweepEvery)
	err := s.options.Flows.SeenOnce(ctx, "round/"+work+"/"+round.Format(time.RFC3339), round.Add(2*sweepEvery))
	return errors.Is(err, idp.ErrReplayed)
}

// sweep deletes what has expired. The lock keeps a slow round from meeting the next one;
// without one it costs a little and harms nothing: each row goes once.
func (s *Server) sweep(ctx context.Context) error {
	return s.alone(ctx, sweepLock, func(ctx context.Context) error {
		if s.done(ctx, sweepLock) {
			return nil
		}
		return errors.Join(s.batches(ctx, s.options.Records.Sweep), s.batches(ctx, s.options.Flows.Sweep))
	})
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

// seal seals the audit log. Without a lock it costs a try for nothing: the store takes
// only one seal.
func (s *Server) seal(ctx context.Context) error {
	return s.alone(ctx, sealLock, audit.New(s.options.Records, s.logger, s.now).Seal)
}

// refreshMetadata reads the metadata of service providers again when it is time. Each
// minute is one node's, so that a source is asked once.
func (s *Server) refreshMetadata(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, tickEvery*3/4) // the next round is another node's
	defer cancel()
	if s.done(bounded, "metadata") {
		return nil
	}
	return s.admin.RefreshMetadata(bounded)
}

// DeliverLogouts tries again to reach applications that did not take a message and are due
// now. [Server.Run] does so by itself, on each node: a message is one node's at a time.
func (s *Server) DeliverLogouts(ctx context.Context) error { return s.oauth.RetryLogouts(ctx) }
