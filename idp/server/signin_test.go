package server_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/crewjam/saml"
	"github.com/crewjam/saml/samlsp"
	"golang.org/x/oauth2"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/idptest"
)

const password = "correct horse battery"

var ada = api.NewUser{
	Username: "ada", Email: "ada@example.com", Password: password, Groups: []string{"engineering"},
	Attributes: map[string]json.RawMessage{"given_name": json.RawMessage(`"Ada"`), "family_name": json.RawMessage(`"Lovelace"`)},
}

// relyingParty is an application on go-oidc and x/oauth2.
type relyingParty struct {
	config   *oauth2.Config
	provider *oidc.Provider
	front    *httptest.Server
	answers  chan url.Values
}

func newRelyingParty(t *testing.T, s *idptest.Server) *relyingParty {
	t.Helper()
	rp := &relyingParty{answers: make(chan url.Values, 16)}
	rp.front = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rp.answers <- r.URL.Query()
		fmt.Fprint(w, "<p id=arrived>arrived</p>")
	}))
	t.Cleanup(rp.front.Close)
	client := s.AddClient(t, idp.ClientMetadata{
		ClientName: "Wiki", RedirectURIs: []string{rp.front.URL + "/callback"},
		GrantTypes: []string{"authorization_code", "refresh_token"}, PostLogoutRedirectURIs: []string{rp.front.URL + "/bye"},
	})
	var err error
	if rp.provider, err = oidc.NewProvider(t.Context(), s.Issuer); err != nil {
		t.Fatal(err)
	}
	rp.config = &oauth2.Config{
		ClientID: client.ClientID, ClientSecret: client.ClientSecret, Endpoint: rp.provider.Endpoint(),
		RedirectURL: rp.front.URL + "/callback", Scopes: []string{"openid", "email", "offline_access"},
	}
	return rp
}

// start opens the authorization endpoint; finish exchanges the code that arrived.
func (rp *relyingParty) start(b *idptest.Browser) (page *idptest.Page, verifier string) {
	verifier = oauth2.GenerateVerifier()
	return b.Open(rp.config.AuthCodeURL("state-1", oauth2.S256ChallengeOption(verifier))), verifier
}

