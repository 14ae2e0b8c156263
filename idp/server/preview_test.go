package server_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/idptest"
)

// inSided's rows and others: a value map, a template, a nested name, an expression.
const wikiRows = `[
	{"name":"id","from":"subject"},
	{"name":"customRoles","from":"groups","map":{"engineering":"3","*":"1"},"join":","},
	{"name":"nameData.full","from":{"template":"{{given_name}} {{family_name}}"}},
	{"name":"groups","from":{"cel":"groups.map(g, 'wiki-' + g)"}},
	{"name":"email_verified","from":{"constant":true}},
	{"name":"nothing","from":"nothing"}
]`

type preview struct {
	User struct{ Subject, Username, Directory, Status string }

	Refused  string
	IDToken  *document `json:"id_token"`
	UserInfo *document `json:"userinfo"`
	Access   *document `json:"access_token"`
	SAML     *document `json:"saml_assertion"`
}

type document struct {
	Claims  map[string]any
	XML     string
	Origins []struct {
		Name, Source, Directory, Note, Scope string
		Value                                any
		Row                                  *int
		Attributes, Steps                    []string
		Required                             bool
	}
}

// origin of a value, in one line.
func (d *document) origin(name string) string {
	for _, o := range d.Origins {
		if o.Name == name {
			return strings.Trim(strings.Join([]string{o.Source, o.Directory, strings.Join(o.Attributes, "+"), strings.Join(o.Steps, ">"), o.Note}, " "), " ")
		}
	}
	return "nowhere"
}

// asAdmin calls the admin API.
func asAdmin(t *testing.T, s *idptest.Server, path, body string, into any) int {
	t.Helper()
	token, err := s.Owner.CreateToken(t.Context(), api.NewToken{Role: api.RoleOwner, ExpiresIn: 3600})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.Issuer+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token.Secret)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return resp.StatusCode
}

// without drops what belongs to one request, session or moment.
func without(claims map[string]any) map[string]any {
	claims = maps.Clone(claims)
	for _, name := range []string{"iat", "exp", "auth_time", "at_hash", "nonce", "sid", "jti"} {
		delete(claims, name)
	}
	return claims
}

