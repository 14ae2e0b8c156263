package server_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/config"
	"cloudsso/idp/idptest"
)

var all = api.Paging{}

// receipt is the one delivery of an application.
func (p *party) receipt() api.LogoutDelivery {
	p.Helper()
	l, err := p.s.Owner.LogoutDeliveries(p.Context(), p.id, all)
	if err != nil || len(l.Items) != 1 {
		p.Fatalf("%+v %v", l.Items, err)
	}
	return l.Items[0]
}

func (p *party) deliver() {
	p.Helper()
	if err := p.s.Product.DeliverLogouts(p.Context()); err != nil {
		p.Fatal(err)
	}
}

func (p *party) events(name string) int {
	p.Helper()
	found, err := p.s.Records.Events(p.Context(), idp.EventFilter{Name: name, App: p.id}, idp.Page{Limit: 100})
	if err != nil {
		p.Fatal(err)
	}
	return len(found)
}

func TestBackChannelIsTriedAgain(t *testing.T) {
	t.Parallel()
	p, b, token := stay(t, backOnly)
	p.answering(503)
	p.leave(b, token)
	r := p.receipt()
	if r.State != "pending" || r.Attempts != 1 || r.Result != "The client answered with status 503; 200 is expected." || r.NextAt == nil {
		t.Errorf("%+v", r)
	}
	first, _ := p.heard()
	p.deliver()
	if posts, _ := p.heard(); len(posts) != 0 {
		t.Error("it was tried again at once")
	}
	p.answering(200)
	p.s.Clock.Advance(time.Minute)
	p.deliver()
	posts, _ := p.heard()
	if len(posts) != 1 {
		t.Fatalf("%d posts after a minute", len(posts))
	}
	one, two := part(t, first[0].Get("logout_token"), 1), part(t, posts[0].Get("logout_token"), 1)
	if one["jti"] == two["jti"] || two["exp"].(float64) < float64(p.s.Clock.Now().Unix()) {
		t.Errorf("the second token is the first, or too old: %v %v", one, two)
	}
	if r = p.receipt(); r.State != "delivered" || r.Attempts != 2 || r.DoneAt == nil || p.events(idp.EventLogoutDelivered) != 1 {
		t.Errorf("%+v", r)
	}
	p.s.Clock.Advance(2 * time.Hour)
	p.deliver()
	if posts, _ := p.heard(); len(posts) != 0 {
		t.Error("it was sent once more")
	}
}

func TestBackChannelIsGivenUp(t *testing.T) {
	t.Parallel()
	p, b, token := stay(t, backOnly)
	p.answering(400)
	p.leave(b, token)
	for range 100 { // minutes
		p.s.Clock.Advance(time.Minute)
		p.deliver()
	}
	posts, _ := p.heard()
	if r := p.receipt(); len(posts) != 5 || r.State != "failed" || r.Attempts != 5 || !strings.HasPrefix(r.Result, "given up: ") {
		t.Errorf("%d tries: %+v", len(posts), r)
	}
	if p.events(idp.EventLogoutFailed) != 1 || p.events(idp.EventLogoutDelivered) != 0 {
		t.Error("the audit log does not say so, once")
	}
	p.s.Clock.Advance(31 * 24 * time.Hour)
	if _, err := p.s.Records.Sweep(t.Context(), p.s.Clock.Now(), 100); err != nil {
		t.Fatal(err)
	}
	if l, err := p.s.Owner.LogoutDeliveries(t.Context(), "", all); err != nil || len(l.Items) != 0 {
		t.Errorf("after a month: %+v %v", l.Items, err)
	}
}

