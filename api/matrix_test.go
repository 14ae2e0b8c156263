package api_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"cloudsso/api"
)

// matrix says for every operation who may call it. It is written by hand, so that a slip
// in the table of roles shows: o owner, a app admin, h help desk, r auditor.
var matrix = map[string]string{
	"create-client": "o", "list-clients": "oar", "read-client": "oar", "change-client": "oa", "delete-client": "o",
	"create-service-provider": "o", "list-service-providers": "oar", "read-service-provider": "oar",
	"replace-service-provider": "oa", "change-service-provider": "oa", "delete-service-provider": "o",
	"create-user": "o", "list-users": "ohr", "read-user": "ohr", "change-user": "o", "delete-user": "o",
	"list-sessions": "ohr", "delete-session": "oh",
	"search-people": "ohr", "unlock-person": "oh", "end-sessions": "oh", "revoke-grants": "oh", "create-sign-in-link": "oh",
	"list-keys": "oar", "rotate-key": "o", "activate-key": "o", "retire-key": "o",
	"list-events": "oahr", "read-trace": "oahr", "export-events": "oahr",
	"list-client-secrets": "oar", "rotate-client-secret": "oa", "delete-client-secret": "oa", "preview-app": "oar", "list-app-columns": "oar", "verify-app": "oar", "read-verification": "oar", "list-logout-deliveries": "oahr",
	"list-person-sessions": "ohr", "delete-person-session": "oh", "list-person-grants": "ohr", "list-person-consents": "ohr", "revoke-consent": "oh",
	"list-group-members": "ohr", "add-group-member": "o", "remove-group-member": "o",
	"list-groups": "ohr", "read-group": "ohr", "create-group": "o", "change-group": "o", "delete-group": "o",
	"import-key": "o", "list-key-apps": "oar", "deactivate-key": "o", "publish-key": "o", "preview-service-provider": "oa", "refresh-service-provider": "oa",
	"list-presets": "oar", "read-preset": "oar", "create-app": "o", "read-handover": "oar", "share-handover": "oa", "link-client-secret": "oa", "lint-app": "oar", "lint-apps": "oar", "probe-app": "oa",
	"list-apps": "oar", "read-app": "oar", "delete-app": "o", "explain-access": "ohr", "report-app-people": "ohr",
	"create-token-app": "o", "list-token-apps": "oar", "read-token-app": "oar", "change-token-app": "oa", "delete-token-app": "o", "rotate-token-app-key": "oa", "link-token-app-key": "oa",
	"read-person": "ohr", "merge-people": "o", "move-person": "o", "list-directories": "ohr", "validate-query": "ohr",
	"apply-documents": "o", "export-documents": "o",
	"list-tokens": "or", "create-token": "o", "revoke-token": "o",
	"list-admins": "or", "read-admin": "or", "create-admin": "o", "change-admin": "o", "delete-admin": "o",
}

var letters = map[string]string{api.RoleOwner: "o", api.RoleAppAdmin: "a", api.RoleHelpDesk: "h", api.RoleAuditor: "r", api.RoleRegistration: "-", "gardener": "-"}

type operation struct {
	id, method, path string
	roles            []string
}

// published operations, from the document, so that no new one can be missed.
func publishedOperations(t *testing.T) (out []operation) {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string   `json:"operationId"`
			Roles       []string `json:"x-roles"`
		}
	}
	if err := json.Unmarshal(api.OpenAPI(), &doc); err != nil {
		t.Fatal(err)
	}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			out = append(out, operation{op.OperationID, strings.ToUpper(method), path, op.Roles})
		}
	}
	return out
}