func TestAPreviewIsWhatTheClientIsTold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, patch string }{
		{"claims at userinfo", `{}`},
		{"claims in the ID token too", `{"claims_in_id_token":true}`},
		{"JWT access tokens", `{"access_token_format":"jwt"}`},
		{"a pairwise subject", `{"subject_type":"pairwise"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := idptest.New(t, idptest.Options{})
			user := s.AddUser(t, ada)
			rp := newRelyingParty(t, s)
			rp.config.Scopes = []string{"openid", "profile", "email", "phone", "address", "groups", "offline_access"}
			patch := strings.Replace(c.patch, "{", `{"claims_mapping":`+wikiRows+`,`, 1)
			if _, err := s.Owner.PatchClient(t.Context(), rp.config.ClientID, json.RawMessage(strings.Replace(patch, ",}", "}", 1)), ""); err != nil {
				t.Fatal(err)
			}
			page, verifier := rp.start(idptest.NewBrowser(t))
			arrived(t, signIn(page, "ada", password).FormWith("consent").Submit("consent-allow"), "arrived")
			token := rp.finish(t, verifier)

			var told struct{ id, info, access map[string]any }
			raw, _ := token.Extra("id_token").(string)
			verified, err := rp.provider.Verifier(&oidc.Config{ClientID: rp.config.ClientID}).Verify(t.Context(), raw)
			if err != nil || verified.Claims(&told.id) != nil {
				t.Fatal(err)
			}
			info, err := rp.provider.UserInfo(t.Context(), oauth2.StaticTokenSource(token))
			if err != nil || info.Claims(&told.info) != nil {
				t.Fatal(err)
			}
			told.access = payloadOrIntrospection(t, s, rp, token.AccessToken)

			for _, who := range []string{"ada", "ADA", "ada@example.com", user.ID, verified.Subject} {
				if who == verified.Subject && strings.Contains(c.patch, "pairwise") {
					continue // what one client calls her is no name of hers elsewhere
				}
				var p preview
				if status := asAdmin(t, s, "/api/v1/apps/"+rp.config.ClientID+"/preview", `{"user":"`+who+`"}`, &p); status != http.StatusOK {
					t.Fatalf("%s: status %d", who, status)
				}
				if p.Refused != "" || p.User.Username != "ada" || p.User.Directory != "local" || p.User.Status != "active" {
					t.Fatalf("%s: %+v", who, p.User)
				}
				for name, pair := range map[string][2]map[string]any{
					"ID token": {p.IDToken.Claims, told.id}, "userinfo": {p.UserInfo.Claims, told.info}, "access token": {p.Access.Claims, told.access},
				} {
					if got, want := without(pair[0]), without(pair[1]); !reflect.DeepEqual(got, want) {
						t.Errorf("%s of %s\nshown %v\ntold  %v", name, who, got, want)
					}
				}
			}
		})
	}
}

// payloadOrIntrospection is what an access token says.
func payloadOrIntrospection(t *testing.T, s *idptest.Server, rp *relyingParty, token string) (claims map[string]any) {
	t.Helper()
	if parts := strings.Split(token, "."); len(parts) == 3 {
		raw, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err != nil || json.Unmarshal(raw, &claims) != nil {
			t.Fatal(err)
		}
		return claims
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.Issuer+"/oauth2/introspect", strings.NewReader("token="+token))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(rp.config.ClientID, rp.config.ClientSecret)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestAPreviewSaysWhereValuesComeFrom(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	s.AddUser(t, ada)
	client := s.AddClient(t, idp.ClientMetadata{RedirectURIs: []string{"http://127.0.0.1/cb"}, ClaimsInIDToken: true})
	if _, err := s.Owner.PatchClient(t.Context(), client.ClientID, json.RawMessage(`{"claims_mapping":`+wikiRows+`}`), ""); err != nil {
		t.Fatal(err)
	}
	var p preview
	asAdmin(t, s, "/api/v1/apps/"+client.ClientID+"/preview", `{"user":"ada"}`, &p)
	for name, want := range map[string]string{
		"sub":                "protocol",
		"iss":                "protocol",
		"email":              "standard local email",
		"name":               "standard local given_name+family_name",
		"preferred_username": "standard local username",
		"id":                 "attribute local subject",
		"customRoles":        "attribute local groups map>join",
		"nameData.full":      "template local given_name+family_name",
		"groups":             "cel local",
		"email_verified":     "constant",
		"nothing":            "attribute local nothing  the directory has no value",
	} {
		if got := p.IDToken.origin(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := p.Access.origin("username"); got != "protocol" {
		t.Errorf("username of the access token: %q", got)
	}
	events, err := s.Records.Events(t.Context(), idp.EventFilter{Name: idp.EventAppPreviewed}, idp.Page{Limit: 10})
	if err != nil || len(events) != 1 || events[0].Subject != p.User.Subject || events[0].App != client.ClientID || events[0].Actor == "" {
		t.Errorf("not on record: %v, %v", events, err)
	}
}

var (
	moments    = regexp.MustCompile(` (ID|IssueInstant|NotBefore|NotOnOrAfter|AuthnInstant|SessionIndex|InResponseTo)="[^"]*"`)
	namespaces = regexp.MustCompile(` xmlns(:\w+)?="[^"]*"`)
	assertions = regexp.MustCompile(`(?s)<saml:Assertion.*</saml:Assertion>`)
)

func settledXML(doc string) string {
	return namespaces.ReplaceAllString(moments.ReplaceAllString(assertions.FindString(doc), ""), "")
}

// acsOf is a service provider that keeps what is posted to it.
func acsOf(t *testing.T, s *idptest.Server, policy string) (app string, posted *string) {
	t.Helper()
	posted = new(string)
	front := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		raw, err := base64.StdEncoding.DecodeString(r.FormValue("SAMLResponse"))
		if err != nil {
			t.Error(err)
		}
		*posted = string(raw)
	}))
	t.Cleanup(front.Close)
	var in api.NewServiceProvider
	if err := json.Unmarshal([]byte(`{"entity_id":"https://wiki.example/saml","allow_idp_initiated":true,"acs":["`+front.URL+`/acs"]`+policy+`}`), &in); err != nil {
		t.Fatal(err)
	}
	sp, err := s.Owner.ImportServiceProvider(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return sp.App, posted
}

