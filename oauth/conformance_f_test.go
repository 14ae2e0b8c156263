package oauth_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
)

func TestConformance_F03_F04_TheAnswer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", func(c *idp.Client) { c.AccessTokenTTL = 120 })
	a := h.token("wiki", exchangeForm(h.code(t, "wiki"), "unknown", "F11"))
	body := a.json(t)
	if a.status != 200 || a.header.Get("Content-Type") != "application/json" || a.header.Get("Cache-Control") != "no-store" || a.header.Get("Pragma") != "no-cache" {
		t.Errorf("%d %v", a.status, a.header)
	}
	if body["token_type"] != "Bearer" || body["expires_in"] != 120.0 || body["scope"] != "openid" || body["refresh_token"] != nil {
		t.Errorf("got %v", body)
	}
}

func TestConformance_F05_F06_ACodeUsedAgainEndsEverything(t *testing.T) {
	t.Parallel()
	for _, wait := range []time.Duration{0, 30 * time.Second, 10 * time.Minute} {
		t.Run("after "+wait.String(), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.client("wiki", nil)
			h.client("other", nil)
			code := h.code(t, "wiki", "scope", "openid offline_access")
			first := h.token("wiki", exchangeForm(code)).json(t)
			h.move(wait)
			// A stranger who has seen the code cannot end the grant with it.
			h.token("other", exchangeForm(code))
			if a := h.userinfo(first["access_token"]); a.status != 200 {
				t.Fatalf("another client ended the grant: %s", a.body)
			}
			wantError(t, h.token("wiki", exchangeForm(code)), 400, "invalid_grant", "The authorization code has already been used.")
			wantError(t, h.token("wiki", exchangeForm(code)), 400, "invalid_grant", "The authorization code has already been used.")
			if a := h.userinfo(first["access_token"]); a.status != 401 {
				t.Errorf("the access token lives on: %d", a.status)
			}
			wantError(t, h.refresh("wiki", first["refresh_token"].(string)), 400, "invalid_grant", "The authorization has been revoked. The person must sign in again.")
			if n := strings.Count(strings.Join(h.events.names(), " "), idp.EventCodeReused); n != 1 {
				t.Errorf("%d Events %s", n, idp.EventCodeReused)
			}
		})
	}
}

func TestConformance_F01_ClientAuthenticationAsRegistered(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("basic", nil)
	h.client("post", func(c *idp.Client) { c.TokenEndpointAuthMethod = "client_secret_post" })
	h.client("spa", public)
	for _, c := range []struct {
		id   string
		more []string
		ok   bool
	}{
		{"basic", nil, true}, {"basic", []string{"client_id", "basic", "client_secret", secretOf("basic")}, false}, {"basic", []string{"client_id", "basic"}, false},
		{"post", []string{"client_id", "post", "client_secret", secretOf("post")}, true}, {"post", nil, false}, {"post", []string{"client_id", "post"}, false},
		{"spa", []string{"client_id", "spa"}, true}, {"spa", []string{"client_id", "spa", "client_secret", "x"}, false},
	} {
		a := h.token(c.id, exchangeForm(h.code(t, c.id), c.more...))
		if (a.status == 200) != c.ok || !c.ok && (a.status != 401 || a.json(t)["error"] != "invalid_client") {
			t.Errorf("%s with %v: %d %s", c.id, c.more, a.status, a.body)
		}
	}
}

func TestConformance_F02_BasicIsFormEncoded(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	const id, secret = "a b", "s:%+ /=?\u00e9"
	h.client(id, func(c *idp.Client) { c.Secrets = []idp.ClientSecret{{Hash: "s256:" + idp.HashSecret(secret)}} })
	encoded := base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id) + ":" + url.QueryEscape(secret)))
	a := h.send(http.MethodPost, "/oauth2/token", exchangeForm(h.code(t, id)).Encode(), "Authorization", "Basic "+encoded)
	if a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestConformance_F07_CodesOfAnotherClient(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	h.client("other", nil)
	code := h.code(t, "wiki")
	wantError(t, h.token("other", exchangeForm(code)), 400, "invalid_grant", "The code is not one that was issued to this client.")
	if a := h.token("wiki", exchangeForm(code)); a.status != 200 || h.userinfo(a.json(t)["access_token"]).status != 200 {
		t.Errorf("the stranger used it up: %s", a.body)
	}
}

func TestConformance_F08_ErrorsOfTheTokenEndpoint(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	wrong := h.send(http.MethodPost, "/oauth2/token", exchangeForm("x").Encode(), "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("wiki:wrong")))
	if wrong.status != 401 || !strings.HasPrefix(wrong.header.Get("WWW-Authenticate"), "Basic ") || wrong.json(t)["error"] != "invalid_client" {
		t.Errorf("%d %v %s", wrong.status, wrong.header, wrong.body)
	}
	for name, form := range map[string]url.Values{
		"invalid_request": exchangeForm("-", "code", "-"), "invalid_grant": exchangeForm("x"), "unsupported_grant_type": exchangeForm("x", "grant_type", "x"),
		"unauthorized_client": {"grant_type": {"client_credentials"}},
	} {
		a := h.token("wiki", form)
		if a.status != 400 || a.json(t)["error"] != name || a.header.Get("Content-Type") != "application/json" || a.header.Get("WWW-Authenticate") != "" {
			t.Errorf("%s: %d %v %s", name, a.status, a.header, a.body)
		}
	}
}

func TestConformance_F10_TheVerifierIsWrongOrMissing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	code := h.code(t, "wiki")
	for _, verifier := range []string{"-", strings.Repeat("x", 43), challengeOf(verifier), strings.Repeat("x", 200)} {
		if a := h.token("wiki", exchangeForm(code, "code_verifier", verifier)); a.status != 400 || a.json(t)["error"] != "invalid_grant" {
			t.Errorf("%q: %d %s", verifier, a.status, a.body)
		}
	}
	if a := h.token("wiki", exchangeForm(code)); a.status != 200 {
		t.Errorf("the right one: %s", a.body)
	}
}

func TestConformance_F11_UnknownParametersAreIgnored(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	if a := h.token("wiki", exchangeForm(h.code(t, "wiki"), "extra", "foobar", "audience", "x")); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestConformance_F12_ImplicitClientsNeedNoTokenEndpoint(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", func(c *idp.Client) {
		legacy(c)
		c.GrantTypes, c.ResponseTypes = []string{"implicit"}, []string{"id_token", "id_token token"}
	})
	if got := h.authorize(front("id_token")).params(t); claimsOf(t, got.Get("id_token"))["sub"] != anna {
		t.Errorf("got %v", got)
	}
	if a := h.token("wiki", exchangeForm("x")); a.status == 200 || a.status >= 500 {
		t.Errorf("%d %s", a.status, a.body)
	}
}
