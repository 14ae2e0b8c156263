package idp_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"cloudsso/idp"
)

func TestCompleteFillsDefaults(t *testing.T) {
	t.Parallel()
	m := idp.ClientMetadata{RedirectURIs: []string{"https://rp.example/cb"}, GrantTypes: []string{"authorization_code", "refresh_token"}}
	if err := m.Complete(false); err != nil {
		t.Fatal(err)
	}
	want := idp.ClientMetadata{
		RedirectURIs: []string{"https://rp.example/cb"}, GrantTypes: []string{"authorization_code", "refresh_token"},
		ResponseTypes: []string{"code"}, ApplicationType: "web",
		Scope:                   "openid profile email phone address groups offline_access",
		TokenEndpointAuthMethod: "client_secret_basic", IDTokenSignedResponseAlg: "RS256", SubjectType: "public", AccessTokenFormat: "opaque",
	}
	if !reflect.DeepEqual(m, want) {
		t.Errorf("got  %+v\nwant %+v", m, want)
	}
	m = idp.ClientMetadata{RedirectURIs: []string{"https://rp.example/cb"}, Scope: " openid   email "}
	if err := m.Complete(false); err != nil {
		t.Fatal(err)
	}
	if m.Scope != "openid email" || !reflect.DeepEqual(m.GrantTypes, []string{"authorization_code"}) {
		t.Errorf("got scope %q, grant types %v", m.Scope, m.GrantTypes)
	}
}

// A client that acts for itself has nowhere to return to, and no person's scopes.
func TestCompleteOfAMachine(t *testing.T) {
	t.Parallel()
	m := idp.ClientMetadata{GrantTypes: []string{"client_credentials"}}
	if err := m.Complete(false); err != nil {
		t.Fatal(err)
	}
	if m.Scope != "" || m.ResponseTypes != nil || m.RedirectURIs != nil || m.TokenEndpointAuthMethod != "client_secret_basic" {
		t.Errorf("got %+v", m)
	}
	both := idp.ClientMetadata{GrantTypes: []string{"client_credentials", "authorization_code"}}
	if err := both.Complete(false); err == nil || !strings.Contains(err.Error(), "At least one redirect URI") {
		t.Errorf("got %v", err)
	}
	bad := idp.ClientMetadata{GrantTypes: []string{"client_credentials"}, RedirectURIs: []string{"http://rp.example/"}}
	if err := bad.Complete(false); err == nil {
		t.Error("addresses that are never used are not looked at")
	}
}

func TestCompleteLogoutAddresses(t *testing.T) {
	t.Parallel()
	m := idp.ClientMetadata{
		RedirectURIs: []string{"https://rp.example/cb"}, ApplicationType: "native",
		PostLogoutRedirectURIs: []string{"https://rp.example/bye?a=b", "com.example.app:/bye", "http://127.0.0.1/bye"},
	}
	if err := m.Complete(false); err != nil {
		t.Error(err)
	}
}

