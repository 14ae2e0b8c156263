package login_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/idptest"
	"cloudsso/idp/login"
)

// cookie has no other attributes: what a planted one looks like.
func cookie(name, value string) *http.Cookie { return &http.Cookie{Name: name, Value: value} }

func TestOneLogin(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browser()
	p := h.ask(b, "oidc:chat", `{"Scopes":["openid","email"]}`)
	shows(t, p, 200, "Sign in to Chat")
	p = h.signIn(p, "ada")
	outcome(t, p, idp.SignedIn, "s-ada")
	s := h.session(b)
	if p.TextOf("how") != "resumed" || p.TextOf("request") != "as received" || p.TextOf("sid") != s.SID || p.TextOf("session") != s.ID ||
		p.TextOf("amr") != "pwd" || p.TextOf("scopes") != "openid email" || p.TextOf("auth_time") != "1772355600" {
		t.Errorf("answer: %s; session %+v", p.Text(), s)
	}
	if got := h.events.names(); got != "login.success" {
		t.Errorf("events %q", got)
	}
	if got := h.store.wrote(); got != "create-flow create-session update-flow take-flow" {
		t.Errorf("writes %q", got)
	}
}

func TestTheSecondAppAsksNothingAndWritesNothing(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("ada")
	h.store.wrote()
	p := h.ask(b, "saml:sheet", `{"LoginHint":"do not join"}`)
	outcome(t, p, idp.SignedIn, "s-ada")
	if got := h.store.wrote(); got != "" || p.TextOf("how") != "at once" || len(p.Header["Set-Cookie"]) > 0 {
		t.Errorf("writes %q, %s, cookies %q", got, p.TextOf("how"), p.Header["Set-Cookie"])
	}
}

func TestPassiveAnswersAtOnce(t *testing.T) {
	t.Parallel()
	h := open(t)
	stranger, ada := h.browser(), h.signedIn("ada")
	h.store.wrote()
	for name, c := range map[string]struct {
		b    *idptest.Browser
		app  string
		ask  string
		want idp.Outcome
	}{
		"nobody is signed in":          {stranger, "oidc:chat", `{"Passive":true}`, idp.LoginRequired},
		"somebody is":                  {ada, "oidc:chat", `{"Passive":true,"LoginHint":"do not join"}`, idp.SignedIn},
		"somebody else is asked for":   {ada, "oidc:chat", `{"Passive":true,"Subject":"s-grace"}`, idp.LoginRequired},
		"a fresh login is asked for":   {ada, "oidc:chat", `{"Passive":true,"Login":true}`, idp.LoginRequired},
		"max_age is 0":                 {ada, "oidc:chat", `{"Passive":true,"MaxAge":0}`, idp.LoginRequired},
		"an account is to be chosen":   {ada, "oidc:chat", `{"Passive":true,"SelectAccount":true}`, idp.LoginRequired},
		"nobody has agreed":            {ada, "oidc:wiki", `{"Passive":true,"Scopes":["openid"]}`, idp.ConsentRequired},
		"the person must agree anew":   {ada, "oidc:chat", `{"Passive":true,"Consent":true,"Scopes":["openid"]}`, idp.ConsentRequired},
		"nobody is there to agree yet": {stranger, "oidc:wiki", `{"Passive":true,"Scopes":["openid"]}`, idp.LoginRequired},
	} {
		t.Run(name, func(t *testing.T) {
			subject := ""
			if c.want == idp.SignedIn {
				subject = "s-ada"
			}
			outcome(t, h.ask(c.b, c.app, c.ask), c.want, subject)
		})
	}
	if got := h.store.wrote(); got != "" {
		t.Errorf("writes %q", got)
	}
}

