package server

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"time"

	"cloudsso/idp/metrics"
	"cloudsso/keys"
	"cloudsso/userdir"
)

func (s *Server) newMetrics() *metrics.Metrics {
	o := s.options
	return metrics.New(metrics.Options{
		Version: o.Version, Revision: o.Revision, Keys: s.keyMetrics,
		Stores: map[string]func(context.Context) error{"records": o.Records.Ping, "flows": o.Flows.Ping},
	})
}

func (s *Server) keyMetrics() []metrics.Key {
	var out []metrics.Key
	for _, k := range s.ring.Keys() {
		out = append(out, metrics.Key{ID: k.KID, Use: k.Use, Alg: k.Alg, State: string(k.State), Signing: k.Signing, Expires: expiry(k)})
	}
	return out
}

// expiry is the end of a key or of its certificate, whichever comes first.
func expiry(k keys.Info) time.Time {
	cert, err := x509.ParseCertificate(k.Certificate)
	if err != nil || !k.ExpireAt.IsZero() && k.ExpireAt.Before(cert.NotAfter) {
		return k.ExpireAt
	}
	return cert.NotAfter
}

// named tells the middleware which route answers, by its pattern: paths are endless.
func named(w http.ResponseWriter, route string) {
	if rec, ok := w.(*recorder); ok {
		rec.route = route
	}
}

// measured is a directory whose answers are counted and timed.
type measured struct {
	userdir.Directory
	s *Server
}

// Authenticate implements [userdir.Directory].
func (m measured) Authenticate(ctx context.Context, c userdir.Credentials) (userdir.User, error) {
	start := time.Now()
	u, err := m.Directory.Authenticate(ctx, c)
	m.s.metrics.Directory(m.Info().ID, "authenticate", outcome(err), time.Since(start))
	return u, err
}

// Lookup implements [userdir.Directory].
func (m measured) Lookup(ctx context.Context, ref userdir.Ref) (userdir.User, error) {
	start := time.Now()
	u, err := m.Directory.Lookup(ctx, ref)
	m.s.metrics.Directory(m.Info().ID, "lookup", outcome(err), time.Since(start))
	return u, err
}

// outcome is one word for an answer of a directory.
func outcome(err error) string {
	if err == nil {
		return "ok"
	}
	for _, known := range []struct {
		err  error
		word string
	}{
		{userdir.ErrNotFound, "not_found"}, {userdir.ErrInvalidCredentials, "invalid_credentials"}, {userdir.ErrDisabled, "disabled"},
		{userdir.ErrLocked, "locked"}, {userdir.ErrPasswordExpired, "password_expired"}, {context.Canceled, "canceled"}, {userdir.ErrUnavailable, "unavailable"},
	} {
		if errors.Is(err, known.err) {
			return known.word
		}
	}
	return "error"
}
