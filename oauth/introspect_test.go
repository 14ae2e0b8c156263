package oauth_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
)

const dead = `{"active":false}`

func (h *house) introspect(clientID string, token any, more ...string) answer {
	form := with(url.Values{"token": {token.(string)}}, more...)
	return h.send(http.MethodPost, "/oauth2/introspect", form.Encode(), basic(clientID)...)
}

func resourceServer(c *idp.Client) {
	c.GrantTypes, c.RedirectURIs, c.IntrospectAll = []string{"client_credentials"}, nil, true
}

// The endpoints that programs post to, and what they say to requests that are not for
// them.
func TestPostsThatAreMalformed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	for _, endpoint := range []struct{ path, name string }{{"/oauth2/introspect", "introspection"}, {"/oauth2/revoke", "revocation"}} {
		for name, c := range map[string]struct {
			method, query, body, kind string
			status                    int
			text                      string
		}{
			"GET":                 {method: "GET", status: 405, text: "The " + endpoint.name + " endpoint answers POST only."},
			"DELETE":              {method: "DELETE", status: 405, text: "The " + endpoint.name + " endpoint answers POST only."},
			"token in the query":  {query: "?token=x", body: "token=x", status: 400, text: "The " + endpoint.name + " endpoint takes its parameters from the body, not from the query."},
			"no token":            {body: "token_type_hint=access_token", status: 400, text: "The parameter token is missing."},
			"an empty token":      {body: "token=", status: 400, text: "The parameter token is missing."},
			"an empty body":       {body: "", status: 400, text: "The parameter token is missing."},
			"token twice":         {body: "token=x&token=y", status: 400, text: "The parameter 'token' is given more than once."},
			"multipart":           {body: "--x--", kind: "multipart/form-data; boundary=x", status: 400, text: "The body must be application/x-www-form-urlencoded."},
			"JSON":                {body: `{"token":"x"}`, kind: "application/json", status: 400, text: "The body must be application/x-www-form-urlencoded."},
			"a large body":        {body: "token=" + strings.Repeat("x", 65<<10), status: 413, text: "The parameters are larger than 64 KiB."},
			"a broken escape":     {body: "token=%zz", status: 400, text: "The parameters are not well-formed: encode them as application/x-www-form-urlencoded."},
			"bytes that are none": {body: "token=%ff", status: 400, text: "A parameter is not text in UTF-8."},
			"two methods":         {body: "token=x&client_secret=y", status: 400, text: "The client authenticates in more than one way: use exactly one."},
		} {
			t.Run(endpoint.name+" "+name, func(t *testing.T) {
				t.Parallel()
				headers := basic("wiki")
				if c.kind != "" {
					headers = append(headers, "Content-Type", c.kind)
				}
				if c.method == "" {
					c.method = http.MethodPost
				}
				a := h.send(c.method, endpoint.path+c.query, c.body, headers...)
				wantError(t, a, c.status, "invalid_request", c.text)
				if c.status == 405 && a.header.Get("Allow") != "POST" {
					t.Error("405 without Allow")
				}
			})
		}
	}
}

func TestWhoMayIntrospect(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	h.client("post", func(c *idp.Client) { c.TokenEndpointAuthMethod = "client_secret_post" })
	h.client("spa", public)
	h.client("off", func(c *idp.Client) { c.Disabled = true })
	token := h.signIn(t, "wiki")["access_token"].(string)
	for name, c := range map[string]struct {
		header string
		more   []string
		text   string
	}{
		"nobody":              {"", nil, "The client did not authenticate: send its client_id and secret by the method that is registered for it."},
		"a wrong secret":      {"Basic " + base64.StdEncoding.EncodeToString([]byte("wiki:x")), nil, notAuthenticated},
		"another method":      {"", []string{"client_id", "wiki", "client_secret", secretOf("wiki")}, notAuthenticated},
		"a token as bearer":   {"Bearer " + token, nil, "The Authorization header is not well-formed: clients authenticate by the scheme Basic."},
		"a public client":     {"", []string{"client_id", "spa"}, "This client is public: only a client that authenticates may ask about tokens."},
		"an unknown client":   {"", []string{"client_id", "nobody"}, notAuthenticated},
		"a switched-off one":  {basic("off")[1], nil, "This application has been switched off by an administrator."},
		"public, and a token": {"", []string{"client_id", "spa", "client_secret", token}, "This client is public: it sends its client_id in the body, and no secret."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var headers []string
			if c.header != "" {
				headers = []string{"Authorization", c.header}
			}
			a := h.send(http.MethodPost, "/oauth2/introspect", with(url.Values{"token": {token}}, c.more...).Encode(), headers...)
			wantError(t, a, 401, "invalid_client", c.text)
			wantChallenge(t, a, c.header != "")
		})
	}
	a := h.send(http.MethodPost, "/oauth2/introspect", url.Values{"token": {token}, "client_id": {"post"}, "client_secret": {secretOf("post")}}.Encode())
	if a.status != 200 || a.body != dead {
		t.Errorf("client_secret_post: %d %s", a.status, a.body)
	}
}

