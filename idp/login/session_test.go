package login_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/login"
)

func TestSessionOfASignIn(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("ada")
	secret := b.Cookie(h.url, "cloudsso-session")
	s := h.session(b)
	if len(secret) != 43 || s.ID == secret || s.ID != idp.HashSecret(secret) || len(s.SID) != 26 {
		t.Errorf("secret %q, session %+v", secret, s)
	}
	if s.Subject != "s-ada" || s.IP != "192.0.2.10" || !strings.Contains(s.UserAgent, "idptest") || !s.ExpiresAt.Equal(s.CreatedAt.Add(12*time.Hour)) {
		t.Errorf("session %+v", s)
	}
}

func TestSessionFixation(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browser()
	planted := idp.NewSecret()
	b.SetCookie(h.url, cookie("cloudsso-session", planted))
	outcome(t, h.signIn(h.ask(b, "oidc:chat", ""), "ada"), idp.SignedIn, "s-ada")
	if b.Cookie(h.url, "cloudsso-session") == planted {
		t.Error("the planted secret is the session's")
	}
	thief := h.browser()
	thief.SetCookie(h.url, cookie("cloudsso-session", planted))
	shows(t, thief.Open(h.url+"/"), 200, "You are not signed in")
}

func TestSignInAgain(t *testing.T) {
	t.Parallel()
	t.Run("the same person keeps the public name and the apps, not the secret", func(t *testing.T) {
		t.Parallel()
		h := open(t)
		b := h.signedIn("ada")
		outcome(t, h.ask(b, "saml:sheet", ""), idp.SignedIn, "s-ada")
		before, secret := h.session(b), b.Cookie(h.url, "cloudsso-session")
		h.events.names()
		h.later(time.Minute)
		outcome(t, h.signIn(h.ask(b, "oidc:chat", `{"Login":true}`), "ada"), idp.SignedIn, "s-ada")
		after := h.session(b)
		if after.SID != before.SID || after.ID == before.ID || len(after.Apps) != 1 || after.Apps[0].App != "sheet" {
			t.Errorf("before %+v, after %+v", before, after)
		}
		if _, err := h.store.Session(t.Context(), idp.HashSecret(secret)); !errors.Is(err, idp.ErrNotFound) {
			t.Errorf("the old secret still works: %v", err)
		}
		if got := h.events.names(); got != "login.success" {
			t.Errorf("events %q", got)
		}
	})
	t.Run("another person starts afresh, and the old session ends", func(t *testing.T) {
		t.Parallel()
		h := open(t)
		b := h.signedIn("ada")
		outcome(t, h.ask(b, "saml:sheet", ""), idp.SignedIn, "s-ada")
		before := h.session(b)
		h.events.names()
		outcome(t, h.signIn(h.ask(b, "oidc:chat", `{"Login":true}`), "grace"), idp.SignedIn, "s-grace")
		after := h.session(b)
		if after.SID == before.SID || len(before.Apps) != 1 || len(after.Apps) != 0 {
			t.Errorf("before %+v, after %+v", before, after)
		}
		if list, _ := h.store.SessionsOf(t.Context(), "s-ada"); len(list) > 0 {
			t.Error("the old session lives")
		}
		if got := h.events.names(); got != "login.success logout:another_person" {
			t.Errorf("events %q", got)
		}
	})
}

func TestJoined(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("ada")
	id := h.session(b).ID
	join := func(app idp.SessionApp) string {
		t.Helper()
		h.store.wrote()
		if err := h.login.Joined(t.Context(), id, app); err != nil {
			t.Fatal(err)
		}
		return h.store.wrote()
	}
	sheet := idp.SessionApp{Protocol: "saml", App: "sheet", NameID: "n1", SessionIndex: "i1"}
	if got := join(sheet); got != "update-session" {
		t.Errorf("a new app: %q", got)
	}
	if got := join(sheet); got != "" {
		t.Errorf("the same app a moment later: %q", got)
	}
	h.later(6 * time.Minute)
	if got := join(sheet); got != "update-session" {
		t.Errorf("the same app minutes later: %q", got)
	}
	if s := h.session(b); !s.SeenAt.Equal(h.clock()) || len(s.Apps) != 1 || !s.Apps[0].At.Equal(h.clock()) || s.Apps[0].NameID != "n1" {
		t.Errorf("session %+v", s)
	}
	sheet.NameID = "n2"
	if join(sheet); len(h.session(b).Apps) != 2 {
		t.Error("another name at the same app is not noted: logout could not name it")
	}
	for i := range 250 {
		sheet.NameID = strings.Repeat("n", i+3)
		join(sheet)
	}
	if apps := h.session(b).Apps; len(apps) != 200 || apps[199].NameID != sheet.NameID {
		t.Errorf("the session keeps %d names", len(apps))
	}
	if err := h.login.Joined(t.Context(), "nonsense", sheet); !errors.Is(err, idp.ErrNotFound) {
		t.Errorf("a session that is gone: %v", err)
	}
}

