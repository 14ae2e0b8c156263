package server_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"cloudsso/idp"
	"cloudsso/idp/config"
	"cloudsso/idp/idptest"
)

// stay is a house in which ada has signed in to one application.
func stay(t *testing.T, change func(*idp.ClientMetadata), more ...string) (*party, *idptest.Browser, *oauth2.Token) {
	t.Helper()
	s := idptest.New(t, idptest.Options{})
	s.AddUser(t, ada)
	p, b := newParty(t, s, "Wiki", change), idptest.NewBrowser(t)
	return p, b, p.signIn(b, more...)
}

func TestConformance_N01_GetAndPost(t *testing.T) {
	t.Parallel()
	p, b, token := stay(t, neither)
	// From a page of the application, whose site is another one: no SameSite=Lax cookie.
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`<form method=post action="` + p.s.Issuer + `/oauth2/logout"><input name=id_token_hint value="` + idToken(token) +
			`"><input name=post_logout_redirect_uri value="` + p.front.URL + `/bye"><input name=state value=x><button>Go</button></form>`))
	}))
	t.Cleanup(other.Close)
	p.home(b.Open(strings.Replace(other.URL, "127.0.0.1", "localhost", 1)).Form(0).Submit(""), "?state=x")
	if p.live(b) {
		t.Error("the session lives")
	}
}

func TestConformance_N02_SignedOutAndSentBackWithTheState(t *testing.T) {
	t.Parallel()
	p, b, token := stay(t, neither)
	state := strings.Repeat("Az9-._~+", 16)
	page := p.out(b, "id_token_hint", idToken(token), "post_logout_redirect_uri", p.front.URL+"/bye", "state", state)
	p.home(page, "?state="+url.QueryEscape(state))
}

func TestConformance_N03_NoStateNoneReturned(t *testing.T) {
	t.Parallel()
	p, b, token := stay(t, neither)
	p.home(p.out(b, "id_token_hint", idToken(token), "post_logout_redirect_uri", p.front.URL+"/bye", "ui_locales", "de en", "logout_hint", "ada"), "")
}

func TestConformance_N04_PromptNoneFailsAfterwards(t *testing.T) {
	t.Parallel()
	p, b, token := stay(t, neither)
	if !p.live(b) {
		t.Fatal("there is no session")
	}
	p.leave(b, token)
	if p.live(b) {
		t.Error("the session lives")
	}
}

// Requests that must lead to no redirect, and sign nobody out by themselves.
func TestConformance_N05_N06_N07_N08_NoRedirect(t *testing.T) {
	t.Parallel()
	p, b, token := stay(t, neither)
	bye := p.front.URL + "/bye"
	payload := strings.Split(idToken(token), ".")[1]
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + payload + "."
	for name, pairs := range map[string][]string{
		"N5 an address that is not registered": {"id_token_hint", idToken(token), "post_logout_redirect_uri", p.front.URL + "/elsewhere"},
		"N6 one with a query":                  {"id_token_hint", idToken(token), "post_logout_redirect_uri", bye + "?foo=bar"},
		"N7 a hint with alg none":              {"id_token_hint", none, "post_logout_redirect_uri", bye},
		"N7 a hint whose signature is gone":    {"id_token_hint", idToken(token)[:len(idToken(token))-20], "post_logout_redirect_uri", bye},
		"N8 no hint":                           {"post_logout_redirect_uri", bye},
		"N10 a hint for another client":        {"id_token_hint", idToken(token), "client_id", "another", "post_logout_redirect_uri", bye},
	} {
		page := p.out(b, pairs...)
		if !strings.HasPrefix(page.URL.String(), p.s.Issuer) {
			t.Errorf("%s: the browser is at %s", name, page.URL)
		}
		if !p.live(b) {
			t.Fatalf("%s: signed out", name)
		}
		if page.Has("logout-confirm") && strings.Contains(page.Body, bye) {
			t.Errorf("%s: the page would go on to the application", name)
		}
	}
}

