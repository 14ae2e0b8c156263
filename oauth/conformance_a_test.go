package oauth_test

import (
	"encoding/base64"
	"math/big"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cloudsso/idp"
	"cloudsso/idp/config"
	"cloudsso/idp/idptest"
	"cloudsso/oauth"
)

// everything is a house with all options that discovery speaks of.
func everything(t *testing.T) (*house, map[string]any) {
	t.Helper()
	h := houseWith(t, func(o *oauth.Options) {
		o.Registration = oauth.Registration{Policy: "open", AllowImplicit: true}
		o.Scopes = []oauth.Scope{{Name: "mail.read", Claims: []idp.Mapping{{Name: "mailbox", From: "username"}}}}
	})
	return h, h.send(http.MethodGet, "/.well-known/openid-configuration", "").json(t)
}

func list(doc map[string]any, name string) (out []string) {
	values, _ := doc[name].([]any)
	for _, v := range values {
		s, _ := v.(string)
		out = append(out, s)
	}
	return out
}

func TestConformance_A01_WhereDiscoveryIs(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", "/sso"} {
		s := idptest.New(t, idptest.Options{Path: path})
		res, err := http.Get(s.Issuer + "/.well-known/openid-configuration")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%q: %d %v", path, res.StatusCode, res.Header)
		}
	}
}

func TestConformance_A02_TheIssuer(t *testing.T) {
	t.Parallel()
	h, doc := everything(t)
	if doc["issuer"] != h.issuer || strings.HasSuffix(h.issuer, "/") {
		t.Errorf("got %v", doc["issuer"])
	}
}

func TestConformance_A03_Endpoints(t *testing.T) {
	t.Parallel()
	h, doc := everything(t)
	n := 0
	for name, value := range doc {
		if !strings.HasSuffix(name, "_endpoint") && name != "jwks_uri" && name != "check_session_iframe" {
			continue
		}
		n++
		if address, _ := value.(string); !strings.HasPrefix(address, h.issuer+"/oauth2/") {
			t.Errorf("%s is %v", name, value)
		}
	}
	if n < 9 {
		t.Errorf("%d endpoints", n)
	}
}

func TestConformance_A04_A05_Required(t *testing.T) {
	t.Parallel()
	_, doc := everything(t)
	for _, name := range []string{
		"authorization_endpoint", "token_endpoint", "jwks_uri", "subject_types_supported", "response_types_supported",
		"id_token_signing_alg_values_supported", "userinfo_endpoint", "claims_supported", "scopes_supported",
	} {
		if doc[name] == nil {
			t.Errorf("%s is not there", name)
		}
	}
	claims := list(doc, "claims_supported")
	for _, claim := range []string{"sub", "iss", "aud", "name", "email", "phone_number", "address", "acr", "auth_time", "groups", "mailbox"} {
		if !slices.Contains(claims, claim) {
			t.Errorf("A5: %s is not among %v", claim, claims)
		}
	}
	if !slices.Contains(list(doc, "scopes_supported"), "openid") {
		t.Error("A5: scopes_supported lacks openid")
	}
}

func TestConformance_A06_SubjectTypesAndScopes(t *testing.T) {
	t.Parallel()
	_, doc := everything(t)
	if got := list(doc, "subject_types_supported"); !slices.Equal(got, []string{"public", "pairwise"}) {
		t.Errorf("got %v", got)
	}
	scopes := list(doc, "scopes_supported")
	grammar := regexp.MustCompile(`^[\x21\x23-\x5B\x5D-\x7E]+$`)
	if slices.ContainsFunc(scopes, func(s string) bool { return !grammar.MatchString(s) }) || !slices.Contains(scopes, "mail.read") {
		t.Errorf("got %v", scopes)
	}
}

func TestConformance_A07_A18_A19_A23_Algorithms(t *testing.T) {
	t.Parallel()
	_, doc := everything(t)
	for _, name := range []string{"id_token_signing_alg_values_supported", "userinfo_signing_alg_values_supported", "request_object_signing_alg_values_supported"} {
		got := list(doc, name)
		for _, alg := range []string{"RS256", "PS256", "ES256", "EdDSA"} {
			if !slices.Contains(got, alg) {
				t.Errorf("%s lacks %s", name, alg)
			}
		}
		if slices.Contains(got, "none") {
			t.Errorf("%s has none", name)
		}
	}
}

