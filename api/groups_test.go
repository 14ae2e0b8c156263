package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/userdir"
)

const groups = "/api/v1/groups"

func group(name string, parents ...string) map[string]any {
	return map[string]any{"name": name, "parents": parents}
}

func TestGroupsFromMakingToDeleting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.call("POST", groups, group("staff")).want(http.StatusCreated)
	a := w.call("POST", groups, map[string]any{"name": "Editors", "description": "Who writes", "parents": []string{"staff"}}).want(http.StatusCreated)
	if a.header.Get("Location") != issuer+groups+"/Editors" || a.str("description") != "Who writes" {
		t.Errorf("answer %s", a.raw)
	}
	etag := w.call("GET", groups+"/EDITORS", nil).want(http.StatusOK).header.Get("ETag")
	a = w.call("PATCH", groups+"/editors", map[string]any{"name": "EDITORS", "description": nil}, "If-Match", etag).want(http.StatusOK)
	if a.str("name") != "EDITORS" || a.body["description"] != nil || !strings.Contains(a.raw, `"parents":["staff"]`) {
		t.Errorf("after the change %s", a.raw)
	}
	if p := w.call("PATCH", groups+"/editors", map[string]any{}, "If-Match", etag).problem(); !strings.HasPrefix(p, "412 ") {
		t.Error(p)
	}
	if l := w.call("GET", groups+"?limit=1", nil).want(http.StatusOK); !strings.Contains(l.raw, "EDITORS") || strings.Contains(l.raw, `"name":"staff"`) {
		t.Errorf("the first page is %s", l.raw)
	}
	w.call("DELETE", groups+"/editors", nil).want(http.StatusNoContent)
	w.call("GET", groups+"/editors", nil).want(http.StatusNotFound)
	if got := strings.Join(w.eventNames(), " "); !strings.HasSuffix(got, "group.created group.created group.updated group.deleted") {
		t.Errorf("events %s", got)
	}
}

func TestGroupsThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, g := range []map[string]any{group("a"), group("b", "a"), group("c", "B")} {
		w.call("POST", groups, g).want(http.StatusCreated)
	}
	for name, c := range map[string]struct {
		method, path string
		body         any
		want         string
	}{
		"a name that is taken":         {"POST", "", group("A"), "409 There is a group with this name already. pointer=#/name"},
		"no name":                      {"POST", "", map[string]any{"parents": []string{"a"}}, "422 Expected required property name"},
		"space around it":              {"POST", "", group(" d"), "422 A group name has 1 to 256 bytes, no control characters and no space around it. pointer=#/name"},
		"a parent without a name":      {"POST", "", group("d", "a", ""), "422 A group name has 1 to 256 bytes and no control characters. pointer=#/parents/1"},
		"in itself":                    {"POST", "", group("d", "D"), "422 The group would be in itself."},
		"in itself by way of others":   {"PATCH", "/a", map[string]any{"parents": []string{"c"}}, "422 The group would be in itself. Look at the parents of its parents. pointer=#/parents"},
		"another name":                 {"PATCH", "/a", map[string]any{"name": "z"}, "422 A group keeps its name, apart from upper and lower case"},
		"nobody knows it":              {"PATCH", "/z", map[string]any{}, "404 There is no group \"z\"."},
		"nobody knows it to delete it": {"DELETE", "/z", nil, "404 There is no group \"z\"."},
		"an unknown member":            {"POST", "", map[string]any{"name": "d", "parent": "a"}, "422 There is no member of this name"},
	} {
		if p := w.call(c.method, groups+c.path, c.body).problem(); !strings.HasPrefix(p, c.want) {
			t.Errorf("%s:\ngot  %s\nwant %s", name, p, c.want)
		}
	}
	w.events.broken = true
	w.call("POST", groups, group("d")).want(http.StatusServiceUnavailable)
	w.events.broken = false
	w.call("GET", groups+"/d", nil).want(http.StatusNotFound)
}

// TestAnImportedHashWorksAndNeverShows: until the first sign-in replaces it.
func TestAnImportedHashWorksAndNeverShows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const imported = "{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr"
	a := w.call("POST", users, map[string]any{"username": "bob", "password_hash": imported}).want(http.StatusCreated)
	if a.body["has_password"] != true || strings.Contains(a.raw, "SSHA") {
		t.Errorf("answer %s", a.raw)
	}
	dir := userdir.NewLocal("local", w.store, w.now, nil)
	if _, err := dir.Authenticate(t.Context(), userdir.Credentials{Login: "bob", Password: "testing123"}); err != nil {
		t.Error(err)
	}
	if u, err := w.store.User(t.Context(), a.str("id")); err != nil || !strings.HasPrefix(u.PasswordHash, "$argon2id$") {
		t.Errorf("the hash is %.12s, %v", u.PasswordHash, err)
	}
	if p := w.call("POST", users, map[string]any{"username": "eve", "password": "analytical engine", "password_hash": imported}).problem(); !strings.HasPrefix(p, "422 Give a password or its hash, not both. pointer=#/password_hash") {
		t.Error(p)
	}
}

// TestAnAccountThatEndsLosesAccess: at once when the end lies in the past.
func TestAnAccountThatEndsLosesAccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.call("POST", users, map[string]any{"username": "bob", "password": "analytical engine", "expires_at": "2026-12-01T00:00:00+01:00"}).want(http.StatusCreated)
	if a.str("expires_at") != "2026-11-30T23:00:00Z" {
		t.Errorf("answer %s", a.raw)
	}
	id := a.str("id")
	subject, err := w.store.Subject(t.Context(), "local", id, "bob-s-subject")
	if err != nil {
		t.Fatal(err)
	}
	session := idp.Session{ID: "s", SID: "sid", Subject: subject, CreatedAt: w.now(), SeenAt: w.now(), ExpiresAt: w.now().Add(time.Hour)}
	if err := w.store.CreateSession(t.Context(), session); err != nil {
		t.Fatal(err)
	}
	w.call("PATCH", users+"/"+id, map[string]any{"email": "bob@example.org"}).want(http.StatusOK)
	if a = w.call("GET", users+"/"+id, nil); a.str("expires_at") != "2026-11-30T23:00:00Z" {
		t.Errorf("a change of something else: %s", a.raw)
	}
	if l, err := w.store.SessionsOf(t.Context(), subject); err != nil || len(l) != 1 {
		t.Errorf("%v, %v", l, err)
	}
	w.call("PATCH", users+"/"+id, map[string]any{"expires_at": "2026-11-21T11:00:00Z"}).want(http.StatusOK)
	if l, err := w.store.SessionsOf(t.Context(), subject); err != nil || len(l) != 0 {
		t.Errorf("sessions after the end: %v, %v", l, err)
	}
	if a := w.call("PATCH", users+"/"+id, map[string]any{"expires_at": nil}).want(http.StatusOK); a.body["expires_at"] != nil {
		t.Errorf("without an end: %s", a.raw)
	}
}
