package server

import (
	"context"
	"time"
)

// refreshMetadata reads the metadata of service providers again when it is time, until ctx
// ends. Each minute is one node's, so that a source is asked once.
func (s *Server) refreshMetadata(ctx context.Context) {
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.refreshDue(ctx)
		}
	}
}

func (s *Server) refreshDue(ctx context.Context) {
	bounded, cancel := context.WithTimeout(ctx, tickEvery*3/4) // the next round is another node's
	defer cancel()
	if !s.done(bounded, "metadata") {
		s.complain(ctx, "refresh metadata", s.admin.RefreshMetadata(bounded))
	}
}
