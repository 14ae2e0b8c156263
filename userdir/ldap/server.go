package ldap

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync/atomic"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"cloudsso/idp"
	"cloudsso/userdir"
)

// retryDead is how long a server that failed is asked after the others.
const retryDead = 30 * time.Second

// server is one of the URLs.
type server struct {
	name, address    string
	secure, startTLS bool
	tls              *tls.Config
	failed           atomic.Int64 // unix nanoseconds of the last failure, 0 if it answered since
}

// conn is one connection. Only its owner uses it.
type conn struct {
	*goldap.Conn
	raw    net.Conn
	server *server
	born   time.Time
	used   time.Time
	reused bool
	broken bool
}

// errLate is the end of our own patience with one request.
var errLate = errors.New("no answer in time")

// do runs one exchange and ends it with ctx or after limit, by closing the connection:
// go-ldap has no other way to give up waiting for the answer to a bind.
func (c *conn) do(ctx context.Context, limit time.Duration, exchange func() error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errLate)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { c.raw.Close() })
	err := exchange()
	if !stop() {
		c.broken = true
		if err != nil {
			err = context.Cause(ctx)
		}
	}
	if network(err) {
		c.broken = true
	}
	return err
}

// network reports whether an error says something about the server or the way to it,
// so that another one may do better.
func network(err error) bool {
	var e *goldap.Error
	if err == nil || errors.As(err, &e) && e.ResultCode < goldap.ErrorNetwork &&
		!goldap.IsErrorAnyOf(err, goldap.LDAPResultBusy, goldap.LDAPResultUnavailable, goldap.LDAPResultServerDown, goldap.LDAPResultTimeout, goldap.LDAPResultConnectError) {
		return false
	}
	return true
}

// dial connects to one server; nobody is bound.
func (d *Directory) dial(ctx context.Context, s *server) (*conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, d.o.ConnectTimeout, errLate)
	defer cancel()
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", s.address)
	if err != nil {
		return nil, err
	}
	carrier := raw
	if s.secure {
		t := tls.Client(raw, s.tls)
		if err := t.HandshakeContext(ctx); err != nil {
			raw.Close()
			return nil, err
		}
		carrier = t
	}
	c := &conn{Conn: goldap.NewConn(carrier, s.secure), raw: raw, server: s, born: d.o.Now(), used: d.o.Now()}
	c.Start()
	if s.startTLS {
		if err := c.do(ctx, d.o.ConnectTimeout, func() error { return c.StartTLS(s.tls) }); err != nil {
			c.Close()
			return nil, fmt.Errorf("StartTLS: %w", err)
		}
	}
	return c, nil
}

// order returns the servers to ask, those that failed lately last.
func (d *Directory) order(skip map[*server]bool) (out []*server) {
	var dead []*server
	for _, s := range d.servers {
		switch failed := s.failed.Load(); {
		case skip[s]:
		case failed != 0 && d.o.Now().Sub(time.Unix(0, failed)) < retryDead:
			dead = append(dead, s)
		default:
			out = append(out, s)
		}
	}
	return slices.Concat(out, dead)
}

// failed remembers that a server did not do, and says so in the log.
func (d *Directory) failed(ctx context.Context, s *server, err error) {
	s.failed.Store(d.o.Now().UnixNano())
	idp.Note(ctx, slog.String("directory", d.o.ID), slog.String("directory_server", s.name), slog.String("directory_error", err.Error()))
}

// open makes a connection to the first server that answers and accepts prepare.
func (d *Directory) open(ctx context.Context, skip map[*server]bool, prepare func(*conn) error) (*conn, error) {
	err := errors.New("every server failed")
	for _, s := range d.order(skip) {
		var c *conn
		if c, err = d.dial(ctx, s); err == nil {
			if err = prepare(c); err == nil {
				s.failed.Store(0)
				return c, nil
			}
			c.Close()
		}
		if ctx.Err() != nil {
			break
		}
		skip[s] = true
		d.failed(ctx, s, err)
	}
	return nil, d.unavailable(ctx, err)
}

// bindService is prepare for the connections of the pool.
func (d *Directory) bindService(ctx context.Context) func(*conn) error {
	return func(c *conn) error {
		if d.o.BindDN == "" {
			return nil // anonymous
		}
		err := c.do(ctx, d.o.Timeout, func() error { return c.Bind(d.o.BindDN, d.o.BindPassword.Reveal()) })
		if err != nil {
			return fmt.Errorf("the service account cannot bind: %w", err)
		}
		return nil
	}
}

// unavailable is what everything becomes that is no answer about a person.
func (d *Directory) unavailable(ctx context.Context, err error) error {
	switch {
	case errors.Is(ctx.Err(), context.Canceled): // the person went away: nobody's fault
		return fmt.Errorf("directory %s: %w", d.o.ID, ctx.Err())
	case errors.Is(err, userdir.ErrUnavailable):
		return err
	case ctx.Err() != nil:
		err = ctx.Err()
	}
	return fmt.Errorf("directory %s: %w: %w", d.o.ID, userdir.ErrUnavailable, err)
}
