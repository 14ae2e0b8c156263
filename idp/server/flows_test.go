package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"cloudsso/idp/idptest"
	"cloudsso/idp/redis"
	"cloudsso/idp/storetest/redistest"
)

// TestWithoutRedis: what needs Flows fails closed and says so; what needs Records only
// goes on. When Redis is back, empty, people sign in again and nothing else is lost.
func TestWithoutRedis(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	flows, err := redis.Open(t.Context(), "redis://"+own.Addr(), redis.Options{Timeout: time.Second}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { flows.Close() })
	s := idptest.New(t, idptest.Options{Flows: flows})
	s.AddUser(t, ada)
	rp, sp, b := newRelyingParty(t, s), newServiceProvider(t, s), idptest.NewBrowser(t)
	page, verifier := rp.start(b)
	arrived(t, signIn(page, "ada", password).FormWith("consent").Submit("consent-allow"), "arrived")
	token := rp.finish(t, verifier)
	_, verifier = rp.start(b) // this code is exchanged while Redis is gone
	idle := idptest.NewBrowser(t)
	form := idle.Open(s.Issuer+"/login").FormWith("password").Set("username", "ada").Set("password", password)

	own.Stop()
	t.Run("a code is exchanged", func(t *testing.T) { rp.subject(t, rp.finish(t, verifier)) })
	t.Run("a refresh token is renewed", func(t *testing.T) { token = renew(t, rp, token) })
	t.Run("an access token works", func(t *testing.T) { rp.subject(t, token) })
	t.Run("single sign-on answers temporarily_unavailable", func(t *testing.T) {
		rp.start(b)
		if answer := <-rp.answers; answer.Get("error") != "temporarily_unavailable" || answer.Get("code") != "" {
			t.Errorf("the application was told %v", answer)
		}
	})
	t.Run("no assertion without a replay mark", func(t *testing.T) {
		if page := b.Open(sp.front.URL + "/wiki"); page.Status != http.StatusServiceUnavailable || strings.Contains(page.Body, "SAMLResponse") {
			t.Errorf("%d at %s: %s", page.Status, page.URL, page.Text())
		}
	})
	t.Run("no password is tried that cannot be counted", func(t *testing.T) {
		if page := form.Submit("login-submit"); page.Status != http.StatusServiceUnavailable || idle.Cookie(s.Issuer, "cloudsso-session") != "" {
			t.Errorf("%d: %s", page.Status, page.Text())
		}
	})

	if err := own.Restart(); err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); flows.Ping(t.Context()) != nil; time.Sleep(50 * time.Millisecond) {
		if time.Since(began) > 20*time.Second {
			t.Fatal("Redis is back, but the provider does not notice")
		}
	}
	t.Run("an empty Redis signs people out and nothing more", func(t *testing.T) {
		page, verifier := rp.start(b)
		if !page.Has("login-submit") {
			t.Fatalf("the browser is at %s", page.URL)
		}
		arrived(t, signIn(page, "ada", password), "arrived") // the consent is a Record
		rp.subject(t, rp.finish(t, verifier))
		renew(t, rp, token)
	})
}

// renew uses the refresh token, whether or not the access token has expired.
func renew(t *testing.T, rp *relyingParty, token *oauth2.Token) *oauth2.Token {
	t.Helper()
	old := *token
	old.Expiry = time.Now().Add(-time.Hour)
	fresh, err := rp.config.TokenSource(t.Context(), &old).Token()
	if err != nil {
		t.Fatal(err)
	}
	return fresh
}