func TestEveryRoleMayDoWhatTheMatrixSaysAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tokens := map[string]string{}
	for role := range letters {
		tokens[role] = w.tokenOf(role, "wiki")
	}
	ops := publishedOperations(t)
	for _, op := range ops {
		allowed, known := matrix[op.id]
		if !known {
			t.Errorf("%s (%s %s) is not in the matrix", op.id, op.method, op.path)
			continue
		}
		for role, letter := range letters {
			may := strings.Contains(allowed, letter)
			// A broken body: whoever may not ask learns nothing about it.
			a := w.call(op.method, strings.NewReplacer("{id}", "some-id", "{secret_id}", "some-secret", "{support_code}", "some-code").Replace(op.path), "{", "Authorization", "Bearer "+tokens[role])
			switch {
			case may && (a.status == http.StatusForbidden || a.status == http.StatusUnauthorized):
				t.Errorf("%s as %s: %s", op.id, role, a.problem())
			case !may && a.status != http.StatusForbidden:
				t.Errorf("%s as %s: status %d, want 403", op.id, role, a.status)
			case !may && !strings.HasPrefix(a.problem(), "403 The role "+role+" does not allow that. It takes one of: owner"):
				t.Errorf("%s as %s: %s", op.id, role, a.problem())
			case !may && a.header.Get("WWW-Authenticate") != `Bearer realm="cloudsso admin API", error="insufficient_scope"`:
				t.Errorf("%s as %s: WWW-Authenticate %q", op.id, role, a.header.Get("WWW-Authenticate"))
			}
			if _, real := letters[role]; real && role != "gardener" && slices.Contains(op.roles, role) != may {
				t.Errorf("%s: x-roles %v in the document, the matrix says %q", op.id, op.roles, allowed)
			}
		}
	}
	if len(ops) != len(matrix) {
		t.Errorf("%d operations, %d in the matrix", len(ops), len(matrix))
	}
}

// Attack: an app admin tries rows until they have read everybody's data.
func TestAnAppAdminPreviewsNobodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.call("POST", clients, with(wiki(), "client_id", "wiki")).want(http.StatusCreated)
	w.person("ada", "")
	got := w.call("POST", "/api/v1/apps/wiki/preview", map[string]any{"user": "ada"}, "Authorization", "Bearer "+w.tokenOf(api.RoleAppAdmin, "wiki")).problem()
	if got != "403 You may try this with your own account only." {
		t.Error(got)
	}
}

// Attack: the same with test sign-ins, and by opening the results of others.
func TestAnAppAdminTestsAsNobodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.call("POST", clients, with(wiki(), "client_id", "wiki")).want(http.StatusCreated)
	w.call("POST", clients, with(wiki(), "client_id", "crm")).want(http.StatusCreated)
	w.person("ada", "")
	mine := []string{"Authorization", "Bearer " + w.tokenOf(api.RoleAppAdmin, "wiki")}
	for _, c := range []struct{ method, path, want string }{
		{"POST", "/api/v1/apps/wiki/verify", "403 You may try this with your own account only."},
		{"POST", "/api/v1/apps/crm/verify", `404 There is no app "crm".`},
		{"GET", "/api/v1/apps/wiki/verify/K7QF-2M9D", "404 There is no test of this app with this support code, or its result has expired."},
		{"GET", "/api/v1/apps/crm/verify/K7QF-2M9D", "404 There is no test of this app with this support code, or its result has expired."},
	} {
		var body any
		if c.method == "POST" {
			body = map[string]any{"user": "ada"}
		}
		if got := w.call(c.method, c.path, body, mine...).problem(); got != c.want {
			t.Errorf("%s %s: %s", c.method, c.path, got)
		}
	}
	for body, want := range map[string]string{`{}`: "422", `{"user":"nobody"}`: "422 No directory knows this person", `{"user":"ada","token":"x"}`: "422"} {
		if got := w.call("POST", "/api/v1/apps/wiki/verify", body).problem(); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s", body, got)
		}
	}
}

