package oauth_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"cloudsso/idp"
)

// Faults before redirect_uri is known to be the client's end on a page of ours.
func TestAuthorizePages(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", func(c *idp.Client) { c.RedirectURIs = []string{callback, "https://rp.example/q?bar=foo"} })
	h.client("off", func(c *idp.Client) { c.Disabled = true })
	const notRegistered = "The application wants to return to an address that is not registered for it. It must be registered exactly as it is sent in redirect_uri."
	for name, c := range map[string]struct {
		query  string
		status int
		text   string
	}{
		"no parameters":           {"", 400, "The application did not say who it is: the parameter client_id must be there exactly once."},
		"client_id twice":         {request("wiki").Encode() + "&client_id=wiki", 400, "The application did not say who it is"},
		"an unknown client":       {request("nobody").Encode(), 400, "There is no application with this client_id."},
		"a disabled client":       {request("off").Encode(), 403, "This application has been switched off by an administrator."},
		"no redirect_uri":         {request("wiki", "redirect_uri", "-").Encode(), 400, "The application did not say where to return to"},
		"redirect_uri twice":      {request("wiki").Encode() + "&redirect_uri=https://evil.example", 400, "The application did not say where to return to"},
		"another redirect_uri":    {request("wiki", "redirect_uri", "https://evil.example/").Encode(), 400, notRegistered},
		"a longer path":           {request("wiki", "redirect_uri", callback+"/x").Encode(), 400, notRegistered},
		"an added query":          {request("wiki", "redirect_uri", callback+"?x=1").Encode(), 400, notRegistered},
		"another query":           {request("wiki", "redirect_uri", "https://rp.example/q?foo=bar").Encode(), 400, notRegistered},
		"a script":                {request("wiki", "redirect_uri", "javascript:alert(1)").Encode(), 400, notRegistered},
		"percent-encoding broken": {"client_id=%zz", 400, "The parameters are not well-formed"},
		"a semicolon":             {request("wiki").Encode() + ";x=1", 400, "The parameters are not well-formed"},
		"bytes that are no text":  {request("wiki", "state", "\xff\xfe").Encode(), 400, "A parameter is not text in UTF-8."},
		"a name that is no text":  {request("wiki").Encode() + "&%ff=1", 400, "A parameter is not text in UTF-8."},
		"a NUL":                   {request("wiki", "nonce", "a\x00b").Encode(), 400, "A parameter is not text in UTF-8."},
		"a bad mode and a bad redirect_uri": {request("wiki", "redirect_uri", "https://evil.example/", "response_mode", "x").Encode(),
			400, notRegistered},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := h.send(http.MethodGet, "/oauth2/authorize?"+c.query, "")
			if a.status != c.status || a.header.Get("Location") != "" {
				t.Fatalf("got %d to %q", a.status, a.header.Get("Location"))
			}
			if !strings.Contains(a.body, c.text) {
				t.Errorf("page does not say %q:\n%s", c.text, a.body)
			}
			if strings.Contains(a.body, "evil.example") || strings.Contains(a.body, "alert(1)") {
				t.Error("the page echoes what was sent")
			}
		})
	}
}