func TestCompleteRefuses(t *testing.T) {
	t.Parallel()
	no, tooOld := false, int64(-1)
	for name, c := range map[string]struct {
		change func(*idp.ClientMetadata)
		field  string
		says   string
	}{
		"no redirect URI":              {func(m *idp.ClientMetadata) { m.RedirectURIs = nil }, "redirect_uris", "At least one redirect URI"},
		"too many redirect URIs":       {func(m *idp.ClientMetadata) { m.RedirectURIs = make([]string, 101) }, "redirect_uris", "more than 100"},
		"an unknown grant type":        {func(m *idp.ClientMetadata) { m.GrantTypes = []string{"saml2"} }, "grant_types", `"saml2" is not supported`},
		"refresh tokens without codes": {func(m *idp.ClientMetadata) { m.GrantTypes = []string{"refresh_token"} }, "grant_types", "needs authorization_code"},
		"a public client for itself": {func(m *idp.ClientMetadata) {
			m.TokenEndpointAuthMethod, m.GrantTypes = "none", []string{"authorization_code", "client_credentials"}
		}, "grant_types", "needs a client that authenticates"},
		"refresh tokens of a machine": {func(m *idp.ClientMetadata) { m.GrantTypes = []string{"client_credentials", "refresh_token"} }, "grant_types", "needs authorization_code"},
		"codes without their grant type": {func(m *idp.ClientMetadata) {
			m.GrantTypes, m.ResponseTypes = []string{"client_credentials"}, []string{"code"}
		}, "response_types", "needs the grant type authorization_code"},
		"a public resource server":  {func(m *idp.ClientMetadata) { m.TokenEndpointAuthMethod, m.IntrospectAll = "none", true }, "introspect_all", "Only a client that authenticates"},
		"too many logout addresses": {func(m *idp.ClientMetadata) { m.PostLogoutRedirectURIs = make([]string, 101) }, "post_logout_redirect_uris", "more than 100"},
		"a logout address over http": {func(m *idp.ClientMetadata) {
			m.PostLogoutRedirectURIs = []string{"https://rp.example/", "http://rp.example/bye"}
		}, "post_logout_redirect_uris", "must be https"},
		"a logout address with state":       {func(m *idp.ClientMetadata) { m.PostLogoutRedirectURIs = []string{"https://rp.example/?state=1"} }, "post_logout_redirect_uris", "parameter state"},
		"a logout address that is a script": {func(m *idp.ClientMetadata) { m.PostLogoutRedirectURIs = []string{"javascript:alert(1)"} }, "post_logout_redirect_uris", "must be https"},
		"a back channel over http":          {func(m *idp.ClientMetadata) { m.BackchannelLogoutURI = "http://rp.example/back" }, "backchannel_logout_uri", "must be https"},
		"a back channel with a fragment":    {func(m *idp.ClientMetadata) { m.BackchannelLogoutURI = "https://rp.example/back#x" }, "backchannel_logout_uri", "fragment"},
		"a back channel that is a path":     {func(m *idp.ClientMetadata) { m.BackchannelLogoutURI = "/back" }, "backchannel_logout_uri", "not an absolute URI"},
		"a front channel on another host":   {func(m *idp.ClientMetadata) { m.FrontchannelLogoutURI = "https://other.example/out" }, "frontchannel_logout_uri", "those of a redirect URI"},
		"a front channel on another port":   {func(m *idp.ClientMetadata) { m.FrontchannelLogoutURI = "https://rp.example:8443/out" }, "frontchannel_logout_uri", "those of a redirect URI"},
		"a front channel over http":         {func(m *idp.ClientMetadata) { m.FrontchannelLogoutURI = "http://rp.example/out" }, "frontchannel_logout_uri", "must be https"},
		"a front channel with a sid":        {func(m *idp.ClientMetadata) { m.FrontchannelLogoutURI = "https://rp.example/out?sid=1" }, "frontchannel_logout_uri", "parameter sid"},
		"a front channel that is a script":  {func(m *idp.ClientMetadata) { m.FrontchannelLogoutURI = "javascript:alert(1)" }, "frontchannel_logout_uri", "no host"},
		"a start over http":                 {func(m *idp.ClientMetadata) { m.InitiateLoginURI = "http://rp.example/start" }, "initiate_login_uri", "must be https"},
		"a start with an issuer":            {func(m *idp.ClientMetadata) { m.InitiateLoginURI = "https://rp.example/start?iss=x" }, "initiate_login_uri", "parameter iss"},
		"an implicit response type":         {func(m *idp.ClientMetadata) { m.ResponseTypes = []string{"id_token token"} }, "response_types", "needs the switch allow_implicit"},
		"an unknown application type":       {func(m *idp.ClientMetadata) { m.ApplicationType = "spa" }, "application_type", "web or native"},
		"an unknown authentication method":  {func(m *idp.ClientMetadata) { m.TokenEndpointAuthMethod = "tls_client_auth" }, "token_endpoint_auth_method", "client_secret_basic"},
		"an unknown algorithm":              {func(m *idp.ClientMetadata) { m.IDTokenSignedResponseAlg = "RS1" }, "id_token_signed_response_alg", "one of RS256, ES256"},
		"a public client without PKCE":      {func(m *idp.ClientMetadata) { m.TokenEndpointAuthMethod, m.RequirePKCE = "none", &no }, "require_pkce", "always needs PKCE"},
		"a scope with a quote":              {func(m *idp.ClientMetadata) { m.Scope = `openid a"b` }, "scope", "cannot have"},
		"a scope outside ASCII":             {func(m *idp.ClientMetadata) { m.Scope = "openid grüße" }, "scope", "cannot have"},
		"more scopes than anybody has":      {func(m *idp.ClientMetadata) { m.Scope = strings.Repeat("a ", 101) }, "scope", "at most 100"},
		"a negative default_max_age":        {func(m *idp.ClientMetadata) { m.DefaultMaxAge = &tooOld }, "default_max_age", "0 to"},
		"access tokens that die at once":    {func(m *idp.ClientMetadata) { m.AccessTokenTTL = 59 }, "access_token_ttl", "60 to 86400"},
		"refresh tokens that live for ever": {func(m *idp.ClientMetadata) { m.RefreshTokenTTL = 31536001 }, "refresh_token_ttl", "300 to 31536000"},
		"a logo that is a script":           {func(m *idp.ClientMetadata) { m.LogoURI = "javascript:alert(1)" }, "logo_uri", "must be https"},
		"a policy page over http":           {func(m *idp.ClientMetadata) { m.PolicyURI = "http://rp.example/policy" }, "policy_uri", "must be https"},
		"a client_uri without a host":       {func(m *idp.ClientMetadata) { m.ClientURI = "https:///x" }, "client_uri", "no host"},
		"a long name":                       {func(m *idp.ClientMetadata) { m.ClientName = strings.Repeat("n", 201) }, "client_name", "longer than 200"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := idp.ClientMetadata{RedirectURIs: []string{"https://rp.example/cb"}}
			c.change(&m)
			var e *idp.Error
			if err := m.Complete(false); !errors.As(err, &e) {
				t.Fatalf("got %v", err)
			}
			if e.Code != idp.Invalid || e.Field != c.field || !strings.Contains(e.Public, c.says) {
				t.Errorf("got %v %q %q", e.Code, e.Field, e.Public)
			}
		})
	}
}

