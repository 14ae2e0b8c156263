package redistest

import (
	"bytes"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Proxy stands between a client and a server.
type Proxy struct {
	listener net.Listener
	target   string

	mu    sync.Mutex
	conns map[net.Conn]bool
	delay time.Duration
	lose  string
	hangs bool
}

// NewProxy starts a proxy to the server at target (host:port). It ends with the test.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{listener: l, target: target, conns: map[net.Conn]bool{}}
	go p.accept()
	t.Cleanup(func() {
		_ = l.Close()
		p.Lose("", false)
		p.Cut()
	})
	return p
}

// Addr is where clients go.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Aim makes new connections go to another server.
func (p *Proxy) Aim(target string) { p.set(func() { p.target = target }) }

// Delay holds each answer back for so long.
func (p *Proxy) Delay(d time.Duration) { p.set(func() { p.delay = d }) }

// Lose lets requests through; but the answer to one that contains word is lost: instead
// of it, the connection ends. With hang it does not even end. "" loses nothing any more.
func (p *Proxy) Lose(word string, hang bool) { p.set(func() { p.lose, p.hangs = word, hang }) }

// Cut ends all connections.
func (p *Proxy) Cut() {
	p.set(func() {
		for c := range p.conns {
			_ = c.Close()
		}
	})
}

func (p *Proxy) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		var target string
		p.set(func() { target = p.target })
		server, err := net.Dial("tcp", target)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.set(func() { p.conns[client], p.conns[server] = true, true })
		var lost atomic.Bool
		go p.pass(server, client, func(request []byte) bool {
			if p.loses(request) {
				lost.Store(true)
			}
			return true
		})
		go p.pass(client, server, func([]byte) bool { return p.answers(&lost) })
	}
}

// pass copies until either end closes, or what passes is not to be.
func (p *Proxy) pass(to, from net.Conn, may func([]byte) bool) {
	defer p.set(func() { delete(p.conns, from) })
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && !may(buffer[:n]) {
			return
		}
		if _, writeErr := to.Write(buffer[:n]); err != nil || writeErr != nil {
			return
		}
	}
}

func (p *Proxy) loses(request []byte) (loses bool) {
	p.set(func() { loses = p.lose != "" && bytes.Contains(request, []byte(p.lose)) })
	return loses
}

// answers waits as told, and reports whether the answer passes.
func (p *Proxy) answers(lost *atomic.Bool) bool {
	var delay time.Duration
	p.set(func() { delay = p.delay })
	time.Sleep(delay)
	for hangs := lost.Load(); hangs; time.Sleep(5 * time.Millisecond) {
		p.set(func() { hangs = p.lose != "" && p.hangs })
	}
	return !lost.Load()
}