// Faults after that go to the application, as one error, with the state.
func TestAuthorizeErrors(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	noPKCE := false
	h.client("plain", func(c *idp.Client) { c.RequirePKCE = &noPKCE })
	h.client("spa", public)
	foreign, other := h.signIn(t, "plain"), otherIssuersHint(t, h)
	for name, c := range map[string]struct {
		form  url.Values
		extra string
		code  string
		text  string
	}{
		"no response_type":             {request("wiki", "response_type", "-"), "", "invalid_request", "The parameter response_type is missing: use response_type=code."},
		"an unknown response_mode":     {request("wiki", "response_mode", "web_message"), "", "invalid_request", "The response_mode is not supported: use query, fragment or form_post."},
		"a parameter twice":            {request("wiki"), "&scope=openid", "invalid_request", "The parameter 'scope' is given more than once."},
		"an unknown parameter twice":   {request("wiki"), "&x=1&x=2", "invalid_request", "The parameter 'x' is given more than once."},
		"a registration":               {request("wiki", "registration", "{}"), "", "registration_not_supported", "The parameter registration is not supported: register the client beforehand."},
		"no challenge":                 {request("wiki", "code_challenge", "-", "code_challenge_method", "-"), "", "invalid_request", "The parameter code_challenge is missing: this client must use PKCE (RFC 7636) with code_challenge_method=S256."},
		"no challenge, public":         {request("spa", "code_challenge", "-", "code_challenge_method", "-"), "", "invalid_request", "The parameter code_challenge is missing: this client must use PKCE (RFC 7636) with code_challenge_method=S256."},
		"plain":                        {request("wiki", "code_challenge_method", "plain"), "", "invalid_request", "The code_challenge_method must be S256."},
		"no method means plain":        {request("wiki", "code_challenge_method", "-"), "", "invalid_request", "The code_challenge_method must be S256."},
		"plain where PKCE is optional": {request("plain", "code_challenge_method", "plain"), "", "invalid_request", "The code_challenge_method must be S256."},
		"a method without a challenge": {request("plain", "code_challenge", "-"), "", "invalid_request", "There is a code_challenge_method without a code_challenge."},
		"a padded challenge":           {request("wiki", "code_challenge", challengeOf("x")+"="), "", "invalid_request", "The code_challenge is not a SHA-256 sum in base64url: it has 43 characters without padding."},
		"a short challenge":            {request("wiki", "code_challenge", "abc"), "", "invalid_request", "The code_challenge is not a SHA-256 sum in base64url: it has 43 characters without padding."},
		"an unknown prompt":            {request("wiki", "prompt", "create"), "", "invalid_request", "The parameter prompt has a value that is not supported: use none, login, consent, select_account."},
		"none and another prompt":      {request("wiki", "prompt", "none login"), "", "invalid_request", "The prompt value none cannot be combined with others."},
		"a max_age that is no number":  {request("wiki", "max_age", "1h"), "", "invalid_request", "The parameter max_age must be a whole number of seconds, 0 or more."},
		"a negative max_age":           {request("wiki", "max_age", "-1"), "", "invalid_request", "The parameter max_age must be a whole number of seconds, 0 or more."},
		"a hint that is no token":      {request("wiki", "id_token_hint", "abc"), "", "invalid_request", "The id_token_hint is not an ID token that this provider issued to this client."},
		"a hint of another client":     {request("wiki", "id_token_hint", foreign["id_token"].(string)), "", "invalid_request", "The id_token_hint is not an ID token that this provider issued to this client."},
		"a hint of another issuer":     {request("wiki", "id_token_hint", other), "", "invalid_request", "The id_token_hint is not an ID token that this provider issued to this client."},
		"an access token as a hint":    {request("wiki", "id_token_hint", foreign["access_token"].(string)), "", "invalid_request", "The id_token_hint is not an ID token that this provider issued to this client."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := h.send(http.MethodGet, "/oauth2/authorize?"+c.form.Encode()+c.extra, "")
			want := url.Values{"error": {c.code}, "error_description": {c.text}, "state": {"a state with 20 chars"}, "iss": {h.issuer}}
			if got := a.params(t); got.Encode() != want.Encode() {
				t.Errorf("got  %v\nwant %v", got, want)
			}
			if !strings.HasPrefix(a.header.Get("Location"), callback+"?") {
				t.Errorf("sent to %q", a.header.Get("Location"))
			}
		})
	}
}

// otherIssuersHint is signed by our key, for our client, by another issuer.
func otherIssuersHint(t *testing.T, h *house) string {
	t.Helper()
	hint, err := h.ring.SignJWT("ES256", "JWT", []byte(`{"iss":"https://else.example","sub":"`+anna+`","aud":"wiki"}`))
	if err != nil {
		t.Fatal(err)
	}
	return hint
}

func TestAuthorizePostBodies(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	multipart := h.send(http.MethodPost, "/oauth2/authorize", "--x\r\n\r\n--x--", "Content-Type", "multipart/form-data; boundary=x")
	if multipart.status != 400 || !strings.Contains(multipart.body, "application/x-www-form-urlencoded") {
		t.Errorf("multipart: %d", multipart.status)
	}
	large := h.send(http.MethodPost, "/oauth2/authorize", "state="+strings.Repeat("x", 65<<10))
	if large.status != 400 || !strings.Contains(large.body, "larger than 64 KiB") {
		t.Errorf("large: %d", large.status)
	}
	twice := h.send(http.MethodPost, "/oauth2/authorize?scope=openid", request("wiki").Encode())
	if got := twice.params(t).Get("error"); got != "invalid_request" {
		t.Errorf("in query and body: %q", got)
	}
}

func TestFormPostNeedsAWebAddress(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("app", func(c *idp.Client) { c.ApplicationType, c.RedirectURIs = "native", []string{"com.example.app:/cb"} })
	a := h.authorize(request("app", "redirect_uri", "com.example.app:/cb", "response_mode", "form_post"))
	if !strings.HasPrefix(a.header.Get("Location"), "com.example.app:/cb?error=invalid_request") {
		t.Errorf("got %d %q", a.status, a.header.Get("Location"))
	}
	a = h.authorize(request("app", "redirect_uri", "com.example.app:/cb"))
	if !strings.HasPrefix(a.header.Get("Location"), "com.example.app:/cb?code=cac_") {
		t.Errorf("got %d %q", a.status, a.header.Get("Location"))
	}
}