func TestCompleteRedirectURIs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		uri, kind string
		dev       bool
		why       string // "" if it may be registered
	}{
		"https":                               {uri: "https://rp.example/cb"},
		"https with port and query":           {uri: "https://rp.example:8443/cb?bar=foo"},
		"private scheme, native":              {uri: "com.example.app:/cb", kind: "native"},
		"private scheme with a host, native":  {uri: "com.example.app://host/cb", kind: "native"},
		"loopback v4, native":                 {uri: "http://127.0.0.1/cb", kind: "native"},
		"loopback v6, native":                 {uri: "http://[::1]:7777/cb", kind: "native"},
		"loopback name in development":        {uri: "http://localhost:3000/cb", dev: true},
		"loopback address in development":     {uri: "http://127.0.0.1:3000/cb", dev: true},
		"loopback name, native":               {uri: "http://localhost/cb", kind: "native", why: "must be https"},
		"http":                                {uri: "http://rp.example/cb", why: "must be https"},
		"http to a far host in development":   {uri: "http://rp.example/cb", dev: true, why: "must be https"},
		"http that only looks like loopback":  {uri: "http://127.0.0.1.evil.example/cb", kind: "native", why: "must be https"},
		"http to loopback, web":               {uri: "http://127.0.0.1/cb", why: "must be https"},
		"private scheme, web":                 {uri: "com.example.app:/cb", why: "must be https"},
		"private scheme without a dot":        {uri: "myapp:/cb", kind: "native", why: "reverse domain"},
		"javascript":                          {uri: "javascript:alert(1)", kind: "native", why: "reverse domain"},
		"data":                                {uri: "data:text/html,x", kind: "native", why: "reverse domain"},
		"a fragment":                          {uri: "https://rp.example/cb#x", why: "fragment"},
		"an empty fragment":                   {uri: "https://rp.example/cb#", why: "fragment"},
		"a user name":                         {uri: "https://a:b@rp.example/cb", why: "user name"},
		"a path alone":                        {uri: "/cb", why: "not an absolute"},
		"no scheme":                           {uri: "//rp.example/cb", why: "not an absolute"},
		"no host":                             {uri: "https:///cb", why: "no host"},
		"an opaque address":                   {uri: "https:rp.example", why: "no host"},
		"a wildcard":                          {uri: "https://*.rp.example/cb", why: "a star"},
		"a line break":                        {uri: "https://rp.example/\ncb", why: "a space"},
		"a tab in the scheme":                 {uri: "java\tscript:alert(1)", kind: "native", why: "a space"},
		"a backslash":                         {uri: `https://rp.example\@evil.example/`, why: "a backslash"},
		"letters outside ASCII":               {uri: "https://rp.exämple/cb", why: "outside ASCII"},
		"a parameter of ours":                 {uri: "https://rp.example/cb?code=1", why: "parameter code"},
		"a token of ours":                     {uri: "https://rp.example/cb?id_token=1", why: "parameter id_token"},
		"an encoded name of a parameter":      {uri: "https://rp.example/cb?%73tate=1", why: "parameter state"},
		"empty":                               {uri: "", why: "not an absolute"},
		"long":                                {uri: "https://rp.example/" + strings.Repeat("x", 2048), why: "longer than 2048"},
		"percent-encoding that is not":        {uri: "https://rp.example/%zz%", why: "not an absolute"},
		"a host that cannot be parsed":        {uri: "https://[::1/cb", why: "not an absolute"},
		"upper-case private scheme, one word": {uri: "MYAPP:/cb", kind: "native", why: "reverse domain"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := idp.ClientMetadata{RedirectURIs: []string{c.uri}, ApplicationType: c.kind}
			err := m.Complete(c.dev)
			switch {
			case c.why == "" && err != nil:
				t.Error(err)
			case c.why != "" && (err == nil || !strings.Contains(err.Error(), c.why)):
				t.Errorf("got %v, want %q", err, c.why)
			}
		})
	}
}

