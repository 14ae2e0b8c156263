package oauth_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/idptest"
)

// whole is what a client sends back to change one thing: the document that it read.
func whole(read object, more ...any) object {
	out := object{}
	for name, value := range read {
		out[name] = value
	}
	for i := 0; i < len(more); i += 2 {
		if out[more[i].(string)] = more[i+1]; more[i+1] == nil {
			delete(out, more[i].(string))
		}
	}
	return out
}

func TestReplacingARegistration(t *testing.T) {
	t.Parallel()
	r := newRegistrar(t, "open")
	made := r.register("tos_uri", "https://rp.example/tos", "scope", "openid email")
	uri, token := made["registration_client_uri"].(string), made["registration_access_token"].(string)
	a := r.call(http.MethodPut, uri, token, whole(made, "client_name", "Wiki 2", "tos_uri", nil, "scope", nil))
	got := a.json(t)
	if a.status != 200 || got["client_name"] != "Wiki 2" || got["tos_uri"] != nil || got["scope"] != "openid profile email phone address groups" {
		t.Errorf("got %d %s", a.status, a.body)
	}
	if got["client_secret"] != made["client_secret"] || got["registration_access_token"] != token || got["client_id_issued_at"] != made["client_id_issued_at"] {
		t.Errorf("something else has changed: %s", a.body)
	}
	public := r.call(http.MethodPut, uri, token, whole(made, "token_endpoint_auth_method", "none", "client_secret", nil)).json(t)
	if public["client_secret"] != nil || public["token_endpoint_auth_method"] != "none" {
		t.Errorf("made public: %v", public)
	}
	back := r.call(http.MethodPut, uri, token, whole(made, "client_secret", nil)).json(t)
	if back["client_secret"] == nil || back["client_secret"] == made["client_secret"] {
		t.Errorf("confidential again: %v", back)
	}
	events, err := r.Records.Events(t.Context(), idp.EventFilter{App: made["client_id"].(string)}, idp.Page{Limit: 10})
	if err != nil || len(events) != 4 || events[0].Name != idp.EventClientUpdated || events[0].Actor != "client:"+made["client_id"].(string) || events[3].Actor != "registration" {
		t.Errorf("%v, events %+v", err, events)
	}
}

func TestReplacementsThatAreRefused(t *testing.T) {
	t.Parallel()
	r := newRegistrar(t, "open")
	made := r.register()
	uri, token := made["registration_client_uri"].(string), made["registration_access_token"].(string)
	for name, c := range map[string]struct {
		body        object
		error, text string
	}{
		"no client_id":          {whole(made, "client_id", nil), "invalid_client_metadata", "client_id: It must be there, and be the one in the address."},
		"another client_id":     {whole(made, "client_id", "x"), "invalid_client_metadata", "client_id: It must be there, and be the one in the address."},
		"a secret of its own":   {whole(made, "client_secret", "chosen-by-the-client"), "invalid_client_metadata", "client_secret: It must be the current secret, or be left out."},
		"no redirect URI":       {whole(made, "redirect_uris", nil), "invalid_redirect_uri", "redirect_uris: At least one redirect URI is needed: the address that the application gets its answers at."},
		"acting for itself now": {whole(made, "grant_types", []string{"client_credentials"}), "invalid_client_metadata", "grant_types: The grant type client_credentials is for clients that are registered with an initial access token or by an administrator."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantError(t, r.call(http.MethodPut, uri, token, c.body), 400, c.error, c.text)
		})
	}
}

