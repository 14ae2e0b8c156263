package oauth_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"cloudsso/idp"
)

// An application that speaks OAuth 2 alone: no ID token, a profile under its own names,
// the token in the query.
func oldForum(c *idp.Client) {
	c.UserinfoWithoutOpenID, c.AllowAccessTokenInQuery, c.RequirePKCE = true, true, new(bool)
	c.Scope = "profile email"
	c.ClaimsMapping = []idp.Mapping{
		{Name: "id", From: "subject", Required: true}, {Name: "username", From: "username"}, {Name: "customRoles", From: "team", Join: ","},
	}
}

func (h *house) plainToken(t *testing.T, clientID string) string {
	t.Helper()
	code := h.authorize(with(request(clientID, "scope", "email"), "code_challenge", "-", "code_challenge_method", "-", "nonce", "-")).params(t).Get("code")
	body := h.token(clientID, with(exchangeForm(code), "code_verifier", "-")).json(t)
	if body["id_token"] != nil || body["scope"] != "email" {
		t.Fatalf("got %v", body)
	}
	return body["access_token"].(string)
}

func TestOAuthWithoutOpenIDConnect(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("forum", oldForum)
	token := h.plainToken(t, "forum")
	for name, a := range map[string]answer{
		"header": h.userinfo(token),
		"query":  h.send(http.MethodGet, "/oauth2/userinfo?access_token="+token, ""),
	} {
		got := a.json(t)
		if a.status != 200 || got["id"] != anna || got["username"] != "anna" || got["email"] != "anna@example.org" || got["customRoles"] != "a,b" || got["given_name"] != nil {
			t.Errorf("%s: %d %v", name, a.status, got)
		}
		want := map[string]string{"header": "no-store", "query": "private, no-store"}[name]
		if a.header.Get("Cache-Control") != want {
			t.Errorf("%s: Cache-Control %q", name, a.header.Get("Cache-Control"))
		}
	}
}

// RFC 6750 §2.3: only for a client that is switched on, by GET, in one place.
func TestAccessTokensInTheQuery(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("forum", oldForum)
	h.client("strict", func(c *idp.Client) { oldForum(c); c.AllowAccessTokenInQuery = false })
	token := h.plainToken(t, "forum")
	const never = "The access token must not be in the query: send it in the Authorization header."
	for name, c := range map[string]struct {
		method, query, body string
		status              int
		code, text          string
	}{
		"the switch is off": {"GET", "access_token=" + h.plainToken(t, "strict"), "", 400, "invalid_request", never},
		"by POST":           {"POST", "access_token=" + token, "", 400, "invalid_request", never},
		"twice":             {"GET", "access_token=" + token + "&access_token=" + token, "", 400, "invalid_request", "The access token is sent more than once."},
		"in the body too":   {"POST", "access_token=" + token, "access_token=" + token, 400, "invalid_request", "The access token is sent more than once."},
		"not ours":          {"GET", "access_token=abc", "", 401, "invalid_token", deadToken},
		"empty":             {"GET", "access_token=", "", 401, "invalid_token", deadToken},
	} {
		t.Run(name, func(t *testing.T) {
			wantError(t, h.send(c.method, "/oauth2/userinfo?"+c.query, c.body), c.status, c.code, c.text)
		})
	}
	h.people.set(anna, idp.Disabled)
	wantError(t, h.send("GET", "/oauth2/userinfo?access_token="+token, ""), 401, "invalid_token", deadToken)
}

// The switches are looked at on every use.
func TestTheProfileSwitchIsTurnedOff(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("forum", oldForum)
	token := h.plainToken(t, "forum")
	h.change("forum", func(c *idp.Client) { c.UserinfoWithoutOpenID = false })
	a := h.userinfo(token)
	wantError(t, a, 403, "insufficient_scope", "The access token does not have the scope openid, which this endpoint needs.")
	if !strings.Contains(a.header.Get("WWW-Authenticate"), `scope="openid"`) {
		t.Errorf("challenge %q", a.header.Get("WWW-Authenticate"))
	}
}

// A client's own token is nobody's profile, whatever the switch says.
func TestTheProfileOfNobody(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("robot", func(c *idp.Client) {
		c.GrantTypes, c.RedirectURIs, c.Scope, c.UserinfoWithoutOpenID = []string{"client_credentials"}, nil, "read", true
	})
	token := h.token("robot", url.Values{"grant_type": {"client_credentials"}}).json(t)["access_token"]
	wantError(t, h.userinfo(token), 403, "insufficient_scope", "The access token does not have the scope openid, which this endpoint needs.")
}
