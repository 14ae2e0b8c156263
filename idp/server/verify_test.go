package server_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cloudsso/api"
	"cloudsso/api/verify"
	"cloudsso/idp"
	"cloudsso/idp/idptest"
)

// tested runs a test sign-in of ada over the admin API.
func tested(t *testing.T, s *idptest.Server, app string) (v api.Verification) {
	t.Helper()
	if status := asAdmin(t, s, "/api/v1/apps/"+app+"/verify", `{"user":"ada"}`, &v); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	return v
}

// line is one check in a line.
func line(v api.Verification, name string) string {
	for _, c := range v.Checks {
		if c.Name == name {
			return c.Result + ": " + c.Received
		}
	}
	return "no such check"
}

func dump(v api.Verification) string {
	var b strings.Builder
	for _, c := range v.Checks {
		b.WriteString("\n" + c.Result + " | " + c.Name + " | " + c.Expected + " | " + c.Received + " | " + c.Advice)
	}
	return b.String()
}

func TestATestSignInPassesWithEverySettingOfAClient(t *testing.T) {
	t.Parallel()
	off := false
	redirect := []string{"https://rp.example/cb?a=b"}
	refresh := []string{"authorization_code", "refresh_token"}
	for name, c := range map[string]struct {
		m    idp.ClientMetadata
		want string // a check that must be there and pass
	}{
		"as it comes":              {idp.ClientMetadata{}, "PKCE"},
		"with refresh tokens":      {idp.ClientMetadata{GrantTypes: refresh}, "Refresh"},
		"secret in the body":       {idp.ClientMetadata{TokenEndpointAuthMethod: "client_secret_post"}, "Introspection"},
		"assertions of the secret": {idp.ClientMetadata{TokenEndpointAuthMethod: "client_secret_jwt", GrantTypes: refresh}, "Refresh"},
		"assertions of a key":      {idp.ClientMetadata{TokenEndpointAuthMethod: "private_key_jwt", JWKSURI: "https://rp.example/jwks"}, "Client keys"},
		"public":                   {idp.ClientMetadata{TokenEndpointAuthMethod: "none", GrantTypes: refresh}, "Refresh"},
		"no PKCE":                  {idp.ClientMetadata{RequirePKCE: &off}, "Token"},
		"ES256":                    {idp.ClientMetadata{IDTokenSignedResponseAlg: "ES256"}, "go-oidc accepts the ID token"},
		"EdDSA":                    {idp.ClientMetadata{IDTokenSignedResponseAlg: "EdDSA"}, "at_hash"},
		"PS384, userinfo ES512":    {idp.ClientMetadata{IDTokenSignedResponseAlg: "PS384", UserInfoSignedResponseAlg: "ES512"}, "Userinfo signature"},
		"HS512":                    {idp.ClientMetadata{IDTokenSignedResponseAlg: "HS512", UserInfoSignedResponseAlg: "HS256"}, "Secrecy of the shared key"},
		"HS256 with its own key":   {idp.ClientMetadata{IDTokenSignedResponseAlg: "HS256", HSKey: "dedicated", TokenEndpointAuthMethod: "private_key_jwt", JWKSURI: "https://rp.example/jwks"}, "Shared key"},
		"no signature":             {idp.ClientMetadata{IDTokenSignedResponseAlg: "none", ResponseTypes: []string{"code"}}, "ID token signature"},
		"pairwise":                 {idp.ClientMetadata{SubjectType: "pairwise"}, "sub of userinfo"},
		"JWT access tokens":        {idp.ClientMetadata{AccessTokenFormat: "jwt"}, "Access token as a JWT"},
		"implicit":                 {idp.ClientMetadata{AllowImplicit: true, ResponseTypes: []string{"id_token token"}}, "at_hash"},
		"ID token only":            {idp.ClientMetadata{AllowImplicit: true, ResponseTypes: []string{"id_token"}}, "nonce"},
		"hybrid":                   {idp.ClientMetadata{AllowImplicit: true, GrantTypes: []string{"authorization_code", "implicit"}, ResponseTypes: []string{"code id_token"}}, "c_hash"},
		"pushed requests":          {idp.ClientMetadata{RequirePushedRequests: true}, "Pushed request"},
		"signed requests":          {idp.ClientMetadata{RequireSignedRequestObject: true, JWKSURI: "https://rp.example/jwks"}, "Authorization"},
		"pushed and signed":        {idp.ClientMetadata{RequirePushedRequests: true, RequireSignedRequestObject: true, RequestObjectSigningAlg: "HS256"}, "Pushed request"},
		"a maximum age":            {idp.ClientMetadata{DefaultMaxAge: new(int64(60))}, "auth_time"},
		"a required claim":         {idp.ClientMetadata{ClaimsMapping: []idp.Mapping{{Name: "who.mail", From: "email", Required: true}}}, "Required claims"},
		"OAuth without OpenID":     {idp.ClientMetadata{Scope: "profile", UserinfoWithoutOpenID: true}, "Userinfo"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := idptest.New(t, idptest.Options{})
			s.AddUser(t, ada)
			c.m.RedirectURIs = redirect
			v := tested(t, s, s.AddClient(t, c.m).ClientID)
			if !v.Passed || len(v.FailedNames()) > 0 || !strings.HasPrefix(line(v, c.want), verify.Passed) {
				t.Errorf("%s: %s%s", c.want, line(v, c.want), dump(v))
			}
		})
	}
}

