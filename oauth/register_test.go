package oauth_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/config"
	"cloudsso/idp/idptest"
)

// registrar is a whole product whose clients may register themselves.
type registrar struct {
	*idptest.Server
	t *testing.T
}

func newRegistrar(t *testing.T, policy string, set ...func(*config.Config)) *registrar {
	t.Helper()
	return &registrar{idptest.New(t, idptest.Options{Config: func(c *config.Config) {
		c.Registration, c.Limits.Enabled = policy, true
		c.Scopes = []config.Scope{{Name: "mail.read", Claims: []config.Claim{{Name: "mailbox", From: "mailbox"}}}}
		for _, f := range set {
			f(c)
		}
	}}), t}
}

// call sends JSON; token "" sends no Authorization.
func (r *registrar) call(method, address, token string, body any) answer {
	r.t.Helper()
	var data []byte
	switch body := body.(type) {
	case nil:
	case string:
		data = []byte(body)
	default:
		var err error
		if data, err = json.Marshal(body); err != nil {
			r.t.Fatal(err)
		}
	}
	if strings.HasPrefix(address, "/") {
		address = r.Issuer + address
	}
	req, err := http.NewRequestWithContext(r.t.Context(), method, address, bytes.NewReader(data))
	if err != nil {
		r.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(out)}
}

type object = map[string]any

// metadata is an ordinary client; more as pairs, nil takes out.
func metadata(more ...any) object {
	m := object{"redirect_uris": []string{callback}, "client_name": "Wiki"}
	for i := 0; i < len(more); i += 2 {
		if m[more[i].(string)] = more[i+1]; more[i+1] == nil {
			delete(m, more[i].(string))
		}
	}
	return m
}

func (r *registrar) register(more ...any) object {
	r.t.Helper()
	a := r.call(http.MethodPost, "/oauth2/register", "", metadata(more...))
	if a.status != http.StatusCreated {
		r.t.Fatalf("register: %d %s", a.status, a.body)
	}
	return a.json(r.t)
}

// refused wants a fault; text "" for any sentence.
func (r *registrar) refused(name, text string, more ...any) {
	r.t.Helper()
	a := r.call(http.MethodPost, "/oauth2/register", "", metadata(more...))
	if text == "" {
		text, _ = a.json(r.t)["error_description"].(string)
	}
	wantError(r.t, a, http.StatusBadRequest, name, text)
}

func TestConformance_K01_TheAnswerSaysEverything(t *testing.T) {
	t.Parallel()
	r := newRegistrar(t, "open")
	a := r.call(http.MethodPost, "/oauth2/register", "", metadata())
	body := a.json(t)
	if a.status != 201 || a.header.Get("Content-Type") != "application/json" || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %d %v", a.status, a.header)
	}
	for name, want := range map[string]any{
		"client_name": "Wiki", "application_type": "web", "token_endpoint_auth_method": "client_secret_basic", "subject_type": "public",
		"id_token_signed_response_alg": "RS256", "scope": "openid profile email phone address groups",
	} {
		if body[name] != want {
			t.Errorf("%s is %v, want %v", name, body[name], want)
		}
	}
	for name, want := range map[string]string{"redirect_uris": callback, "grant_types": "authorization_code", "response_types": "code"} {
		if list, _ := body[name].([]any); len(list) != 1 || list[0] != want {
			t.Errorf("%s is %v", name, body[name])
		}
	}
	if issued, _ := body["client_id_issued_at"].(float64); time.Since(time.Unix(int64(issued), 0)).Abs() > time.Minute {
		t.Errorf("client_id_issued_at %v", body["client_id_issued_at"])
	}
	for _, name := range []string{"first_party", "introspect_all", "disabled", "claims_mapping", "access_token_format"} {
		if _, there := body[name]; there {
			t.Errorf("%s is shown", name)
		}
	}
}

func TestConformance_K02_Secrets(t *testing.T) {
	t.Parallel()
	r := newRegistrar(t, "open")
	body := r.register()
	if secret, _ := body["client_secret"].(string); len(secret) < 43 || body["client_secret_expires_at"] != float64(0) {
		t.Errorf("got %v", body)
	}
	for _, without := range []object{
		r.register("token_endpoint_auth_method", "none"),
		r.register("token_endpoint_auth_method", "private_key_jwt", "jwks", rpJWKS()),
	} {
		if without["client_secret"] != nil || without["client_secret_expires_at"] != nil {
			t.Errorf("got %v", without)
		}
	}
	hs := r.register("id_token_signed_response_alg", "HS512")
	if secret, _ := hs["client_secret"].(string); len(secret) < 64 {
		t.Errorf("too short for HS512: %v", hs)
	}
}

