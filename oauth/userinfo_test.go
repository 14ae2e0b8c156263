package oauth_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
)

const deadToken = "The access token is not valid, has expired or was revoked."

func TestConformance_I01_I02_WaysToSendTheToken(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	token := h.signIn(t, "wiki", "scope", "openid email")["access_token"].(string)
	for name, a := range map[string]answer{
		"I1 GET with a header":        h.userinfo(token),
		"the scheme in another case":  h.send(http.MethodGet, "/oauth2/userinfo", "", "Authorization", "bEARER "+token),
		"I2 POST with a header":       h.send(http.MethodPost, "/oauth2/userinfo", "", "Authorization", "Bearer "+token),
		"I2 POST without a form":      h.send(http.MethodPost, "/oauth2/userinfo", "", "Authorization", "Bearer "+token, "Content-Type", ""),
		"I2 POST with a form":         h.send(http.MethodPost, "/oauth2/userinfo", "access_token="+token),
		"V5 headers that say nothing": h.send(http.MethodGet, "/oauth2/userinfo", "", "Authorization", "Bearer "+token, "Accept", "x/y", "x-fapi-interaction-id", "1"),
	} {
		t.Run(name, func(t *testing.T) {
			body := a.json(t)
			if a.status != 200 || a.header.Get("Content-Type") != "application/json" || a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%d %v", a.status, a.header)
			}
			if len(body) != 3 || body["sub"] != anna || body["email"] != "anna@example.org" || body["email_verified"] != true {
				t.Errorf("I10: got %v", body)
			}
		})
	}
}

func TestConformance_I03_TokensThatAreRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	body := h.signIn(t, "wiki", "scope", "openid offline_access")
	token := body["access_token"].(string)
	noOpenID := h.signIn(t, "wiki", "scope", "email")["access_token"].(string)
	realm := `Bearer realm="` + h.issuer + `"`
	dead := realm + `, error="invalid_token", error_description="` + deadToken + `"`
	bearer := func(token string) []string { return []string{"Authorization", "Bearer " + token} }
	for name, c := range map[string]struct {
		path, body  string
		headers     []string
		status      int
		error, text string
		challenge   string
	}{
		"no token":        {"", "", nil, 401, "invalid_request", "An access token is needed: send it as 'Authorization: Bearer ...'.", realm},
		"another scheme":  {"", "", []string{"Authorization", "Basic eDp5"}, 401, "invalid_request", "An access token is needed: send it as 'Authorization: Bearer ...'.", realm},
		"nonsense":        {"", "", bearer("x"), 401, "invalid_token", deadToken, dead},
		"an empty token":  {"", "", bearer(""), 401, "invalid_token", deadToken, dead},
		"a refresh token": {"", "", bearer(body["refresh_token"].(string)), 401, "invalid_token", deadToken, dead},
		"an ID token":     {"", "", bearer(body["id_token"].(string)), 401, "invalid_token", deadToken, dead},
		"no openid": {"", "", bearer(noOpenID), 403, "insufficient_scope", "The access token does not have the scope openid, which this endpoint needs.",
			realm + `, error="insufficient_scope", error_description="The access token does not have the scope openid, which this endpoint needs.", scope="openid"`},
		"V5 in the query": {"?access_token=" + token, "", nil, 400, "invalid_request", "The access token must not be in the query: send it in the Authorization header.", realm + `, error="invalid_request"`},
		"twice":           {"", "access_token=" + token, bearer(token), 400, "invalid_request", "The access token is sent more than once.", realm + `, error="invalid_request"`},
		"twice in a form": {"", "access_token=" + token + "&access_token=x", nil, 400, "invalid_request", "The parameter 'access_token' is given more than once.", realm + `, error="invalid_request"`},
		"a broken form":   {"", "access_token=%zz", nil, 400, "invalid_request", "The parameters are not well-formed: encode them as application/x-www-form-urlencoded.", realm + `, error="invalid_request"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			method := http.MethodGet
			if c.body != "" {
				method = http.MethodPost
			}
			a := h.send(method, "/oauth2/userinfo"+c.path, c.body, c.headers...)
			wantError(t, a, c.status, c.error, c.text)
			if got := a.header.Get("WWW-Authenticate"); !strings.HasPrefix(got, c.challenge) {
				t.Errorf("challenge %s\nwant      %s", got, c.challenge)
			}
		})
	}
}

func TestForgedAccessTokensCostNoRead(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	token := h.signIn(t, "wiki")["access_token"].(string)
	raw, _ := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(token, "cat_"))
	h.grants.reads = 0
	for i := range raw {
		b := slices.Clone(raw)
		b[i] ^= 0x80
		if a := h.userinfo("cat_" + base64.RawURLEncoding.EncodeToString(b)); a.status != 401 {
			t.Fatalf("byte %d changed: %d", i, a.status)
		}
	}
	if a := h.userinfo("cat_" + base64.RawURLEncoding.EncodeToString(append(slices.Clone(raw), 0))); a.status != 401 {
		t.Error("one byte more is accepted")
	}
	if h.grants.reads != 0 {
		t.Errorf("%d reads", h.grants.reads)
	}
	if h.userinfo(token).status != 200 {
		t.Error("the right one is not accepted")
	}
}

func TestAccessTokensDieWith(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		what   func(*house)
		status int
	}{
		"their time":          {func(h *house) { h.move(time.Hour) }, 401},
		"nothing before that": {func(h *house) { h.move(time.Hour - time.Second) }, 200},
		"the person disabled": {func(h *house) { h.people.set(anna, idp.Disabled) }, 401},
		"the person gone":     {func(h *house) { h.people.set(anna, idp.Gone) }, 401},
		"the subject":         {func(h *house) { delete(h.people.all, anna) }, 401},
		"the client disabled": {func(h *house) { h.change("wiki", func(c *idp.Client) { c.Disabled = true }) }, 401},
		"the client":          {func(h *house) { _ = h.store.DeleteClient(t.Context(), "wiki", 0) }, 401},
		"the grant revoked": {func(h *house) {
			_, _ = h.store.RevokeGrants(t.Context(), idp.GrantFilter{ClientID: "wiki"}, "x", h.now())
		}, 401},
		"a missing claim":      {func(h *house) { h.change("wiki", requires("cost_centre")) }, 401},
		"an outage is no end":  {func(h *house) { h.people.down = idp.ErrUnavailable }, 503},
		"an outage, the store": {func(h *house) { h.grants.fail = idp.ErrUnavailable }, 503},
		"a fault of ours":      {func(h *house) { h.people.down = errors.New("internals") }, 500},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.client("wiki", nil)
			token := h.signIn(t, "wiki")["access_token"]
			c.what(h)
			a := h.userinfo(token)
			if a.status != c.status || strings.Contains(a.body, "internals") {
				t.Errorf("got %d %s", a.status, a.body)
			}
			if has := a.header.Get("WWW-Authenticate") != ""; has != (c.status == 401) {
				t.Errorf("WWW-Authenticate: %q", a.header.Get("WWW-Authenticate"))
			}
		})
	}
}

func TestConformance_I04_ClaimsByScope(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	info := h.userinfo(h.signIn(t, "wiki", "scope", "openid profile groups")["access_token"]).json(t)
	if info["given_name"] != "Anna" || info["name"] != "Anna Arendt" || info["preferred_username"] != "anna" || info["groups"] == nil {
		t.Errorf("got %v", info)
	}
	if info["email"] != nil {
		t.Error("a claim of a scope that was not granted")
	}
}
