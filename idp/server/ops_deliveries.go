package server

import (
	"context"
	"time"
)

const deliverEvery = 15 * time.Second

// deliverNowAndThen tries again to reach applications that did not take a message, until
// ctx ends. Each node does: a message is one node's at a time.
func (s *Server) deliverNowAndThen(ctx context.Context) {
	tick := time.NewTicker(deliverEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.complain(ctx, "deliver logouts", s.DeliverLogouts(ctx))
		}
	}
}

// DeliverLogouts sends the messages that are due now; [Server.Run] does so by itself.
func (s *Server) DeliverLogouts(ctx context.Context) error { return s.oauth.RetryLogouts(ctx) }
