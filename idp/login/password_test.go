package login_test

import (
	"errors"
	"strings"
	"testing"

	"cloudsso/idp"
	"cloudsso/idp/idptest"
	"cloudsso/userdir"
)

func try(p *idptest.Page, name, password string) *idptest.Page {
	return p.FormWith("password").Set("username", name).Set("password", password).Submit("")
}

func TestPasswordsThatDoNotDo(t *testing.T) {
	t.Parallel()
	const wrong = "The user name or the password is not right."
	for name, c := range map[string]struct {
		name, password string
		status         int
		says, event    string
	}{
		"a wrong password":           {"ada", "Zebra-77", 403, wrong, "login.failure:wrong_credentials"},
		"an unknown name":            {"nobody", "right nobody", 403, wrong, "login.failure:wrong_credentials"},
		"a disabled account":         {"disabled", "right disabled", 403, "This account is disabled.", "login.failure:disabled"},
		"a locked account":           {"locked", "right locked", 403, "This account is locked.", "login.failure:locked"},
		"an expired password":        {"expired", "right expired", 403, "has expired", "login.failure:password_expired"},
		"somebody who is gone":       {"gone", "right gone", 403, "no longer in use", "login.failure:gone"},
		"a disabled one, guessed at": {"disabled", "Zebra-77", 403, wrong, "login.failure:wrong_credentials"},
		"no name":                    {"", "Zebra-77", 400, "Please enter your user name", ""},
		"a name of spaces":           {"  ", "Zebra-77", 400, "Please enter your user name", ""},
		"no password":                {"ada", "", 400, "Please enter your user name", ""},
		"a name without end":         {strings.Repeat("a", 257), "Zebra-77", 400, "This user name is too long", ""},
		"a password without end":     {"ada", strings.Repeat("Zebra-77", 129), 400, "This password is too long", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t)
			for login, status := range map[string]idp.Status{"disabled": idp.Disabled, "locked": idp.Locked, "expired": idp.PasswordExpired, "gone": idp.Gone} {
				h.people.change(login, func(p *idp.Person) { *p = idp.Person{Subject: "s-" + login, Login: login, Status: status} })
			}
			b := h.browser()
			p := h.ask(b, "oidc:wiki", `{"Scopes":["openid"]}`)
			flow := flowOf(t, p)
			p = try(p, c.name, c.password)
			shows(t, p, c.status, "Error: Sign in to Wiki", c.says)
			if p.TextOf("login-error") == "" || h.events.names() != c.event || b.Cookie(h.url, "cloudsso-session") != "" {
				t.Error("the error is not marked, or the event is not right, or there is a session")
			}
			if strings.Contains(p.Body, "Zebra-77") || strings.Contains(p.Body, "right ") {
				t.Error("the password came back")
			}
			form := p.FormWith("password")
			if got := form.Value("username"); len(c.name) <= 256 && got != strings.TrimSpace(c.name) || form.Value("flow") != flow {
				t.Errorf("the form came back with %q and flow %q", got, form.Value("flow"))
			}
			shows(t, h.signIn(p, "ada"), 200, "Wiki asks for access")
		})
	}
}

// Who does not know the password must not learn whether an account exists.
func TestUnknownNamesLookLikeWrongPasswords(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browser()
	one := try(h.ask(b, "oidc:chat", ""), "ada", "no")
	two := try(h.ask(b, "oidc:chat", ""), "nobody", "no")
	same := strings.NewReplacer("nobody", "ada", flowOfForm(two), flowOfForm(one), two.FormWith("token").Value("token"), one.FormWith("token").Value("token"))
	if one.Status != two.Status || one.Body != same.Replace(two.Body) || len(one.Header["Set-Cookie"]) != len(two.Header["Set-Cookie"]) {
		t.Error("the two pages differ")
	}
}

func flowOfForm(p *idptest.Page) string { return p.FormWith("flow").Value("flow") }

// A directory that wants a second factor of its own is told as such, with a way on, and
// the Event says which directory it was.
func TestADirectoryThatWantsASecondFactor(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browser()
	h.people.mu.Lock()
	h.people.fault = &userdir.Fault{Directory: "members", Err: userdir.ErrSecondFactor}
	h.people.mu.Unlock()
	p := try(h.ask(b, "oidc:wiki", `{"Scopes":["openid"]}`), "ada", "right ada")
	shows(t, p, 403, "Error: Sign in to Wiki", "asks for a second factor")
	h.events.mu.Lock()
	from := h.events.list[0].Detail["directory"]
	h.events.mu.Unlock()
	if got := h.events.names(); !p.Has("login-submit") || got != "login.failure:second_factor" || from != "members" {
		t.Errorf("no way on, or events %s from %s", got, from)
	}
}

