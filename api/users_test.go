package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/userdir"
)

const users = "/api/v1/users"

func ada() map[string]any {
	return map[string]any{
		"username": "ada", "email": "ada@example.org", "password": "analytical engine", "groups": []string{"maths"},
		"attributes": map[string]any{"given_name": "Ada", "langs": []any{"en", "fr"}, "age": 36, "member": true, "address": map[string]any{"locality": "London"}},
	}
}

func TestANewUserCanSignInAndNeverShowsAPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.call("POST", users, ada()).want(http.StatusCreated)
	id := a.str("id")
	if a.str("username") != "ada" || a.body["has_password"] != true || a.header.Get("Location") != issuer+users+"/"+id {
		t.Errorf("answer %s", a.raw)
	}
	u, err := w.store.User(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	want := idp.Attributes{
		"given_name": {"Ada"}, "langs": {"en", "fr"}, "age": {float64(36)}, "member": {true}, "address": {map[string]any{"locality": "London"}},
	}
	if !reflect.DeepEqual(u.Attributes, want) {
		t.Errorf("attributes %#v", u.Attributes)
	}
	if ok, _, err := userdir.VerifyPassword(u.PasswordHash, "analytical engine"); !ok || err != nil {
		t.Errorf("password: %v", err)
	}
	for _, answer := range []answer{a, w.call("GET", users+"/"+id, nil), w.call("GET", users, nil)} {
		if strings.Contains(answer.raw, "argon2") || strings.Contains(answer.raw, "analytical") {
			t.Errorf("a secret is in %s", answer.raw)
		}
	}
	back := w.call("GET", users+"/"+id, nil).body["attributes"]
	if !reflect.DeepEqual(back, map[string]any{"given_name": "Ada", "langs": []any{"en", "fr"}, "age": float64(36), "member": true, "address": map[string]any{"locality": "London"}}) {
		t.Errorf("attributes come back as %v", back)
	}
}

func TestBadUsersAreRefusedByPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.call("POST", users, ada()).want(http.StatusCreated)
	bob := func(more ...any) map[string]any { return with(map[string]any{"username": "bob"}, more...) }
	attribute := func(name string, v any) map[string]any { return bob("attributes", map[string]any{name: v}) }
	for _, c := range []struct {
		name string
		body any
		want string
	}{
		{"no username", map[string]any{"email": "a@b.example"}, "422 Expected required property username to be present. pointer=#"},
		{"an empty username", map[string]any{"username": ""}, "422 Expected length >= 1. pointer=#/username"},
		{"space around the username", map[string]any{"username": " bob"}, "422 A username has 1 to 256 bytes, no control characters and no space around it. pointer=#/username"},
		{"a NUL in the username", map[string]any{"username": "bo\x00b"}, "422 A username has 1 to 256 bytes, no control characters and no space around it. pointer=#/username"},
		{"a taken username in other case", map[string]any{"username": "ADA"}, "409 There is a user with this username already. pointer=#/username"},
		{"an email with a name", bob("email", "Bob <bob@example.org>"), "422 Expected an address such as ada@example.org. pointer=#/email"},
		{"a short password", bob("password", "hunter2"), "422 The password is too short: choose at least 8 characters. pointer=#/password"},
		{"two faults", bob("email", "x", "groups", []string{""}), "422 The request has 2 faults; errors names each. pointer=#/email pointer=#/groups/0"},
		{"an unknown member", bob("admin", true), "422 There is no member of this name; check its spelling. pointer=#/admin"},
		{"a plain password as hash", bob("password_hash", "hunter2"), "422 The password hash is of no form that can be verified here within the limits of cost"},
		{"a hash that takes 4 GiB", bob("password_hash", "$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"), "422 The password hash is of no form that can be verified here within the limits of cost"},
		{"nested arrays", attribute("a", []any{[]any{1}}), "422 An array holds texts, numbers, booleans or objects, not arrays. pointer=#/attributes/a"},
		{"a control character", attribute("a", "x\x01y"), "422 The text holds characters that XML cannot carry (control characters). pointer=#/attributes/a"},
		{"a control character deep inside", attribute("a", map[string]any{"b": "\x00"}), "422 The text holds characters that XML cannot carry (control characters). pointer=#/attributes/a"},
		{"a long text", attribute("a", strings.Repeat("x", 33<<10)), "422 A text has at most 32 KB. pointer=#/attributes/a"},
		{"an id that a float would change", `{"username":"bob","attributes":{"id":12345678901234567890}}`, "422 The number is too large to be kept exactly. Write it as a text. pointer=#/attributes/id"},
		{"a number beyond floats", `{"username":"bob","attributes":{"id":1e999}}`, "400 "},
		{"an attribute name with dots and slashes", attribute("a.b/c", "\x01"), "422 The text holds characters that XML cannot carry (control characters). pointer=#/attributes/a.b~1c"},
		{"an attribute without a name", attribute("", "x"), "422 An attribute name has 1 to 200 bytes and no control characters. pointer=#/attributes/"},
		{"objects in objects in objects", attribute("a", map[string]any{"b": map[string]any{"c": map[string]any{"d": map[string]any{"e": map[string]any{"f": 1}}}}}), "422 The value is nested too deeply. pointer=#/attributes/a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := w.call("POST", users, c.body)
			if !strings.HasPrefix(a.problem(), c.want) || strings.Contains(a.raw, "hunter2") {
				t.Errorf("got  %s\nwant %s", a.problem(), c.want)
			}
		})
	}
	if l := w.call("GET", users, nil); len(l.items()) != 1 {
		t.Errorf("a refused user was stored: %s", l.raw)
	}
}