// An app admin may call these, for their own apps: those of others are as good as none.
func TestAnAppAdminSeesNoAppsButTheirOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, id := range []string{"wiki", "crm", "zoo"} {
		w.call("POST", clients, with(wiki(), "client_id", id)).want(http.StatusCreated)
	}
	for _, host := range []string{"hr.example", "pay.example"} {
		w.call("POST", sps, map[string]any{"metadata_xml": metadata("https://"+host, "https://"+host+"/acs")}).want(http.StatusCreated)
	}
	mine := []string{"Authorization", "Bearer " + w.tokenOf(api.RoleAppAdmin, "wiki", "zoo", "hr-example", "gone")}
	for _, path := range []string{clients + "/wiki", clients + "/zoo", sps + "/hr-example"} {
		w.call("GET", path, nil, mine...).want(http.StatusOK)
		w.call("PATCH", path, map[string]any{"disabled": true}, mine...).want(http.StatusOK)
	}
	for _, c := range []struct{ method, path, what string }{
		{"GET", clients + "/crm", `client "crm"`}, {"PATCH", clients + "/crm", `client "crm"`},
		{"GET", sps + "/pay-example", `service provider "pay-example"`}, {"PATCH", sps + "/pay-example", `service provider "pay-example"`},
		{"PUT", sps + "/pay-example", `service provider "pay-example"`},
		{"GET", clients + "/crm/secrets", `client "crm"`}, {"POST", clients + "/crm/secrets", `client "crm"`}, {"DELETE", clients + "/crm/secrets/x", `client "crm"`},
	} {
		var body any
		if c.method != "GET" && c.method != "DELETE" {
			body = map[string]any{}
		}
		if c.method == "PUT" {
			body = map[string]any{"metadata_xml": metadata("https://evil.example", "https://evil.example/acs")}
		}
		foreign := w.call(c.method, c.path, body, mine...)
		if want := "404 There is no " + c.what + "."; foreign.problem() != want {
			t.Errorf("%s %s: %s, want %s", c.method, c.path, foreign.problem(), want)
		}
	}
	for path, want := range map[string][]string{clients: {"wiki", "zoo"}, clients + "?limit=1": {"wiki"}, sps: {"hr-example"}} {
		a := w.call("GET", path, nil, mine...).want(http.StatusOK)
		var got []string
		for _, item := range a.items() {
			id, _ := item["client_id"].(string)
			if id == "" {
				id = item["app"].(string)
			}
			got = append(got, id)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
		if next := a.str("next_cursor"); (next != "") != strings.Contains(path, "limit") {
			t.Errorf("%s: next_cursor %q", path, next)
		} else if next != "" {
			if rest := w.call("GET", path+"&cursor="+next, nil, mine...).items(); len(rest) != 1 || rest[0]["client_id"] != "zoo" {
				t.Errorf("the second part: %v", rest)
			}
		}
	}
	w.call("PATCH", clients+"/crm", map[string]any{"client_name": "x"}).want(http.StatusOK)
	for _, app := range []string{"crm", "pay-example", "nothing"} {
		if got := w.call("POST", "/api/v1/apps/"+app+"/preview", map[string]any{"user": "ada"}, mine...).problem(); got != `404 There is no app "`+app+`".` {
			t.Errorf("preview of %s: %s", app, got)
		}
	}
	if got := w.call("GET", "/api/v1/logout-deliveries?app=crm", nil, mine...).problem(); got != `422 There is no app "crm" among yours. parameter=app` {
		t.Error(got)
	}
	if got := w.call("GET", "/api/v1/events", nil, mine...).problem(); got != "422 Name one of your apps. parameter=app" {
		t.Error(got)
	}
	if got := w.call("GET", "/api/v1/events?app=crm", nil, mine...).problem(); got != `422 There is no app "crm" among yours. parameter=app` {
		t.Error(got)
	}
	for _, e := range w.call("GET", "/api/v1/events?app=wiki", nil, mine...).items() {
		if e["app"] != "wiki" {
			t.Errorf("an Event of another app: %v", e)
		}
	}
	only := []string{"Authorization", "Bearer " + w.tokenOf(api.RoleAppAdmin, "wiki")}
	if list := w.call("GET", "/api/v1/events", nil, only...).items(); len(list) != 2 {
		t.Errorf("the Events of their one app: %v", list)
	}
}
