package api_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"cloudsso/api"
	"cloudsso/api/presets"
	"cloudsso/idp"
	"cloudsso/idp/idptest"
)

// front is a whole provider, with an admin token.
type front struct {
	*idptest.Server
	token string
}

func newFront(t *testing.T) *front {
	t.Helper()
	s := idptest.New(t, idptest.Options{})
	tok, err := s.Owner.CreateToken(t.Context(), api.NewToken{Role: api.RoleOwner, ExpiresIn: 3600})
	if err != nil {
		t.Fatal(err)
	}
	return &front{s, tok.Secret}
}

// call asks the admin API and reads the answer into out.
func (f *front) call(t *testing.T, method, path string, body, out any) int {
	t.Helper()
	doc, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, f.Issuer+path, strings.NewReader(string(doc)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+f.token)
	if method != http.MethodGet {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNoContent {
		return resp.StatusCode
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		t.Fatalf("%s %s: %d, %v", method, path, resp.StatusCode, err)
	}
	return resp.StatusCode
}

func (f *front) sheet(t *testing.T, app string) api.Handover {
	t.Helper()
	var h api.Handover
	if status := f.call(t, "GET", "/api/v1/apps/"+app+"/handover", nil, &h); status != http.StatusOK {
		t.Fatalf("hand-over of %s: %d", app, status)
	}
	return h
}

func row(h api.Handover, label string) api.HandoverRow {
	if i := slices.IndexFunc(h.Rows, func(r api.HandoverRow) bool { return r.Label == label }); i >= 0 {
		return h.Rows[i]
	}
	return api.HandoverRow{}
}

func answersOf(p presets.Preset) map[string]string {
	out := map[string]string{}
	for _, a := range p.Asks {
		out[a.ID] = a.Example
	}
	return out
}

// metadataSite is an app that publishes its metadata.
func metadataSite(t *testing.T, entityID string) string {
	t.Helper()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, spXML(entityID)) }))
	t.Cleanup(site.Close)
	return site.URL
}

// Every preset makes an app that the real rules of both protocols accept, and hands over
// every value that it promises.
func TestEveryPresetMakesAnApp(t *testing.T) {
	t.Parallel()
	f, made := newFront(t), 0
	catalog, err := presets.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range catalog.Search("") {
		if p.Kind() == presets.KindTokenApp {
			continue
		}
		var dry, app struct {
			api.App
			Detail string
			Errors []api.Fault
		}
		body := api.NewApp{Preset: p.ID, Answers: answersOf(p)}
		if p.ID == "saml-metadata-url" {
			body.Answers["url"], body.Answers["entity"] = metadataSite(t, "urn:example:fetched"), "urn:example:fetched"
		}
		if status := f.call(t, "POST", "/api/v1/apps?dry_run=true", body, &dry); status != http.StatusCreated || !dry.DryRun || dry.App.App != "" {
			t.Errorf("%s, dry: %d %s %v", p.ID, status, dry.Detail, dry.Errors)
		}
		if status := f.call(t, "POST", "/api/v1/apps", body, &app); status != http.StatusCreated || app.App.App == "" {
			t.Errorf("%s: %d %s %v", p.ID, status, app.Detail, app.Errors)
			continue
		}
		made++
		h := f.sheet(t, app.App.App)
		if h.Preset != p.ID || h.Name != p.Title || len(h.Rows) < len(p.Handover)-1 {
			t.Errorf("%s: sheet of %q for %q with %d of %d rows", p.ID, h.Preset, h.Name, len(h.Rows), len(p.Handover))
		}
		for _, r := range h.Rows {
			if r.Value == "" && r.Kind != "secret" {
				t.Errorf("%s: %s has no value", p.ID, r.Label)
			}
		}
	}
	if made < 24 {
		t.Errorf("%d apps were made", made)
	}
}

func TestADryRunMakesNothing(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	for _, body := range []api.NewApp{
		{Preset: "infosum", Answers: map[string]string{"redirect": "https://x.example/cb"}},
		{Preset: "slack", Answers: map[string]string{"workspace": "acme"}},
	} {
		var app api.App
		f.call(t, "POST", "/api/v1/apps?dry_run=true", body, &app)
		if app.Client != nil && (app.Client.ClientID != "" || app.Client.ClientSecret != "") {
			t.Errorf("a dry run gave %+v", app.Client)
		}
	}
	clients, err := f.Records.Clients(t.Context(), idp.Page{Limit: 10})
	sps, err2 := f.Records.ServiceProviders(t.Context(), idp.Page{Limit: 10})
	if len(clients)+len(sps) != 0 || err != nil || err2 != nil {
		t.Errorf("%d clients and %d service providers, %v %v", len(clients), len(sps), err, err2)
	}
}

