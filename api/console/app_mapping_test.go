package console_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"cloudsso/api"
	"cloudsso/idp"
)

func TestAMappingIsTriedBeforeItIsSaved(t *testing.T) {
	t.Parallel()
	for app, path := range map[string]string{"wiki": "ID token", "crm": "SAML assertion"} {
		w, _, _ := shop(t)
		w.AddUser(t, api.NewUser{Username: "mary", Attributes: map[string]json.RawMessage{"title": json.RawMessage(`"Reader <script>x</script>"`)}})
		b, _ := w.as("olga", "/admin")
		page := "/admin/apps/" + app + "/mapping"
		p := b.Open(w.Issuer + page)
		at(t, p, http.StatusOK, page, "There are no rows yet")
		p = p.FormWith("rows").Set("name-0", "job").Set("from-0", "title").Set("who", "mary").Submit("do=preview")
		at(t, p, http.StatusOK, page, path)
		if p.TextOf("status-0") != "has a value" || !strings.Contains(p.TextOf("preview"), "Reader") || strings.Contains(p.Body, "<script>x") {
			t.Errorf("%s: %s", app, p.Text())
		}
		saved := func() (rows []idp.Mapping) {
			if c, err := w.Owner.Client(t.Context(), app); err == nil {
				return c.ClaimsMapping
			}
			sp, err := w.Owner.ServiceProvider(t.Context(), app)
			if err != nil {
				t.Fatal(err)
			}
			return sp.Attributes
		}
		if len(saved()) != 0 {
			t.Errorf("%s: a preview saves", app)
		}
		p = p.FormWith("rows").Set("name-1", "gone").Set("kind-1", "template").Set("from-1", "{{nothing}}").Set("more-1", `{"lower": true}`).Submit("do=preview")
		if p.TextOf("status-1") != "empty" {
			t.Errorf("%s: %q", app, p.TextOf("status-1"))
		}
		p = p.FormWith("rows").Submit("do=save")
		at(t, p, http.StatusOK, page, "Saved.")
		if rows := saved(); len(rows) != 2 || rows[0].From != "title" || rows[1].Template != "{{nothing}}" || !rows[1].Lower {
			t.Errorf("%s: saved %+v", app, rows)
		}
		if p.FormWith("rows").Value("more-1") != `{"lower":true}` {
			t.Errorf("%s: further steps %q", app, p.FormWith("rows").Value("more-1"))
		}
		stale := b.Open(w.Issuer + page)
		at(t, p.FormWith("rows").Submit("do=remove-0"), http.StatusOK, page, "gone")
		p.FormWith("rows").Submit("do=remove-0").FormWith("rows").Submit("do=save")
		if rows := saved(); len(rows) != 1 || rows[0].Name != "gone" {
			t.Errorf("%s: removed, and saved %+v", app, rows)
		}
		at(t, stale.FormWith("rows").Submit("do=save"), http.StatusConflict, page, "It has changed since you read it")
	}
}

func TestARequiredRowWithoutAValueIsRed(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	if _, err := w.Owner.PatchClient(t.Context(), "wiki", []byte(`{"claims_mapping":[{"name":"badge","from":"badge","required":true},{"name":"who","from":"username","required":true}]}`), ""); err != nil {
		t.Fatal(err)
	}
	_, p := w.as("olga", "/admin/apps/wiki/mapping")
	if p.TextOf("status-0") != "required, and empty" || p.TextOf("status-1") != "required, has a value" || !p.Has("refused") {
		t.Errorf("%q, %q: %s", p.TextOf("status-0"), p.TextOf("status-1"), p.TextOf("refused"))
	}
}

