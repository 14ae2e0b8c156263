package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/idptest"
)

const scripted = `"><script>alert(1)</script>`

// patient makes somebody to be helped and returns their subject.
func (w *world) patient(u api.NewUser) string {
	w.t.Helper()
	made := w.AddUser(w.t, u)
	subject, err := w.Owner.UserSubject(w.t.Context(), made.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return subject
}

func TestAPersonIsAddedFoundChangedAndDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hire("olga", api.RoleOwner)
	b, p := w.as("olga", "/admin/people")
	p = p.Click("Add a person")
	bad := p.FormWith("given_name").Set("username", " ").Set("email", "nonsense").Set("password", "qz7x").Submit("Create")
	at(t, bad, http.StatusUnprocessableEntity, "/admin/people/new", "A username has 1 to 256 bytes")
	if bad.Attr("f-email", "value") != "nonsense" || bad.Attr("f-email", "aria-invalid") != "true" || strings.Contains(bad.Body, "qz7x") {
		t.Error("the form does not come back as it should")
	}
	p = bad.FormWith("given_name").Set("username", "mary").Set("email", "mary@example.org").Set("password", password).
		Set("given_name", "Mary").Set("family_name", scripted).Set("groups", "writers\r\n  R&D / lab \r\n").Submit("Create")
	if p.Status != http.StatusOK || !strings.Contains(p.Text(), "Added.") || strings.Contains(p.Body, "<script") || !strings.Contains(p.Text(), "R&D / lab") {
		t.Fatalf("%d %s", p.Status, p.Text())
	}
	page := p.URL.Path
	found := b.Open(w.Issuer + "/admin/people?q=MARY@")
	at(t, found.Click("mary"), http.StatusOK, page, "mary@example.org")
	at(t, b.Open(w.Issuer+"/admin/people").Click("mary"), http.StatusOK, page, "mary@example.org")
	at(t, b.Open(w.Issuer+"/admin/people?q=nobody@nowhere"), http.StatusOK, "/admin/people", "Nobody was found.")

	stale := b.Open(w.Issuer + page)
	p = stale.FormWith("attributes").Set("email", "m@example.org").Set("attributes", `{"title": ["a", "b"]}`).Set("expires_at", "2030-01-02T03:04").Submit("Save")
	if !strings.Contains(p.Text(), "Saved.") || p.Attr("f-expires_at", "value") != "2030-01-02T03:04" || strings.Contains(p.FormWith("attributes").Value("attributes"), "given_name") {
		t.Errorf("change: %d %s", p.Status, p.Text())
	}
	lost := stale.FormWith("attributes").Set("email", "other@example.org").Submit("Save")
	at(t, lost, http.StatusConflict, page, "It has changed since you read it")
	for _, c := range []struct{ field, value, want string }{
		{"attributes", "[1", "The attributes are not a JSON object."}, {"email", "x", "Expected an address"}, {"expires_at", "soon", "Expected a date and a time."}, {"username", "olga", "There is a user with this username already."},
	} {
		p = b.Open(w.Issuer+page).FormWith("attributes").Set(c.field, c.value).Submit("Save")
		at(t, p, http.StatusUnprocessableEntity, page, c.want)
	}
	gone := b.Open(w.Issuer + page)
	at(t, gone.FormWith("from").Set("from", "nobody").Submit("Merge"), http.StatusUnprocessableEntity, page+"/merge", `There is no person "nobody".`)
	at(t, gone.FormWith("directory").Set("directory", "moon").Set("directory_id", "x").Submit("Move"), http.StatusUnprocessableEntity, page+"/move", `There is no directory "moon".`)
	for i := 0; ; i++ { // the form that deletes has nothing but its version
		if f := gone.Form(i); strings.HasSuffix(f.Action.Path, "/delete") {
			at(t, f.Submit(""), http.StatusOK, "/admin/people", "Removed.")
			break
		}
	}
	at(t, b.Open(w.Issuer+page), http.StatusOK, page, "gone") // the subject is never somebody else's
	at(t, b.Open(w.Issuer+"/admin/people/nobody"), http.StatusNotFound, "/admin/people/nobody", `There is no person "nobody".`)
}

// form finds the form that posts to a path which ends so.
func form(t *testing.T, p *idptest.Page, suffix string) *idptest.Form {
	t.Helper()
	for i := range strings.Count(p.Body, "<form") {
		if f := p.Form(i); strings.HasSuffix(f.Action.Path, suffix) {
			return f
		}
	}
	t.Fatalf("no form for %s:\n%s", suffix, p.Text())
	return nil
}

