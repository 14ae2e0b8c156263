package oauth_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"cloudsso/idp"
	"cloudsso/idp/idptest"
)

// Code injection (RFC 9700 §4.5): the attacker has somebody else's code and lets the
// application exchange it in the attacker's own session.
func TestTrap_CodeInjection(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	no := false
	h.client("wiki", nil)
	h.client("plain", func(c *idp.Client) { c.RequirePKCE = &no })
	// The application holds a verifier and a nonce of the attacker's session.
	attackers := strings.Repeat("attacker", 6)
	stolen := h.code(t, "wiki", "nonce", "the victim's")
	wantError(t, h.token("wiki", exchangeForm(stolen, "code_verifier", attackers)), 400, "invalid_grant", "The PKCE code challenge did not match the code verifier.")
	if a := h.token("wiki", exchangeForm(stolen)); a.status != 200 {
		t.Errorf("the attempt used the victim's code up: %s", a.body)
	}
	// Without PKCE the nonce in the ID token is the one of the request that the code is from.
	stolen = h.code(t, "plain", "nonce", "the victim's", "code_challenge", "-", "code_challenge_method", "-")
	wantError(t, h.token("plain", exchangeForm(stolen, "code_verifier", attackers)), 400, "invalid_grant",
		"There is a code_verifier, but the authorization request had no code_challenge.")
	a := h.token("plain", exchangeForm(stolen, "code_verifier", "-", "nonce", "the attacker's"))
	if claims := claimsOf(t, a.json(t)["id_token"]); claims["nonce"] != "the victim's" {
		t.Errorf("the nonce is %v: the application notices nothing", claims["nonce"])
	}
}

// Mix-up (RFC 9700 §4.4, RFC 9207): an application that knows several providers must be
// able to tell whose answer it got, whatever the answer is.
func TestTrap_MixUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", legacy)
	if doc := h.send(http.MethodGet, "/.well-known/openid-configuration", "").json(t); doc["authorization_response_iss_parameter_supported"] != true {
		t.Error("discovery does not say that iss is there: an application cannot insist on it")
	}
	const own = "https://evil.example"
	for _, asked := range append(frontTypes(), "code") {
		for name, more := range map[string][]string{"success": nil, "an error": {"max_age", "x"}, "iss of the request": {"iss", own}} {
			got := h.authorize(front(asked, more...)).params(t)
			if len(got["iss"]) != 1 || got.Get("iss") != h.issuer || got.Has("error") != (name == "an error") {
				t.Errorf("%s, %s: %v", asked, name, got)
			}
		}
	}
	page := h.authorize(request("wiki", "response_mode", "form_post")).body
	if strings.Count(page, `name="iss"`) != 1 || !strings.Contains(page, `value="`+h.issuer+`"`) {
		t.Errorf("form_post: %s", page)
	}
}

// Parameter pollution (CVE-2026-9689): an address that answers by itself.
func TestTrap_ParameterPollution(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	h.client("native", func(c *idp.Client) {
		c.ApplicationType, c.RedirectURIs, c.TokenEndpointAuthMethod = "native", []string{"com.example.app:/cb"}, "none"
	})
	ours := []string{"code", "access_token", "id_token", "token_type", "expires_in", "state", "iss", "session_state", "error", "error_description", "error_uri", "response"}
	for _, name := range ours {
		for client, uri := range map[string]string{"wiki": callback, "native": "com.example.app:/cb"} {
			uri += "?" + name + "=x"
			if a := h.authorize(request(client, "redirect_uri", uri)); a.status != 400 || a.header.Get("Location") != "" {
				t.Errorf("%s: %d to %q", uri, a.status, a.header.Get("Location"))
			}
			m := idp.ClientMetadata{RedirectURIs: []string{uri}, ApplicationType: map[string]string{"wiki": "web", "native": "native"}[client]}
			if e := idp.AsError(m.Complete(false)); e.Field != "redirect_uris" || !strings.Contains(e.Public, "which is part of our answer") {
				t.Errorf("%s is registered: %v", uri, e)
			}
		}
	}
	m := idp.ClientMetadata{RedirectURIs: []string{callback + "?a=b;code=x"}}
	if e := idp.AsError(m.Complete(false)); e.Field != "redirect_uris" || !strings.Contains(e.Public, "its query is not well-formed") {
		t.Errorf("a semicolon: %v", e)
	}
}

