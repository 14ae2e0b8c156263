package oauth_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/config"
	"cloudsso/idp/idptest"
)

func TestDeviceDenied(t *testing.T) {
	t.Parallel()
	p := newProduct(t, idptest.Options{})
	tv := p.AddClient(t, deviceClient(nil))
	for name, deny := range map[string]func(*idptest.Page) *idptest.Page{
		"not my device": func(page *idptest.Page) *idptest.Page { return page.FormWith("confirm").Submit("device-deny") },
		"no sign-in": func(page *idptest.Page) *idptest.Page {
			return page.FormWith("confirm").Submit("device-confirm").FormWith("password").Submit("login-cancel")
		},
		"no consent": func(page *idptest.Page) *idptest.Page {
			page = page.FormWith("confirm").Submit("device-confirm").FormWith("password").Set("username", "ada").Set("password", passphrase).Submit("login-submit")
			return page.FormWith("consent").Submit("consent-deny")
		},
	} {
		t.Run(name, func(t *testing.T) {
			codes := p.startDevice(tv)
			page := deny(idptest.NewBrowser(t).Open(codes["verification_uri_complete"].(string)))
			if page.Title() != "The device was not connected · Cloud SSO" {
				t.Errorf("page: %s", page.Text())
			}
			wantError(t, p.poll(tv, codes), 400, "access_denied", "The person did not agree.")
			if again := idptest.NewBrowser(t).Open(codes["verification_uri_complete"].(string)); again.Status != 410 || strings.Contains(again.Text(), "Does your device") {
				t.Errorf("asked again: %d %s", again.Status, again.Text())
			}
		})
	}
}

func TestUserCodesThatAreWrong(t *testing.T) {
	t.Parallel()
	p := newProduct(t, idptest.Options{})
	b := idptest.NewBrowser(t)
	for _, typed := range []string{"BCDF-GHJK", "AAAA-AAAA", "BCDF", "<script>alert(1)</script>", strings.Repeat("B", 200)} {
		page := b.Open(p.Issuer+"/device").FormWith("user_code").Set("user_code", typed).Submit("device-submit")
		if page.Status != 400 || page.TextOf("device-error") != "This code is not known, or it has expired. Please compare it with the one on your device." {
			t.Errorf("%.20q: %d %s", typed, page.Status, page.Text())
		}
		if strings.Contains(page.Body, "<script>alert") || len(page.FormWith("user_code").Value("user_code")) > 32 {
			t.Errorf("%.20q came back", typed)
		}
	}
}

// RFC 8628 §5.1: guessing codes, from one place and from many.
func TestUserCodesCannotBeGuessed(t *testing.T) {
	t.Parallel()
	p := newProduct(t, idptest.Options{Config: func(c *config.Config) { c.Limits.Enabled = true }})
	tv := p.AddClient(t, deviceClient(nil))
	codes := p.startDevice(tv)
	b := idptest.NewBrowser(t)
	for i := range 30 {
		if page := b.Open(p.Issuer + "/device?user_code=BCDF-GHJK"); page.Status != 400 {
			t.Fatalf("try %d: %d", i, page.Status)
		}
	}
	if page := b.Open(codes["verification_uri_complete"].(string)); page.Status != 429 || !strings.Contains(page.Text(), "Too many codes were tried. Please wait ten minutes before you try again.") {
		t.Errorf("the right one after that: %d %s", page.Status, page.Text())
	}
	p.Clock.Advance(10 * time.Minute)
	if page := b.Open(codes["verification_uri_complete"].(string)); page.Status != 200 {
		t.Errorf("ten minutes later: %d %s", page.Status, page.Text())
	}
	for range 999 {
		if _, err := p.Flows.Count(t.Context(), "device/wrong", 10*time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	if page := b.Open(p.Issuer + "/device?user_code=BCDF-GHJK"); page.Status != 400 {
		t.Errorf("the last wrong one: %d", page.Status)
	}
	if page := b.Open(codes["verification_uri_complete"].(string)); page.Status != 429 {
		t.Errorf("after a thousand wrong ones from everywhere: %d", page.Status)
	}
}

// Attack: another site's page presses Yes for a code of the attacker's device.
func TestTrap_DeviceFormsOfOtherSites(t *testing.T) {
	t.Parallel()
	p := newProduct(t, idptest.Options{})
	tv := p.AddClient(t, deviceClient(nil))
	codes, attackers := p.startDevice(tv), p.startDevice(tv)
	b := idptest.NewBrowser(t)
	token := b.Open(codes["verification_uri_complete"].(string)).FormWith("confirm").Value("token")
	for name, form := range map[string]url.Values{
		"no token":               {"confirm": {"yes"}, "user_code": {attackers["user_code"].(string)}},
		"a token of another one": {"confirm": {"yes"}, "user_code": {attackers["user_code"].(string)}, "token": {token}},
		"no, of another one":     {"confirm": {"no"}, "user_code": {attackers["user_code"].(string)}, "token": {token}},
	} {
		if page := b.Post(p.Issuer+"/device", form); page.Status != 400 || page.Has("login-submit") {
			t.Errorf("%s: %d %s", name, page.Status, page.Text())
		}
	}
	wantError(t, p.poll(tv, attackers), 400, "authorization_pending", pending)
}

// Attack: what was settled for a device is held up as an answer to an application, or the
// other way round.
func TestTrap_FlowsDoNotMix(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	h.client("tv", func(c *idp.Client) {
		public(c)
		c.GrantTypes, c.RedirectURIs = []string{idp.GrantDevice}, nil
	})
	h.login.visit = true
	const other = "This sign-in was for something else."
	at := h.authorize(request("wiki")).header.Get("Location")
	a := h.send(http.MethodGet, strings.Replace(at, "/login", "/device/continue", 1), "")
	if a.status != 400 || !strings.Contains(a.body, other) {
		t.Errorf("an application's flow for a device: %d %s", a.status, a.body)
	}
	codes := h.send(http.MethodPost, "/oauth2/device", "client_id=tv&scope=openid").json(t)
	page := h.send(http.MethodGet, "/device?user_code="+codes["user_code"].(string), "").body
	token := regexp.MustCompile(`name="token" value="([^"]*)"`).FindStringSubmatch(page)[1]
	at = h.send(http.MethodPost, "/device", url.Values{"user_code": {codes["user_code"].(string)}, "confirm": {"yes"}, "token": {token}}.Encode()).header.Get("Location")
	a = h.send(http.MethodGet, strings.Replace(at, "/login", "/oauth2/authorize/continue", 1), "")
	if a.status != 400 || !strings.Contains(a.body, other) {
		t.Errorf("a device's flow for an application: %d %s", a.status, a.body)
	}
}

// RFC 8628 §5.4: somebody is talked into connecting a stranger's device. Consent is asked
// for every time, of the organisation's own application too.
func TestDevicesAreAskedForEveryTime(t *testing.T) {
	t.Parallel()
	p := newProduct(t, idptest.Options{})
	tv := p.AddClient(t, deviceClient(func(m *idp.ClientMetadata) { m.FirstParty = true }))
	b := idptest.NewBrowser(t)
	for range 2 {
		codes := p.startDevice(tv)
		page := b.Open(codes["verification_uri_complete"].(string))
		if !strings.Contains(page.Text(), "If somebody sent you this code or a link, choose No.") {
			t.Fatalf("no warning: %s", page.Text())
		}
		if done := p.approve(b, codes); !done.Has("device-done") {
			t.Fatalf("at the end: %s", done.Text())
		}
	}
}
