package outbound_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/outbound"
)

func TestPostTellsWhatWasAnswered(t *testing.T) {
	t.Parallel()
	var got string
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = r.Method + " " + r.Header.Get("Content-Type") + " " + string(body)
		w.WriteHeader(http.StatusNotImplemented)
		_, _ = io.WriteString(w, "no")
	})
	status, answer, err := s.client(t, outbound.Options{}).Post(t.Context(), s.url("/back"), "text/xml", []byte("<a/>"), 10)
	if err != nil || status != 501 || string(answer) != "no" || got != "POST text/xml <a/>" {
		t.Errorf("%d %q %v, it got %q", status, answer, err, got)
	}
}

// Attack: an address that passes the gate sends the message on to one that does not.
func TestPostFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	for _, code := range []int{301, 302, 303, 307, 308} {
		s := newSite(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/again", code) })
		status, _, err := s.client(t, outbound.Options{}).Post(t.Context(), s.url("/"), "text/plain", nil, 1000)
		if err != nil || status != code || s.hits.Load() != 1 {
			t.Errorf("%d: answered %d, %d hits, %v", code, status, s.hits.Load(), err)
		}
	}
}

func TestPostIsGuardedAsFetchIs(t *testing.T) {
	t.Parallel()
	slow := newSite(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // or the server does not notice that the caller has gone
		<-r.Context().Done()
	})
	big := newSite(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 11)) })
	inside := client(t, outbound.Options{Resolve: resolves("10.0.0.1")})
	for name, c := range map[string]struct {
		client *outbound.Client
		url    string
		want   idp.Code
	}{
		"plain http":        {inside, "http://example.com/", idp.Invalid},
		"a private address": {inside, "https://example.com/", idp.Invalid},
		"a file":            {inside, "file:///etc/passwd", idp.Invalid},
		"no answer":         {slow.client(t, outbound.Options{Timeout: 100 * time.Millisecond}), slow.url("/"), idp.Unavailable},
		"a long answer":     {big.client(t, outbound.Options{}), big.url("/"), idp.Invalid},
	} {
		_, _, err := c.client.Post(t.Context(), c.url, "text/plain", []byte("x"), 10)
		var e *idp.Error
		if !errors.As(err, &e) || e.Code != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
