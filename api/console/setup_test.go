package console_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"cloudsso/api"
	"cloudsso/idp/idptest"
)

func (w *world) link(s api.SetUp) string {
	w.t.Helper()
	l, err := w.Owner.NewSetUpLink(w.t.Context(), s)
	if err != nil {
		w.t.Fatal(err)
	}
	return l.URL
}

func TestASetUpLinkMakesTheFirstOwnerOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	link := w.link(api.SetUp{})
	b := idptest.NewBrowser(t)
	p := b.Open(link)
	if !strings.Contains(p.Text(), "At least 8 characters") {
		t.Errorf("no rules for passwords: %s", p.Text())
	}
	for _, c := range []struct{ username, email, password, want string }{
		{"", "", password, "A username has 1 to 256 bytes"},
		{"olga", "", "", "Choose a password."},
		{"olga", "", "qz7x", "password"},
		{"olga", "nonsense", password, "Expected an address such as ada@example.org."},
	} {
		p = p.FormWith("password").Set("username", c.username).Set("email", c.email).Set("password", c.password).Submit("Create and sign in")
		if p.Status != http.StatusUnprocessableEntity || !strings.Contains(p.Text(), c.want) {
			t.Errorf("%+v: %d %s", c, p.Status, p.Text())
		}
		if p.Attr("f-username", "value") != c.username || c.password != "" && strings.Contains(p.Body, c.password) {
			t.Error("the name is lost, or the password came back")
		}
	}
	p = p.FormWith("password").Set("username", "olga").Set("email", "").Set("password", password).Submit("Create and sign in")
	at(t, p, http.StatusOK, "/admin", "Overview")
	if p.TextOf("role") != api.RoleOwner {
		t.Errorf("role %q", p.TextOf("role"))
	}
	at(t, idptest.NewBrowser(t).Open(link), http.StatusGone, "/admin/setup", "This link is over")
	if got := w.Log.String(); strings.Contains(got, link[strings.Index(link, "key=")+4:]) {
		t.Error("the key of the link is in the log")
	}
}

// Attack: the link of the first start lies in a log and is found later.
func TestASetUpLinkIsWorthNothingOnceThereIsAnOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old, open := w.link(api.SetUp{}), w.link(api.SetUp{})
	page := idptest.NewBrowser(t).Open(open) // opened before, sent after
	w.hire("olga", api.RoleOwner)
	at(t, idptest.NewBrowser(t).Open(old), http.StatusGone, "/admin/setup", "This link is over")
	p := page.FormWith("password").Set("username", "eve").Set("password", password).Submit("Create and sign in")
	at(t, p, http.StatusGone, "/admin/setup", "This link is over")
	at(t, idptest.NewBrowser(t).Open(w.link(api.SetUp{Recovery: true})), http.StatusOK, "/admin/setup", "one more owner")
}

func TestASetUpLinkEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	link := w.link(api.SetUp{Recovery: true})
	w.Clock.Advance(24 * time.Hour)
	at(t, idptest.NewBrowser(t).Open(link), http.StatusGone, "/admin/setup", "cloudsso admin recover")
	at(t, idptest.NewBrowser(t).Open(w.Issuer+"/admin/setup?key=guess"), http.StatusGone, "/admin/setup", "This link is over")
}

func TestANameThatIsTakenDoesNotUseTheLinkUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hire("olga", "")
	p := idptest.NewBrowser(t).Open(w.link(api.SetUp{})).FormWith("password").Set("username", "OLGA").Set("password", password).Submit("")
	at(t, p, http.StatusUnprocessableEntity, "/admin/setup", "There is a user with this username already.")
	at(t, p.FormWith("password").Set("username", "olga2").Set("password", password).Submit(""), http.StatusOK, "/admin", "Overview")
}
