package console_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/idptest"
)

const password = "correct horse battery"

// world is the product with one person of each role.
type world struct {
	*idptest.Server
	t *testing.T
}

func newWorld(t *testing.T, config ...func(*idptest.Options)) *world {
	t.Helper()
	var o idptest.Options
	for _, c := range config {
		c(&o)
	}
	return &world{idptest.New(t, o), t}
}

// hire makes a user and, unless role is "", an admin of them.
func (w *world) hire(username, role string, apps ...string) (subject string) {
	w.t.Helper()
	w.AddUser(w.t, api.NewUser{Username: username, Password: password})
	if role == "" {
		return ""
	}
	a, err := w.Owner.CreateAdmin(w.t.Context(), api.NewAdmin{Username: username, AdminSettings: api.AdminSettings{Role: role, Apps: apps}})
	if err != nil {
		w.t.Fatal(err)
	}
	return a.Subject
}

// signIn opens an address below the issuer, signing in on the way.
func (w *world) signIn(b *idptest.Browser, path, username string) *idptest.Page {
	w.t.Helper()
	return b.Open(w.Issuer+path).FormWith("password").Set("username", username).Set("password", password).Submit("login-submit")
}

func (w *world) as(username, path string) (*idptest.Browser, *idptest.Page) {
	w.t.Helper()
	b := idptest.NewBrowser(w.t)
	return b, w.signIn(b, path, username)
}

func at(t *testing.T, p *idptest.Page, status int, path, text string) {
	t.Helper()
	if p.Status != status || p.URL.Path != path || !strings.Contains(p.Text(), text) {
		t.Fatalf("status %d at %s, want %d at %s with %q:\n%s", p.Status, p.URL, status, path, text, p.Text())
	}
}

// pages is every page of the console that can be opened, and which roles may.
var pages = map[string]string{"/admin": "oahr", "/admin/apps": "oar", "/admin/people": "ohr", "/admin/people/new": "o", "/admin/groups": "ohr", "/admin/keys": "oar", "/admin/deliveries": "oahr", "/admin/events": "oahr", "/admin/traces": "oahr", "/admin/admins": "or", "/admin/tokens": "or"}

func TestEveryPageIsForTheRolesThatMayReadIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for letter, role := range map[string]string{"o": api.RoleOwner, "a": api.RoleAppAdmin, "h": api.RoleHelpDesk, "r": api.RoleAuditor} {
		var apps []string
		if role == api.RoleAppAdmin {
			apps = []string{"wiki"}
		}
		w.hire(role, role, apps...)
		b, p := w.as(role, "/admin")
		at(t, p, http.StatusOK, "/admin", "Overview")
		if p.TextOf("who") != role || p.TextOf("role") != role {
			t.Errorf("%s is shown as %q, %q", role, p.TextOf("who"), p.TextOf("role"))
		}
		for path, may := range pages {
			page := b.Open(w.Issuer + path)
			if allowed := strings.Contains(may, letter); allowed != (page.Status == http.StatusOK) || !allowed && page.Status != http.StatusForbidden {
				t.Errorf("%s as %s: status %d", path, role, page.Status)
			}
			linked := strings.Contains(p.Body, `href="`+path+`"`)
			if path != "/admin" && path != "/admin/events" && path != "/admin/people/new" && linked != strings.Contains(may, letter) {
				t.Errorf("%s as %s: linked %v", path, role, linked)
			}
		}
	}
}

func TestAPageIsNotShownToWhoeverIsNotSignedIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hire("olga", api.RoleOwner)
	w.hire("paul", "")
	for path := range pages {
		at(t, idptest.NewBrowser(t).Open(w.Issuer+path), http.StatusOK, "/login", "Sign in")
	}
	_, p := w.as("olga", "/admin/events?name=login.success")
	at(t, p, http.StatusOK, "/admin/events", "login.success") // back where they wanted to go
	if p.URL.RawQuery != "name=login.success" {
		t.Errorf("came back to %s", p.URL)
	}
	_, p = w.as("paul", "/admin")
	at(t, p, http.StatusForbidden, "/admin", "You are signed in as paul. This account is not an administrator's.")
	if !p.Has("support-code") {
		t.Error("no support code")
	}
	at(t, idptest.NewBrowser(t).Open(w.Issuer+"/admin").Form(0).Submit("login-cancel"), http.StatusOK, "/", "You are not signed in")
}

func TestARoleThatIsTakenAwayEndsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hire("olga", api.RoleOwner)
	subject := w.hire("anna", api.RoleAuditor)
	b, p := w.as("anna", "/admin")
	at(t, p, http.StatusOK, "/admin", "Overview")
	if err := w.Owner.DeleteAdmin(t.Context(), subject, ""); err != nil {
		t.Fatal(err)
	}
	at(t, b.Open(w.Issuer+"/admin"), http.StatusForbidden, "/admin", "not an administrator's")
}

func TestHeadersKeepThePageToItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hire("olga", api.RoleOwner)
	_, p := w.as("olga", "/admin")
	csp := p.Header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "script-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
		if !strings.Contains(csp, part) {
			t.Errorf("Content-Security-Policy %q has no %q", csp, part)
		}
	}
	if p.Header.Get("Cache-Control") != "no-store" || p.Header.Get("Referrer-Policy") != "same-origin" || strings.Contains(p.Body, "<script") || strings.Contains(p.Body, "style=") {
		t.Errorf("headers %v", p.Header)
	}
}

func TestAdminsAreAddedChangedAndRemoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hire("olga", api.RoleOwner)
	w.hire("hans", "")
	b, p := w.as("olga", "/admin/admins")
	bad := p.FormWith("username").Set("username", "nobody").Submit("Add admin")
	at(t, bad, http.StatusUnprocessableEntity, "/admin/admins", `There is no built-in user "nobody".`)
	if bad.Attr("f-username", "value") != "nobody" || bad.Attr("f-username", "aria-invalid") != "true" || bad.Attr("f-username", "aria-describedby") != "e-username" {
		t.Error("the form does not come back with its fault")
	}
	p = bad.FormWith("username").Set("username", "hans").Set("role", api.RoleAppAdmin).Submit("Add admin")
	at(t, p, http.StatusUnprocessableEntity, "/admin/admins", "The role app_admin needs apps")
	p = p.FormWith("username").Set("apps", "wiki, crm").Submit("Add admin")
	at(t, p, http.StatusOK, "/admin/admins", "Added.")
	p = p.Click("hans")
	p = p.FormWith("role").Set("role", api.RoleHelpDesk).Set("apps", "").Submit("Save")
	if !strings.Contains(p.Text(), "Saved.") || !strings.Contains(p.Text(), "help_desk") {
		t.Fatal(p.Text())
	}
	stale := b.Open(p.URL.String())
	p = p.FormWith("role").Set("role", api.RoleAuditor).Submit("Save")
	lost := stale.FormWith("role").Set("role", api.RoleOwner).Submit("Save")
	if lost.Status != http.StatusConflict || !strings.Contains(lost.Text(), "It has changed since you read it") {
		t.Errorf("a change to an old version: %d %s", lost.Status, lost.Text())
	}
	p = b.Open(p.URL.String()).Form(1).Submit("Take the role away")
	at(t, p, http.StatusOK, "/admin/admins", "Removed.")
	p = p.Click("olga").Form(1).Submit("Take the role away")
	if p.Status != http.StatusConflict || !strings.Contains(p.Text(), "This is the last owner.") {
		t.Errorf("the last owner: %d %s", p.Status, p.Text())
	}
}

func TestATokenIsShownOnceAndRevoked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hire("olga", api.RoleOwner)
	b, p := w.as("olga", "/admin/tokens")
	if p = p.FormWith("days").Set("name", "backup").Set("days", "0").Submit("Make token"); p.Status != http.StatusUnprocessableEntity {
		t.Fatalf("status %d: %s", p.Status, p.Text())
	}
	p = p.FormWith("days").Set("name", "backup").Set("days", "7").Submit("Make token")
	secret := p.TextOf("secret")
	if _, err := w.Product.Admin().Authenticate(t.Context(), secret); err != nil {
		t.Fatalf("the token %q: %v", secret, err)
	}
	p = b.Open(w.Issuer + "/admin/tokens")
	if strings.Contains(p.Body, secret) || !strings.Contains(p.Text(), "backup") {
		t.Error("the token is shown again, or not listed")
	}
	at(t, p.Form(0).Submit("Revoke"), http.StatusOK, "/admin/tokens", "Removed.")
	if _, err := w.Product.Admin().Authenticate(t.Context(), secret); err == nil {
		t.Error("a revoked token works")
	}
}

// Attack: another site, or a page of an attacker's own session, posts our forms.
func TestFormsOfOthersChangeNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hire("olga", api.RoleOwner)
	w.hire("otto", api.RoleOwner)
	b, mine := w.as("olga", "/admin/tokens")
	_, theirs := w.as("otto", "/admin/tokens")
	form := url.Values{"name": {"x"}, "role": {api.RoleOwner}, "days": {"9"}}
	form.Set("token", theirs.FormWith("days").Value("token"))
	own := mine.FormWith("days").Value("token")
	if own == form.Get("token") || own == "" {
		t.Fatal("two sessions have one token")
	}
	for name, post := range map[string]func() *idptest.Page{
		"from another site": func() *idptest.Page {
			form.Set("token", own) // even if it had leaked
			return b.Open(evil(t, w.Issuer+"/admin/tokens", form)).Form(0).Submit("")
		},
		"with the token of another session": func() *idptest.Page {
			f := b.Open(w.Issuer + "/admin/tokens").FormWith("days")
			return f.Set("token", theirs.FormWith("days").Value("token")).Set("name", "x").Submit("")
		},
		"without a token": func() *idptest.Page {
			return b.Open(w.Issuer+"/admin/tokens").FormWith("days").Set("token", "").Set("name", "x").Submit("")
		},
	} {
		if p := post(); p.Status == http.StatusOK && p.Has("secret") {
			t.Errorf("%s: a token was made", name)
		}
	}
	l, err := w.Owner.Tokens(t.Context(), api.Paging{})
	if err != nil || len(l.Items) != 0 {
		t.Errorf("tokens %v, %v", l.Items, err)
	}
}

