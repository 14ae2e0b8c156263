// Package server is the composition root: it plugs the real stores, keys, directories
// and pages into the protocols, lists every route once (routes.go), wraps them in one
// middleware (middleware.go) and runs them until told to stop (run.go), with what operators
// look at and what nodes of a cluster owe each other beside that (ops.go and ops_….go).
//
// There is no global state: two servers in one process are two providers that do not
// touch each other.
package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"cloudsso/api"
	"cloudsso/api/console"
	"cloudsso/idp"
	"cloudsso/idp/config"
	"cloudsso/idp/login"
	"cloudsso/idp/metrics"
	"cloudsso/idp/tokenapp"
	"cloudsso/idp/web"
	"cloudsso/keys"
	"cloudsso/oauth"
	"cloudsso/samlidp"
	"cloudsso/userdir"
)

// Options is all that a server needs from outside.
type Options struct {
	Config  config.Config
	Records idp.Records
	Flows   idp.Flows
	KEK     *keys.KEK
	Logger  *slog.Logger     // nil: discard
	Now     func() time.Time // nil: time.Now
	SQL     OpenSQL          // nil: no directory of kind sql
	Demo    http.Handler     // serves /demo/ if set, and "/" leads there

	Version, Revision string // of the binary, for metrics
}

// Server is one identity provider.
type Server struct {
	options  Options
	logger   *slog.Logger
	now      func() time.Time
	issuer   *url.URL
	basePath string
	ring     *keys.Ring
	metrics  *metrics.Metrics
	events   metrics.Recorder
	users    *userdir.Users
	pages    *web.Pages
	login    *login.Handler
	oauth    *oauth.Provider
	saml     *samlidp.Provider
	tokens   *tokenapp.Provider
	admin    *api.Admin
	traces   *traces
	console  *console.Console
	handler  http.Handler
	draining chan struct{}
}

// New assembles a provider. The first start on an empty store creates its keys. It
// listens to nothing yet: [Server.Handler] is the front door, [Server.Run] opens it.
func New(ctx context.Context, o Options) (*Server, error) {
	s := &Server{options: o, logger: o.Logger, now: o.Now, draining: make(chan struct{})}
	if s.logger == nil {
		s.logger = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	var err error
	if s.issuer, err = url.Parse(o.Config.Issuer); err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	s.basePath = s.issuer.Path
	if s.ring, err = keys.Open(ctx, o.Records, o.KEK, s.now); err != nil {
		return nil, err
	}
	s.metrics = s.newMetrics()
	s.metrics.KeysRead(s.now())
	if err := s.assemble(); err != nil {
		return nil, err
	}
	s.handler, err = s.routes()
	return s, err
}

// Handler is the front door: everything below the issuer.
func (s *Server) Handler() http.Handler { return s.handler }

// Admin is the admin API's logic without its HTTP, for commands and tests.
func (s *Server) Admin() *api.Admin { return s.admin }
