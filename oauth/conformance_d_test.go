package oauth_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/idptest"
)

func TestWhatTheLoginIsAskedByPrompts(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	zero, minute := time.Duration(0), time.Minute
	daySeconds := int64(86400)
	for name, c := range map[string]struct {
		more []string
		set  func(*idp.Client)
		want func(idp.Ask) bool
	}{
		"prompt=none":              {[]string{"prompt", "none"}, nil, func(a idp.Ask) bool { return a.Passive }},
		"prompt=login":             {[]string{"prompt", "login"}, nil, func(a idp.Ask) bool { return a.Login && !a.Passive }},
		"prompt=consent login":     {[]string{"prompt", "consent login"}, nil, func(a idp.Ask) bool { return a.Login && a.Consent }},
		"prompt=select_account":    {[]string{"prompt", "select_account"}, nil, func(a idp.Ask) bool { return a.SelectAccount }},
		"no max_age":               {nil, nil, func(a idp.Ask) bool { return a.MaxAge == nil }},
		"max_age=0 is a value":     {[]string{"max_age", "0"}, nil, func(a idp.Ask) bool { return *a.MaxAge == zero }},
		"max_age=60":               {[]string{"max_age", "60"}, nil, func(a idp.Ask) bool { return *a.MaxAge == minute }},
		"the client's default":     {nil, func(c *idp.Client) { c.DefaultMaxAge = &daySeconds }, func(a idp.Ask) bool { return *a.MaxAge == day }},
		"max_age over the default": {[]string{"max_age", "60"}, func(c *idp.Client) { c.DefaultMaxAge = &daySeconds }, func(a idp.Ask) bool { return *a.MaxAge == minute }},
		"login_hint":               {[]string{"login_hint", "anna"}, nil, func(a idp.Ask) bool { return a.LoginHint == "anna" }},
		"scopes in request order": {[]string{"scope", "email openid nonsense email offline_access"}, nil, func(a idp.Ask) bool {
			return slices.Equal(a.Scopes, []string{"email", "openid", "offline_access"})
		}},
		"offline_access without the grant type": {[]string{"scope", "openid offline_access"}, func(c *idp.Client) { c.GrantTypes = nil; c.Scope = "openid offline_access" },
			func(a idp.Ask) bool { return slices.Equal(a.Scopes, []string{"openid"}) }},
		"scopes that the client may not ask for": {[]string{"scope", "openid email"}, func(c *idp.Client) { c.Scope = "openid" },
			func(a idp.Ask) bool { return slices.Equal(a.Scopes, []string{"openid"}) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.client("wiki", c.set)
			h.login.visit = true
			h.authorize(request("wiki", c.more...))
			if !c.want(h.login.asked) {
				t.Errorf("asked %+v", h.login.asked)
			}
		})
	}
}

func TestConformance_D08_IDTokenHint(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	hint := h.signIn(t, "wiki")["id_token"].(string)
	h.move(3 * time.Hour) // expired, and still a hint
	h.login.answer.AuthTime = h.now()
	if got := h.authorize(request("wiki", "prompt", "none", "id_token_hint", hint)).params(t); got.Get("code") == "" {
		t.Errorf("got %v", got)
	}
	if h.login.asked.Subject != anna {
		t.Errorf("asked for %q", h.login.asked.Subject)
	}
	h.login.answer.Subject = bert // a login that ignores the question
	if got := h.authorize(request("wiki", "id_token_hint", hint)).params(t); got.Get("error") != "login_required" {
		t.Errorf("got %v", got)
	}
}

func TestConformance_D01_NoneWithoutASession(t *testing.T) {
	t.Parallel()
	rp := newRelyingParty(t, newProduct(t, idptest.Options{}), nil)
	got := rp.answer(rp.Open(rp.address("prompt", "none")))
	if got.Get("error") != "login_required" || got.Get("state") == "" || got.Has("code") {
		t.Errorf("got %v", got)
	}
}

