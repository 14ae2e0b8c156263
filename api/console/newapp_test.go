package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"cloudsso/api"
	"cloudsso/api/presets"
	"cloudsso/idp"
	"cloudsso/idp/idptest"
)

func TestAppsAreAddedByOwnersOnly(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	for _, person := range []string{"anton", "hans", "rita"} {
		b, _ := w.as(person, "/admin")
		for _, path := range []string{"/admin/apps/new", "/admin/apps/new?preset=slack"} {
			if p := b.Open(w.Issuer + path); p.Status != http.StatusForbidden {
				t.Errorf("%s opens %s: %d", person, path, p.Status)
			}
		}
	}
}

func TestEveryPresetIsOfferedFoundAndAsksItsQuestions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hire("olga", api.RoleOwner)
	b, p := w.as("olga", "/admin/apps/new")
	catalog, err := presets.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, preset := range catalog.Search("") {
		if !strings.Contains(p.Body, "/admin/apps/new?preset="+preset.ID+`"`) {
			t.Errorf("%s is not offered", preset.ID)
		}
		ask := b.Open(w.Issuer + "/admin/apps/new?preset=" + preset.ID)
		form := ask.FormWith("preset")
		for _, a := range preset.Asks {
			form.Set("answers."+a.ID, a.Example)
		}
		for _, note := range preset.Notes {
			if !strings.Contains(ask.Text(), strings.Join(strings.Fields(note.Text), " ")) {
				t.Errorf("%s does not say %q", preset.ID, note.Text)
			}
		}
		if preset.ID == "saml-metadata-url" {
			continue // its example is at an address that is nobody's
		}
		review := form.Set("name", "Tried").Submit("Review")
		if review.Status != http.StatusOK || !strings.Contains(review.Text(), "Nothing is made yet") {
			t.Errorf("%s: %d %s", preset.ID, review.Status, review.Text())
		}
	}
	if l, err := w.Owner.Apps(t.Context(), api.AppQuery{}, api.Paging{}); err != nil || len(l.Items) > 0 {
		t.Errorf("a review made %+v, %v", l.Items, err)
	}
	p = p.FormWith("q").Set("q", "slack").Submit("Search")
	if !strings.Contains(p.Text(), "Slack") || strings.Contains(p.Text(), "Moodle") {
		t.Errorf("searched: %s", p.Text())
	}
	at(t, p.FormWith("q").Set("q", "<b>x").Submit("Search"), http.StatusOK, "/admin/apps/new", "Nothing fits “<b>x”.")
	at(t, b.Open(w.Issuer+"/admin/apps/new?preset=nothing"), http.StatusNotFound, "/admin/apps/new", `There is no preset "nothing".`)
}

func TestAnAppIsAskedReviewedAndMadeOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hire("olga", api.RoleOwner)
	b, p := w.as("olga", "/admin/apps/new?preset=infosum")
	bad := p.FormWith("preset").Set("answers.redirect", "no address").Submit("Review")
	at(t, bad, http.StatusUnprocessableEntity, "/admin/apps/new", "does not look right")
	if bad.Attr("f-answers.redirect", "aria-invalid") != "true" || bad.Attr("f-answers.redirect", "value") != "no address" {
		t.Error("the fault is not at its field")
	}
	bad = bad.FormWith("preset").Set("answers.redirect", "https://infosum.example/cb").Set("settings", "{").Submit("Review")
	at(t, bad, http.StatusUnprocessableEntity, "/admin/apps/new", "Expected a JSON object")
	bad = bad.FormWith("preset").Set("settings", `{"redirect_urls": []}`).Submit("Review")
	at(t, bad, http.StatusUnprocessableEntity, "/admin/apps/new", "There is no member of this name")
	p = bad.FormWith("preset").Set("settings", `{"allow_implicit": true, "client_uri": "https://infosum.example/"}`).Set("answers.globalid", "employee_id").Submit("Review")
	at(t, p, http.StatusOK, "/admin/apps/new", "GlobalID")
	for _, want := range []string{"https://infosum.example/cb", "Tokens travel through the browser", "employee_id"} {
		if !strings.Contains(p.Text(), want) {
			t.Errorf("the review does not say %q: %s", want, p.Text())
		}
	}
	back := p.FormWith("once").Submit("Change the answers")
	at(t, back, http.StatusOK, "/admin/apps/new", "Add InfoSum")
	if back.Attr("f-answers.globalid", "value") != "employee_id" || !strings.Contains(back.FormWith("preset").Value("settings"), "allow_implicit") {
		t.Error("the answers are lost on the way back")
	}
	made := p.FormWith("once").Submit("Add the app")
	at(t, made, http.StatusOK, "/admin/apps/new", "Shown once")
	secret := made.Attr("secret-0", "value")
	l, err := w.Owner.Clients(t.Context(), api.Paging{})
	if err != nil || len(l.Items) != 1 || secret == "" || !l.Items[0].AllowImplicit || l.Items[0].ClientURI != "https://infosum.example/" {
		t.Fatalf("made %+v, %v", l.Items, err)
	}
	if !strings.Contains(made.Body, "OIDC Discovery URI") || !strings.Contains(made.Body, w.Issuer+"/.well-known/openid-configuration") {
		t.Errorf("no hand-over sheet in the vendor's words: %s", made.Text())
	}
	again := p.FormWith("once").Submit("Add the app")
	if again.Status != http.StatusConflict || !strings.Contains(again.Text(), "This form was sent already, and the app is made") {
		t.Errorf("a double click: %d %s", again.Status, again.Text())
	}
	if l, err = w.Owner.Clients(t.Context(), api.Paging{}); err != nil || len(l.Items) != 1 {
		t.Errorf("%d apps, %v", len(l.Items), err)
	}
	if sheet := b.Open(w.Issuer + "/admin/apps/" + l.Items[0].ClientID); strings.Contains(sheet.Body, secret) {
		t.Error("the secret is shown again")
	}
}

func TestASecretOfANewAppCanGoByLinkOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hire("olga", api.RoleOwner)
	_, p := w.as("olga", "/admin/apps/new?preset=zendesk")
	form := p.FormWith("preset")
	catalog, err := presets.New()
	if err != nil {
		t.Fatal(err)
	}
	zendesk, _ := catalog.Preset("zendesk")
	for _, a := range zendesk.Asks {
		form.Set("answers."+a.ID, a.Example)
	}
	p = form.Submit("Review").FormWith("once").Tick("secret_link").Submit("Add the app")
	link, key := p.Attr("once-link", "value"), p.Attr("once-key", "value")
	if link == "" || key == "" || p.Has("secret-0") {
		t.Fatalf("no link: %s", p.Text())
	}
	shown := idptest.NewBrowser(t).Open(link).FormWith("key").Set("key", key).Submit("")
	if !strings.Contains(shown.Text(), "Zendesk") {
		t.Errorf("the link shows %s", shown.Text())
	}
}

func TestASAMLAppLeadsStraightToItsSheet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hire("olga", api.RoleOwner)
	b, p := w.as("olga", "/admin/apps/new?preset=slack")
	p = p.FormWith("preset").Set("answers.workspace", "acme").Submit("Review")
	p = p.FormWith("once").Submit("Add the app")
	at(t, p, http.StatusOK, "/admin/apps/slack/handover", "SAML 2.0 Endpoint (HTTP)")
	second := b.Open(w.Issuer+"/admin/apps/new?preset=slack").FormWith("preset").Set("answers.workspace", "acme").Submit("Review")
	at(t, second, http.StatusUnprocessableEntity, "/admin/apps/new", "The entity ID https://slack.com is registered already")
}

func TestWhatIsPastedFillsTheForm(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	b, p := w.as("olga", "/admin/apps/new")
	at(t, p.FormWith("paste").Submit("Recognise"), http.StatusUnprocessableEntity, "/admin/apps/new", "There is nothing to look at.")
	form := p.FormWith("paste").Set("paste", `{"client_name":"\"><script>alert(1)</script>","redirect_uris":["https://a.example/cb"],"tos_uri":"https://a.example/tos"}`).Submit("Recognise")
	at(t, form, http.StatusOK, "/admin/apps/new", "RFC 7591")
	if strings.Contains(form.Body, "<script>") || form.FormWith("preset").Value("answers.redirects") != "https://a.example/cb" || !strings.Contains(form.FormWith("preset").Value("settings"), "https://a.example/tos") {
		t.Errorf("the form is %s", form.Body)
	}
	p = b.Open(w.Issuer+"/admin/apps/new").FormWith("paste").Set("paste", "urn:example:crm").Submit("Recognise")
	at(t, p, http.StatusOK, "/admin/apps/new", "It is registered already.")
	at(t, p.Click("Open the app"), http.StatusOK, "/admin/apps/crm/handover", "Customers")
	p = b.Open(w.Issuer+"/admin/apps/new").FormWith("paste").Set("paste", "-----BEGIN PRIVATE KEY-----\nMIIEkey\n-----END PRIVATE KEY-----").Submit("Recognise")
	at(t, p, http.StatusOK, "/admin/apps/new", "This is a private key.")
	if strings.Contains(p.Body, "MIIEkey") {
		t.Error("the private key is shown again")
	}
	p = b.Open(w.Issuer+"/admin/apps/new").FormWith("paste").Set("paste", `<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">`+entity("urn:a")+entity("urn:b")+"</EntitiesDescriptor>").Submit("Recognise")
	at(t, p, http.StatusOK, "/admin/apps/new", "it describes 2 apps")
	p = p.FormWith("preset").Set("name", "B").Set("answers.entity", "urn:b").Submit("Review").FormWith("once").Submit("Add the app")
	if sp, err := w.Owner.ServiceProvider(t.Context(), "b"); err != nil || sp.EntityID != "urn:b" {
		t.Errorf("made %+v, %v: %s", sp.EntityID, err, p.Text())
	}
}

// Attack: another site adds an app of the attacker's in the browser of an owner.
func TestAnotherSiteAddsNoApp(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	b, p := w.as("olga", "/admin/apps/wiki/settings")
	values := url.Values{"token": {p.FormWith("version").Value("token")}, "step": {"create"}, "preset": {"web-app"}, "name": {"x"}, "answers.redirects": {"https://evil.example/"}, "once": {idp.NewID()}}
	for _, path := range []string{"/admin/apps/new", "/admin/apps/wiki/settings", "/admin/apps/wiki/secrets", "/admin/apps/wiki/settings/delete", "/admin/apps/crm/settings/disable", "/admin/apps/wiki/handover"} {
		if page := b.Open(evil(t, w.Issuer+path, values)).Form(0).Submit(""); page.Status == http.StatusOK && page.URL.Path != "/login" {
			t.Errorf("%s: %d %s", path, page.Status, page.Text())
		}
	}
	if l, err := w.Owner.Apps(t.Context(), api.AppQuery{}, api.Paging{}); err != nil || len(l.Items) != 3 {
		t.Errorf("%d apps, %v", len(l.Items), err)
	}
}