// The grant of a client names the session: writing it here too would be a second round trip.
func TestJoinedByClientsIsNotListed(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("ada")
	id := h.session(b).ID
	for _, c := range []struct {
		name  string
		later time.Duration
		wrote string
	}{
		{"a new client", 0, ""}, {"minutes later", 6 * time.Minute, "update-session"}, {"a moment after that", time.Minute, ""},
	} {
		h.later(c.later)
		h.store.wrote()
		if err := h.login.Joined(t.Context(), id, idp.SessionApp{Protocol: "oidc", App: "wiki"}); err != nil {
			t.Fatal(err)
		}
		if got := h.store.wrote(); got != c.wrote {
			t.Errorf("%s: %q", c.name, got)
		}
	}
	if s := h.session(b); len(s.Apps) != 0 || !s.SeenAt.Equal(h.clock().Add(-time.Minute)) {
		t.Errorf("session %+v", s)
	}
	if err := h.login.Joined(t.Context(), "nonsense", idp.SessionApp{Protocol: "oidc", App: "wiki"}); !errors.Is(err, idp.ErrNotFound) {
		t.Errorf("a session that is gone: %v", err)
	}
}

func TestJoinedByManyTabsAtOnce(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("ada")
	id := h.session(b).ID
	var wg sync.WaitGroup
	for _, app := range []string{"a", "b", "c", "d"} {
		wg.Go(func() {
			if err := h.login.Joined(t.Context(), id, idp.SessionApp{Protocol: "saml", App: app}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if s := h.session(b); len(s.Apps) != 4 {
		t.Errorf("apps %+v", s.Apps)
	}
}

func TestUserAgentIsCut(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browser()
	b.Transport = agent{strings.Repeat("ü", 300), b.Transport}
	outcome(t, h.signIn(h.ask(b, "oidc:chat", ""), "ada"), idp.SignedIn, "s-ada")
	if ua := h.session(b).UserAgent; ua != strings.Repeat("ü", 128) {
		t.Errorf("%d bytes: %q", len(ua), ua)
	}
}

type agent struct {
	name string
	next http.RoundTripper
}

func (a agent) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("User-Agent", a.name)
	return a.next.RoundTrip(r)
}

func TestLogout(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("ada")
	pending := h.ask(b, "oidc:chat", `{"Login":true}`)
	h.events.names()
	p := b.Open(h.url + "/").Click("Sign out")
	shows(t, p, 200, "Sign out?", "Ada Lovelace")
	if len(h.session(b).ID) == 0 {
		t.Error("asking has ended the session")
	}
	p = p.Form(0).Submit("logout-confirm")
	shows(t, p, 200, "You are signed out")
	if got := h.events.names(); got != "logout:person" {
		t.Errorf("events %q", got)
	}
	if b.Cookie(h.url, "cloudsso-session") != "" || b.Cookie(h.url, "cloudsso-browser") != "" {
		t.Error("cookies are left")
	}
	if list, _ := h.store.SessionsOf(t.Context(), "s-ada"); len(list) > 0 {
		t.Error("the session lives")
	}
	outcome(t, h.ask(b, "oidc:chat", `{"Passive":true}`), idp.LoginRequired, "")
	t.Run("ends what other tabs have begun", func(t *testing.T) {
		shows(t, pending.Reload(), 400, "If you have signed out in the meantime, just start again.")
	})
	t.Run("once more", func(t *testing.T) {
		shows(t, b.Open(h.url+"/logout"), 200, "You are signed out")
	})
}

func TestLogoutForms(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("ada")
	t.Run("that are not ours change nothing", func(t *testing.T) {
		p := b.Open(h.url+"/logout").Form(0).Set("token", "x").Submit("")
		shows(t, p, 403, "Please try that once more")
		shows(t, p.Click("Continue"), 200, "Sign out?")
		outcome(t, h.ask(b, "oidc:chat", ""), idp.SignedIn, "s-ada")
	})
	t.Run("work while the directory is down", func(t *testing.T) {
		h.people.turn("person", true)
		shows(t, b.Open(h.url+"/logout").Form(0).Submit("logout-confirm"), 200, "You are signed out")
	})
}

func TestHomeWhileTheDirectoryIsDown(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("ada")
	h.people.turn("person", true)
	shows(t, b.Open(h.url+"/"), 503, "Try again")
}

func TestCookies(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tls    bool
		prefix string
	}{"on an http issuer": {false, ""}, "on an https issuer": {true, "__Host-"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := start(t, c.tls)
			b := h.browser()
			set := &setCookies{next: b.Transport, seen: map[string]*http.Cookie{}}
			b.Transport = set
			outcome(t, h.signIn(h.ask(b, "oidc:chat", ""), "ada"), idp.SignedIn, "s-ada")
			if len(set.seen) != 4 {
				t.Errorf("cookies %v", set.seen)
			}
			// O4: a frame of other sites reads the state; it is not the session.
			state := set.seen[c.prefix+"cloudsso-state"]
			if state == nil || state.HttpOnly || state.Secure != c.tls || c.tls && state.SameSite != http.SameSiteNoneMode || state.Path != "/" || state.MaxAge != 0 ||
				state.Value == set.seen[c.prefix+"cloudsso-session"].Value {
				t.Errorf("state: %v", state)
			}
			for _, short := range []string{"browser", "session", "device"} {
				k := set.seen[c.prefix+"cloudsso-"+short]
				if k == nil || k.Secure != c.tls || !k.HttpOnly || k.SameSite != http.SameSiteLaxMode || k.Path != "/" || k.Domain != "" {
					t.Errorf("%s: %v", short, k)
					continue
				}
				if stays := k.MaxAge > 0; stays != (short == "device") {
					t.Errorf("%s stays %d seconds", short, k.MaxAge)
				}
			}
		})
	}
}

type setCookies struct {
	next http.RoundTripper
	seen map[string]*http.Cookie
}

func (s *setCookies) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := s.next.RoundTrip(r)
	if err == nil {
		for _, c := range resp.Cookies() {
			s.seen[c.Name] = c
		}
	}
	return resp, err
}

