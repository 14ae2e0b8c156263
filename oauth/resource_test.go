package oauth_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"cloudsso/idp"
)

const (
	mailAPI  = "https://mail.example/api"
	filesAPI = "urn:example:files"
)

func reaches(c *idp.Client) {
	c.Resources = []string{mailAPI, filesAPI}
	c.GrantTypes = []string{"authorization_code", "refresh_token", "client_credentials"}
	c.Scope = "openid profile offline_access mail.read"
}

// asking adds resource parameters to a form.
func asking(form url.Values, resources ...string) url.Values {
	form = with(form)
	form["resource"] = resources
	return form
}

// audienceOf is what introspection says, sorted.
func (h *house) audienceOf(clientID string, token any) (out []string) {
	switch aud := h.introspect(clientID, token).json(h)["aud"].(type) {
	case string:
		out = []string{aud}
	case []any:
		for _, a := range aud {
			out = append(out, fmt.Sprint(a))
		}
	}
	slices.Sort(out)
	return out
}

func sorted(list ...string) []string { slices.Sort(list); return list }

// Whom an access token is for, by what was asked at the two endpoints (RFC 8707 §2).
func TestResourceIndicators(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		scope     string
		authorize []string
		token     []string
		want      func(issuer string) []string
		userinfo  int
	}{
		"none":                               {"openid", nil, nil, func(i string) []string { return []string{i} }, 200},
		"one":                                {"openid", []string{mailAPI}, nil, func(i string) []string { return []string{i, mailAPI} }, 200},
		"several, one of them twice":         {"openid", []string{mailAPI, filesAPI, mailAPI}, nil, func(i string) []string { return []string{i, mailAPI, filesAPI} }, 200},
		"narrowed at the token endpoint":     {"openid", []string{mailAPI, filesAPI}, []string{filesAPI}, func(string) []string { return []string{filesAPI} }, 401},
		"narrowed to two":                    {"openid", []string{mailAPI, filesAPI}, []string{filesAPI, mailAPI}, func(string) []string { return []string{filesAPI, mailAPI} }, 401},
		"without openid":                     {"mail.read", []string{mailAPI}, nil, func(string) []string { return []string{mailAPI} }, 401},
		"without openid and without anybody": {"mail.read", nil, nil, func(i string) []string { return []string{i} }, 403},
	} {
		for _, format := range []string{"opaque", "jwt"} {
			t.Run(name+", "+format, func(t *testing.T) {
				t.Parallel()
				h := newHouse(t)
				h.client("wiki", func(cl *idp.Client) { reaches(cl); cl.AccessTokenFormat = format })
				code := h.authorize(asking(request("wiki", "scope", c.scope), c.authorize...)).params(t).Get("code")
				a := h.token("wiki", asking(exchangeForm(code), c.token...))
				if a.status != http.StatusOK {
					t.Fatalf("%d %s", a.status, a.body)
				}
				token := a.json(t)["access_token"]
				if got := h.audienceOf("wiki", token); !slices.Equal(got, sorted(c.want(h.issuer)...)) {
					t.Errorf("aud %v", got)
				}
				if got := h.userinfo(token); got.status != c.userinfo {
					t.Errorf("userinfo: %d %s", got.status, got.body)
				}
			})
		}
	}
}

func TestResourcesThatAreRefused(t *testing.T) {
	t.Parallel()
	const (
		form    = "The parameter resource must be an absolute URI without a fragment (RFC 8707)."
		foreign = "The parameter resource names a resource server that is not registered for this client."
		beyond  = "The parameter resource names a resource server that the authorization is not for."
	)
	h := newHouse(t)
	h.client("wiki", reaches)
	for resource, text := range map[string]string{
		"": form, "mail": form, "/api": form, mailAPI + "#x": form, "https://mail.example/ api": form, "https://[": form,
		mailAPI + "/": foreign, "https://MAIL.example/api": foreign, "https://bank.example": foreign,
	} {
		got := h.authorize(asking(request("wiki"), resource)).params(t)
		if got.Get("error") != "invalid_target" || got.Get("error_description") != text {
			t.Errorf("%q: %v", resource, got)
		}
		wantError(t, h.token("wiki", asking(url.Values{"grant_type": {"client_credentials"}}, resource)), 400, "invalid_target", text)
	}
	code := h.authorize(asking(request("wiki"), mailAPI)).params(t).Get("code")
	wantError(t, h.token("wiki", asking(exchangeForm(code), filesAPI)), 400, "invalid_target", beyond)
	if a := h.token("wiki", asking(exchangeForm(code), mailAPI)); a.status != http.StatusOK {
		t.Errorf("a refusal used the code up: %s", a.body)
	}
}

