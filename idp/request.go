package idp

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"time"
)

// Request is what the middleware knows of one HTTP request. It is the only value
// that travels in a context.
type Request struct {
	Support string           // support code: shown on error pages, written to log lines and Events
	IP      netip.Addr       // of the person's browser, behind trusted proxies too
	Now     func() time.Time // of traces; nil: their steps have no time

	mu    sync.Mutex
	notes []slog.Attr

	trace        Recording
	keep, joined bool
}

func (r *Request) clock() time.Time {
	if r.Now == nil {
		return time.Time{}
	}
	return r.Now().UTC()
}

// Network is the part of the address that one person or office is given, /24 or /64;
// limits count by it. "" if the address is not known.
func (r *Request) Network() string {
	bits := 64
	if r.IP.Is4() {
		bits = 24
	}
	p, err := r.IP.Prefix(bits)
	if err != nil || !p.IsValid() {
		return ""
	}
	return p.String()
}

type requestKey struct{}

// WithRequest returns a context that carries r.
func WithRequest(ctx context.Context, r *Request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

// RequestOf returns the request that ctx carries, or an empty one.
func RequestOf(ctx context.Context) *Request {
	if r, ok := ctx.Value(requestKey{}).(*Request); ok {
		return r
	}
	return new(Request)
}

// Note adds attributes to the one log line of the request that ctx carries. Never
// note a secret: log the client, the subject, the outcome, the private cause.
func Note(ctx context.Context, attrs ...slog.Attr) {
	r := RequestOf(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notes = append(r.notes, attrs...)
}

// Notes returns what was noted so far.
func (r *Request) Notes() []slog.Attr {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]slog.Attr(nil), r.notes...)
}