func TestAPreviewIsWhatTheServiceProviderIsTold(t *testing.T) {
	t.Parallel()
	for name, policy := range map[string]string{
		"the usual attributes": ``,
		"rows of its own":      `,"attributes":` + wikiRows,
		"a pairwise id":        `,"subject_id":"pairwise-id"`,
		"an email address":     `,"nameid":{"format":"emailAddress"},"audiences":["urn:more"],"lifetime":60`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := idptest.New(t, idptest.Options{})
			s.AddUser(t, ada)
			app, posted := acsOf(t, s, policy)
			signIn(idptest.NewBrowser(t).Open(s.Issuer+"/saml/init/"+app), "ada", password).Form(0).Submit("")
			var p preview
			asAdmin(t, s, "/api/v1/apps/"+app+"/preview", `{"user":"ada"}`, &p)
			if p.Refused != "" || p.SAML == nil || p.IDToken != nil {
				t.Fatalf("%+v", p)
			}
			if got, want := settledXML(p.SAML.XML), settledXML(*posted); got != want || got == "" {
				t.Errorf("shown %s\ntold  %s", got, want)
			}
		})
	}
}

func TestAPreviewOfAnAssertionSaysWhereValuesComeFrom(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	s.AddUser(t, ada)
	app, _ := acsOf(t, s, `,"attributes":`+wikiRows)
	path := "/api/v1/apps/" + app + "/preview"
	var p preview
	asAdmin(t, s, path, `{"user":"ada"}`, &p)
	for name, want := range map[string]string{
		"NameID":        "nameid    An example: the first sign-in makes it, and then it stays.",
		"customRoles":   "attribute local groups map>join",
		"nameData.full": "template local given_name+family_name",
		"groups":        "cel local",
		"nothing":       "attribute local nothing  the directory has no value",
	} {
		if got := p.SAML.origin(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if _, err := s.Records.PersistentIDOf(t.Context(), app, p.User.Subject); err == nil {
		t.Error("a preview gave out a persistent NameID")
	}
	if _, err := s.Owner.PatchServiceProvider(t.Context(), app, json.RawMessage(`{"nameid":{"format":"unspecified","from":"given_name"}}`), ""); err != nil {
		t.Fatal(err)
	}
	p = preview{}
	asAdmin(t, s, path, `{"user":"ada"}`, &p)
	if got := p.SAML.origin("NameID"); got != "nameid local given_name" {
		t.Errorf("NameID: %q", got)
	}
}

// TestAPreviewWritesAnEventOnly, and a ticket that it did: neither grant nor name is made for it, also for a client
// whose people get a name of their own.
func TestAPreviewWritesAnEventOnly(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	app, _ := acsOf(t, h.Server, "")
	client := h.AddClient(t, idp.ClientMetadata{RedirectURIs: []string{"http://127.0.0.1/cb"}, SubjectType: "pairwise"})
	for _, id := range []string{app, client.ClientID} {
		token, err := h.Owner.CreateToken(t.Context(), api.NewToken{Role: api.RoleOwner, ExpiresIn: 3600})
		if err != nil {
			t.Fatal(err)
		}
		h.records.w.take()
		h.flows.w.take()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/apps/"+id+"/preview", strings.NewReader(`{"user":"ada"}`))
		r.Header.Set("Authorization", "Bearer "+token.Secret)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.Product.Handler().ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", id, w.Code, w.Body)
		}
		verbs := strings.Fields(h.records.w.take())
		verbs = slices.DeleteFunc(verbs, func(v string) bool { return v == "Subject" || v == "TouchAdminToken" })
		// The ticket keeps a live preview from filling the log.
		if marks := h.flows.w.take(); !slices.Equal(verbs, []string{"AppendEvent"}) || marks != "CreateTicket" {
			t.Errorf("%s wrote %v, and in flows %q", id, verbs, marks)
		}
	}
}

func TestWhatAPreviewRefuses(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	s.AddUser(t, ada)
	off := ada
	off.Username, off.Email, off.Disabled = "off", "off@example.com", true
	s.AddUser(t, off)
	app, _ := acsOf(t, s, "")
	client := s.AddClient(t, idp.ClientMetadata{RedirectURIs: []string{"http://127.0.0.1/cb"}}).ClientID
	machine := s.AddClient(t, idp.ClientMetadata{GrantTypes: []string{"client_credentials"}}).ClientID
	for _, c := range []struct {
		name, app, body string
		status          int
		want            string
	}{
		{"an app that is not there", "nothing", `{"user":"ada"}`, http.StatusNotFound, `There is no app \"nothing\".`},
		{"nobody", client, `{"user":"nobody"}`, http.StatusUnprocessableEntity, "No directory knows this person"},
		{"no user", client, `{}`, http.StatusUnprocessableEntity, "user"},
		{"a row that cannot work", client, `{"user":"ada","mapping":[{"name":"a","from":"b"},{"name":"c","from":{"cel":"x["}}]}`, http.StatusUnprocessableEntity, "#/mapping/1/from/cel"},
		{"a claim of the protocol", client, `{"user":"ada","mapping":[{"name":"sub","from":"email"}]}`, http.StatusUnprocessableEntity, "#/mapping/0/name"},
		{"a row that cannot work, SAML", app, `{"user":"ada","mapping":[{"name":"c","from":"x","type":"json","lower":true,"upper":true}]}`, http.StatusUnprocessableEntity, "#/mapping/0/upper"},
		{"a source of no form", client, `{"user":"ada","mapping":[{"name":"c","from":5}]}`, http.StatusUnprocessableEntity, "#/mapping/0/from"},
		{"two sources", client, `{"user":"ada","mapping":[{"name":"c","from":{"cel":"groups","template":"x"}}]}`, http.StatusUnprocessableEntity, "#/mapping/0/from"},
		{"an unknown source", client, `{"user":"ada","mapping":[{"name":"c","from":{"lua":"x"}}]}`, http.StatusUnprocessableEntity, "#/mapping/0/from"},
		{"an unknown step", client, `{"user":"ada","mapping":[{"name":"c","from":"x","explode":true}]}`, http.StatusUnprocessableEntity, "explode"},
		{"somebody who is disabled", client, `{"user":"off"}`, http.StatusOK, `"refused":"The person's account is disabled."`},
		{"somebody who is disabled, SAML", app, `{"user":"off"}`, http.StatusOK, `"refused":"The person may not sign in at the moment."`},
		{"a client without people", machine, `{"user":"ada"}`, http.StatusOK, `"refused":"This client signs nobody in`},
		{"a required row", client, `{"user":"ada","mapping":[{"name":"phone","from":"tel","required":true},{"name":"x","from":"email"}]}`, http.StatusOK, `"refused":"The required row phone (tel) has no value: the directory has no value."`},
		{"a required row shows the rest", client, `{"user":"ada","mapping":[{"name":"phone","from":"tel","required":true},{"name":"x","from":"email"}]}`, http.StatusOK, `"x":"ada@example.com"`},
		{"a required row, SAML", app, `{"user":"ada","mapping":[{"name":"phone","from":"tel","required":true},{"name":"x","from":"email"}]}`, http.StatusOK, `The attribute \"phone\" is required`},
		{"a required row shows the rest, SAML", app, `{"user":"ada","mapping":[{"name":"phone","from":"tel","required":true},{"name":"x","from":"email"}]}`, http.StatusOK, `>ada@example.com<`},
		{"rows that were never saved", client, `{"user":"ada","mapping":[{"name":"x","from":{"template":"{{email}}!"}}]}`, http.StatusOK, `"x":"ada@example.com!"`},
		{"no rows at all", client, `{"user":"ada","mapping":[]}`, http.StatusOK, `"id_token"`},
	} {
		var raw json.RawMessage
		status := asAdmin(t, s, "/api/v1/apps/"+c.app+"/preview", c.body, &raw)
		var b bytes.Buffer
		if err := json.Compact(&b, raw); err != nil {
			t.Fatal(err)
		}
		if status != c.status || !strings.Contains(b.String(), c.want) {
			t.Errorf("%s: %d %s; want %d with %s", c.name, status, &b, c.status, c.want)
		}
	}
	saved, err := s.Owner.Client(t.Context(), client)
	if err != nil || len(saved.ClaimsMapping) != 0 {
		t.Errorf("a preview saved its rows: %v, %v", saved.ClaimsMapping, err)
	}
}

// TestRowsComeBackAsTheyWerePosted: the sources and steps of rows survive the store.
func TestRowsComeBackAsTheyWerePosted(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	var created struct {
		Mapping json.RawMessage `json:"claims_mapping"`
	}
	body := `{"redirect_uris":["http://127.0.0.1/cb"],"claims_mapping":` + wikiRows + `}`
	if status := asAdmin(t, s, "/api/v1/clients", body, &created); status != http.StatusCreated {
		t.Fatalf("status %d", status)
	}
	var got, want any
	if json.Unmarshal(created.Mapping, &got) != nil || json.Unmarshal([]byte(wikiRows), &want) != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s", created.Mapping)
	}
}
