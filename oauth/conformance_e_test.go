package oauth_test

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"testing"

	"cloudsso/idp"
	"cloudsso/idp/idptest"
)

func TestConformance_E12_OutcomesOfTheLogin(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		outcome idp.Outcome
		want    string
	}{
		"E12 denied":              {idp.Denied, "access_denied"},
		"D1 nobody is signed in":  {idp.LoginRequired, "login_required"},
		"consent would be needed": {idp.ConsentRequired, "consent_required"},
		"no outcome":              {idp.Pending, "server_error"},
	} {
		for _, mode := range []string{"query", "fragment", "form_post"} {
			t.Run(name+" by "+mode, func(t *testing.T) {
				t.Parallel()
				h := newHouse(t)
				h.client("wiki", nil)
				h.login.answer.Outcome = c.outcome
				a := h.authorize(request("wiki", "response_mode", mode, "prompt", "none"))
				if mode == "form_post" {
					if a.status != 200 || !strings.Contains(a.body, `value="`+c.want+`"`) || !strings.Contains(a.body, `action="`+callback+`"`) {
						t.Errorf("got %d %s", a.status, a.body)
					}
					return
				}
				got := a.params(t)
				if got.Get("error") != c.want || got.Get("state") == "" || got.Get("iss") != h.issuer || len(got) != 4 {
					t.Errorf("got %v", got)
				}
				if sep := map[string]string{"query": "?", "fragment": "#"}[mode]; !strings.HasPrefix(a.header.Get("Location"), callback+sep) {
					t.Errorf("sent to %q", a.header.Get("Location"))
				}
			})
		}
	}
}

func TestConformance_E01_E04_E10_Answers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	got := h.authorize(request("wiki", "state", "-")).params(t)
	if got.Has("state") || len(got.Get("code")) < 43 {
		t.Errorf("got %v", got)
	}
	a := h.authorize(request("wiki", "response_mode", "form_post"))
	for _, part := range []string{`name="code"`, `name="state"`, `name="iss" value="` + h.issuer + `"`} {
		if !strings.Contains(a.body, part) {
			t.Errorf("the page lacks %s", part)
		}
	}
	if a.header.Get("Cache-Control") != "no-store" {
		t.Error("the form_post page may be cached")
	}
	if strings.Contains(a.header.Get("Content-Security-Policy"), "form-action") {
		t.Error("form-action would stop the redirects behind it")
	}
}

func TestConformance_E01_CodesCannotBeGuessed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	seen := map[string]bool{}
	for range 20 {
		code := h.code(t, "wiki")
		raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(code, "cac_"))
		if err != nil || len(raw) < 48 || seen[string(raw[16:])] {
			t.Errorf("code %q: 16 bytes name the grant, 32 must be random", code)
		}
		seen[string(raw[16:])] = true
	}
}

func TestConformance_E02_E10_IssuerAndState(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", legacy)
	for _, form := range []url.Values{request("wiki"), front("id_token"), front("code token"), request("wiki", "prompt", "bad"), front("token", "max_age", "x")} {
		if got := h.authorize(form).params(t); got.Get("iss") != h.issuer || got.Get("state") != form.Get("state") {
			t.Errorf("got %v", got)
		}
		if got := h.authorize(with(form, "state", "-")).params(t); got.Has("state") {
			t.Errorf("E10: got %v", got)
		}
		if got := h.authorize(with(form, "state", "")).params(t); got.Has("state") {
			t.Errorf("E10, empty: got %v", got)
		}
	}
}

func TestConformance_E03_FrontChannelAnswersStandInTheFragment(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", legacy)
	for _, asked := range frontTypes() {
		for name, form := range map[string]url.Values{
			"answer": front(asked), "error": front(asked, "prompt", "bad"), "error of the query mode": front(asked, "response_mode", "query"),
			"a parameter twice": front(asked, "max_age", "-1"),
		} {
			location := h.authorize(form).header.Get("Location")
			if !strings.HasPrefix(location, callback+"#") || strings.Contains(location, "?") {
				t.Errorf("%s, %s: %s", asked, name, location)
			}
		}
	}
}