func TestDirectoryDownDuringThePassword(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browser()
	p := h.ask(b, "oidc:chat", "")
	h.people.turn("authenticate", true)
	p = h.signIn(p, "ada")
	shows(t, p, 503, "Passwords cannot be checked at the moment", "Your sign-in is kept")
	if got := h.events.names(); got != "login.failure:directory_unavailable" {
		t.Errorf("events %q", got)
	}
	h.people.turn("authenticate", false)
	outcome(t, h.signIn(p, "ada"), idp.SignedIn, "s-ada")
}

func TestFaultsDuringThePassword(t *testing.T) {
	t.Parallel()
	t.Run("of the directory", func(t *testing.T) {
		t.Parallel()
		h := open(t)
		h.people.fault = errors.New("certificate of ldap.internal has expired")
		p := h.signIn(h.ask(h.browser(), "oidc:chat", ""), "ada")
		if p.Status != 500 || !p.Has("support-code") || strings.Contains(p.Body, "ldap") {
			t.Errorf("status %d: %s", p.Status, p.Text())
		}
		h.people.fault = nil
		outcome(t, h.signIn(p.Click("Continue"), "ada"), idp.SignedIn, "s-ada")
	})
	t.Run("of the audit log: a sign-in that is not on record does not happen", func(t *testing.T) {
		t.Parallel()
		h := open(t)
		b := h.browser()
		p := h.ask(b, "oidc:chat", "")
		h.events.breakDown(true)
		for _, password := range []string{"right ada", "wrong"} {
			if p := try(p, "ada", password); p.Status != 500 {
				t.Errorf("status %d: %s", p.Status, p.Text())
			}
		}
		if list, _ := h.store.SessionsOf(t.Context(), "s-ada"); len(list) > 0 || b.Cookie(h.url, "cloudsso-session") != "" {
			t.Error("there is a session")
		}
		h.events.breakDown(false)
		outcome(t, h.signIn(p, "ada"), idp.SignedIn, "s-ada")
	})
}

func TestCancel(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browser()
	p := h.ask(b, "oidc:chat", "")
	outcome(t, p.FormWith("password").Submit("login-cancel"), idp.Denied, "")
	shows(t, p.FormWith("password").Submit("login-cancel"), 410, "This sign-in is over")
	t.Run("after a wrong password", func(t *testing.T) {
		p := try(h.ask(b, "oidc:chat", ""), "ada", "no")
		outcome(t, p.FormWith("password").Submit("login-cancel"), idp.Denied, "")
	})
	t.Run("by somebody else's form", func(t *testing.T) {
		p := h.ask(b, "oidc:chat", "")
		shows(t, p.FormWith("password").Set("token", "").Submit("login-cancel"), 403, "Please try that once more")
		outcome(t, h.signIn(p, "ada"), idp.SignedIn, "s-ada")
	})
}

func TestOnlyTheAskedForPersonSettlesTheFlow(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.browser()
	p := h.ask(b, "oidc:chat", `{"Subject":"s-grace","LoginHint":"grace"}`)
	if got := p.FormWith("username").Value("username"); got != "grace" {
		t.Errorf("the hint is not filled in: %q", got)
	}
	p = h.signIn(p, "ada")
	shows(t, p, 403, "The application asks for a different account")
	if got := h.events.names(); got != "login.failure:other_account" || b.Cookie(h.url, "cloudsso-session") != "" {
		t.Errorf("events %q, or there is a session", got)
	}
	outcome(t, h.signIn(p, "grace"), idp.SignedIn, "s-grace")
}

func TestLoginHint(t *testing.T) {
	t.Parallel()
	h := open(t)
	for hint, want := range map[string]string{"ada@example.com": "ada@example.com", `<script>`: `<script>`, strings.Repeat("a", 257): ""} {
		p := h.ask(h.browser(), "oidc:chat", `{"LoginHint":"`+hint+`"}`)
		if got := p.FormWith("username").Value("username"); got != want {
			t.Errorf("hint %.20q filled in as %.20q", hint, got)
		}
	}
}