// A client that was switched off, or has another address by now, is looked at again.
func TestRetriesLookAtTheClientAgain(t *testing.T) {
	t.Parallel()
	p, b, token := stay(t, backOnly)
	p.answering(503)
	p.leave(b, token)
	p.heard()
	if _, err := p.s.Owner.PatchClient(t.Context(), p.id, json.RawMessage(`{"disabled":true}`), ""); err != nil {
		t.Fatal(err)
	}
	p.s.Clock.Advance(time.Minute)
	p.deliver()
	if posts, _ := p.heard(); len(posts) != 0 {
		t.Error("a client that is switched off was told")
	}
	if r := p.receipt(); r.State != "failed" || r.Result != "given up: The client is gone, switched off, or has no back channel any more." {
		t.Errorf("%+v", r)
	}
}

// Attack: a client registers an address inside our network as its back channel.
func TestBackChannelIsGuarded(t *testing.T) {
	t.Parallel()
	p, b, token := stay(t, func(m *idp.ClientMetadata) {
		backOnly(m)
		m.BackchannelLogoutURI = "https://10.0.0.1/internal"
	})
	p.home(p.leave(b, token), "?state=s-1")
	if r := p.receipt(); r.State != "pending" || !strings.Contains(r.Result, "10.0.0.1") {
		t.Errorf("%+v", r)
	}
}

// A client is told long after its tokens and its row would have been forgotten.
func TestAClientIsToldLateInTheSession(t *testing.T) {
	t.Parallel()
	p, b, token := stay(t, backOnly)
	for range 7 {
		p.s.Clock.Advance(90 * time.Minute) // the access token lives an hour
		if !p.live(b) {
			t.Fatal("the session is over")
		}
		if _, err := p.s.Records.Sweep(t.Context(), p.s.Clock.Now(), 1000); err != nil {
			t.Fatal(err)
		}
	}
	p.leave(b, token)
	if posts, _ := p.heard(); len(posts) != 1 {
		t.Errorf("%d posts", len(posts))
	}
}

func TestWhatEndsWithTheSession(t *testing.T) {
	t.Parallel()
	userinfo := func(p *party, token *oauth2.Token) int {
		req, err := http.NewRequestWithContext(p.Context(), http.MethodGet, p.s.Issuer+"/oauth2/userinfo", nil)
		if err != nil {
			p.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token.AccessToken)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			p.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	t.Run("tokens without offline_access", func(t *testing.T) {
		t.Parallel()
		p, b, token := stay(t, neither)
		if status := userinfo(p, token); status != 200 {
			t.Fatalf("before: %d", status)
		}
		p.leave(b, token)
		if status := userinfo(p, token); status != http.StatusUnauthorized {
			t.Errorf("after: %d", status)
		}
	})
	t.Run("not what has offline_access", func(t *testing.T) {
		t.Parallel()
		p, b, token := stay(t, neither, "scope", "openid offline_access")
		p.leave(b, token)
		token.Expiry = time.Unix(1, 0)
		if token.RefreshToken == "" {
			t.Fatal("there is no refresh token")
		}
		if _, err := p.config.TokenSource(t.Context(), token).Token(); err != nil {
			t.Error(err)
		}
	})
	t.Run("a code that was not used yet", func(t *testing.T) {
		t.Parallel()
		p, b, token := stay(t, neither)
		_, verifier := p.ask(b, "scope", "openid offline_access")
		p.leave(b, token)
		if _, err := p.config.Exchange(t.Context(), p.answer().Get("code"), oauth2.VerifierOption(verifier)); err == nil || !strings.Contains(err.Error(), "invalid_grant") {
			t.Errorf("%v", err)
		}
	})
}

func TestAdminsSignOutsReachApplications(t *testing.T) {
	t.Parallel()
	for name, act := range map[string]func(p *party, user, sid string) error{
		"a session is deleted": func(p *party, user, sid string) error { return p.s.Owner.DeleteSession(p.Context(), user, sid) },
		"a user is disabled": func(p *party, user, _ string) error {
			_, err := p.s.Owner.PatchUser(p.Context(), user, json.RawMessage(`{"disabled":true}`), "")
			return err
		},
		"a password is changed": func(p *party, user, _ string) error {
			_, err := p.s.Owner.PatchUser(p.Context(), user, json.RawMessage(`{"password":"another horse battery"}`), "")
			return err
		},
		"a user is deleted": func(p *party, user, _ string) error { return p.s.Owner.DeleteUser(p.Context(), user, "") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := idptest.New(t, idptest.Options{})
			user := s.AddUser(t, ada)
			p, b := newParty(t, s, "Wiki", backOnly), idptest.NewBrowser(t)
			claims := part(t, idToken(p.signIn(b, "scope", "openid offline_access")), 1)
			sid, _ := claims["sid"].(string)
			if err := act(p, user.ID, sid); err != nil {
				t.Fatal(err)
			}
			p.deliver()
			posts, _ := p.heard()
			if len(posts) != 1 {
				t.Fatalf("%d posts", len(posts))
			}
			if got := part(t, posts[0].Get("logout_token"), 1); got["sub"] != claims["sub"] || got["sid"] != sid {
				t.Errorf("%v", got)
			}
			if p.live(b) {
				t.Error("the session lives")
			}
		})
	}
}