func TestConformance_K03_ReadingItself(t *testing.T) {
	t.Parallel()
	r := newRegistrar(t, "open")
	made := r.register("initiate_login_uri", "https://rp.example/start")
	uri, token := made["registration_client_uri"].(string), made["registration_access_token"].(string)
	if uri != r.Issuer+"/oauth2/register/"+made["client_id"].(string) || !strings.HasPrefix(token, "crg_") {
		t.Errorf("got %v", made)
	}
	a := r.call(http.MethodGet, uri, token, nil)
	again := a.json(t)
	if a.status != 200 || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %d %s", a.status, a.body)
	}
	delete(made, "client_secret") // its hash is all that is kept
	delete(made, "client_secret_expires_at")
	if x, y := text(made), text(again); x != y {
		t.Errorf("registered %s\nread       %s", x, y)
	}
}

func text(v any) string { b, _ := json.Marshal(v); return string(b) }

func TestConformance_K04_DeletingItself(t *testing.T) {
	t.Parallel()
	r := newRegistrar(t, "open")
	made := r.register()
	uri, token := made["registration_client_uri"].(string), made["registration_access_token"].(string)
	if a := r.call(http.MethodDelete, uri, token, nil); a.status != 204 || a.body != "" {
		t.Errorf("got %d %s", a.status, a.body)
	}
	if a := r.call(http.MethodGet, uri, token, nil); a.status != 401 {
		t.Errorf("afterwards %d %s", a.status, a.body)
	}
	if _, err := r.Records.Client(t.Context(), made["client_id"].(string)); err == nil {
		t.Error("it is still there")
	}
	if a := r.call(http.MethodDelete, uri, token, nil); a.status != 401 {
		t.Errorf("twice: %d", a.status)
	}
}

func TestConformance_K05_EverythingThatClientsSay(t *testing.T) {
	t.Parallel()
	r := newRegistrar(t, "open")
	said := metadata(
		"contacts", []string{"ada@example.org"}, "jwks", rpJWKS(), "grant_types", []string{"authorization_code", "refresh_token"},
		"response_types", []string{"code"}, "logo_uri", "https://rp.example/logo.png", "policy_uri", "https://rp.example/policy",
		"tos_uri", "https://rp.example/tos", "client_uri", "https://rp.example/", "request_uris", []string{"https://rp.example/object#hash"},
		"post_logout_redirect_uris", []string{"https://rp.example/bye"}, "require_auth_time", true, "default_max_age", 600,
		"request_object_signing_alg", "ES256", "require_pushed_authorization_requests", true, "application_type", "web",
	)
	sent := maps.Clone(said)
	maps.Copy(sent, object{"client_name#de": "Wiki", "software_id": "4NRB1", "software_statement": "eyJ", "x": object{"y": 1}, "tls_client_auth_subject_dn": nil})
	a := r.call(http.MethodPost, "/oauth2/register", "", sent)
	if a.status != http.StatusCreated {
		t.Fatalf("%d %s", a.status, a.body)
	}
	body := a.json(t)
	for name, want := range said {
		if text(body[name]) != text(want) && name != "jwks" {
			t.Errorf("%s came back as %v", name, body[name])
		}
	}
	if keys := text(body["jwks"]); !strings.Contains(keys, `"kid":"rp-1"`) {
		t.Errorf("jwks came back as %s", keys)
	}
	for _, name := range []string{"x", "software_statement", "client_name#de", "software_id"} {
		if _, there := body[name]; there {
			t.Errorf("%s came back", name)
		}
	}
}

