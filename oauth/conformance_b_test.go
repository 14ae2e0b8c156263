package oauth_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"cloudsso/idp"
	"cloudsso/idp/idptest"
)

func TestConformance_B01_PostWorksLikeGet(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	a := h.send(http.MethodPost, "/oauth2/authorize", request("wiki").Encode())
	if a.params(t).Get("code") == "" {
		t.Errorf("got %v", a.params(t))
	}
}

func TestConformance_B03_B04_B05_B06_B07_B08_B10_B15_B16_RequestsThatGoThrough(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	for name, more := range map[string][]string{
		"B02 order of scopes":             {"scope", "email openid profile"},
		"B03 unknown parameters":          {"extra", "foobar"},
		"B04 unknown scopes":              {"scope", "openid no_such_scope"},
		"B05 display page":                {"display", "page"},
		"B05 display popup":               {"display", "popup"},
		"B06 ui_locales":                  {"ui_locales", "se"},
		"B07 claims_locales":              {"claims_locales", "se"},
		"B08 login_hint of nobody":        {"login_hint", "nobody@example.org"},
		"B09 acr_values":                  {"acr_values", "1 2"},
		"B10 no nonce":                    {"nonce", "-"},
		"B14 claims":                      {"claims", `{"userinfo":{"name":{"essential":true}}}`},
		"B15 offline_access with consent": {"scope", "openid offline_access", "prompt", "consent"},
		"B16 a state of 128 characters":   {"state", strings.Repeat("s", 128)},
		"a state of 2000 characters":      {"state", strings.Repeat("s", 2000)},
		"a state with every separator":    {"state", "a&b=c#d?e+f g%h\"'<ü"},
		"a nonce of one character":        {"nonce", "n"},
		"a nonce of 384 characters":       {"nonce", strings.Repeat("n", 384)},
		"no scope at all":                 {"scope", "-"},
		"a huge max_age":                  {"max_age", "9223372036854775807"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			form := request("wiki", more...)
			got := h.authorize(form).params(t)
			if got.Get("code") == "" || got.Get("state") != form.Get("state") || got.Get("iss") != h.issuer || len(got) != 3 {
				t.Fatalf("got %v", got)
			}
			a := h.token("wiki", exchangeForm(got.Get("code")))
			if a.status != http.StatusOK {
				t.Fatalf("%d %s", a.status, a.body)
			}
			if form.Get("scope") == "" {
				return
			}
			if nonce, _ := claimsOf(t, a.json(t)["id_token"])["nonce"].(string); nonce != form.Get("nonce") {
				t.Errorf("nonce %q came back as %q", form.Get("nonce"), nonce)
			}
		})
	}
}

func TestConformance_B14_ClaimsParameter(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	body := h.signIn(t, "wiki", "claims", `{"userinfo":{"name":{"essential":true}}}`)
	info, claims := h.userinfo(body["access_token"]).json(t), claimsOf(t, body["id_token"])
	if info["name"] != "Anna Arendt" || len(info) != 2 {
		t.Errorf("userinfo %v", info)
	}
	if claims["name"] != nil || body["scope"] != "openid" {
		t.Errorf("W: it is in the id_token, or became a scope: %v %v", claims, body["scope"])
	}
}

func TestConformance_B09_Acr(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		more []string
		amr  []string
		want any
		fail string
	}{
		"not asked":                {want: nil},
		"B09 asked, and true":      {more: []string{"acr_values", "urn:x " + passwordContext + " 1"}, want: passwordContext},
		"B09 unknown values":       {more: []string{"acr_values", "1 2"}, want: nil},
		"by the claims parameter":  {more: []string{"claims", `{"id_token":{"acr":null}}`}, want: passwordContext},
		"essential, any":           {more: []string{"claims", `{"id_token":{"acr":{"essential":true}}}`}, want: passwordContext},
		"essential, and true":      {more: []string{"claims", `{"id_token":{"acr":{"essential":true,"value":"` + passwordContext + `"}}}`}, want: passwordContext},
		"voluntary, and not true":  {more: []string{"claims", `{"id_token":{"acr":{"values":["urn:x"]}}}`}, want: nil},
		"claims before acr_values": {more: []string{"acr_values", passwordContext, "claims", `{"id_token":{"acr":{"value":"urn:x"}}}`}, want: nil},
		"acr_values fill in":       {more: []string{"acr_values", "urn:x", "claims", `{"id_token":{"acr":null}}`}, want: nil},
		"not for userinfo":         {more: []string{"claims", `{"userinfo":{"acr":{"essential":true,"value":"urn:x"}}}`}, want: nil},
		"another way to sign in":   {more: []string{"acr_values", passwordContext}, amr: []string{"x"}, want: nil},
		"essential, not what it was": {more: []string{"claims", `{"id_token":{"acr":{"essential":true,"value":"` + passwordContext + `"}}}`}, amr: []string{"x"},
			fail: "unmet_authentication_requirements"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.client("wiki", nil)
			if c.amr != nil {
				h.login.answer.AMR = c.amr
			}
			if c.fail != "" {
				if got := h.authorize(request("wiki", c.more...)).params(t); got.Get("error") != c.fail {
					t.Errorf("got %v", got)
				}
				return
			}
			body := h.signIn(t, "wiki", append(c.more, "scope", "openid offline_access")...)
			if got := claimsOf(t, body["id_token"])["acr"]; got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
			again := h.refresh("wiki", body["refresh_token"].(string)).json(t)
			if got := claimsOf(t, again["id_token"])["acr"]; got != c.want {
				t.Errorf("after a refresh %v, want %v", got, c.want)
			}
		})
	}
}