// Forms that another site sends: its page knows everything but the browser's secret.
func TestFormsOfOtherSites(t *testing.T) {
	t.Parallel()
	h := open(t)
	for name, c := range map[string]struct {
		header map[string]string
		status int
	}{
		"our own form":                          {map[string]string{"Sec-Fetch-Site": "same-origin"}, 403},
		"our own form, in an old browser":       {map[string]string{"Sec-Fetch-Site": "", "Origin": h.url}, 403},
		"our own form, behind a proxy":          {map[string]string{"Sec-Fetch-Site": "", "Origin": h.url, "Host": "10.0.0.7"}, 403},
		"another site, with a stolen token":     {map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, 0},
		"a sibling host, with a stolen token":   {map[string]string{"Sec-Fetch-Site": "same-site", "Origin": "https://evil.example"}, 0},
		"another site, in an old browser":       {map[string]string{"Sec-Fetch-Site": "", "Origin": "https://evil.example"}, 0},
		"a sandboxed frame, with an old engine": {map[string]string{"Sec-Fetch-Site": "", "Origin": "null"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := h.browser()
			p := h.ask(b, "oidc:chat", "")
			tries := h.people.tries()
			b.Transport = headers{c.header, b.Transport}
			p = try(p, "ada", "wrong")
			tried := h.people.tries() > tries
			if tried != (c.status == 403) {
				t.Errorf("the password was tried: %v", tried)
			}
			if !tried {
				shows(t, p, 403, "Please try that once more", "Continue")
			}
		})
	}
}

type headers struct {
	set  map[string]string
	next http.RoundTripper
}

func (h headers) RoundTrip(r *http.Request) (*http.Response, error) {
	for name, value := range h.set {
		switch {
		case name == "Host":
			r.Host = value
		case value == "":
			r.Header.Del(name)
		default:
			r.Header.Set(name, value)
		}
	}
	return h.next.RoundTrip(r)
}

func TestFormsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	h := open(t)
	for _, path := range []string{"/login", "/login/consent", "/login/select", "/logout"} {
		b := h.signedIn("ada")
		b.Transport = headers{map[string]string{"Content-Type": "application/x-www-form-urlencoded; %%%"}, b.Transport}
		shows(t, b.Post(h.url+path, nil), 403, "Please try that once more")
	}
}

func TestTokenOfAnotherBrowser(t *testing.T) {
	t.Parallel()
	h := open(t)
	attacker, victim := h.browser(), h.browser()
	token := attacker.Open(h.url + "/login").FormWith("token").Value("token")
	p := victim.Open(h.url+"/login").FormWith("token").Set("token", token).Set("username", "ada").Set("password", "right ada").Submit("")
	shows(t, p, 403, "Please try that once more")
	if victim.Cookie(h.url, "cloudsso-session") != "" {
		t.Error("the victim was signed in")
	}
}

func TestOptionsOfSessions(t *testing.T) {
	t.Parallel()
	h := open(t, func(o *login.Options) { o.SessionTTL, o.SessionIdle = time.Hour, time.Minute })
	b := h.signedIn("ada")
	if s := h.session(b); !s.ExpiresAt.Equal(s.CreatedAt.Add(time.Hour)) {
		t.Errorf("ends %s", s.ExpiresAt)
	}
	h.later(time.Minute)
	outcome(t, h.ask(b, "oidc:chat", `{"Passive":true}`), idp.LoginRequired, "")
}