func TestConformance_A11_A13_A14_TheShape(t *testing.T) {
	t.Parallel()
	_, doc := everything(t)
	for name, value := range doc {
		_, isList := value.([]any)
		_, isText := value.(string)
		_, isBool := value.(bool)
		plural := strings.HasSuffix(name, "_supported") && !isBool
		switch {
		case value == nil, plural != isList, isList && len(value.([]any)) == 0, !isList && !isText && !isBool:
			t.Errorf("%s is %v", name, value)
		}
	}
	for _, name := range []string{"ui_locales_supported", "claims_locales_supported"} {
		for _, tag := range list(doc, name) {
			if !regexp.MustCompile(`^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?$`).MatchString(tag) {
				t.Errorf("A13: %s has %s", name, tag)
			}
		}
	}
}

func TestConformance_A15_RequestParameters(t *testing.T) {
	t.Parallel()
	_, doc := everything(t)
	for name, want := range map[string]bool{
		"request_parameter_supported": true, "request_uri_parameter_supported": true, "require_request_uri_registration": true,
		"require_pushed_authorization_requests": false, "require_signed_request_object": false, "claims_parameter_supported": true,
		"authorization_response_iss_parameter_supported": true,
	} {
		if got, ok := doc[name].(bool); !ok || got != want {
			t.Errorf("%s is %v", name, doc[name])
		}
	}
}

func TestConformance_A16_A17_PublicKeys(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	seen := map[any]bool{}
	for _, k := range h.send(http.MethodGet, "/oauth2/jwks", "").json(t)["keys"].([]any) {
		key := k.(map[string]any)
		for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "k"} {
			if key[private] != nil {
				t.Errorf("A16: %v has %s", key["kid"], private)
			}
		}
		if n, _ := key["n"].(string); key["kty"] == "RSA" {
			raw, err := base64.RawURLEncoding.DecodeString(n)
			if bits := new(big.Int).SetBytes(raw).BitLen(); err != nil || bits < 2048 {
				t.Errorf("A16: %d bits, %v", bits, err)
			}
		}
		if key["kid"] == "" || seen[key["kid"]] || key["use"] != "sig" || key["alg"] == nil {
			t.Errorf("A17: %v", key)
		}
		seen[key["kid"]] = true
	}
}

func TestConformance_A20_A21_A22_WhatIsThere(t *testing.T) {
	t.Parallel()
	h, doc := everything(t)
	if doc["registration_endpoint"] != h.issuer+"/oauth2/register" {
		t.Errorf("A20: %v", doc["registration_endpoint"])
	}
	if doc["end_session_endpoint"] != h.issuer+"/oauth2/logout" {
		t.Errorf("A21: %v", doc["end_session_endpoint"])
	}
	methods := list(doc, "token_endpoint_auth_methods_supported")
	for _, method := range []string{"client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"} {
		if !slices.Contains(methods, method) {
			t.Errorf("A22: %s is not among %v", method, methods)
		}
	}
}

func TestConformance_S01_S03_Metadata(t *testing.T) {
	t.Parallel()
	h, doc := everything(t)
	if doc["pushed_authorization_request_endpoint"] != h.issuer+"/oauth2/par" || !slices.Contains(list(doc, "code_challenge_methods_supported"), "S256") {
		t.Errorf("S1: %v", doc)
	}
	if a, b := h.send(http.MethodGet, "/.well-known/openid-configuration", ""), h.send(http.MethodGet, "/.well-known/oauth-authorization-server", ""); a.body != b.body {
		t.Error("S3: the two documents differ")
	}
}