// The session here is long over, the application's is not.
func TestADisabledPersonIsSignedOutOfOldSessions(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	user := s.AddUser(t, ada)
	p, b := newParty(t, s, "Wiki", backOnly), idptest.NewBrowser(t)
	p.signIn(b, "scope", "openid offline_access")
	s.Clock.Advance(13 * time.Hour)
	if _, err := s.Owner.PatchUser(t.Context(), user.ID, json.RawMessage(`{"disabled":true}`), ""); err != nil {
		t.Fatal(err)
	}
	p.deliver()
	if posts, _ := p.heard(); len(posts) != 1 {
		t.Errorf("%d posts", len(posts))
	}
}

// Another person takes the browser over: the first one's applications are told.
func TestAnotherPersonTakesTheBrowserOver(t *testing.T) {
	t.Parallel()
	p, b, _ := stay(t, backOnly)
	grace := ada
	grace.Username, grace.Email = "grace", "grace@example.com"
	p.s.AddUser(t, grace)
	before := b.Cookie(p.s.Issuer, "cloudsso-state")
	page, _ := p.ask(b, "prompt", "login")
	arrived(t, signIn(page, "grace", password), "arrived")
	if posts, _ := p.heard(); len(posts) != 1 {
		t.Errorf("%d posts", len(posts))
	}
	if b.Cookie(p.s.Issuer, "cloudsso-state") == before {
		t.Error("the browser state is the same")
	}
}