func TestFaultsOfAMappingStandAtTheirRow(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	b, _ := w.as("olga", "/admin")
	page := "/admin/apps/wiki/mapping"
	for _, c := range []struct{ name, kind, from, more, want string }{
		{"sub", "attribute", "title", "", "is set by the protocol and cannot be mapped"},
		{"x", "cel", "attributes.text(", "", "expression"},
		{"x", "attribute", "title", "{", "The further steps are not a JSON object."},
		{"x", "attribute", "title", `{"shout": true}`, `There is no further step "shout".`},
		{"x", "attribute", "title", `{"lower": "yes"}`, "have a value of a wrong kind"},
		{"", "attribute", "title", "", "The name of a mapping row must have"},
	} {
		for _, do := range []string{"do=preview", "do=save"} {
			p := b.Open(w.Issuer+page).FormWith("rows").Set("name-0", c.name).Set("kind-0", c.kind).Set("from-0", c.from).Set("more-0", c.more).Submit(do)
			if p.Status != http.StatusUnprocessableEntity || !strings.Contains(p.TextOf("fault-0"), c.want) || p.FormWith("rows").Value("from-0") != c.from || p.FormWith("rows").Value("more-0") != c.more {
				t.Errorf("%s %+v: %d %q", do, c, p.Status, p.TextOf("fault-0"))
			}
		}
	}
	p := b.Open(w.Issuer+page).FormWith("rows").Set("who", "nobody").Submit("do=preview")
	at(t, p, http.StatusUnprocessableEntity, page, "No directory knows this person")
	token := p.FormWith("rows").Value("token")
	for _, rows := range []string{"", "-1", "x", "100000000"} {
		if p := b.Post(w.Issuer+page, url.Values{"token": {token}, "rows": {rows}}); p.Status != http.StatusForbidden {
			t.Errorf("%q rows: %d", rows, p.Status)
		}
	}
}

func TestAFixedValueComesBackAsItWasTyped(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	b, _ := w.as("olga", "/admin")
	for typed, want := range map[string]string{"plain text": `"plain text"`, `"12"`: `"12"`, "12": "12", `{"a":[1]}`: `{"a":[1]}`} {
		p := b.Open(w.Issuer+"/admin/apps/wiki/mapping").FormWith("rows").Set("name-0", "x").Set("kind-0", "constant").Set("from-0", typed).Submit("do=save")
		c, err := w.Owner.Client(t.Context(), "wiki")
		if err != nil || len(c.ClaimsMapping) != 1 || string(c.ClaimsMapping[0].Constant) != want {
			t.Fatalf("%s: %+v, %v: %s", typed, c.ClaimsMapping, err, p.Text())
		}
		if p.FormWith("rows").Value("from-0") != typed {
			t.Errorf("%s comes back as %s", typed, p.FormWith("rows").Value("from-0"))
		}
	}
}

func TestMappingAndAccessByRole(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	w.AddUser(t, api.NewUser{Username: "mary", Email: "mary@example.org"})
	for person, want := range map[string]struct {
		status int
		saves  bool
	}{"olga": {200, true}, "anton": {200, true}, "bella": {404, false}, "hans": {403, false}, "rita": {200, false}} {
		b, _ := w.as(person, "/admin")
		for _, tab := range []string{"mapping", "access"} {
			p := b.Open(w.Issuer + "/admin/apps/wiki/" + tab)
			if p.Status != want.status || strings.Contains(p.Text(), " Save") != want.saves {
				t.Errorf("%s opens %s: %d %s", person, tab, p.Status, p.Text())
			}
		}
		if want.status != http.StatusOK {
			continue
		}
		p := b.Open(w.Issuer+"/admin/apps/wiki/mapping").FormWith("rows").Set("name-0", "by").Set("from-0", "username").Set("who", "mary").Submit("do=preview")
		// Attack: an app admin tries rows until they have read everybody's data.
		if mine := person == "anton"; mine == strings.Contains(p.Text(), "mary@example.org") || mine != strings.Contains(p.Text(), "You may try this with your own account only.") {
			t.Errorf("%s previews mary: %s", person, p.Text())
		}
		token := p.FormWith("rows").Value("token")
		form := url.Values{"token": {token}, "rows": {"0"}, "do": {"save"}, "who": {"listed"}, "groups": {"staff"}}
		for _, tab := range []string{"mapping", "access"} {
			if p := b.Post(w.Issuer+"/admin/apps/wiki/"+tab, form); (p.Status == http.StatusOK) != want.saves {
				t.Errorf("%s saves %s: %d %s", person, tab, p.Status, p.Text())
			}
			form.Del("token")
			if p := b.Post(w.Issuer+"/admin/apps/wiki/"+tab, form); p.Status != http.StatusForbidden {
				t.Errorf("%s saves %s without the token: %d", person, tab, p.Status)
			}
			form.Set("token", token)
		}
	}
}

