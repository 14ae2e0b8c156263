package oauth_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/idptest"
)

func deviceClient(more func(*idp.ClientMetadata)) idp.ClientMetadata {
	m := idp.ClientMetadata{ClientName: "Living-room TV", GrantTypes: []string{idp.GrantDevice, "refresh_token"}, TokenEndpointAuthMethod: "none"}
	if more != nil {
		more(&m)
	}
	return m
}

// startDevice asks for codes.
func (p product) startDevice(c api.Client, more ...string) map[string]any {
	p.t.Helper()
	a := p.post("/oauth2/device", c, with(url.Values{"scope": {"openid email offline_access"}}, more...))
	if a.status != 200 || a.header.Get("Cache-Control") != "no-store" {
		p.t.Fatalf("device authorization: %d %s", a.status, a.body)
	}
	return a.json(p.t)
}

// poll asks for the tokens.
func (p product) poll(c api.Client, codes map[string]any, more ...string) answer {
	p.t.Helper()
	return p.post("/oauth2/token", c, with(url.Values{"grant_type": {idp.GrantDevice}, "device_code": {codes["device_code"].(string)}}, more...))
}

// approve walks a browser through the pages.
func (p product) approve(b *idptest.Browser, codes map[string]any) *idptest.Page {
	p.t.Helper()
	page := b.Open(codes["verification_uri_complete"].(string)).FormWith("confirm").Submit("device-confirm")
	if page.Has("login-submit") {
		page = page.FormWith("password").Set("username", "ada").Set("password", passphrase).Submit("login-submit")
	}
	return page.FormWith("consent").Submit("consent-allow")
}

const (
	pending = "The person has not answered yet: ask again in a few seconds."
	tooFast = "The device asks too often: wait 5 seconds longer between two requests from now on."
	badCode = "The device_code is not one that was issued to this client, or it was used before."
)

func TestDeviceGrant(t *testing.T) {
	t.Parallel()
	p := newProduct(t, idptest.Options{})
	tv := p.AddClient(t, deviceClient(nil))
	codes := p.startDevice(tv)
	userCode := codes["user_code"].(string)
	if !regexp.MustCompile(`^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$`).MatchString(userCode) {
		t.Errorf("user code %q", userCode)
	}
	if codes["verification_uri"] != p.Issuer+"/device" || codes["verification_uri_complete"] != p.Issuer+"/device?user_code="+userCode || codes["expires_in"] != float64(900) || codes["interval"] != float64(5) {
		t.Errorf("got %v", codes)
	}
	wantError(t, p.poll(tv, codes), 400, "authorization_pending", pending)

	// The person types the code in, in small letters and without the dash.
	b := idptest.NewBrowser(t)
	page := b.Open(p.Issuer+"/device").FormWith("user_code").Set("user_code", strings.ToLower(strings.ReplaceAll(userCode, "-", " "))).Submit("device-submit")
	if page.TextOf("device-code") != userCode || !strings.Contains(page.Text(), "Living-room TV") || page.Title() != "Connect a device to Living-room TV · Cloud SSO" {
		t.Fatalf("the page that asks: %s", page.Text())
	}
	page = page.FormWith("confirm").Submit("device-confirm")
	page = page.FormWith("password").Set("username", "ada").Set("password", passphrase).Submit("login-submit")
	if !strings.Contains(page.Text(), "Living-room TV asks for access") {
		t.Fatalf("consent: %s", page.Text())
	}
	p.Clock.Advance(5 * time.Second)
	wantError(t, p.poll(tv, codes), 400, "authorization_pending", pending)
	page = page.FormWith("consent").Submit("consent-allow")
	if page.Title() != "The device is connected · Cloud SSO" || page.Status != 200 {
		t.Fatalf("at the end: %s", page.Text())
	}

	a := p.poll(tv, codes)
	if a.status != 200 {
		t.Fatalf("tokens: %s", a.body)
	}
	got, claims := a.json(t), claimsOf(t, a.json(t)["id_token"])
	if got["scope"] != "openid email offline_access" || got["refresh_token"] == nil || claims["aud"] != tv.ClientID || claims["sid"] != nil || fmt.Sprint(claims["amr"]) != "[pwd]" || claims["at_hash"] == nil {
		t.Errorf("got %v with %v", got, claims)
	}
	if info := p.get("/oauth2/userinfo", got["access_token"].(string)); info.json(t)["email"] != "ada@example.com" {
		t.Errorf("userinfo %s", info.body)
	}
	if again := p.post("/oauth2/token", tv, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {got["refresh_token"].(string)}}); again.status != 200 {
		t.Errorf("refresh: %s", again.body)
	}
	wantError(t, p.poll(tv, codes), 400, "invalid_grant", badCode)
	if page := b.Open(codes["verification_uri_complete"].(string)); page.Status != 400 || page.TextOf("device-error") == "" {
		t.Errorf("the user code works on: %s", page.Text())
	}
	if !strings.Contains(p.Log.String(), `"detail.grant_type":"`+idp.GrantDevice+`"`) {
		t.Error("the grant is on no record")
	}
}

