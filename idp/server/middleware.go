package server

import (
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"cloudsso/idp"
)

// maxBody is what any request may carry; endpoints that expect less say so themselves.
const maxBody = 1 << 20

// supportCode returns a fresh support code, "K7QF-2M9D": 40 random bits in an
// alphabet without 0, 1, 8 and 9, fit to be read out on the telephone.
func supportCode() string {
	var b [5]byte
	rand.Read(b[:])
	s := base32.StdEncoding.EncodeToString(b[:])
	return s[:4] + "-" + s[4:]
}

// middleware is what every request passes, in this order: who and which request, one
// log line, no panic reaches the connection, common headers, a bound on the body.
func (s *Server) middleware(next http.Handler) http.Handler {
	clientIP := s.clientIP()
	hsts := s.issuer.Scheme == "https"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := s.now()
		request := &idp.Request{Support: supportCode(), IP: clientIP(r), Now: s.now}
		r = r.WithContext(idp.WithRequest(r.Context(), request))
		rec := &recorder{ResponseWriter: w}
		defer s.logRequest(rec, r, request, start)
		defer func() { s.traces.keep(r.Context(), request, start) }()
		defer s.recoverPanic(rec, r)

		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Request-Id", request.Support)
		if hsts {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		r.Body = http.MaxBytesReader(rec, r.Body, maxBody)
		next.ServeHTTP(rec, r)
	})
}

// clientIP tells the address of the person's browser. X-Forwarded-For counts only
// from proxies that the operator named: anybody else could write any address there
// and walk around every limit.
func (s *Server) clientIP() func(*http.Request) netip.Addr {
	extract := echo.ExtractIPDirect()
	if len(s.options.Config.TrustedProxies) > 0 {
		options := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
		for _, p := range s.options.Config.TrustedProxies {
			options = append(options, echo.TrustIPRange(&net.IPNet{
				IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen()),
			}))
		}
		extract = echo.ExtractIPFromXFFHeader(options...)
	}
	return func(r *http.Request) netip.Addr {
		addr, err := netip.ParseAddr(extract(r))
		if err != nil {
			return netip.Addr{}
		}
		return addr.Unmap().WithZone("")
	}
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
	route  string // pattern, "" if none matched
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (s *Server) recoverPanic(w *recorder, r *http.Request) {
	fault := recover()
	if fault == nil {
		return
	}
	if fault == http.ErrAbortHandler {
		panic(fault) // net/http's own way to drop a connection
	}
	idp.Note(r.Context(), slog.String("panic", fmt.Sprint(fault)), slog.String("stack", string(debug.Stack())))
	if w.status == 0 {
		s.pages.Error(w, r, idp.AsError(fmt.Errorf("panic: %v", fault)))
	}
}

// logRequest writes the one line of a request. The path is logged without its query:
// queries carry codes, states and SAML messages.
func (s *Server) logRequest(w *recorder, r *http.Request, request *idp.Request, start time.Time) {
	level := slog.LevelInfo
	switch {
	case w.status >= 500:
		level = slog.LevelError
	case w.status >= 400:
		level = slog.LevelWarn
	}
	took := s.now().Sub(start)
	s.metrics.Request(w.route, r.Method, w.status, took)
	attrs := []slog.Attr{
		slog.String("method", r.Method), slog.String("path", strings.ToValidUTF8(r.URL.Path, "\uFFFD")), slog.Int("status", w.status),
		slog.Duration("took", took), slog.Int64("bytes", w.bytes),
		slog.String("ip", request.IP.String()), slog.String("support_code", request.Support),
	}
	if own := w.Header().Get("X-Request-Id"); own != request.Support {
		attrs = append(attrs, slog.String("request_id", own)) // it went on with a sign-in that has a code
	}
	s.logger.LogAttrs(r.Context(), level, "request", append(attrs, request.Notes()...)...)
}
