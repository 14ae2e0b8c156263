package server_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/idptest"
)

// tilesOn are the names and addresses of a page of applications, in order.
func tilesOn(t *testing.T, page *idptest.Page) (names []string, links map[string]string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page.Body))
	if err != nil {
		t.Fatal(err)
	}
	links = map[string]string{}
	for n := range root.Descendants() {
		for _, a := range n.Attr {
			if n.Data != "a" || a.Key != "href" || !strings.Contains(a.Val, "/launch/") {
				continue
			}
			for d := range n.Descendants() {
				if d.Data == "strong" {
					names = append(names, d.FirstChild.Data)
					links[d.FirstChild.Data] = a.Val
				}
			}
		}
	}
	return names, links
}

func addTokenApp(t *testing.T, s *idptest.Server, name string, p idp.TokenAppPolicy) string {
	t.Helper()
	if p.ReturnURL == "" {
		p.ReturnURL = "https://" + idp.Slug(name) + ".example/jwt"
	}
	a, err := s.Owner.CreateTokenApp(t.Context(), api.NewTokenApp{TokenAppSettings: api.TokenAppSettings{Name: name, TokenAppPolicy: p}})
	if err != nil {
		t.Fatal(err)
	}
	return a.App
}

func addSP(t *testing.T, s *idptest.Server, name string, p idp.ServiceProviderPolicy) string {
	t.Helper()
	sp, err := s.Owner.ImportServiceProvider(t.Context(), api.NewServiceProvider{
		EntityID: "urn:" + idp.Slug(name), ACS: []api.ACSEndpoint{{Location: "https://" + idp.Slug(name) + ".example/acs"}},
		ServiceProviderSettings: api.ServiceProviderSettings{Name: name, ServiceProviderPolicy: p},
	})
	if err != nil {
		t.Fatal(err)
	}
	return sp.App
}

func TestThePageOfAllApplications(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{Path: "/sso"})
	s.AddUser(t, ada)
	mine, others := &idp.Assignment{Users: []string{"ada"}}, &idp.Assignment{Users: []string{"grace"}}
	client := func(m idp.ClientMetadata) string {
		m.RedirectURIs = []string{"https://app.example/cb"}
		return s.AddClient(t, m).ClientID
	}
	wiki := client(idp.ClientMetadata{ClientName: "Wiki", InitiateLoginURI: "https://app.example/start", Description: "What we know", LogoURI: "https://app.example/logo.png"})
	client(idp.ClientMetadata{ClientName: "By its home", ClientURI: "https://app.example/", Assigned: mine})
	client(idp.ClientMetadata{ClientName: "No way in"})
	client(idp.ClientMetadata{ClientName: "Not hers", ClientURI: "https://app.example/", Assigned: others})
	client(idp.ClientMetadata{ClientName: "Nobody's", ClientURI: "https://app.example/", Assigned: &idp.Assignment{}})
	client(idp.ClientMetadata{ClientName: "Hidden", ClientURI: "https://app.example/", HideFromAppsPage: true})
	client(idp.ClientMetadata{ClientName: "Off", ClientURI: "https://app.example/", Disabled: true})
	addSP(t, s, "Sheet", idp.ServiceProviderPolicy{StartURL: "https://sheet.example/login", Description: "Sheets"})
	addSP(t, s, "Old", idp.ServiceProviderPolicy{AllowIDPInitiated: true})
	addSP(t, s, "Closed", idp.ServiceProviderPolicy{})
	addSP(t, s, "Hidden sheet", idp.ServiceProviderPolicy{StartURL: "https://sheet.example/login", HideFromAppsPage: true})
	addTokenApp(t, s, "community", idp.TokenAppPolicy{})
	addTokenApp(t, s, "Fresh", idp.TokenAppPolicy{NonceParam: "nonce"})
	addTokenApp(t, s, "Forum", idp.TokenAppPolicy{Scheme: idp.SchemeDiscourse, ReturnURL: "https://forum.example/session/sso_login"})
	addTokenApp(t, s, "Hidden token", idp.TokenAppPolicy{HideFromAppsPage: true})
	addTokenApp(t, s, "Token of others", idp.TokenAppPolicy{Assigned: others})

	b := idptest.NewBrowser(t)
	page := b.Open(s.Issuer + "/apps")
	if !page.Has("login-submit") {
		t.Fatalf("somebody who is not signed in: %d %s", page.Status, page.Text())
	}
	page = signIn(page, "ada", password)
	if page.URL.String() != s.Issuer+"/apps" || page.Title() != "Your applications · Cloud SSO" {
		t.Fatalf("%s %s", page.URL, page.Text())
	}
	names, links := tilesOn(t, page)
	if want := []string{"By its home", "community", "Forum", "Old", "Sheet", "Wiki"}; !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
	if links["Wiki"] != "/sso/launch/"+wiki || !strings.Contains(page.Text(), "What we know") || !strings.Contains(page.Body, `src="https://app.example/logo.png"`) || !strings.Contains(page.Body, `referrerpolicy="no-referrer"`) {
		t.Errorf("%v %s", links, page.Body)
	}
	if csp := page.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || page.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", page.Header)
	}
	if home := b.Open(s.Issuer + "/"); home.Click("Your applications").URL.String() != s.Issuer+"/apps" {
		t.Error("the start page does not lead there")
	}
	if again := b.Open(s.Issuer + "/apps/continue?flow=x"); again.Status < 400 {
		t.Errorf("a flow that is none: %d", again.Status)
	}
}