func TestMatchRedirect(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind, registered, requested string
		want                        bool
	}{
		"exact":                                  {"web", "https://rp.example/cb", "https://rp.example/cb", true},
		"exact private scheme":                   {"native", "com.example.app:/cb", "com.example.app:/cb", true},
		"another port of loopback v4":            {"native", "http://127.0.0.1/cb", "http://127.0.0.1:49152/cb", true},
		"another port of loopback v6":            {"native", "http://[::1]:1/cb", "http://[::1]:49152/cb", true},
		"no port where one is registered":        {"native", "http://127.0.0.1:1/cb", "http://127.0.0.1/cb", true},
		"the query is kept":                      {"native", "http://127.0.0.1/cb?a=1", "http://127.0.0.1:7/cb?a=1", true},
		"nothing":                                {"web", "https://rp.example/cb", "", false},
		"longer path":                            {"web", "https://rp.example/cb", "https://rp.example/cb/x", false},
		"dot segments":                           {"web", "https://rp.example/cb", "https://rp.example/x/../cb", false},
		"path parameters":                        {"web", "https://rp.example/cb", "https://rp.example/cb;/../x", false},
		"trailing slash":                         {"web", "https://rp.example/cb", "https://rp.example/cb/", false},
		"other case of the path":                 {"web", "https://rp.example/cb", "https://rp.example/CB", false},
		"other case of the host":                 {"web", "https://rp.example/cb", "https://RP.example/cb", false},
		"an added query":                         {"web", "https://rp.example/cb", "https://rp.example/cb?a=1", false},
		"another query":                          {"web", "https://rp.example/cb?bar=foo", "https://rp.example/cb?foo=bar", false},
		"an added fragment":                      {"web", "https://rp.example/cb", "https://rp.example/cb#x", false},
		"a prefix of the host":                   {"web", "https://rp.example", "https://rp.example.evil.example", false},
		"a user name before the host":            {"web", "https://rp.example/cb", "https://rp.example@evil.example/cb", false},
		"the default port spelled out":           {"web", "https://rp.example/cb", "https://rp.example:443/cb", false},
		"loopback port for a web client":         {"web", "http://127.0.0.1/cb", "http://127.0.0.1:9999/cb", false},
		"loopback https becomes http":            {"native", "https://127.0.0.1/cb", "http://127.0.0.1:9999/cb", false},
		"loopback with a user name":              {"native", "http://127.0.0.1/cb", "http://user:pw@127.0.0.1:9999/cb", false},
		"loopback with another path":             {"native", "http://127.0.0.1/cb", "http://127.0.0.1:9999/other", false},
		"loopback with another query":            {"native", "http://127.0.0.1/cb", "http://127.0.0.1:9999/cb?x", false},
		"loopback with a fragment":               {"native", "http://127.0.0.1/cb", "http://127.0.0.1:9999/cb#x", false},
		"v4 does not stand for v6":               {"native", "http://127.0.0.1/cb", "http://[::1]:9999/cb", false},
		"the name is not the address":            {"native", "http://127.0.0.1/cb", "http://localhost:9999/cb", false},
		"a name that begins like the address":    {"native", "http://127.0.0.1/cb", "http://127.0.0.1.evil.example:9999/cb", false},
		"another spelling of the address":        {"native", "http://127.0.0.1/cb", "http://127.1:9999/cb", false},
		"a port that hides a host":               {"native", "http://127.0.0.1/cb", "http://127.0.0.1:80@evil.example/cb", false},
		"another port of https on a public host": {"native", "https://rp.example/cb", "https://rp.example:9999/cb", false},
		"an empty port":                          {"native", "http://127.0.0.1/cb", "http://127.0.0.1:/cb", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := idp.Client{ClientMetadata: idp.ClientMetadata{ApplicationType: c.kind, RedirectURIs: []string{"https://other.example/", c.registered}}}
			got, ok := client.MatchRedirect(c.requested)
			if ok != c.want || ok && got != c.requested || !ok && got != "" {
				t.Errorf("got %q %v", got, ok)
			}
		})
	}
}

func TestLogoutAddressesThatWork(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		redirect, front, back string
		dev                   bool
	}{
		"another host for the back channel": {"https://rp.example/cb", "https://rp.example/out?a=b", "https://api.rp.example:8443/out", false},
		"a port that goes without saying":   {"https://rp.example:443/cb", "https://RP.example/out", "", false},
		"loopback in development":           {"http://localhost:9000/cb", "http://localhost:9000/out", "http://127.0.0.1:9001/out", true},
	} {
		m := idp.ClientMetadata{RedirectURIs: []string{c.redirect}, FrontchannelLogoutURI: c.front, BackchannelLogoutURI: c.back}
		if err := m.Complete(c.dev); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOrigin(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://RP.example:443/a?b": "https://rp.example", "https://rp.example:8443": "https://rp.example:8443", "http://[::1]:80/": "http://[::1]",
		"com.example.app:/x": "", "javascript:alert(1)": "", "//rp.example": "", "https://a@rp.example/": "", "": "",
	} {
		if got := idp.Origin(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}