func TestConformance_D02_NoneWithASession(t *testing.T) {
	t.Parallel()
	rp := newRelyingParty(t, newProduct(t, idptest.Options{}), nil)
	first := rp.tokens()
	rp.Clock.Advance(time.Minute)
	again := rp.tokens("prompt", "none")
	if authTime(t, first) != authTime(t, again) || claimsOf(t, first["id_token"])["sub"] != claimsOf(t, again["id_token"])["sub"] {
		t.Error("another person, or another sign-in")
	}
	if got := rp.answer(rp.Open(rp.address("prompt", "none", "scope", "openid email"))); got.Get("error") != "consent_required" {
		t.Errorf("nobody has agreed to that: %v", got)
	}
}

func TestConformance_D03_NoneAnswersInTheMode(t *testing.T) {
	t.Parallel()
	rp := newRelyingParty(t, newProduct(t, idptest.Options{}), func(m *idp.ClientMetadata) { m.AllowImplicit = true })
	for mode, more := range map[string][]string{
		"form_post": {"response_mode", "form_post"}, "fragment": {"response_mode", "fragment"}, "the default of id_token": {"response_type", "id_token"},
	} {
		if got := rp.answer(rp.Open(rp.address(append(more, "prompt", "none")...))); got.Get("error") != "login_required" || got.Get("state") == "" {
			t.Errorf("%s: %v", mode, got)
		}
	}
}

func TestConformance_D04_LoginAsksAgain(t *testing.T) {
	t.Parallel()
	rp := newRelyingParty(t, newProduct(t, idptest.Options{}), nil)
	first := rp.tokens()
	rp.Clock.Advance(time.Minute)
	wantPage(t, rp.Open(rp.address("prompt", "login")), "login-submit")
	if again := rp.tokens("prompt", "login"); authTime(t, again) <= authTime(t, first) {
		t.Error("auth_time did not move")
	}
}

func TestConformance_D05_MaxAgeIsOver(t *testing.T) {
	t.Parallel()
	rp := newRelyingParty(t, newProduct(t, idptest.Options{}), nil)
	first := rp.tokens("max_age", "1")
	rp.Clock.Advance(2 * time.Second)
	wantPage(t, rp.Open(rp.address("max_age", "1")), "login-submit")
	again := rp.tokens("max_age", "1")
	if at := authTime(t, again); at <= authTime(t, first) || rp.Clock.Now().Unix()-int64(at) > 10 {
		t.Error("auth_time is not that of the second sign-in")
	}
	if got := rp.answer(rp.Open(rp.address("max_age", "0", "prompt", "none"))); got.Get("error") != "login_required" {
		t.Errorf("max_age=0 takes a session: %v", got)
	}
}

func TestConformance_D06_MaxAgeIsNotOver(t *testing.T) {
	t.Parallel()
	rp := newRelyingParty(t, newProduct(t, idptest.Options{}), nil)
	first := rp.tokens("max_age", "15000")
	rp.Clock.Advance(time.Second)
	if authTime(t, rp.tokens("max_age", "10000", "prompt", "none")) != authTime(t, first) {
		t.Error("auth_time moved without a sign-in")
	}
}

func TestConformance_D07_AuthTimeIsThere(t *testing.T) {
	t.Parallel()
	p := newProduct(t, idptest.Options{})
	rp := newRelyingParty(t, p, func(m *idp.ClientMetadata) { m.RequireAuthTime = true })
	for _, more := range [][]string{nil, {"max_age", "0"}, {"max_age", "10000"}} {
		if at := authTime(t, rp.tokens(more...)); p.Clock.Now().Unix()-int64(at) > 60 {
			t.Errorf("%v: auth_time %v", more, at)
		}
	}
}

