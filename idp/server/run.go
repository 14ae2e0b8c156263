package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"cloudsso/idp/audit"
)

// Times of the server's life.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = 30 * time.Second
	writeTimeout  = 60 * time.Second
	idleTimeout   = 120 * time.Second
	finishTimeout = 25 * time.Second // for requests under way when told to stop
)

// Run listens where the configuration says and serves until ctx ends. Then it drains:
// /readyz says 503 at once while new requests are still answered, for as long as the
// configuration's drain_delay, so that whoever distributes them notices; then it stops
// listening, finishes the requests under way and returns nil, or an error if some took
// longer than 25 seconds and were cut off. ready, if not nil, is called once with the
// front door's address when it is open. Run may be called once.
func (s *Server) Run(ctx context.Context, ready func(addr net.Addr)) error {
	front, ops, err := s.listen()
	if err != nil {
		return err
	}
	servers := []*http.Server{s.httpServer(s.Handler()), s.httpServer(s.OpsHandler())}
	failed := make(chan error, len(servers))
	for i, l := range []net.Listener{front, ops} {
		go func() { failed <- servers[i].Serve(l) }()
	}
	stop := s.background(ctx)
	defer stop()
	if ready != nil {
		ready(front.Addr())
	}
	select {
	case err = <-failed:
	case <-ctx.Done():
		err = s.drain(failed)
	}
	return errors.Join(err, finish(servers))
}

func (s *Server) listen() (front, ops net.Listener, err error) {
	c := s.options.Config
	if front, err = net.Listen("tcp", c.Listen); err != nil {
		return nil, nil, fmt.Errorf("listen: %w. Another program may have the port; choose one with --listen", err)
	}
	if ops, err = net.Listen("tcp", c.OpsListen); err != nil {
		front.Close()
		return nil, nil, fmt.Errorf("ops_listen: %w. Another program may have the port; choose one with --ops-listen", err)
	}
	return front, ops, nil
}

// background starts what runs beside the requests. stop waits for its end: the stores
// are closed after that.
func (s *Server) background(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { s.followKeys(ctx) })
	for _, round := range []struct {
		period time.Duration
		name   string
		work   func(context.Context) error
	}{
		{sweepEvery, "sweep", s.sweep},
		{tickEvery, "refresh metadata", s.refreshMetadata},
		{audit.SealEvery, "audit seal", s.seal},
		{deliverEvery, "deliver logouts", s.DeliverLogouts},
	} {
		running.Go(func() { s.every(ctx, round.period, round.name, round.work) })
	}
	return func() {
		cancel()
		running.Wait()
	}
}

// drain keeps serving for a while after /readyz has begun to say no.
func (s *Server) drain(failed <-chan error) error {
	close(s.draining)
	delay := time.Duration(s.options.Config.DrainDelay)
	s.logger.LogAttrs(context.Background(), slog.LevelInfo, "stopping", slog.Duration("drain_delay", delay))
	select {
	case err := <-failed:
		return err
	case <-time.After(delay):
		return nil
	}
}

// finish closes the front door before the second listener, so that health and metrics
// can be asked for to the end.
func finish(servers []*http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), finishTimeout)
	defer cancel()
	var err error
	for _, server := range servers {
		if e := server.Shutdown(ctx); e != nil {
			err = errors.Join(err, fmt.Errorf("requests that took longer than %s were cut off: %w", finishTimeout, e), server.Close())
		}
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