func TestConformance_K06_InitialAccessTokensAndLimits(t *testing.T) {
	t.Parallel()
	r := newRegistrar(t, "token")
	for token, want := range map[string]string{"": "An access token is needed: send it as 'Authorization: Bearer ...'.", "wrong": initialRefused, r.adminToken("owner") + "x": initialRefused} {
		a := r.call(http.MethodPost, "/oauth2/register", token, metadata())
		name := "invalid_token"
		if token == "" {
			name = "invalid_request"
		}
		wantError(t, a, 401, name, want)
		if !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer ") {
			t.Errorf("got %v", a.header)
		}
	}
	for _, role := range []string{"registration", "owner"} {
		if a := r.call(http.MethodPost, "/oauth2/register", r.adminToken(role), metadata()); a.status != 201 {
			t.Errorf("%s: %d %s", role, a.status, a.body)
		}
	}
	r.Clock.Advance(2 * time.Hour)
	expired := r.adminToken("registration")
	r.Clock.Advance(2 * time.Hour)
	wantError(t, r.call(http.MethodPost, "/oauth2/register", expired, metadata()), 401, "invalid_token", initialRefused)

	open := newRegistrar(t, "open")
	for range 60 {
		open.register()
	}
	wantError(t, open.call(http.MethodPost, "/oauth2/register", "wrong", metadata()), 401, "invalid_token", initialRefused)
}

const initialRefused = "The initial access token is unknown, has expired, or does not allow to register clients."

func (r *registrar) adminToken(role string) string {
	r.t.Helper()
	made, err := r.Owner.CreateToken(r.t.Context(), api.NewToken{Role: role, ExpiresIn: 3600})
	if err != nil {
		r.t.Fatal(err)
	}
	return made.Secret
}

// A registration token is good for nothing else.
func TestARegistrationTokenIsNoAdminToken(t *testing.T) {
	t.Parallel()
	r := newRegistrar(t, "token")
	if a := r.call(http.MethodGet, "/api/v1/clients", r.adminToken("registration"), nil); a.status != http.StatusForbidden {
		t.Errorf("got %d %s", a.status, a.body)
	}
}

func TestAFloodOfRegistrations(t *testing.T) {
	t.Parallel()
	r := newRegistrar(t, "open")
	last := answer{}
	for range 210 {
		if last = r.call(http.MethodPost, "/oauth2/register", "", metadata("redirect_uris", nil)); last.status != http.StatusBadRequest {
			break
		}
	}
	wantError(t, last, 429, "temporarily_unavailable", "Too many clients were registered from this address. Please try again in 10 minutes.")
	if a := r.call(http.MethodPost, "/oauth2/register", r.adminToken("registration"), metadata()); a.status != 201 {
		t.Errorf("with an initial access token: %d %s", a.status, a.body)
	}
	r.Clock.Advance(11 * time.Minute)
	r.register()
}

func TestRegistrationIsOffByDefault(t *testing.T) {
	t.Parallel()
	for _, policy := range []string{"", "off"} {
		r := newRegistrar(t, policy)
		const off = "Clients cannot register themselves here: an administrator registers them."
		wantError(t, r.call(http.MethodPost, "/oauth2/register", r.adminToken("owner"), metadata()), 403, "access_denied", off)
		wantError(t, r.call(http.MethodGet, "/oauth2/register/x", "crg_x", nil), 403, "access_denied", off)
		if doc := r.call(http.MethodGet, "/.well-known/openid-configuration", "", nil).json(t); doc["registration_endpoint"] != nil {
			t.Errorf("discovery offers %v", doc["registration_endpoint"])
		}
	}
}

