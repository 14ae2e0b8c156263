package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"cloudsso/idp/config"
	"cloudsso/idp/idptest"
)

// TestLogsHoldNoSecrets signs in by both protocols and then looks for everything
// secret that went by, in what the server logged.
func TestLogsHoldNoSecrets(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	s.AddUser(t, ada)
	rp, sp, b := newRelyingParty(t, s), newServiceProvider(t, s), idptest.NewBrowser(t)
	page, verifier := rp.start(b)
	page = signIn(page, "ada", "wrong horse")
	arrived(t, signIn(page, "ada", password).FormWith("consent").Submit("consent-allow"), "arrived")
	answer := <-rp.answers
	rp.answers <- answer
	token := rp.finish(t, verifier)
	rp.subject(t, token)
	auto := b.Open(sp.front.URL + "/wiki")
	assertion := auto.Form(0).Value("SAMLResponse")
	arrived(t, auto.Form(0).Submit(""), "ada@example.com")
	idToken, _ := token.Extra("id_token").(string)
	secrets := map[string]string{
		"the password": password, "a wrong password": "wrong horse", "the code": answer.Get("code"), "the PKCE verifier": verifier,
		"the access token": token.AccessToken, "the refresh token": token.RefreshToken, "the ID token": idToken,
		"the client secret": rp.config.ClientSecret, "the session cookie": b.Cookie(s.Issuer, "cloudsso-session"),
		"the browser cookie": b.Cookie(s.Issuer, "cloudsso-browser"), "the SAML response": assertion[:200],
	}
	for name, secret := range secrets {
		if len(secret) < 8 {
			t.Fatalf("the test did not see %s", name)
		}
		if strings.Contains(s.Log.String(), secret) {
			t.Errorf("the log holds %s", name)
		}
	}
	for line := range strings.Lines(s.Log.String()) {
		if !json.Valid([]byte(line)) {
			t.Fatalf("not one JSON object per line: %s", line)
		}
	}
	for _, want := range []string{`"event":"login.success"`, `"event":"login.failure"`, `"event":"grant.created"`, `"event":"saml.assertion.issued"`, `"path":"/oauth2/token"`} {
		if !strings.Contains(s.Log.String(), want) {
			t.Errorf("the log lacks %s", want)
		}
	}
}

func TestUnknownAddressesGetAHelpfulPage(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	page := idptest.NewBrowser(t).Open(s.Issuer + "/nowhere")
	code := page.Header.Get("X-Request-Id")
	if page.Status != http.StatusNotFound || !regexp.MustCompile(`^[A-Z2-7]{4}-[A-Z2-7]{4}$`).MatchString(code) || !strings.Contains(page.Text(), code) {
		t.Errorf("status %d, support code %q, text %q", page.Status, code, page.Text())
	}
	if !strings.Contains(s.Log.String(), code) {
		t.Error("the log does not know the support code")
	}
	resp, err := http.Post(s.Issuer+"/saml/metadata", "text/plain", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed || !strings.Contains(resp.Header.Get("Allow"), "GET") {
		t.Errorf("POST to the metadata: %d, Allow %q", resp.StatusCode, resp.Header.Get("Allow"))
	}
}

func TestHeadersOfEveryAnswer(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	for _, path := range []string{"/", "/login", "/nowhere", "/oauth2/authorize", "/saml/metadata", "/.well-known/openid-configuration", "/api/v1/users"} {
		page := idptest.NewBrowser(t).Open(s.Issuer + path)
		if page.Header.Get("X-Content-Type-Options") != "nosniff" || page.Header.Get("Referrer-Policy") == "" {
			t.Errorf("%s: %v", path, page.Header)
		}
		if strings.HasPrefix(page.Header.Get("Content-Type"), "text/html") {
			csp := page.Header.Get("Content-Security-Policy")
			if !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") || strings.Contains(csp, "form-action") {
				t.Errorf("%s: policy %q", path, csp)
			}
		}
	}
}

// TestForwardedForCountsFromNamedProxiesOnly: anybody can write that header, and with
// it walk around every limit per address.
func TestForwardedForCountsFromNamedProxiesOnly(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		proxies []netip.Prefix
		want    string
	}{
		"no proxy is named":       {nil, `"ip":"127.0.0.1"`},
		"the sender is not named": {[]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, `"ip":"127.0.0.1"`},
		"the sender is named":     {[]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, `"ip":"203.0.113.9"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := idptest.New(t, idptest.Options{Config: func(o *config.Config) { o.TrustedProxies = c.proxies }})
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.Issuer+"/login", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("X-Forwarded-For", "198.51.100.7, 203.0.113.9")
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if !strings.Contains(s.Log.String(), c.want) {
				t.Errorf("the log says %s, want %s", s.Log, c.want)
			}
		})
	}
}

// TestHostHeaderNamesNothing: the issuer is configuration. A forged Host must not end
// up in discovery, metadata or a redirect.
func TestHostHeaderNamesNothing(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	for _, path := range []string{"/.well-known/openid-configuration", "/saml/metadata", "/login", "/oauth2/authorize?client_id=x"} {
		r := httptest.NewRequest(http.MethodGet, "http://evil.example"+path, nil)
		r.Header.Set("X-Forwarded-Host", "evil.example")
		w := httptest.NewRecorder()
		s.Product.Handler().ServeHTTP(w, r)
		if strings.Contains(w.Body.String(), "evil.example") || strings.Contains(w.Header().Get("Location"), "evil.example") {
			t.Errorf("%s repeats the Host header", path)
		}
	}
}

func TestOversizedBodiesAreRefused(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	body := url.Values{"grant_type": {strings.Repeat("a", 2<<20)}}.Encode()
	for _, path := range []string{"/oauth2/token", "/saml/sso", "/login"} {
		resp, err := http.Post(s.Issuer+path, "application/x-www-form-urlencoded", strings.NewReader(body))
		if err != nil {
			continue // the server hung up on us, which is an answer too
		}
		resp.Body.Close()
		if resp.StatusCode < 400 || resp.StatusCode >= 500 {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
}