func TestConformance_E04_E05_FormPost(t *testing.T) {
	t.Parallel()
	rp := newRelyingParty(t, newProduct(t, idptest.Options{}), func(m *idp.ClientMetadata) { m.AllowImplicit = true })
	for _, asked := range append([]string{"code"}, frontTypes()...) {
		page := rp.login(rp.Open(rp.address("response_type", asked, "response_mode", "form_post")))
		if strings.Contains(page.Body, "onload") || strings.Contains(page.Body, "<script>") || !strings.Contains(page.Body, `<script type="module" src="`) {
			t.Errorf("%s: the page does not send itself by a script file: %s", asked, page.Body)
		}
		if page.Header.Get("Cache-Control") != "no-store" || strings.Contains(page.Header.Get("Content-Security-Policy"), "form-action") || strings.Contains(page.Header.Get("Content-Security-Policy"), "unsafe") {
			t.Errorf("%s: headers %v", asked, page.Header)
		}
		rp.posted = nil
		got := rp.answer(page)
		for word := range strings.FieldsSeq(strings.ReplaceAll(" "+asked, " token", " access_token")) {
			if rp.posted.Get(word) == "" {
				t.Errorf("%s: no %s in %v", asked, word, got)
			}
		}
		if labelled := strings.Contains(rp.Log.String(), `"legacy":"implicit"`); labelled != (asked != "code") {
			t.Errorf("%s: labelled as legacy in the log: %v", asked, labelled)
		}
		rp.posted = nil
		if got := rp.answer(rp.Open(rp.address("response_type", asked, "response_mode", "form_post", "max_age", "x"))); got.Get("error") != "invalid_request" || rp.posted.Get("state") == "" {
			t.Errorf("%s: an error: %v", asked, got)
		}
	}
}

func TestConformance_E06_E07_FrontChannelAccessTokens(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", legacy)
	for _, asked := range []string{"token", "id_token token", "code token", "code id_token token"} {
		got := h.authorize(front(asked, "scope", "openid email")).params(t)
		if got.Get("token_type") != "Bearer" || got.Get("expires_in") != "900" || got.Get("scope") != "openid email" {
			t.Errorf("%s: %v", asked, got)
		}
		if a := h.userinfo(got.Get("access_token")); a.status != 200 || a.json(t)["email"] != "anna@example.org" {
			t.Errorf("%s: userinfo %s", asked, a.body)
		}
	}
}

func TestConformance_E08_E09_Errors(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", legacy)
	hostile := "\"\\\r\n\t\u00e9<script>"
	for _, form := range []url.Values{
		request("wiki", "prompt", hostile), request("wiki", "max_age", hostile), request("wiki", "response_mode", hostile), request("wiki", "id_token_hint", hostile),
		request("wiki", "claims", hostile), request("wiki", "code_challenge", hostile), front(hostile), front("id_token", "nonce", "-"), request("wiki", "request", hostile),
	} {
		got := h.authorize(form).params(t)
		for name := range got {
			if !slices.Contains([]string{"error", "error_description", "error_uri", "state", "iss"}, name) {
				t.Errorf("E8: %s in %v", name, got)
			}
		}
		if text := got.Get("error_description"); got.Get("error") == "" || text == "" || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) {
			t.Errorf("E9: %q", text)
		}
	}
}

func TestConformance_E11_NoTokensInTheQuery(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", legacy)
	for _, asked := range frontTypes() {
		a := h.authorize(front(asked, "response_mode", "query"))
		if got := a.params(t); got.Get("error") != "invalid_request" || got.Get("error_description") != "The response_mode query must not carry tokens: use fragment or form_post." || len(got) != 4 {
			t.Errorf("%s: %v", asked, got)
		}
	}
}

// H6, H8: what comes with an ID token through the browser is bound to it; with nothing else
// it has the claims itself.
func TestConformance_H06_H08_FrontChannelIDTokens(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", legacy)
	for _, asked := range []string{"id_token", "id_token token", "code id_token", "code id_token token"} {
		got := h.authorize(front(asked, "scope", "openid email")).params(t)
		claims := claimsOf(t, got.Get("id_token"))
		for claim, value := range map[string]string{"at_hash": got.Get("access_token"), "c_hash": got.Get("code"), "s_hash": got.Get("state")} {
			want := any(halfSHA256(value))
			if value == "" {
				want = nil
			}
			if claims[claim] != want {
				t.Errorf("%s: %s is %v, want %v", asked, claim, claims[claim], want)
			}
		}
		if claims["nonce"] != "n-0S6_WzA2Mj" || claims["sub"] != anna || claims["aud"] != "wiki" || claims["iss"] != h.issuer {
			t.Errorf("%s: %v", asked, claims)
		}
		if has := claims["email"] != nil; has != (asked == "id_token") {
			t.Errorf("H8, %s: %v", asked, claims)
		}
		if !got.Has("code") {
			continue
		}
		second := claimsOf(t, h.token("wiki", with(exchangeForm(got.Get("code")), "code_verifier", "-")).json(t)["id_token"])
		if second["iss"] != claims["iss"] || second["sub"] != claims["sub"] || second["nonce"] != claims["nonce"] || second["c_hash"] != nil {
			t.Errorf("H10, %s: %v", asked, second)
		}
	}
}