// continued walks to /login, lets something happen there, and comes back.
func (h *house) continued(form url.Values, meanwhile func()) answer {
	h.login.visit = true
	a := h.authorize(form)
	meanwhile()
	return h.send(http.MethodGet, "/oauth2/authorize/continue?"+strings.SplitN(a.header.Get("Location"), "?", 2)[1], "")
}

func TestContinueChecksAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		more      []string
		meanwhile func(*house)
		status    int
		want      string // error at the application, or text on our page
	}{
		"nothing happened": {nil, func(*house) {}, 303, ""},
		"client disabled":  {nil, func(h *house) { h.change("wiki", func(c *idp.Client) { c.Disabled = true }) }, 403, "switched off"},
		"client deleted":   {nil, func(h *house) { _ = h.store.DeleteClient(t.Context(), "wiki", 0) }, 400, "no application"},
		"redirect URI taken away": {nil, func(h *house) {
			h.change("wiki", func(c *idp.Client) { c.RedirectURIs = []string{"https://new.example/"} })
		}, 400, "not registered"},
		"person disabled":                {nil, func(h *house) { h.people.set(anna, idp.Disabled) }, 303, "access_denied"},
		"person gone":                    {nil, func(h *house) { h.people.set(anna, idp.Gone) }, 303, "access_denied"},
		"directory down":                 {nil, func(h *house) { h.people.down = idp.ErrUnavailable }, 303, "temporarily_unavailable"},
		"signed out":                     {nil, func(h *house) { h.login.joining = idp.ErrNotFound }, 303, "login_required"},
		"grant not on record":            {nil, func(h *house) { h.grants.broken = errors.New("disk full") }, 303, "server_error"},
		"prompt=login, old sign-in":      {[]string{"prompt", "login"}, func(*house) {}, 303, "login_required"},
		"max_age=0, old sign-in":         {[]string{"max_age", "0"}, func(*house) {}, 303, "login_required"},
		"max_age=30, older sign-in":      {[]string{"max_age", "30"}, func(*house) {}, 303, "login_required"},
		"max_age=60, just young enough":  {[]string{"max_age", "60"}, func(*house) {}, 303, ""},
		"required claim without a value": {nil, func(h *house) { h.change("wiki", requires("cost_centre")) }, 303, "access_denied"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.client("wiki", nil)
			a := h.continued(request("wiki", c.more...), func() { c.meanwhile(h) })
			if a.status != c.status {
				t.Fatalf("got %d %s", a.status, a.body)
			}
			if c.status != 303 {
				if !strings.Contains(a.body, c.want) {
					t.Errorf("page does not say %q", c.want)
				}
				return
			}
			if got := a.params(t); got.Get("error") != c.want || (got.Get("code") == "") != (c.want != "") {
				t.Errorf("got %v", got)
			}
		})
	}
}

func requires(attribute string) func(*idp.Client) {
	return func(c *idp.Client) {
		c.ClaimsMapping = []idp.Mapping{{Name: attribute, From: attribute, Required: true}}
	}
}

func TestContinueWithoutAFlow(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	a := h.send(http.MethodGet, "/oauth2/authorize/continue?flow=unknown", "")
	if a.status != http.StatusGone || !strings.Contains(a.body, "This sign-in is over.") {
		t.Errorf("got %d %s", a.status, a.body)
	}
}

func TestLoginFaultsGoToTheApplication(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	h.login.err = idp.ErrUnavailable
	if got := h.authorize(request("wiki")).params(t).Get("error"); got != "temporarily_unavailable" {
		t.Errorf("got %q", got)
	}
}

func TestOnlyAgreedScopesAreGranted(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	h.login.answer.Scopes = []string{"openid", "groups"} // groups was not asked for
	if got := h.signIn(t, "wiki", "scope", "openid email")["scope"]; got != "openid" {
		t.Errorf("got %q", got)
	}
}

func TestAGrantIsOnRecordAndJoinsTheSession(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	h.code(t, "wiki", "scope", "openid email")
	if len(h.login.joined) != 1 || h.login.joined[0] != (idp.SessionApp{Protocol: "oidc", App: "wiki", At: h.now()}) {
		t.Errorf("joined %+v", h.login.joined)
	}
	e := h.events.all[0]
	if e.Name != idp.EventGrantCreated || e.Subject != anna || e.App != "wiki" || e.Detail["scope"] != "openid email" {
		t.Errorf("event %+v", e)
	}
}
