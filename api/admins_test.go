package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"cloudsso/api"
	"cloudsso/idp"
)

const (
	adminsPath = "/api/v1/admins"
	tokensPath = "/api/v1/tokens"
)

func TestAnAdminIsMadeChangedAndRemoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada, boss := w.person("ada", ""), w.person("boss", "")
	w.hire(boss, api.RoleOwner)
	a := w.call("POST", adminsPath, map[string]any{"username": "ADA", "role": "app_admin", "apps": []string{"wiki"}}).want(http.StatusCreated)
	if a.str("subject") != ada || a.str("login") != "ada" || a.header.Get("Location") != issuer+adminsPath+"/"+ada || a.header.Get("ETag") != `"1"` {
		t.Errorf("%s %v", a.raw, a.header)
	}
	if got := w.call("POST", adminsPath, map[string]any{"subject": ada, "role": "owner"}).problem(); got != "409 This person is an admin already. Change their role instead. pointer=#/subject" {
		t.Error(got)
	}
	at := adminsPath + "/" + ada
	if got := w.call("PATCH", at, map[string]any{"role": "auditor"}).problem(); got != "422 The role auditor is not for single apps. Leave apps out, or choose app_admin. pointer=#/apps" {
		t.Error(got)
	}
	w.call("PATCH", at, map[string]any{"role": "auditor", "apps": nil}, "If-Match", `"2"`).want(http.StatusPreconditionFailed)
	w.call("PATCH", at, map[string]any{"role": "auditor", "apps": nil}, "If-Match", `"1"`).want(http.StatusOK)
	if read := w.call("GET", at, nil).want(http.StatusOK); read.str("role") != "auditor" || read.body["apps"] != nil || read.header.Get("ETag") != `"2"` {
		t.Error(read.raw)
	}
	if list := w.call("GET", adminsPath+"?limit=1", nil).want(http.StatusOK); len(list.items()) != 1 || list.str("next_cursor") == "" {
		t.Error(list.raw)
	}
	w.call("DELETE", at, nil, "If-Match", `"1"`).want(http.StatusPreconditionFailed)
	w.call("DELETE", at, nil).want(http.StatusNoContent)
	w.call("GET", at, nil).want(http.StatusNotFound)
	const last = "409 This is the last owner. Make somebody else an owner first."
	if got := w.call("DELETE", adminsPath+"/"+boss, nil).problem(); got != last {
		t.Error(got)
	}
	if got := w.call("PATCH", adminsPath+"/"+boss, map[string]any{"role": "auditor"}).problem(); got != last {
		t.Error(got)
	}
	for _, want := range []string{idp.EventAdminCreated, idp.EventAdminUpdated, idp.EventAdminDeleted} {
		if !slices.Contains(w.eventNames(), want) {
			t.Errorf("%s is not on record", want)
		}
	}
}