// What is wrong is red, and nothing else; the provider refuses where it must.
func TestATestSignInShowsWhatIsWrong(t *testing.T) {
	t.Parallel()
	redirect := []string{"https://rp.example/cb"}
	for name, c := range map[string]struct {
		m      idp.ClientMetadata
		after  func(t *testing.T, s *idptest.Server, id string)
		red    string
		detail string // of the red line
		advice string
	}{
		"an app that is switched off": {
			m: idp.ClientMetadata{Disabled: true}, red: "Application", detail: "switched off", advice: "Switch the application on again",
		},
		"a person who is not assigned": {
			m: idp.ClientMetadata{Assigned: &idp.Assignment{Users: []string{"bob"}}}, red: "Assignment", detail: "not assigned", advice: "Assign the person",
		},
		"a required claim without a value": {
			m: idp.ClientMetadata{ClaimsMapping: []idp.Mapping{{Name: "tel", From: "phone", Required: true}}}, red: "Required values",
			detail: "required row tel (phone) has no value: the directory has no value", advice: "Fill the attribute in the directory",
		},
		"a person who is disabled": {
			after: func(t *testing.T, s *idptest.Server, _ string) {
				t.Helper()
				u, err := s.Records.UserByUsername(t.Context(), "ada")
				if err == nil {
					_, err = s.Owner.PatchUser(t.Context(), u.ID, json.RawMessage(`{"disabled":true}`), "")
				}
				if err != nil {
					t.Fatal(err)
				}
			}, red: "Person", detail: "disabled", advice: "Enable the account",
		},
		"a secret that has expired": {
			after: func(t *testing.T, s *idptest.Server, id string) {
				t.Helper()
				changeClient(t, s, id, func(c *idp.Client) { c.Secrets[0].ExpiresAt = s.Clock.Now() })
			}, red: "Client secret", detail: "0", advice: "Make a new secret",
		},
		"HS512 with a short key": {
			m: idp.ClientMetadata{IDTokenSignedResponseAlg: "HS256"},
			after: func(t *testing.T, s *idptest.Server, id string) {
				t.Helper()
				changeClient(t, s, id, func(c *idp.Client) {
					c.IDTokenSignedResponseAlg = "HS512"
					c.Secrets[0].Sealed = nil
				})
			}, red: "Shared key", detail: "there is none", advice: "Make a new secret",
		},
		"a client without people": {
			m: idp.ClientMetadata{GrantTypes: []string{"client_credentials"}}, red: "Sign-in by browser", detail: "0 response types", advice: "signs nobody in by browser",
		},
		"refresh tokens that nobody can ask for": {
			m: idp.ClientMetadata{GrantTypes: []string{"authorization_code", "refresh_token"}, Scope: "openid"}, red: "Refresh token", detail: "none", advice: "offline_access",
		},
		"a redirect URI that is gone": {
			after: func(t *testing.T, s *idptest.Server, id string) {
				t.Helper()
				changeClient(t, s, id, func(c *idp.Client) { c.RedirectURIs = []string{""} })
			}, red: "Authorization", detail: "redirect_uri", advice: "Read what the provider says",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := idptest.New(t, idptest.Options{})
			s.AddUser(t, ada)
			if c.m.RedirectURIs = redirect; len(c.m.GrantTypes) == 1 {
				c.m.RedirectURIs = nil
			}
			id := s.AddClient(t, c.m).ClientID
			if c.after != nil {
				c.after(t, s, id)
			}
			isRed(t, tested(t, s, id), c.red, c.detail, c.advice)
		})
	}
}

// isRed wants exactly one red line.
func isRed(t *testing.T, v api.Verification, name, detail, advice string) {
	t.Helper()
	failed := v.FailedNames()
	if v.Passed || len(failed) != 1 || failed[0] != name {
		t.Fatalf("red: %q, want %q%s", failed, name, dump(v))
	}
	for _, c := range v.Checks {
		if c.Name == name && (!strings.Contains(c.Received, detail) || !strings.Contains(c.Advice, advice)) {
			t.Errorf("%+v does not say %q, %q", c, detail, advice)
		}
	}
}