func TestConformance_N09_WithoutAnAddress(t *testing.T) {
	t.Parallel()
	for name, pairs := range map[string][]string{"nothing": nil, "state only": {"state", "x"}, "hint only": {"id_token_hint", ""}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, b, token := stay(t, neither)
			if len(pairs) > 0 && pairs[1] == "" {
				pairs = []string{"id_token_hint", idToken(token)}
			}
			page := p.out(b, pairs...)
			if asked := page.Has("logout-confirm"); asked == (name == "hint only") {
				t.Fatalf("asked: %v", asked)
			} else if asked {
				page = page.Form(0).Submit("logout-confirm")
			}
			if page.Title() != "Signed out · Cloud SSO" || !strings.HasPrefix(page.URL.String(), p.s.Issuer) {
				t.Errorf("the browser is at %s: %s", page.URL, page.Text())
			}
			if p.live(b) {
				t.Error("the session lives")
			}
		})
	}
}

func TestConformance_N10_AnExpiredIDTokenIsAHint(t *testing.T) {
	t.Parallel()
	p, b, token := stay(t, neither)
	p.s.Clock.Advance(61 * time.Minute) // ID tokens live an hour, an unused session two
	p.home(p.out(b, "id_token_hint", idToken(token), "client_id", p.id, "post_logout_redirect_uri", p.front.URL+"/bye"), "")
	if p.live(b) {
		t.Error("the session lives")
	}
}

func TestConformance_N11_TheQuestionIsAFormOfOurs(t *testing.T) {
	t.Parallel()
	p, b, _ := stay(t, neither)
	page := p.out(b, "client_id", p.id, "post_logout_redirect_uri", p.front.URL+"/bye", "state", "x")
	if !page.Has("logout-confirm") {
		t.Fatalf("the browser is at %s", page.URL)
	}
	// Attack: another site posts the form; it does not know the token.
	if forged := b.Post(p.s.Issuer+"/logout", url.Values{"return": {p.front.URL + "/bye"}, "token": {"x"}}); forged.Status != http.StatusForbidden || !p.live(b) {
		t.Errorf("a forged form: %d", forged.Status)
	}
	p.home(page.Form(0).Submit("logout-confirm"), "?state=x")
	if p.live(b) {
		t.Error("the session lives")
	}
}

// An address that is registered later counts at once, and no longer once it is taken out.
func TestConformance_N12_RegisteredAddressesCount(t *testing.T) {
	t.Parallel()
	p, b, token := stay(t, neither)
	again := p.front.URL + "/bye?again=1"
	register := func(uris ...string) {
		t.Helper()
		patch, _ := json.Marshal(map[string]any{"post_logout_redirect_uris": uris})
		if _, err := p.s.Owner.PatchClient(t.Context(), p.id, patch, ""); err != nil {
			t.Fatal(err)
		}
	}
	register()
	if page := p.leave(b, token); page.Status != http.StatusBadRequest || !p.live(b) {
		t.Errorf("an address that was taken out: %d", page.Status)
	}
	register(again)
	p.home(p.out(b, "id_token_hint", idToken(token), "post_logout_redirect_uri", again, "state", "x"), "?again=1&state=x")
}