func TestTwoTabs(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browser()
	one, two := h.ask(b, "oidc:chat", ""), h.ask(b, "saml:sheet", "")
	outcome(t, h.signIn(two, "ada"), idp.SignedIn, "s-ada")
	t.Run("the other tab signs in once more", func(t *testing.T) {
		outcome(t, h.signIn(one, "ada"), idp.SignedIn, "s-ada")
	})
	t.Run("a third tab that was open is through when it is looked at again", func(t *testing.T) {
		c := h.browser()
		one, two := h.ask(c, "oidc:chat", ""), h.ask(c, "saml:sheet", "")
		outcome(t, h.signIn(two, "ada"), idp.SignedIn, "s-ada")
		outcome(t, one.Reload(), idp.SignedIn, "s-ada")
	})
}

func flowOf(t *testing.T, p *idptest.Page) string {
	t.Helper()
	id := p.URL.Query().Get("flow")
	if id == "" {
		t.Fatalf("no flow in %s", p.URL)
	}
	return id
}

func TestFlowsThatCannotGoOnEndInAHelpfulPage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		walk   func(h *house, b *idptest.Browser) *idptest.Page
		status int
		says   []string
	}{
		"expired while the page was open": {func(h *house, b *idptest.Browser) *idptest.Page {
			p := h.ask(b, "oidc:wiki", "")
			h.later(idp.FlowTTL + time.Second)
			return h.signIn(p, "ada")
		}, 410, []string{"This sign-in is over", "Start again at Wiki", "K7QF-2M9D"}},
		"expired, of an app without an address": {func(h *house, b *idptest.Browser) *idptest.Page {
			p := h.ask(b, "oidc:chat", "")
			h.later(idp.FlowTTL + time.Second)
			return p.Reload()
		}, 410, []string{"This sign-in is over", "Go to the start page"}},
		"used up, then the back button": {func(h *house, b *idptest.Browser) *idptest.Page {
			p := h.ask(b, "oidc:chat", "")
			h.signIn(p, "ada")
			return p.Reload()
		}, 410, []string{"This sign-in is over", "You are signed in as ada."}},
		"used up, then the password sent once more": {func(h *house, b *idptest.Browser) *idptest.Page {
			p := h.ask(b, "oidc:chat", "")
			h.signIn(p, "ada")
			return h.signIn(p, "ada")
		}, 410, []string{"You are signed in as ada."}},
		"used up, then the protocol's address opened again": {func(h *house, b *idptest.Browser) *idptest.Page {
			return h.signIn(h.ask(b, "oidc:chat", ""), "ada").Reload()
		}, 410, []string{"has been completed already", "start again where you came from"}},
		"never heard of":                        {func(h *house, b *idptest.Browser) *idptest.Page { return b.Open(h.url + "/login?flow=nonsense") }, 410, []string{"This sign-in is over", "Go to the start page"}},
		"never heard of, with an app that lies": {func(h *house, b *idptest.Browser) *idptest.Page { return b.Open(h.url + "/login?flow=x&app=oidc:evil") }, 410, []string{"Go to the start page"}},
		"of another browser": {func(h *house, b *idptest.Browser) *idptest.Page {
			p := h.ask(b, "oidc:wiki", "")
			other := h.browser()
			h.ask(other, "oidc:chat", "")
			return other.Open(p.URL.String())
		}, 403, []string{"Please start again in this browser", "Start again at Wiki", "do not use it"}},
		"of another browser, posted": {func(h *house, b *idptest.Browser) *idptest.Page {
			p := h.ask(b, "oidc:wiki", "")
			own := h.ask(h.browser(), "oidc:wiki", "").FormWith("password").Set("flow", flowOf(h.t, p))
			return own.Set("username", "ada").Set("password", "right ada").Submit("")
		}, 403, []string{"Please start again in this browser"}},
		"cookies are blocked": {func(h *house, b *idptest.Browser) *idptest.Page {
			b.NoCookies = true
			return h.ask(b, "oidc:wiki", "")
		}, 400, []string{"Cookies are missing", "allow cookies", "Start again at Wiki"}},
		"cookies are blocked, without a flow": {func(h *house, b *idptest.Browser) *idptest.Page {
			b.NoCookies = true
			return h.signIn(b.Open(h.url+"/login"), "ada")
		}, 400, []string{"Cookies are missing"}},
		"the browser was closed": {func(h *house, b *idptest.Browser) *idptest.Page {
			p := h.ask(b, "oidc:wiki", "")
			b.Close()
			return p.Reload()
		}, 400, []string{"Cookies are missing", "Start again at Wiki"}},
		"the app is no longer there": {func(h *house, b *idptest.Browser) *idptest.Page {
			p := h.ask(b, "oidc:wiki", "")
			delete(h.apps, "oidc:wiki")
			return p.Reload()
		}, 404, []string{"Unknown application"}},
		"resumed by hand before its end": {func(h *house, b *idptest.Browser) *idptest.Page {
			p := h.ask(b, "oidc:chat", "")
			return b.Open(h.url + "/continue/oidc?flow=" + flowOf(h.t, p))
		}, 400, []string{"not finished yet"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t)
			shows(t, c.walk(h, h.browser()), c.status, c.says...)
		})
	}
}

