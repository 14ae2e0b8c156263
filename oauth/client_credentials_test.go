package oauth_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
)

func machine(c *idp.Client) {
	c.GrantTypes, c.RedirectURIs, c.Scope = []string{"client_credentials"}, nil, "jobs:read jobs:write openid profile offline_access"
}

func (h *house) own(clientID string, more ...string) answer {
	return h.token(clientID, with(url.Values{"grant_type": {"client_credentials"}}, more...))
}

func TestClientCredentials(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		more  []string
		scope string
	}{
		"some of its scopes":       {[]string{"scope", "jobs:write"}, "jobs:write"},
		"all of them, twice":       {[]string{"scope", "jobs:write jobs:read jobs:write"}, "jobs:read jobs:write"},
		"none named, its own":      {nil, "jobs:read jobs:write"},
		"an empty scope":           {[]string{"scope", " "}, "jobs:read jobs:write"},
		"F11 parameters unknown":   {[]string{"extra", "x", "code", "y", "refresh_token", "z"}, "jobs:read jobs:write"},
		"with the id in the body":  {[]string{"client_id", "bot", "client_secret", secretOf("bot")}, "jobs:read jobs:write"},
		"nobody is named by claim": {[]string{"claims", "{", "username", "anna", "sub", anna}, "jobs:read jobs:write"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.client("bot", func(client *idp.Client) {
				machine(client)
				if len(c.more) > 0 && c.more[0] == "client_id" {
					client.TokenEndpointAuthMethod = "client_secret_post"
				}
			})
			h.client("api", resourceServer)
			h.people.down = idp.ErrUnavailable // nobody is asked for
			a := h.own("bot", c.more...)
			body := a.json(t)
			if a.status != 200 || a.header.Get("Cache-Control") != "no-store" || len(body) != 4 {
				t.Fatalf("%d %v", a.status, body)
			}
			if body["scope"] != c.scope || body["token_type"] != "Bearer" || body["expires_in"] != 3600.0 {
				t.Errorf("got %v", body)
			}
			token := h.introspect("api", body["access_token"]).json(t)
			if token["active"] != true || token["client_id"] != "bot" || token["scope"] != c.scope {
				t.Errorf("got %v", token)
			}
			for _, name := range []string{"sub", "username", "sid"} {
				if token[name] != nil {
					t.Errorf("a client is nobody, and not %s %v", name, token[name])
				}
			}
			if n := h.counted(idp.EventGrantCreated); n != 1 || h.events.all[0].App != "bot" || h.events.all[0].Subject != "" {
				t.Errorf("Events %+v", h.events.all)
			}
		})
	}
}

func TestClientCredentialsThatAreRefused(t *testing.T) {
	t.Parallel()
	const (
		personal = "The scopes openid, profile, email, phone, address, groups and offline_access are about a person, and with client_credentials there is none."
		more     = "The scope asks for more than this client is registered for."
		notFor   = "This client is not registered for the grant type client_credentials, or does not authenticate."
	)
	h := newHouse(t)
	h.client("bot", machine)
	h.client("wiki", nil)
	h.client("spa", public)
	h.client("off", func(c *idp.Client) { machine(c); c.Disabled = true })
	h.client("leaky", machine)
	h.change("leaky", public) // no admin can do that
	for name, c := range map[string]struct {
		client      string
		more        []string
		status      int
		error, text string
	}{
		"openid, though registered":   {"bot", []string{"scope", "openid jobs:read"}, 400, "invalid_scope", personal},
		"offline_access":              {"bot", []string{"scope", "offline_access"}, 400, "invalid_scope", personal},
		"a person's scope":            {"bot", []string{"scope", "email"}, 400, "invalid_scope", personal},
		"a scope that is not its own": {"bot", []string{"scope", "jobs:delete"}, 400, "invalid_scope", more},
		"scopes are exact":            {"bot", []string{"scope", "JOBS:read"}, 400, "invalid_scope", more},
		"a scope that is script":      {"bot", []string{"scope", "<script>"}, 400, "invalid_scope", more},
		"not registered for it":       {"wiki", nil, 400, "unauthorized_client", notFor},
		"a public client":             {"spa", []string{"client_id", "spa"}, 400, "unauthorized_client", notFor},
		"public, and registered":      {"leaky", []string{"client_id", "leaky"}, 400, "unauthorized_client", notFor},
		"switched off":                {"off", nil, 400, "invalid_grant", "This application has been switched off by an administrator."},
		"a wrong secret":              {"nobody", nil, 401, "invalid_client", notAuthenticated},
		"without a secret":            {"bot", []string{"client_id", "bot"}, 401, "invalid_client", notAuthenticated},
		"by a code": {"bot", []string{"grant_type", "authorization_code", "code", "x", "redirect_uri", callback}, 400, "unauthorized_client",
			"The OAuth 2.0 Client is not allowed to use authorization grant 'authorization_code'."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantError(t, h.own(c.client, c.more...), c.status, c.error, c.text)
		})
	}
	t.Cleanup(func() {
		if n := h.counted(idp.EventGrantCreated); n != 0 {
			t.Errorf("%d grants", n)
		}
	})
}

// A client that acts for itself is nobody's person: userinfo refuses, whatever its scopes.
func TestUserinfoOfNobody(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("bot", machine)
	token := h.own("bot").json(t)["access_token"]
	a := h.userinfo(token)
	wantError(t, a, 403, "insufficient_scope", "The access token does not have the scope openid, which this endpoint needs.")
	if !strings.Contains(a.header.Get("WWW-Authenticate"), `error="insufficient_scope"`) {
		t.Error("no challenge")
	}
	h.grants.smuggled = []string{"openid"}
	if a := h.userinfo(h.own("bot").json(t)["access_token"]); a.status != 403 {
		t.Errorf("openid in the grant of a client: %d %s", a.status, a.body)
	}
}

func TestClientTokensDieWith(t *testing.T) {
	t.Parallel()
	for name, what := range map[string]func(h *house, token string){
		"their time":       func(h *house, _ string) { h.move(time.Hour) },
		"the client's end": func(h *house, _ string) { _ = h.store.DeleteClient(h.Context(), "bot", 0) },
		"its being off":    func(h *house, _ string) { h.change("bot", func(c *idp.Client) { c.Disabled = true }) },
		"their revocation": func(h *house, token string) { wantRevoked(h, h.revoke("bot", token)) },
		"an admin's order": func(h *house, _ string) {
			_, _ = h.store.RevokeGrants(h.Context(), idp.GrantFilter{ClientID: "bot"}, "x", h.now())
		},
		"nothing but these": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.client("bot", machine)
			h.client("api", resourceServer)
			token, other := h.own("bot").json(t)["access_token"].(string), h.own("bot").json(t)["access_token"].(string)
			if what != nil {
				what(h, token)
			}
			if alive := h.introspect("api", token).body != dead; alive != (what == nil) {
				t.Errorf("alive: %v", alive)
			}
			if name == "their revocation" && h.introspect("api", other).body == dead {
				t.Error("another token of the client ended too")
			}
		})
	}
}

// What is not on record is not handed out: grant and Event are written in one step.
func TestClientCredentialsWhileTheStoreIsDown(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("bot", machine)
	h.grants.broken = idp.ErrUnavailable
	wantError(t, h.own("bot"), 503, "temporarily_unavailable", "A service that is needed for this does not answer. Nothing was used up: please try again in a moment.")
	if n := len(h.events.names()); n != 0 {
		t.Errorf("%d Events of nothing", n)
	}
	h.grants.broken = nil
	if a := h.own("bot"); a.status != 200 {
		t.Errorf("got %s", a.body)
	}
}