// Only the registration access token opens a client, and only its own.
func TestRegistrationAccessTokens(t *testing.T) {
	t.Parallel()
	r := newRegistrar(t, "open")
	made, other := r.register(), r.register()
	uri := made["registration_client_uri"].(string)
	byAdmin := r.AddClient(t, idp.ClientMetadata{RedirectURIs: []string{callback}})
	const refused = "The registration access token is not valid for this client."
	for name, c := range map[string]struct{ uri, token string }{
		"another client's":                {uri, other["registration_access_token"].(string)},
		"the client's secret":             {uri, made["client_secret"].(string)},
		"an admin token":                  {uri, r.adminToken("owner")},
		"one character less":              {uri, strings.TrimSuffix(made["registration_access_token"].(string), "a") + "b"},
		"a client that nobody knows":      {r.Issuer + "/oauth2/register/nobody", made["registration_access_token"].(string)},
		"a client of an administrator":    {r.Issuer + "/oauth2/register/" + byAdmin.ClientID, made["registration_access_token"].(string)},
		"an empty hash matches no secret": {r.Issuer + "/oauth2/register/" + byAdmin.ClientID, " "},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
			a := r.call(method, c.uri, c.token, whole(made))
			if a.status != 401 || a.json(t)["error_description"] != refused || !strings.Contains(a.header.Get("WWW-Authenticate"), `error="invalid_token"`) {
				t.Errorf("%s, %s: %d %s", name, method, a.status, a.body)
			}
		}
	}
	if a := r.call(http.MethodGet, uri, "", nil); a.status != 401 {
		t.Errorf("no token: %d", a.status)
	}
	c, err := r.Records.Client(t.Context(), made["client_id"].(string))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(c.RegistrationTokenHash, made["registration_access_token"].(string)) || c.RegistrationTokenHash == "" {
		t.Error("the token itself is kept")
	}
	if _, err := r.Owner.PatchClient(t.Context(), c.ID, []byte(`{"disabled":true}`), ""); err != nil {
		t.Fatal(err)
	}
	wantError(t, r.call(http.MethodGet, uri, made["registration_access_token"].(string), nil), 403, "access_denied", "This application has been switched off by an administrator.")
}

// A client that registered itself signs somebody in, without PKCE as OpenID Connect has
// it, and with it; then it deletes itself, and its tokens are over.
func TestARegisteredClientSignsPeopleIn(t *testing.T) {
	t.Parallel()
	r := newRegistrar(t, "open")
	addAda(t, r.Server)
	front := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(front.Close)
	back := front.URL + "/cb"
	made := r.register("redirect_uris", []string{back}, "grant_types", []string{"authorization_code", "refresh_token"}, "scope", "openid email offline_access mail.read")
	id, secret := made["client_id"].(string), made["client_secret"].(string)
	var codes []string
	for i, challenge := range []string{"", challengeOf(verifier)} {
		ask := url.Values{"client_id": {id}, "redirect_uri": {back}, "response_type": {"code"}, "scope": {"openid email offline_access mail.read"}, "state": {"s"}, "nonce": {"n"}}
		if challenge != "" {
			ask.Set("code_challenge", challenge)
			ask.Set("code_challenge_method", "S256")
		}
		codes = append(codes, r.walk(t, ask, i == 0))
	}
	exchange := func(form url.Values) answer {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, r.Issuer+"/oauth2/token", strings.NewReader(form.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(id+":"+secret)))
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		return answer{res.StatusCode, res.Header, string(body)}
	}
	plain := exchange(url.Values{"grant_type": {"authorization_code"}, "code": {codes[0]}, "redirect_uri": {back}})
	proven := exchange(exchangeForm(codes[1], "redirect_uri", back))
	if plain.status != 200 || proven.status != 200 {
		t.Fatalf("%d %s\n%d %s", plain.status, plain.body, proven.status, proven.body)
	}
	userinfo := func() answer {
		return r.call(http.MethodGet, "/oauth2/userinfo", plain.json(t)["access_token"].(string), nil)
	}
	if a := userinfo(); a.status != 200 || a.json(t)["email"] != "ada@example.org" {
		t.Errorf("userinfo: %s", a.body)
	}
	r.call(http.MethodDelete, made["registration_client_uri"].(string), made["registration_access_token"].(string), nil)
	if a := userinfo(); a.status != 401 {
		t.Errorf("after it is gone: %d", a.status)
	}
}

// walk signs ada in and returns the code.
func (r *registrar) walk(t *testing.T, ask url.Values, first bool) string {
	t.Helper()
	jar := idptest.NewBrowser(t)
	page := jar.Open(r.Issuer + "/oauth2/authorize?" + ask.Encode())
	page = page.FormWith("password").Set("username", "ada").Set("password", adasPassword).Submit("")
	if first {
		if !strings.Contains(page.Text(), "mail.read") {
			t.Errorf("the scope is not named: %s", page.Text())
		}
		page = page.FormWith("consent").Submit("consent-allow")
	}
	return page.URL.Query().Get("code")
}

const adasPassword = "correct horse battery"

func addAda(t *testing.T, s *idptest.Server) {
	t.Helper()
	s.AddUser(t, api.NewUser{Username: "ada", Email: "ada@example.org", Password: adasPassword})
}