// K15 and N12: a client that registers itself says all of this, and it counts.
func TestConformance_N12_DynamicRegistration(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{Config: func(c *config.Config) { c.Registration = config.RegistrationOpen }})
	s.AddUser(t, ada)
	p := newParty(t, s, "Wiki", neither) // its addresses; the client is registered anew
	sent := map[string]any{
		"redirect_uris": []any{p.front.URL + "/callback"}, "post_logout_redirect_uris": []any{p.front.URL + "/bye"},
		"frontchannel_logout_uri": p.front.URL + "/front", "frontchannel_logout_session_required": true,
		"backchannel_logout_uri": p.front.URL + "/back", "backchannel_logout_session_required": true, "initiate_login_uri": p.front.URL + "/start",
	}
	body, _ := json.Marshal(sent)
	resp, err := http.Post(s.Issuer+"/oauth2/register", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var got map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || resp.StatusCode != http.StatusCreated {
		t.Fatalf("%d %v %v", resp.StatusCode, got, err)
	}
	for name, value := range sent {
		if !reflect.DeepEqual(got[name], value) {
			t.Errorf("%s is %v", name, got[name])
		}
	}
	p.id, _ = got["client_id"].(string)
	p.config.ClientID = p.id
	p.config.ClientSecret, _ = got["client_secret"].(string)
	b := idptest.NewBrowser(t)
	page, verifier := p.ask(b)
	arrived(t, signIn(page, "ada", password).FormWith("consent").Submit("consent-allow"), "arrived")
	token, err := p.config.Exchange(t.Context(), p.answer().Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	page = p.leave(b, token)
	page.Frames()
	p.home(page.Refresh(), "?state=s-1")
	if posts, visits := p.heard(); len(posts) != 1 || len(visits) != 1 {
		t.Errorf("%d posts, %d visits", len(posts), len(visits))
	}
}

// What the frame of session management would answer, computed as its script does.
func frameAnswer(t *testing.T, p *party, b *idptest.Browser, origin, sessionState string) string {
	t.Helper()
	_, salt, found := strings.Cut(sessionState, ".")
	if !found {
		t.Fatalf("session_state %q", sessionState)
	}
	sum := sha256.Sum256([]byte(p.id + " " + origin + " " + b.Cookie(p.s.Issuer, "cloudsso-state") + " " + salt))
	if base64.RawURLEncoding.EncodeToString(sum[:])+"."+salt == sessionState {
		return "unchanged"
	}
	return "changed"
}

func TestConformance_O01_O03_SessionState(t *testing.T) {
	t.Parallel()
	p, b, token := stay(t, neither)
	first := p.answer().Get("session_state")
	if !p.live(b) {
		t.Fatal("there is no session")
	}
	second := p.answer().Get("session_state")
	if first == "" || first == second {
		t.Errorf("session_state %q, then %q: each has its own salt", first, second)
	}
	for _, state := range []string{first, second} {
		if got := frameAnswer(t, p, b, p.front.URL, state); got != "unchanged" {
			t.Errorf("while the session lives: %s", got)
		}
		if got := frameAnswer(t, p, b, "https://evil.example", state); got != "changed" {
			t.Errorf("from another origin: %s", got)
		}
	}
	p.leave(b, token)
	if got := frameAnswer(t, p, b, p.front.URL, second); got != "changed" {
		t.Errorf("after the logout: %s", got)
	}
	if b.Cookie(p.s.Issuer, "cloudsso-state") == "" {
		t.Error("without a cookie the frame cannot tell a logout from a browser that holds cookies back")
	}
	if p.live(b) || p.answer().Has("session_state") {
		t.Errorf("an error tells of a session: %v", p.answer())
	}
}

func TestConformance_O02_OnlyTheFrameMayBeFramed(t *testing.T) {
	t.Parallel()
	p, b, _ := stay(t, neither)
	page := b.Open(p.s.Issuer + "/oauth2/check_session")
	if csp := page.Header.Get("Content-Security-Policy"); page.Status != 200 || !strings.Contains(csp, "frame-ancestors *") || page.Header.Get("X-Frame-Options") != "" {
		t.Errorf("%d %q %q", page.Status, csp, page.Header.Get("X-Frame-Options"))
	}
	if page.Attr("check-session", "data-cookie") != "cloudsso-state" {
		t.Errorf("the script is not told the cookie: %s", page.Body)
	}
	script := b.Open(p.s.Issuer + page.Attr("check-session", "src"))
	if script.Status != 200 || !strings.Contains(script.Body, "postMessage") {
		t.Errorf("script: %d", script.Status)
	}
	for _, path := range []string{"/login", "/logout", "/", "/logout/end?id=x", "/launch/none"} {
		other := b.Open(p.s.Issuer + path)
		if !strings.Contains(other.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'") || other.Header.Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s may be framed", path)
		}
	}
}

func TestConformance_P01_P02_P06_FrontChannel(t *testing.T) {
	t.Parallel()
	p, b, token := stay(t, frontOnly)
	bystander := newParty(t, p.s, "Bystander", frontOnly)
	bystander.signIn(idptest.NewBrowser(t)) // another session of the same person
	page := p.leave(b, token)
	page.Frames()
	_, visits := p.heard()
	q, err := url.ParseQuery(strings.Join(visits, ";"))
	if err != nil || len(q) != 2 || q.Get("iss") != p.s.Issuer || q.Get("sid") != part(t, idToken(token), 1)["sid"] {
		t.Errorf("the front channel got %q", visits)
	}
	if _, visits := bystander.heard(); len(visits) > 0 {
		t.Errorf("a client of another session got %q", visits)
	}
	p.home(page.Refresh(), "?state=s-1")
	if p.live(b) {
		t.Error("the session lives")
	}
}

func TestConformance_P01_WithoutSessionRequiredNothingIsAdded(t *testing.T) {
	t.Parallel()
	p, b, token := stay(t, func(m *idp.ClientMetadata) { m.BackchannelLogoutURI = "" })
	p.leave(b, token).Frames()
	if _, visits := p.heard(); len(visits) != 1 || visits[0] != "" {
		t.Errorf("the front channel got %q", visits)
	}
}

func TestConformance_P03_P04_ThePageGoesOnByItself(t *testing.T) {
	t.Parallel()
	p, b, token := stay(t, frontOnly)
	page := p.leave(b, token)
	csp := page.Header.Get("Content-Security-Policy")
	if !strings.Contains(csp, "frame-src 'self' "+p.front.URL+";") && !strings.HasSuffix(csp, "frame-src 'self' "+p.front.URL) {
		t.Errorf("policy %q", csp)
	}
	if wait, _, _ := strings.Cut(page.Header.Get("Refresh"), ";"); wait != "5" {
		t.Errorf("Refresh %q", page.Header.Get("Refresh"))
	}
	if !strings.Contains(page.Body, `sandbox="allow-scripts allow-same-origin allow-forms"`) {
		t.Error("the frame could take the window along")
	}
	p.home(page.Click("logout-continue"), "?state=s-1") // nobody has to wait
}

func TestConformance_P05_TheQueryStays(t *testing.T) {
	t.Parallel()
	p, b, token := stay(t, func(m *idp.ClientMetadata) {
		frontOnly(m)
		m.FrontchannelLogoutURI += "?tenant=a%2Fb"
	})
	p.leave(b, token).Frames()
	if _, visits := p.heard(); len(visits) != 1 || !strings.HasPrefix(visits[0], "tenant=a%2Fb&iss=") {
		t.Errorf("the front channel got %q", visits)
	}
}

// verifyLogoutToken is what a relying party checks (Back-Channel Logout §2.6), by go-oidc.
func verifyLogoutToken(t *testing.T, p *party, raw string) map[string]any {
	t.Helper()
	provider, err := oidc.NewProvider(context.WithoutCancel(t.Context()), p.s.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.Verifier(&oidc.Config{ClientID: p.id, SkipExpiryCheck: true}).Verify(t.Context(), raw); err != nil {
		t.Errorf("go-oidc: %v", err)
	}
	if header := part(t, raw, 0); header["typ"] != "logout+jwt" || header["kid"] == "" || header["alg"] != "RS256" {
		t.Errorf("header %v", header)
	}
	return part(t, raw, 1)
}

func TestConformance_Q01_Q02_Q05_Q07_BackChannel(t *testing.T) {
	t.Parallel()
	p, b, token := stay(t, func(m *idp.ClientMetadata) { backOnly(m); both(m) })
	p.home(p.leave(b, token), "?state=s-1")
	posts, _ := p.heard()
	if len(posts) != 1 || len(posts[0]) != 1 || len(posts[0]["logout_token"]) != 1 {
		t.Fatalf("the back channel got %v by the time of the redirect", posts)
	}
	claims, id := verifyLogoutToken(t, p, posts[0].Get("logout_token")), part(t, idToken(token), 1)
	if claims["iss"] != p.s.Issuer || claims["aud"] != p.id || claims["sub"] != id["sub"] || claims["sid"] != id["sid"] || claims["jti"] == "" {
		t.Errorf("claims %v, of the ID token %v", claims, id)
	}
	if life := claims["exp"].(float64) - claims["iat"].(float64); life <= 0 || life > 120 {
		t.Errorf("it lives %v seconds", life)
	}
	events, _ := claims["events"].(map[string]any)
	if member, ok := events["http://schemas.openid.net/event/backchannel-logout"].(map[string]any); !ok || len(member) != 0 || len(events) != 1 {
		t.Errorf("events %v", claims["events"])
	}
	if _, there := claims["nonce"]; there {
		t.Error("there is a nonce")
	}
	// A logout token must not pass for an ID token.
	if page := p.out(b, "id_token_hint", posts[0].Get("logout_token"), "post_logout_redirect_uri", p.front.URL+"/bye"); !strings.HasPrefix(page.URL.String(), p.s.Issuer) {
		t.Errorf("a logout token is taken as a hint: %s", page.URL)
	}
	if p.live(b) {
		t.Error("the session lives")
	}
}

func TestConformance_Q04_DeadApplicationsStopNobody(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"400": 400, "501": 501, "a redirect": 302, "no answer": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, b, token := stay(t, backOnly)
			p.answering(status)
			began := time.Now()
			p.home(p.leave(b, token), "?state=s-1")
			if took := time.Since(began); took > 7*time.Second {
				t.Errorf("it took %s", took)
			}
			if posts, _ := p.heard(); len(posts) != 1 {
				t.Errorf("%d posts: redirects are not followed", len(posts))
			}
			if p.live(b) {
				t.Error("the session lives")
			}
		})
	}
	for name, status := range map[string]int{"200": 200, "204": 204, "202": 202} {
		t.Run(name+" is done", func(t *testing.T) {
			t.Parallel()
			p, b, token := stay(t, backOnly)
			p.answering(status)
			p.leave(b, token)
			if l, err := p.s.Owner.LogoutDeliveries(t.Context(), p.id, all); err != nil || len(l.Items) != 1 || l.Items[0].State != "delivered" {
				t.Errorf("%+v %v", l.Items, err)
			}
		})
	}
}

