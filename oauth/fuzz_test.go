package oauth_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"cloudsso/idp"
)

// FuzzAuthorize: whatever the parameters, no panic, no answer of the 5xx kind, and no
// redirect to an address that is not registered.
func FuzzAuthorize(f *testing.F) {
	h := openHouse(f, sharedRing())
	registered := []string{callback, "https://rp.example/q?bar=foo"}
	h.client("wiki", func(c *idp.Client) { c.RedirectURIs = registered })
	h.client("app", func(c *idp.Client) {
		c.ApplicationType, c.RedirectURIs = "native", []string{"http://127.0.0.1/cb", "com.example.app:/cb"}
	})
	p := h.provider(f)
	for _, seed := range []string{
		request("wiki").Encode(), request("wiki", "response_mode", "form_post").Encode(), request("wiki", "redirect_uri", registered[1], "response_mode", "fragment").Encode(),
		request("app", "redirect_uri", "http://127.0.0.1:49152/cb").Encode(), request("app", "redirect_uri", "com.example.app:/cb").Encode(),
		request("wiki", "prompt", "none login", "max_age", "-1", "id_token_hint", "a.b.c", "request", "x").Encode(),
		request("wiki", "acr_values", "a b", "claims", `{"userinfo":{"name":{"values":["a",1]},"sub":null},"id_token":{"acr":{"essential":true},"sub":{"value":"x"}}}`).Encode(),
		request("wiki", "state", "\r\nSet-Cookie: x=y").Encode(), "client_id=%00", "client_id=wiki&client_id=app&;", request("wiki").Encode() + "&scope=x",
	} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, query string, post bool) {
		r := httptest.NewRequest(http.MethodGet, "/oauth2/authorize", nil)
		r.URL.RawQuery = query
		if post {
			r = httptest.NewRequest(http.MethodPost, "/oauth2/authorize", strings.NewReader(query))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		w := httptest.NewRecorder()
		p.Authorize(w, r)
		if w.Code >= 500 {
			t.Fatalf("%d for %q", w.Code, query)
		}
		location := w.Header().Get("Location")
		if location == "" {
			return
		}
		if strings.ContainsAny(location, "\r\n") || !slices.ContainsFunc(append(registered, "http://127.0.0.1", "com.example.app:/cb"), func(uri string) bool {
			rest, ok := strings.CutPrefix(location, uri)
			return ok && (rest[0] == '?' || rest[0] == '#' || rest[0] == '&' || uri == "http://127.0.0.1" && loopbackPort(rest))
		}) {
			t.Fatalf("redirect to %q for %q", location, query)
		}
	})
}

// loopbackPort: an optional port and then the registered path.
func loopbackPort(rest string) bool {
	if after, ok := strings.CutPrefix(rest, ":"); ok {
		rest = strings.TrimLeft(after, "0123456789")
	}
	return strings.HasPrefix(rest, "/cb?") || strings.HasPrefix(rest, "/cb#")
}