// signedIn makes a user with a session and two grants.
func signedIn(t *testing.T, w *world) (id, session string, grants []string) {
	t.Helper()
	id = w.call("POST", users, ada()).want(http.StatusCreated).str("id")
	subject, err := w.store.Subject(t.Context(), "local", id, idp.NewID())
	if err != nil {
		t.Fatal(err)
	}
	s := idp.Session{ID: idp.NewSecret(), SID: "sid-1", Subject: subject, AuthTime: w.now(), CreatedAt: w.now(), ExpiresAt: w.now().Add(time.Hour), Apps: []idp.SessionApp{{App: "wiki"}}}
	if err := w.store.CreateSession(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	return id, s.ID, []string{
		grantFor(t, w, idp.Grant{ClientID: "wiki", Subject: subject, SessionID: s.ID}),
		grantFor(t, w, idp.Grant{ClientID: "crm", Subject: subject}),
	}
}

func (w *world) access(t *testing.T, session string, grants []string) string {
	t.Helper()
	out := "no session"
	if _, err := w.store.Session(t.Context(), session); err == nil {
		out = "session"
	}
	for _, id := range grants {
		g, err := w.store.Grant(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		out += fmt.Sprintf(", grant %q", g.Revoked)
	}
	return out
}

func TestWhatEndsAUsersAccess(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, method, body, want string }{
		{"disabling", "PATCH", `{"disabled":true}`, `no session, grant "user_disabled", grant "user_disabled"`},
		{"a new password", "PATCH", `{"password":"difference engine"}`, `no session, grant "password_changed", grant "password_changed"`},
		{"taking the password away", "PATCH", `{"password":null}`, `no session, grant "password_changed", grant "password_changed"`},
		{"deleting", "DELETE", "", `no session, grant "user_deleted", grant "user_deleted"`},
		{"a new name does not", "PATCH", `{"username":"countess"}`, `session, grant "", grant ""`},
		{"new attributes do not", "PATCH", `{"attributes":{"given_name":"Augusta"}}`, `session, grant "", grant ""`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id, session, grants := signedIn(t, w)
			var body any
			if c.body != "" {
				body = c.body
			}
			if a := w.call(c.method, users+"/"+id, body); a.status > 204 {
				t.Fatal(a.raw)
			}
			if got := w.access(t, session, grants); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// halfDown revokes nothing while it is down.
type halfDown struct {
	api.Records
	down *bool
}

func (h halfDown) RevokeGrants(ctx context.Context, f idp.GrantFilter, reason string, now time.Time) (int, error) {
	if *h.down {
		return 0, idp.ErrUnavailable
	}
	return h.Records.RevokeGrants(ctx, f, reason, now)
}

func TestDisablingAgainFinishesWhatAFailureLeft(t *testing.T) {
	t.Parallel()
	down := false
	w := newWorld(t, func(o *api.Options) { o.Records = halfDown{o.Records, &down} })
	id, session, grants := signedIn(t, w)
	down = true
	w.call("PATCH", users+"/"+id, `{"disabled":true}`).want(http.StatusServiceUnavailable)
	down = false
	w.call("PATCH", users+"/"+id, `{"disabled":true}`).want(http.StatusOK)
	if got := w.access(t, session, grants); !strings.HasPrefix(got, `no session, grant "user_disabled"`) {
		t.Error(got)
	}
}

func TestADeleteThatFailsCanBeRepeated(t *testing.T) {
	t.Parallel()
	down := true
	w := newWorld(t, func(o *api.Options) { o.Records = halfDown{o.Records, &down} })
	id, session, grants := signedIn(t, w)
	w.call("DELETE", users+"/"+id, nil).want(http.StatusServiceUnavailable)
	w.call("GET", users+"/"+id, nil).want(http.StatusOK) // still there, so it can be found again
	down = false
	w.call("DELETE", users+"/"+id, nil).want(http.StatusNoContent)
	if got := w.access(t, session, grants); !strings.HasPrefix(got, `no session`) {
		t.Error(got)
	}
}

func TestADeleteOfAnotherVersionEndsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, session, grants := signedIn(t, w)
	w.call("DELETE", users+"/"+id, nil, "If-Match", `"7"`).want(http.StatusPreconditionFailed)
	if got := w.access(t, session, grants); got != `session, grant "", grant ""` {
		t.Error(got)
	}
}

func TestPatchingAUserMergesAttributes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.call("POST", users, ada()).want(http.StatusCreated).str("id")
	a := w.call("PATCH", users+"/"+id, `{"attributes":{"langs":null,"title":["Countess"],"address":{"country":"GB"}},"groups":null}`).want(http.StatusOK)
	got, _ := json.Marshal(a.body["attributes"])
	if string(got) != `{"address":{"country":"GB","locality":"London"},"age":36,"given_name":"Ada","member":true,"title":"Countess"}` {
		t.Errorf("attributes %s", got)
	}
	if groups, _ := a.body["groups"].([]any); len(groups) != 0 || a.body["has_password"] != true {
		t.Errorf("answer %s", a.raw)
	}
	for _, c := range []struct{ body, want string }{
		{`{"username":null}`, "422 Expected required property username to be present. pointer=#"},
		{`{"password":"short"}`, "422 The password is too short: choose at least 8 characters. pointer=#/password"},
		{`{"id":"x"}`, "422 There is no member of this name; check its spelling. pointer=#/id"},
		{`{"attributes":{"n":12345678901234567890}}`, "422 The number is too large to be kept exactly. Write it as a text. pointer=#/attributes/n"},
	} {
		if a := w.call("PATCH", users+"/"+id, c.body); a.problem() != c.want {
			t.Errorf("%s: %s", c.body, a.problem())
		}
	}
}

func TestRenamingToATakenNameIsAConflict(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.call("POST", users, ada()).want(http.StatusCreated)
	id := w.call("POST", users, map[string]any{"username": "bob"}).want(http.StatusCreated).str("id")
	if a := w.call("PATCH", users+"/"+id, `{"username":"Ada"}`); a.problem() != "409 There is a user with this username already. pointer=#/username" {
		t.Error(a.problem())
	}
}

func TestSessionsAreListedAndEndedOneByOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, session, grants := signedIn(t, w)
	l := w.call("GET", "/api/v1/sessions?user="+id, nil).want(http.StatusOK)
	if items := l.items(); len(items) != 1 || items[0]["id"] != "sid-1" || strings.Contains(l.raw, session) {
		t.Fatalf("sessions %s", l.raw)
	}
	if a := w.call("DELETE", "/api/v1/sessions/other?user="+id, nil); a.problem() != `404 There is no session "other".` {
		t.Error(a.problem())
	}
	w.call("DELETE", "/api/v1/sessions/sid-1?user="+id, nil).want(http.StatusNoContent)
	if got := w.access(t, session, grants); got != `no session, grant "session_ended", grant ""` {
		t.Error(got)
	}
}

func TestEventsNameWhoDidWhatAndHoldNoSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.call("POST", users, ada()).want(http.StatusCreated).str("id")
	w.call("DELETE", users+"/"+id, nil).want(http.StatusNoContent)
	l := w.call("GET", "/api/v1/events?limit=2", nil).want(http.StatusOK)
	items := l.items()
	if len(items) != 2 || items[0]["name"] != idp.EventUserDeleted || items[1]["name"] != idp.EventUserCreated {
		t.Fatalf("events %s", l.raw)
	}
	if actor, _ := items[0]["actor"].(string); !strings.HasPrefix(actor, "token:") || items[0]["support_code"] != "SUP-1" {
		t.Errorf("event %v", items[0])
	}
	rest := w.call("GET", "/api/v1/events?cursor="+l.str("next_cursor"), nil).want(http.StatusOK)
	if items := rest.items(); len(items) != 1 || items[0]["name"] != idp.EventTokenCreated || items[0]["actor"] != "test" {
		t.Errorf("the rest: %s", rest.raw)
	}
	for _, secret := range []string{w.token, idp.HashSecret(w.token), "analytical engine", "argon2"} {
		if strings.Contains(l.raw+rest.raw, secret) {
			t.Errorf("%q is in the audit log", secret)
		}
	}
}

// TestNamesAreStoredAsSignInComparesThem: "é" is one character or two, depending on the
// keyboard. Whoever was entered in one form must be able to sign in by the other.
func TestNamesAreStoredAsSignInComparesThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, err := w.admin.Local("test").CreateUser(t.Context(), api.NewUser{Username: "rene\u0301", Email: "rene\u0301@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	if made.Username != "ren\u00e9" || made.Email != "ren\u00e9@example.org" {
		t.Errorf("stored as %+q and %+q", made.Username, made.Email)
	}
}