func TestConformance_D08_HintsOfSomebodyElse(t *testing.T) {
	t.Parallel()
	p := newProduct(t, idptest.Options{})
	p.AddUser(t, api.NewUser{Username: "bob", Email: "bob@example.com", Password: passphrase})
	rp := newRelyingParty(t, p, nil)
	hint := rp.tokens()["id_token"].(string)
	p.Clock.Advance(90 * time.Minute) // the ID token has expired, the session has not
	if got := rp.answer(rp.Open(rp.address("prompt", "none", "id_token_hint", hint))); got.Get("code") == "" {
		t.Errorf("an expired hint of the person who is signed in: %v", got)
	}
	rp.Browser = idptest.NewBrowser(t)
	page := rp.Open(rp.address()).FormWith("password").Set("username", "bob").Set("password", passphrase).Submit("login-submit")
	rp.answer(page.FormWith("consent").Submit("consent-allow"))
	if got := rp.answer(rp.Open(rp.address("prompt", "none", "id_token_hint", hint))); got.Get("error") != "login_required" {
		t.Errorf("somebody else is signed in: %v", got)
	}
	wantPage(t, rp.Open(rp.address("id_token_hint", hint)), "login-submit")
	bobs := rp.Open(rp.address("id_token_hint", hint)).FormWith("password").Set("username", "bob").Set("password", passphrase).Submit("login-submit")
	if bobs.Has("arrived") {
		t.Error("the hint did not force its subject")
	}
}

func TestConformance_D09_SigningInAgainKeepsTheSession(t *testing.T) {
	t.Parallel()
	p := newProduct(t, idptest.Options{})
	one, two := newRelyingParty(t, p, nil), newRelyingParty(t, p, nil)
	two.Browser = one.Browser
	sid := claimsOf(t, one.tokens()["id_token"])["sid"]
	p.Clock.Advance(time.Minute)
	if again := claimsOf(t, two.tokens("prompt", "login")["id_token"])["sid"]; again != sid || sid == nil {
		t.Errorf("sid %v became %v", sid, again)
	}
	if silent := claimsOf(t, one.tokens("prompt", "none")["id_token"])["sid"]; silent != sid {
		t.Errorf("the first application is told %v", silent)
	}
}

func TestConformance_D10_NoCookiesAndTheBackButton(t *testing.T) {
	t.Parallel()
	rp := newRelyingParty(t, newProduct(t, idptest.Options{}), nil)
	rp.NoCookies = true
	page := rp.Open(rp.address())
	if page.Status != 200 && !strings.Contains(page.Text(), "cookie") || page.Has("arrived") {
		t.Errorf("without cookies: %d %s", page.Status, page.Text())
	}
	rp.NoCookies = false
	form := rp.Open(rp.address())
	wantPage(t, form, "login-submit")
	rp.answer(rp.login(form))
	back := form.FormWith("password").Set("username", "ada").Set("password", passphrase).Submit("login-submit")
	if back.Status == 500 || !strings.Contains(back.Text(), "This sign-in is over") {
		t.Errorf("after the back button: %d %s", back.Status, back.Text())
	}
}

// Prompts that stand side by side are all obeyed.
func TestPromptsTogether(t *testing.T) {
	t.Parallel()
	rp := newRelyingParty(t, newProduct(t, idptest.Options{}), nil)
	rp.tokens()
	page := rp.Open(rp.address("prompt", "select_account"))
	wantPage(t, page, "select-this")
	page = rp.Open(rp.address("prompt", "login consent"))
	page = page.FormWith("password").Set("username", "ada").Set("password", passphrase).Submit("login-submit")
	wantPage(t, page, "consent-allow")
	if got := rp.answer(rp.Open(rp.address("prompt", "none consent"))); got.Get("error") != "invalid_request" {
		t.Errorf("none and consent: %v", got)
	}
	if got := rp.answer(rp.Open(rp.address("prompt", "create"))); got.Get("error") != "invalid_request" || !strings.Contains(got.Get("error_description"), "prompt") {
		t.Errorf("create, which is not offered: %v", got)
	}
}