// Duplicate parameters (RFC 6749 §3.1, §3.2): one reader checks the first and another
// uses the second.
func TestTrap_DuplicateParameters(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", func(c *idp.Client) { c.GrantTypes = append(c.GrantTypes, idp.GrantDevice) })
	token := h.signIn(t, "wiki")["access_token"].(string)
	for name, c := range map[string]struct {
		path  string
		form  url.Values
		twice []string
	}{
		"authorize":  {"/oauth2/authorize", request("wiki"), []string{"response_type", "scope", "state", "nonce", "code_challenge", "code_challenge_method", "response_mode", "prompt"}},
		"push":       {"/oauth2/par", request("wiki"), []string{"redirect_uri", "scope", "code_challenge", "response_type"}},
		"token":      {"/oauth2/token", exchangeForm(h.code(t, "wiki")), []string{"code", "redirect_uri", "code_verifier", "grant_type", "client_id"}},
		"introspect": {"/oauth2/introspect", url.Values{"token": {token}}, []string{"token", "token_type_hint"}},
		"revoke":     {"/oauth2/revoke", url.Values{"token": {token}}, []string{"token", "token_type_hint"}},
		"device":     {"/oauth2/device", url.Values{"scope": {"openid"}}, []string{"scope", "code_challenge"}},
	} {
		for _, parameter := range c.twice {
			form := with(c.form)
			form[parameter] = []string{c.form.Get(parameter), "another"}
			var headers []string
			if name != "authorize" {
				headers = basic("wiki")
			}
			a := h.send(http.MethodPost, c.path, form.Encode(), headers...)
			want := "The parameter '" + parameter + "' is given more than once."
			if name == "authorize" {
				if got := a.params(t); got.Get("error") != "invalid_request" || got.Get("error_description") != want || got.Has("code") {
					t.Errorf("%s, %s: %v", name, parameter, got)
				}
				continue
			}
			wantError(t, a, 400, "invalid_request", want)
		}
	}
	// The address and the client decide where an error goes: twice, nobody is told but the person.
	for _, parameter := range []string{"client_id", "redirect_uri"} {
		form := request("wiki")
		form[parameter] = append(form[parameter], "https://evil.example")
		if a := h.send(http.MethodGet, "/oauth2/authorize?"+form.Encode(), ""); a.status != 400 || a.header.Get("Location") != "" {
			t.Errorf("%s: %d to %q", parameter, a.status, a.header.Get("Location"))
		}
	}
	// Once in the address and once in the body are two as well.
	if got := h.send(http.MethodPost, "/oauth2/authorize?scope=openid", request("wiki").Encode()).params(t); got.Get("error") != "invalid_request" {
		t.Errorf("address and body: %v", got)
	}
	if h.userinfo(token).status != 200 {
		t.Error("a refused revocation ended something")
	}
}

// CVE-2026-55677: an encoded slash or a dotted path goes around what guards a route.
func TestTrap_EncodedPaths(t *testing.T) {
	t.Parallel()
	p := newProduct(t, idptest.Options{})
	for _, path := range []string{
		"/api%2Fv1%2Fclients", "/api/v1%2Fclients", "/api/v1/%2e%2e/v1/clients", "//api/v1/clients", "/assets/..%2fapi/v1/clients", "/assets/%2e%2e/api/v1/clients",
		"/api/v1/clients%2F", "/assets/..%5capi/v1/clients", "/oauth2/..%2fapi/v1/users",
	} {
		a := p.get(path, "x")
		if a.status == http.StatusOK || strings.Contains(a.body, "items") {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	if a := p.get("/api/v1/clients", "x"); a.status != http.StatusUnauthorized {
		t.Errorf("the plain path: %d", a.status)
	}
}

// A client's Basic credentials are one pair: what is before the first colon is the id.
func TestTrap_ClientBinding(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	h.client("other", nil)
	refresh, body := h.offline(t)
	code := h.code(t, "wiki")
	crossed := []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("wiki:"+secretOf("other")))}
	for name, a := range map[string]answer{
		"the code, with the other's secret":    h.send(http.MethodPost, "/oauth2/token", exchangeForm(code).Encode(), crossed...),
		"the code, named in the body":          h.send(http.MethodPost, "/oauth2/token", exchangeForm(code, "client_id", "wiki").Encode(), basic("other")...),
		"the refresh token, named in the body": h.send(http.MethodPost, "/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "client_id": {"wiki"}}.Encode(), basic("other")...),
	} {
		if a.status != 401 || a.json(t)["error"] != "invalid_client" {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	wantError(t, h.token("other", exchangeForm(code)), 400, "invalid_grant", "The code is not one that was issued to this client.")
	wantError(t, h.refresh("other", refresh), 400, "invalid_grant", notYourRefresh)
	wantError(t, h.revoke("other", body["access_token"].(string)), 400, "invalid_grant", "The token was issued to another client: only that client can revoke it.")
	if h.introspect("other", body["access_token"]).body != dead {
		t.Error("the other is told about the token")
	}
	if h.token("wiki", exchangeForm(code)).status != 200 || h.refresh("wiki", refresh).status != 200 {
		t.Error("the attempts used something up")
	}
}
