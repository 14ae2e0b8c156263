package oauth_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
)

// The traps of fosite that touch authorize, token and userinfo, one test each, where no
// other test of this package is about it already: code and refresh races (race_test.go),
// unsupported_grant_type and multipart (token_test.go), reuse by another client
// (refresh_test.go), empty Basic passwords (token_test.go).

// fosite#883: the PKCE session is deleted before it is verified, so that a wrong
// code_verifier and then none at all gets tokens.
func TestTrap_PKCEDowngrade(t *testing.T) {
	t.Parallel()
	no := false
	for name, change := range map[string]func(*idp.Client){"public": public, "confidential": func(c *idp.Client) { c.RequirePKCE = &no }} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.client("app", change)
			code := h.code(t, "app")
			more := []string{"code_verifier", strings.Repeat("x", 43)}
			if name == "public" {
				more = append(more, "client_id", "app")
			}
			for range 2 {
				if a := h.token("app", exchangeForm(code, more...)); a.status != 400 {
					t.Fatalf("got %d", a.status)
				}
				more[1] = "-"
			}
			if a := h.token("app", exchangeForm(code, append(more, "code_verifier", "-")...)); a.status != 400 || a.json(t)["error"] != "invalid_grant" {
				t.Errorf("got tokens without a verifier: %d %s", a.status, a.body)
			}
		})
	}
}

// CVE-2023-48228: leaving out both challenge and verifier.
func TestTrap_PKCELeftOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("spa", public)
	if got := h.authorize(request("spa", "code_challenge", "-", "code_challenge_method", "-")).params(t); got.Get("error") != "invalid_request" {
		t.Errorf("got %v", got)
	}
}

// fosite matches loopback redirects by host alone, and for web clients too.
func TestTrap_LoopbackMatch(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("native", func(c *idp.Client) {
		c.ApplicationType, c.RedirectURIs = "native", []string{"https://127.0.0.1/cb", "http://127.0.0.1/native"}
	})
	h.client("web", func(c *idp.Client) { c.RedirectURIs = []string{"http://127.0.0.1/cb"} })
	for _, bad := range [][2]string{
		{"native", "http://127.0.0.1:9999/cb"}, {"native", "http://user:pw@127.0.0.1:9999/native"}, {"web", "http://127.0.0.1:9999/cb"},
	} {
		if a := h.authorize(request(bad[0], "redirect_uri", bad[1])); a.status != 400 || a.header.Get("Location") != "" {
			t.Errorf("%v: %d to %q", bad, a.status, a.header.Get("Location"))
		}
	}
	const good = "http://127.0.0.1:49152/native"
	code := h.code(t, "native", "redirect_uri", good)
	if a := h.token("native", exchangeForm(code, "redirect_uri", "http://127.0.0.1:49153/native")); a.status != 400 {
		t.Error("the code is not bound to the port that was used")
	}
	if a := h.token("native", exchangeForm(code, "redirect_uri", good)); a.status != 200 {
		t.Errorf("got %s", a.body)
	}
}

// fosite#267: states shorter than 8 characters, or none, are refused.
func TestTrap_ShortStateAndNonce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	for _, state := range []string{"-", "x", "1234567"} {
		got := h.authorize(request("wiki", "state", state, "nonce", "n")).params(t)
		if got.Get("code") == "" || got.Get("state") != strings.TrimPrefix(state, "-") || got.Has("state") != (state != "-") {
			t.Errorf("state %q: %v", state, got)
			continue
		}
		if a := h.token("wiki", exchangeForm(got.Get("code"))); a.status != 200 || claimsOf(t, a.json(t)["id_token"])["nonce"] != "n" {
			t.Errorf("a nonce of one character: %s", a.body)
		}
	}
}

