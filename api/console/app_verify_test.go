package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/idptest"
)

const (
	verifyWiki = "/admin/apps/wiki/verify"
	verifyCRM  = "/admin/apps/crm/verify"
)

// atLogin begins a test of an app as the admin themself, and ends at the login.
func (w *world) atLogin(b *idptest.Browser, path, app string) *idptest.Page {
	w.t.Helper()
	p := b.Open(w.Issuer + path)
	at(w.t, p, http.StatusOK, path, "Nothing reaches the application")
	p = p.Form(0).Submit("Sign in for a test")
	at(w.t, p, http.StatusOK, "/login", app)
	return p
}

func (w *world) passes(p *idptest.Page, username string) *idptest.Page {
	w.t.Helper()
	return p.FormWith("password").Set("username", username).Set("password", password).Submit("login-submit")
}

func TestAnAdminTestsAnAppAsThemself(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	_, err := w.Owner.CreateTokenApp(t.Context(), api.NewTokenApp{App: "desk", TokenAppSettings: api.TokenAppSettings{
		Name: "Desk", TokenAppPolicy: idp.TokenAppPolicy{ReturnURL: "https://desk.example/in", Claims: []idp.Mapping{{Name: "name", From: "username"}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ person, path, app, want string }{
		{"olga", "/admin/apps/desk/verify", "Desk", "Received: token"},
		{"olga", verifyWiki, "Wiki", "Received: id_token"},
		{"anton", verifyWiki, "Wiki", "Received: userinfo"},
		{"rita", verifyCRM, "Customers", "Received: response"},
		{"bella", verifyCRM, "Customers", "NameID format"},
	} {
		b, _ := w.as(c.person, "/admin")
		p := w.passes(w.atLogin(b, c.path, c.app), c.person)
		if p.Status != http.StatusOK || !strings.HasPrefix(p.URL.Path, c.path+"/") || !strings.Contains(p.Text(), c.want) || !strings.HasPrefix(p.TextOf("verdict"), "passed Every check passed.") {
			t.Fatalf("%s: %d at %s\n%s", c.person, p.Status, p.URL, p.Text())
		}
		if strings.Contains(p.Body, "<script") || strings.Contains(p.Body, "style=") {
			t.Error("script or style in the page")
		}
		at(t, b.Open(p.URL.String()), http.StatusOK, p.URL.Path, c.want) // a reload shows it again
	}
	events, err := w.Records.Events(t.Context(), idp.EventFilter{Name: idp.EventAppVerified, App: "crm"}, idp.Page{Limit: 10})
	if err != nil || len(events) != 2 || events[0].Actor != "person:"+events[0].Subject || events[0].Support == "" {
		t.Errorf("events %v, %v", events, err)
	}
}

func TestATestAsSomebodyElse(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	w.hire("ada", "")
	b, _ := w.as("olga", "/admin")
	p := b.Open(w.Issuer+verifyWiki).FormWith("user").Set("user", "nobody").Submit("Test as this person")
	at(t, p, http.StatusUnprocessableEntity, verifyWiki, "No directory knows this person")
	if p.Attr("f-user", "value") != "nobody" || p.Attr("f-user", "aria-invalid") != "true" {
		t.Error("the form does not come back with its fault")
	}
	p = p.FormWith("user").Set("user", "ada").Submit("Test as this person")
	if !strings.HasPrefix(p.TextOf("verdict"), "passed") || !strings.Contains(p.Text(), "ada") {
		t.Fatal(p.Text())
	}
	anton, _ := w.as("anton", "/admin")
	if anton.Open(w.Issuer + verifyWiki).Has("f-user") {
		t.Error("an app admin is offered to test as others")
	}
	// Attack: an app admin opens what another admin has seen of somebody.
	at(t, anton.Open(p.URL.String()), http.StatusNotFound, p.URL.Path, "There is no test of this app with this support code")
	// Attack: the result of one app under the address of another.
	at(t, b.Open(w.Issuer+strings.Replace(p.URL.Path, "wiki", "crm", 1)), http.StatusNotFound, strings.Replace(p.URL.Path, "wiki", "crm", 1), "There is no test of this app")
	w.Clock.Advance(24 * time.Hour)
	b, _ = w.as("olga", "/admin")
	at(t, b.Open(p.URL.String()), http.StatusNotFound, p.URL.Path, "its result has expired")
}

func TestACancelledTestTestsNothing(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	b, _ := w.as("olga", "/admin")
	at(t, w.atLogin(b, verifyWiki, "Wiki").FormWith("password").Submit("login-cancel"), http.StatusOK, verifyWiki, "The sign-in was cancelled. Nothing was tested.")
}

func TestATestThatFailsSaysWhatToDo(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	if _, err := w.Owner.PatchClient(t.Context(), "wiki", []byte(`{"assigned":{"users":["anton"]}}`), ""); err != nil {
		t.Fatal(err)
	}
	b, _ := w.as("olga", "/admin")
	p := w.passes(w.atLogin(b, verifyWiki, "Wiki"), "olga") // the gate of the real login
	at(t, p, http.StatusForbidden, "/login", "Wiki")
	p = p.FormWith("flow").Submit("")
	if !strings.HasPrefix(p.TextOf("verdict"), "failed") || !strings.Contains(p.Text(), "Assign the person or one of their groups to the application") {
		t.Fatal(p.Text())
	}
	events, err := w.Records.Events(t.Context(), idp.EventFilter{Name: idp.EventAppVerifyFailed, App: "wiki"}, idp.Page{Limit: 10})
	if err != nil || len(events) != 1 || events[0].Detail["failed"] != "Assignment" {
		t.Errorf("events %v, %v", events, err)
	}
}

// halting is a network on which one address does not answer.
type halting struct {
	http.RoundTripper
	path string
}

func (h halting) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == h.path {
		return &http.Response{StatusCode: http.StatusNoContent, Header: http.Header{}, Body: http.NoBody}, nil
	}
	return h.RoundTripper.RoundTrip(r)
}

// pending begins a test and signs in by hand up to the address that goes on with it, which is not opened.
func (w *world) pending(b *idptest.Browser, path, app, username string) (continues string) {
	w.t.Helper()
	p := w.atLogin(b, path, app)
	flow := p.FormWith("password").Value("flow")
	real := b.Transport
	b.Transport = halting{real, path + "/continue"}
	w.passes(p, username)
	b.Transport = real
	return w.Issuer + path + "/continue?" + url.Values{"flow": {flow}}.Encode()
}

// Attack: the address that goes on with a test is opened by somebody without an admin session.
func TestATestGoesOnForNobodyElse(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	w.hire("paul", "")
	b, _ := w.as("olga", "/admin")
	address := w.pending(b, verifyWiki, "Wiki", "olga")
	at(t, idptest.NewBrowser(t).Open(address), http.StatusOK, "/login", "Sign in")
	paul, _ := w.as("paul", "/admin")
	at(t, paul.Open(address), http.StatusForbidden, "/admin/apps/wiki/verify/continue", "This account is not an administrator's.")
	// Another admin, and an app admin of another app.
	rita, _ := w.as("rita", "/admin")
	at(t, rita.Open(address), http.StatusForbidden, "/admin/apps/wiki/verify/continue", "another browser")
	bella, _ := w.as("bella", "/admin")
	at(t, bella.Open(address), http.StatusNotFound, "/admin/apps/wiki/verify/continue", `There is no app "wiki".`)
	// It still works for whom it is meant, once.
	p := b.Open(address)
	if !strings.HasPrefix(p.TextOf("verdict"), "passed") {
		t.Fatal(p.Text())
	}
	if again := b.Open(address); again.Status == http.StatusOK {
		t.Errorf("it works twice: %s", again.Text())
	}
}

// Attack: the flow of a test is held up to the endpoints that answer applications, and the flow of a real
// sign-in to the test.
func TestATestCannotBeTurnedIntoASignIn(t *testing.T) {
	t.Parallel()
	w, client, _ := shop(t)
	b, _ := w.as("olga", "/admin")
	for _, path := range []string{"/oauth2/authorize/continue", "/saml/sso/continue", "/admin/continue", "/device/continue"} {
		address := w.pending(b, verifyWiki, "Wiki", "olga")
		flow := address[strings.Index(address, "?"):]
		p := b.Open(w.Issuer + path + flow)
		if p.Status < http.StatusBadRequest || strings.Contains(p.Body, "code=") || strings.Contains(p.Body, "SAMLResponse") {
			t.Errorf("%s: %d %s", path, p.Status, p.Text())
		}
	}
	real := "/oauth2/authorize?" + url.Values{"client_id": {client.ClientID}, "redirect_uri": {"https://wiki.example/cb"}, "response_type": {"code"}, "prompt": {"login"}, "scope": {"openid"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"}}.Encode()
	flow := b.Open(w.Issuer + real).FormWith("password").Value("flow")
	if p := b.Open(w.Issuer + verifyWiki + "/continue?flow=" + flow); p.Status < http.StatusBadRequest {
		t.Errorf("a real flow: %d %s", p.Status, p.Text())
	}
}

// Attack: another site posts the form of the test in the admin's browser; or the form is sent long after
// the admin has last proved who they are.
func TestATestNeedsTheFormAndAFreshSignIn(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	b, _ := w.as("olga", "/admin")
	p := b.Open(w.Issuer + verifyWiki)
	if forged := p.Form(0).Set("token", "forged").Submit(""); forged.Status != http.StatusForbidden || !strings.Contains(forged.Text(), "out of date") {
		t.Errorf("%d %s", forged.Status, forged.Text())
	}
	w.Clock.Advance(16 * time.Minute)
	at(t, p.Form(0).Submit(""), http.StatusOK, "/login", "Sign in")
}

// Attack: an app admin tests the app of another, or their own with the data of others.
func TestAnAppAdminTestsOwnAppsAsThemselfOnly(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	bella, _ := w.as("bella", "/admin")
	at(t, bella.Open(w.Issuer+verifyWiki), http.StatusNotFound, verifyWiki, `There is no app "wiki".`)
	p := bella.Open(w.Issuer+verifyCRM).Form(0).Set("as", "other").Submit("")
	at(t, p, http.StatusUnprocessableEntity, verifyCRM, "No directory knows this person")
	hans, _ := w.as("hans", "/admin")
	at(t, hans.Open(w.Issuer+verifyWiki), http.StatusForbidden, verifyWiki, "The role help_desk does not allow that.")
}

// A test leaves nothing that a person or an app would notice.
func TestATestLeavesNoConsentGrantOrSession(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	subject := w.hire("otto", api.RoleOwner)
	b, _ := w.as("otto", "/admin")
	if p := w.passes(w.atLogin(b, verifyWiki, "Wiki"), "otto"); !strings.HasPrefix(p.TextOf("verdict"), "passed") {
		t.Fatal(p.Text())
	}
	if c, err := w.Records.Consents(t.Context(), subject); err != nil || len(c) != 0 {
		t.Errorf("consents %v, %v", c, err)
	}
	if g, err := w.Records.Grants(t.Context(), idp.GrantFilter{Subject: subject}, idp.Page{Limit: 10}); err != nil || len(g) != 0 {
		t.Errorf("grants %v, %v", g, err)
	}
	sessions, err := w.Flows.SessionsOf(t.Context(), subject)
	if err != nil || len(sessions) != 1 || len(sessions[0].Apps) != 0 {
		t.Errorf("sessions %v, %v", sessions, err)
	}
	for _, name := range []string{idp.EventGrantCreated, idp.EventSAMLIssued, idp.EventConsentGiven, idp.EventGrantRevoked} {
		if events, err := w.Records.Events(t.Context(), idp.EventFilter{Name: name}, idp.Page{Limit: 10}); err != nil || len(events) != 0 {
			t.Errorf("%s: %v, %v", name, events, err)
		}
	}
}