// evil is a site with a form of the attacker's that posts to us.
func evil(t *testing.T, action string, values url.Values) string {
	t.Helper()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `<form method="post" action="%s">`, action)
		for name, v := range values {
			fmt.Fprintf(w, `<input name="%s" value="%s">`, name, v[0])
		}
		fmt.Fprint(w, "</form>")
	}))
	t.Cleanup(site.Close)
	return site.URL
}

// Attack: somebody finds the browser of an admin who went to lunch.
func TestDangerousActionsAskForThePasswordAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hire("olga", api.RoleOwner)
	b, p := w.as("olga", "/admin/tokens")
	w.Clock.Advance(16 * time.Minute)
	at(t, b.Open(w.Issuer+"/admin/tokens"), http.StatusOK, "/admin/tokens", "Make a token") // reading is fine
	p = p.FormWith("days").Set("name", "x").Submit("Make token")
	at(t, p, http.StatusOK, "/login", "Please enter your password again")
	p = p.FormWith("password").Set("username", "olga").Set("password", password).Submit("login-submit")
	at(t, p, http.StatusOK, "/admin/tokens", "You have signed in again. Please repeat what you were doing.")
	p = p.FormWith("days").Set("name", "x").Submit("Make token")
	if !p.Has("secret") {
		t.Errorf("no token after signing in again: %s", p.Text())
	}
}

func TestEventsAreFiltered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hire("olga", api.RoleOwner)
	_, p := w.as("olga", "/admin/events")
	p = p.FormWith("support_code").Set("name", idp.EventAdminCreated).Submit("Show")
	if !strings.Contains(p.Text(), "role=owner") || strings.Contains(p.Text(), idp.EventLoginSuccess) {
		t.Errorf("filtered by name: %s", p.Text())
	}
	export := p.Click("Download as JSON lines")
	if lines := strings.Count(export.Body, "\n"); lines != 1 || !strings.HasPrefix(export.Header.Get("Content-Type"), "text/jsonl") || !strings.Contains(export.Body, `"name":"admin.created"`) {
		t.Errorf("export: %s", export.Body)
	}
	p = p.FormWith("support_code").Set("since", "2026-11-21T10:00").Set("until", "2026-11-21T09:00").Submit("Show")
	at(t, p, http.StatusUnprocessableEntity, "/admin/events", "There is no time between since and until")
	p = p.FormWith("support_code").Set("since", "yesterday").Submit("Show")
	at(t, p, http.StatusUnprocessableEntity, "/admin/events", "Expected a date and a time.")
}

func TestAnAppAdminSeesTheEventsOfTheirAppsOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hire("anton", api.RoleAppAdmin, "wiki", "crm")
	b, _ := w.as("anton", "/admin")
	at(t, b.Open(w.Issuer+"/admin/events"), http.StatusUnprocessableEntity, "/admin/events", "Name one of your apps.")
	for _, path := range []string{"/admin/events?app=hr", "/admin/events.jsonl?app=hr", "/admin/events.jsonl"} {
		if p := b.Open(w.Issuer + path); p.Status != http.StatusUnprocessableEntity || strings.Contains(p.Body, "login.success") {
			t.Errorf("%s: %d %s", path, p.Status, p.Text())
		}
	}
}

func TestAnUnknownPageAndAWrongMethodAreSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hire("olga", api.RoleOwner)
	b, _ := w.as("olga", "/admin")
	at(t, b.Open(w.Issuer+"/admin/nothing"), http.StatusNotFound, "/admin/nothing", "There is no page at this address.")
	at(t, b.Open(w.Issuer+"/admin/admins/nobody"), http.StatusNotFound, "/admin/admins/nobody", `There is no admin "nobody".`)
}

// A page has the actor's handles and nothing else: not the store behind them, nor the
// handle of whoever owns the data folder.
func TestTheConsoleWorksThroughHandlesOnly(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				switch s.Sel.Name {
				case "Local", "Records", "Sessions", "Tickets", "Audit", "Ring":
					t.Errorf("%s uses %s", name, s.Sel.Name)
				}
			}
			return true
		})
	}
}