func TestConformance_Q06_EachGetsWhatItHas(t *testing.T) {
	t.Parallel()
	p, b, token := stay(t, both)
	back, front, none := newParty(t, p.s, "Back", backOnly), newParty(t, p.s, "Front", frontOnly), newParty(t, p.s, "None", neither)
	for _, other := range []*party{back, front, none} {
		other.signIn(b)
	}
	page := p.leave(b, token)
	page.Frames()
	for _, c := range []struct {
		*party
		posts, visits int
	}{{p, 1, 1}, {back, 1, 0}, {front, 0, 1}, {none, 0, 0}} {
		if posts, visits := c.heard(); len(posts) != c.posts || len(visits) != c.visits {
			t.Errorf("%s got %d posts and %d visits", c.id, len(posts), len(visits))
		}
	}
	text := page.Text()
	for _, told := range []string{"Wiki: signed out", "Back: signed out", "Front: signing out"} {
		if !strings.Contains(text, told) {
			t.Errorf("%q is not on the page: %s", told, text)
		}
	}
	if slices.Contains(strings.Fields(text), "None:") {
		t.Error("the page names an application that is told nothing")
	}
	p.home(page.Refresh(), "?state=s-1")
}

// Q2: the algorithm is that of the client's ID tokens; a logout token is never unsigned.
func TestConformance_Q02_Algorithms(t *testing.T) {
	t.Parallel()
	for alg, want := range map[string]string{"ES256": "ES256", "PS256": "PS256", "HS256": "HS256", "none": "RS256"} {
		t.Run(alg, func(t *testing.T) {
			t.Parallel()
			p, b, _ := stay(t, func(m *idp.ClientMetadata) { backOnly(m); m.IDTokenSignedResponseAlg = alg })
			p.out(b).Form(0).Submit("logout-confirm")
			posts, _ := p.heard()
			if len(posts) != 1 {
				t.Fatalf("%d posts: %+v", len(posts), p.receipt())
			}
			raw := posts[0].Get("logout_token")
			if header := part(t, raw, 0); header["alg"] != want || header["typ"] != "logout+jwt" || strings.HasSuffix(raw, ".") {
				t.Errorf("header %v", header)
			}
		})
	}
}

// Q2: a pairwise client hears the name that it knows the person by, and no other.
func TestConformance_Q02_Pairwise(t *testing.T) {
	t.Parallel()
	p, b, token := stay(t, func(m *idp.ClientMetadata) { backOnly(m); m.SubjectType = "pairwise" })
	public := newParty(t, p.s, "Public", neither).signIn(b)
	p.leave(b, token)
	posts, _ := p.heard()
	if len(posts) != 1 {
		t.Fatalf("%d posts", len(posts))
	}
	got, want := part(t, posts[0].Get("logout_token"), 1)["sub"], part(t, idToken(token), 1)["sub"]
	if got != want || want == part(t, idToken(public), 1)["sub"] {
		t.Errorf("sub %v, in the ID token %v", got, want)
	}
}
