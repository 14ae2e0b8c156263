package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cloudsso/api"
	"cloudsso/idp"
)

// person makes a built-in user and returns their subject.
func (w *world) person(username, email string) string {
	w.t.Helper()
	id := w.call("POST", users, map[string]any{"username": username, "email": email, "attributes": map[string]any{"name": strings.ToUpper(username)}}).want(http.StatusCreated).str("id")
	subject, err := w.store.Subject(w.t.Context(), "local", id, idp.NewID())
	if err != nil {
		w.t.Fatal(err)
	}
	return subject
}

func (w *world) hire(subject, role string, apps ...string) {
	w.t.Helper()
	w.call("POST", "/api/v1/admins", map[string]any{"subject": subject, "role": role, "apps": apps}).want(http.StatusCreated)
}

func TestPeopleAreFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada, adam := w.person("ada", "ada@example.org"), w.person("adam", "adam@example.com")
	w.person("grace", "grace@example.org")
	w.hire(ada, api.RoleOwner)
	for query, want := range map[string][]string{
		"ada": {"ada", "adam"}, "ADAM": {"adam"}, "example.org": {"ada", "grace"}, adam: {"adam"}, "zoe": {}, "ada@example.org": {"ada"}, "%25": {},
	} {
		var got []string
		for _, p := range w.call("GET", "/api/v1/people?q="+query, nil).want(http.StatusOK).items() {
			got = append(got, p["login"].(string))
			if p["login"] == "ada" && (p["admin"] != "owner" || p["name"] != "ADA" || p["subject"] != ada || p["status"] != "active" || p["directory"] != "local") {
				t.Errorf("ada is shown as %v", p)
			}
		}
		slices.Sort(got)
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
	for _, bad := range []string{"", "?q=", "?q=" + strings.Repeat("a", 257), "?q=a&x=1"} {
		w.call("GET", "/api/v1/people"+bad, nil).want(http.StatusUnprocessableEntity)
	}
}

func TestPeopleAreHelped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.person("ada", "ada@example.org")
	desk := []string{"Authorization", "Bearer " + w.tokenOf(api.RoleHelpDesk)}
	w.call("POST", people+""+ada+"/unlock", map[string]any{}, desk...).want(http.StatusNoContent)
	if !slices.Equal(w.limits, limits{"ada", "ada@example.org"}) {
		t.Errorf("unlocked %v", w.limits)
	}
	end := w.now().Add(time.Hour)
	for _, id := range []string{"one", "two"} {
		if err := w.store.CreateSession(t.Context(), idp.Session{ID: id, SID: "sid-" + id, Subject: ada, ExpiresAt: end}); err != nil {
			t.Fatal(err)
		}
		if err := w.store.CreateGrant(t.Context(), idp.Grant{ID: id, ClientID: "wiki-" + id, Subject: ada, SessionID: id, ExpiresAt: end}, idp.Event{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.store.CreateGrant(t.Context(), idp.Grant{ID: "offline", ClientID: "crm", Subject: ada, ExpiresAt: end}, idp.Event{}); err != nil {
		t.Fatal(err)
	}
	alive := func() (out []string) {
		rows, err := w.store.Grants(t.Context(), idp.GrantFilter{Subject: ada}, idp.Page{Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range rows {
			out = append(out, g.ID)
		}
		return out
	}
	if a := w.call("POST", people+""+ada+"/revoke-grants", map[string]any{"app": "wiki-one"}, desk...).want(http.StatusOK); a.body["count"] != 1.0 || !slices.Equal(alive(), []string{"offline", "two"}) {
		t.Errorf("%s, alive %v", a.raw, alive())
	}
	if a := w.call("POST", people+""+ada+"/end-sessions", map[string]any{}, desk...).want(http.StatusOK); a.body["count"] != 2.0 || !slices.Equal(alive(), []string{"offline"}) {
		t.Errorf("%s, alive %v", a.raw, alive())
	}
	if left, _ := w.store.SessionsOf(t.Context(), ada); len(left) != 0 {
		t.Errorf("sessions %v", left)
	}
	if a := w.call("POST", people+""+ada+"/revoke-grants", map[string]any{}, desk...).want(http.StatusOK); a.body["count"] != 1.0 || alive() != nil {
		t.Errorf("%s, alive %v", a.raw, alive())
	}
	link := w.call("POST", people+""+ada+"/sign-in-link", map[string]any{}, desk...).want(http.StatusCreated)
	key, ok := strings.CutPrefix(link.str("url"), issuer+"/login/link?key=")
	if ticket, err := w.store.Ticket(t.Context(), idp.TicketSignInLink, idp.HashSecret(key)); !ok || err != nil || !strings.Contains(string(ticket.Data), ada) {
		t.Errorf("%s: %v", link.raw, err)
	}
	names := w.eventNames()
	for _, want := range []string{idp.EventPersonUnlocked, idp.EventGrantRevoked, idp.EventLogout, idp.EventSignInLink} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is not on record: %v", want, names)
		}
	}
	for _, what := range []string{"unlock", "end-sessions", "revoke-grants", "sign-in-link"} {
		if got := w.call("POST", people+"nobody/"+what, map[string]any{}, desk...).problem(); got != `404 There is no person "nobody".` {
			t.Errorf("%s: %s", what, got)
		}
	}
}

// Attack: somebody at the help desk makes a sign-in link for an owner, and is one.
func TestNobodyHelpsAnAdminWhoMayDoMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	boss, colleague := w.person("boss", ""), w.person("colleague", "")
	w.hire(boss, api.RoleOwner)
	w.hire(colleague, api.RoleHelpDesk)
	desk := []string{"Authorization", "Bearer " + w.tokenOf(api.RoleHelpDesk)}
	for _, what := range []string{"unlock", "end-sessions", "revoke-grants", "sign-in-link"} {
		if got := w.call("POST", people+""+boss+"/"+what, map[string]any{}, desk...).problem(); got != "403 This person is an administrator who may do more than you. Ask an owner." {
			t.Errorf("%s: %s", what, got)
		}
		if a := w.call("POST", people+""+colleague+"/"+what, map[string]any{}, desk...); a.status >= 300 {
			t.Errorf("%s of somebody who may do as much: %s", what, a.raw)
		}
		if a := w.call("POST", people+""+boss+"/"+what, map[string]any{}); a.status >= 300 {
			t.Errorf("%s by an owner: %s", what, a.raw)
		}
	}
}

func TestNoLinkForWhoeverMayNotSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.person("ada", "")
	id := w.call("GET", users, nil).items()[0]["id"].(string)
	w.call("PATCH", users+"/"+id, map[string]any{"disabled": true}).want(http.StatusOK)
	if got := w.call("POST", people+""+ada+"/sign-in-link", map[string]any{}).problem(); got != "409 This account is not active (disabled), so a link would not sign it in." {
		t.Error(got)
	}
}