func TestAppsThatCannotBeMade(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	var app api.App
	f.call(t, "POST", "/api/v1/apps", api.NewApp{Preset: "slack", Answers: map[string]string{"workspace": "acme"}}, &app)
	for name, c := range map[string]struct {
		body api.NewApp
		want string
	}{
		"an unknown preset":            {api.NewApp{Preset: "slak"}, `422 There is no preset "slak". GET /api/v1/presets lists them. #/preset`},
		"a missing answer":             {api.NewApp{Preset: "slack"}, "422 Workspace: an answer is needed, such as acme #/answers/workspace"},
		"an answer that breaks a rule": {api.NewApp{Preset: "web-app", Answers: map[string]string{"redirects": "https://*.example/cb"}}, `422 The redirect URI "https://*.example/cb" cannot be used: it contains a space, a star, a backslash or a character outside ASCII. #/answers`},
		"metadata that is no metadata": {api.NewApp{Preset: "saml-metadata", Answers: map[string]string{"metadata": "<html>"}}, "422 "},
		"an entity ID that is taken":   {api.NewApp{Preset: "slack", Answers: map[string]string{"workspace": "other"}}, "409 The entity ID https://slack.com is registered already, as app slack."},
	} {
		t.Run(name, func(t *testing.T) {
			var p api.Problem
			status := f.call(t, "POST", "/api/v1/apps", c.body, &p)
			got := fmt.Sprintf("%d %s", status, p.Detail)
			if len(p.Errors) > 0 {
				got += " " + p.Errors[0].Pointer
			}
			if !strings.HasPrefix(got, c.want) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestTheSheetOfInfoSumSpeaksItsWords(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	var app api.App
	f.call(t, "POST", "/api/v1/apps", api.NewApp{Preset: "infosum", Answers: map[string]string{"redirect": "https://x.example/cb", "login": "https://x.example/login"}}, &app)
	h := f.sheet(t, app.App)
	if r := row(h, "OIDC Discovery URI"); r.Value != f.Issuer+"/.well-known/openid-configuration" || r.Kind != "url" || !r.Copy {
		t.Errorf("discovery %+v", r)
	}
	if r := row(h, "Client ID"); r.Value != app.App {
		t.Errorf("client id %+v", r)
	}
	if r := row(h, "Client Secret"); r.Kind != "secret" || r.Value != "" {
		t.Errorf("secret %+v", r)
	}
	c := app.Client
	if !c.ClaimsInIDToken || c.Scope != "openid profile email offline_access" || c.InitiateLoginURI != "https://x.example/login" || c.ClientSecret == "" || c.RequirePKCE == nil || !*c.RequirePKCE {
		t.Errorf("client %+v", c.ClientMetadata)
	}
}

func TestTheSheetOfInfluitiveHasEveryNotationOfTheCertificate(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	var app api.App
	f.call(t, "POST", "/api/v1/apps", api.NewApp{Preset: "influitive", Answers: map[string]string{"hub": "acme"}}, &app)
	h, sha256 := f.sheet(t, app.App), app.ServiceProvider.SigningCertificate.SHA256
	if got := row(h, "SSO Fingerprint/Thumbprint").Value; strings.ToLower(strings.ReplaceAll(got, ":", "")) != sha256 || strings.Count(got, ":") != 31 {
		t.Errorf("fingerprint %s, certificate %s", got, sha256)
	}
	all := map[string]string{}
	for _, r := range h.All {
		all[r.Label] = r.Value
	}
	if all["sha256"] != sha256 || len(all["sha1"]) != 40 || !strings.HasPrefix(all["certificate"], "-----BEGIN CERTIFICATE-----\n") || strings.Contains(all["certificate_line"], "\n") || all["certificate_line"] == "" {
		t.Errorf("all %v", all)
	}
	if all["idp_initiated_url"] != "" {
		t.Error("an IdP-initiated link is shown although it is off")
	}
}

func TestAnIdPInitiatedLinkCarriesARelayStateAndItsWarning(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	sp, err := f.Owner.ImportServiceProvider(t.Context(), api.NewServiceProvider{
		EntityID: "https://x.example", ACS: []api.ACSEndpoint{{Location: "https://x.example/acs"}},
		ServiceProviderSettings: api.ServiceProviderSettings{Name: "A <b> & C", ServiceProviderPolicy: idp.ServiceProviderPolicy{AllowIDPInitiated: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var h api.Handover
	f.call(t, "GET", "/api/v1/apps/"+sp.App+"/handover?relay_state="+url.QueryEscape(`a"b&c`), nil, &h)
	for _, r := range h.All {
		if r.Label == "idp_initiated_html" {
			if want := `<a href="` + f.Issuer + `/saml/init/` + sp.App + `?RelayState=a%22b%26c">A &lt;b&gt; &amp; C</a>`; r.Value != want || !strings.Contains(r.Note, "stranger") {
				t.Errorf("got  %s (%s)\nwant %s", r.Value, r.Note, want)
			}
			return
		}
	}
	t.Error("there is no link")
}

func TestASharedSheetIsReadableWithoutSecretsUntilItExpires(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	var app api.App
	f.call(t, "POST", "/api/v1/apps", api.NewApp{Preset: "infosum", Answers: map[string]string{"redirect": "https://x.example/cb"}}, &app)
	var link api.HandoverLink
	if status := f.call(t, "POST", "/api/v1/apps/"+app.App+"/handover/share", api.HandoverShare{ExpiresIn: 600}, &link); status != http.StatusCreated {
		t.Fatal(status)
	}
	page := idptest.NewBrowser(t).Open(link.URL)
	for _, want := range []string{"OIDC Discovery URI", app.App, "Comes another way", "<svg class=\"qr\""} {
		if !strings.Contains(page.Body, want) {
			t.Errorf("%q is not on the page", want)
		}
	}
	if strings.Contains(page.Body, app.Client.ClientSecret) {
		t.Error("the secret is on the page")
	}
	if got := page.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control %q", got)
	}
	f.Clock.Advance(601 * time.Second)
	if late := idptest.NewBrowser(t).Open(link.URL); late.Status != http.StatusGone {
		t.Errorf("after its time: %d", late.Status)
	}
	if guess := idptest.NewBrowser(t).Open(f.Issuer + "/handover/" + idp.NewSecret()); guess.Status != http.StatusGone {
		t.Errorf("a guess: %d", guess.Status)
	}
}

// A link that went to the wrong person: all links until then end, of this app only, and
// new ones work.
func TestSharedSheetsEndWhenAnAdminSaysSo(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	share := func(app string) string {
		var link api.HandoverLink
		if status := f.call(t, "POST", "/api/v1/apps/"+app+"/handover/share", api.HandoverShare{ExpiresIn: 600}, &link); status != http.StatusCreated {
			t.Fatal(status)
		}
		return link.URL
	}
	opens := func(when, link string, want int) {
		t.Helper()
		if page := idptest.NewBrowser(t).Open(link); page.Status != want || want != http.StatusOK && strings.Contains(page.Body, "OIDC Discovery URI") {
			t.Errorf("%s: %d, want %d", when, page.Status, want)
		}
	}
	var app, other api.App
	f.call(t, "POST", "/api/v1/apps", api.NewApp{Preset: "infosum", Answers: map[string]string{"redirect": "https://x.example/cb"}}, &app)
	f.call(t, "POST", "/api/v1/apps", api.NewApp{Preset: "infosum", Answers: map[string]string{"redirect": "https://y.example/cb"}}, &other)
	var links []string
	neighbour := share(other.App)
	for range 3 { // the first end makes the record, the others change it
		links = append(links, share(app.App))
		opens("before", links[len(links)-1], http.StatusOK)
		if status := f.call(t, "DELETE", "/api/v1/apps/"+app.App+"/handover/share", nil, nil); status != http.StatusNoContent {
			t.Fatal(status)
		}
		for _, link := range links {
			opens("after the end", link, http.StatusGone)
		}
	}
	opens("a link made later", share(app.App), http.StatusOK)
	opens("a link to another app", neighbour, http.StatusOK)
}

// link makes an app with a one-time link to its secret.
func (f *front) secretLink(t *testing.T) (app api.App) {
	t.Helper()
	body := api.NewApp{Preset: "infosum", Answers: map[string]string{"redirect": "https://x.example/cb"}, SecretLink: true}
	if status := f.call(t, "POST", "/api/v1/apps", body, &app); status != http.StatusCreated || app.SecretLink == nil {
		t.Fatalf("%d %+v", status, app)
	}
	return app
}

func enter(t *testing.T, link, key string) *http.Response {
	t.Helper()
	resp, err := http.PostForm(link, url.Values{"key": {key}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

func body(t *testing.T, resp *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestASecretLinkShowsTheSecretOnceToWhoeverHasItsKey(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	app := f.secretLink(t)
	if app.Client.ClientSecret != "" {
		t.Error("the secret is in the answer beside its link")
	}
	// Attack: a scanner opens the link before its reader does.
	for range 3 {
		if page := idptest.NewBrowser(t).Open(app.SecretLink.URL); page.Status != http.StatusOK {
			t.Fatalf("a scanner's GET: %d", page.Status)
		}
	}
	typed := strings.ToLower(strings.ReplaceAll(app.SecretLink.Key, "-", " "))
	page := body(t, enter(t, app.SecretLink.URL, typed))
	_, rest, _ := strings.Cut(page, `id="secret-value">`)
	secret, _, _ := strings.Cut(rest, "<")
	c, err := f.Records.Client(t.Context(), app.App)
	if err != nil || !idp.SecretMatches(secret, strings.TrimPrefix(c.Secrets[0].Hash, "s256:")) {
		t.Fatalf("%q is not the secret, %v", secret, err)
	}
	// Attack: a second view, with the right key.
	if again := enter(t, app.SecretLink.URL, app.SecretLink.Key); again.StatusCode != http.StatusGone || strings.Contains(body(t, again), secret) {
		t.Errorf("a second view: %d", again.StatusCode)
	}
	events, err := f.Owner.Events(t.Context(), api.EventQuery{App: app.App}, api.Paging{})
	var names []string
	for _, e := range events.Items {
		names = append(names, e.Name)
	}
	if err != nil || !slices.Equal(names, []string{idp.EventSecretShown, idp.EventSecretLinked, idp.EventClientCreated}) {
		t.Errorf("events %v, %v", names, err)
	}
}

// Attack: somebody has the link and tries keys.
func TestASecretLinkEndsAfterFiveWrongKeys(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	app := f.secretLink(t)
	for i := range 4 {
		if got := enter(t, app.SecretLink.URL, "00000-00000-00000-00000"); got.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body(t, got), "This key does not fit.") {
			t.Fatalf("try %d: %d", i, got.StatusCode)
		}
	}
	for i, key := range []string{"00000-00000-00000-00000", app.SecretLink.Key} {
		if got := enter(t, app.SecretLink.URL, key); got.StatusCode != http.StatusGone {
			t.Errorf("try %d: %d", 5+i, got.StatusCode)
		}
	}
	events, err := f.Owner.Events(t.Context(), api.EventQuery{App: app.App, Name: idp.EventSecretLinkLost}, api.Paging{})
	if err != nil || len(events.Items) != 1 {
		t.Errorf("%d events, %v", len(events.Items), err)
	}
}

func TestASecretLinkExpires(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	app := f.secretLink(t)
	f.Clock.Advance(7*24*time.Hour + time.Second)
	if got := enter(t, app.SecretLink.URL, app.SecretLink.Key); got.StatusCode != http.StatusGone {
		t.Errorf("%d", got.StatusCode)
	}
}

// Attack: somebody reads the store. They need the link, of which there is a hash, and the
// key, of which there is nothing.
func TestTheStoreHoldsNeitherSecretNorKeyOfALink(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	app := f.secretLink(t)
	token := app.SecretLink.URL[strings.LastIndexByte(app.SecretLink.URL, '/')+1:]
	ticket, err := f.Flows.Ticket(t.Context(), "secret_link", idp.HashSecret(token))
	if err != nil {
		t.Fatal(err)
	}
	for _, hidden := range []string{token, app.SecretLink.Key, strings.ReplaceAll(app.SecretLink.Key, "-", "")} {
		if strings.Contains(string(ticket.Data), hidden) {
			t.Errorf("%s is in %s", hidden, ticket.Data)
		}
	}
}

func TestALinkToASecretThatIsThere(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	c := f.AddClient(t, idp.ClientMetadata{ClientName: "Wiki", RedirectURIs: []string{"https://x.example/cb"}})
	secrets, err := f.Owner.Secrets(t.Context(), c.ClientID)
	if err != nil {
		t.Fatal(err)
	}
	path := "/api/v1/clients/" + c.ClientID + "/secrets/"
	for name, s := range map[string]struct {
		id   string
		body api.SecretLinkRequest
		want string
	}{
		"its value":                  {secrets.Items[0].ID, api.SecretLinkRequest{Value: c.ClientSecret}, "201"},
		"no value":                   {secrets.Items[0].ID, api.SecretLinkRequest{}, "422 Only a hash of this secret is kept."},
		"another value":              {secrets.Items[0].ID, api.SecretLinkRequest{Value: idp.NewSecret()}, "422 This is not the value of that secret."},
		"a secret that is not there": {"gone", api.SecretLinkRequest{}, `404 The client has no secret "gone".`},
		"a value for a new one":      {"new", api.SecretLinkRequest{Value: c.ClientSecret}, "422 A new secret is made here: leave value out."},
		"a new one":                  {"new", api.SecretLinkRequest{}, "201"},
	} {
		var a struct {
			api.SecretLink
			Detail string
		}
		status := f.call(t, "POST", path+s.id+"/link", s.body, &a)
		if got := fmt.Sprintf("%d %s", status, a.Detail); !strings.HasPrefix(got, s.want) {
			t.Errorf("%s: %s, want %s", name, got, s.want)
		}
	}
	if now, err := f.Owner.Secrets(t.Context(), c.ClientID); err != nil || len(now.Items) != 2 {
		t.Errorf("%d secrets, %v", len(now.Items), err)
	}
}
