package oauth_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/config"
	"cloudsso/idp/idptest"
)

const (
	passphrase  = "correct horse battery"
	wrongNotice = "The user name or the password is not right. Please check both and try again."
)

// front door of a whole product, for what the fake login of [house] cannot show.
type product struct {
	*idptest.Server
	t *testing.T
}

func newProduct(t *testing.T, o idptest.Options) product {
	t.Helper()
	p := product{idptest.New(t, o), t}
	p.AddUser(t, api.NewUser{Username: "ada", Email: "ada@example.com", Password: passphrase, Groups: []string{"engineering"},
		Attributes: map[string]json.RawMessage{"given_name": json.RawMessage(`"Ada"`)}})
	return p
}

// post sends a form as a client; without a secret it is a public one.
func (p product) post(path string, c api.Client, form url.Values) answer {
	p.t.Helper()
	if c.ClientSecret == "" {
		form = with(form, "client_id", c.ClientID)
	}
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.Issuer+path, strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if c.ClientSecret != "" {
		r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(c.ClientID+":"+c.ClientSecret)))
	}
	return p.do(r)
}

// get asks with a bearer token.
func (p product) get(path, token string) answer {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.Issuer+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	return p.do(r)
}

func (p product) do(r *http.Request) answer {
	p.t.Helper()
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(body)}
}

func passwordClient(more func(*idp.ClientMetadata)) idp.ClientMetadata {
	m := idp.ClientMetadata{ClientName: "Old app", GrantTypes: []string{"password", "refresh_token"}, AllowPasswordGrant: true}
	if more != nil {
		more(&m)
	}
	return m
}

func credentials(more ...string) url.Values {
	return with(url.Values{"grant_type": {"password"}, "username": {"ada"}, "password": {passphrase}, "scope": {"openid email"}}, more...)
}

func TestPasswordGrant(t *testing.T) {
	t.Parallel()
	p := newProduct(t, idptest.Options{})
	for name, c := range map[string]api.Client{
		"confidential": p.AddClient(t, passwordClient(nil)),
		"public":       p.AddClient(t, passwordClient(func(m *idp.ClientMetadata) { m.TokenEndpointAuthMethod = "none" })),
	} {
		a := p.post("/oauth2/token", c, credentials("scope", "openid email offline_access no_such_scope", "username", "ADA "))
		if a.status != 200 {
			t.Fatalf("%s: %s", name, a.body)
		}
		got, claims := a.json(t), claimsOf(t, a.json(t)["id_token"])
		if got["scope"] != "openid email offline_access" || got["token_type"] != "Bearer" || got["expires_in"] != float64(3600) {
			t.Errorf("%s: got %v", name, got)
		}
		if claims["auth_time"] != claims["iat"] || fmt.Sprint(claims["amr"]) != "[pwd]" || claims["aud"] != c.ClientID || claims["at_hash"] == nil || claims["nonce"] != nil || claims["sid"] != nil {
			t.Errorf("%s: ID token %v", name, claims)
		}
		if info := p.get("/oauth2/userinfo", got["access_token"].(string)); info.json(t)["sub"] != claims["sub"] || info.json(t)["email"] != "ada@example.com" {
			t.Errorf("%s: userinfo %s", name, info.body)
		}
		again := p.post("/oauth2/token", c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {got["refresh_token"].(string)}})
		if again.status != 200 || again.json(t)["refresh_token"] == got["refresh_token"] || claimsOf(t, again.json(t)["id_token"])["auth_time"] != claims["auth_time"] {
			t.Errorf("%s: refresh %s", name, again.body)
		}
		if log := p.Log.String(); !strings.Contains(log, `"legacy":"password"`) || strings.Contains(log, passphrase) {
			t.Errorf("%s: the log does not label the grant, or has the password", name)
		}
	}
}

// Nothing beyond what was asked and registered.
func TestPasswordGrantGivesNoMore(t *testing.T) {
	t.Parallel()
	p := newProduct(t, idptest.Options{})
	oauthOnly := p.AddClient(t, passwordClient(func(m *idp.ClientMetadata) {
		m.GrantTypes, m.Scope = []string{"password"}, "openid profile offline_access"
	}))
	for asked, want := range map[string]string{"profile": "profile", "": "", "openid offline_access email": "openid"} {
		got := p.post("/oauth2/token", oauthOnly, credentials("scope", asked)).json(t)
		if got["scope"] != want || got["refresh_token"] != nil || (got["id_token"] != nil) != strings.Contains(want, "openid") {
			t.Errorf("asked for %q: %v", asked, got)
		}
	}
}