// RFC 8628 §3.5: each slow_down adds five seconds, for good.
func TestDevicesThatPollTooFast(t *testing.T) {
	t.Parallel()
	p := newProduct(t, idptest.Options{})
	tv := p.AddClient(t, deviceClient(nil))
	codes := p.startDevice(tv)
	for i, step := range []struct {
		after time.Duration
		code  string
		text  string
	}{
		{0, "authorization_pending", pending},
		{time.Second, "slow_down", tooFast}, // interval 10 s
		{10 * time.Second, "authorization_pending", pending},
		{8 * time.Second, "slow_down", tooFast},  // interval 15 s
		{11 * time.Second, "slow_down", tooFast}, // interval 20 s
		{20 * time.Second, "authorization_pending", pending},
		{19500 * time.Millisecond, "authorization_pending", pending}, // a little early is forgiven
	} {
		p.Clock.Advance(step.after)
		a := p.poll(tv, codes)
		if a.status != 400 || a.json(t)["error"] != step.code || a.json(t)["error_description"] != step.text {
			t.Fatalf("step %d: %s", i, a.body)
		}
	}
	if page := p.approve(idptest.NewBrowser(t), codes); !page.Has("device-done") {
		t.Fatal(page.Text())
	}
	if a := p.poll(tv, codes); a.status != 200 {
		t.Errorf("once it is approved nobody waits: %s", a.body)
	}
}

func TestDeviceCodesExpire(t *testing.T) {
	t.Parallel()
	p := newProduct(t, idptest.Options{})
	tv := p.AddClient(t, deviceClient(nil))
	codes, approved := p.startDevice(tv), p.startDevice(tv)
	b := idptest.NewBrowser(t)
	late := b.Open(codes["verification_uri_complete"].(string)).FormWith("confirm").Submit("device-confirm")
	p.approve(idptest.NewBrowser(t), approved)
	p.Clock.Advance(15 * time.Minute)
	const expired = "The device_code has expired: start again with a new one."
	wantError(t, p.poll(tv, codes), 400, "expired_token", expired)
	wantError(t, p.poll(tv, approved), 400, "expired_token", expired)
	late = late.FormWith("password").Set("username", "ada").Set("password", passphrase).Submit("login-submit").FormWith("consent").Submit("consent-allow")
	if late.Status != 410 || !strings.Contains(late.Text(), "Please start again on your device.") {
		t.Errorf("too late: %d %s", late.Status, late.Text())
	}
}