func TestWhoMayUseAnAppIsSaid(t *testing.T) {
	t.Parallel()
	for _, app := range []string{"wiki", "crm"} {
		w, _, _ := shop(t)
		b, p := w.as("olga", "/admin/apps/"+app+"/access")
		page := "/admin/apps/" + app + "/access"
		at(t, p, http.StatusOK, page, "everybody")
		at(t, p.FormWith("groups").Set("groups", "staff").Submit("Save"), http.StatusUnprocessableEntity, page, "Everybody may use the app, and some are listed.")
		stale := p
		p = p.FormWith("groups").Set("who", "listed").Set("groups", "staff\r\nR&D "+scripted).Set("users", "mary").Submit("Save")
		at(t, p, http.StatusOK, page, "2 groups, 1 person")
		if strings.Contains(p.Body, "<script>alert") {
			t.Error("a group runs")
		}
		at(t, stale.FormWith("groups").Set("who", "listed").Submit("Save"), http.StatusConflict, page, "It has changed since you read it")
		bad := p.FormWith("groups").Set("users", strings.Repeat("x", 2000)).Submit("Save")
		at(t, bad, http.StatusUnprocessableEntity, page, "longer than")
		p = b.Open(w.Issuer+page).FormWith("groups").Set("groups", "").Set("users", "").Submit("Save")
		at(t, p, http.StatusOK, page, "nobody")
		p = p.FormWith("groups").Set("who", "everybody").Submit("Save")
		at(t, p, http.StatusOK, page, "Who may use it everybody")
	}
}

func TestEventsShowWhatAnAdminChanged(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	b, _ := w.as("olga", "/admin")
	if _, err := w.Owner.PatchClient(t.Context(), "wiki", []byte(`{"client_name":"A; +admin","redirect_uris":["https://wiki.example/cb","https://new.example/cb"]}`), ""); err != nil {
		t.Fatal(err)
	}
	p := b.Open(w.Issuer + "/admin/events?name=client.updated")
	for _, want := range []string{"<code>redirect_uris</code> <ins>https://new.example/cb</ins>", "<code>client_name</code> <del>", `<ins>&#34;A\u003b &#43;admin&#34;</ins>`} {
		if !strings.Contains(p.Body, want) {
			t.Errorf("no %s in %s", want, p.Body)
		}
	}
	if strings.Contains(p.Body, "<ins>admin</ins>") || strings.Contains(p.Body, "<script>") {
		t.Error("a name reads like another change, or runs")
	}
	u := w.patient(api.NewUser{Username: "mary", Password: password})
	page := b.Open(w.Issuer + "/admin/people/" + u)
	form(t, page, "/password").Set("password", "another long password").Submit("Set password")
	p = b.Open(w.Issuer + "/admin/events?name=user.updated&subject=" + u)
	if !strings.Contains(p.Body, "<code>password</code> <ins>[not shown]</ins>") || strings.Contains(p.Body, "argon2") {
		t.Errorf("the password is told: %s", p.Body)
	}
}

func TestATraceIsOpenedByItsSupportCode(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	b, _ := w.as("olga", "/admin")
	at(t, b.Open(w.Issuer+"/admin/traces?support_code=AAAA-AAAA"), http.StatusOK, "/admin/traces", "There is no trace with this support code")
	failed := b.Open(w.Issuer + "/oauth2/authorize?client_id=wiki&redirect_uri=https://evil.example/&response_type=code&scope=openid")
	code := failed.TextOf("support-code")
	if code == "" {
		t.Fatalf("no support code: %d %s", failed.Status, failed.Text())
	}
	p := b.Open(w.Issuer + "/admin/traces?support_code=" + code)
	if !strings.Contains(p.Text(), "failed") || !strings.Contains(p.Text(), "redirect_uri") {
		t.Errorf("the trace of %s: %s", code, p.Text())
	}
	bella, _ := w.as("bella", "/admin")
	if p := bella.Open(w.Issuer + "/admin/traces?support_code=" + code); strings.Contains(p.Text(), "evil.example") {
		t.Error("an admin of another app reads the trace")
	}
}
