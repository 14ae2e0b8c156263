package server_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/config"
	"cloudsso/idp/idptest"
	"cloudsso/idp/memory"
)

// seenTraces is a store that shows which traces went into it.
type seenTraces struct {
	idp.Flows
	mu     sync.Mutex
	data   map[string]string
	broken bool
}

func (s *seenTraces) see(t idp.Ticket) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.Kind != idp.TraceKind {
		return nil
	}
	if s.broken {
		return fmt.Errorf("no traces today: %w", idp.ErrUnavailable)
	}
	s.data[t.ID] = string(t.Data)
	return nil
}

func (s *seenTraces) CreateTicket(ctx context.Context, t idp.Ticket) error {
	if err := s.see(t); err != nil {
		return err
	}
	return s.Flows.CreateTicket(ctx, t)
}

func (s *seenTraces) UpdateTicket(ctx context.Context, t idp.Ticket) error {
	if err := s.see(t); err != nil {
		return err
	}
	return s.Flows.UpdateTicket(ctx, t)
}

func (s *seenTraces) all() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]string{}
	for code, data := range s.data {
		out[code] = data
	}
	return out
}

func newTraced(t *testing.T, change ...func(*config.Config)) (*idptest.Server, *seenTraces) {
	t.Helper()
	store := memory.New(time.Now)
	seen := &seenTraces{Flows: store, data: map[string]string{}}
	s := idptest.New(t, idptest.Options{Records: store, Flows: seen, Config: func(c *config.Config) {
		for _, f := range change {
			f(c)
		}
	}})
	s.AddUser(t, ada)
	return s, seen
}

