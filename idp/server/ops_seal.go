package server

import (
	"context"
	"time"

	"cloudsso/idp/audit"
)

const sealLock = "audit seal"

// sealNowAndThen seals the audit log, until ctx ends. All nodes try, one does it.
func (s *Server) sealNowAndThen(ctx context.Context) {
	tick := time.NewTicker(audit.SealEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.complain(ctx, sealLock, s.seal(ctx))
		}
	}
}

// seal leaves the work to the node that came first. A store without a lock, or a lock
// that nobody can take, costs a try for nothing: the store takes only one seal.
func (s *Server) seal(ctx context.Context) error {
	if l, ok := s.options.Records.(locker); ok {
		unlock, mine, err := l.TryLock(ctx, sealLock)
		if err != nil || !mine {
			return err
		}
		defer unlock()
	}
	return audit.New(s.options.Records, s.logger, s.now).Seal(ctx)
}
