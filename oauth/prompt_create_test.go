package oauth_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"cloudsso/idp/config"
	"cloudsso/idp/idptest"
)

// Where people can make an account, prompt=create takes them there, with the way back to
// the sign-in that they left (Initiating User Registration §4.1).
func TestPromptCreate(t *testing.T) {
	t.Parallel()
	office := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`<html><body><h1 id="office">Register</h1></body></html>`))
	}))
	t.Cleanup(office.Close)
	p := newProduct(t, idptest.Options{Config: func(c *config.Config) { c.SignUpURL = office.URL + "/register?lang=en" }})
	rp := newRelyingParty(t, p, nil)

	if found := rp.Open(rp.Issuer + "/.well-known/openid-configuration"); !strings.Contains(found.Body, `"select_account","create"]`) {
		t.Errorf("discovery: %s", found.Body)
	}

	link := rp.Open(rp.address())
	wantPage(t, link, "login-submit")
	wantPage(t, link, "signup")

	rp.tokens() // a session does not do: the person asked for another account
	page := rp.Open(rp.address("prompt", "create"))
	wantPage(t, page, "office")
	if page.URL.Query().Get("lang") != "en" {
		t.Fatalf("sent to %s", page.URL)
	}
	back := page.URL.Query().Get("return_to")
	if !strings.HasPrefix(back, rp.Issuer+"/login?") {
		t.Fatalf("return_to is %q", back)
	}
	page = rp.Open(back)
	wantPage(t, page, "login-submit")
	page = page.FormWith("password").Set("username", "ada").Set("password", passphrase).Submit("login-submit")
	if got := rp.answer(page); got.Get("code") == "" {
		t.Errorf("after the registration: %v", got)
	}

	// Attack: the way back in another browser, so that a victim signs in for the attacker.
	if got := newRelyingParty(t, p, nil).Open(back); got.Has("login-submit") {
		t.Error("another browser went on with the sign-in")
	}
	if got := rp.answer(rp.Open(rp.address("prompt", "none create"))); got.Get("error") != "invalid_request" {
		t.Errorf("none and create: %v", got)
	}
}
