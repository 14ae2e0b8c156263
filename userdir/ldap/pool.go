package ldap

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	maxIdle = 2 * time.Minute  // less than what firewalls and servers cut
	maxAge  = 10 * time.Minute // so that the first server is used again some time after it is back
)

// pool keeps connections of the service account. Nothing else ever gets into it: a
// connection that was bound as a person is closed by whoever opened it.
type pool struct {
	slots chan struct{}

	mu     sync.Mutex
	idle   []*conn // the last one was used last
	closed bool
}

func newPool(size int) *pool { return &pool{slots: make(chan struct{}, size)} }

// enter waits for one of the places.
func (p *pool) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *pool) leave() { <-p.slots }

// take returns an idle connection, nil if there is none.
func (p *pool) take(now time.Time) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.idle) > 0 {
		c := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		if !c.IsClosing() && now.Sub(c.used) < maxIdle && now.Sub(c.born) < maxAge {
			c.reused = true
			return c
		}
		go c.Close()
	}
	return nil
}

func (p *pool) put(c *conn, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || c.broken || c.IsClosing() {
		go c.Close()
		return
	}
	c.used = now
	p.idle = append(p.idle, c)
}

// flush closes the idle connections to a server that failed; to all if s is nil.
func (p *pool) flush(s *server) {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := p.idle[:0]
	for _, c := range p.idle {
		if s == nil || c.server == s {
			go c.Close()
		} else {
			kept = append(kept, c)
		}
	}
	p.idle = kept
}

func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.flush(nil)
}

// service runs ask on a connection of the service account. When the server fails under
// it, ask runs again on another one: it must only read.
func (d *Directory) service(ctx context.Context, ask func(*conn) error) error {
	if err := d.pool.enter(ctx); err != nil {
		return d.unavailable(ctx, err)
	}
	defer d.pool.leave()
	skip := make(map[*server]bool)
	for {
		c := d.pool.take(d.o.Now())
		if c != nil && skip[c.server] {
			go c.Close()
			continue
		}
		if c == nil {
			var err error
			if c, err = d.open(ctx, skip, d.bindService(ctx)); err != nil {
				return err
			}
		}
		err := ask(c)
		d.pool.put(c, d.o.Now())
		if !c.broken || err == nil {
			return err
		}
		// A server that was restarted has cut what lay idle: it gets a second chance.
		d.pool.flush(c.server)
		if !c.reused || errors.Is(err, errLate) {
			skip[c.server] = true
			d.failed(ctx, c.server, err)
		}
		if ctx.Err() != nil {
			return d.unavailable(ctx, err)
		}
	}
}