func TestDisablingEndsWhatSomebodyIsSignedInTo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hire("olga", api.RoleOwner)
	subject := w.patient(api.NewUser{Username: "mary", Password: password})
	mary, _ := w.as("mary", "/login")
	b, _ := w.as("olga", "/admin")
	p := b.Open(w.Issuer + "/admin/people/" + subject)
	if !strings.Contains(p.Text(), "127.0.0.1") {
		t.Fatalf("no session is shown: %s", p.Text())
	}
	p = form(t, p, "/disable").Submit("")
	at(t, p, http.StatusOK, "/admin/people/"+subject, "Disabled.")
	if !strings.Contains(p.Text(), "Not signed in anywhere.") {
		t.Errorf("sessions live on: %s", p.Text())
	}
	at(t, w.signIn(mary, "/login", "mary"), http.StatusForbidden, "/login", "")
	at(t, form(t, p, "/enable").Submit(""), http.StatusOK, "/admin/people/"+subject, "Enabled.")
	p = form(t, b.Open(p.URL.String()), "/password").Set("password", "1").Submit("Set password")
	at(t, p, http.StatusUnprocessableEntity, "/admin/people/"+subject+"/password", "password")
	p = form(t, p, "/password").Set("password", "another long password").Submit("Set password")
	at(t, p, http.StatusOK, "/admin/people/"+subject, "The password is set.")
}

func TestSessionsGrantsAndConsentsOfAPersonAreEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hire("hans", api.RoleHelpDesk)
	subject := w.patient(api.NewUser{Username: "mary", Password: password})
	w.as("mary", "/login")
	now := w.Clock.Now()
	for _, id := range []string{"wiki", scripted} {
		if err := w.Records.GiveConsent(t.Context(), idp.Consent{Subject: subject, ClientID: id, Scopes: []string{"openid"}, At: now}); err != nil {
			t.Fatal(err)
		}
		if err := w.Records.CreateGrant(t.Context(), idp.Grant{ID: idp.NewID(), ClientID: id, Subject: subject, RefreshSeq: 1, Scopes: []string{"openid"}, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}, idp.Event{}); err != nil {
			t.Fatal(err)
		}
	}
	b, _ := w.as("hans", "/admin")
	page := "/admin/people/" + subject
	p := b.Open(w.Issuer + page)
	if strings.Count(p.Body, "<script") > 0 || !strings.Contains(p.Text(), "offline (refresh token)") {
		t.Error(p.Body)
	}
	if strings.Contains(p.Body, page+"/disable") || strings.Contains(p.Body, page+"/password") || strings.Contains(p.Body, page+"/merge") {
		t.Error("the help desk is offered what it may not do")
	}
	p = form(t, p, "/forget").Submit("Forget")
	at(t, p, http.StatusOK, page, "Access has ended.")
	if left, _ := w.Records.Consents(t.Context(), subject); len(left) != 1 {
		t.Errorf("consents %v", left)
	}
	grants, _ := w.Records.Grants(t.Context(), idp.GrantFilter{Subject: subject}, idp.Page{Limit: 10})
	if len(grants) != 1 {
		t.Errorf("grants %v", grants)
	}
	at(t, form(t, p, "/end-session").Submit("End"), http.StatusOK, page, "Signed out.")
	w.as("mary", "/login")
	at(t, form(t, p, "/end-sessions").Submit(""), http.StatusOK, page, "Not signed in anywhere.")
	at(t, form(t, p, "/revoke").Submit(""), http.StatusOK, page, "No app holds tokens of this person.")
	at(t, form(t, p, "/unlock").Submit(""), http.StatusOK, page, "Unlocked.")
	if p = b.Post(w.Issuer+page+"/disable", url.Values{"token": {form(t, p, "/unlock").Value("token")}}); p.Status != http.StatusForbidden {
		t.Errorf("the help desk disables: %d", p.Status)
	}
}

func TestASignInLinkIsShownOnceAndSignsIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hire("hans", api.RoleHelpDesk)
	boss := w.hire("olga", api.RoleOwner)
	subject := w.patient(api.NewUser{Username: "mary"})
	b, _ := w.as("hans", "/admin")
	p := form(t, b.Open(w.Issuer+"/admin/people/"+subject), "/link").Submit("")
	at(t, p, http.StatusOK, "/admin/people/"+subject+"/link", "This is shown once.")
	secret := p.TextOf("secret")
	if strings.Contains(b.Open(w.Issuer+"/admin/people/"+subject).Body, secret) || !strings.HasPrefix(secret, w.Issuer+"/login/link?key=") {
		t.Errorf("the link is %q", secret)
	}
	if p := idptest.NewBrowser(t).Open(secret); p.Status != http.StatusOK {
		t.Errorf("the link answers %d", p.Status)
	}
	// Attack: a help desk makes a link for an owner, and is one.
	at(t, form(t, b.Open(w.Issuer+"/admin/people/"+boss), "/link").Submit(""), http.StatusForbidden, "/admin/people/"+boss+"/link", "This person is an administrator who may do more than you.")
	w.Clock.Advance(16 * time.Minute)
	p = form(t, b.Open(w.Issuer+"/admin/people/"+subject), "/link").Submit("")
	at(t, p, http.StatusOK, "/login", "Please enter your password again")
	p = p.FormWith("password").Set("username", "hans").Set("password", password).Submit("login-submit")
	at(t, p, http.StatusOK, "/admin/people/"+subject, "Please repeat what you were doing.")
}