func TestResumeChecksWhoseFlowItIs(t *testing.T) {
	t.Parallel()
	h := open(t)
	victim, attacker := h.browser(), h.browser()
	h.ask(attacker, "oidc:chat", "")
	p := h.ask(victim, "oidc:chat", "")
	id := flowOf(t, p)
	// The flow settles, but the redirect gets lost.
	f, err := h.store.Flow(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	f.Answer = idp.Answer{Outcome: idp.SignedIn, Subject: "s-ada", SID: "x", Session: "x"}
	f.Ask.LoginHint = "do not join"
	if err := h.store.Store.UpdateFlow(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	shows(t, attacker.Open(h.url+"/continue/oidc?flow="+id), 403, "another browser")
	shows(t, h.browser().Open(h.url+"/continue/oidc?flow="+id), 400, "cookie")
	shows(t, victim.Open(h.url+"/continue/saml?flow="+id), 410, "completed already")
	t.Run("a settled flow that is opened again goes on to the protocol", func(t *testing.T) {
		outcome(t, p.Reload(), idp.SignedIn, "s-ada")
	})
	shows(t, p.Reload(), 410, "This sign-in is over")
}

func TestResumeAnswersExactlyOnce(t *testing.T) {
	t.Parallel()
	h := open(t)
	for range 20 {
		b := h.browser()
		p := h.ask(b, "oidc:chat", "")
		f, err := h.store.Flow(t.Context(), flowOf(t, p))
		if err != nil {
			t.Fatal(err)
		}
		f.Answer.Outcome = idp.Denied
		if err := h.store.Store.UpdateFlow(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		won := 0
		for range 4 {
			tab := h.browser()
			tab.SetCookie(h.url, cookie("cloudsso-browser", b.Cookie(h.url, "cloudsso-browser")))
			wg.Go(func() {
				if tab.Open(h.url+"/continue/oidc?flow="+f.ID).TextOf("outcome") == "denied" {
					mu.Lock()
					won++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if won != 1 {
			t.Fatalf("%d tabs got the answer", won)
		}
	}
}

func TestDoubleSubmitOfThePassword(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browser()
	p := h.ask(b, "oidc:chat", "")
	var wg sync.WaitGroup
	pages := make([]*idptest.Page, 4)
	for i := range pages {
		tab := h.browser()
		tab.SetCookie(h.url, cookie("cloudsso-browser", b.Cookie(h.url, "cloudsso-browser")))
		pages[i] = tab.Open(p.URL.String())
	}
	for i := range pages {
		wg.Go(func() { pages[i] = h.signIn(pages[i], "ada") })
	}
	wg.Wait()
	through := 0
	for _, page := range pages {
		switch {
		case page.TextOf("outcome") == "signed_in":
			through++
		case page.Status != 410:
			t.Errorf("a loser got %d %s", page.Status, page.Text())
		}
	}
	if through != 1 {
		t.Errorf("%d of 4 came through, want 1", through)
	}
}

func TestAnotherTabIsFaster(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*idp.Flow)
		want   idp.Outcome
	}{
		"and cancels":          {func(f *idp.Flow) { f.Answer.Outcome = idp.Denied }, idp.Denied},
		"and notes some fact":  {func(f *idp.Flow) { f.Answer.Subject = "s-grace" }, idp.SignedIn},
		"and signs in as well": {func(f *idp.Flow) { f.Answer = idp.Answer{Session: "theirs", Subject: "s-ada"} }, idp.SignedIn},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t)
			p := h.ask(h.browser(), "oidc:chat", "")
			h.store.faster = func() {
				f, err := h.store.Flow(t.Context(), flowOf(t, p))
				if err != nil {
					t.Error(err)
				}
				c.change(&f)
				if err := h.store.Store.UpdateFlow(t.Context(), f); err != nil {
					t.Error(err)
				}
			}
			p = h.signIn(p, "ada")
			if got := p.TextOf("outcome"); got != string(c.want) {
				t.Errorf("outcome %q: %d %s", got, p.Status, p.Text())
			}
		})
	}
}

func TestASettledFlowIgnoresAnotherPassword(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browser()
	p := h.ask(b, "oidc:chat", `{"LoginHint":"do not join"}`)
	f, err := h.store.Flow(t.Context(), flowOf(t, p))
	if err != nil {
		t.Fatal(err)
	}
	f.Answer = idp.Answer{Outcome: idp.SignedIn, Subject: "s-ada"}
	if err := h.store.Store.UpdateFlow(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	outcome(t, h.signIn(p, "grace"), idp.SignedIn, "s-ada")
	if h.people.tries() != 0 {
		t.Error("the password was tried")
	}
}

func TestLoginWithoutAFlow(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browser()
	p := b.Open(h.url + "/login")
	shows(t, p, 200, "Sign in")
	p = h.signIn(p, "ada")
	shows(t, p, 200, "You are signed in", "Ada Lovelace")
	if p.URL.Path != "/" {
		t.Errorf("it led to %s", p.URL)
	}
	if got := h.store.wrote(); got != "create-session" {
		t.Errorf("writes %q: a flow that nobody waits for needs no storing", got)
	}
	t.Run("once more leads home", func(t *testing.T) {
		shows(t, b.Open(h.url+"/login"), 200, "You are signed in")
	})
	t.Run("another account", func(t *testing.T) {
		p := b.Open(h.url + "/").Click("Use another account")
		shows(t, p, 200, "Sign in")
		shows(t, h.signIn(p, "grace"), 200, "You are signed in", "grace")
	})
	t.Run("cancel", func(t *testing.T) {
		p := h.browser().Open(h.url + "/login").FormWith("password").Submit("login-cancel")
		shows(t, p, 200, "You are not signed in")
	})
	t.Run("a form that is not ours", func(t *testing.T) {
		p := b.Open(h.url + "/login?account=another")
		shows(t, p.FormWith("token").Set("token", "wrong").Set("username", "ada").Submit(""), 403, "Please try that once more", "Continue")
	})
}

func TestBaseOfAnIssuerWithAPath(t *testing.T) {
	t.Parallel()
	h := open(t, func(o *login.Options) { o.Issuer += "/sso" })
	w := httptest.NewRecorder()
	f := &idp.Flow{Protocol: "oidc", App: "wiki", Return: "/continue"}
	if ready, err := h.login.Begin(w, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil), f); ready || err != nil {
		t.Fatal(ready, err)
	}
	u, err := url.Parse(w.Header().Get("Location"))
	if err != nil || w.Code != 303 || u.Path != "/sso/login" || u.Query().Get("flow") != f.ID || u.Query().Get("app") != "oidc:wiki" {
		t.Errorf("status %d, location %s", w.Code, u)
	}
	if f.Browser == "" || !f.ExpiresAt.Equal(f.CreatedAt.Add(idp.FlowTTL)) || len(f.ID) != 43 {
		t.Errorf("flow %+v", f)
	}
}