func changeClient(t *testing.T, s *idptest.Server, id string, change func(*idp.Client)) {
	t.Helper()
	c, err := s.Records.Client(t.Context(), id)
	if err == nil {
		change(&c)
		err = s.Records.UpdateClient(t.Context(), c)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Attack: what a test has handed out is used at the real endpoints. The answer holds no token, code
// or signature, and neither do the log, the trace and the events.
func TestNothingOfATestSignInCanBeUsed(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	s.AddUser(t, ada)
	client := s.AddClient(t, idp.ClientMetadata{RedirectURIs: []string{"https://rp.example/cb"}, AccessTokenFormat: "jwt", IDTokenSignedResponseAlg: "HS256", GrantTypes: []string{"authorization_code", "refresh_token"}})
	app := serviceProviderWith(t, s, `,"sign":"both"`)
	community := addTokenApp(t, s, "Community", idp.TokenAppPolicy{StateParam: "state"})
	forum := addTokenApp(t, s, "Forum", idp.TokenAppPolicy{Scheme: idp.SchemeDiscourse, ReturnURL: forumReturn, Claims: mappingOf(t, rowsOfForum)})
	signature := regexp.MustCompile(`sig=[0-9a-f]{64}|eyJ[\w-]+\.[\w-]+\.[\w-]+|c[art]t_[\w-]{20,}|cac_[\w-]{20,}|(Signature|Cipher)Value>[A-Za-z0-9+/]{8}`)
	for _, id := range []string{client.ClientID, app, community, forum} {
		v := tested(t, s, id)
		if !v.Passed {
			t.Fatal(dump(v))
		}
		trace, err := s.Owner.Trace(t.Context(), v.Support)
		if err != nil || trace.App != id || trace.Subject != v.User.Subject || len(trace.Steps) < 4 {
			t.Errorf("trace %+v, %v", trace, err)
		}
		for what, held := range map[string]any{"answer": v, "trace": trace, "log": s.Log.String()} {
			raw, err := json.Marshal(held)
			if err != nil {
				t.Fatal(err)
			}
			if found := signature.Find(bytes.ReplaceAll(raw, []byte(`\u003e`), []byte(">"))); found != nil {
				t.Errorf("the %s of %s holds %s", what, id, found)
			}
			if strings.Contains(string(raw), client.ClientSecret) {
				t.Errorf("the %s of %s holds the client secret", what, id)
			}
		}
	}
}

// TestATestSignInWritesNothingButItsRecord: no grant, no name, no mark, no session.
func TestATestSignInWritesNothingButItsRecord(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	app := serviceProviderWith(t, h.Server, `,"want_authn_requests_signed":true,"sp_signing_certificates":[CERTIFICATE]`)
	client := h.AddClient(t, idp.ClientMetadata{RedirectURIs: []string{"https://rp.example/cb"}, SubjectType: "pairwise", RequirePushedRequests: true})
	community := addTokenApp(t, h.Server, "Community", idp.TokenAppPolicy{StateParam: "state"})
	forum := addTokenApp(t, h.Server, "Forum", idp.TokenAppPolicy{Scheme: idp.SchemeDiscourse, ReturnURL: forumReturn, Claims: mappingOf(t, rowsOfForum)})
	token, err := h.Owner.CreateToken(t.Context(), api.NewToken{Role: api.RoleOwner, ExpiresIn: 3600})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{app, client.ClientID, community, forum} {
		h.records.w.take()
		h.flows.w.take()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/apps/"+id+"/verify", strings.NewReader(`{"user":"ada"}`))
		r.Header.Set("Authorization", "Bearer "+token.Secret)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.Product.Handler().ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", id, w.Code, w.Body)
		}
		verbs := slices.DeleteFunc(strings.Fields(h.records.w.take()), func(v string) bool { return v == "Subject" || v == "TouchAdminToken" })
		if flows := h.flows.w.take(); !slices.Equal(verbs, []string{"AppendEvent"}) || strings.Join(strings.Fields(flows), " ") != "CreateTicket CreateTicket" { // the result, and the trace
			t.Errorf("%s wrote %v and %q", id, verbs, flows)
		}
	}
}

// Attack: the stand-ins for keys and secrets are tried at the real endpoints. They are made for one test and
// registered nowhere else: the real token endpoint still knows the real secret only.
func TestTheSettingsOfAnAppAreAsBefore(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	s.AddUser(t, ada)
	client := s.AddClient(t, idp.ClientMetadata{RedirectURIs: []string{"https://rp.example/cb"}, RequireSignedRequestObject: true, JWKSURI: "https://rp.example/jwks"})
	app := serviceProviderWith(t, s, `,"encrypt":"required","sp_encryption_certificates":[CERTIFICATE],"want_authn_requests_signed":true,"sp_signing_certificates":[CERTIFICATE]`)
	before, _ := s.Records.Client(t.Context(), client.ClientID)
	spBefore, _ := s.Records.ServiceProvider(t.Context(), app)
	tested(t, s, client.ClientID)
	tested(t, s, app)
	after, err := s.Records.Client(t.Context(), client.ClientID)
	spAfter, spErr := s.Records.ServiceProvider(t.Context(), app)
	if err != nil || spErr != nil || !reflect.DeepEqual(before, after) || !reflect.DeepEqual(spBefore, spAfter) {
		t.Errorf("%+v\n%+v", before, after)
	}
}
