package oauth_test

import (
	"net/http"
	"testing"

	"cloudsso/idp/config"
)

// A key set at an address is not read at registration: the address may not work yet.
func TestConformance_K10_KeysAtAnAddress(t *testing.T) {
	t.Parallel()
	r := newRegistrar(t, "open", func(c *config.Config) { c.Dev = false })
	const address = "https://rp.example/jwks"
	made := r.register("jwks_uri", address, "token_endpoint_auth_method", "private_key_jwt")
	again := r.call(http.MethodGet, made["registration_client_uri"].(string), made["registration_access_token"].(string), nil).json(t)
	if made["jwks_uri"] != address || again["jwks_uri"] != address || made["jwks"] != nil {
		t.Errorf("registered %v, read %v", made["jwks_uri"], again["jwks_uri"])
	}
	r.refused("invalid_client_metadata", "jwks_uri: Give jwks or jwks_uri, not both.", "jwks", rpJWKS(), "jwks_uri", address)
	r.refused("invalid_client_metadata", "", "jwks_uri", "http://rp.example/jwks")
}

// K12 and R1: a sign-in that begins elsewhere needs an https address, which the client
// can read back.
func TestConformance_K12_R01_InitiateLogin(t *testing.T) {
	t.Parallel()
	r := newRegistrar(t, "open", func(c *config.Config) { c.Dev = false })
	const start = "https://rp.example/start?tenant=1"
	made := r.register("initiate_login_uri", start)
	again := r.call(http.MethodGet, made["registration_client_uri"].(string), made["registration_access_token"].(string), nil).json(t)
	if made["initiate_login_uri"] != start || again["initiate_login_uri"] != start {
		t.Errorf("registered %v, read %v", made["initiate_login_uri"], again["initiate_login_uri"])
	}
	for address, sentence := range map[string]string{
		"http://rp.example/start":             "",
		"/start":                              "",
		"javascript:alert(1)":                 "",
		"https://rp.example/start?iss=x":      "initiate_login_uri: Its query has the parameter iss, which we add.",
		"https://rp.example/start#fragment":   "",
		"https://user:pass@rp.example/start":  "",
		"https://rp.example/s?login_hint=ada": "initiate_login_uri: Its query has the parameter login_hint, which we add.",
	} {
		r.refused("invalid_client_metadata", sentence, "initiate_login_uri", address)
	}
}

func TestConformance_K16_AnyNameMayRegister(t *testing.T) {
	t.Parallel()
	r := newRegistrar(t, "open")
	for _, address := range []string{"https://wiki.corp.internal/cb", "https://wiki/cb", "https://10.0.0.7:8443/cb", "https://[fd00::7]/cb", "http://127.0.0.1:9/cb"} {
		if made := r.register("redirect_uris", []string{address}); text(made["redirect_uris"]) != text([]string{address}) {
			t.Errorf("%s: %v", address, made["redirect_uris"])
		}
	}
	r.refused("invalid_redirect_uri", "", "redirect_uris", []string{"https://wiki.corp.internal/cb#fragment"})
}
