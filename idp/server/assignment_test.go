package server_test

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/idptest"
)

const notAssigned = "The person is not assigned to this application."

func (rp *relyingParty) assign(t *testing.T, s *idptest.Server, assigned string) {
	t.Helper()
	for _, doc := range []string{`null`, assigned} { // a merge patch would add to what was there
		if _, err := s.Owner.PatchClient(t.Context(), rp.config.ClientID, json.RawMessage(`{"assigned":`+doc+`}`), ""); err != nil {
			t.Fatal(err)
		}
	}
}

// noAccess wants the page, with its Event under the support code.
func noAccess(t *testing.T, s *idptest.Server, page *idptest.Page, name, app, subject string) {
	t.Helper()
	if page.Status != 403 || page.Title() != "You have no access to "+name+" · Cloud SSO" || !strings.Contains(page.Text(), "ask your administrator") {
		t.Fatalf("%s: %d %s", page.URL, page.Status, page.Text())
	}
	found, err := s.Records.Events(t.Context(), idp.EventFilter{Support: page.TextOf("support-code"), Name: idp.EventAccessDenied}, idp.Page{Limit: 10})
	if err != nil || len(found) != 1 || found[0].App != app || found[0].Subject != subject {
		t.Errorf("events %+v, %v", found, err)
	}
}

func subjectIn(t *testing.T, s *idptest.Server, u api.User) string {
	t.Helper()
	subject, err := s.Records.Subject(t.Context(), "local", u.ID, idp.NewID())
	if err != nil {
		t.Fatal(err)
	}
	return subject
}

func TestAClientForSome(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	subject := subjectIn(t, s, s.AddUser(t, ada))
	s.AddUser(t, api.NewUser{Username: "grace", Email: "grace@example.com", Password: password})
	if _, err := s.Owner.CreateGroup(t.Context(), api.NewGroup{Name: "Engineering", Parents: []string{"Staff"}}); err != nil {
		t.Fatal(err)
	}
	rp, b := newRelyingParty(t, s), idptest.NewBrowser(t)
	refused := func(how string) {
		t.Helper()
		select {
		case got := <-rp.answers:
			if got.Get("error") != "access_denied" || got.Get("error_description") != notAssigned || got.Get("state") != "state-1" || got.Has("code") {
				t.Errorf("%s: the application got %v", how, got)
			}
		default:
			t.Errorf("%s: the application got nothing", how)
		}
	}

	rp.assign(t, s, `{}`)
	page, _ := rp.start(b)
	page = signIn(page, "ada", password)
	noAccess(t, s, page, "Wiki", rp.config.ClientID, subject)
	arrived(t, page.FormWith("back").Submit("noaccess-back"), "arrived")
	refused("back")

	for _, assigned := range []string{`{"users":["grace"]}`, `{"groups":["sales"]}`} {
		rp.assign(t, s, assigned)
		page, _ = rp.start(b)
		noAccess(t, s, page, "Wiki", rp.config.ClientID, subject)
	}
	arrived(t, b.Open(rp.config.AuthCodeURL("state-1", oauth2.S256ChallengeOption(oauth2.GenerateVerifier()), oauth2.SetAuthURLParam("prompt", "none"))), "arrived")
	refused("prompt=none")

	// Somebody who was assigned while the page stood there is not sent away.
	rp.assign(t, s, `{"groups":["staff"]}`) // through engineering, in which she is
	if page = page.FormWith("back").Submit("noaccess-back"); !page.Has("consent-allow") {
		t.Fatalf("%d %s", page.Status, page.Text())
	}
	arrived(t, page.FormWith("consent").Submit("consent-allow"), "arrived")
	if got := <-rp.answers; got.Get("code") == "" {
		t.Errorf("the application got %v", got)
	}
	for _, assigned := range []string{`{"groups":["ENGINEERING"]}`, `{"users":["ADA"]}`, `{"users":["` + subject + `"]}`, `null`} {
		rp.assign(t, s, assigned)
		page, verifier := rp.start(b)
		arrived(t, page, "arrived")
		rp.subject(t, rp.finish(t, verifier))
	}

	// Another account may do what this one may not.
	rp.assign(t, s, `{"users":["Grace"]}`)
	page, verifier := rp.start(b)
	page = signIn(page.FormWith("back").Submit("noaccess-another"), "grace", password)
	arrived(t, page.FormWith("consent").Submit("consent-allow"), "arrived")
	rp.finish(t, verifier)
}