func (rp *relyingParty) finish(t *testing.T, verifier string) *oauth2.Token {
	t.Helper()
	var answer url.Values
	select {
	case answer = <-rp.answers:
	default:
		t.Fatal("no answer arrived at the relying party")
	}
	if answer.Get("state") != "state-1" || answer.Get("code") == "" {
		t.Fatalf("the relying party got %v", answer)
	}
	token, err := rp.config.Exchange(t.Context(), answer.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (rp *relyingParty) subject(t *testing.T, token *oauth2.Token) string {
	t.Helper()
	raw, _ := token.Extra("id_token").(string)
	verified, err := rp.provider.Verifier(&oidc.Config{ClientID: rp.config.ClientID}).Verify(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	info, err := rp.provider.UserInfo(t.Context(), oauth2.StaticTokenSource(token))
	if err != nil {
		t.Fatal(err)
	}
	if info.Subject != verified.Subject {
		t.Fatalf("userinfo speaks of %s, the ID token of %s", info.Subject, verified.Subject)
	}
	return info.Subject
}

// serviceProvider is an application on crewjam samlsp.
type serviceProvider struct {
	front *httptest.Server
	app   api.ServiceProvider
}

func newServiceProvider(t *testing.T, s *idptest.Server) *serviceProvider {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sp, mux := &serviceProvider{}, http.NewServeMux()
	sp.front = httptest.NewServer(mux)
	t.Cleanup(sp.front.Close)
	at, err := url.Parse(s.Issuer + "/saml/metadata")
	if err != nil {
		t.Fatal(err)
	}
	metadata, err := samlsp.FetchMetadata(t.Context(), http.DefaultClient, *at)
	if err != nil {
		t.Fatal(err)
	}
	root, err := url.Parse(sp.front.URL)
	if err != nil {
		t.Fatal(err)
	}
	m, err := samlsp.New(samlsp.Options{URL: *root, Key: key, IDPMetadata: metadata, CookieSameSite: http.SameSiteNoneMode})
	if err != nil {
		t.Fatal(err)
	}
	m.ServiceProvider.AuthnNameIDFormat = saml.EmailAddressNameIDFormat
	m.OnError = func(w http.ResponseWriter, r *http.Request, err error) {
		if invalid, ok := err.(*saml.InvalidResponseError); ok {
			err = invalid.PrivateErr
		}
		http.Error(w, err.Error(), http.StatusForbidden)
	}
	mux.Handle("/saml/", m)
	mux.Handle("/", m.RequireAccount(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims := samlsp.SessionFromContext(r.Context()).(samlsp.JWTSessionClaims)
		fmt.Fprintf(w, "<p id=arrived>%s</p>", claims.Subject)
	})))
	var document bytes.Buffer
	if err := xml.NewEncoder(&document).Encode(m.ServiceProvider.Metadata()); err != nil {
		t.Fatal(err)
	}
	if sp.app, err = s.Owner.ImportServiceProvider(t.Context(), api.NewServiceProvider{MetadataXML: document.String()}); err != nil {
		t.Fatal(err)
	}
	return sp
}

func signIn(page *idptest.Page, username, password string) *idptest.Page {
	form := page.FormWith("password")
	return form.Set("username", username).Set("password", password).Submit("login-submit")
}

func arrived(t *testing.T, page *idptest.Page, text string) {
	t.Helper()
	if page.TextOf("arrived") != text {
		t.Fatalf("the browser is at %s (%d), not at the application: %s", page.URL, page.Status, page.Text())
	}
}

func TestSignInOnceForBothProtocols(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", "/sso"} {
		t.Run("issuer path "+path, func(t *testing.T) {
			t.Parallel()
			s := idptest.New(t, idptest.Options{Path: path})
			s.AddUser(t, ada)
			rp, sp, b := newRelyingParty(t, s), newServiceProvider(t, s), idptest.NewBrowser(t)

			page, verifier := rp.start(b)
			if page = signIn(page, "ada", "wrong horse"); page.Status == http.StatusOK || !page.Has("login-submit") {
				t.Fatalf("a wrong password led to %s (%d)", page.URL, page.Status)
			}
			page = signIn(page, "ada", password)
			arrived(t, page.FormWith("consent").Submit("consent-allow"), "arrived")
			token := rp.finish(t, verifier)
			rp.subject(t, token)

			// Single sign-on: no password for the second application.
			arrived(t, b.Open(sp.front.URL+"/wiki").Form(0).Submit(""), "ada@example.com")

			// Nor for the first one again.
			page, verifier = rp.start(b)
			arrived(t, page, "arrived")
			rp.finish(t, verifier)

			b.Open(s.Issuer + "/logout").FormWith("token").Submit("logout-confirm")
			if page, _ = rp.start(b); !page.Has("login-submit") {
				t.Fatalf("after signing out the browser is at %s", page.URL)
			}
		})
	}
}

func TestDisabledPersonLosesAccessAtOnce(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	user := s.AddUser(t, ada)
	rp, b := newRelyingParty(t, s), idptest.NewBrowser(t)
	page, verifier := rp.start(b)
	arrived(t, signIn(page, "ada", password).FormWith("consent").Submit("consent-allow"), "arrived")
	token := rp.finish(t, verifier)

	if _, err := s.Owner.PatchUser(t.Context(), user.ID, json.RawMessage(`{"disabled":true}`), ""); err != nil {
		t.Fatal(err)
	}
	if _, err := rp.provider.UserInfo(t.Context(), oauth2.StaticTokenSource(token)); err == nil {
		t.Error("userinfo still answers")
	}
	token.Expiry = s.Clock.Now().Add(-1)
	if _, err := rp.config.TokenSource(t.Context(), token).Token(); err == nil || !strings.Contains(err.Error(), "invalid_grant") {
		t.Errorf("refresh answers %v", err)
	}
	if page, _ = rp.start(b); !page.Has("login-submit") {
		t.Errorf("the session still signs in: %s", page.URL)
	}
}

