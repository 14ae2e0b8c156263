package server

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"cloudsso/api"
	"cloudsso/api/verify"
	"cloudsso/idp"
	"cloudsso/idp/config"
	"cloudsso/idp/memory"
	"cloudsso/keys"
)

// The check list must not lie: these providers are wrong in one thing each, and it has to say so.

// bench is a provider with a person, without a listener.
func bench(t *testing.T) (s *Server, subject string) {
	t.Helper()
	kek, err := keys.LoadKEK(t.TempDir(), func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return start }
	store := memory.New(now)
	s, err = New(t.Context(), Options{
		Config:  config.Config{Issuer: "https://sso.example", Directories: []config.Directory{{ID: "local", Kind: config.KindLocal}}},
		Records: store, Flows: store, KEK: kek, Now: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	u, err := s.Admin().Local("test").CreateUser(t.Context(), api.NewUser{Username: "ada", Email: "ada@example.com", Password: "correct horse battery"})
	if err == nil {
		subject, err = store.Subject(t.Context(), "local", u.ID, idp.NewID())
	}
	if err != nil {
		t.Fatal(err)
	}
	return s, subject
}

func answerOf(subject string) idp.Answer {
	return idp.Answer{Outcome: idp.SignedIn, Session: idp.NewID(), SID: idp.NewID(), Subject: subject, AuthTime: start, AMR: []string{"pwd"}}
}

// liar stands before the real endpoints and changes what they answer.
type liar struct {
	http.Handler
	change func(path string, r *http.Request, said *httptest.ResponseRecorder)
}

func (l liar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	said := httptest.NewRecorder()
	l.Handler.ServeHTTP(said, r)
	r.Body = io.NopCloser(bytes.NewReader(body))
	l.change(r.URL.Path, r, said)
	maps.Copy(w.Header(), said.Header())
	w.WriteHeader(said.Code)
	_, _ = w.Write(said.Body.Bytes())
}

// rewrite changes a JSON body.
func rewrite(said *httptest.ResponseRecorder, change func(map[string]any)) {
	var body map[string]any
	if json.Unmarshal(said.Body.Bytes(), &body) != nil {
		return
	}
	change(body)
	raw, _ := json.Marshal(body)
	said.Body = bytes.NewBuffer(raw)
}

// forger signs ID tokens again after it has changed them, with a key that it publishes as the provider's.
func forger(t *testing.T, change func(claims map[string]any)) func(string, *http.Request, *httptest.ResponseRecorder) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private := jose.JSONWebKey{Key: key, KeyID: "forged", Algorithm: "ES256", Use: "sig"}
	return func(path string, _ *http.Request, said *httptest.ResponseRecorder) {
		switch path {
		case "/oauth2/jwks":
			raw, _ := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{private.Public()}})
			said.Body = bytes.NewBuffer(raw)
		case "/oauth2/token":
			rewrite(said, func(body map[string]any) {
				raw, _ := body["id_token"].(string)
				parts := strings.Split(raw, ".")
				if len(parts) != 3 {
					return
				}
				var claims map[string]any
				payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
				if json.Unmarshal(payload, &claims) != nil {
					return
				}
				change(claims)
				signer, _ := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: private}, nil)
				body["id_token"], _ = jwt.Signed(signer).Claims(claims).Serialize()
			})
		}
	}
}

