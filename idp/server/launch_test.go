package server_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/idptest"
)

// location is where /launch sends the browser, "" with a page.
func location(t *testing.T, s *idptest.Server, link string) (to string, status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.Issuer+"/launch/"+link, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var b strings.Builder
	if err := resp.Write(&b); err != nil {
		t.Fatal(err)
	}
	return resp.Header.Get("Location"), resp.StatusCode, b.String()
}

func TestLaunchOfAClient(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	id := s.AddClient(t, idp.ClientMetadata{
		ClientName: "Wiki", RedirectURIs: []string{"https://wiki.example/cb"}, ClientURI: "https://www.example/", InitiateLoginURI: "https://wiki.example/start?tenant=1",
	}).ClientID
	for name, c := range map[string]struct{ link, target, hint string }{
		"alone":                           {"", "", ""},
		"to a page of its own":            {"?target_link_uri=https%3A%2F%2Fwiki.example%2Fpage&login_hint=ada", "https://wiki.example/page", "ada"},
		"to a page of its home":           {"?target_link_uri=https%3A%2F%2Fwww.example%2Fpage", "https://www.example/page", ""},
		"attack: to a stranger's page":    {"?target_link_uri=https%3A%2F%2Fevil.example%2F", "", ""},
		"attack: to a name that looks so": {"?target_link_uri=https%3A%2F%2Fwiki.example.evil.example%2F", "", ""},
		"attack: to a user name":          {"?target_link_uri=https%3A%2F%2Fwiki.example%40evil.example%2F", "", ""},
		"attack: to script":               {"?target_link_uri=javascript%3Aalert(1)", "", ""},
		"a hint without end":              {"?login_hint=" + strings.Repeat("x", 257), "", ""},
	} {
		to, status, _ := location(t, s, id+c.link)
		at, query, _ := strings.Cut(to, "?")
		q, err := url.ParseQuery(query)
		if err != nil || status != http.StatusSeeOther || at != "https://wiki.example/start" || !strings.HasPrefix(query, "tenant=1&") || q.Get("iss") != s.Issuer {
			t.Errorf("%s: %d %s", name, status, to)
		}
		if q.Get("target_link_uri") != c.target || q.Get("login_hint") != c.hint {
			t.Errorf("%s: %v", name, q)
		}
	}
	change := func(patch string) {
		t.Helper()
		if _, err := s.Owner.PatchClient(t.Context(), id, json.RawMessage(patch), ""); err != nil {
			t.Fatal(err)
		}
	}
	change(`{"initiate_login_uri":null}`)
	if to, _, _ := location(t, s, id+"?target_link_uri=https%3A%2F%2Fwiki.example%2Fpage"); to != "https://www.example/" {
		t.Errorf("without initiate_login_uri: %q", to)
	}
	change(`{"client_uri":null}`)
	if to, status, body := location(t, s, id); to != "" || status != http.StatusNotFound || !strings.Contains(body, "Please open Wiki itself") {
		t.Errorf("without any address: %d %q %s", status, to, body)
	}
	change(`{"disabled":true,"initiate_login_uri":"https://wiki.example/start"}`)
	for _, gone := range []string{id, "nobody", "%2e%2e", "a%0d%0aLocation:x"} {
		if to, status, body := location(t, s, gone); to != "" || status != http.StatusNotFound || !strings.Contains(body, "switched off") {
			t.Errorf("%s: %d %q", gone, status, to)
		}
	}
}

func TestLaunchOfAServiceProvider(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	made, err := s.Owner.ImportServiceProvider(t.Context(), api.NewServiceProvider{
		EntityID: "https://sheet.example/saml", ACS: []api.ACSEndpoint{{Location: "https://sheet.example/acs"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	change := func(patch string) error {
		_, err := s.Owner.PatchServiceProvider(t.Context(), made.App, json.RawMessage(patch), "")
		return err
	}
	if to, status, body := location(t, s, made.App); to != "" || status != http.StatusNotFound || !strings.Contains(body, "itself") {
		t.Errorf("without a way: %d %q", status, to)
	}
	for _, c := range []struct{ patch, want string }{
		{`{"allow_idp_initiated":true}`, s.Issuer + "/saml/init/" + made.App + "?RelayState=a%26b"},
		{`{"start_url":"https://sheet.example/login?idp=us"}`, "https://sheet.example/login?idp=us"}, // the safer way
	} {
		if err := change(c.patch); err != nil {
			t.Fatal(err)
		}
		if to, _, _ := location(t, s, made.App+"?RelayState=a%26b"); to != c.want {
			t.Errorf("%s: %q", c.patch, to)
		}
	}
	for _, bad := range []string{"javascript:alert(1)", "http://sheet.example/", "/login", "https://a@sheet.example/"} {
		patch, _ := json.Marshal(map[string]string{"start_url": bad})
		if err := change(string(patch)); idp.AsError(err).Field != "/start_url" {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if err := change(`{"disabled":true}`); err != nil {
		t.Fatal(err)
	}
	if to, status, _ := location(t, s, made.App); to != "" || status != http.StatusNotFound {
		t.Errorf("switched off: %d %q", status, to)
	}
}