// The form of the page is as good as any other: only ours, only for who was shown it.
func TestTrap_TheNoAccessFormOfAStranger(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	s.AddUser(t, ada)
	rp, b := newRelyingParty(t, s), idptest.NewBrowser(t)
	rp.assign(t, s, `{}`)
	page, _ := rp.start(b)
	form := signIn(page, "ada", password).FormWith("back").Set("token", "guessed")
	if page = form.Submit("noaccess-back"); page.Status != 403 || !strings.Contains(page.Text(), "not sent from our page") {
		t.Errorf("%d %s", page.Status, page.Text())
	}
	if len(rp.answers) != 0 {
		t.Error("the application was answered")
	}
}

func TestAServiceProviderForSome(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	subject := subjectIn(t, s, s.AddUser(t, ada))
	sp, b := newServiceProvider(t, s), idptest.NewBrowser(t)
	patch := func(doc string) {
		t.Helper()
		for _, doc := range []string{`{"assigned":null}`, doc} {
			if _, err := s.Owner.PatchServiceProvider(t.Context(), sp.app.App, json.RawMessage(doc), ""); err != nil {
				t.Fatal(err)
			}
		}
	}
	denied := func(page *idptest.Page) {
		t.Helper()
		doc := answerOn(t, page)
		for _, want := range []string{"status:Responder", "status:RequestDenied", notAssigned} {
			if !strings.Contains(doc, want) {
				t.Errorf("no %s in %s", want, doc)
			}
		}
		if strings.Contains(doc, "<saml:Assertion") {
			t.Error("an assertion was issued")
		}
	}
	patch(`{"name":"Wiki","allow_idp_initiated":true,"assigned":{"users":["grace"],"groups":["sales"]}}`)
	page := signIn(b.Open(sp.front.URL+"/wiki"), "ada", password)
	noAccess(t, s, page, "Wiki", sp.app.App, subject)
	denied(page.FormWith("back").Submit("noaccess-back"))
	for _, start := range []string{"/saml/init/" + sp.app.App, "/launch/" + sp.app.App} {
		page = b.Open(s.Issuer + start)
		noAccess(t, s, page, "Wiki", sp.app.App, subject)
		denied(page.FormWith("back").Submit("noaccess-back"))
	}
	for _, assigned := range []string{`{"users":["ADA"]}`, `{"groups":["Engineering"]}`} {
		patch(`{"assigned":` + assigned + `}`)
		if doc := answerOn(t, b.Open(s.Issuer+"/saml/init/"+sp.app.App)); !strings.Contains(doc, "<saml:Assertion") {
			t.Errorf("%s: the application got %s", assigned, doc)
		}
	}
	arrived(t, b.Open(sp.front.URL+"/wiki").Form(0).Submit(""), "ada@example.com")
}

func TestAPassiveRequestOfTheUnassigned(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	subject := subjectIn(t, s, s.AddUser(t, ada))
	app, posted := acsOf(t, s, `,"assigned":{"users":["grace"]}`)
	b := idptest.NewBrowser(t)
	signIn(b.Open(s.Issuer+"/login"), "ada", password)
	doc := `<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_passive" Version="2.0" IsPassive="true" IssueInstant="` +
		s.Clock.Now().Format(time.RFC3339) + `"><saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://wiki.example/saml</saml:Issuer></samlp:AuthnRequest>`
	var raw bytes.Buffer
	w, err := flate.NewWriter(&raw, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = w.Write([]byte(doc)); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	b.Open(s.Issuer + "/saml/sso?SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString(raw.Bytes()))).Form(0).Submit("")
	if !strings.Contains(*posted, "status:RequestDenied") || !strings.Contains(*posted, notAssigned) || strings.Contains(*posted, "<saml:Assertion") {
		t.Errorf("the application got %s", *posted)
	}
	if e := named(t, s, idp.EventAccessDenied); len(e) != 1 || e[0].App != app || e[0].Subject != subject {
		t.Errorf("events %+v", e)
	}
}
