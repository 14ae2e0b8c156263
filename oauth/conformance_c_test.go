package oauth_test

import (
	"errors"
	"strings"
	"testing"

	"cloudsso/idp"
)

func TestConformance_C02_TheQueryOfARedirectURIStays(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	const uri = "https://rp.example/cb?bar=foo&baz=%2F"
	h.client("wiki", func(c *idp.Client) { c.RedirectURIs = []string{uri} })
	location := h.authorize(request("wiki", "redirect_uri", uri)).header.Get("Location")
	if !strings.HasPrefix(location, uri+"&code=cac_") {
		t.Errorf("sent to %q", location)
	}
}

// C6: each is a real page with words on it.
func TestConformance_C01_C03_C04_C05_C06_C09_PagesInsteadOfRedirects(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", func(c *idp.Client) { c.RedirectURIs = []string{callback, "https://rp.example/q?bar=foo"} })
	const notRegistered = "The application wants to return to an address that is not registered for it."
	for name, c := range map[string]struct{ uri, text string }{
		"C01 a longer path":     {callback + "/foo", notRegistered},
		"C03 another query":     {"https://rp.example/q?foo=bar", notRegistered},
		"C04 a query added":     {callback + "?foo=bar", notRegistered},
		"C05 none":              {"-", "The application did not say where to return to"},
		"C09 the default port":  {"https://rp.example:443/cb", notRegistered},
		"C09 the host in upper": {"https://RP.example/cb", notRegistered},
	} {
		for _, mode := range []string{"query", "fragment", "form_post"} {
			a := h.authorize(request("wiki", "redirect_uri", c.uri, "response_mode", mode))
			if a.status != 400 || a.header.Get("Location") != "" || !strings.Contains(a.body, c.text) || strings.Contains(a.body, "rp.example") || strings.Contains(a.body, "cac_") {
				t.Errorf("%s by %s: %d %q", name, mode, a.status, a.header.Get("Location"))
			}
		}
	}
}

func TestConformance_C07_NoFragmentIsRegistered(t *testing.T) {
	t.Parallel()
	for _, uri := range []string{callback + "#fragment", callback + "#"} {
		m := idp.ClientMetadata{RedirectURIs: []string{uri}}
		var e *idp.Error
		if err := m.Complete(true); !errors.As(err, &e) || e.Field != "redirect_uris" {
			t.Errorf("%s: %v", uri, err)
		}
	}
}

func TestConformance_C08_TheSameRedirectURIAtTheTokenEndpoint(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", func(c *idp.Client) { c.RedirectURIs = []string{callback, callback + "2"} })
	code := h.code(t, "wiki")
	for _, uri := range []string{callback + "2", callback + "/", "https://rp.example:443/cb"} {
		if a := h.token("wiki", exchangeForm(code, "redirect_uri", uri)); a.status != 400 || a.json(t)["error"] != "invalid_grant" {
			t.Errorf("%s: %d %s", uri, a.status, a.body)
		}
	}
	if a := h.token("wiki", exchangeForm(code)); a.status != 200 {
		t.Errorf("the right one: %s", a.body)
	}
}