// TestPostFromAnotherSiteSeesTheSession: a post from an application's page carries no
// SameSite=Lax cookie. It must find the session all the same, also with prompt=none.
func TestPostFromAnotherSiteSeesTheSession(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	s.AddUser(t, ada)
	rp, b := newRelyingParty(t, s), idptest.NewBrowser(t)
	page, _ := rp.start(b)
	arrived(t, signIn(page, "ada", password).FormWith("consent").Submit("consent-allow"), "arrived")
	<-rp.answers
	at, err := url.Parse(rp.config.AuthCodeURL("state-1", oauth2.S256ChallengeOption(oauth2.GenerateVerifier()), oauth2.SetAuthURLParam("prompt", "none")))
	if err != nil {
		t.Fatal(err)
	}
	var fields strings.Builder
	for name, values := range at.Query() {
		fmt.Fprintf(&fields, `<input type="hidden" name=%q value=%q>`, name, html.EscapeString(values[0]))
	}
	at.RawQuery = ""
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `<form method="post" action=%q>%s<button>Go</button></form>`, at, fields.String())
	}))
	t.Cleanup(other.Close)
	// The same server under a name of another site.
	elsewhere := strings.Replace(other.URL, "127.0.0.1", "localhost", 1)
	before := b.Cookie(s.Issuer, "cloudsso-browser")
	arrived(t, b.Open(elsewhere).Form(0).Submit(""), "arrived")
	if answer := <-rp.answers; answer.Get("code") == "" {
		t.Errorf("the application was told %v", answer)
	}
	if b.Cookie(s.Issuer, "cloudsso-browser") != before {
		t.Error("the browser was given another name: sign-ins in other tabs would end")
	}
}

// TestApplicationSignsOut: RP-initiated logout with the ID token, no question asked.
func TestApplicationSignsOut(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	s.AddUser(t, ada)
	rp, b := newRelyingParty(t, s), idptest.NewBrowser(t)
	page, verifier := rp.start(b)
	arrived(t, signIn(page, "ada", password).FormWith("consent").Submit("consent-allow"), "arrived")
	idToken, _ := rp.finish(t, verifier).Extra("id_token").(string)
	q := url.Values{"id_token_hint": {idToken}, "post_logout_redirect_uri": {rp.front.URL + "/bye"}, "state": {strings.Repeat("s", 128)}}

	t.Run("to an address that is not registered: nobody is signed out", func(t *testing.T) {
		wrong := url.Values{"id_token_hint": {idToken}, "post_logout_redirect_uri": {rp.front.URL + "/bye?x=y"}}
		if page := b.Open(s.Issuer + "/oauth2/logout?" + wrong.Encode()); page.Status != http.StatusBadRequest || len(rp.answers) > 0 {
			t.Errorf("the browser is at %s (%d)", page.URL, page.Status)
		}
		page, _ := rp.start(b)
		arrived(t, page, "arrived")
		<-rp.answers
	})
	t.Run("to a registered one", func(t *testing.T) {
		arrived(t, b.Open(s.Issuer+"/oauth2/logout?"+q.Encode()), "arrived")
		if answer := <-rp.answers; len(answer) != 1 || answer.Get("state") != q.Get("state") {
			t.Errorf("the application was told %v", answer)
		}
		if page, _ := rp.start(b); !page.Has("login-submit") {
			t.Errorf("the session lives: %s", page.URL)
		}
	})
}

// TestTwoProvidersSideBySide runs two providers in one process: what one issued, knows
// or keeps in a browser is nothing to the other.
func TestTwoProvidersSideBySide(t *testing.T) {
	t.Parallel()
	one, two := idptest.New(t, idptest.Options{}), idptest.New(t, idptest.Options{})
	for _, s := range []*idptest.Server{one, two} {
		s.AddUser(t, ada)
	}
	rps := []*relyingParty{newRelyingParty(t, one), newRelyingParty(t, two)}
	var tokens []*oauth2.Token
	for _, rp := range rps {
		b := idptest.NewBrowser(t)
		page, verifier := rp.start(b)
		arrived(t, signIn(page, "ada", password).FormWith("consent").Submit("consent-allow"), "arrived")
		tokens = append(tokens, rp.finish(t, verifier))
	}
	if rps[0].subject(t, tokens[0]) == rps[1].subject(t, tokens[1]) {
		t.Error("both providers gave out the same subject")
	}
	for i, rp := range rps {
		if _, err := rp.provider.UserInfo(t.Context(), oauth2.StaticTokenSource(tokens[1-i])); err == nil {
			t.Error("a provider accepts the other's access token")
		}
		raw, _ := tokens[1-i].Extra("id_token").(string)
		verifier := rp.provider.Verifier(&oidc.Config{SkipClientIDCheck: true, SkipIssuerCheck: true})
		if _, err := verifier.Verify(context.WithoutCancel(t.Context()), raw); err == nil {
			t.Error("a provider's keys verify the other's ID token")
		}
	}
}