func TestPlainSignOutAddress(t *testing.T) {
	t.Parallel()
	var goodbye string
	s := idptest.New(t, idptest.Options{Config: func(c *config.Config) { c.Logout.ReturnURLs = []string{c.Issuer + "/assets/goodbye"} }})
	goodbye = s.Issuer + "/assets/goodbye"
	s.AddUser(t, ada)
	p := newParty(t, s, "Wiki", neither)
	bye := p.front.URL + "/bye"
	at := func(pairs ...string) string {
		q := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			q.Add(pairs[i], pairs[i+1])
		}
		return s.Issuer + "/logout?" + q.Encode()
	}
	for name, c := range map[string]struct{ link, want string }{
		"an address of the configuration": {at("return_to", goodbye), goodbye},
		"one of a client":                 {at("return_to", bye), bye},
		"by its other name":               {at("post_logout_redirect_uri", bye), bye},
	} {
		t.Run(name, func(t *testing.T) {
			b := idptest.NewBrowser(t)
			if page := b.Open(c.link); page.URL.String() != c.want {
				t.Errorf("without a session the browser is at %s", page.URL)
			}
			p.signIn(b)
			page := b.Open(c.link)
			// Attack: a link on another site that signs people out.
			if !page.Has("logout-confirm") || !p.live(b) {
				t.Fatalf("nobody was asked: %s", page.URL)
			}
			if page = page.Form(0).Submit("logout-confirm"); page.URL.String() != c.want || p.live(b) {
				t.Errorf("the browser is at %s", page.URL)
			}
		})
	}
	if _, err := s.Owner.CreateClient(t.Context(), api.NewClient{ClientMetadata: idp.ClientMetadata{
		RedirectURIs: []string{"https://off.example/cb"}, PostLogoutRedirectURIs: []string{"https://off.example/bye"}, Disabled: true,
	}}); err != nil {
		t.Fatal(err)
	}
	for name, link := range map[string]string{
		"a stranger's address":             at("return_to", "https://evil.example/"),
		"one with more than is registered": at("return_to", bye+"?x=y"),
		"a relative one":                   at("return_to", "//evil.example/"),
		"script":                           at("return_to", "javascript:alert(1)"),
		"a client that is switched off":    at("return_to", "https://off.example/bye"),
		"two":                              at("return_to", bye, "return_to", goodbye),
		"one of each":                      at("return_to", bye, "post_logout_redirect_uri", goodbye),
	} {
		t.Run("refused: "+name, func(t *testing.T) {
			b := idptest.NewBrowser(t)
			for _, session := range []bool{false, true} {
				if session {
					p.signIn(b)
				}
				page := b.Open(link)
				if page.Status != http.StatusBadRequest || page.Title() != "This sign-out link is not allowed · Cloud SSO" || strings.Contains(page.Body, "evil.example") {
					t.Errorf("%d at %s: %s", page.Status, page.URL, page.Text())
				}
			}
			if !p.live(b) {
				t.Error("signed out")
			}
		})
	}
}

func TestLogoutReceiptsOverHTTP(t *testing.T) {
	t.Parallel()
	p, b, token := stay(t, backOnly)
	p.leave(b, token)
	made, err := p.s.Owner.CreateToken(t.Context(), api.NewToken{Role: api.RoleOwner, ExpiresIn: 3600})
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]int{"": 1, "?app=" + p.id: 1, "?app=another": 0} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.s.Issuer+"/api/v1/logout-deliveries"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+made.Secret)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var l api.List[api.LogoutDelivery]
		if err := json.NewDecoder(resp.Body).Decode(&l); err != nil || len(l.Items) != want || resp.StatusCode != 200 {
			t.Errorf("%q: %d %+v %v", query, resp.StatusCode, l, err)
		}
		resp.Body.Close()
	}
}

// Without a code there is no exchange: the ID token in the address told the client of the
// session, and an hour later the client still hears of its end.
func TestAClientOfTheFrontChannelIsTold(t *testing.T) {
	t.Parallel()
	p, b, _ := stay(t, neither)
	spa := newParty(t, p.s, "SPA", func(m *idp.ClientMetadata) {
		backOnly(m)
		m.AllowImplicit, m.GrantTypes, m.ResponseTypes = true, []string{"authorization_code", "implicit"}, []string{"id_token"}
	})
	page, _ := spa.ask(b, "response_type", "id_token", "nonce", "n-1")
	answer, err := url.ParseQuery(page.URL.Fragment)
	if err != nil || answer.Get("id_token") == "" || answer.Get("session_state") == "" {
		t.Fatalf("the application got %v", page.URL)
	}
	p.s.Clock.Advance(90 * time.Minute)
	if _, err := p.s.Records.Sweep(t.Context(), p.s.Clock.Now(), 1000); err != nil {
		t.Fatal(err)
	}
	p.out(b).Form(0).Submit("logout-confirm")
	posts, _ := spa.heard()
	if len(posts) != 1 || part(t, posts[0].Get("logout_token"), 1)["sid"] != part(t, answer.Get("id_token"), 1)["sid"] {
		t.Errorf("the back channel got %v", posts)
	}
}