// fosite's Arguments.Has ignores case, its default scope strategy takes wildcards.
func TestTrap_ScopesAreExact(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("star", func(c *idp.Client) { c.Scope = "* openid api.*" })
	h.client("wiki", nil)
	if body := h.signIn(t, "star", "scope", "openid api.write email OPENID"); body["scope"] != "openid" {
		t.Errorf("got %q", body["scope"])
	}
	if body := h.signIn(t, "wiki", "scope", "OPENID email"); body["id_token"] != nil || body["scope"] != "email" {
		t.Errorf("OPENID counts as openid: %v", body)
	}
}

// fosite adds scope to the redirect and no iss.
func TestTrap_ParametersOfTheAnswer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	for _, mode := range []string{"query", "fragment"} {
		got := h.authorize(request("wiki", "response_mode", mode)).params(t)
		if len(got) != 3 || got.Get("code") == "" || got.Get("iss") != h.issuer || got.Get("state") == "" {
			t.Errorf("%s: %v", mode, got)
		}
	}
}

// fosite reports a bad response_mode before it has looked at redirect_uri.
func TestTrap_NoRedirectBeforeRedirectURIIsKnown(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	for name, value := range map[string]string{"response_mode": "x", "response_type": "x", "request": "x", "prompt": "x", "scope": "x", "code_challenge_method": "x"} {
		a := h.authorize(request("wiki", "redirect_uri", "https://evil.example/", name, value))
		if a.status != 400 || a.header.Get("Location") != "" {
			t.Errorf("%s: %d to %q", name, a.status, a.header.Get("Location"))
		}
	}
}

// fosite takes max_age=0 for no max_age, compares auth_time by its own clock, and answers
// server_error at the token endpoint.
func TestTrap_MaxAgeAndAuthTime(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	h.move(-72 * time.Hour) // our clock, not the machine's
	h.login.answer.AuthTime = h.now()
	for _, more := range [][]string{{"max_age", "0"}, {"prompt", "login"}, {"prompt", "none"}, {"max_age", "1", "acr_values", "1"}} {
		claims := claimsOf(t, h.signIn(t, "wiki", more...)["id_token"])
		if claims["auth_time"] != float64(h.now().Unix()) || claims["iat"] != float64(h.now().Unix()) {
			t.Errorf("%v: %v", more, claims)
		}
		if claims["acr"] != nil {
			t.Errorf("%v: an invented acr %v", more, claims["acr"])
		}
	}
}

// fosite echoes input in hints and lets its own codes out; hydra had reflected XSS that way.
func TestTrap_NothingIsEchoed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	const evil = `<script>alert("x")</script>`
	for _, name := range []string{"response_type", "response_mode", "prompt", "max_age", "code_challenge", "code_challenge_method", "id_token_hint", "client_id", "redirect_uri", "registration"} {
		a := h.authorize(request("wiki", name, evil))
		if strings.Contains(a.body+a.header.Get("Location"), "alert") {
			t.Errorf("%s is echoed: %s %s", name, a.header.Get("Location"), a.body)
		}
	}
	for _, name := range []string{"grant_type", "code", "redirect_uri", "code_verifier", "scope"} {
		a := h.token("wiki", exchangeForm(h.code(t, "wiki"), name, evil))
		if strings.Contains(a.body, "alert") {
			t.Errorf("%s is echoed: %s", name, a.body)
		}
	}
}

// fosite's refresh handler answers invalid_request for what is invalid_grant, and stamps
// the second token with the first one's times.
func TestTrap_RefreshedTokensAreNew(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	refresh, first := h.offline(t)
	h.move(50 * time.Minute)
	second := h.refresh("wiki", refresh).json(t)
	if second["access_token"] == first["access_token"] || second["expires_in"] != 3600.0 {
		t.Errorf("got %v", second)
	}
	h.move(50 * time.Minute)
	if h.userinfo(second["access_token"]).status != 200 {
		t.Error("the refreshed access token has the old one's end")
	}
}