// Each bad member is named, with the registered error.
func TestConformance_C07_K07_BadMetadata(t *testing.T) {
	t.Parallel()
	r := newRegistrar(t, "open")
	const bad, redirect = "invalid_client_metadata", "invalid_redirect_uri"
	for name, c := range map[string]struct {
		error, text string
		more        []any
	}{
		"no redirect URI":              {redirect, "redirect_uris: At least one redirect URI is needed: the address that the application gets its answers at.", []any{"redirect_uris", nil}},
		"C7: a fragment":               {redirect, "redirect_uris: The redirect URI 'https://rp.example/cb#x' cannot be used: it has a fragment (RFC 6749 section 3.1.2).", []any{"redirect_uris", []string{"https://rp.example/cb#x"}}},
		"a script":                     {redirect, "", []any{"redirect_uris", []string{"javascript:alert(1)"}}},
		"a text for a list":            {bad, "redirect_uris: The value has the wrong type: string is not expected here.", []any{"redirect_uris", callback}},
		"a number for a text":          {bad, "client_name: The value has the wrong type: number is not expected here.", []any{"client_name", 7}},
		"an unknown method":            {bad, "", []any{"token_endpoint_auth_method", "tls_client_auth"}},
		"an unknown algorithm":         {bad, "", []any{"id_token_signed_response_alg", "RS1"}},
		"private_key_jwt without keys": {bad, "", []any{"token_endpoint_auth_method", "private_key_jwt"}},
		"K10: jwks beside jwks_uri":    {bad, "jwks_uri: Give jwks or jwks_uri, not both.", []any{"jwks", rpJWKS(), "jwks_uri", "https://rp.example/jwks"}},
		"the password grant":           {bad, "", []any{"grant_types", []string{"password"}}},
		"acting for itself":            {bad, "grant_types: The grant type client_credentials is for clients that are registered with an initial access token or by an administrator.", []any{"grant_types", []string{"client_credentials"}}},
		"an implicit response type":    {bad, "", []any{"response_types", []string{"id_token token"}}},
		"a subject type":               {bad, "subject_type: The subject type must be public or pairwise.", []any{"subject_type", "ephemeral"}},
		"a logo by http":               {bad, "", []any{"logo_uri", "ftp://rp.example/logo"}},
		"a request_uri by ftp":         {bad, "", []any{"request_uris", []string{"ftp://rp.example/o"}}},
		"unsigned request objects":     {bad, "", []any{"request_object_signing_alg", "none"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := r.call(http.MethodPost, "/oauth2/register", "", metadata(c.more...))
			body := a.json(t)
			sentence, _ := body["error_description"].(string)
			if a.status != 400 || body["error"] != c.error || c.text != "" && sentence != c.text || !strings.Contains(sentence, c.more[0].(string)[:4]) {
				t.Errorf("got %d %s", a.status, a.body)
			}
		})
	}
	several := r.call(http.MethodPost, "/oauth2/register", "", metadata("redirect_uris", []string{"x"}, "subject_type", "x", "tos_uri", "x")).json(t)
	for _, member := range []string{"redirect_uris: ", "subject_type: ", "tos_uri: "} {
		if !strings.Contains(several["error_description"].(string), member) {
			t.Errorf("%s is not named in %v", member, several)
		}
	}
	for body, sentence := range map[string]string{
		`[]`: "", `{`: "", `{"client_name":"a","client_name":"b"}`: "", `{} {}`: "", `"x"`: "",
	} {
		wantError(t, r.call(http.MethodPost, "/oauth2/register", "", body), 400, bad, "The body must be one JSON object whose members have one name each."+sentence)
	}
	form := r.send(url.Values{"redirect_uris": {callback}})
	wantError(t, form, 400, bad, "The body must be application/json.")
}

func (r *registrar) send(form url.Values) answer {
	r.t.Helper()
	res, err := http.PostForm(r.Issuer+"/oauth2/register", form)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	out, _ := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(out)}
}

func TestConformance_K08_K09_Defaults(t *testing.T) {
	t.Parallel()
	r := newRegistrar(t, "open")
	if got := r.register(); got["id_token_signed_response_alg"] != "RS256" || got["token_endpoint_auth_method"] != "client_secret_basic" {
		t.Errorf("left out: %v", got)
	}
	if got := r.register("id_token_signed_response_alg", "RS256", "token_endpoint_auth_method", "client_secret_post"); got["token_endpoint_auth_method"] != "client_secret_post" {
		t.Errorf("asked for: %v", got)
	}
	if got := r.register("id_token_signed_response_alg", nil, "token_endpoint_auth_method", nil, "scope", nil); got["scope"] == nil {
		t.Errorf("null: %v", got)
	}
}

// sector serves the list of redirect URIs of a pairwise client.
func sector(t *testing.T, body string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
	t.Cleanup(s.Close)
	return s.URL + "/sector.json"
}

