package oauth_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
)

func (h *house) revoke(clientID, token string, more ...string) answer {
	form := with(url.Values{"token": {token}}, more...)
	if form.Has("client_id") {
		return h.send(http.MethodPost, "/oauth2/revoke", form.Encode())
	}
	return h.send(http.MethodPost, "/oauth2/revoke", form.Encode(), basic(clientID)...)
}

func wantRevoked(t testing.TB, a answer) {
	t.Helper()
	if a.status != 200 || a.body != "" || a.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("got %d %q %v", a.status, a.body, a.header)
	}
}

// Either token ends all that came of the sign-in, once.
func TestRevocationEndsTheFamily(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		more   []string
		public bool
		pick   func(h *house, access, refresh string) string
	}{
		"by the access token":    {nil, false, func(_ *house, a, _ string) string { return a }},
		"by the refresh token":   {nil, false, func(_ *house, _, r string) string { return r }},
		"with the right hint":    {[]string{"token_type_hint", "refresh_token"}, false, func(_ *house, _, r string) string { return r }},
		"with the wrong hint":    {[]string{"token_type_hint", "refresh_token"}, false, func(_ *house, a, _ string) string { return a }},
		"with an unknown hint":   {[]string{"token_type_hint", "x", "extra", "y"}, false, func(_ *house, a, _ string) string { return a }},
		"by a public client":     {[]string{"client_id", "wiki"}, true, func(_ *house, _, r string) string { return r }},
		"by a spent token":       {nil, false, func(h *house, _, r string) string { h.refresh("wiki", r); h.move(2 * time.Minute); return r }},
		"in the grace window":    {nil, false, func(h *house, _, r string) string { h.refresh("wiki", r); return r }},
		"while the client is off": {nil, false, func(h *house, _, r string) string {
			h.change("wiki", func(c *idp.Client) { c.Disabled = true })
			h.Cleanup(func() {})
			return r
		}},
		"while the directory is down": {nil, false, func(h *house, _, r string) string { h.people.down = idp.ErrUnavailable; return r }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.client("wiki", func(c *idp.Client) {
				if c.public(); !true {
					return
				}
			})
			_ = c
		})
	}
}