func TestPeopleAndGroupsAreOfferedByRole(t *testing.T) {
	t.Parallel()
	w, _, _ := shop(t)
	subject := w.patient(api.NewUser{Username: "mary", Groups: []string{"staff"}})
	for person, want := range map[string]struct {
		status       int
		helps, edits bool
	}{"olga": {200, true, true}, "hans": {200, true, false}, "rita": {200, false, false}, "anton": {403, false, false}} {
		b, _ := w.as(person, "/admin")
		for _, path := range []string{"/admin/people/" + subject, "/admin/groups/staff", "/admin/people?q=mary"} {
			p := b.Open(w.Issuer + path)
			if p.Status != want.status || want.status != http.StatusOK && strings.Contains(p.Text(), "mary") {
				t.Errorf("%s opens %s: %d", person, path, p.Status)
			}
		}
		p := b.Open(w.Issuer + "/admin/people/" + subject)
		if strings.Contains(p.Body, "/unlock") != want.helps || strings.Contains(p.Body, "/password") != want.edits {
			t.Errorf("%s is offered other things: %s", person, p.Text())
		}
		token := ""
		if want.helps {
			token = form(t, p, "/unlock").Value("token")
		}
		if p := b.Post(w.Issuer+"/admin/groups", url.Values{"token": {token}, "name": {"made by " + person}}); (p.Status == http.StatusOK) != want.edits {
			t.Errorf("%s makes a group: %d %s", person, p.Status, p.Text())
		}
	}
}

// Attack: another site, or a page that is out of date, posts the forms of these pages.
func TestPeopleAreNotChangedWithoutTheToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hire("olga", api.RoleOwner)
	subject := w.patient(api.NewUser{Username: "mary"})
	b, _ := w.as("olga", "/admin")
	for _, path := range []string{"/disable", "/end-sessions", "/revoke", "/link", "/password", "/merge", "/move", "/delete", ""} {
		p := b.Post(w.Issuer+"/admin/people/"+subject+path, url.Values{"username": {"x"}, "password": {password}})
		if p.Status != http.StatusForbidden || !strings.Contains(p.Text(), "This form is out of date") {
			t.Errorf("POST %s: %d %s", path, p.Status, p.Text())
		}
	}
	for _, path := range []string{"/admin/groups", "/admin/groups/x/add", "/admin/keys", "/admin/keys/x/retire"} {
		if p := b.Post(w.Issuer+path, url.Values{"name": {"x"}, "kind": {"sig RS256"}}); p.Status != http.StatusForbidden {
			t.Errorf("POST %s: %d", path, p.Status)
		}
	}
}

func TestAGroupHasMembersAndGroupsInIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hire("olga", api.RoleOwner)
	w.patient(api.NewUser{Username: "mary", Groups: []string{"Writers"}})
	b, p := w.as("olga", "/admin/groups")
	at(t, b.Open(w.Issuer+"/admin/groups/writers"), http.StatusOK, "/admin/groups/writers", "there is no record of it")
	at(t, b.Open(w.Issuer+"/admin/groups/nobody"), http.StatusNotFound, "/admin/groups/nobody", `There is no group "nobody" among the built-in ones.`)
	p = p.FormWith("parents").Set("name", " ").Submit("Create group")
	at(t, p, http.StatusUnprocessableEntity, "/admin/groups", "A group name has 1 to 256 bytes")
	p = p.FormWith("parents").Set("name", "writers").Submit("Create group")
	at(t, p, http.StatusOK, "/admin/groups/writers", "mary")
	at(t, form(t, p, "/add").Set("user", "nobody").Submit("Add"), http.StatusUnprocessableEntity, "/admin/groups/writers/add", `There is no built-in user "nobody".`)
	p = form(t, p, "/add").Set("user", "OLGA").Submit("Add")
	at(t, p, http.StatusOK, "/admin/groups/writers", "olga")
	at(t, b.Open(w.Issuer+"/admin/groups").FormWith("parents").Set("name", scripted+"/..").Set("parents", "writers").Submit("Create group"), http.StatusOK, "/admin/groups/"+scripted+"/..", "Added.")
	p = b.Open(p.URL.String())
	if strings.Contains(p.Body, "<script") || !strings.Contains(p.Text(), scripted) {
		t.Error("the group in it is not shown, or runs")
	}
	at(t, p.FormWith("parents").Set("parents", scripted+"/..").Submit("Save"), http.StatusUnprocessableEntity, "/admin/groups/writers", "The group would be in itself.")
	stale := b.Open(w.Issuer + "/admin/groups/writers")
	at(t, stale.FormWith("parents").Set("description", "all who write").Submit("Save"), http.StatusOK, "/admin/groups/writers", "Saved.")
	at(t, stale.FormWith("parents").Set("description", "other").Submit("Save"), http.StatusConflict, "/admin/groups/writers", "It has changed since you read it")
	p = form(t, b.Open(w.Issuer+"/admin/groups/writers"), "/remove").Submit("Remove")
	at(t, p, http.StatusOK, "/admin/groups/writers", "Removed.")
	at(t, form(t, p, "/delete").Submit(""), http.StatusOK, "/admin/groups", "Removed.")
}