func TestConformance_K11_SectorIdentifier(t *testing.T) {
	t.Parallel()
	r := newRegistrar(t, "open")
	two := []string{"https://a.example/cb", "https://b.example/cb"}
	good := sector(t, text(append(slices.Clone(two), "https://c.example/cb")))
	if got := r.register("subject_type", "pairwise", "redirect_uris", two, "sector_identifier_uri", good); got["subject_type"] != "pairwise" || got["sector_identifier_uri"] != good {
		t.Errorf("got %v", got)
	}
	for document, sentence := range map[string]string{
		text(two[:1]):                           "sector_identifier_uri: The document at sector_identifier_uri does not list the redirect URI 'https://b.example/cb'.",
		`{"uris":[]}`:                           "sector_identifier_uri: The document at sector_identifier_uri is not a JSON array of redirect URIs.",
		"<html></html>":                         "sector_identifier_uri: The document at sector_identifier_uri is not a JSON array of redirect URIs.",
		`[` + strings.Repeat(" ", 70<<10) + `]`: "sector_identifier_uri: The document could not be fetched.",
	} {
		r.refused("invalid_client_metadata", sentence, "subject_type", "pairwise", "redirect_uris", two, "sector_identifier_uri", sector(t, document))
	}
	r.refused("invalid_client_metadata", "sector_identifier_uri: A pairwise client whose redirect URIs do not all have the same host needs a sector_identifier_uri.",
		"subject_type", "pairwise", "redirect_uris", two)
	// Attack: the fetch as a probe of our own network. It says no more than that it failed.
	r.refused("invalid_client_metadata", "sector_identifier_uri: The document could not be fetched.",
		"subject_type", "pairwise", "sector_identifier_uri", "https://169.254.169.254/latest/meta-data")
	_, err := r.Owner.CreateClient(t.Context(), api.NewClient{ClientMetadata: idp.ClientMetadata{RedirectURIs: two, SubjectType: "pairwise", SectorIdentifierURI: sector(t, `[]`)}})
	if e := idp.AsError(err); e.Field != "sector_identifier_uri" {
		t.Errorf("administrators too: %v", err)
	}
}

func TestConformance_K13_K14_GrantsAndResponses(t *testing.T) {
	t.Parallel()
	r := newRegistrar(t, "open")
	if got := r.register("response_types", []string{"code"}); text(got["grant_types"]) != `["authorization_code"]` {
		t.Errorf("derived: %v", got)
	}
	if got := r.register("grant_types", []string{"authorization_code", "refresh_token"}); !strings.Contains(got["scope"].(string), "offline_access") {
		t.Errorf("refresh_token: %v", got)
	}
}

// A client that wants tokens from the browser gets them where the operator says so, and
// only what it asks for (K14: no settings for codes are needed).
func TestConformance_K14_ImplicitClients(t *testing.T) {
	t.Parallel()
	r := newRegistrar(t, "open", func(c *config.Config) { c.RegistrationAllowImplicit = true })
	got := r.register("response_types", []string{"id_token"}, "grant_types", []string{"implicit"})
	if text(got["response_types"]) != `["id_token"]` || text(got["grant_types"]) != `["implicit"]` || got["allow_implicit"] != nil {
		t.Errorf("got %v", got)
	}
	c, err := r.Records.Client(t.Context(), got["client_id"].(string))
	if err != nil || !c.AllowImplicit {
		t.Errorf("%v %+v", err, c.ClientMetadata)
	}
	plain := r.register()
	if c, err = r.Records.Client(t.Context(), plain["client_id"].(string)); err != nil || c.AllowImplicit {
		t.Errorf("nobody asked: %v %+v", err, c.ClientMetadata)
	}
	r.refused("invalid_client_metadata", "", "grant_types", []string{"password"})
}