func TestRefreshNarrowsTheAudienceEachTime(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", reaches)
	code := h.authorize(asking(request("wiki", "scope", "openid offline_access"), mailAPI, filesAPI)).params(t).Get("code")
	body := h.token("wiki", asking(exchangeForm(code), mailAPI)).json(t)
	again := h.token("wiki", asking(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {body["refresh_token"].(string)}}, filesAPI)).json(t)
	if got := h.audienceOf("wiki", again["access_token"]); !slices.Equal(got, []string{filesAPI}) {
		t.Errorf("aud %v", got)
	}
	h.change("wiki", func(c *idp.Client) { c.Resources = []string{mailAPI} })
	if got := h.introspect("wiki", again["access_token"]).json(t); got["active"] != false {
		t.Errorf("a token for what was taken away: %v", got)
	}
	all := h.refresh("wiki", again["refresh_token"].(string)).json(t)
	if got := h.audienceOf("wiki", all["access_token"]); !slices.Equal(got, sorted(h.issuer, mailAPI)) {
		t.Errorf("after one was taken away: %v", got)
	}
	wantError(t, h.token("wiki", asking(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {all["refresh_token"].(string)}}, filesAPI)),
		400, "invalid_target", "The parameter resource names a resource server that is not registered for this client.")
}

func TestAClientsOwnTokenForAResource(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", reaches)
	body := h.token("wiki", asking(url.Values{"grant_type": {"client_credentials"}}, mailAPI)).json(t)
	if got := h.audienceOf("wiki", body["access_token"]); !slices.Equal(got, []string{mailAPI}) {
		t.Errorf("aud %v", got)
	}
}

// A resource server sees the tokens that are meant for it, and no others.
func TestResourceServersIntrospectTheirOwn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", reaches)
	h.client("mail", func(c *idp.Client) { c.ResourceServerFor = []string{mailAPI} })
	h.client("stranger", nil)
	code := h.authorize(asking(request("wiki", "scope", "openid offline_access mail.read"), mailAPI, filesAPI)).params(t).Get("code")
	body := h.token("wiki", asking(exchangeForm(code), mailAPI)).json(t)
	if got := h.introspect("mail", body["access_token"]).json(t); got["active"] != true || got["aud"] != mailAPI || got["client_id"] != "wiki" || got["scope"] != "openid offline_access mail.read" || got["username"] != nil {
		t.Errorf("its own: %v", got)
	}
	if got := h.introspect("stranger", body["access_token"]).json(t); got["active"] != false || len(got) != 1 {
		t.Errorf("a stranger: %v", got)
	}
	if got := h.introspect("mail", body["refresh_token"]).json(t); got["active"] != false {
		t.Errorf("a refresh token at a resource server: %v", got)
	}
	files := h.token("wiki", asking(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {body["refresh_token"].(string)}}, filesAPI)).json(t)
	if got := h.introspect("mail", files["access_token"]).json(t); got["active"] != false {
		t.Errorf("another resource's: %v", got)
	}
}

// Attack: a resource server reads about the person with the token that was given to it.
func TestAudienceConfusionAtUserinfo(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", reaches)
	code := h.authorize(asking(request("wiki", "scope", "openid profile"), mailAPI)).params(t).Get("code")
	body := h.token("wiki", asking(exchangeForm(code), mailAPI)).json(t)
	a := h.userinfo(body["access_token"])
	wantError(t, a, 401, "invalid_token", "The access token was issued for other resource servers than this endpoint.")
	if !strings.Contains(a.header.Get("WWW-Authenticate"), `error="invalid_token"`) {
		t.Errorf("got %v", a.header)
	}
}

// The issuer itself can be asked for, beside resources or alone.
func TestTheIssuerIsAResource(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", reaches)
	code := h.authorize(asking(request("wiki"), mailAPI)).params(t).Get("code")
	body := h.token("wiki", asking(exchangeForm(code), h.issuer)).json(t)
	if got := h.audienceOf("wiki", body["access_token"]); !slices.Equal(got, []string{h.issuer}) {
		t.Errorf("aud %v", got)
	}
}

// A device says which resource at the start, like a browser; it can narrow at the end.
func TestADeviceAsksForAResource(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("tv", func(c *idp.Client) {
		c.GrantTypes, c.Resources = []string{idp.GrantDevice}, []string{mailAPI, filesAPI}
	})
	post := func(resources ...string) answer {
		form := asking(url.Values{"scope": {"openid"}}, resources...)
		return h.send(http.MethodPost, "/oauth2/device", form.Encode(), basic("tv")...)
	}
	if a := post(mailAPI); a.status != http.StatusOK {
		t.Errorf("got %d %s", a.status, a.body)
	}
	wantError(t, post("https://bank.example"), 400, "invalid_target", "The parameter resource names a resource server that is not registered for this client.")
}

// Tokens that come through the browser have the client's format and the same audience.
func TestTheFrontChannelHasTheSameTokens(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("spa", func(c *idp.Client) {
		c.AllowImplicit, c.ResponseTypes, c.Resources, c.AccessTokenFormat = true, []string{"id_token token"}, []string{mailAPI}, "jwt"
		pairwise(c)
	})
	got := h.authorize(asking(request("spa", "response_type", "id_token token", "code_challenge", "-", "code_challenge_method", "-"), mailAPI)).params(t)
	if got.Get("access_token") == "" {
		t.Fatalf("got %v", got)
	}
	claims, id := claimsOf(t, got.Get("access_token")), claimsOf(t, got.Get("id_token"))
	if text(claims["aud"]) != text([]string{mailAPI, h.issuer}) || claims["sub"] != id["sub"] || id["sub"] == anna {
		t.Errorf("access token %v, ID token %v", claims, id)
	}
}
