package api_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/userdir"
)

const people = "/api/v1/people/"

type downDirectory struct{}

func (downDirectory) Info() userdir.Info {
	return userdir.Info{ID: "corp", Kind: "ldap", Domains: []string{"corp.example"}}
}
func (downDirectory) Authenticate(context.Context, userdir.Credentials) (userdir.User, error) {
	return userdir.User{}, userdir.ErrUnavailable
}
func (downDirectory) Lookup(context.Context, userdir.Ref) (userdir.User, error) {
	return userdir.User{}, fmt.Errorf("connect 10.0.0.7: %w", userdir.ErrUnavailable)
}

func worldOfPeople(t *testing.T) *world {
	t.Helper()
	return newWorld(t, func(o *api.Options) {
		o.Directories = userdir.NewUsers(o.Records, []userdir.Directory{userdir.NewLocal("local", o.Records, o.Now, nil), downDirectory{}}, nil)
	})
}

// account makes a user with a subject and a session.
func (w *world) account(name string) (id, subject string) {
	w.t.Helper()
	id = w.call("POST", users, map[string]any{"username": name, "password": "analytical engine", "attributes": map[string]any{"level": 3, "team": []string{"a", "b", "c", "d"}}}).want(http.StatusCreated).str("id")
	subject, err := w.store.Subject(w.t.Context(), "local", id, "subject-of-"+name)
	if err == nil {
		err = w.store.CreateSession(w.t.Context(), idp.Session{ID: "s-" + name, SID: "sid-" + name, Subject: subject, CreatedAt: w.now(), SeenAt: w.now(), ExpiresAt: w.now().Add(time.Hour)})
	}
	if err == nil {
		err = w.store.CreateGrant(w.t.Context(), idp.Grant{ID: "g-" + name, ClientID: "app", Subject: subject, CreatedAt: w.now(), ExpiresAt: w.now().Add(time.Hour)}, idp.Event{})
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return id, subject
}

func (w *world) signedIn(subject string) bool {
	w.t.Helper()
	sessions, err := w.store.SessionsOf(w.t.Context(), subject)
	if err != nil {
		w.t.Fatal(err)
	}
	grants, err := w.store.Grants(w.t.Context(), idp.GrantFilter{Subject: subject}, idp.Page{Limit: 10})
	if err != nil {
		w.t.Fatal(err)
	}
	if (len(sessions) > 0) != (len(grants) > 0) {
		w.t.Errorf("%s has %d sessions and %d grants", subject, len(sessions), len(grants))
	}
	return len(sessions) > 0
}

// TestMergingPeople: both accounts are one subject, whose first account goes on saying
// who they are, and whoever was the other is signed out.
func TestMergingPeople(t *testing.T) {
	t.Parallel()
	w := worldOfPeople(t)
	annID, ann := w.account("ann")
	anaID, ana := w.account("ana")
	a := w.call("POST", people+ann+"/merge", map[string]any{"from": ana}).want(http.StatusOK)
	want := fmt.Sprintf(`"links":[{"directory":"local","directory_id":"%s"},{"directory":"local","directory_id":"%s"}]`, annID, anaID)
	if !strings.Contains(a.raw, want) || a.str("subject") != ann {
		t.Errorf("got %s, want %s", a.raw, want)
	}
	if w.signedIn(ana) || !w.signedIn(ann) {
		t.Error("the wrong one is signed out")
	}
	if again, err := w.store.Subject(t.Context(), "local", anaID, "new"); err != nil || again != ann {
		t.Errorf("ana signs in as %s, %v", again, err)
	}
	w.call("GET", people+ana, nil).want(http.StatusNotFound)
	if events := w.eventNames(); !slices.Contains(events, idp.EventPersonMerged) {
		t.Errorf("events %v", events)
	}
}

func TestMovingAPerson(t *testing.T) {
	t.Parallel()
	w := worldOfPeople(t)
	annID, ann := w.account("ann")
	newID, other := w.account("ann2")
	a := w.call("POST", people+ann+"/move", map[string]any{"directory": "local", "directory_id": newID}).want(http.StatusOK)
	if !strings.Contains(a.raw, fmt.Sprintf(`"links":[{"directory":"local","directory_id":"%s"},`, newID)) {
		t.Errorf("got %s", a.raw)
	}
	if w.signedIn(other) || !w.signedIn(ann) {
		t.Error("the wrong one is signed out")
	}
	if d, id, err := w.store.SubjectOwner(t.Context(), ann); err != nil || d != "local" || id != newID || id == annID {
		t.Errorf("who she is: %s %s, %v", d, id, err)
	}
	// Once more changes nothing.
	w.call("POST", people+ann+"/move", map[string]any{"directory": "local", "directory_id": newID}).want(http.StatusOK)
	if !w.signedIn(ann) {
		t.Error("moving to where she is signed her out")
	}
}

func TestPeopleThatAreRefused(t *testing.T) {
	t.Parallel()
	w := worldOfPeople(t)
	id, ann := w.account("ann")
	_, bob := w.account("bob")
	for name, c := range map[string]struct {
		path string
		body map[string]any
		want string
	}{
		"merged with themselves":    {ann + "/merge", map[string]any{"from": ann}, "422 A person cannot be merged with themselves. pointer=#/from"},
		"merged with nobody":        {ann + "/merge", map[string]any{"from": "nobody"}, "422 There is no person \"nobody\". pointer=#/from"},
		"nobody merged":             {"nobody/merge", map[string]any{"from": ann}, "404 There is no person \"nobody\"."},
		"moved to no directory":     {ann + "/move", map[string]any{"directory": "x", "directory_id": id}, "422 There is no directory \"x\". pointer=#/directory"},
		"moved to nobody":           {ann + "/move", map[string]any{"directory": "local", "directory_id": "x"}, "422 The directory local has nobody with this id. pointer=#/directory_id"},
		"moved to one that is down": {ann + "/move", map[string]any{"directory": "corp", "directory_id": "x"}, "503 "},
		"nobody moved":              {"nobody/move", map[string]any{"directory": "local", "directory_id": id}, "404 There is no person \"nobody\"."},
	} {
		if p := w.call("POST", people+c.path, c.body).problem(); !strings.HasPrefix(p, c.want) {
			t.Errorf("%s:\ngot  %s\nwant %s", name, p, c.want)
		}
	}
	w.events.broken = true
	w.call("POST", people+ann+"/merge", map[string]any{"from": bob}).want(http.StatusServiceUnavailable)
	w.events.broken = false
	if !w.signedIn(bob) {
		t.Error("a merge that is on no record happened")
	}
}

func TestDirectoriesAndTheirHealth(t *testing.T) {
	t.Parallel()
	w := worldOfPeople(t)
	a := w.call("GET", "/api/v1/directories", nil).want(http.StatusOK)
	items := a.body["items"].([]any)
	local, corp := items[0].(map[string]any), items[1].(map[string]any)
	if len(items) != 2 || local["id"] != "local" || local["status"] != "ok" || local["problem"] != nil || corp["status"] != "down" || corp["kind"] != "ldap" {
		t.Errorf("%s", a.raw)
	}
	if !strings.Contains(corp["problem"].(string), "does not answer") || strings.Contains(a.raw, "10.0.0.7") {
		t.Errorf("what is wrong: %s", a.raw)
	}
}

func TestValidateShowsTheColumns(t *testing.T) {
	t.Parallel()
	w := worldOfPeople(t)
	w.account("ann")
	const validate = "/api/v1/directories/local/validate"
	a := w.call("POST", validate, map[string]any{"user": "Ann"}).want(http.StatusOK)
	want := `{"name":"level","type":"number","values":1,"sample":["3"]},{"name":"team","type":"text","values":4,"sample":["a","b","c"]},{"name":"username","type":"text","values":1,"sample":["ann"]}`
	if !strings.Contains(a.raw, want) {
		t.Errorf("got %s\nwant %s", a.raw, want)
	}
	if events := w.eventNames(); events[len(events)-1] != idp.EventDirectoryTried {
		t.Errorf("reading somebody's data is not on record: %v", events)
	}
	for name, c := range map[string]struct {
		path string
		body map[string]any
		want string
	}{
		"an unknown directory": {"/api/v1/directories/x/validate", map[string]any{"user": "ann"}, "404 There is no directory \"x\"."},
		"nobody":               {validate, map[string]any{"user": "nobody"}, "422 The directory knows nobody of the login \"nobody\". pointer=#/user"},
		"a query":              {validate, map[string]any{"user": "ann", "query": "$/SSO/X"}, "422 The directory local has no queries to choose from: leave the query out. pointer=#/query"},
		"one that is down":     {"/api/v1/directories/corp/validate", map[string]any{"user": "ann"}, "503 "},
	} {
		if p := w.call("POST", c.path, c.body).problem(); !strings.HasPrefix(p, c.want) {
			t.Errorf("%s:\ngot  %s\nwant %s", name, p, c.want)
		}
	}
}