// A scope of the operator brings its claims, to those who were granted it, after people
// have been told in the operator's words.
func TestScopesOfTheOperator(t *testing.T) {
	t.Parallel()
	h := houseWith(t, func(o *oauth.Options) {
		o.Scopes = []oauth.Scope{{Name: "hr", Claims: []idp.Mapping{{Name: "employee.login", From: "username"}, {Name: "teams", From: "team", Join: ","}, {Name: "shoe", From: "shoe"}}}}
	})
	h.client("wiki", func(c *idp.Client) { c.Scope = "openid hr" })
	h.client("inside", func(c *idp.Client) { c.Scope, c.ClaimsInIDToken = "openid hr", true })
	h.client("other", nil)
	body := h.signIn(t, "wiki", "scope", "openid hr")
	info := h.userinfo(body["access_token"]).json(t)
	if body["scope"] != "openid hr" || text(info["employee"]) != `{"login":"anna"}` || info["teams"] != "a,b" || info["shoe"] != nil {
		t.Errorf("scope %v, got %v", body["scope"], info)
	}
	if claims := claimsOf(t, body["id_token"]); claims["teams"] != nil {
		t.Errorf("H8: %v", claims)
	}
	if claims := claimsOf(t, h.signIn(t, "inside", "scope", "openid hr")["id_token"]); claims["teams"] != "a,b" {
		t.Errorf("claims_in_id_token: %v", claims)
	}
	without := h.signIn(t, "wiki", "scope", "openid")
	if info := h.userinfo(without["access_token"]).json(t); info["teams"] != nil {
		t.Errorf("not asked for: %v", info)
	}
	unknown := h.signIn(t, "other", "scope", "openid hr")
	if info := h.userinfo(unknown["access_token"]).json(t); unknown["scope"] != "openid" || info["teams"] != nil {
		t.Errorf("B4, a client without it: %v %v", unknown["scope"], info)
	}
}

func TestPeopleReadWhatAScopeMeans(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{Config: func(c *config.Config) {
		c.Scopes = []config.Scope{{Name: "hr", Title: "See your employee record", Description: "Number and office."}, {Name: "bare"}}
	}})
	r := &registrar{s, t}
	addAda(t, s)
	client := s.AddClient(t, idp.ClientMetadata{RedirectURIs: []string{callback}, Scope: "openid hr bare"})
	page := idptest.NewBrowser(t).Open(r.Issuer + "/oauth2/authorize?" + request(client.ClientID, "scope", "openid hr bare").Encode())
	page = page.FormWith("password").Set("username", "ada").Set("password", adasPassword).Submit("")
	for _, words := range []string{"See your employee record", "Number and office.", "Use the permission “bare”"} {
		if !strings.Contains(page.Text(), words) {
			t.Errorf("%q is not on the page: %s", words, page.Text())
		}
	}
}

func TestConformance_A08_A09_A10_ResponseAndGrantTypes(t *testing.T) {
	t.Parallel()
	_, doc := everything(t)
	types := list(doc, "response_types_supported")
	for _, asked := range append(frontTypes(), "code") {
		if !slices.Contains(types, asked) {
			t.Errorf("A8, A10: %s is not among %v", asked, types)
		}
	}
	for _, grant := range []string{"authorization_code", "implicit"} {
		if !slices.Contains(list(doc, "grant_types_supported"), grant) {
			t.Errorf("A9: %s is missing", grant)
		}
	}
}

// The names of the registry "OAuth Authorization Server Metadata", of OpenID Connect
// Discovery and of the logout specifications that a provider of this kind may use.
func TestConformance_A12_NoNamesOfOurOwn(t *testing.T) {
	t.Parallel()
	_, doc := everything(t)
	registered := strings.Fields(`issuer authorization_endpoint token_endpoint userinfo_endpoint jwks_uri registration_endpoint
		introspection_endpoint revocation_endpoint device_authorization_endpoint pushed_authorization_request_endpoint end_session_endpoint
		check_session_iframe scopes_supported response_types_supported response_modes_supported grant_types_supported acr_values_supported
		subject_types_supported id_token_signing_alg_values_supported userinfo_signing_alg_values_supported
		request_object_signing_alg_values_supported token_endpoint_auth_methods_supported token_endpoint_auth_signing_alg_values_supported
		introspection_endpoint_auth_methods_supported introspection_endpoint_auth_signing_alg_values_supported
		introspection_signing_alg_values_supported revocation_endpoint_auth_methods_supported revocation_endpoint_auth_signing_alg_values_supported
		display_values_supported claim_types_supported claims_supported service_documentation claims_locales_supported ui_locales_supported
		claims_parameter_supported request_parameter_supported request_uri_parameter_supported require_request_uri_registration op_policy_uri op_tos_uri
		code_challenge_methods_supported prompt_values_supported require_pushed_authorization_requests require_signed_request_object
		authorization_response_iss_parameter_supported frontchannel_logout_supported frontchannel_logout_session_supported
		backchannel_logout_supported backchannel_logout_session_supported`)
	for name := range doc {
		if !slices.Contains(registered, name) {
			t.Errorf("%s is not registered", name)
		}
	}
}