// Attack: a stranger registers a client that looks like one of the organisation's.
func TestAttackAClientThatRegisteredItselfOnThePageOfAllApplications(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	s.AddUser(t, ada)
	c := s.AddClient(t, idp.ClientMetadata{ClientName: "Payroll", RedirectURIs: []string{"https://evil.example/cb"}, InitiateLoginURI: "https://evil.example/start"})
	record, err := s.Records.Client(t.Context(), c.ClientID)
	if err != nil {
		t.Fatal(err)
	}
	record.RegistrationTokenHash = idp.HashSecret("token")
	if err := s.Records.UpdateClient(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	b := idptest.NewBrowser(t)
	if names, _ := tilesOn(t, signIn(b.Open(s.Issuer+"/apps"), "ada", password)); len(names) != 0 {
		t.Errorf("shown: %q", names)
	}
	if _, err := s.Owner.PatchClient(t.Context(), c.ClientID, json.RawMessage(`{"assigned":{"users":["ada"]}}`), ""); err != nil {
		t.Fatal(err)
	}
	if names, _ := tilesOn(t, b.Open(s.Issuer+"/apps")); !slices.Equal(names, []string{"Payroll"}) {
		t.Errorf("after an administrator assigned it: %q", names)
	}
}

// The safest way that an application has, whatever else it has.
func TestTheOrderOfWaysIntoAnApplication(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	both := s.AddClient(t, idp.ClientMetadata{RedirectURIs: []string{"https://app.example/cb"}, InitiateLoginURI: "https://app.example/start", ClientURI: "https://app.example/"}).ClientID
	sp := addSP(t, s, "Sheet", idp.ServiceProviderPolicy{StartURL: "https://sheet.example/login", AllowIDPInitiated: true})
	unsolicited := addSP(t, s, "Old", idp.ServiceProviderPolicy{AllowIDPInitiated: true})
	closed := addSP(t, s, "Closed", idp.ServiceProviderPolicy{})
	token := addTokenApp(t, s, "Community", idp.TokenAppPolicy{ReturnToParam: "to"})
	started := addTokenApp(t, s, "Started", idp.TokenAppPolicy{StartURL: "https://started.example/login", NonceParam: "nonce"})
	asking := addTokenApp(t, s, "Asking", idp.TokenAppPolicy{NonceParam: "nonce"})
	for app, want := range map[string]string{
		both:                         "https://app.example/start?iss=" + url.QueryEscape(s.Issuer),
		sp:                           "https://sheet.example/login",
		token:                        s.Issuer + "/token/" + token,
		token + "?to=%2Fa%26b&evil=": s.Issuer + "/token/" + token + "?to=%2Fa%26b",
		started:                      "https://started.example/login",
		unsolicited:                  s.Issuer + "/saml/init/" + unsolicited,
	} {
		if to, status, _ := location(t, s, app); to != want || status != http.StatusSeeOther {
			t.Errorf("%s: %d %s, want %s", app, status, to, want)
		}
	}
	for app, name := range map[string]string{closed: "Closed", asking: "Asking"} {
		if to, status, body := location(t, s, app); to != "" || status != http.StatusNotFound || !strings.Contains(body, "Please open "+name+" itself") {
			t.Errorf("%s: %d %s %s", app, status, to, body)
		}
	}
}

// A signed-token app has no sign-out of its own but a link to ours, which leads back to it.
func TestTheSignOutOfASignedTokenAppLeadsBack(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	addTokenApp(t, s, "Community", idp.TokenAppPolicy{PostLogoutRedirectURIs: []string{"https://community.example/bye"}})
	for address, wanted := range map[string]bool{"https://community.example/bye": true, "https://community.example/": false, "https://community.example/bye?x": false} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.Issuer+"/logout?return_to="+url.QueryEscape(address), nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if to := resp.Header.Get("Location"); (to == address) != wanted || (resp.StatusCode == http.StatusBadRequest) == wanted {
			t.Errorf("%s: %d, to %q", address, resp.StatusCode, to)
		}
	}
}
