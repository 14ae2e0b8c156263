package console_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/idptest"
)

// shop is a world with an app of each kind and one person of each role; anton looks after
// the client, bella after the service provider, and carl after the signed-token app.
func shop(t *testing.T) (w *world, client api.Client, sp api.ServiceProvider) {
	t.Helper()
	w = newWorld(t)
	client, err := w.Owner.CreateClient(t.Context(), api.NewClient{ClientID: "wiki", ClientMetadata: idp.ClientMetadata{
		ClientName: hostile, RedirectURIs: []string{"https://wiki.example/cb"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	sp, err = w.Owner.ImportServiceProvider(t.Context(), api.NewServiceProvider{
		App: "crm", EntityID: "urn:example:crm", ACS: []api.ACSEndpoint{{Location: "https://crm.example/acs", Index: -1}},
		ServiceProviderSettings: api.ServiceProviderSettings{Name: "Customers"},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Owner.CreateTokenApp(t.Context(), api.NewTokenApp{App: "help", TokenAppSettings: api.TokenAppSettings{Name: "Helpdesk", TokenAppPolicy: idp.TokenAppPolicy{
		ReturnURL: "https://help.example/jwt", Algorithm: "HS256",
	}}})
	if err != nil {
		t.Fatal(err)
	}
	w.hire("olga", api.RoleOwner)
	w.hire("anton", api.RoleAppAdmin, "wiki")
	w.hire("bella", api.RoleAppAdmin, "crm")
	w.hire("carl", api.RoleAppAdmin, "help")
	w.hire("hans", api.RoleHelpDesk)
	w.hire("rita", api.RoleAuditor)
	return w, client, sp
}

// hostile is a name that an attacker would choose.
const hostile = `Wiki"><script>alert(1)</script>`

// appTabs are the tabs of each app of the shop.
func appTabs() map[string][]string {
	return map[string][]string{
		"wiki": {"", "handover", "settings", "secrets", "test", "verify", "lint"},
		"crm":  {"", "handover", "settings", "metadata", "test", "verify", "lint"},
		"help": {"", "handover", "settings", "secrets", "test", "lint"},
	}
}

func TestAnAppHasATabForWhoeverMayReadIt(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	for person, want := range map[string]map[string]int{
		"olga": {"wiki": 200, "crm": 200, "help": 200}, "anton": {"wiki": 200, "crm": 404, "help": 404}, "bella": {"wiki": 404, "crm": 200, "help": 404},
		"carl": {"wiki": 404, "crm": 404, "help": 200}, "hans": {"wiki": 403, "crm": 403, "help": 403}, "rita": {"wiki": 200, "crm": 200, "help": 200},
	} {
		b, _ := w.as(person, "/admin")
		for app, status := range want {
			for _, tab := range appTabs()[app] {
				path := strings.TrimSuffix("/admin/apps/"+app+"/"+tab, "/")
				p := b.Open(w.Issuer + path)
				if p.Status != status || strings.Contains(p.Body, "<script>") {
					t.Errorf("%s opens %s: status %d, want %d", person, path, p.Status, status)
				}
				if text := p.Text(); status != http.StatusOK && (strings.Contains(text, "Wiki") || strings.Contains(text, "Customers") || strings.Contains(text, "Helpdesk")) {
					t.Errorf("%s opens %s, and reads its name", person, path)
				}
				if person == "rita" && tab != "verify" && strings.Contains(p.Body, `method="post"`) {
					t.Errorf("the auditor has a form at %s", path)
				}
			}
		}
	}
}

// What a form of an app's page does is refused to whoever may not do it, whatever form they
// send: the page hides the form, and the handle decides.
func TestFormsOfAppsAreForTheirRoles(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	const own = "owner of the app"
	for path, least := range map[string]string{
		"/admin/apps/new": api.RoleOwner, "/admin/apps/wiki/settings": own, "/admin/apps/wiki/settings/disable": own, "/admin/apps/wiki/settings/enable": own, "/admin/apps/wiki/settings/delete": api.RoleOwner,
		"/admin/apps/wiki/handover": own, "/admin/apps/wiki/secrets": own, "/admin/apps/wiki/secrets/x/delete": own, "/admin/apps/wiki/test": own, "/admin/apps/crm/metadata": api.RoleOwner, "/admin/apps/crm/metadata/refresh": api.RoleOwner,
		"/admin/apps/help/secrets/key": api.RoleOwner, "/admin/apps/help/secrets/key/link": api.RoleOwner,
	} {
		for person, page := range map[string]string{"anton": "/admin/apps/wiki/settings", "bella": "/admin/apps/crm/settings", "hans": "", "rita": ""} {
			if person == "anton" && least == own || person == "bella" && strings.HasPrefix(path, "/admin/apps/crm/") {
				continue
			}
			b, _ := w.as(person, "/admin")
			token := ""
			if page != "" {
				token = b.Open(w.Issuer + page).FormWith("version").Value("token")
			}
			p := b.Post(w.Issuer+path, url.Values{"token": {token}, "step": {"create"}, "preset": {"web-app"}, "confirm": {hostile}})
			if p.Status != http.StatusForbidden && p.Status != http.StatusNotFound || page != "" && strings.Contains(p.Text(), "out of date") {
				t.Errorf("%s posts %s: %d %s", person, path, p.Status, p.Text())
			}
		}
	}
	if l, err := w.Owner.Apps(t.Context(), api.AppQuery{}, api.Paging{}); err != nil || len(l.Items) != 3 {
		t.Errorf("apps are %+v, %v", l.Items, err)
	}
}

// members are the names of a struct's JSON form, and which of them are structs themselves.
func members(v any) map[string]bool {
	out := map[string]bool{}
	for _, f := range reflect.VisibleFields(reflect.TypeOf(v)) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		kind := f.Type
		if kind.Kind() == reflect.Pointer {
			kind = kind.Elem()
		}
		out[name] = kind.Kind() == reflect.Struct
	}
	return out
}

func TestATabThatDoesNotExistIsSaid(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	b, _ := w.as("olga", "/admin")
	at(t, b.Open(w.Issuer+"/admin/apps/wiki/nothing"), http.StatusNotFound, "/admin/apps/wiki/nothing", "There is no page at this address.")
	at(t, b.Open(w.Issuer+"/admin/apps/nobody"), http.StatusNotFound, "/admin/apps/nobody", `There is no app "nobody".`)
	at(t, b.Open(w.Issuer+"/admin/apps/crm/secrets"), http.StatusNotFound, "/admin/apps/crm/secrets", "There is no page at this address.")
}

func TestSettingsAreSavedAndFaultsStandAtTheirFields(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	_, p := w.as("anton", "/admin/apps/wiki/settings")
	bad := p.FormWith("redirect_uris").Set("redirect_uris", "https://wiki.example/cb\nhttps://wiki.example/#x").Set("access_token_ttl", "5").Submit("Save")
	at(t, bad, http.StatusUnprocessableEntity, "/admin/apps/wiki/settings", "Expected number >= 60")
	if bad.Attr("f-access_token_ttl", "aria-invalid") != "true" || bad.FormWith("redirect_uris").Value("access_token_ttl") != "5" {
		t.Errorf("the fault is not at its field: %s", bad.Text())
	}
	bad = bad.FormWith("redirect_uris").Set("access_token_ttl", "900").Submit("Save")
	at(t, bad, http.StatusUnprocessableEntity, "/admin/apps/wiki/settings", "fragment")
	if bad.Attr("f-redirect_uris", "aria-invalid") != "true" {
		t.Errorf("the fault is not at its field: %s", bad.Text())
	}
	bad = bad.FormWith("redirect_uris").Set("jwks", "{").Submit("Save")
	if bad.Attr("f-jwks", "aria-invalid") != "true" || !strings.Contains(bad.TextOf("e-jwks"), "Expected JSON") {
		t.Errorf("a key set that is no JSON: %s", bad.Text())
	}
	p = bad.FormWith("redirect_uris").Set("jwks", "").Set("redirect_uris", " https://wiki.example/one \r\n\r\nhttps://wiki.example/two").Set("refresh_token_ttl", "2592000").Submit("Save")
	at(t, p, http.StatusOK, "/admin/apps/wiki/settings", "Saved.")
	c, err := w.Owner.Client(t.Context(), "wiki")
	if err != nil || len(c.RedirectURIs) != 2 || c.RedirectURIs[0] != "https://wiki.example/one" || c.AccessTokenTTL != 900 || c.ClientName != hostile {
		t.Errorf("saved %+v, %v", c.ClientMetadata, err)
	}
	if got := p.FormWith("redirect_uris").Value("refresh_token_ttl"); got != "2592000" {
		t.Errorf("a large number is shown as %q", got)
	}
	again := p.FormWith("redirect_uris").Set("access_token_ttl", "").Submit("Save")
	if c, err = w.Owner.Client(t.Context(), "wiki"); err != nil || c.AccessTokenTTL == 900 {
		t.Errorf("a setting that was emptied is %d, %v: %s", c.AccessTokenTTL, err, again.Text())
	}
}

func TestAnOldFormOverwritesNobodysChange(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	b, stale := w.as("olga", "/admin/apps/crm/settings")
	p := b.Open(w.Issuer+"/admin/apps/crm/settings").FormWith("start_url").Set("start_url", "https://crm.example/login").Submit("Save")
	at(t, p, http.StatusOK, "/admin/apps/crm/settings", "Saved.")
	for name, lost := range map[string]*idptest.Page{
		"settings": stale.FormWith("start_url").Set("start_url", "https://crm.example/other").Submit("Save"),
		"disable":  stale.Form(1).Submit("Disable the app"),
		"delete":   stale.FormWith("confirm").Set("confirm", "Customers").Submit("Delete the app"),
	} {
		if lost.Status != http.StatusConflict || !strings.Contains(lost.Text(), "It has changed since you read it") {
			t.Errorf("%s of an old form: %d %s", name, lost.Status, lost.Text())
		}
	}
	if sp, err := w.Owner.ServiceProvider(t.Context(), "crm"); err != nil || sp.StartURL != "https://crm.example/login" || sp.Disabled {
		t.Errorf("the app is %+v, %v", sp.ServiceProviderSettings, err)
	}
}

func TestAnAppIsDisabledEnabledAndDeletedByItsName(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	b, p := w.as("olga", "/admin/apps/help/settings")
	p = p.Form(1).Submit("Disable the app")
	at(t, p, http.StatusOK, "/admin/apps/help/settings", "disabled")
	p = p.Form(1).Submit("Enable the app")
	if a, err := w.Owner.TokenApp(t.Context(), "help"); err != nil || a.Disabled {
		t.Errorf("enabled: %+v, %v", a, err)
	}
	p = p.FormWith("confirm").Set("confirm", "help").Submit("Delete the app")
	at(t, p, http.StatusUnprocessableEntity, "/admin/apps/help/settings/delete", "This is not the name of the app. Nothing was deleted.")
	w.Clock.Advance(16 * time.Minute)
	p = b.Open(w.Issuer+"/admin/apps/help/settings").FormWith("confirm").Set("confirm", "Helpdesk").Submit("Delete the app")
	at(t, p, http.StatusOK, "/login", "Please enter your password again")
	p = p.FormWith("password").Set("username", "olga").Set("password", password).Submit("login-submit")
	at(t, p, http.StatusOK, "/admin/apps/help/settings", "You have signed in again.")
	p = b.Open(w.Issuer+"/admin/apps/help/settings").FormWith("confirm").Set("confirm", "Helpdesk").Submit("Delete the app")
	at(t, p, http.StatusOK, "/admin/apps", "Removed.")
	if _, err := w.Owner.TokenApp(t.Context(), "help"); err == nil {
		t.Error("it is still there")
	}
}

// The form is made of the struct: whatever the API knows can be set here, or on a tab or by
// a button of its own.
func TestEverySettingHasAnInput(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	b, _ := w.as("olga", "/admin")
	elsewhere := map[string]bool{"disabled": true, "preset": true, "assigned": true, "claims_mapping": true, "attributes": true, "claims": true}
	for app, v := range map[string]any{"wiki": idp.ClientMetadata{}, "crm": idp.ServiceProviderPolicy{}, "help": idp.TokenAppPolicy{}} {
		p := b.Open(w.Issuer + "/admin/apps/" + app + "/settings")
		for name, nested := range members(v) {
			if !elsewhere[name] && !nested && !p.Has("f-"+name) {
				t.Errorf("%s has no input for %s", app, name)
			}
		}
	}
}

func TestASecretIsMadeShownOnceAndRetired(t *testing.T) {
	t.Parallel()
	w, client, _ := shop(t)
	b, p := w.as("anton", "/admin/apps/wiki/secrets")
	p = p.FormWith("older").Submit("Make a secret")
	at(t, p, http.StatusOK, "/admin/apps/wiki/secrets", "Shown once")
	secret := p.Attr("secret-0", "value")
	if secret == "" || secret == client.ClientSecret {
		t.Fatalf("the secret is %q", secret)
	}
	third := p.FormWith("older").Submit("Make a secret")
	at(t, third, http.StatusUnprocessableEntity, "/admin/apps/wiki/secrets", "The client has 2 live secrets already")
	p = b.Open(w.Issuer + "/admin/apps/wiki/secrets")
	if strings.Contains(p.Body, secret) {
		t.Error("the secret is shown again")
	}
	p = p.Form(0).Submit("Retire")
	at(t, p, http.StatusOK, "/admin/apps/wiki/secrets", "Removed.")
	last := p.Form(0).Submit("Retire")
	if last.Status != http.StatusConflict || !strings.Contains(last.Text(), "the only one") {
		t.Errorf("the last secret: %d %s", last.Status, last.Text())
	}
	p = b.Open(w.Issuer+"/admin/apps/wiki/secrets").FormWith("older").Set("older", "0").Tick("link").Submit("Make a secret")
	link, key := p.Attr("once-link", "value"), p.Attr("once-key", "value")
	if link == "" || key == "" || p.Has("secret-0") {
		t.Fatalf("no link: %s", p.Text())
	}
	stranger := idptest.NewBrowser(t).Open(link).FormWith("key").Set("key", key).Submit("")
	if !strings.Contains(stranger.Text(), "Client secret") {
		t.Errorf("the link shows %s", stranger.Text())
	}
}

func TestASharedKeyIsReplacedOrHandedOverByLink(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	b, p := w.as("carl", "/admin/apps/help/secrets")
	link := p.Form(0).Submit("Make a one-time link")
	at(t, link, http.StatusOK, "/admin/apps/help/secrets/key/link", "Send the link one way and its key another")
	p = b.Open(w.Issuer + "/admin/apps/help/secrets").Form(1).Submit("Make another key")
	at(t, p, http.StatusOK, "/admin/apps/help/secrets/key", "Shown once")
	if p.Attr("secret-0", "value") == "" {
		t.Errorf("no key: %s", p.Text())
	}
}

func TestTheSheetHandsOverOurValues(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	b, p := w.as("bella", "/admin/apps/crm/handover")
	for _, want := range []string{w.Issuer + "/saml/metadata/crm", w.Issuer + "/saml/sso", "-----BEGIN CERTIFICATE-----"} {
		if !strings.Contains(p.Body, want) {
			t.Errorf("the sheet has no %s", want)
		}
	}
	if p.Has("init-url") {
		t.Error("a link that starts here, though the app does not allow it")
	}
	if pem := p.Click("certificate.pem"); pem.Status != http.StatusOK || !strings.HasPrefix(pem.Body, "-----BEGIN CERTIFICATE-----") {
		t.Errorf("certificate.pem: %d", pem.Status)
	}
	b.Open(w.Issuer + "/admin/apps/crm/settings").FormWith("start_url").Tick("allow_idp_initiated").Submit("Save")
	p = b.Open(w.Issuer+"/admin/apps/crm/handover").FormWith("relay_state").Set("relay_state", `"><script>alert(1)</script>`).Submit("Build")
	if link := p.Attr("init-url", "value"); !strings.HasSuffix(link, "?RelayState=%22%3E%3Cscript%3Ealert%281%29%3C%2Fscript%3E") || strings.Contains(p.Body, "<script>") {
		t.Errorf("the link is %s", link)
	}
	p = p.FormWith("days").Set("days", "1").Submit("Make a link")
	shared := p.Attr("shared", "value")
	if stranger := idptest.NewBrowser(t).Open(shared); stranger.Status != http.StatusOK || !strings.Contains(stranger.Text(), "Customers") {
		t.Errorf("the shared sheet %q: %d", shared, stranger.Status)
	}
	p = b.Open(w.Issuer + "/admin/apps/crm/handover").Form(2).Submit("End all links to this sheet")
	at(t, p, http.StatusOK, "/admin/apps/crm/handover", "No link that was made so far shows this sheet any more.")
	if stranger := idptest.NewBrowser(t).Open(shared); stranger.Status != http.StatusGone {
		t.Errorf("after its end the shared sheet answers %d", stranger.Status)
	}
	p = p.FormWith("days").Set("days", "-4").Submit("Make a link")
	at(t, p, http.StatusUnprocessableEntity, "/admin/apps/crm/handover", "A link lives 300 seconds to 90 days.")
}

func TestAnAppIsProbed(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	_, p := w.as("anton", "/admin/apps/wiki/test")
	p = p.Form(0).Submit("Look now")
	at(t, p, http.StatusOK, "/admin/apps/wiki/test", "https://wiki.example/cb")
	if !strings.Contains(p.Text(), "failed") {
		t.Errorf("an address that does not exist: %s", p.Text())
	}
}

// Attack, or accident: a change by hand of what a file keeps, which the next apply undoes.
func TestAnAppThatAFileKeepsIsShownWithoutForms(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	c, err := w.Records.Client(t.Context(), "wiki")
	if err != nil {
		t.Fatal(err)
	}
	b, before := w.as("olga", "/admin/apps/wiki/settings")
	c.Managed = idp.Managed{Source: "production", File: "apps/wiki.yaml"}
	if err := w.Records.UpdateClient(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	p := b.Open(w.Issuer + "/admin/apps/wiki/settings")
	if !strings.Contains(p.Text(), "kept in the file apps/wiki.yaml") || strings.Contains(p.Body, `method="post"`) || !strings.Contains(p.Text(), "https://wiki.example/cb") {
		t.Errorf("shown as %s", p.Text())
	}
	if p := b.Open(w.Issuer + "/admin/apps/wiki/access"); strings.Contains(p.Body, `method="post"`) {
		t.Errorf("who may use it could be changed: %s", p.Text())
	}
	// Rows can be tried out, and not saved.
	if p := b.Open(w.Issuer + "/admin/apps/wiki/mapping"); !strings.Contains(p.Body, `value="preview"`) || strings.Contains(p.Body, `value="save"`) {
		t.Errorf("the mapping could be saved: %s", p.Text())
	}
	late := before.FormWith("version").Set("client_name", "x").Set("version", string(w.version("wiki"))).Submit("Save")
	if late.Status != http.StatusConflict || !strings.Contains(late.Text(), "This app is kept in the file apps/wiki.yaml; change it there.") {
		t.Errorf("a change by hand: %d %s", late.Status, late.Text())
	}
}

func (w *world) version(client string) api.IfMatch {
	w.t.Helper()
	c, err := w.Owner.Client(w.t.Context(), client)
	if err != nil {
		w.t.Fatal(err)
	}
	return c.ETag()
}

func TestTheListShowsHowAppsDo(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	if _, err := w.Owner.PatchServiceProvider(t.Context(), "crm", []byte(`{"disabled":true}`), ""); err != nil {
		t.Fatal(err)
	}
	refused := idp.Event{ID: idp.NewID(), Time: w.Clock.Now(), Name: idp.EventAccessDenied, App: "wiki", Support: "K7QF-2M9D"}
	if err := w.Records.AppendEvent(t.Context(), refused); err != nil {
		t.Fatal(err)
	}
	b, p := w.as("olga", "/admin/apps")
	for _, want := range []string{hostile, "disabled", "never used", "last sign-in refused", "Helpdesk"} {
		if !strings.Contains(p.Text(), want) {
			t.Errorf("the list has no %q: %s", want, p.Text())
		}
	}
	if !strings.Contains(p.Body, "support_code=K7QF-2M9D") || strings.Contains(p.Body, "<script>") {
		t.Error("no link to the trace, or a name that is more than text")
	}
	p = p.FormWith("q").Set("q", "custom").Submit("Show")
	if strings.Contains(p.Text(), "Helpdesk") || !strings.Contains(p.Text(), "Customers") {
		t.Errorf("searched: %s", p.Text())
	}
	p = p.FormWith("q").Set("kind", "client").Submit("Show")
	at(t, p, http.StatusOK, "/admin/apps", "No app fits.")
	if only := b.Open(w.Issuer + "/admin/apps?kind=token_app"); strings.Contains(only.Text(), "Customers") || !strings.Contains(only.Text(), "Helpdesk") {
		t.Errorf("token apps only: %s", only.Text())
	}
	_, p = w.as("carl", "/admin/apps")
	if strings.Contains(p.Text(), "Customers") || !strings.Contains(p.Text(), "Helpdesk") || strings.Contains(p.Text(), "Add an app") {
		t.Errorf("the list of an app admin: %s", p.Text())
	}
}

func TestNewMetadataIsComparedAndThenReplaces(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	b, p := w.as("bella", "/admin/apps/crm/metadata")
	doc := strings.ReplaceAll(entity("urn:example:crm"), "https://app.example/acs", "https://crm.example/new-acs")
	at(t, p.FormWith("metadata_xml").Set("metadata_xml", "<x").Submit("Compare"), http.StatusUnprocessableEntity, "/admin/apps/crm/metadata", "Line 1, column 3")
	at(t, p.FormWith("metadata_xml").Submit("Compare"), http.StatusUnprocessableEntity, "/admin/apps/crm/metadata", "Give one of: metadata_xml, metadata_url")
	seen := p.FormWith("metadata_xml").Set("metadata_xml", doc).Submit("Compare")
	at(t, seen, http.StatusOK, "/admin/apps/crm/metadata", "https://crm.example/new-acs")
	if sp, err := w.Owner.ServiceProvider(t.Context(), "crm"); err != nil || sp.ACS[0].Location != "https://crm.example/acs" {
		t.Errorf("comparing changed it: %+v, %v", sp.ACS, err)
	}
	done := seen.FormWith("metadata_xml").Submit("Replace")
	at(t, done, http.StatusOK, "/admin/apps/crm/metadata", "Saved.")
	sp, err := w.Owner.ServiceProvider(t.Context(), "crm")
	if err != nil || len(sp.ACS) != 1 || sp.ACS[0].Location != "https://crm.example/new-acs" || sp.Name != "Customers" {
		t.Errorf("replaced by %+v, %v", sp, err)
	}
	late := seen.FormWith("metadata_xml").Submit("Replace")
	if late.Status != http.StatusConflict || !strings.Contains(late.Text(), "It has changed since you read it") {
		t.Errorf("an old form: %d %s", late.Status, late.Text())
	}
	other := b.Open(w.Issuer+"/admin/apps/crm/metadata").FormWith("metadata_xml").Set("metadata_xml", entity("urn:example:other")).Submit("Compare")
	if other.Status != http.StatusUnprocessableEntity || !strings.Contains(other.Text(), "urn:example:crm") {
		t.Errorf("the metadata of another app: %d %s", other.Status, other.Text())
	}
}

func TestMetadataWithAnAddressIsReadAgain(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	acs := "https://app.example/acs"
	site := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(out, strings.ReplaceAll(entity("urn:example:far"), "https://app.example/acs", acs))
	}))
	t.Cleanup(site.Close)
	if _, err := w.Owner.ImportServiceProvider(t.Context(), api.NewServiceProvider{App: "far", MetadataURL: site.URL}); err != nil {
		t.Fatal(err)
	}
	acs = "https://app.example/moved"
	_, p := w.as("olga", "/admin/apps/far/metadata")
	p = p.Form(0).Submit("Read it again now")
	at(t, p, http.StatusOK, "/admin/apps/far/metadata/refresh", "https://app.example/moved")
	if sp, err := w.Owner.ServiceProvider(t.Context(), "far"); err != nil || sp.ACS[0].Location != acs {
		t.Errorf("read again: %+v, %v", sp.ACS, err)
	}
}

func entity(id string) string {
	return `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + id + `"><SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://app.example/acs" index="0"/></SPSSODescriptor></EntityDescriptor>`
}
