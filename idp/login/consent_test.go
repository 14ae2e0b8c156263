package login_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"testing"

	"cloudsso/idp"
	"cloudsso/idp/idptest"
)

const twoScopes = `{"Scopes":["openid","email"]}`

func TestConsent(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("ada")
	h.events.names()
	p := h.ask(b, "oidc:wiki", twoScopes)
	shows(t, p, 200, "Wiki asks for access", "Know that it is you", "See your email address", "Ada Lovelace", "ada")
	for _, id := range []string{"consent-allow", "consent-deny", "client-logo", "client-policy", "client-tos"} {
		if !p.Has(id) {
			t.Errorf("the page has no %s", id)
		}
	}
	p = p.FormWith("consent").Submit("consent=allow")
	outcome(t, p, idp.SignedIn, "s-ada")
	if p.TextOf("scopes") != "openid email" || h.events.names() != "consent.given" {
		t.Errorf("scopes %q", p.TextOf("scopes"))
	}
	t.Run("is remembered", func(t *testing.T) {
		outcome(t, h.ask(b, "oidc:wiki", twoScopes), idp.SignedIn, "s-ada")
		outcome(t, h.ask(b, "oidc:wiki", `{"Scopes":["email"],"Passive":true}`), idp.SignedIn, "s-ada")
	})
	t.Run("is for those scopes", func(t *testing.T) {
		shows(t, h.ask(b, "oidc:wiki", `{"Scopes":["openid","phone"]}`), 200, "See your phone number")
	})
	t.Run("is asked for anew if the app wants that", func(t *testing.T) {
		p := h.ask(b, "oidc:wiki", `{"Scopes":["openid"],"Consent":true}`)
		outcome(t, p.FormWith("consent").Submit("consent-allow"), idp.SignedIn, "s-ada")
	})
	t.Run("is that person's own", func(t *testing.T) {
		shows(t, h.ask(h.signedIn("grace"), "oidc:wiki", twoScopes), 200, "Wiki asks for access")
	})
}

func TestConsentDenied(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("ada")
	h.events.names()
	p := h.ask(b, "oidc:wiki", twoScopes).FormWith("consent").Submit("consent=deny")
	outcome(t, p, idp.Denied, "")
	if got := h.events.names(); got != "consent.denied" {
		t.Errorf("events %q", got)
	}
	shows(t, h.ask(b, "oidc:wiki", twoScopes), 200, "Wiki asks for access")
}

