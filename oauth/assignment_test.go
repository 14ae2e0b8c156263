package oauth_test

import (
	"net/url"
	"testing"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/idptest"
)

const unassigned = "The person is not assigned to this application."

// assign changes who may use a client.
func (p product) assign(c api.Client, assigned string) {
	p.t.Helper()
	for _, doc := range []string{`null`, assigned} { // a merge patch would add to what was there
		if _, err := p.Owner.PatchClient(p.t.Context(), c.ClientID, []byte(`{"assigned":`+doc+`}`), ""); err != nil {
			p.t.Fatal(err)
		}
	}
}

func (p product) events(name string, c api.Client) []idp.Event {
	p.t.Helper()
	found, err := p.Records.Events(p.t.Context(), idp.EventFilter{Name: name, App: c.ClientID}, idp.Page{Limit: 10})
	if err != nil {
		p.t.Fatal(err)
	}
	return found
}

func (p product) refreshes(c api.Client, token any) answer {
	p.t.Helper()
	return p.post("/oauth2/token", c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token.(string)}})
}

func TestPasswordGrantsOfTheUnassigned(t *testing.T) {
	t.Parallel()
	p := newProduct(t, idptest.Options{})
	app := p.AddClient(t, passwordClient(func(m *idp.ClientMetadata) { m.Assigned = &idp.Assignment{Users: []string{"grace"}} }))
	wantError(t, p.post("/oauth2/token", app, credentials()), 400, "invalid_grant", unassigned)
	if e := p.events(idp.EventAccessDenied, app); len(e) != 1 || e[0].Subject == "" || e[0].Detail["grant_type"] != "password" {
		t.Errorf("events %+v", e)
	}
	if made := p.events(idp.EventGrantCreated, app); len(made) != 0 {
		t.Errorf("a grant was made: %+v", made)
	}
	for _, assigned := range []string{`{"users":["ADA"]}`, `{"groups":["Engineering"],"users":["grace"]}`, `null`} {
		p.assign(app, assigned)
		if a := p.post("/oauth2/token", app, credentials()); a.status != 200 {
			t.Errorf("%s: %s", assigned, a.body)
		}
	}
}

// A change of the lists counts from the next question on.
func TestTokensOfTheUnassigned(t *testing.T) {
	t.Parallel()
	p := newProduct(t, idptest.Options{})
	app := p.AddClient(t, passwordClient(func(m *idp.ClientMetadata) { m.Assigned = &idp.Assignment{Groups: []string{"ENGINEERING"}} }))
	got := p.post("/oauth2/token", app, credentials("scope", "openid offline_access")).json(t)
	access := got["access_token"].(string)
	active := func() any {
		return p.post("/oauth2/introspect", app, url.Values{"token": {access}}).json(t)["active"]
	}
	if a := p.get("/oauth2/userinfo", access); a.status != 200 || active() != true {
		t.Fatalf("before: %s", a.body)
	}
	again := p.refreshes(app, got["refresh_token"]).json(t)

	p.assign(app, `{"groups":["sales"]}`)
	wantError(t, p.get("/oauth2/userinfo", access), 401, "invalid_token", "The access token is not valid, has expired or was revoked.")
	if active() != false {
		t.Error("introspection calls the token active")
	}
	p.assign(app, `{"groups":["engineering"]}`)
	if a := p.get("/oauth2/userinfo", access); a.status != 200 || active() != true {
		t.Errorf("who is assigned again before the next refresh lost something: %s", a.body)
	}

	p.assign(app, `{}`)
	wantError(t, p.refreshes(app, again["refresh_token"]), 400, "invalid_grant", unassigned)
	if e := p.events(idp.EventRefreshDenied, app); len(e) != 1 || e[0].Subject == "" || e[0].Detail["reason"] != "user_unassigned" {
		t.Errorf("events %+v", e)
	}
	p.assign(app, `null`)
	wantError(t, p.refreshes(app, again["refresh_token"]), 400, "invalid_grant", revoked)
	if a := p.get("/oauth2/userinfo", access); a.status != 401 {
		t.Errorf("the family is not revoked: %s", a.body)
	}
}

func TestDevicesOfTheUnassigned(t *testing.T) {
	t.Parallel()
	p := newProduct(t, idptest.Options{})
	tv := p.AddClient(t, deviceClient(func(m *idp.ClientMetadata) { m.Assigned = &idp.Assignment{} }))
	codes := p.startDevice(tv)
	page := idptest.NewBrowser(t).Open(codes["verification_uri_complete"].(string)).FormWith("confirm").Submit("device-confirm")
	page = page.FormWith("password").Set("username", "ada").Set("password", passphrase).Submit("login-submit")
	if page.Status != 403 || page.Title() != "You have no access to Living-room TV · Cloud SSO" || page.Has("consent-allow") {
		t.Fatalf("%d %s", page.Status, page.Text())
	}
	page.FormWith("back").Submit("noaccess-back")
	wantError(t, p.poll(tv, codes), 400, "access_denied", "The person did not agree.")

	// Between the person's yes and the device's next question.
	p.assign(tv, `{"users":["ada"]}`)
	codes = p.startDevice(tv)
	p.approve(idptest.NewBrowser(t), codes)
	p.assign(tv, `{"users":["grace"]}`)
	wantError(t, p.poll(tv, codes), 400, "invalid_grant", unassigned)
	if e := p.events(idp.EventAccessDenied, tv); len(e) != 2 {
		t.Errorf("events %+v", e)
	}
}

// Between the sign-in and the exchange of its code, and between the sign-in and the code.
func TestCodesOfTheUnassigned(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", func(c *idp.Client) { c.Assigned = &idp.Assignment{Groups: []string{"Admins"}} })
	code := h.code(t, "wiki")
	h.change("wiki", func(c *idp.Client) { c.Assigned = &idp.Assignment{Groups: []string{"owners"}} })
	wantError(t, h.token("wiki", exchangeForm(code)), 400, "invalid_grant", unassigned)
	h.wantEvent(t, idp.EventAccessDenied)
	got := h.authorize(request("wiki")).params(t)
	if got.Get("error") != "access_denied" || got.Get("error_description") != unassigned || got.Has("code") {
		t.Errorf("got %v", got)
	}
}

// A client's own tokens are nobody's.
func TestAssignmentsDoNotConcernClientCredentials(t *testing.T) {
	t.Parallel()
	p := newProduct(t, idptest.Options{})
	machine := p.AddClient(t, idp.ClientMetadata{GrantTypes: []string{"client_credentials"}, Scope: "mail.read", Assigned: &idp.Assignment{}})
	a := p.post("/oauth2/token", machine, url.Values{"grant_type": {"client_credentials"}})
	if a.status != 200 || p.post("/oauth2/introspect", machine, url.Values{"token": {a.json(t)["access_token"].(string)}}).json(t)["active"] != true {
		t.Errorf("got %d %s", a.status, a.body)
	}
}