func TestTheCheckListSeesALyingProvider(t *testing.T) {
	t.Parallel()
	s, subject := bench(t)
	owner := s.Admin().Local("test")
	made, err := owner.CreateClient(t.Context(), api.NewClient{ClientMetadata: idp.ClientMetadata{
		RedirectURIs: []string{"https://rp.example/cb"}, GrantTypes: []string{"authorization_code", "refresh_token"}, IDTokenSignedResponseAlg: "ES256", RequireAuthTime: true,
	}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.options.Records.Client(t.Context(), made.ClientID)
	if err != nil {
		t.Fatal(err)
	}
	at := func(where string, change func(r *http.Request, said *httptest.ResponseRecorder)) func(string, *http.Request, *httptest.ResponseRecorder) {
		return func(path string, r *http.Request, said *httptest.ResponseRecorder) {
			if path == where {
				change(r, said)
			}
		}
	}
	body := func(where string, change func(map[string]any)) func(string, *http.Request, *httptest.ResponseRecorder) {
		return at(where, func(_ *http.Request, said *httptest.ResponseRecorder) { rewrite(said, change) })
	}
	redirect := func(name, value string) func(string, *http.Request, *httptest.ResponseRecorder) {
		return at("/oauth2/authorize", func(_ *http.Request, said *httptest.ResponseRecorder) {
			u, _ := url.Parse(said.Header().Get("Location"))
			q := u.Query()
			q.Set(name, value)
			u.RawQuery = q.Encode()
			said.Header().Set("Location", u.String())
		})
	}
	form := func(r *http.Request) url.Values {
		raw, _ := io.ReadAll(r.Body)
		values, _ := url.ParseQuery(string(raw))
		return values
	}
	const oidc, oidcAgain = "go-oidc accepts the ID token", "go-oidc accepts the ID token (refresh)"
	for name, lie := range map[string]struct {
		change func(string, *http.Request, *httptest.ResponseRecorder)
		red    string
	}{
		"nothing":                  {forger(t, func(map[string]any) {}), ""},
		"another issuer found":     {body("/.well-known/openid-configuration", func(b map[string]any) { b["issuer"] = "https://evil.example" }), "Discovery"},
		"no keys":                  {body("/oauth2/jwks", func(b map[string]any) { b["keys"] = []any{} }), "Key set"},
		"keys of somebody else":    {forgedKeys(t), "ID token signature"},
		"a changed payload":        {body("/oauth2/token", changedPayload), "ID token signature"},
		"no signature":             {body("/oauth2/token", func(b map[string]any) { stripSignature(b) }), "ID token signature"},
		"another iss":              {forger(t, func(c map[string]any) { c["iss"] = "https://evil.example" }), oidc + ", iss of the ID token, " + oidcAgain + ", iss of the ID token (refresh)"},
		"another aud":              {forger(t, func(c map[string]any) { c["aud"] = "somebody" }), oidc + ", aud of the ID token, " + oidcAgain + ", aud of the ID token (refresh)"},
		"two audiences":            {forger(t, func(c map[string]any) { c["aud"] = []string{made.ClientID, "x"} }), "aud of the ID token, aud of the ID token (refresh)"},
		"another azp":              {forger(t, func(c map[string]any) { c["azp"] = "somebody" }), "azp of the ID token, azp of the ID token (refresh)"},
		"nobody":                   {forger(t, func(c map[string]any) { delete(c, "sub") }), "sub of the ID token, sub of userinfo, sub of the ID token (refresh)"},
		"somebody else":            {forger(t, func(c map[string]any) { c["sub"] = "mallory" }), "sub of userinfo"},
		"an old token":             {forger(t, func(c map[string]any) { c["exp"] = start.Unix() - 1 }), oidc + ", exp of the ID token, " + oidcAgain + ", exp of the ID token (refresh)"},
		"issued in the future":     {forger(t, func(c map[string]any) { c["iat"] = start.Unix() + 3600 }), "iat of the ID token, iat of the ID token (refresh)"},
		"no time of sign-in":       {forger(t, func(c map[string]any) { delete(c, "auth_time") }), "auth_time, auth_time (refresh)"},
		"a replayed nonce":         {forger(t, func(c map[string]any) { c["nonce"] = "old" }), "nonce"},
		"another access token":     {forger(t, func(c map[string]any) { c["at_hash"] = "xxxxxxxxxxxxxxxxxxxxxx" }), "at_hash, at_hash (refresh)"},
		"another state":            {redirect("state", "planted"), "state"},
		"a mix-up":                 {redirect("iss", "https://evil.example"), "iss"},
		"a code that is not known": {redirect("code", "cac_none"), "Token"},
		"an open redirect": {at("/oauth2/authorize", func(_ *http.Request, said *httptest.ResponseRecorder) {
			said.Header().Set("Location", "https://evil.example/?code=x")
		}), "Authorization"},
		"another kind of token":     {body("/oauth2/token", func(b map[string]any) { b["token_type"] = "mac" }), "Token"},
		"cached tokens":             {at("/oauth2/token", func(_ *http.Request, said *httptest.ResponseRecorder) { said.Header().Set("Cache-Control", "public") }), "Cache-Control"},
		"userinfo of somebody else": {body("/oauth2/userinfo", func(b map[string]any) { b["sub"] = "mallory" }), "sub of userinfo"},
		"a dead token":              {body("/oauth2/introspect", func(b map[string]any) { b["active"] = false }), "Introspection"},
		"PKCE that is not looked at": {at("/oauth2/token", func(r *http.Request, said *httptest.ResponseRecorder) {
			if said.Code != http.StatusOK && form(r).Get("code_verifier") != "" {
				said.Body = bytes.NewBufferString(`{"access_token":"x","token_type":"Bearer","expires_in":1}`)
			}
		}), "PKCE"},
		"the same refresh token again": {at("/oauth2/token", func(r *http.Request, said *httptest.ResponseRecorder) {
			if old := form(r).Get("refresh_token"); old != "" {
				rewrite(said, func(b map[string]any) { b["refresh_token"] = old })
			}
		}), "Refresh"},
		"access that does not end": {at("/oauth2/userinfo", func(_ *http.Request, said *httptest.ResponseRecorder) {
			if said.Code != http.StatusOK {
				said.Code = http.StatusOK
			}
		}), "Revocation"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rp, err := s.relyingParty(t.Context(), c, answerOf(subject), subject)
			if err != nil {
				t.Fatal(err)
			}
			rp.Endpoints = liar{rp.Endpoints, lie.change}
			redOnly(t, rp.SignIn, lie.red)
		})
	}
}

func redOnly(t *testing.T, signIn func(context.Context) (verify.Report, error), want string) {
	t.Helper()
	report, err := signIn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(report.FailedNames(), ", "); got != want || report.Passed != (want == "") {
		t.Errorf("red: %s\nwant %s", got, want)
		for _, c := range report.Checks {
			if c.Result == verify.Failed {
				t.Logf("%+v", c)
			}
		}
	}
}

// forgedKeys publishes other keys under the names of the real ones.
func forgedKeys(t *testing.T) func(string, *http.Request, *httptest.ResponseRecorder) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return func(path string, _ *http.Request, said *httptest.ResponseRecorder) {
		var set jose.JSONWebKeySet
		if path != "/oauth2/jwks" || json.Unmarshal(said.Body.Bytes(), &set) != nil {
			return
		}
		for i := range set.Keys {
			set.Keys[i].Key, set.Keys[i].Algorithm = key.Public(), "ES256"
		}
		raw, _ := json.Marshal(set)
		said.Body = bytes.NewBuffer(raw)
	}
}

