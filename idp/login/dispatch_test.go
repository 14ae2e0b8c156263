package login_test

import (
	"testing"
	"time"

	"cloudsso/idp"
)

func TestWhatASessionIsGoodFor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		app, ask string
		wait     time.Duration
		page     string // what is asked; "": nothing
	}{
		"nothing special":                    {"oidc:chat", "", time.Hour, ""},
		"a service provider":                 {"saml:sheet", "", time.Hour, ""},
		"a fresh login":                      {"oidc:chat", `{"Login":true}`, 0, "enter your password again"},
		"a fresh login, later":               {"oidc:chat", `{"Login":true}`, time.Hour, "enter your password again"},
		"max_age 0 right after":              {"oidc:chat", `{"MaxAge":0}`, 0, "enter your password again"},
		"max_age 1 s, two seconds later":     {"oidc:chat", `{"MaxAge":1000000000}`, 2 * time.Second, "enter your password again"},
		"max_age 1 s, one second later":      {"oidc:chat", `{"MaxAge":1000000000}`, time.Second, ""},
		"max_age 15000 s":                    {"oidc:chat", `{"MaxAge":15000000000000}`, time.Hour, ""},
		"the person who is signed in":        {"oidc:chat", `{"Subject":"s-ada"}`, 0, ""},
		"another person":                     {"oidc:chat", `{"Subject":"s-grace"}`, 0, "You are signed in as ada, but the application asks for a different account"},
		"a choice of account":                {"oidc:chat", `{"SelectAccount":true}`, 0, "Choose an account"},
		"a fresh login by whomever":          {"oidc:chat", `{"SelectAccount":true,"Login":true}`, 0, "enter your password again"},
		"nobody was here for too long":       {"oidc:chat", "", 2 * time.Hour, "Sign in to Chat"},
		"consent to the organisation's own":  {"oidc:chat", `{"Scopes":["openid"]}`, 0, ""},
		"consent of the own, asked for":      {"oidc:chat", `{"Scopes":["openid"],"Consent":true}`, 0, "Know that it is you"},
		"consent to somebody else's":         {"oidc:wiki", `{"Scopes":["openid"]}`, 0, "Know that it is you"},
		"a request without scopes":           {"oidc:wiki", "", 0, ""},
		"consent comes after the password":   {"oidc:wiki", `{"Scopes":["openid"],"Login":true}`, 0, "enter your password again"},
		"consent comes after the account":    {"oidc:wiki", `{"Scopes":["openid"],"SelectAccount":true}`, 0, "Choose an account"},
		"a login hint that nobody asked for": {"oidc:chat", `{"LoginHint":"grace"}`, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t)
			b := h.signedIn("ada")
			h.later(c.wait)
			p := h.ask(b, c.app, c.ask)
			if c.page == "" {
				outcome(t, p, idp.SignedIn, "s-ada")
				return
			}
			shows(t, p, 200, c.page)
		})
	}
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	t.Run("at their absolute end, however busy", func(t *testing.T) {
		t.Parallel()
		h := open(t)
		b := h.signedIn("ada")
		for range 11 {
			h.later(time.Hour)
			outcome(t, h.ask(b, "oidc:chat", ""), idp.SignedIn, "s-ada")
		}
		h.later(time.Hour)
		shows(t, h.ask(b, "oidc:chat", ""), 200, "Sign in to Chat")
	})
	for _, status := range []idp.Status{idp.Disabled, idp.Locked, idp.PasswordExpired, idp.Gone} {
		t.Run("when the person is "+string(status), func(t *testing.T) {
			t.Parallel()
			h := open(t)
			b := h.signedIn("ada")
			h.people.change("ada", func(p *idp.Person) { p.Status = status })
			shows(t, h.ask(b, "oidc:chat", ""), 200, "Sign in to Chat")
			outcome(t, h.ask(b, "oidc:chat", `{"Passive":true}`), idp.LoginRequired, "")
			shows(t, b.Open(h.url+"/"), 200, "You are not signed in")
		})
	}
	t.Run("when the subject is unknown", func(t *testing.T) {
		t.Parallel()
		h := open(t)
		b := h.signedIn("ada")
		h.people.change("ada", func(p *idp.Person) { p.Subject = "s-new" })
		shows(t, h.ask(b, "oidc:chat", ""), 200, "Sign in to Chat")
	})
}

