package oauth_test

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
)

func TestConformance_G01_WhoGetsARefreshToken(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	h.client("online", func(c *idp.Client) { c.GrantTypes = nil; c.Scope = "openid offline_access" })
	if body := h.signIn(t, "wiki"); body["refresh_token"] != nil {
		t.Error("without offline_access")
	}
	if body := h.signIn(t, "online", "scope", "openid offline_access"); body["refresh_token"] != nil || body["scope"] != "openid" {
		t.Errorf("G8: without the grant type: %v", body)
	}
	refresh, _ := h.offline(t)
	if strings.ContainsFunc(refresh, func(r rune) bool { return r <= ' ' || r > '~' }) {
		t.Errorf("characters outside RFC 6749 A.17: %q", refresh)
	}
	wantError(t, h.refresh("online", refresh), 400, "unauthorized_client", "The OAuth 2.0 Client is not allowed to use authorization grant 'refresh_token'.")
}

func TestConformance_G03_G04_Refresh(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	refresh, first := h.offline(t)
	h.move(2 * time.Hour)
	if a := h.userinfo(first["access_token"]); a.status != 401 {
		t.Error("the access token has not expired")
	}
	a := h.refresh("wiki", refresh)
	body := a.json(t)
	if a.status != 200 || a.header.Get("Cache-Control") != "no-store" || body["scope"] != "openid email offline_access" {
		t.Fatalf("got %d %v", a.status, body)
	}
	if body["refresh_token"] == refresh || h.userinfo(body["access_token"]).status != 200 {
		t.Error("no rotation, or the new access token does not work")
	}
	was, is := claimsOf(t, first["id_token"]), claimsOf(t, body["id_token"])
	for _, name := range []string{"iss", "sub", "aud", "auth_time", "sid"} {
		if was[name] != is[name] {
			t.Errorf("%s changed from %v to %v", name, was[name], is[name])
		}
	}
	if is["iat"] != float64(h.now().Unix()) || is["nonce"] != nil || is["at_hash"] != atHash(body["access_token"].(string)) {
		t.Errorf("got %v", is)
	}
}

// A lost answer: the previous token gets the same successor, as often as it likes.
func TestConformance_G06_GraceIsIdempotent(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	refresh, _ := h.offline(t)
	second := h.refresh("wiki", refresh).json(t)["refresh_token"].(string)
	h.move(59 * time.Second)
	for range 3 {
		again := h.refresh("wiki", refresh).json(t)
		if again["refresh_token"] != second || h.userinfo(again["access_token"]).status != 200 {
			t.Fatalf("got %v, want the successor again", again)
		}
	}
	third := h.refresh("wiki", second).json(t)["refresh_token"].(string)
	if third == second || slices.Contains(h.events.names(), idp.EventRefreshReused) {
		t.Error("the family did not go on")
	}
}

func TestConformance_G05_RefreshTokensThatAreNotOurs(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	h.client("other", nil)
	refresh, body := h.offline(t)
	wantError(t, h.refresh("other", refresh), 400, "invalid_grant", notYourRefresh)
	raw, _ := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(refresh, "crt_"))
	encode := func(b []byte) string { return "crt_" + base64.RawURLEncoding.EncodeToString(b) }
	flip := func(i int) string { b := slices.Clone(raw); b[i] ^= 1; return encode(b) }
	h.grants.reads = 0
	for name, wrong := range map[string]string{
		"nonsense":              "x",
		"an access token":       body["access_token"].(string),
		"its body renamed":      "crt_" + strings.TrimPrefix(body["access_token"].(string), "cat_"),
		"another version":       flip(0),
		"another grant":         flip(5),
		"another number":        flip(24),
		"another MAC":           flip(30),
		"a shortened MAC":       encode(raw[:len(raw)-16]),
		"one byte more":         encode(append(slices.Clone(raw), 0)),
		"padding":               refresh + "=",
		"a line break":          refresh[:9] + "\n" + refresh[9:],
		"other trailing bits":   refresh + "A",
		"very long":             "crt_" + strings.Repeat("A", 9999),
		"one that is not there": "crt_",
	} {
		t.Run(name, func(t *testing.T) {
			wantError(t, h.refresh("wiki", wrong), 400, "invalid_grant", notYourRefresh)
		})
	}
	if h.grants.reads != 0 {
		t.Errorf("forged tokens cost %d reads", h.grants.reads)
	}
	if a := h.refresh("wiki", refresh); a.status != 200 {
		t.Errorf("the right one stopped working: %s", a.body)
	}
}

func TestConformance_G02_DiscoveryListsRefresh(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	doc := h.send(http.MethodGet, "/.well-known/openid-configuration", "").json(t)
	for _, grant := range []string{"authorization_code", "implicit", "refresh_token", "password", "client_credentials", idp.GrantDevice} {
		if !slices.Contains(doc["grant_types_supported"].([]any), any(grant)) {
			t.Errorf("%s is missing", grant)
		}
	}
	for _, asked := range append(frontTypes(), "code", "none") {
		if !slices.Contains(doc["response_types_supported"].([]any), any(asked)) {
			t.Errorf("A10: %s is missing", asked)
		}
	}
}

func TestConformance_G08_OnlyClientsWithTheGrantGetOne(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	h.client("brief", func(c *idp.Client) { c.GrantTypes, c.Scope = []string{"authorization_code"}, "openid offline_access" })
	if body := h.signIn(t, "wiki", "scope", "openid offline_access"); body["refresh_token"] == nil {
		t.Errorf("got %v", body)
	}
	if body := h.signIn(t, "brief", "scope", "openid offline_access"); body["refresh_token"] != nil {
		t.Errorf("got %v", body)
	}
}