// The code is bound to the client also if both are public (CVE-2026-55672).
func TestTrap_CodeOfAnotherPublicClient(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("one", public)
	h.client("two", public)
	code := h.code(t, "one", "scope", "openid offline_access")
	wantError(t, h.token("two", exchangeForm(code, "client_id", "two")), 400, "invalid_grant", "The code is not one that was issued to this client.")
	a := h.token("one", exchangeForm(code, "client_id", "one"))
	refresh, _ := a.json(t)["refresh_token"].(string)
	wantError(t, h.refresh("two", refresh, "client_id", "two"), 400, "invalid_grant", notYourRefresh)
	if a := h.refresh("one", refresh, "client_id", "one"); a.status != 200 {
		t.Errorf("got %s", a.body)
	}
}

// One kind of one-time value never passes for another (CVE-2026-4282).
func TestTrap_KindsDoNotMix(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	refresh, body := h.offline(t)
	code := h.code(t, "wiki")
	for name, value := range map[string]string{"refresh": refresh, "access": body["access_token"].(string), "id": body["id_token"].(string)} {
		for _, prefix := range []string{"", "cac_"} {
			_, rest, _ := strings.Cut(value, "_")
			if a := h.token("wiki", exchangeForm(prefix+rest)); a.status != 400 {
				t.Errorf("%s token as a code: %d", name, a.status)
			}
		}
	}
	for _, value := range []string{code, "crt_" + strings.TrimPrefix(code, "cac_")} {
		if a := h.refresh("wiki", value); a.status != 400 {
			t.Errorf("a code as a refresh token: %d", a.status)
		}
	}
	if h.userinfo("cat_"+strings.TrimPrefix(refresh, "crt_")).status != 401 {
		t.Error("a refresh token as an access token")
	}
}

// Two providers in one process share nothing.
func TestTwoProvidersDoNotTouchEachOther(t *testing.T) {
	t.Parallel()
	one, two := newHouse(t), openHouse(t, newRing(time.Now))
	one.client("wiki", nil)
	two.client("wiki", nil)
	code := one.code(t, "wiki", "scope", "openid offline_access")
	if a := two.token("wiki", exchangeForm(code)); a.status != 400 {
		t.Errorf("a code of the other: %d", a.status)
	}
	body := one.token("wiki", exchangeForm(code)).json(t)
	if two.userinfo(body["access_token"]).status != 401 || two.refresh("wiki", body["refresh_token"].(string)).status != 400 {
		t.Error("tokens of the other are accepted")
	}
	if got := two.authorize(request("wiki", "id_token_hint", body["id_token"].(string))).params(t); got.Get("error") != "invalid_request" {
		t.Errorf("a hint of the other: %v", got)
	}
	if two.signIn(t, "wiki")["id_token"] == nil || one.userinfo(body["access_token"]).status != 200 {
		t.Error("side by side they do not work")
	}
}

// Secrets never reach a log line.
func TestNoSecretIsNoted(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	code := h.code(t, "wiki")
	var notes strings.Builder
	p := h.provider(t)
	for _, form := range []url.Values{exchangeForm(code), exchangeForm(code), exchangeForm("x", "client_secret", "y")} {
		req := new(idp.Request)
		r, _ := http.NewRequestWithContext(idp.WithRequest(t.Context(), req), http.MethodPost, "/oauth2/token", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth("wiki", secretOf("wiki"))
		p.Token(discard{http.Header{}}, r)
		for _, a := range req.Notes() {
			notes.WriteString(a.String() + "\n")
		}
	}
	for _, secret := range []string{code, strings.TrimPrefix(code, "cac_"), secretOf("wiki"), verifier, "cat_"} {
		if strings.Contains(notes.String(), secret) {
			t.Errorf("%q in %s", secret, notes.String())
		}
	}
	if !strings.Contains(notes.String(), "client=wiki") || !strings.Contains(notes.String(), "error=invalid_grant") {
		t.Errorf("the log line says too little: %s", notes.String())
	}
}

type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}