func changedPayload(b map[string]any) {
	raw, _ := b["id_token"].(string)
	if parts := strings.Split(raw, "."); len(parts) == 3 {
		b["id_token"] = parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"mallory"}`)) + "." + parts[2]
	}
}

func stripSignature(b map[string]any) {
	raw, _ := b["id_token"].(string)
	if parts := strings.Split(raw, "."); len(parts) == 3 {
		b["id_token"] = base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."
	}
}

var (
	responses  = regexp.MustCompile(`name="SAMLResponse" value="([^"]*)"`)
	signatures = regexp.MustCompile(`(?s)<ds:Signature .*?</ds:Signature>`)
)

// onResponse changes the document that goes to the application.
func onResponse(change func(doc string) string) func(string, *http.Request, *httptest.ResponseRecorder) {
	return func(path string, _ *http.Request, said *httptest.ResponseRecorder) {
		if path != "/saml/sso" {
			return
		}
		page := responses.ReplaceAllStringFunc(said.Body.String(), func(field string) string {
			raw, _ := base64.StdEncoding.DecodeString(html.UnescapeString(responses.FindStringSubmatch(field)[1]))
			return `name="SAMLResponse" value="` + base64.StdEncoding.EncodeToString([]byte(change(string(raw)))) + `"`
		})
		said.Body = bytes.NewBufferString(page)
	}
}

func swap(pattern, with string) func(string) string {
	return func(doc string) string { return regexp.MustCompile(pattern).ReplaceAllString(doc, with) }
}