func TestDeviceRequestsThatAreRefused(t *testing.T) {
	t.Parallel()
	p := newProduct(t, idptest.Options{})
	tv, other := p.AddClient(t, deviceClient(nil)), p.AddClient(t, deviceClient(nil))
	web := p.AddClient(t, idp.ClientMetadata{RedirectURIs: []string{callback}})
	box := p.AddClient(t, deviceClient(func(m *idp.ClientMetadata) { m.TokenEndpointAuthMethod = "client_secret_basic" }))
	off := p.AddClient(t, deviceClient(nil))
	if _, err := p.Owner.PatchClient(t.Context(), off.ClientID, []byte(`{"disabled":true}`), ""); err != nil {
		t.Fatal(err)
	}
	codes := p.startDevice(tv)
	boxed := p.startDevice(box)
	nobody, unproven := box, box
	nobody.ClientID, unproven.ClientSecret = "nobody", ""
	notForIt := "This client is not registered for the grant type " + idp.GrantDevice + "."
	plain := url.Values{"code_challenge": {"abc"}, "code_challenge_method": {"plain"}}
	for name, c := range map[string]struct {
		a          answer
		status     int
		code, text string
	}{
		"codes for a web client":       {p.post("/oauth2/device", web, url.Values{}), 400, "unauthorized_client", notForIt},
		"polls of a web client":        {p.poll(web, codes), 400, "unauthorized_client", notForIt},
		"a client that is off":         {p.post("/oauth2/device", off, url.Values{}), 400, "unauthorized_client", "This application has been switched off by an administrator."},
		"a client that is not":         {p.post("/oauth2/device", nobody, url.Values{}), 401, "invalid_client", notAuthenticated},
		"a confidential one, unproven": {p.post("/oauth2/device", unproven, url.Values{}), 401, "invalid_client", notAuthenticated},
		"polls, unproven":              {p.poll(unproven, boxed), 401, "invalid_client", notAuthenticated},
		"a scope twice":                {p.post("/oauth2/device", tv, url.Values{"scope": {"openid", "email"}}), 400, "invalid_request", "The parameter 'scope' is given more than once."},
		"a challenge that is plain":    {p.post("/oauth2/device", tv, plain), 400, "invalid_request", "The code_challenge_method must be S256."},
		"another client's code":        {p.poll(other, codes), 400, "invalid_grant", badCode},
		"no code":                      {p.poll(tv, map[string]any{"device_code": ""}), 400, "invalid_request", "The parameter device_code is missing."},
		"a made-up code":               {p.poll(tv, map[string]any{"device_code": "cdc_AAAA"}), 400, "invalid_grant", badCode},
		"the user code":                {p.poll(tv, map[string]any{"device_code": codes["user_code"]}), 400, "invalid_grant", badCode},
		"the right ticket, a guess":    {p.poll(tv, map[string]any{"device_code": codes["device_code"].(string)[:70] + "AAAA"}), 400, "invalid_grant", badCode},
	} {
		t.Run(name, func(t *testing.T) { wantError(t, c.a, c.status, c.code, c.text) })
	}
	if a := p.get("/oauth2/device", "x"); a.status != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", a.status)
	}
	wantError(t, p.poll(tv, codes), 400, "authorization_pending", pending)
}

// One device code, many polls at once: one family of tokens.
func TestTrap_DeviceRace(t *testing.T) {
	t.Parallel()
	p := newProduct(t, idptest.Options{})
	tv := p.AddClient(t, deviceClient(nil))
	b := idptest.NewBrowser(t)
	for range 5 {
		codes := p.startDevice(tv)
		p.approve(b, codes)
		won := 0
		for _, a := range together(6, func() answer { return p.poll(tv, codes) }) {
			switch {
			case a.status == 200:
				won++
			case a.json(t)["error"] != "invalid_grant":
				t.Errorf("the loser got %s", a.body)
			}
		}
		if won != 1 {
			t.Fatalf("%d of 6 got tokens", won)
		}
	}
}

// CVE-2026-123542: PKCE is not enforced in the device flow.
func TestTrap_PKCEOfDevices(t *testing.T) {
	t.Parallel()
	p := newProduct(t, idptest.Options{})
	tv := p.AddClient(t, deviceClient(nil))
	b := idptest.NewBrowser(t)
	codes := p.startDevice(tv, "code_challenge", challengeOf(verifier), "code_challenge_method", "S256")
	p.approve(b, codes)
	const wrong = "The code_verifier does not fit the code_challenge of the device authorization request."
	wantError(t, p.poll(tv, codes), 400, "invalid_grant", wrong)
	wantError(t, p.poll(tv, codes, "code_verifier", "x"), 400, "invalid_grant", wrong)
	if a := p.poll(tv, codes, "code_verifier", verifier); a.status != 200 {
		t.Errorf("the right one: %s", a.body)
	}
	codes = p.startDevice(tv)
	p.approve(b, codes)
	wantError(t, p.poll(tv, codes, "code_verifier", verifier), 400, "invalid_grant", "There is a code_verifier, but the device authorization request had no code_challenge.")
}