func TestAFlowLooksAtThePersonAtEachDecision(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browser()
	p := h.signIn(h.ask(b, "oidc:wiki", `{"Scopes":["openid"]}`), "ada")
	shows(t, p, 200, "Know that it is you")
	h.people.change("ada", func(p *idp.Person) { p.Status = idp.Disabled })
	shows(t, p.FormWith("consent").Submit("consent-allow"), 200, "Sign in to Wiki")
	if got := h.events.names(); got != "login.success" {
		t.Errorf("events %q", got)
	}
}

func TestDirectoryDownDuringADecision(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("ada")
	p := h.ask(b, "oidc:chat", `{"Login":true}`)
	h.people.turn("person", true)
	down := p.Reload()
	if down.Status != 503 || !down.Has("support-code") {
		t.Errorf("status %d: %s", down.Status, down.Text())
	}
	for _, ask := range []string{"", `{"Passive":true}`} {
		if p := h.ask(b, "oidc:chat", ask); p.Status != 503 {
			t.Errorf("ask %s: status %d: %s", ask, p.Status, p.Text())
		}
	}
	h.people.turn("person", false)
	outcome(t, h.signIn(p.Reload(), "ada"), idp.SignedIn, "s-ada")
}

func TestAShortMaxAgeDoesNotAskInCircles(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browser()
	p := h.signIn(h.ask(b, "oidc:wiki", `{"Scopes":["openid"],"MaxAge":1000000000}`), "ada")
	h.later(time.Minute)
	outcome(t, p.FormWith("consent").Submit("consent-allow"), idp.SignedIn, "s-ada")
}

func TestAFreshLoginMovesAuthTime(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("ada")
	before := h.session(b)
	h.later(time.Minute)
	p := h.ask(b, "saml:sheet", `{"Login":true}`)
	if p.FormWith("username").Value("username") != "ada" {
		t.Error("the person's name is not filled in")
	}
	p = h.signIn(p, "ada")
	after := h.session(b)
	outcome(t, p, idp.SignedIn, "s-ada")
	if !after.AuthTime.Equal(before.AuthTime.Add(time.Minute)) || p.TextOf("session") != after.ID {
		t.Errorf("auth time %s, then %s", before.AuthTime, after.AuthTime)
	}
}

func TestSelectAccount(t *testing.T) {
	t.Parallel()
	h := open(t)
	ask := `{"SelectAccount":true}`
	t.Run("this one", func(t *testing.T) {
		p := h.ask(h.signedIn("ada"), "oidc:chat", ask)
		shows(t, p, 200, "Continue as Ada Lovelace", "Chat")
		outcome(t, p.FormWith("account").Submit("select-this"), idp.SignedIn, "s-ada")
	})
	t.Run("another one", func(t *testing.T) {
		b := h.signedIn("ada")
		p := h.ask(b, "oidc:chat", ask).FormWith("account").Submit("select-another")
		shows(t, p, 200, "Sign in to Chat")
		if p.FormWith("username").Value("username") != "" {
			t.Error("the old name is filled in")
		}
		outcome(t, h.signIn(p, "grace"), idp.SignedIn, "s-grace")
	})
	t.Run("a wrong password on the way to another one keeps the way", func(t *testing.T) {
		p := h.ask(h.signedIn("ada"), "oidc:chat", ask).FormWith("account").Submit("select-another")
		p = p.FormWith("username").Set("username", "grace").Set("password", "no").Submit("")
		outcome(t, h.signIn(p, "grace"), idp.SignedIn, "s-grace")
	})
	t.Run("none", func(t *testing.T) {
		p := h.ask(h.signedIn("ada"), "oidc:chat", ask)
		outcome(t, p.FormWith("account").Submit("login-cancel"), idp.Denied, "")
	})
	t.Run("nobody was signed in", func(t *testing.T) {
		p := h.ask(h.browser(), "oidc:chat", ask)
		outcome(t, h.signIn(p, "ada"), idp.SignedIn, "s-ada")
	})
	t.Run("no button pressed shows the page again", func(t *testing.T) {
		p := h.ask(h.signedIn("ada"), "oidc:chat", ask)
		f := p.FormWith("token")
		again := f.Set("app", "x").Submit("account=this")
		outcome(t, again, idp.SignedIn, "s-ada")
	})
	t.Run("choosing is not proving: a fresh login cannot be skipped", func(t *testing.T) {
		b := h.signedIn("ada")
		chosen := h.ask(b, "oidc:chat", ask).FormWith("account")
		fresh := h.ask(b, "oidc:chat", `{"SelectAccount":true,"Login":true}`)
		p := chosen.Set("flow", flowOf(t, fresh)).Submit("select-this")
		shows(t, p, 403, "Please try that once more")
		shows(t, p.Click("Continue"), 200, "Sign in to Chat")
	})
}
