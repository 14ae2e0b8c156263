package oauth_test

import (
	"regexp"
	"strings"
	"testing"

	"cloudsso/idp"
	"cloudsso/idp/idptest"
)

// shown is a client with all that people are shown of it.
func shown(m *idp.ClientMetadata) {
	m.LogoURI, m.PolicyURI, m.TosURI = "https://rp.example/logo.png", "https://rp.example/policy", "https://rp.example/tos"
}

func TestConformance_M01_M02_M03_M04_WhoAsks(t *testing.T) {
	t.Parallel()
	p := newProduct(t, idptest.Options{})
	rp := newRelyingParty(t, p, shown)
	login := rp.Open(rp.address())
	wantPage(t, login, "login-submit") // M4: nobody has given a password yet
	consent := rp.login(login)
	for name, page := range map[string]*idptest.Page{"login": login, "consent": rp.Open(rp.address("prompt", "consent"))} {
		if page.Attr("client-logo", "src") != "https://rp.example/logo.png" {
			t.Errorf("M1 %s: the logo is %q", name, page.Attr("client-logo", "src"))
		}
		if csp := page.Header.Get("Content-Security-Policy"); !regexp.MustCompile(`img-src [^;]*https:`).MatchString(csp) {
			t.Errorf("M1 %s: a browser does not load it: %s", name, csp)
		}
		if page.Attr("client-policy", "href") != "https://rp.example/policy" || page.Attr("client-tos", "href") != "https://rp.example/tos" {
			t.Errorf("M2, M3 %s: %q and %q", name, page.Attr("client-policy", "href"), page.Attr("client-tos", "href"))
		}
	}
	if !consent.Has("arrived") {
		t.Errorf("the browser is at %s", consent.URL)
	}
	// A client without them shows none.
	bare := newRelyingParty(t, p, nil)
	page := bare.Open(bare.address())
	for _, id := range []string{"client-logo", "client-policy", "client-tos"} {
		if page.Has(id) {
			t.Errorf("%s of a client that has none", id)
		}
	}
}

func TestConformance_M05_PagesNeedNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	p := newProduct(t, idptest.Options{})
	rp := newRelyingParty(t, p, nil)
	login := rp.Open(rp.address())
	consent := login.FormWith("password").Set("username", "ada").Set("password", passphrase).Submit("login-submit")
	wantPage(t, consent, "consent-allow")
	for name, page := range map[string]*idptest.Page{"login": login, "consent": consent} {
		found := regexp.MustCompile(`(?i)<(?:script|link|img|iframe)[^>]*\s(?:src|href)="([^"]*)"`).FindAllStringSubmatch(page.Body, -1)
		if len(found) == 0 {
			t.Errorf("%s: no assets: the test proves nothing", name)
		}
		for _, asset := range found {
			at, err := page.URL.Parse(asset[1])
			if err != nil || at.Host != page.URL.Host {
				t.Errorf("%s: loads %s", name, asset[1])
				continue
			}
			if got := rp.Open(at.String()); got.Status != 200 {
				t.Errorf("%s: %s answers %d", name, asset[1], got.Status)
			}
		}
	}
	if got := rp.answer(consent.FormWith("consent").Submit("consent-allow")); got.Get("code") == "" {
		t.Errorf("the plain form led to %v", got)
	}
}

func TestConformance_M06_AWrongPasswordKeepsTheRequest(t *testing.T) {
	t.Parallel()
	p := newProduct(t, idptest.Options{})
	rp := newRelyingParty(t, p, shown)
	state := strings.Repeat("s", 128)
	page := rp.Open(rp.address("state", state))
	for _, wrong := range []string{"wrong horse", "x", passphrase + " "} {
		page = page.FormWith("password").Set("username", "ada").Set("password", wrong).Submit("login-submit")
		wantPage(t, page, "login-submit")
		if page.Status == 200 || page.Attr("client-logo", "src") == "" {
			t.Errorf("%d: %s", page.Status, page.Text())
		}
	}
	if got := rp.answer(rp.login(page)); got.Get("code") == "" || got.Get("state") != state {
		t.Errorf("got %v", got)
	}
}
