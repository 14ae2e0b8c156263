package oauth_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestConformance_A11_Discovery(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	a := h.send(http.MethodGet, "/.well-known/openid-configuration", "")
	doc := a.json(t)
	if a.status != 200 || a.header.Get("Content-Type") != "application/json" {
		t.Errorf("A1: %d %v", a.status, a.header)
	}
	if doc["issuer"] != h.issuer {
		t.Errorf("A2: issuer %v", doc["issuer"])
	}
	registered := []string{
		"issuer", "device_authorization_endpoint", "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "scopes_supported",
		"response_types_supported", "response_modes_supported", "grant_types_supported", "subject_types_supported",
		"id_token_signing_alg_values_supported", "token_endpoint_auth_methods_supported", "code_challenge_methods_supported",
		"claim_types_supported", "claims_supported", "prompt_values_supported", "claims_parameter_supported",
		"introspection_endpoint", "introspection_endpoint_auth_methods_supported", "introspection_signing_alg_values_supported",
		"revocation_endpoint", "revocation_endpoint_auth_methods_supported", "end_session_endpoint", "acr_values_supported",
		"userinfo_signing_alg_values_supported", "token_endpoint_auth_signing_alg_values_supported",
		"introspection_endpoint_auth_signing_alg_values_supported", "revocation_endpoint_auth_signing_alg_values_supported",
		"pushed_authorization_request_endpoint", "require_pushed_authorization_requests", "require_signed_request_object",
		"request_object_signing_alg_values_supported", "require_request_uri_registration", "registration_endpoint",
		"request_parameter_supported", "request_uri_parameter_supported", "frontchannel_logout_supported", "frontchannel_logout_session_supported", "authorization_response_iss_parameter_supported",
	}
	for name, value := range doc {
		if !slices.Contains(registered, name) {
			t.Errorf("A12: %s", name)
		}
		if list, ok := value.([]any); value == nil || ok && len(list) == 0 {
			t.Errorf("A11: %s is %v", name, value)
		}
	}
	for name, path := range map[string]string{
		"authorization_endpoint": "/oauth2/authorize", "token_endpoint": "/oauth2/token",
		"userinfo_endpoint": "/oauth2/userinfo", "jwks_uri": "/oauth2/jwks",
		"introspection_endpoint": "/oauth2/introspect", "revocation_endpoint": "/oauth2/revoke", "device_authorization_endpoint": "/oauth2/device", "A21 end_session_endpoint": "/oauth2/logout",
	} {
		if doc[strings.TrimPrefix(name, "A21 ")] != h.issuer+path {
			t.Errorf("A3: %s is %v", name, doc[name])
		}
	}
	for name, must := range map[string]string{
		"A5 scopes_supported": "openid", "A7 id_token_signing_alg_values_supported": "RS256", "A23 id_token_signing_alg_values_supported": "ES256",
		"A18 userinfo_signing_alg_values_supported": "RS256",
		"F1 token_endpoint_auth_methods_supported":  "private_key_jwt", "F1, token_endpoint_auth_methods_supported": "client_secret_jwt",
		"S1 token_endpoint_auth_signing_alg_values_supported": "PS256", "A23, id_token_signing_alg_values_supported": "EdDSA",
		"A6 subject_types_supported": "public", "A4 response_types_supported": "code", "G2 grant_types_supported": "refresh_token",
		"G2, grant_types_supported": "client_credentials", "A22 introspection_endpoint_auth_methods_supported": "client_secret_post",
		"A22 revocation_endpoint_auth_methods_supported": "none", "B9 acr_values_supported": passwordContext, "A5 claims_supported": "acr",
		"A22 token_endpoint_auth_methods_supported": "none", "A14 code_challenge_methods_supported": "S256", "A5, claims_supported": "email_verified",
	} {
		_, member, _ := strings.Cut(name, " ")
		if list, _ := doc[member].([]any); !slices.Contains(list, any(must)) {
			t.Errorf("%s lacks %s: %v", name, must, doc[member])
		}
	}
	if doc["request_uri_parameter_supported"] != true || doc["request_parameter_supported"] != true || doc["require_request_uri_registration"] != true || doc["authorization_response_iss_parameter_supported"] != true {
		t.Error("A15: request objects work, by value and by registered reference")
	}
	if doc["claims_parameter_supported"] != true || slices.Contains(doc["introspection_endpoint_auth_methods_supported"].([]any), any("none")) {
		t.Errorf("B14: %v, and introspection by %v", doc["claims_parameter_supported"], doc["introspection_endpoint_auth_methods_supported"])
	}
	if slices.Contains(doc["code_challenge_methods_supported"].([]any), any("plain")) {
		t.Error("plain is offered")
	}
	same := h.send(http.MethodGet, "/.well-known/oauth-authorization-server", "")
	if same.body != a.body {
		t.Error("S3: the two documents differ")
	}
}

func TestConformance_A16_JWKS(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	a := h.send(http.MethodGet, "/oauth2/jwks", "")
	seen := map[any]bool{}
	for _, k := range a.json(t)["keys"].([]any) {
		key := k.(map[string]any)
		if key["kid"] == "" || seen[key["kid"]] || key["use"] != "sig" || key["d"] != nil || key["k"] != nil || key["p"] != nil {
			t.Errorf("A16, A17: %v", key)
		}
		seen[key["kid"]] = true
	}
	if len(seen) != 2 {
		t.Errorf("%d keys", len(seen))
	}
	if a.header.Get("Cache-Control") != "public, max-age=300" {
		t.Errorf("L5: Cache-Control %q", a.header.Get("Cache-Control"))
	}
}

func TestDocumentsAreCached(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, path := range []string{"/.well-known/openid-configuration", "/oauth2/jwks"} {
		a := h.send(http.MethodGet, path, "")
		tag := a.header.Get("ETag")
		if tag == "" || !strings.HasPrefix(a.header.Get("Cache-Control"), "public, max-age=") {
			t.Errorf("%s: %v", path, a.header)
		}
		if again := h.send(http.MethodGet, path, "", "If-None-Match", "W/"+tag); again.status != 304 || again.body != "" {
			t.Errorf("%s: %d %q", path, again.status, again.body)
		}
		if other := h.send(http.MethodGet, path, "", "If-None-Match", `"x"`); other.status != 200 {
			t.Errorf("%s: %d", path, other.status)
		}
	}
}

func TestCORS(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for path, methods := range map[string]string{
		"/.well-known/openid-configuration": "GET", "/oauth2/jwks": "GET", "/oauth2/token": "POST", "/oauth2/userinfo": "GET, POST", "/oauth2/revoke": "POST",
	} {
		a := h.send(http.MethodOptions, path, "", "Origin", "https://spa.example", "Access-Control-Request-Method", "POST")
		if a.status != 204 || a.header.Get("Access-Control-Allow-Methods") != methods || a.header.Get("Access-Control-Allow-Headers") != "Authorization, Content-Type" {
			t.Errorf("%s: %d %v", path, a.status, a.header)
		}
		for _, got := range []answer{a, h.send(http.MethodPost, path, "", "Origin", "https://spa.example")} {
			if got.header.Get("Access-Control-Allow-Origin") != "*" || got.header.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%s: %v", path, got.header)
			}
		}
	}
	if a := h.send(http.MethodOptions, "/oauth2/authorize", "", "Origin", "https://spa.example"); a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("the authorization endpoint may be read by scripts")
	}
}
