package oauth_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"cloudsso/idp"
)

func readable(c *idp.Client) {
	c.AccessTokenFormat = "jwt"
	c.GrantTypes = []string{"authorization_code", "refresh_token", "client_credentials"}
	c.Scope = "openid profile groups offline_access mail.read"
	c.ClaimsMapping = []idp.Mapping{{Name: "roles", From: "team"}, {Name: "shoe", From: "username"}}
}

func headerOf(t testing.TB, token any) map[string]any {
	t.Helper()
	head, _, _ := strings.Cut(token.(string), ".")
	return claimsOf(t, "x."+head+".x")
}

// RFC 9068 §2: what a resource server reads in the token.
func TestJWTAccessToken(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", readable)
	body := h.signIn(t, "wiki", "scope", "openid groups", "acr_values", passwordContext)
	token := body["access_token"]
	if head := headerOf(t, token); head["typ"] != "at+jwt" || head["alg"] != "RS256" || head["kid"] == "" {
		t.Errorf("header %v", head)
	}
	claims := claimsOf(t, token)
	id, _, _ := strings.Cut(claims["jti"].(string), ".")
	for name, want := range map[string]any{
		"iss": h.issuer, "sub": anna, "aud": h.issuer, "client_id": "wiki", "scope": "openid groups", "sid": "sid-1", "acr": passwordContext,
		"iat": float64(h.now().Unix()), "exp": float64(h.now().Add(time.Hour).Unix()), "auth_time": float64(h.now().Add(-time.Minute).Unix()),
	} {
		if claims[name] != want {
			t.Errorf("%s is %v, want %v", name, claims[name], want)
		}
	}
	if len(id) != 26 || claims["groups"].([]any)[0] != "admins" || len(claims["roles"].([]any)) != 2 || claims["shoe"] != nil || claims["name"] != nil {
		t.Errorf("got %v", claims)
	}
	// An independent verifier, with our published keys.
	provider, err := oidc.NewProvider(t.Context(), h.issuer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.Verifier(&oidc.Config{ClientID: h.issuer}).Verify(t.Context(), token.(string)); err != nil {
		t.Error(err)
	}
	if another := h.signIn(t, "wiki"); claimsOf(t, another["access_token"])["jti"] == claims["jti"] {
		t.Error("the same jti twice")
	}
}

func TestJWTAccessTokenOfAMachine(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", func(c *idp.Client) { readable(c); c.IDTokenSignedResponseAlg = "ES256" })
	body := h.token("wiki", url.Values{"grant_type": {"client_credentials"}, "scope": {"mail.read"}}).json(t)
	claims := claimsOf(t, body["access_token"])
	if claims["sub"] != "wiki" || claims["client_id"] != "wiki" || claims["scope"] != "mail.read" || claims["auth_time"] != nil || claims["roles"] != nil {
		t.Errorf("got %v", claims)
	}
	if head := headerOf(t, body["access_token"]); head["alg"] != "ES256" {
		t.Errorf("got %v", head)
	}
	if got := h.introspect("wiki", body["access_token"]).json(t); got["active"] != true || got["scope"] != "mail.read" {
		t.Errorf("got %v", got)
	}
}

// A token that the client could make itself would be worth nothing to others.
func TestJWTAccessTokensAreNeverSymmetric(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", func(c *idp.Client) { readable(c); c.IDTokenSignedResponseAlg = "none" })
	if head := headerOf(t, h.signIn(t, "wiki")["access_token"]); head["alg"] != "RS256" {
		t.Errorf("got %v", head)
	}
}

// Wherever this provider is asked, the token is as good as its grant.
func TestJWTAccessTokensDieWithTheirGrant(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(h *house, body map[string]any){
		"it is revoked": func(h *house, body map[string]any) {
			h.send(http.MethodPost, "/oauth2/revoke", url.Values{"token": {body["access_token"].(string)}}.Encode(), basic("wiki")...)
		},
		"the refresh token is revoked": func(h *house, body map[string]any) {
			h.send(http.MethodPost, "/oauth2/revoke", url.Values{"token": {body["refresh_token"].(string)}}.Encode(), basic("wiki")...)
		},
		"the person is disabled": func(h *house, _ map[string]any) { h.people.set(anna, idp.Disabled) },
		"the client is disabled": func(h *house, _ map[string]any) { h.change("wiki", func(c *idp.Client) { c.Disabled = true }) },
		"it expires":             func(h *house, _ map[string]any) { h.move(time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.client("wiki", readable)
			h.client("rs", func(c *idp.Client) { c.IntrospectAll = true })
			body := h.signIn(t, "wiki", "scope", "openid offline_access profile")
			if got := h.introspect("rs", body["access_token"]).json(t); got["active"] != true || got["username"] != "anna" {
				t.Fatalf("before: %v", got)
			}
			if a := h.userinfo(body["access_token"]); a.json(t)["name"] != "Anna Arendt" {
				t.Fatalf("before: %s", a.body)
			}
			end(h, body)
			if got := h.introspect("rs", body["access_token"]).json(t); got["active"] != false || len(got) != 1 {
				t.Errorf("introspection: %v", got)
			}
			if a := h.userinfo(body["access_token"]); a.status != http.StatusUnauthorized {
				t.Errorf("userinfo: %d", a.status)
			}
		})
	}
}

// Attack: one kind of our JWTs as another (RFC 8725 §2.8).
func TestCrossJWTConfusion(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", readable)
	body := h.signIn(t, "wiki")
	a := h.userinfo(body["id_token"])
	wantError(t, a, 401, "invalid_token", "The access token is not valid, has expired or was revoked.")
	if got := h.introspect("wiki", body["id_token"]).json(t); got["active"] != false {
		t.Errorf("an ID token as an access token: %v", got)
	}
	got := h.authorize(request("wiki", "id_token_hint", body["access_token"].(string))).params(t)
	if got.Get("error_description") != "The id_token_hint is not an ID token that this provider issued to this client." {
		t.Errorf("an access token as a hint: %v", got)
	}
	for name, change := range map[string]func(claims map[string]any){
		"another client":    func(c map[string]any) { c["client_id"] = "rs" },
		"another issuer":    func(c map[string]any) { c["iss"] = "https://elsewhere.example" },
		"no grant":          func(c map[string]any) { c["jti"] = "x" },
		"an unknown grant":  func(c map[string]any) { c["jti"] = idp.NewID() + ".x" },
		"no end":            func(c map[string]any) { delete(c, "exp") },
		"a list for an end": func(c map[string]any) { c["exp"] = []int{1} },
	} {
		claims := claimsOf(t, body["access_token"])
		change(claims)
		raw, _ := json.Marshal(claims)
		forged, err := h.ring.SignJWT("RS256", "at+jwt", raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := h.introspect("wiki", forged).json(t); got["active"] != false {
			t.Errorf("%s: %v", name, got)
		}
	}
	same, _ := json.Marshal(claimsOf(t, body["access_token"]))
	for _, typ := range []string{"JWT", "logout+jwt", "token-introspection+jwt"} {
		other, err := h.ring.SignJWT("RS256", typ, same)
		if err != nil {
			t.Fatal(err)
		}
		if got := h.introspect("wiki", other).json(t); got["active"] != false {
			t.Errorf("the type %s: %v", typ, got)
		}
	}
	parts := strings.Split(body["access_token"].(string), ".")
	if got := h.introspect("wiki", parts[0]+"."+parts[1]+"."+b64.EncodeToString([]byte("no signature"))).json(t); got["active"] != false {
		t.Error("an unsigned token is active")
	}
}

// What a token says is held against the grant: it never gives more.
func TestAJWTGivesNoMoreThanItsGrant(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", readable)
	body := h.signIn(t, "wiki", "scope", "openid profile")
	claims := claimsOf(t, body["access_token"])
	claims["scope"], claims["aud"] = "openid profile groups admin", []string{h.issuer, mailAPI}
	raw, _ := json.Marshal(claims)
	more, err := h.ring.SignJWT("RS256", "at+jwt", raw)
	if err != nil {
		t.Fatal(err)
	}
	if got := h.introspect("wiki", more).json(t); got["scope"] != "openid profile" || got["aud"] != h.issuer {
		t.Errorf("got %v", got)
	}
	h.change("wiki", func(c *idp.Client) { c.Scope = "openid" })
	if got := h.introspect("wiki", body["access_token"]).json(t); got["scope"] != "openid" {
		t.Errorf("after a scope was taken away: %v", got)
	}
}

// A person in a thousand groups gets a token that servers still accept.
func TestJWTAccessTokensStaySmall(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", readable)
	person := h.people.all[anna]
	person.Groups = slices.Repeat([]string{"a-group-with-quite-a-long-name"}, 1000)
	h.people.all[anna] = person
	token := h.signIn(t, "wiki", "scope", "openid groups")["access_token"].(string)
	if len(token) > 16<<10 || claimsOf(t, token)["groups"] != nil {
		t.Errorf("%d bytes", len(token))
	}
	if info := h.userinfo(token).json(t); len(info["groups"].([]any)) != 1000 {
		t.Error("userinfo lacks the groups")
	}
}