func TestConformance_B12_PKCEAndSecretTogether(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	no := false
	h.client("optional", func(c *idp.Client) { c.RequirePKCE = &no })
	without := []string{"code_challenge", "-", "code_challenge_method", "-"}
	if a := h.token("optional", exchangeForm(h.code(t, "optional", without...), "code_verifier", "-")); a.status != 200 {
		t.Errorf("no PKCE: %s", a.body)
	}
	if a := h.token("optional", exchangeForm(h.code(t, "optional"))); a.status != 200 {
		t.Errorf("PKCE: %s", a.body)
	}
	wantError(t, h.token("optional", exchangeForm(h.code(t, "optional"), "code_verifier", "-")), 400, "invalid_grant", "The PKCE code verifier must be at least 43 characters.")
	wantError(t, h.token("optional", exchangeForm(h.code(t, "optional", without...))), 400, "invalid_grant",
		"There is a code_verifier, but the authorization request had no code_challenge.")
}

func TestConformance_B02_OrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	form := request("wiki", "scope", "profile openid email")
	var query []string
	for name := range form {
		query = append(query, name+"="+url.QueryEscape(form.Get(name)))
	}
	slices.Sort(query)
	for range 2 {
		slices.Reverse(query)
		if got := h.send(http.MethodGet, "/oauth2/authorize?"+strings.Join(query, "&"), "").params(t); got.Get("code") == "" {
			t.Errorf("got %v", got)
		}
	}
}

func TestConformance_B11_FrontChannelIDTokensNeedANonce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", legacy)
	for _, asked := range []string{"id_token", "id_token token", "code id_token", "code id_token token"} {
		got := h.authorize(front(asked, "nonce", "-")).params(t)
		if got.Get("error") != "invalid_request" || got.Get("error_description") != "The parameter nonce is missing: it must be there when the response_type asks for an id_token." || got.Has("code") || got.Has("id_token") {
			t.Errorf("%s: %v", asked, got)
		}
	}
	if got := h.authorize(front("code token", "nonce", "-")).params(t); got.Get("code") == "" {
		t.Errorf("B10: code token: %v", got)
	}
}

func TestConformance_B13_NoResponseType(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", legacy)
	a := h.authorize(request("wiki", "response_type", "-"))
	if got := a.params(t); got.Get("error") != "invalid_request" || !strings.HasPrefix(a.header.Get("Location"), callback+"?") {
		t.Errorf("sent to %q", a.header.Get("Location"))
	}
}

func TestConformance_B14_ClaimsOfAnIDTokenAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", legacy)
	got := h.authorize(front("id_token", "claims", `{"id_token":{"given_name":{"essential":true}}}`)).params(t)
	if claims := claimsOf(t, got.Get("id_token")); claims["given_name"] != "Anna" {
		t.Errorf("got %v", claims)
	}
}

func TestConformance_B17_TwoSignInsOneAfterTheOther(t *testing.T) {
	t.Parallel()
	rp := newRelyingParty(t, newProduct(t, idptest.Options{}), nil)
	first := rp.tokens()
	if second := rp.answer(rp.Open(rp.address())); second.Get("code") == "" || first["id_token"] == nil {
		t.Errorf("got %v", second)
	}
}

func TestConformance_B18_TheSameAddressTwice(t *testing.T) {
	t.Parallel()
	rp := newRelyingParty(t, newProduct(t, idptest.Options{}), nil)
	first := rp.Open(rp.address())
	second := rp.Open(rp.address())
	wantPage(t, second, "login-submit")
	if got := rp.answer(rp.login(first)); got.Get("code") == "" {
		t.Errorf("the first: %v", got)
	}
	if got := rp.answer(second.Reload()); got.Get("code") == "" {
		t.Errorf("the second: %v", got)
	}
}
