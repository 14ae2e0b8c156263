package oauth_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"cloudsso/idp"
)

func (h *house) push(clientID string, form url.Values) answer {
	return h.send(http.MethodPost, "/oauth2/par", form.Encode(), basic(clientID)...)
}

// pushed is the request_uri of the usual request.
func (h *house) pushed(t testing.TB, clientID string, more ...string) string {
	t.Helper()
	a := h.push(clientID, request(clientID, more...))
	if a.status != http.StatusCreated {
		t.Fatalf("push: %d %s", a.status, a.body)
	}
	return a.json(t)["request_uri"].(string)
}

func byURI(clientID, uri string, more ...string) url.Values {
	return with(url.Values{"client_id": {clientID}, "request_uri": {uri}}, more...)
}

func TestConformance_S04_PushedRequest(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	a := h.push("wiki", request("wiki"))
	body := a.json(t)
	uri, _ := body["request_uri"].(string)
	if a.status != http.StatusCreated || len(body) != 2 || body["expires_in"] != float64(90) || a.header.Get("Content-Type") != "application/json" || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %d %s %v", a.status, a.body, a.header)
	}
	if rest, ok := strings.CutPrefix(uri, "urn:ietf:params:oauth:request_uri:"); !ok || len(rest) != 43 {
		t.Errorf("S4: %q", uri)
	}
	if another := h.pushed(t, "wiki"); another == uri {
		t.Error("the same again")
	}
	got := h.authorize(byURI("wiki", uri)).params(t)
	if got.Get("code") == "" || got.Get("state") != "a state with 20 chars" {
		t.Fatalf("got %v", got)
	}
	if answer := h.token("wiki", exchangeForm(got.Get("code"))); answer.status != http.StatusOK {
		t.Errorf("exchange: %s", answer.body)
	}
}

func TestConformance_S04_FaultsOfAPush(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	h.client("spa", public)
	const redirect = "The application wants to return to an address that is not registered for it. It must be registered exactly as it is sent in redirect_uri."
	for name, c := range map[string]struct {
		form   url.Values
		client string
		status int
		error  string
		text   string
	}{
		"S9: a request_uri":       {request("wiki", "request_uri", "urn:ietf:params:oauth:request_uri:x"), "wiki", 400, "invalid_request", "The parameter request_uri cannot be pushed: push the parameters themselves, or request."},
		"S11: no challenge":       {request("wiki", "code_challenge", "-", "code_challenge_method", "-"), "wiki", 400, "invalid_request", "The parameter code_challenge is missing: this client must use PKCE (RFC 7636) with code_challenge_method=S256."},
		"S11: plain":              {request("wiki", "code_challenge_method", "plain"), "wiki", 400, "invalid_request", "The code_challenge_method must be S256."},
		"S12: no redirect_uri":    {request("wiki", "redirect_uri", "-"), "wiki", 400, "invalid_request", "The application did not say where to return to: the parameter redirect_uri must be there exactly once."},
		"S12: an unregistered":    {request("wiki", "redirect_uri", "https://evil.example"), "wiki", 400, "invalid_request", redirect},
		"another client's id":     {request("spa"), "wiki", 401, "invalid_client", "The client_id in the body is not the one in the Authorization header."},
		"a wrong secret":          {with(request("wiki"), "client_secret", "wrong"), "", 401, "invalid_client", notAuthenticatedText},
		"no secret":               {request("wiki"), "", 401, "invalid_client", notAuthenticatedText},
		"a prompt nobody knows":   {request("wiki", "prompt", "dance"), "wiki", 400, "invalid_request", "The parameter prompt has a value that is not supported: use none, login, consent, select_account."},
		"a hint that is no token": {request("wiki", "id_token_hint", "x"), "wiki", 400, "invalid_request", "The id_token_hint is not an ID token that this provider issued to this client."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var headers []string
			if c.client != "" {
				headers = basic(c.client)
			}
			wantError(t, h.send(http.MethodPost, "/oauth2/par", c.form.Encode(), headers...), c.status, c.error, c.text)
		})
	}
	wantError(t, h.send(http.MethodGet, "/oauth2/par", ""), 405, "invalid_request", "The pushed authorization request endpoint answers POST only.")
	if a := h.send(http.MethodPut, "/oauth2/par", ""); a.status != 405 || a.header.Get("Allow") != "POST" {
		t.Errorf("S10: %d", a.status)
	}
	wantError(t, h.push("wiki", request("wiki", "x", strings.Repeat("x", 65<<10))), 413, "invalid_request", "The parameters are larger than 64 KiB.")
	h.client("off", func(c *idp.Client) { c.Disabled = true })
	wantError(t, h.push("off", request("off")), 400, "unauthorized_client", "This application has been switched off by an administrator.")
}

const notAuthenticatedText = "The client is not authenticated: the client_id is unknown, the secret is wrong or has expired, or it was not sent by the method that is registered for the client."

func TestAPublicClientPushesToo(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("spa", public)
	a := h.send(http.MethodPost, "/oauth2/par", request("spa").Encode())
	uri, _ := a.json(t)["request_uri"].(string)
	if got := h.authorize(byURI("spa", uri)).params(t); got.Get("code") == "" {
		t.Errorf("got %v, %s", got, a.body)
	}
}

