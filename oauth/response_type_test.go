package oauth_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
)

// legacy is a client that may get tokens in the front channel.
func legacy(c *idp.Client) {
	c.AllowImplicit, c.RequirePKCE = true, new(bool)
}

// front is the usual request for a response type.
func front(responseType string, more ...string) url.Values {
	return with(request("wiki", "response_type", responseType, "code_challenge", "-", "code_challenge_method", "-"), more...)
}

func halfSHA256(value string) string {
	sum := sha256.Sum256([]byte(value))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

func frontTypes() []string {
	return []string{"token", "id_token", "id_token token", "code token", "code id_token", "code id_token token"}
}

// Each response type gives what it names, in the fragment, with one row written.
func TestResponseTypes(t *testing.T) {
	t.Parallel()
	for _, asked := range append(frontTypes(), "token id_token", "token code id_token") {
		t.Run(asked, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.client("wiki", legacy)
			got := h.authorize(front(asked)).params(t)
			words := strings.Fields(asked)
			for _, name := range []string{"code", "id_token"} {
				if got.Has(name) != slices.Contains(words, name) {
					t.Errorf("%s: got %v", name, got)
				}
			}
			for _, name := range []string{"access_token", "token_type", "expires_in", "scope"} {
				if got.Has(name) != slices.Contains(words, "token") {
					t.Errorf("%s: got %v", name, got)
				}
			}
			if got.Get("state") != "a state with 20 chars" || got.Get("iss") != h.issuer || got.Has("refresh_token") {
				t.Errorf("got %v", got)
			}
			if n := h.counted(idp.EventGrantCreated); n != 1 {
				t.Errorf("%d grants", n)
			}
			if got.Has("access_token") && h.userinfo(got.Get("access_token")).json(t)["sub"] != anna {
				t.Error("userinfo does not know the access token")
			}
			if got.Has("code") {
				if a := h.token("wiki", with(exchangeForm(got.Get("code")), "code_verifier", "-")); a.status != 200 || claimsOf(t, a.json(t)["id_token"])["sub"] != anna {
					t.Errorf("exchange: %s", a.body)
				}
			}
		})
	}
}

// none asks for nothing but the sign-in (Multiple Response Types §4).
func TestResponseTypeNone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", func(c *idp.Client) { c.ResponseTypes = []string{"code", "none"} })
	a := h.authorize(front("none"))
	if got := a.params(t); len(got) != 2 || got.Get("state") == "" || got.Get("iss") != h.issuer || !strings.Contains(a.header.Get("Location"), "?") {
		t.Errorf("got %q", a.header.Get("Location"))
	}
	if n := h.counted(idp.EventGrantCreated); n != 0 {
		t.Errorf("%d grants for nothing", n)
	}
	h.people.set(anna, idp.Disabled)
	if got := h.authorize(front("none")).params(t).Get("error"); got != "access_denied" {
		t.Errorf("a disabled person: %q", got)
	}
}

func TestResponseTypesThatAreRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	h.client("some", func(c *idp.Client) { legacy(c); c.ResponseTypes = []string{"code", "id_token"} })
	h.client("front", func(c *idp.Client) {
		legacy(c)
		c.GrantTypes, c.ResponseTypes = []string{"implicit"}, []string{"id_token token"}
	})
	h.client("moved", nil)
	h.change("moved", func(c *idp.Client) { c.GrantTypes = []string{"client_credentials"} })
	const off = "This client may not get tokens in the front channel: use response_type=code. An administrator can turn on allow_implicit for it, which is legacy (RFC 9700 section 2.1.2)."
	for name, c := range map[string]struct {
		form       url.Values
		in         string // ? or #
		code, text string
	}{
		"the switch is off":           {front("id_token token"), "#", "unauthorized_client", off},
		"the switch is off, hybrid":   {front("code id_token"), "#", "unauthorized_client", off},
		"the switch is off, query":    {front("token", "response_mode", "query"), "#", "invalid_request", "The response_mode query must not carry tokens: use fragment or form_post."},
		"not registered":              {front("token", "client_id", "some"), "#", "unauthorized_client", "This client is not registered for the response_type token: an administrator can add it to the client's response_types."},
		"none is not registered":      {front("none"), "?", "unauthorized_client", "This client is not registered for the response_type none: an administrator can add it to the client's response_types."},
		"codes of an implicit client": {front("code", "client_id", "front"), "?", "unauthorized_client", "This client is not registered for the response_type code: an administrator can add it to the client's response_types."},
		"the grant type was taken":    {front("code", "client_id", "moved"), "?", "unauthorized_client", "This client is not registered for the grant type authorization_code, which the response_type needs."},
		"no such type":                {front("device"), "?", "unsupported_response_type", "The response_type is not supported: use response_type=code."},
		"a word twice":                {front("token token"), "#", "unsupported_response_type", "The response_type is not supported: use response_type=code."},
		"none with another":           {front("none code"), "?", "unsupported_response_type", "The response_type is not supported: use response_type=code."},
		"an ID token without openid":  {front("id_token", "client_id", "some", "scope", "profile"), "#", "invalid_scope", "The response_type asks for an ID token, which needs the scope openid."},
		"no nonce":                    {front("id_token", "client_id", "some", "nonce", "-"), "#", "invalid_request", "The parameter nonce is missing: it must be there when the response_type asks for an id_token."},
		"a public client, switch off": {front("id_token", "client_id", "wiki", "prompt", "none"), "#", "unauthorized_client", off},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := h.authorize(c.form)
			want := url.Values{"error": {c.code}, "error_description": {c.text}, "state": {"a state with 20 chars"}, "iss": {h.issuer}}
			if got := a.params(t); got.Encode() != want.Encode() {
				t.Errorf("got  %v\nwant %v", got, want)
			}
			if !strings.HasPrefix(a.header.Get("Location"), callback+c.in) {
				t.Errorf("sent to %q", a.header.Get("Location"))
			}
		})
	}
}

