// Package idptest is the product inside a test: a whole server on a loopback port
// ([New]), and a browser without JavaScript that walks its pages ([NewBrowser]).
package idptest

import (
	"bytes"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/config"
	"cloudsso/idp/memory"
	"cloudsso/idp/server"
	"cloudsso/keys"
)

// Server is a provider that listens on loopback until the test ends.
type Server struct {
	Issuer  string
	Product *server.Server
	Owner   *api.Owner // an admin's hands
	Records idp.Records
	Flows   idp.Flows
	Clock   *Clock
	Log     *Log
}

// Options of [New]. The zero value is a provider with built-in users on memory.
type Options struct {
	Path    string      // of the issuer, "" or "/sso"
	Records idp.Records // nil: memory
	Flows   idp.Flows   // nil: the same memory
	KEK     *keys.KEK   // nil: a fresh one
	Listen  string      // "" for any free port; to come back at the same address after a restart
	Config  func(*config.Config)
	SQL     server.OpenSQL // nil: no directory of kind sql
}

// New starts a provider.
func New(t testing.TB, o Options) *Server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if o.Listen != "" {
		listener, err = net.Listen("tcp", o.Listen)
	}
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Issuer: "http://" + listener.Addr().String() + o.Path, Clock: &Clock{}, Log: &Log{}}
	s.store(o)
	if o.KEK == nil {
		if o.KEK, err = keys.LoadKEK(t.TempDir(), func(string) string { return "" }); err != nil {
			t.Fatal(err)
		}
	}
	c := config.Config{Issuer: s.Issuer, Dev: true, TraceTTL: config.Duration(7 * 24 * time.Hour), Directories: []config.Directory{{ID: "local", Kind: config.KindLocal}}}
	if o.Config != nil {
		o.Config(&c)
	}
	options := server.Options{
		Config: c, Records: s.Records, Flows: s.Flows, KEK: o.KEK, Now: s.Clock.Now, SQL: o.SQL,
		Logger: slog.New(slog.NewJSONHandler(s.Log, nil)),
	}
	if s.Product, err = server.New(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	s.Owner = s.Product.Admin().Local("test")
	front := &httptest.Server{Listener: listener, Config: &http.Server{Handler: s.Product.Handler()}}
	front.Start()
	t.Cleanup(front.Close)
	return s
}

func (s *Server) store(o Options) {
	s.Records, s.Flows = o.Records, o.Flows
	if s.Records == nil || s.Flows == nil {
		m := memory.New(s.Clock.Now)
		if s.Records == nil {
			s.Records = m
		}
		if s.Flows == nil {
			s.Flows = m
		}
	}
}

// AddUser creates a person of the built-in directory.
func (s *Server) AddUser(t testing.TB, u api.NewUser) api.User {
	t.Helper()
	created, err := s.Owner.CreateUser(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	return created
}

// AddClient registers a client; the answer holds its secret.
func (s *Server) AddClient(t testing.TB, m idp.ClientMetadata) api.Client {
	t.Helper()
	created, err := s.Owner.CreateClient(t.Context(), api.NewClient{ClientMetadata: m})
	if err != nil {
		t.Fatal(err)
	}
	return created
}

// Clock is the time of a test server: the real one, moved by what Advance was told.
type Clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

// Now is the time on this clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead).UTC()
}

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// Log keeps what the server logged.
type Log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String is everything logged so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