func TestTheCheckListSeesALyingIdentityProvider(t *testing.T) {
	t.Parallel()
	s, subject := bench(t)
	owner := s.Admin().Local("test")
	app := func(name, sign string) idp.ServiceProvider {
		made, err := owner.ImportServiceProvider(t.Context(), api.NewServiceProvider{App: name, EntityID: "urn:" + name, ACS: []api.ACSEndpoint{{Location: "https://wiki.example/acs"}},
			ServiceProviderSettings: api.ServiceProviderSettings{ServiceProviderPolicy: idp.ServiceProviderPolicy{Sign: sign, Attributes: []idp.Mapping{{Name: "mail", From: "email", Required: true}}}}})
		if err != nil {
			t.Fatal(err)
		}
		sp, err := s.options.Records.ServiceProvider(t.Context(), made.App)
		if err != nil {
			t.Fatal(err)
		}
		return sp
	}
	// Where the assertion alone is signed, the response around it can be changed one thing at a time; what
	// is in the assertion breaks its signature, too.
	loose, whole := app("loose", "assertion"), app("whole", "response")
	const ofAssertion, ofResponse = "Signature of the assertion", "Signature of the response"
	for name, lie := range map[string]struct {
		sp     idp.ServiceProvider
		change func(string, *http.Request, *httptest.ResponseRecorder)
		red    string
	}{
		"nothing":             {whole, onResponse(func(doc string) string { return doc }), ""},
		"another destination": {loose, onResponse(swap(`Destination="[^"]*"`, `Destination="https://evil.example"`)), "Destination"},
		"another request":     {loose, onResponse(swap(`(<samlp:Response[^>]*InResponseTo=)"[^"]*"`, `$1"_x"`)), "InResponseTo"},
		"another issuer":      {loose, onResponse(swap(`^(<samlp:Response.*?<saml:Issuer[^>]*>)[^<]*`, `${1}urn:evil`)), "Issuer of the response"},
		"an old answer":       {loose, onResponse(swap(`^(<samlp:Response[^>]*IssueInstant=)"[^"]*"`, `$1"2020-01-01T00:00:00Z"`)), "IssueInstant"},
		"a failure":           {loose, onResponse(swap(`status:Success`, `status:Responder`)), "Status"},
		"another RelayState": {loose, func(_ string, _ *http.Request, said *httptest.ResponseRecorder) {
			said.Body = bytes.NewBufferString(swap(`(name="RelayState" value=)"[^"]*"`, `$1"x"`)(said.Body.String()))
		}, "RelayState"},
		"another address": {loose, func(_ string, _ *http.Request, said *httptest.ResponseRecorder) {
			said.Body = bytes.NewBufferString(strings.ReplaceAll(said.Body.String(), `action="https://wiki.example/acs"`, `action="https://evil.example"`))
		}, "Address of the answer, Destination, Recipient"},
		"a second assertion":      {loose, onResponse(swap(`<saml:Assertion`, `<saml:Assertion/><saml:Assertion`)), "Structure of the response, Structure of the assertion, Signature of the assertion, Issuer of the assertion, Recipient, InResponseTo of the confirmation, NotOnOrAfter of the confirmation, NameID format, NameID, Conditions, Audience, AuthnInstant, SessionIndex, Authentication context, Required attributes"},
		"no signature":            {whole, onResponse(func(doc string) string { return signatures.ReplaceAllString(doc, "") }), ofResponse},
		"no signature, assertion": {loose, onResponse(func(doc string) string { return signatures.ReplaceAllString(doc, "") }), ofAssertion},
		"another value":           {whole, onResponse(swap(`ada@example.com`, `eve@example.com`)), ofResponse},
		"a comment in the value":  {whole, onResponse(swap(`ada@example.com`, `ada@example.com<!-- -->.evil`)), ofResponse},
		"another person":          {loose, onResponse(swap(`(<saml:NameID[^>]*>)[^<]*`, `${1}eve`)), ofAssertion},
		"another audience":        {loose, onResponse(swap(`(<saml:Audience>)[^<]*`, `${1}urn:evil`)), ofAssertion + ", Audience"},
		"over already":            {loose, onResponse(swap(`(<saml:Conditions[^>]*NotOnOrAfter=)"[^"]*"`, `$1"2026-11-21T11:00:00Z"`)), ofAssertion + ", Conditions"},
		"a confirmation over":     {loose, onResponse(swap(`(<saml:SubjectConfirmationData[^>]*NotOnOrAfter=)"[^"]*"`, `$1"2026-11-21T11:00:00Z"`)), ofAssertion + ", NotOnOrAfter of the confirmation"},
		"for another address":     {loose, onResponse(swap(`Recipient="[^"]*"`, `Recipient="https://evil.example"`)), ofAssertion + ", Recipient"},
		"another kind of name":    {loose, onResponse(swap(`nameid-format:persistent`, `nameid-format:transient`)), ofAssertion + ", NameID format"},
		"no required attribute":   {loose, onResponse(swap(`Name="mail"`, `Name="post"`)), ofAssertion + ", Required attributes"},
		"no session":              {loose, onResponse(swap(` SessionIndex="[^"]*"`, ``)), ofAssertion + ", SessionIndex"},
		"metadata of another key": {whole, otherCertificate(t), ofResponse},
		"metadata without any key": {whole, func(path string, _ *http.Request, said *httptest.ResponseRecorder) {
			if path != "/saml/sso" {
				said.Body = bytes.NewBufferString(swap(`(?s)<md:KeyDescriptor.*</md:KeyDescriptor>`, "")(said.Body.String()))
			}
		}, "Metadata"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := s.serviceProvider(t.Context(), lie.sp, answerOf(subject), subject)
			if err != nil {
				t.Fatal(err)
			}
			v.Endpoints = liar{v.Endpoints, lie.change}
			redOnly(t, v.SignIn, lie.red)
		})
	}
}

