package oauth_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/idptest"
)

// relyingParty is an application with a browser before it, on the whole product.
type relyingParty struct {
	product
	*idptest.Browser
	client api.Client
	uri    string
	posted url.Values // the last answer by form_post
}

func newRelyingParty(t *testing.T, p product, more func(*idp.ClientMetadata)) *relyingParty {
	t.Helper()
	rp := &relyingParty{product: p, Browser: idptest.NewBrowser(t)}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.RawQuery == "" && r.ParseForm() == nil {
			rp.posted = r.PostForm
		}
		_, _ = w.Write([]byte("<p id=arrived>arrived</p>"))
	}))
	t.Cleanup(front.Close)
	rp.uri = front.URL + "/cb"
	m := idp.ClientMetadata{ClientName: "Wiki", RedirectURIs: []string{rp.uri}, RequirePKCE: new(bool), GrantTypes: []string{"authorization_code", "refresh_token"}}
	if more != nil {
		more(&m)
	}
	rp.client = p.AddClient(t, m)
	return rp
}

// address of the usual request.
func (rp *relyingParty) address(more ...string) string {
	form := with(url.Values{
		"client_id": {rp.client.ClientID}, "redirect_uri": {rp.uri}, "response_type": {"code"}, "scope": {"openid"},
		"state": {"a state with 20 chars"}, "nonce": {"n-0S6_WzA2Mj"},
	}, more...)
	return rp.Issuer + "/oauth2/authorize?" + form.Encode()
}

// login walks through whatever the pages ask.
func (rp *relyingParty) login(page *idptest.Page) *idptest.Page {
	rp.t.Helper()
	if page.Has("login-submit") {
		page = page.FormWith("password").Set("username", "ada").Set("password", passphrase).Submit("login-submit")
	}
	if page.Has("consent-allow") {
		page = page.FormWith("consent").Submit("consent-allow")
	}
	return page
}

// answer is what the application got, wherever it stands.
func (rp *relyingParty) answer(page *idptest.Page) url.Values {
	rp.t.Helper()
	if page.Has("autopost-submit") {
		page = page.Form(0).Submit("autopost-submit")
	}
	if !page.Has("arrived") {
		rp.t.Fatalf("the browser is at %s, not at the application: %s", page.URL.Path, page.Text())
	}
	got := page.URL.Query()
	if fragment, err := url.ParseQuery(page.URL.Fragment); err == nil && page.URL.Fragment != "" {
		if len(got) > 0 {
			rp.t.Errorf("E3: an answer in the query beside the fragment: %v", got)
		}
		got = fragment
	}
	if len(got) == 0 {
		got = rp.posted
	}
	return got
}

// tokens of one sign-in.
func (rp *relyingParty) tokens(more ...string) map[string]any {
	rp.t.Helper()
	code := rp.answer(rp.login(rp.Open(rp.address(more...)))).Get("code")
	a := rp.post("/oauth2/token", rp.client, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {rp.uri}})
	if a.status != 200 {
		rp.t.Fatalf("exchange: %d %s", a.status, a.body)
	}
	return a.json(rp.t)
}

func authTime(t *testing.T, tokens map[string]any) float64 {
	t.Helper()
	at, ok := claimsOf(t, tokens["id_token"])["auth_time"].(float64)
	if !ok || at != float64(int64(at)) {
		t.Fatalf("D7: auth_time is %v", claimsOf(t, tokens["id_token"])["auth_time"])
	}
	return at
}

func wantPage(t *testing.T, page *idptest.Page, id string) {
	t.Helper()
	if !page.Has(id) {
		t.Errorf("no %s at %s: %d %s", id, page.URL.Path, page.Status, strings.TrimSpace(page.Text()))
	}
}