// Debian's mod_auth_openidc names every grant and response type that it knows.
func TestConformance_K13_WaysInThatAreNotAllowed(t *testing.T) {
	t.Parallel()
	grants, every := []string{"authorization_code", "implicit", "refresh_token"}, []string{"code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"}
	for name, c := range map[string]struct {
		allowed           bool
		asked             []string
		grants, responses string
	}{
		"all of them":                  {false, every, `["authorization_code","refresh_token"]`, `["code"]`},
		"a grant that nothing uses":    {false, []string{"code"}, `["authorization_code","refresh_token"]`, `["code"]`},
		"allowed, but nothing uses it": {true, []string{"code"}, `["authorization_code","refresh_token"]`, `["code"]`},
		"no response types":            {false, nil, `["authorization_code","refresh_token"]`, `["code"]`},
		"all of them, and allowed":     {true, every, text(grants), text(every)},
	} {
		r := newRegistrar(t, "open", func(o *config.Config) { o.RegistrationAllowImplicit = c.allowed })
		more := []any{"grant_types", grants}
		if c.asked != nil {
			more = append(more, "response_types", c.asked)
		}
		got := r.register(more...)
		kept, err := r.Records.Client(t.Context(), got["client_id"].(string))
		if text(got["grant_types"]) != c.grants || text(got["response_types"]) != c.responses || err != nil || kept.AllowImplicit != (c.responses != `["code"]`) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	r := newRegistrar(t, "open")
	const leaks = "The grant type 'implicit' needs the switch allow_implicit: tokens in the front channel leak (RFC 9700 section 2.1.2). Use authorization_code if you can."
	r.refused("invalid_client_metadata", "grant_types: "+leaks, "grant_types", grants, "response_types", []string{"code id_token", "id_token"})
	if got := r.register("response_types", every); text(got["response_types"]) != `["code"]` || text(got["grant_types"]) != `["authorization_code"]` {
		t.Errorf("no grant types: %v", got)
	}
	r.refused("invalid_client_metadata", "grant_types: "+leaks, "grant_types", []string{"implicit"}, "response_types", []string{"code"})
}

func TestConformance_K15_LogoutAddresses(t *testing.T) {
	t.Parallel()
	r := newRegistrar(t, "open")
	got := r.register("post_logout_redirect_uris", []string{"https://rp.example/bye"})
	c, err := r.Records.Client(t.Context(), got["client_id"].(string))
	if err != nil || len(c.PostLogoutRedirectURIs) != 1 {
		t.Errorf("%v %+v", err, c.PostLogoutRedirectURIs)
	}
}

// What only an administrator gives is not taken from a client, whoever's token it has.
func TestClientsCannotRaiseThemselves(t *testing.T) {
	t.Parallel()
	r := newRegistrar(t, "open", func(c *config.Config) { c.RegistrationResources = []string{mailAPI} })
	greedy := metadata(
		"client_id", "chosen", "client_secret", "chosen-by-the-client", "first_party", true, "introspect_all", true, "claims_mapping", []object{{"name": "x", "from": "email"}},
		"allow_password_grant", true, "allow_implicit", true, "disabled", false, "resources", []string{"https://bank.example"}, "resource_server_for", []string{mailAPI},
		"access_token_ttl", 86400, "refresh_token_ttl", 31536000, "scope", "openid admin mail.read", "registration_token_hash", "x", "First_Party", true, "assigned", object{},
	)
	a := r.call(http.MethodPost, "/oauth2/register", r.adminToken("registration"), greedy)
	made := a.json(t)
	if a.status != http.StatusCreated || made["client_id"] == "chosen" || made["client_secret"] == "chosen-by-the-client" || made["scope"] != "openid mail.read" {
		t.Fatalf("got %d %s", a.status, a.body)
	}
	check := func(when string) {
		c, err := r.Records.Client(t.Context(), made["client_id"].(string))
		if err != nil {
			t.Fatal(err)
		}
		if c.FirstParty || c.IntrospectAll || c.Assigned != nil || len(c.ClaimsMapping)+len(c.ResourceServerFor) > 0 || c.AccessTokenTTL+c.RefreshTokenTTL > 0 || !slices.Equal(c.Resources, []string{mailAPI}) {
			t.Errorf("%s: %+v", when, c.ClientMetadata)
		}
	}
	check("registered")
	greedy["client_id"] = made["client_id"]
	delete(greedy, "client_secret")
	if a := r.call(http.MethodPut, made["registration_client_uri"].(string), made["registration_access_token"].(string), greedy); a.status != 200 {
		t.Fatalf("replace: %d %s", a.status, a.body)
	}
	check("replaced")
}

// With an initial access token somebody has answered for a client that acts for itself.
func TestAMachineRegistersWithAToken(t *testing.T) {
	t.Parallel()
	r := newRegistrar(t, "token")
	machine := object{"grant_types": []string{"client_credentials"}, "scope": "mail.read admin"}
	a := r.call(http.MethodPost, "/oauth2/register", r.adminToken("registration"), machine)
	if made := a.json(t); a.status != 201 || made["scope"] != "mail.read" || made["redirect_uris"] != nil {
		t.Errorf("got %d %s", a.status, a.body)
	}
}
