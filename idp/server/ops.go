package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// readyTimeout bounds one question to a store.
const readyTimeout = 3 * time.Second

// OpsHandler answers on the second listener: /healthz (the process lives), /readyz (it
// can sign people in: stores answer, a key is there, it is not about to stop; otherwise
// 503 and the reasons, one per line) and /metrics. It is not for the public.
func (s *Server) OpsHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := s.ready(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ready")
	})
	mux.Handle("GET /metrics", s.metrics.Handler())
	return mux
}

// ready says why this node cannot serve. The reasons are ours: what a driver says may
// name hosts and users.
func (s *Server) ready(ctx context.Context) error {
	select {
	case <-s.draining:
		return errors.New("draining: this node is about to stop")
	default:
	}
	var reasons []error
	if s.silent(ctx, s.options.Records.Ping) {
		reasons = append(reasons, errors.New("store: the records do not answer"))
	}
	if s.silent(ctx, s.options.Flows.Ping) {
		reasons = append(reasons, errors.New("flows: the store does not answer"))
	}
	if len(s.ring.Algs()) == 0 {
		reasons = append(reasons, errors.New("keys: no signing key is active"))
	}
	return errors.Join(reasons...)
}

func (s *Server) silent(ctx context.Context, ping func(context.Context) error) bool {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	return ping(ctx) != nil
}
