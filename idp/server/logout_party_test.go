package server_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"golang.org/x/oauth2"

	"cloudsso/idp"
	"cloudsso/idp/idptest"
)

// party is an application that hears of the end of sessions.
type party struct {
	*testing.T
	s      *idptest.Server
	id     string
	config *oauth2.Config
	front  *httptest.Server

	mu      sync.Mutex
	answers []url.Values
	posts   []url.Values // to the back channel
	visits  []string     // queries of the front channel
	status  int          // of the back channel's answers
	stuck   chan struct{}
}

// both channels, with sessions.
func both(m *idp.ClientMetadata) {
	m.BackchannelLogoutSessionRequired, m.FrontchannelLogoutSessionRequired = true, true
}

func backOnly(m *idp.ClientMetadata) { m.FrontchannelLogoutURI = "" }
func frontOnly(m *idp.ClientMetadata) {
	m.BackchannelLogoutURI, m.FrontchannelLogoutSessionRequired = "", true
}
func neither(m *idp.ClientMetadata) { m.BackchannelLogoutURI, m.FrontchannelLogoutURI = "", "" }

func newParty(t *testing.T, s *idptest.Server, name string, change func(*idp.ClientMetadata)) *party {
	t.Helper()
	p := &party{T: t, s: s, status: http.StatusOK, stuck: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("/callback", func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.answers = append(p.answers, r.URL.Query())
		fmt.Fprint(w, "<p id=arrived>arrived</p>")
	})
	mux.HandleFunc("/bye", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "<p id=arrived>bye</p>") })
	mux.HandleFunc("/front", func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.visits = append(p.visits, r.URL.RawQuery)
	})
	mux.HandleFunc("POST /back", p.back)
	p.front = httptest.NewServer(mux)
	t.Cleanup(p.front.Close)
	t.Cleanup(func() { close(p.stuck) })
	m := idp.ClientMetadata{
		ClientName: name, FirstParty: true, RedirectURIs: []string{p.front.URL + "/callback"}, PostLogoutRedirectURIs: []string{p.front.URL + "/bye"},
		GrantTypes: []string{"authorization_code", "refresh_token"}, BackchannelLogoutURI: p.front.URL + "/back", FrontchannelLogoutURI: p.front.URL + "/front",
	}
	change(&m)
	client := s.AddClient(t, m)
	p.id = client.ClientID
	p.config = &oauth2.Config{
		ClientID: client.ClientID, ClientSecret: client.ClientSecret, RedirectURL: p.front.URL + "/callback", Scopes: []string{"openid"},
		Endpoint: oauth2.Endpoint{AuthURL: s.Issuer + "/oauth2/authorize", TokenURL: s.Issuer + "/oauth2/token"},
	}
	return p
}

func (p *party) back(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		p.Error(err)
	}
	p.mu.Lock()
	p.posts = append(p.posts, r.Form)
	status := p.status
	p.mu.Unlock()
	switch {
	case status == 0:
		<-p.stuck // an application that never answers
	case status/100 == 3:
		w.Header().Set("Location", p.front.URL+"/back")
	}
	w.WriteHeader(max(status, 100))
}

func (p *party) answering(status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status = status
}

// heard is what came by the back channel and by the front channel since the last call.
func (p *party) heard() (posts []url.Values, visits []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	posts, visits, p.posts, p.visits = p.posts, p.visits, nil, nil
	return posts, visits
}

// answer is the last answer to an authorization request.
func (p *party) answer() url.Values {
	p.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.answers) == 0 {
		p.Fatal("the application got no answer")
	}
	return p.answers[len(p.answers)-1]
}

// ask starts a sign-in. more are pairs of parameters.
func (p *party) ask(b *idptest.Browser, more ...string) (page *idptest.Page, verifier string) {
	p.Helper()
	verifier = oauth2.GenerateVerifier()
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(verifier)}
	for i := 0; i < len(more); i += 2 {
		options = append(options, oauth2.SetAuthURLParam(more[i], more[i+1]))
	}
	return b.Open(p.config.AuthCodeURL("state-1", options...)), verifier
}

// signIn signs ada in, without a question if the browser has a session.
func (p *party) signIn(b *idptest.Browser, more ...string) *oauth2.Token {
	p.Helper()
	page, verifier := p.ask(b, more...)
	if page.Has("login-submit") {
		page = signIn(page, "ada", password)
	}
	arrived(p.T, page, "arrived")
	token, err := p.config.Exchange(p.Context(), p.answer().Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		p.Fatal(err)
	}
	return token
}

// live reports whether prompt=none finds a session (N4).
func (p *party) live(b *idptest.Browser) bool {
	p.Helper()
	p.ask(b, "prompt", "none")
	switch a := p.answer(); {
	case a.Get("code") != "":
		return true
	case a.Get("error") != "login_required":
		p.Errorf("prompt=none answers %v", a)
	}
	return false
}

// out opens the logout endpoint as the application's redirect does.
func (p *party) out(b *idptest.Browser, pairs ...string) *idptest.Page {
	p.Helper()
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return b.Open(p.s.Issuer + "/oauth2/logout?" + q.Encode())
}

// leave signs out with everything that the application knows.
func (p *party) leave(b *idptest.Browser, token *oauth2.Token) *idptest.Page {
	p.Helper()
	return p.out(b, "id_token_hint", idToken(token), "post_logout_redirect_uri", p.front.URL+"/bye", "state", "s-1")
}

// home reports where a page stands that the application's own address ends in.
func (p *party) home(page *idptest.Page, query string) {
	p.Helper()
	if got := page.URL.String(); got != p.front.URL+"/bye"+query {
		p.Errorf("the browser is at %s (%d): %s", got, page.Status, page.Text())
	}
}

func idToken(t *oauth2.Token) string { raw, _ := t.Extra("id_token").(string); return raw }

// part decodes a part of a JWT: 0 the header, 1 the claims.
func part(t *testing.T, raw string, i int) map[string]any {
	t.Helper()
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %q", raw)
	}
	data, err := base64.RawURLEncoding.DecodeString(parts[i])
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