func TestAnAdminIsRefusedUnlessItMakesSense(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.person("ada", "")
	for _, c := range []struct {
		name string
		body any
		want string
	}{
		{"nobody", map[string]any{"role": "owner"}, "422 Give one of: subject, or username of a built-in user. pointer=#/subject"},
		{"two people", map[string]any{"role": "owner", "subject": "x", "username": "ada"}, "422 Give one of: subject, or username of a built-in user. pointer=#/subject"},
		{"an unknown subject", map[string]any{"role": "owner", "subject": "x"}, `422 There is no person "x". pointer=#/subject`},
		{"an unknown user", map[string]any{"role": "owner", "username": "x"}, `422 There is no built-in user "x". pointer=#/username`},
		{"an app admin of nothing", map[string]any{"role": "app_admin", "username": "ada"}, "422 The role app_admin needs apps: the client_ids and slugs of the apps that it is for. pointer=#/apps"},
		{"a role of tokens", map[string]any{"role": "registration", "username": "ada"}, `422 Expected value to be one of "owner, app_admin, help_desk, auditor". pointer=#/role`},
		{"no role", map[string]any{"username": "ada"}, "422 Expected required property role to be present. pointer=#"},
	} {
		if got := w.call("POST", adminsPath, c.body).problem(); got != c.want {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}

func TestATokenIsShownOnceListedAndRevoked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.call("POST", tokensPath, map[string]any{"role": "app_admin", "apps": []string{"wiki"}, "name": "deployment", "expires_in": 7200}).want(http.StatusCreated)
	mine := []string{"Authorization", "Bearer " + made.str("token")}
	find := func() map[string]any {
		for _, item := range w.call("GET", tokensPath, nil).want(http.StatusOK).items() {
			if item["id"] == made.str("id") {
				return item
			}
		}
		return nil
	}
	if got := find(); got["token"] != nil || got["name"] != "deployment" || got["last_used_at"] != nil || got["created_by"] == "" {
		t.Errorf("listed as %v", got)
	}
	w.advance(10 * time.Second)
	used := w.now()
	w.call("GET", clients, nil, mine...).want(http.StatusOK)
	w.advance(4 * time.Minute)
	w.call("GET", clients, nil, mine...).want(http.StatusOK)
	if got := find()["last_used_at"]; got != used.Format(time.RFC3339) {
		t.Errorf("last used %v, want %v: to five minutes", got, used)
	}
	w.advance(time.Minute)
	w.call("GET", clients, nil, mine...).want(http.StatusOK)
	if got := find()["last_used_at"]; got != w.now().Format(time.RFC3339) {
		t.Errorf("last used %v", got)
	}
	w.call("DELETE", tokensPath+"/"+made.str("id"), nil).want(http.StatusNoContent)
	if got := w.call("GET", clients, nil, mine...).problem(); got != deadToken {
		t.Error(got)
	}
	if got := w.call("DELETE", tokensPath+"/"+made.str("id"), nil).problem(); got != `404 There is no token "`+made.str("id")+`".` {
		t.Error(got)
	}
	if def := w.call("POST", tokensPath, map[string]any{"role": "auditor"}).want(http.StatusCreated); def.str("expires_at") != w.now().Add(30*24*time.Hour).Format(time.RFC3339) {
		t.Errorf("by default until %s", def.str("expires_at"))
	}
}

func TestEventsAreFilteredAndDownloaded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.person("ada", "")
	w.hire(ada, api.RoleOwner)
	w.call("POST", clients, with(wiki(), "client_id", "wiki")).want(http.StatusCreated)
	half := w.now().Add(time.Minute)
	w.advance(2 * time.Minute)
	w.call("PATCH", clients+"/wiki", map[string]any{"client_name": "W"}).want(http.StatusOK)
	for query, want := range map[string]string{
		"name=admin.created":                          "admin.created",
		"subject=" + ada:                              "admin.created",
		"app=wiki":                                    "client.updated client.created",
		"app=wiki&name=client.created":                "client.created",
		"support_code=NONE-1":                         "",
		"app=wiki&since=" + half.Format(time.RFC3339): "client.updated",
		"app=wiki&until=" + half.Format(time.RFC3339): "client.created",
	} {
		var got []string
		for _, e := range w.call("GET", "/api/v1/events?"+query, nil).want(http.StatusOK).items() {
			got = append(got, e["name"].(string))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", query, got, want)
		}
		if got := w.lines("/api/v1/events/export?" + query); strings.Join(got, " ") != want {
			t.Errorf("export of %s: %v, want %s", query, got, want)
		}
	}
	for query, want := range map[string]string{
		"since=2026-11-21T10:00:00Z&until=2026-11-21T09:00:00Z": "422 There is no time between since and until: since must be the earlier one. parameter=since",
		"cursor=bm90LWFuLWV2ZW50":                               "422 This cursor is not one of ours. Use next_cursor of the part before, or start without a cursor. parameter=cursor",
	} {
		if got := w.call("GET", "/api/v1/events?"+query, nil).problem(); got != want {
			t.Errorf("%s: %s", query, got)
		}
	}
	w.call("GET", "/api/v1/events?since=yesterday", nil).want(http.StatusUnprocessableEntity)
}

// lines are the names of the Events of a download.
func (w *world) lines(path string) (names []string) {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), http.MethodGet, path, nil)
	r.Header.Set("Authorization", "Bearer "+w.token)
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	if rec.Code != http.StatusOK || !strings.HasPrefix(rec.Header().Get("Content-Type"), "text/jsonl") || !strings.Contains(rec.Header().Get("Content-Disposition"), "events.jsonl") {
		w.t.Fatalf("%d %v", rec.Code, rec.Header())
	}
	for line := range strings.Lines(rec.Body.String()) {
		var e idp.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			w.t.Fatalf("line %q: %v", line, err)
		}
		names = append(names, e.Name)
	}
	return names
}

func TestAPersonIsAnActorByTheirRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada, bob := w.person("ada", ""), w.person("bob", "")
	w.hire(ada, api.RoleAuditor)
	actor, err := w.admin.Person(t.Context(), ada)
	if err != nil || actor.Role() != api.RoleAuditor {
		t.Fatalf("%v, %v", actor.Role(), err)
	}
	if _, err := actor.AppsReader(); err != nil {
		t.Error(err)
	}
	if _, err := actor.Owner(); idp.AsError(err).Code != idp.Forbidden {
		t.Errorf("an auditor is an owner: %v", err)
	}
	if _, err := w.admin.Person(t.Context(), bob); idp.AsError(err).Code != idp.Forbidden {
		t.Errorf("somebody without a role: %v", err)
	}
	if _, err := actor.Registrar(); err == nil {
		t.Error("an auditor lets clients register")
	}
	reg, err := w.admin.Authenticate(t.Context(), w.tokenOf(api.RoleRegistration))
	if err != nil {
		t.Fatal(err)
	}
	if who, err := reg.Registrar(); err != nil || !strings.HasPrefix(who, "token:") {
		t.Errorf("%q, %v", who, err)
	}
}