func TestPasswordGrantsThatAreRefused(t *testing.T) {
	t.Parallel()
	p := newProduct(t, idptest.Options{})
	gone := p.AddUser(t, api.NewUser{Username: "bob", Email: "bob@example.com", Password: passphrase})
	if _, err := p.Owner.PatchUser(t.Context(), gone.ID, json.RawMessage(`{"disabled":true}`), ""); err != nil {
		t.Fatal(err)
	}
	old := p.AddClient(t, passwordClient(nil))
	modern := p.AddClient(t, idp.ClientMetadata{RedirectURIs: []string{callback}})
	strange := old
	strange.ClientSecret = "not the secret of this client at all"
	const off = "This client may not send passwords: use authorization_code. An administrator can turn on allow_password_grant for it, which is legacy (RFC 9700 section 2.4)."
	for name, c := range map[string]struct {
		client     api.Client
		form       url.Values
		status     int
		code, text string
	}{
		"a wrong password":              {old, credentials("password", "wrong"), 400, "invalid_grant", wrongNotice},
		"an unknown name":               {old, credentials("username", "nobody"), 400, "invalid_grant", wrongNotice},
		"a disabled person":             {old, credentials("username", "bob"), 400, "invalid_grant", "This account is disabled. Please ask your administrator to enable it."},
		"a disabled person, guessed at": {old, credentials("username", "bob", "password", "wrong"), 400, "invalid_grant", wrongNotice},
		"no password":                   {old, credentials("password", "-"), 400, "invalid_request", "The parameter password is missing."},
		"no user name":                  {old, credentials("username", "-"), 400, "invalid_request", "The parameter username is missing."},
		"a name of spaces":              {old, credentials("username", "  "), 400, "invalid_request", "Please enter your user name and your password."},
		"a password without end":        {old, credentials("password", strings.Repeat("x", 1025)), 400, "invalid_request", "This password is too long. Please check it."},
		"the switch is off":             {modern, credentials(), 400, "unauthorized_client", off},
		"another client's secret":       {strange, credentials(), 401, "invalid_client", notAuthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			wantError(t, p.post("/oauth2/token", c.client, c.form), c.status, c.code, c.text)
		})
	}
	twice := p.post("/oauth2/token", old, url.Values{"grant_type": {"password"}, "username": {"ada", "bob"}, "password": {passphrase}})
	wantError(t, twice, 400, "invalid_request", "The parameter 'username' is given more than once.")
}

// Attack: guessing passwords at the token endpoint instead of on the page. Decision: one
// count for both.
func TestPasswordGrantCountsWithTheLoginPage(t *testing.T) {
	t.Parallel()
	p := newProduct(t, idptest.Options{Config: func(c *config.Config) { c.Limits.Enabled = true }})
	c := p.AddClient(t, passwordClient(nil))
	for i := range 6 {
		if a := p.post("/oauth2/token", c, credentials("password", fmt.Sprint("guess ", i))); a.status != 400 {
			t.Fatalf("guess %d: %d %s", i, a.status, a.body)
		}
	}
	a := p.post("/oauth2/token", c, credentials())
	if a.status != 429 || a.json(t)["error"] != "invalid_grant" || !strings.HasPrefix(a.json(t)["error_description"].(string), "Too many tries. Please wait ") {
		t.Fatalf("the seventh: %d %s", a.status, a.body)
	}
	page := idptest.NewBrowser(t).Open(p.Issuer + "/login")
	if page = page.FormWith("password").Set("username", "ada").Set("password", passphrase).Submit("login-submit"); page.Status != 429 {
		t.Errorf("the page lets the right password through: %d", page.Status)
	}
	p.Clock.Advance(time.Minute)
	if a := p.post("/oauth2/token", c, credentials()); a.status != 200 {
		t.Errorf("a minute later: %s", a.body)
	}
}

// A directory that is down has not said no (RFC 6749 §5.2 has no word for it).
func TestPasswordGrantWhileTheDirectoryIsDown(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", func(c *idp.Client) { c.AllowPasswordGrant = true })
	h.login.err = idp.Errorf(idp.Unavailable, "down")
	const again = "A service that is needed for this does not answer. Nothing was used up: please try again in a moment."
	wantError(t, h.token("wiki", credentials()), 503, "temporarily_unavailable", again)
	h.login.err, h.people.down = nil, idp.ErrUnavailable
	wantError(t, h.token("wiki", credentials()), 503, "temporarily_unavailable", again)
	h.people.down, h.grants.broken = nil, idp.ErrUnavailable
	wantError(t, h.token("wiki", credentials()), 503, "temporarily_unavailable", again)
	h.grants.broken = nil
	if a := h.token("wiki", credentials()); a.status != 200 {
		t.Errorf("afterwards: %s", a.body)
	}
}

// What a password opened ends with the person, the client and the switch.
func TestPasswordGrantsDieWith(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*house){
		"the switch": func(h *house) { h.change("wiki", func(c *idp.Client) { c.AllowPasswordGrant = false }) },
		"the person": func(h *house) { h.people.set(anna, idp.Disabled) },
		"the client": func(h *house) { h.change("wiki", func(c *idp.Client) { c.Disabled = true }) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.client("wiki", func(c *idp.Client) { c.AllowPasswordGrant, c.FirstParty = true, false })
			got := h.token("wiki", credentials("scope", "openid offline_access")).json(t)
			if h.userinfo(got["access_token"]).status != 200 {
				t.Fatal("not alive to begin with")
			}
			end(h)
			if h.userinfo(got["access_token"]).status != 401 {
				t.Error("the access token lives on")
			}
			if a := h.refresh("wiki", got["refresh_token"].(string)); a.status != 400 || a.json(t)["error"] != "invalid_grant" {
				t.Errorf("refresh: %s", a.body)
			}
			if a := h.token("wiki", credentials()); a.status != 400 {
				t.Errorf("another one: %s", a.body)
			}
		})
	}
}

// The switch stands for the consent that nobody can be asked for: the record says so.
func TestPasswordGrantIsOnRecord(t *testing.T) {
	t.Parallel()
	p := newProduct(t, idptest.Options{})
	c := p.AddClient(t, passwordClient(nil))
	if a := p.post("/oauth2/token", c, credentials()); a.status != 200 {
		t.Fatal(a.body)
	}
	if log := p.Log.String(); !strings.Contains(log, `"detail.grant_type":"password"`) || !strings.Contains(log, `"detail.consent":"administrator"`) {
		t.Errorf("no record of it:\n%s", log)
	}
	p.post("/oauth2/token", c, credentials("password", "wrong"))
	if !strings.Contains(p.Log.String(), idp.EventLoginFailure) {
		t.Error("a wrong password is on no record")
	}
}