// the trace that is about app, and no other.
func (s *seenTraces) about(t *testing.T, app string) idp.Recording {
	t.Helper()
	var found []idp.Recording
	for _, data := range s.all() {
		var rec idp.Recording
		if err := json.Unmarshal([]byte(data), &rec); err != nil {
			t.Fatal(err)
		}
		if rec.App == app {
			found = append(found, rec)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d traces are about %q: %v", len(found), app, s.all())
	}
	return found[0]
}

func names(rec idp.Recording) (list []string) {
	for _, s := range rec.Steps {
		list = append(list, s.Name+" "+string(s.Result))
	}
	return list
}

func step(t *testing.T, rec idp.Recording, name string, result idp.Result) idp.Step {
	t.Helper()
	i := slices.IndexFunc(rec.Steps, func(s idp.Step) bool { return s.Name == name && s.Result == result })
	if i < 0 {
		t.Fatalf("no step %q %s in %q", name, result, names(rec))
	}
	return rec.Steps[i]
}

func TestOneSignInIsOneTrace(t *testing.T) {
	t.Parallel()
	s, seen := newTraced(t)
	rp, b := newRelyingParty(t, s), idptest.NewBrowser(t)
	page, verifier := rp.start(b)
	page = signIn(page, "ada", "wrong horse")
	arrived(t, signIn(page, "ada", password).FormWith("consent").Submit("consent-allow"), "arrived")
	subject := rp.subject(t, rp.finish(t, verifier))

	rec := seen.about(t, rp.config.ClientID)
	if len(seen.all()) != 1 || rec.Protocol != idp.ProtocolOIDC || rec.Subject != subject || rec.StartedAt.IsZero() {
		t.Errorf("%d traces, %+v", len(seen.all()), rec.About)
	}
	want := []string{
		"authorization request received", "client passed", "request object passed", "redirect_uri passed", "response_mode passed", "once each passed",
		"registration passed", "response_type passed", "scope passed", "resource passed", "nonce passed", "PKCE passed", "prompt passed", "max_age passed",
		"id_token_hint passed", "acr_values passed", "claims passed", "subject passed", "session noted",
		"directory failed", "directory passed", "session noted", "consent passed", "session noted",
		"directory noted", "answer answered", "claims of the ID token answered", "claims at userinfo answered",
	}
	if got := names(rec); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if v := step(t, rec, "claims at userinfo", idp.Answered).Values; !slices.Contains(v, idp.Value{Name: "email", Text: "ada@example.com"}) || !slices.Contains(v, idp.Value{Name: "sub", Text: subject}) {
		t.Errorf("issued: %v", v)
	}
	if d := step(t, rec, "directory", idp.Failed); d.Received != "wrong_credentials" || d.Text == "" {
		t.Errorf("%+v", d)
	}
	// Every Event of the sign-in goes by the same code.
	events, err := s.Records.Events(t.Context(), idp.EventFilter{Support: rec.Support}, idp.Page{Limit: 20})
	if err != nil || len(events) != 4 {
		t.Errorf("%d Events have the code of the trace (%v)", len(events), err)
	}
}

func TestASAMLSignInLeavesItsChecks(t *testing.T) {
	t.Parallel()
	s, seen := newTraced(t)
	sp, b := newServiceProvider(t, s), idptest.NewBrowser(t)
	arrived(t, signIn(b.Open(sp.front.URL+"/wiki"), "ada", password).Form(0).Submit(""), "ada@example.com")
	rec := seen.about(t, sp.app.App)
	want := []string{
		"AuthnRequest received", "application passed", "signature passed", "Version passed", "Destination passed", "IssueInstant passed", "used once passed",
		"address for the answer passed", "SHA-1 passed", "Scoping passed", "Subject passed", "authentication context passed", "attributes asked for passed",
		"NameID format passed", "encryption passed", "session noted", "directory passed", "session noted",
		"directory noted", "assertion answered", "attributes answered",
	}
	if got := names(rec); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if d := step(t, rec, "Destination", idp.Passed); d.Expected != s.Issuer+"/saml/sso" || d.Received != d.Expected {
		t.Errorf("%+v", d)
	}
	if v := step(t, rec, "assertion", idp.Answered).Values; !slices.Contains(v, idp.Value{Name: "NameID", Text: "ada@example.com"}) {
		t.Errorf("issued: %v", v)
	}
}

// Attack: who reads traces signs in with what is in them. Every flow is walked with
// failures on the way, and then nothing that was secret in them is in any trace.
func TestAttack_TracesHoldNoSecrets(t *testing.T) {
	t.Parallel()
	s, seen := newTraced(t)
	rp, sp, b := newRelyingParty(t, s), newServiceProvider(t, s), idptest.NewBrowser(t)
	secrets := map[string]string{"the password": password, "a wrong password": "wrong horse", "the state": "state-1", "the client secret": rp.config.ClientSecret}

	page, verifier := rp.start(b)
	secrets["the flow"] = page.URL.Query().Get("flow")
	page = signIn(page, "ada", "wrong horse")
	page = signIn(page, password, "typed into the wrong field")
	arrived(t, signIn(page, "ada", password).FormWith("consent").Submit("consent-allow"), "arrived")
	answer := <-rp.answers
	rp.answers <- answer
	token := rp.finish(t, verifier)
	secrets["the code"], secrets["the verifier"], secrets["the access token"], secrets["the refresh token"] = answer.Get("code"), verifier, token.AccessToken, token.RefreshToken
	secrets["the ID token"], _ = token.Extra("id_token").(string)
	secrets["the session cookie"], secrets["the browser cookie"] = b.Cookie(s.Issuer, "cloudsso-session"), b.Cookie(s.Issuer, "cloudsso-browser")

	// Everything once more, where it fails.
	fails := func(path string, form url.Values, id, secret string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.Issuer+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		_, _ = io.Copy(io.Discard, resp.Body)
		if code := resp.Header.Get("X-Request-Id"); resp.StatusCode < 400 || seen.all()[code] == "" {
			t.Errorf("%s %v: status %d, trace %q", path, form, resp.StatusCode, seen.all()[code])
		}
	}
	id, secret := rp.config.ClientID, rp.config.ClientSecret
	code := url.Values{"grant_type": {"authorization_code"}, "code": {answer.Get("code")}, "redirect_uri": {rp.config.RedirectURL}, "code_verifier": {verifier}}
	fails("/oauth2/token", code, id, secret)
	fails("/oauth2/token", code, id, "a wrong secret")
	secrets["a wrong secret"] = "a wrong secret"
	fails("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token.RefreshToken}}, id, secret) // the family has ended
	fails("/oauth2/token", url.Values{"grant_type": {"password"}, "username": {"ada"}, "password": {password}}, id, secret)
	fails("/oauth2/par", url.Values{"client_id": {id}, "redirect_uri": {"https://elsewhere.example/?code=" + answer.Get("code")}, "login_hint": {password}, "nonce": {"the-nonce"}, "password": {password}}, id, secret)
	secrets["the nonce"] = "the-nonce"
	b.Open(rp.config.AuthCodeURL("state-1") + "&id_token_hint=" + secrets["the ID token"] + "x&client_secret=" + secret)

	auto := b.Open(sp.front.URL + "/wiki")
	secrets["RelayState"] = auto.Form(0).Value("RelayState")
	response := auto.Form(0).Value("SAMLResponse")
	arrived(t, auto.Form(0).Submit(""), "ada@example.com")
	xml, err := base64.StdEncoding.DecodeString(response)
	if err != nil {
		t.Fatal(err)
	}
	signature := regexp.MustCompile(`SignatureValue>([^<]+)<`).FindSubmatch(xml)
	secrets["the SAML response"], secrets["the signature"] = response[:60], string(signature[1])[:40]

	everything := fmt.Sprint(seen.all())
	for name, secret := range secrets {
		if len(secret) < 7 {
			t.Fatalf("the test did not see %s", name)
		}
		if strings.Contains(everything, secret) {
			t.Errorf("a trace holds %s", name)
		}
	}
	if n := len(seen.all()); n < 8 {
		t.Errorf("only %d traces: this proves little", n)
	}
}

func TestDevicesAndPasswordsOfApplicationsAreTraced(t *testing.T) {
	t.Parallel()
	s, seen := newTraced(t)
	c := s.AddClient(t, idp.ClientMetadata{ClientName: "TV", GrantTypes: []string{idp.GrantDevice, "password", "refresh_token"}, AllowPasswordGrant: true})
	h := &house{Server: s}
	as := func(r *http.Request) { r.SetBasicAuth(c.ClientID, c.ClientSecret) }
	codes := h.call(t, http.MethodPost, "/oauth2/device", url.Values{"scope": {"openid"}}, as)
	page := idptest.NewBrowser(t).Open(codes["verification_uri_complete"].(string)).FormWith("confirm").Submit("device-confirm")
	signIn(page, "ada", password).FormWith("consent").Submit("consent-allow")
	rec := seen.about(t, c.ClientID)
	if d := step(t, rec, "device", idp.Answered); d.Received != string(idp.SignedIn) {
		t.Errorf("%+v", d)
	}
	h.call(t, http.MethodPost, "/oauth2/token", url.Values{"grant_type": {"password"}, "username": {"ada"}, "password": {password}, "scope": {"openid email"}}, as)
	all := seen.all()
	delete(all, rec.Support)
	if len(all) != 1 {
		t.Fatalf("traces %v", all)
	}
	everything := fmt.Sprint(seen.all())
	for _, secret := range []string{codes["device_code"].(string), codes["user_code"].(string), password, c.ClientSecret} {
		if strings.Contains(everything, secret) {
			t.Errorf("a trace holds %q", secret)
		}
	}
	for code, data := range all {
		if !strings.Contains(data, "claims at userinfo") || !strings.Contains(data, `"email"`) {
			t.Errorf("%s: %s", code, data)
		}
	}
}

func TestAPageSaysLittleAndItsTraceSaysWhy(t *testing.T) {
	t.Parallel()
	s, seen := newTraced(t)
	rp := newRelyingParty(t, s)
	rp.config.RedirectURL = "https://elsewhere.example/callback"
	page, _ := rp.start(idptest.NewBrowser(t))
	rec := seen.about(t, rp.config.ClientID)
	if page.Status != http.StatusBadRequest || !strings.Contains(page.Text(), rec.Support) {
		t.Errorf("status %d, the page does not show %s: %s", page.Status, rec.Support, page.Text())
	}
	for _, private := range []string{"elsewhere.example", rp.front.URL, "registered for the application"} {
		if strings.Contains(page.Text(), private) {
			t.Errorf("the public page says %q", private)
		}
	}
	d := step(t, rec, "redirect_uri", idp.Failed)
	if d.Received != "redirect_uri=https://elsewhere.example/callback" || d.Expected != "one of those that are registered for the application "+rp.config.ClientID+": "+rp.front.URL+"/callback" {
		t.Errorf("%+v", d)
	}
}

func TestAPageInTheMiddleShowsTheCodeOfTheWholeSignIn(t *testing.T) {
	t.Parallel()
	s, seen := newTraced(t)
	rp, b := newRelyingParty(t, s), idptest.NewBrowser(t)
	page, _ := rp.start(b)
	form := page.FormWith("password").Set("username", "ada").Set("password", password)
	client, err := s.Records.Client(t.Context(), rp.config.ClientID)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Records.DeleteClient(t.Context(), client.ID, client.Version); err != nil {
		t.Fatal(err)
	}
	page = form.Submit("login-submit")
	rec := seen.about(t, rp.config.ClientID)
	if page.Status != http.StatusNotFound || !strings.Contains(page.Text(), rec.Support) || page.Header.Get("X-Request-Id") == rec.Support {
		t.Errorf("status %d, code %s, page %q", page.Status, rec.Support, page.Text())
	}
	if !strings.Contains(s.Log.String(), `"support_code":"`+rec.Support+`","request_id":"`+page.Header.Get("X-Request-Id")) {
		t.Error("the log does not lead from one code to the other")
	}
}

func TestAStoreThatTakesNoTracesFailsNoSignIn(t *testing.T) {
	t.Parallel()
	s, seen := newTraced(t)
	seen.broken = true
	rp, b := newRelyingParty(t, s), idptest.NewBrowser(t)
	page, verifier := rp.start(b)
	arrived(t, signIn(page, "ada", password).FormWith("consent").Submit("consent-allow"), "arrived")
	rp.finish(t, verifier)
	if len(seen.all()) != 0 || !strings.Contains(s.Log.String(), `"trace":"no traces today`) {
		t.Error("nothing was broken, or nobody was told")
	}
}

func TestTracesCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	s, seen := newTraced(t, func(c *config.Config) { c.TraceTTL = 0 })
	newRelyingParty(t, s).start(idptest.NewBrowser(t))
	if len(seen.all()) != 0 {
		t.Errorf("%v", seen.all())
	}
}

func TestTracesExpire(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	s.AddUser(t, ada)
	rp, b := newRelyingParty(t, s), idptest.NewBrowser(t)
	page, _ := rp.start(b)
	arrived(t, signIn(page, "ada", password).FormWith("consent").Submit("consent-allow"), "arrived")
	events, err := s.Records.Events(t.Context(), idp.EventFilter{Name: idp.EventGrantCreated}, idp.Page{Limit: 1})
	if err != nil || len(events) != 1 {
		t.Fatal(err)
	}
	there := func(code string) bool {
		_, err := s.Flows.Ticket(t.Context(), idp.TraceKind, code)
		return err == nil
	}
	s.Clock.Advance(7*24*time.Hour - time.Minute)
	if !there(events[0].Support) {
		t.Error("the trace of a sign-in is gone before its week is over")
	}
	s.Clock.Advance(2 * time.Minute)
	if there(events[0].Support) {
		t.Error("the trace is there after its week")
	}
}

// Attack: requests that fail, without end, to fill the store with their traces.
func TestAttack_StrangersCannotFillTheStoreWithTraces(t *testing.T) {
	t.Parallel()
	s, seen := newTraced(t)
	for range 300 {
		resp, err := http.Get(s.Issuer + "/oauth2/authorize?client_id=nobody")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	if n := len(seen.all()); n < 120 || n > 240 { // 120 a minute, and a minute may begin in between
		t.Errorf("%d traces of 300 requests", n)
	}
	// Somebody who is recognised has a trace all the same.
	rp, b := newRelyingParty(t, s), idptest.NewBrowser(t)
	page, _ := rp.start(b)
	arrived(t, signIn(page, "ada", password).FormWith("consent").Submit("consent-allow"), "arrived")
	if rec := seen.about(t, rp.config.ClientID); rec.Subject == "" {
		t.Errorf("%+v", rec)
	}
}

// Attack: somebody reads a support code on a screen, and asks for what is behind it.
func TestAttack_NobodyReadsTracesWithoutTheRight(t *testing.T) {
	t.Parallel()
	s, seen := newTraced(t)
	rp, b := newRelyingParty(t, s), idptest.NewBrowser(t)
	page, _ := rp.start(b)
	arrived(t, signIn(page, "ada", password).FormWith("consent").Submit("consent-allow"), "arrived")
	support := seen.about(t, rp.config.ClientID).Support
	other := s.AddClient(t, idp.ClientMetadata{ClientName: "Other", RedirectURIs: []string{"https://other.example/cb"}})
	ask := func(code, role string, apps ...string) (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.Issuer+"/api/v1/traces/"+code, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.AddCookie(&http.Cookie{Name: "cloudsso-session", Value: b.Cookie(s.Issuer, "cloudsso-session")})
		if role != "" {
			token, err := s.Owner.CreateToken(t.Context(), api.NewToken{Role: role, Apps: apps, ExpiresIn: 3600})
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+token.Secret)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	for _, c := range []struct {
		name, code, role string
		apps             []string
		want             int
	}{
		{"whoever signed in", support, "", nil, http.StatusUnauthorized},
		{"a registration token", support, api.RoleRegistration, nil, http.StatusForbidden},
		{"an admin of another app", support, api.RoleAppAdmin, []string{other.ClientID}, http.StatusNotFound},
		{"an owner, of a code that is none", "AAAA-AAAA", api.RoleOwner, nil, http.StatusNotFound},
		{"an owner, of a ticket of another kind", "..%2Fpar", api.RoleOwner, nil, http.StatusNotFound},
		{"an admin of the app", support, api.RoleAppAdmin, []string{rp.config.ClientID}, http.StatusOK},
		{"the help desk, by telephone", strings.ToLower(support), api.RoleHelpDesk, nil, http.StatusOK},
		{"an auditor", support, api.RoleAuditor, nil, http.StatusOK},
	} {
		status, body := ask(c.code, c.role, c.apps...)
		if status != c.want || (status == http.StatusOK) != strings.Contains(body, `"redirect_uri"`) {
			t.Errorf("%s: %d %s", c.name, status, body)
		}
	}
}