func TestIntrospectionOfLiveTokens(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", func(c *idp.Client) { c.AccessTokenTTL, c.RefreshTokenTTL = 600, 7200 })
	h.client("api", resourceServer)
	now := float64(h.now().Unix())
	refresh, body := h.offline(t)
	profile := h.signIn(t, "wiki", "scope", "openid profile")["access_token"]
	access := map[string]any{
		"active": true, "scope": "openid email offline_access", "client_id": "wiki", "token_type": "Bearer",
		"exp": now + 600, "iat": now, "sub": anna, "aud": h.issuer, "iss": h.issuer, "sid": "sid-1",
	}
	but := func(m map[string]any, name string, value any) map[string]any {
		out := map[string]any{name: value}
		for k, v := range m {
			if k != name {
				out[k] = v
			}
		}
		return out
	}
	for name, c := range map[string]struct {
		caller string
		token  any
		more   []string
		want   map[string]any
	}{
		"its own access token":                 {"wiki", body["access_token"], nil, access},
		"with the right hint":                  {"wiki", body["access_token"], []string{"token_type_hint", "access_token"}, access},
		"with the wrong hint":                  {"wiki", body["access_token"], []string{"token_type_hint", "refresh_token"}, access},
		"with an unknown hint":                 {"wiki", body["access_token"], []string{"token_type_hint", "x", "extra", "y"}, access},
		"the login name to a resource server":  {"api", body["access_token"], nil, but(access, "username", "anna")},
		"the login name with the scope":        {"wiki", profile, nil, but(but(access, "username", "anna"), "scope", "openid profile")},
		"its own refresh token, with its time": {"wiki", refresh, nil, map[string]any{"active": true, "scope": "openid email offline_access", "client_id": "wiki", "exp": now + 7200, "sub": anna, "aud": h.issuer, "iss": h.issuer, "sid": "sid-1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := h.introspect(c.caller, c.token, c.more...)
			if a.status != 200 || a.header.Get("Cache-Control") != "no-store" || a.header.Get("Content-Type") != "application/json" {
				t.Fatalf("%d %v", a.status, a.header)
			}
			got, _ := json.Marshal(a.json(t))
			if want, _ := json.Marshal(c.want); string(got) != string(want) {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestIntrospectionOfANarrowedToken(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	refresh, _ := h.offline(t)
	narrow := h.refresh("wiki", refresh, "scope", "email").json(t)["access_token"]
	if got := h.introspect("wiki", narrow).json(t)["scope"]; got != "email" {
		t.Errorf("got %v", got)
	}
	h.change("wiki", func(c *idp.Client) { c.Scope = "openid" })
	if got := h.introspect("wiki", narrow).json(t); got["active"] != true || got["scope"] != nil {
		t.Errorf("a scope that was taken from the client: %v", got)
	}
}

// Every reason looks the same, to the byte.
func TestIntrospectionOfDeadTokens(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		caller string
		what   func(h *house, access, refresh string) (token string)
	}{
		"nonsense":                   {"wiki", func(*house, string, string) string { return "x" }},
		"an access token, cut":       {"wiki", func(_ *house, a, _ string) string { return a[:len(a)-4] }},
		"a refresh token, cut":       {"wiki", func(_ *house, _, r string) string { return r[:len(r)-4] }},
		"an ID token":                {"wiki", func(h *house, _, _ string) string { return h.signIn(h, "wiki")["id_token"].(string) }},
		"a code":                     {"wiki", func(h *house, _, _ string) string { return h.code(h, "wiki") }},
		"a secret":                   {"wiki", func(*house, string, string) string { return secretOf("wiki") }},
		"another client's":           {"other", func(_ *house, a, _ string) string { return a }},
		"another client's refresh":   {"other", func(_ *house, _, r string) string { return r }},
		"a refresh token, to an API": {"api", func(_ *house, _, r string) string { return r }},
		"an expired access token":    {"wiki", func(h *house, a, _ string) string { h.move(time.Hour); return a }},
		"an expired refresh token":   {"wiki", func(h *house, _, r string) string { h.move(30 * 24 * time.Hour); return r }},
		"a spent refresh token":      {"wiki", func(h *house, _, r string) string { h.refresh("wiki", r); h.move(time.Minute); return r }},
		"one older than the previous": {"wiki", func(h *house, _, r string) string {
			h.refresh("wiki", h.refresh("wiki", r).json(h)["refresh_token"].(string))
			return r
		}},
		"a revoked grant": {"wiki", func(h *house, a, _ string) string {
			_, _ = h.store.RevokeGrants(h.Context(), idp.GrantFilter{Subject: anna}, "x", h.now())
			return a
		}},
		"a revoked grant, refresh": {"wiki", func(h *house, _, r string) string {
			_, _ = h.store.RevokeGrants(h.Context(), idp.GrantFilter{Subject: anna}, "x", h.now())
			return r
		}},
		"a disabled person": {"wiki", func(h *house, a, _ string) string { h.people.set(anna, idp.Disabled); return a }},
		"a locked person":   {"wiki", func(h *house, a, _ string) string { h.people.set(anna, idp.Locked); return a }},
		"somebody who left": {"wiki", func(h *house, _, r string) string { h.people.set(anna, idp.Gone); return r }},
		"nobody":            {"api", func(h *house, a, _ string) string { delete(h.people.all, anna); return a }},
		"a consent taken back": {"wiki", func(h *house, a, _ string) string {
			h.change("wiki", func(c *idp.Client) { c.FirstParty = false })
			return a
		}},
		"a missing claim": {"wiki", func(h *house, a, _ string) string { h.change("wiki", requires("cost_centre")); return a }},
		"a disabled client": {"api", func(h *house, a, _ string) string {
			h.change("wiki", func(c *idp.Client) { c.Disabled = true })
			return a
		}},
		"a deleted client": {"api", func(h *house, a, _ string) string { _ = h.store.DeleteClient(h.Context(), "wiki", 0); return a }},
		"refresh without the grant type": {"wiki", func(h *house, _, r string) string {
			h.change("wiki", func(c *idp.Client) { c.GrantTypes = []string{"authorization_code"} })
			return r
		}},
		"a right that was taken away": {"api", func(h *house, a, _ string) string {
			h.change("api", func(c *idp.Client) { c.IntrospectAll = false })
			return a
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.client("wiki", nil)
			h.client("other", nil)
			h.client("api", resourceServer)
			refresh, body := h.offline(t)
			a := h.introspect(c.caller, c.what(h, body["access_token"].(string), refresh))
			if a.status != 200 || a.body != dead {
				t.Errorf("got %d %s", a.status, a.body)
			}
		})
	}
}

func TestIntrospectionInTheGraceWindow(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	refresh, _ := h.offline(t)
	h.refresh("wiki", refresh)
	if got := h.introspect("wiki", refresh).json(t); got["active"] != true || got["exp"] != float64(h.now().Add(time.Minute).Unix()) {
		t.Errorf("got %v", got)
	}
}

func TestIntrospectionWhileSomethingIsDown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		what   func(*house)
		status int
		error  string
		text   string
	}{
		"the directory": {func(h *house) { h.people.down = idp.ErrUnavailable }, 503, "temporarily_unavailable", "A service that is needed for this does not answer. Nothing was used up: please try again in a moment."},
		"the store":     {func(h *house) { h.grants.fail = idp.ErrUnavailable }, 503, "temporarily_unavailable", "A service that is needed for this does not answer. Nothing was used up: please try again in a moment."},
		"we":            {func(h *house) { h.people.down = errors.New("internals") }, 500, "server_error", "Something went wrong on our side."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.client("wiki", nil)
			token := h.signIn(t, "wiki")["access_token"]
			c.what(h)
			wantError(t, h.introspect("wiki", token), c.status, c.error, c.text)
		})
	}
}

func TestForgedTokensCostIntrospectionNoRead(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	refresh, body := h.offline(t)
	h.grants.reads = 0
	for _, token := range []string{refresh + "A", refresh[:len(refresh)-4], body["access_token"].(string) + "AAAA", "crt_", "cat_", "x"} {
		h.introspect("wiki", token)
	}
	if h.grants.reads != 0 {
		t.Errorf("%d reads", h.grants.reads)
	}
}

// RFC 9701: the answer as a JWT that no other door takes.
func TestSignedIntrospection(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	h.client("api", resourceServer)
	token := h.signIn(t, "wiki")["access_token"]
	for name, want := range map[string]string{"x": dead, token.(string): h.introspect("api", token).body} {
		headers := append(basic("api"), "Accept", "text/html;q=0.1, application/token-introspection+jwt")
		a := h.send(http.MethodPost, "/oauth2/introspect", "token="+name, headers...)
		if a.status != 200 || a.header.Get("Content-Type") != "application/token-introspection+jwt" || a.header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%d %v", a.status, a.header)
		}
		claims := claimsOf(t, a.body)
		var wanted map[string]any
		_ = json.Unmarshal([]byte(want), &wanted)
		got, _ := json.Marshal(claims["token_introspection"])
		if again, _ := json.Marshal(wanted); string(got) != string(again) {
			t.Errorf("got %s", got)
		}
		if claims["iss"] != h.issuer || claims["aud"] != "api" || claims["iat"] != float64(h.now().Unix()) || len(claims) != 4 {
			t.Errorf("got %v", claims)
		}
		header, _ := base64.RawURLEncoding.DecodeString(strings.Split(a.body, ".")[0])
		if !strings.Contains(string(header), `"typ":"token-introspection+jwt"`) || !strings.Contains(string(header), `"alg":"RS256"`) {
			t.Errorf("header %s", header)
		}
		if _, err := h.ring.VerifyJWT(a.body, "JWT"); err == nil {
			t.Error("it passes for an ID token")
		}
	}
}