// otherCertificate shows a certificate in the metadata that signs nothing.
func otherCertificate(t *testing.T) func(string, *http.Request, *httptest.ResponseRecorder) {
	t.Helper()
	_, der, err := verify.NewKeyPair(start)
	if err != nil {
		t.Fatal(err)
	}
	return func(path string, _ *http.Request, said *httptest.ResponseRecorder) {
		if path != "/saml/sso" {
			said.Body = bytes.NewBufferString(swap(`(<ds:X509Certificate>)[^<]*`, `${1}`+base64.StdEncoding.EncodeToString(der))(said.Body.String()))
		}
	}
}

// eavesdropper hears everything on a stage, and keeps the grant there from being revoked.
type eavesdropper struct {
	http.Handler
	code, pushed string
	tokens       []string
}

func (e *eavesdropper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/oauth2/revoke" {
		return
	}
	said := httptest.NewRecorder()
	e.Handler.ServeHTTP(said, r)
	if to, err := url.Parse(said.Header().Get("Location")); err == nil && to.Query().Has("code") {
		e.code = to.Query().Get("code")
	}
	rewrite(said, func(b map[string]any) {
		for _, name := range []string{"access_token", "refresh_token"} {
			if token, _ := b[name].(string); token != "" {
				e.tokens = append(e.tokens, token)
			}
		}
		if uri, _ := b["request_uri"].(string); uri != "" {
			e.pushed = uri
		}
	})
	maps.Copy(w.Header(), said.Header())
	w.WriteHeader(said.Code)
	_, _ = w.Write(said.Body.Bytes())
}

// Attack: somebody has heard everything that a test hands out, and holds it up to the real endpoints, with the
// client's real secret; and the test's own secret there.
func TestWhatATestHandsOutIsWorthNothing(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"opaque", "jwt"} {
		s, subject := bench(t)
		made, err := s.Admin().Local("test").CreateClient(t.Context(), api.NewClient{ClientMetadata: idp.ClientMetadata{
			RedirectURIs: []string{"https://rp.example/cb"}, GrantTypes: []string{"authorization_code", "refresh_token"}, AccessTokenFormat: format, RequirePushedRequests: true,
		}})
		if err != nil {
			t.Fatal(err)
		}
		c, err := s.options.Records.Client(t.Context(), made.ClientID)
		if err != nil {
			t.Fatal(err)
		}
		rp, err := s.relyingParty(t.Context(), c, answerOf(subject), subject)
		if err != nil {
			t.Fatal(err)
		}
		heard := &eavesdropper{Handler: rp.Endpoints}
		rp.Endpoints = heard
		redOnly(t, rp.SignIn, "Revocation") // the eavesdropper's doing
		if heard.code == "" || heard.pushed == "" || len(heard.tokens) != 4 || rp.Secret == made.ClientSecret {
			t.Fatalf("heard %+v", heard)
		}
		ask := func(method, path, secret string, form url.Values, bearer string) *httptest.ResponseRecorder {
			r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(form.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if r.Header.Set("Authorization", "Bearer "+bearer); bearer == "" {
				r.SetBasicAuth(made.ClientID, secret)
			}
			w := httptest.NewRecorder()
			s.Handler().ServeHTTP(w, r)
			return w
		}
		for what, got := range map[string]*httptest.ResponseRecorder{
			"the code":            ask(http.MethodPost, "/oauth2/token", made.ClientSecret, url.Values{"grant_type": {"authorization_code"}, "code": {heard.code}, "redirect_uri": {"https://rp.example/cb"}, "code_verifier": {idp.NewSecret()}}, ""),
			"the refresh token":   ask(http.MethodPost, "/oauth2/token", made.ClientSecret, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {heard.tokens[3]}}, ""),
			"the first access":    ask(http.MethodGet, "/oauth2/userinfo", "", nil, heard.tokens[0]),
			"the second access":   ask(http.MethodGet, "/oauth2/userinfo", "", nil, heard.tokens[2]),
			"the stand-in secret": ask(http.MethodPost, "/oauth2/token", rp.Secret, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {heard.tokens[3]}}, ""),
			"the pushed request":  ask(http.MethodGet, "/oauth2/authorize?client_id="+made.ClientID+"&request_uri="+url.QueryEscape(heard.pushed), "", nil, ""),
		} {
			if got.Code < http.StatusBadRequest {
				t.Errorf("%s, %s: %d %s", format, what, got.Code, got.Body)
			}
		}
		if got := ask(http.MethodPost, "/oauth2/introspect", made.ClientSecret, url.Values{"token": {heard.tokens[2]}}, ""); strings.TrimSpace(got.Body.String()) != `{"active":false}` {
			t.Errorf("%s: introspection says %s", format, got.Body)
		}
	}
}
