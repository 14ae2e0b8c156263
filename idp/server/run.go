package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Times of the server's life.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = 30 * time.Second
	writeTimeout  = 60 * time.Second
	idleTimeout   = 120 * time.Second
	finishTimeout = 25 * time.Second // for requests under way when told to stop
	sweepEvery    = time.Minute
	sweepBatch    = 500
	reloadEvery   = time.Minute
)

// Run listens where the configuration says and serves until ctx ends. Then it tells
// /readyz, finishes the requests under way and returns nil. ready, if not nil, is
// called once with the front door's address when it is open.
func (s *Server) Run(ctx context.Context, ready func(addr net.Addr)) error {
	c := s.options.Config
	front, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w. Another program may have the port; choose one with --listen", err)
	}
	ops, err := net.Listen("tcp", c.OpsListen)
	if err != nil {
		front.Close()
		return fmt.Errorf("ops_listen: %w. Another program may have the port; choose one with --ops-listen", err)
	}
	servers := []*http.Server{s.httpServer(s.Handler()), s.httpServer(s.OpsHandler())}
	failed := make(chan error, 2)
	for i, l := range []net.Listener{front, ops} {
		go func() { failed <- servers[i].Serve(l) }()
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	go s.housekeeping(background)
	if ready != nil {
		ready(front.Addr())
	}
	select {
	case err = <-failed:
	case <-ctx.Done():
		err = nil
	}
	close(s.draining)
	return errors.Join(err, s.finish(servers))
}

func (s *Server) finish(servers []*http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), finishTimeout)
	defer cancel()
	var err error
	for _, server := range servers {
		err = errors.Join(err, server.Shutdown(ctx))
	}
	return err
}

func (s *Server) httpServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(s.logger.Handler(), slog.LevelWarn),
	}
}

// OpsHandler answers on the second listener: /healthz (the process lives) and /readyz
// (it can sign people in: stores answer, a key is there, it is not about to stop).
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
	return mux
}

func (s *Server) ready(ctx context.Context) error {
	select {
	case <-s.draining:
		return errors.New("draining: this node is about to stop")
	default:
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if err := s.options.Records.Ping(ctx); err != nil {
		return errors.New("store: the records do not answer")
	}
	if err := s.options.Flows.Ping(ctx); err != nil {
		return errors.New("store: the flows do not answer")
	}
	if len(s.ring.Algs()) == 0 {
		return errors.New("keys: no signing key is active")
	}
	return nil
}

// housekeeping deletes what has expired and reads the keys again.
func (s *Server) housekeeping(ctx context.Context) {
	sweep, reload := time.NewTicker(sweepEvery), time.NewTicker(reloadEvery)
	defer sweep.Stop()
	defer reload.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-sweep.C:
			err = errors.Join(s.sweep(ctx, s.options.Records.Sweep), s.sweep(ctx, s.options.Flows.Sweep))
		case <-reload.C:
			err = s.ring.Reload(ctx)
		}
		if err != nil {
			s.logger.LogAttrs(ctx, slog.LevelError, "housekeeping", slog.String("cause", err.Error()))
		}
	}
}

// sweep works in batches, so that it never holds the one writer for long.
func (s *Server) sweep(ctx context.Context, batch func(context.Context, time.Time, int) (int, error)) error {
	for ctx.Err() == nil {
		n, err := batch(ctx, s.now(), sweepBatch)
		if err != nil || n < sweepBatch {
			return err
		}
	}
	return nil
}