// S5: only a client that must push is held to it.
func TestConformance_S05_RequiredPush(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", func(c *idp.Client) { c.RequirePushedRequests = true })
	h.client("other", nil)
	got := h.authorize(request("wiki")).params(t)
	if got.Get("error") != "invalid_request" || got.Get("error_description") != "This client must push its authorization requests (RFC 9126): send client_id and the request_uri that /oauth2/par answered with." {
		t.Errorf("got %v", got)
	}
	if got := h.authorize(byURI("wiki", h.pushed(t, "wiki"))).params(t); got.Get("code") == "" {
		t.Errorf("pushed: %v", got)
	}
	if got := h.authorize(request("other")).params(t); got.Get("code") == "" {
		t.Errorf("another client: %v", got)
	}
	h.login.visit = true // the same checks once more after the sign-in
	if got := h.goOn(t, h.authorize(byURI("wiki", h.pushed(t, "wiki")))).params(t); got.Get("code") == "" {
		t.Errorf("after a sign-in: %v", got)
	}
}

func TestConformance_S06_NothingOutsideCounts(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	got := h.authorize(byURI("wiki", h.pushed(t, "wiki", "state", "-", "nonce", "-"),
		"state", "evil", "nonce", "evil", "scope", "openid email", "prompt", "none login", "redirect_uri", "https://evil.example")).params(t)
	body := h.token("wiki", exchangeForm(got.Get("code"))).json(t)
	if got.Has("state") || body["scope"] != "openid" || claimsOf(t, body["id_token"])["nonce"] != nil {
		t.Errorf("got %v, then %v", got, body)
	}
}

func TestConformance_S07_AnotherClientsRequest(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	h.client("other", nil)
	uri := h.pushed(t, "wiki")
	a := h.authorize(byURI("other", uri))
	if a.status != http.StatusBadRequest || a.header.Get("Location") != "" || !strings.Contains(a.body, "The request_uri was not pushed by this client.") {
		t.Errorf("got %d %s", a.status, a.body)
	}
	if got := h.authorize(byURI("wiki", uri)).params(t); got.Get("code") == "" {
		t.Errorf("it was used up: %v", got)
	}
}

func TestConformance_S08_ExpiredAndUsed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	old := h.pushed(t, "wiki")
	h.move(91 * time.Second)
	if a := h.authorize(byURI("wiki", old)); a.status != http.StatusBadRequest || a.header.Get("Location") != "" {
		t.Errorf("expired: %d %s", a.status, a.header.Get("Location"))
	}
	uri := h.pushed(t, "wiki")
	h.login.visit = true
	first, second := h.authorize(byURI("wiki", uri)), h.authorize(byURI("wiki", uri))
	h.move(5 * time.Minute) // signing in takes longer than the address lives
	if got := h.goOn(t, first).params(t); got.Get("code") == "" {
		t.Errorf("opened twice before a sign-in: %v", got)
	}
	if got := h.goOn(t, second).params(t); got.Get("error") != "invalid_request" || got.Get("code") != "" {
		t.Errorf("the other tab: %v", got)
	}
	h.login.visit = false
	fresh := h.pushed(t, "wiki")
	h.authorize(byURI("wiki", fresh)).params(t)
	if a := h.authorize(byURI("wiki", fresh)); a.status != http.StatusBadRequest || !strings.Contains(a.body, "has expired or was used") {
		t.Errorf("used up: %d %s", a.status, a.body)
	}
}

// openid-client gives every request object a jti, pushed ones too.
func TestAPushedRequestObjectWithAnIDWorksOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", signs)
	push := func() string {
		a := h.push("wiki", url.Values{"request": {h.object(t, "wiki", "jti", "object-1")}})
		if a.status != http.StatusCreated {
			t.Fatalf("push: %d %s", a.status, a.body)
		}
		return a.json(t)["request_uri"].(string)
	}
	first, second := push(), push()
	if got := h.authorize(byURI("wiki", first)).params(t); got.Get("code") == "" || got.Get("state") != "inner-state" {
		t.Errorf("got %v", got)
	}
	got := h.authorize(byURI("wiki", second)).params(t)
	if got.Get("code") != "" || got.Get("error_description") != "This authorization request has already been answered: the application must make a new one." {
		t.Errorf("the same object, pushed again: %v", got)
	}
	if a := h.authorize(byURI("wiki", first)); a.status != http.StatusBadRequest || !strings.Contains(a.body, "has expired or was used") {
		t.Errorf("the same address again: %d %s", a.status, a.body)
	}
}

// Of many browsers that are sent to one pushed request, one gets an answer.
func TestAPushedRequestIsAnsweredOnceUnderRace(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	for range 10 {
		uri := h.pushed(t, "wiki")
		var codes sync.Map
		var wait sync.WaitGroup
		for i := range 4 {
			wait.Go(func() {
				a := h.authorize(byURI("wiki", uri))
				if u, err := url.Parse(a.header.Get("Location")); err == nil && u.Query().Get("code") != "" {
					codes.Store(i, true)
				}
			})
		}
		wait.Wait()
		n := 0
		codes.Range(func(any, any) bool { n++; return true })
		if n != 1 {
			t.Errorf("%d codes", n)
		}
	}
}

// Attack: secrets of the client in the store of pushed requests (fosite keeps them there).
func TestAPushKeepsNoSecrets(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("post", func(c *idp.Client) { c.TokenEndpointAuthMethod = "client_secret_post" })
	a := h.send(http.MethodPost, "/oauth2/par", with(request("post"), "client_secret", secretOf("post")).Encode())
	uri, _ := a.json(t)["request_uri"].(string)
	id := idp.HashSecret(strings.TrimPrefix(uri, "urn:ietf:params:oauth:request_uri:"))
	ticket, err := h.store.Ticket(t.Context(), "par", id)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(ticket.Data), secretOf("post")) || !strings.Contains(string(ticket.Data), "code_challenge") {
		t.Errorf("kept: %s", ticket.Data)
	}
}