// CVE-2024-38371, CVE-2025-64521: the device flow goes around what every other grant asks.
func TestTrap_DevicesOfPeopleWhoMayNot(t *testing.T) {
	t.Parallel()
	p := newProduct(t, idptest.Options{})
	bob := p.AddUser(t, api.NewUser{Username: "bob", Email: "bob@example.com", Password: passphrase})
	tv := p.AddClient(t, deviceClient(nil))
	b := idptest.NewBrowser(t)
	codes := p.startDevice(tv)
	page := b.Open(codes["verification_uri_complete"].(string)).FormWith("confirm").Submit("device-confirm")
	page = page.FormWith("password").Set("username", "bob").Set("password", passphrase).Submit("login-submit")
	page.FormWith("consent").Submit("consent-allow")
	if _, err := p.Owner.PatchUser(t.Context(), bob.ID, []byte(`{"disabled":true}`), ""); err != nil {
		t.Fatal(err)
	}
	wantError(t, p.poll(tv, codes), 400, "invalid_grant", "The person's account is disabled.")
	p.approve(idptest.NewBrowser(t), p.startDevice(tv))
	codes = p.startDevice(tv)
	p.approve(idptest.NewBrowser(t), codes)
	if _, err := p.Owner.PatchClient(t.Context(), tv.ClientID, []byte(`{"disabled":true}`), ""); err != nil {
		t.Fatal(err)
	}
	wantError(t, p.poll(tv, codes), 400, "invalid_grant", "This application has been switched off by an administrator.")
}

func TestDevicesWhileTheStoreIsDown(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("tv", func(c *idp.Client) {
		public(c)
		c.GrantTypes, c.RedirectURIs = []string{idp.GrantDevice}, nil
	})
	codes := h.send(http.MethodPost, "/oauth2/device", "client_id=tv&scope=openid").json(t)
	page := h.send(http.MethodGet, "/device?user_code="+codes["user_code"].(string), "").body
	token := regexp.MustCompile(`name="token" value="([^"]*)"`).FindStringSubmatch(page)[1]
	if a := h.send(http.MethodPost, "/device", url.Values{"user_code": {codes["user_code"].(string)}, "confirm": {"yes"}, "token": {token}}.Encode()); a.status != 200 {
		t.Fatalf("approval: %d %s", a.status, a.body)
	}
	poll := "client_id=tv&grant_type=" + url.QueryEscape(idp.GrantDevice) + "&device_code=" + codes["device_code"].(string)
	h.grants.broken = idp.ErrUnavailable
	wantError(t, h.send(http.MethodPost, "/oauth2/token", poll), 503, "temporarily_unavailable", "A service that is needed for this does not answer. Nothing was used up: please try again in a moment.")
	h.grants.broken = nil
	if a := h.send(http.MethodPost, "/oauth2/token", poll); a.status != 200 {
		t.Errorf("the code was burnt: %s", a.body)
	}
}

// What a device is refused for is as good a riddle as what an application is.
func TestARefusedDeviceLeavesATrace(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("tv", public)
	seen := &idp.Request{}
	r := httptest.NewRequestWithContext(idp.WithRequest(t.Context(), seen), http.MethodPost, "/oauth2/device", strings.NewReader("client_id=tv"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.provider(t).Device(w, r)
	rec, keep, _ := seen.Recording()
	if w.Code != http.StatusBadRequest || !keep || rec.App != "tv" || len(rec.Steps) != 2 || rec.Steps[0].Name != "device authorization request" || rec.Steps[1].Name != "unauthorized_client" {
		t.Errorf("%d %s, kept %v: %+v", w.Code, w.Body, keep, rec)
	}
}