func TestConsentForms(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		send   func(t *testing.T, h *house, b *idptest.Browser, p *idptest.Page) *idptest.Page
		status int
		says   string
	}{
		"a token that is not ours": {func(t *testing.T, h *house, b *idptest.Browser, p *idptest.Page) *idptest.Page {
			return p.FormWith("consent").Set("token", "x").Submit("consent-allow")
		}, 403, "Please try that once more"},
		"the token of the password form": {func(t *testing.T, h *house, b *idptest.Browser, p *idptest.Page) *idptest.Page {
			other := b.Open(p.URL.String() + "&account=another").FormWith("token").Value("token")
			return p.FormWith("consent").Set("token", other).Submit("consent-allow")
		}, 403, "Please try that once more"},
		"the token of another flow": {func(t *testing.T, h *house, b *idptest.Browser, p *idptest.Page) *idptest.Page {
			other := h.ask(b, "oidc:wiki", twoScopes).FormWith("consent").Value("token")
			return p.FormWith("consent").Set("token", other).Submit("consent-allow")
		}, 403, "Please try that once more"},
		"without a flow": {func(t *testing.T, h *house, b *idptest.Browser, p *idptest.Page) *idptest.Page {
			return p.FormWith("consent").Set("flow", "").Submit("consent-allow")
		}, 403, "Please try that once more"},
		"somebody else has signed in meanwhile": {func(t *testing.T, h *house, b *idptest.Browser, p *idptest.Page) *idptest.Page {
			h.signIn(b.Open(h.url+"/login?account=another"), "grace")
			return p.FormWith("consent").Submit("consent-allow")
		}, 403, "Please try that once more"},
		"signed out meanwhile": {func(t *testing.T, h *house, b *idptest.Browser, p *idptest.Page) *idptest.Page {
			b.Open(h.url + "/logout").Form(0).Submit("logout-confirm")
			return p.FormWith("consent").Submit("consent-allow")
		}, 400, "Cookies are missing"},
		"neither button": {func(t *testing.T, h *house, b *idptest.Browser, p *idptest.Page) *idptest.Page {
			f := p.FormWith("consent")
			f.DropButtons()
			return f.Submit("")
		}, 200, "Wiki asks for access"},
		"sent twice": {func(t *testing.T, h *house, b *idptest.Browser, p *idptest.Page) *idptest.Page {
			outcome(t, p.FormWith("consent").Submit("consent-allow"), idp.SignedIn, "s-ada")
			h.events.names()
			return p.FormWith("consent").Submit("consent-allow")
		}, 410, "You are signed in as ada."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t)
			b := h.signedIn("ada")
			p := h.ask(b, "oidc:wiki", twoScopes)
			h.events.names()
			shows(t, c.send(t, h, b, p), c.status, c.says)
			for _, who := range []string{"s-ada", "s-grace"} {
				given, err := h.store.Consent(t.Context(), who, "wiki")
				if agreed := name == "sent twice" && who == "s-ada"; agreed != (err == nil) {
					t.Errorf("%s has agreed to %q", who, given.Scopes)
				}
			}
		})
	}
}

// People know their own browser's secret, and can make any form of ours for themselves.
// That must not let them skip a step which the app asked for.
func TestAForgedConsentSkipsNothing(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("ada")
	p := h.ask(b, "oidc:wiki", `{"Scopes":["openid"],"Login":true}`)
	flow := flowOf(t, p)
	m := hmac.New(sha256.New, []byte(b.Cookie(h.url, "cloudsso-browser")))
	fmt.Fprintf(m, "form\x00%s\x00consent:%s", flow, h.session(b).SID)
	p = b.Post(h.url+"/login/consent", url.Values{"flow": {flow}, "consent": {"allow"}, "token": {base64.RawURLEncoding.EncodeToString(m.Sum(nil))}})
	shows(t, p, 200, "Please enter your password again")
	if _, err := h.store.Consent(t.Context(), "s-ada", "wiki"); err == nil {
		t.Error("consent was given")
	}
}

func TestConsentGoesOnAfterSomebodyElseSignedIn(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("ada")
	p := h.ask(b, "oidc:wiki", twoScopes)
	h.signIn(b.Open(h.url+"/login?account=another"), "grace")
	p = p.FormWith("consent").Submit("consent-allow").Click("Continue")
	shows(t, p, 200, "Wiki asks for access", "grace")
	outcome(t, p.FormWith("consent").Submit("consent-allow"), idp.SignedIn, "s-grace")
	c, err := h.store.Consent(t.Context(), "s-grace", "wiki")
	if err != nil || !slices.Equal(c.Scopes, []string{"email", "openid"}) && !slices.Equal(c.Scopes, []string{"openid", "email"}) {
		t.Errorf("consent %v, %v", c, err)
	}
}

func TestConsentThatCannotBeRecordedIsNotGiven(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("ada")
	p := h.ask(b, "oidc:wiki", twoScopes)
	h.events.breakDown(true)
	if p := p.FormWith("consent").Submit("consent-allow"); p.Status != 500 {
		t.Errorf("status %d: %s", p.Status, p.Text())
	}
	if _, err := h.store.Consent(t.Context(), "s-ada", "wiki"); err == nil {
		t.Error("consent was given")
	}
	h.events.breakDown(false)
	outcome(t, p.FormWith("consent").Submit("consent-allow"), idp.SignedIn, "s-ada")
}
