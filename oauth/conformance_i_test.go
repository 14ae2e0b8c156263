package oauth_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"cloudsso/idp"
)

func TestConformance_I01_I02_WaysToSendTheToken(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	token := h.signIn(t, "wiki", "scope", "openid email")["access_token"].(string)
	for name, a := range map[string]answer{
		"I1 GET with a header":        h.userinfo(token),
		"the scheme in another case":  h.send(http.MethodGet, "/oauth2/userinfo", "", "Authorization", "bEARER "+token),
		"I2 POST with a header":       h.send(http.MethodPost, "/oauth2/userinfo", "", "Authorization", "Bearer "+token),
		"I2 POST without a form":      h.send(http.MethodPost, "/oauth2/userinfo", "", "Authorization", "Bearer "+token, "Content-Type", ""),
		"I2 POST with a form":         h.send(http.MethodPost, "/oauth2/userinfo", "access_token="+token),
		"V5 headers that say nothing": h.send(http.MethodGet, "/oauth2/userinfo", "", "Authorization", "Bearer "+token, "Accept", "x/y", "x-fapi-interaction-id", "1"),
	} {
		t.Run(name, func(t *testing.T) {
			body := a.json(t)
			if a.status != 200 || a.header.Get("Content-Type") != "application/json" || a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%d %v", a.status, a.header)
			}
			if len(body) != 3 || body["sub"] != anna || body["email"] != "anna@example.org" || body["email_verified"] != true {
				t.Errorf("I10: got %v", body)
			}
		})
	}
}

func TestConformance_I03_TokensThatAreRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	body := h.signIn(t, "wiki", "scope", "openid offline_access")
	token := body["access_token"].(string)
	noOpenID := h.signIn(t, "wiki", "scope", "email")["access_token"].(string)
	realm := `Bearer realm="` + h.issuer + `"`
	dead := realm + `, error="invalid_token", error_description="` + deadToken + `"`
	bearer := func(token string) []string { return []string{"Authorization", "Bearer " + token} }
	for name, c := range map[string]struct {
		path, body  string
		headers     []string
		status      int
		error, text string
		challenge   string
	}{
		"no token":        {"", "", nil, 401, "invalid_request", "An access token is needed: send it as 'Authorization: Bearer ...'.", realm},
		"another scheme":  {"", "", []string{"Authorization", "Basic eDp5"}, 401, "invalid_request", "An access token is needed: send it as 'Authorization: Bearer ...'.", realm},
		"nonsense":        {"", "", bearer("x"), 401, "invalid_token", deadToken, dead},
		"an empty token":  {"", "", bearer(""), 401, "invalid_token", deadToken, dead},
		"a refresh token": {"", "", bearer(body["refresh_token"].(string)), 401, "invalid_token", deadToken, dead},
		"an ID token":     {"", "", bearer(body["id_token"].(string)), 401, "invalid_token", deadToken, dead},
		"no openid": {"", "", bearer(noOpenID), 403, "insufficient_scope", "The access token does not have the scope openid, which this endpoint needs.",
			realm + `, error="insufficient_scope", error_description="The access token does not have the scope openid, which this endpoint needs.", scope="openid"`},
		"V5 in the query": {"?access_token=" + token, "", nil, 400, "invalid_request", "The access token must not be in the query: send it in the Authorization header.", realm + `, error="invalid_request"`},
		"twice":           {"", "access_token=" + token, bearer(token), 400, "invalid_request", "The access token is sent more than once.", realm + `, error="invalid_request"`},
		"twice in a form": {"", "access_token=" + token + "&access_token=x", nil, 400, "invalid_request", "The parameter 'access_token' is given more than once.", realm + `, error="invalid_request"`},
		"a broken form":   {"", "access_token=%zz", nil, 400, "invalid_request", "The parameters are not well-formed: encode them as application/x-www-form-urlencoded.", realm + `, error="invalid_request"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			method := http.MethodGet
			if c.body != "" {
				method = http.MethodPost
			}
			a := h.send(method, "/oauth2/userinfo"+c.path, c.body, c.headers...)
			wantError(t, a, c.status, c.error, c.text)
			if got := a.header.Get("WWW-Authenticate"); !strings.HasPrefix(got, c.challenge) {
				t.Errorf("challenge %s\nwant      %s", got, c.challenge)
			}
		})
	}
}

func TestConformance_I04_ClaimsByScope(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	info := h.userinfo(h.signIn(t, "wiki", "scope", "openid profile groups")["access_token"]).json(t)
	if info["given_name"] != "Anna" || info["name"] != "Anna Arendt" || info["preferred_username"] != "anna" || info["groups"] == nil {
		t.Errorf("got %v", info)
	}
	if info["email"] != nil {
		t.Error("a claim of a scope that was not granted")
	}
}

func TestConformance_I05_I06_I07_TypesOfClaims(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	h.people.all[anna] = idp.Person{Subject: anna, Status: idp.Active, Login: "anna", Attributes: idp.Attributes{
		"email": {"anna@example.org"}, "email_verified": {true}, "phone_number": {"+49 30 1234"}, "nickname": {""}, "website": {"null"}, "birthdate": {"1990-02-29"},
		"street_address": {"Lindenstr. 1"}, "locality": {"Berlin"}, "locale": {"de-DE"}, "zoneinfo": {"Europe/Berlin"}, "updated_at": {float64(1700000000)},
	}}
	got := h.userinfo(h.signIn(t, "wiki", "scope", "openid profile email phone address")["access_token"]).json(t)
	for name, value := range got {
		if value == nil || value == "" || value == "null" {
			t.Errorf("I7: %s is %#v", name, value)
		}
	}
	if got["email"] != "anna@example.org" || got["email_verified"] != true || got["phone_number"] == nil {
		t.Errorf("I5: %v", got)
	}
	if _, isNumber := got["updated_at"].(float64); got["updated_at"] != nil && !isNumber {
		t.Errorf("I6: updated_at is %#v", got["updated_at"])
	}
	if address, isObject := got["address"].(map[string]any); got["address"] != nil && !isObject {
		t.Errorf("I6: address is %#v", address)
	}
}

// I8: neither aggregated nor distributed claims are used.
func TestConformance_I08_NoClaimSources(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	got := h.userinfo(h.signIn(t, "wiki", "scope", "openid profile email phone address groups")["access_token"]).json(t)
	if got["_claim_names"] != nil || got["_claim_sources"] != nil {
		t.Errorf("got %v", got)
	}
}

func TestConformance_I10_ClaimsOfTheTokensScopes(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", legacy)
	for scope, want := range map[string][]string{
		"openid": {"sub"}, "openid email": {"email", "email_verified", "sub"}, "openid groups": {"groups", "sub"},
	} {
		for _, token := range []any{h.signIn(t, "wiki", "scope", scope)["access_token"], h.authorize(front("token", "scope", scope)).params(t).Get("access_token")} {
			if got := slices.Sorted(maps.Keys(h.userinfo(token).json(t))); !slices.Equal(got, want) {
				t.Errorf("%s: got %v", scope, got)
			}
		}
	}
}