// Attack: an access token out of a browser's history. Decision: it lives for minutes, has no
// refresh token, and dies with its grant.
func TestFrontChannelTokensAreShortLived(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", func(c *idp.Client) { legacy(c); c.AccessTokenTTL = 7200 })
	h.client("brief", func(c *idp.Client) { legacy(c); c.AccessTokenTTL = 60 })
	got := h.authorize(front("code token", "scope", "openid offline_access")).params(t)
	if got.Get("expires_in") != "900" {
		t.Errorf("expires_in %s", got.Get("expires_in"))
	}
	if brief := h.authorize(front("token", "client_id", "brief")).params(t); brief.Get("expires_in") != "60" {
		t.Errorf("a client's own shorter life: %s", brief.Get("expires_in"))
	}
	back := h.token("wiki", with(exchangeForm(got.Get("code")), "code_verifier", "-")).json(t)
	if back["expires_in"] != float64(7200) || back["refresh_token"] == nil {
		t.Errorf("the token endpoint: %v", back)
	}
	h.move(15*time.Minute - time.Second)
	if a := h.userinfo(got.Get("access_token")); a.status != 200 {
		t.Errorf("too early: %s", a.body)
	}
	h.move(time.Second)
	if h.userinfo(got.Get("access_token")).status != 401 || h.userinfo(back["access_token"]).status != 200 {
		t.Error("the front channel's token did not die, or the other one did")
	}
}

func TestNoOfflineAccessFromTheFrontChannel(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", func(c *idp.Client) { legacy(c); c.FirstParty = false })
	h.authorize(front("id_token token", "scope", "openid offline_access"))
	if got := h.login.asked.Scopes; !slices.Equal(got, []string{"openid"}) {
		t.Errorf("people are asked for %v", got)
	}
	h.authorize(front("code id_token", "scope", "openid offline_access"))
	if got := h.login.asked.Scopes; !slices.Equal(got, []string{"openid", "offline_access"}) {
		t.Errorf("with a code, people are asked for %v", got)
	}
}

func TestFrontChannelTokensDieWith(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*house, url.Values){
		"the switch":         func(h *house, _ url.Values) { h.change("wiki", func(c *idp.Client) { c.AllowImplicit = false }) },
		"the person":         func(h *house, _ url.Values) { h.people.set(anna, idp.Disabled) },
		"the client":         func(h *house, _ url.Values) { h.change("wiki", func(c *idp.Client) { c.Disabled = true }) },
		"a revocation":       func(h *house, got url.Values) { h.revoke("wiki", got.Get("access_token")) },
		"the grant's person": func(h *house, _ url.Values) { h.people.set(anna, idp.Gone) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.client("wiki", legacy)
			got := h.authorize(front("id_token token")).params(t)
			if h.userinfo(got.Get("access_token")).status != 200 {
				t.Fatal("not alive to begin with")
			}
			end(h, got)
			if a := h.userinfo(got.Get("access_token")); a.status != 401 {
				t.Errorf("still alive: %s", a.body)
			}
		})
	}
}

// A code that is used twice ends the token that came beside it too.
func TestACodeUsedAgainEndsItsFrontChannelToken(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", legacy)
	got := h.authorize(front("code token")).params(t)
	form := with(exchangeForm(got.Get("code")), "code_verifier", "-")
	if a := h.token("wiki", form); a.status != 200 {
		t.Fatal(a.body)
	}
	wantError(t, h.token("wiki", form), 400, "invalid_grant", "The authorization code has already been used.")
	if h.userinfo(got.Get("access_token")).status != 401 {
		t.Error("the front channel's token lives on")
	}
}

// The switch is looked at again when the person comes back.
func TestTheSwitchIsTurnedOffDuringTheSignIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", legacy)
	h.login.visit = true
	a := h.authorize(front("id_token"))
	h.change("wiki", func(c *idp.Client) { c.AllowImplicit = false })
	a = h.send(http.MethodGet, strings.Replace(a.header.Get("Location"), "/login", "/oauth2/authorize/continue", 1), "")
	if got := a.params(t); got.Get("error") != "unauthorized_client" || got.Has("id_token") {
		t.Errorf("got %v", got)
	}
}

// A code of the hybrid flow is bound to PKCE like every other.
func TestTrap_PKCEOfHybridCodes(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", func(c *idp.Client) { c.AllowImplicit = true })
	if got := h.authorize(front("code id_token")).params(t).Get("error"); got != "invalid_request" {
		t.Errorf("without a challenge: %q", got)
	}
	got := h.authorize(request("wiki", "response_type", "code id_token")).params(t)
	if a := h.token("wiki", with(exchangeForm(got.Get("code")), "code_verifier", "-")); a.json(t)["error"] != "invalid_grant" {
		t.Errorf("without the verifier: %s", a.body)
	}
	if a := h.token("wiki", exchangeForm(got.Get("code"))); a.status != 200 {
		t.Errorf("with it: %s", a.body)
	}
}
