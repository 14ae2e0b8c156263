package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"cloudsso/api"
)

// matrix says for every operation who may call it, and how. It is written by hand, so that
// a slip in the table of roles shows: o owner, a app admin, h help desk, r auditor.
var matrix = map[string]matrixRow{
	"create-client": {
		roles: "o", body: `{"redirect_uris":["https://new.example/cb"]}`, bad: refusals{
			{`{"redirect_uris":["http://new.example/cb"]}`, `422 The redirect URI "http://new.example/cb" cannot be used: it must be https (http is for native applications on 127.0.0.1 or [::1] only). pointer=#/redirect_uris`},
			{`{"client_id":"wiki","redirect_uris":["https://new.example/cb"]}`, `409 There is a client or another app with this client_id already. pointer=#/client_id`},
		},
	},
	"list-clients": {roles: "oar"},
	"read-client":  {roles: "oar", none: []string{`There is no client "$it".`}},
	"change-client": {
		roles: "oa", body: `{"client_name":"Handbook"}`, none: []string{`There is no client "$it".`}, bad: refusals{
			{`{"redirect_uris":["/cb"]}`, `422 The redirect URI "/cb" cannot be used: it is not an absolute URI. pointer=#/redirect_uris`},
			{`{"client_id":"other"}`, `422 There is no member of this name; check its spelling. pointer=#/client_id`},
		},
	},
	"delete-client":       {roles: "o", none: []string{`There is no client "$it".`}},
	"list-client-secrets": {roles: "oar", none: []string{`There is no client "$it".`}},
	"rotate-client-secret": {
		roles: "oa", body: `{"expire_older_in":3600}`, none: []string{`There is no client "$it".`}, bad: refusals{
			{`{"expire_older_in":-1}`, `422 Expected number >= 0. pointer=#/expire_older_in`},
		},
	},
	"delete-client-secret": {roles: "oa", none: []string{`There is no client "$it".`, `The client has no secret "$it". List its secrets to see which there are.`}, before: twoSecrets},
	"link-client-secret": {
		roles: "oa", body: `{"value":"$secret"}`, none: []string{`There is no client "$it".`, `The client has no secret "$it". List its secrets to see which there are, or use "new".`}, bad: refusals{
			{`{"value":"a guess of somebody"}`, `422 This is not the value of that secret. pointer=#/value`},
		},
	},
	"create-service-provider": {
		roles: "o", body: `{"entity_id":"https://new.example","acs":["https://new.example/acs"]}`, bad: refusals{
			{`{"metadata_xml":"<html>"}`, `422 Line 1: this is not SAML metadata. pointer=#/metadata_xml`},
			{`{"entity_id":"https://hr.example","acs":["https://hr.example/acs"]}`, `409 The entity ID https://hr.example is registered already, as app hr-example. PUT /api/v1/service-providers/hr-example replaces it. pointer=#/entity_id`},
		},
	},
	"list-service-providers": {roles: "oar"},
	"read-service-provider":  {roles: "oar", none: []string{`There is no service provider "$it".`}},
	"replace-service-provider": {
		roles: "oa", body: `{"entity_id":"https://hr.example","acs":["https://hr.example/other"]}`, none: []string{`There is no service provider "$it".`}, bad: refusals{
			{`{"entity_id":"https://hr.example","acs":["http://hr.example/acs"]}`, `422 An ACS address must be https. pointer=#/acs/0/location`},
		},
	},
	"change-service-provider": {
		roles: "oa", body: `{"name":"Human Resources"}`, none: []string{`There is no service provider "$it".`}, bad: refusals{
			{`{"acs":[]}`, `422 There is no member of this name; check its spelling. pointer=#/acs`},
		},
	},
	"delete-service-provider": {roles: "o", none: []string{`There is no service provider "$it".`}},
	"preview-service-provider": {
		roles: "oa", body: `{"metadata_url":"https://hr.example/metadata"}`, bad: refusals{
			{`{"metadata_xml":"<html>"}`, `422 Line 1: this is not SAML metadata. pointer=#/metadata_xml`},
		},
	},
	"refresh-service-provider": {roles: "oa", none: []string{`There is no service provider "$it".`}},
	"create-token-app": {
		roles: "o", body: `{"name":"Forum","return_url":"https://forum.example/jwt"}`, bad: refusals{
			{`{"name":"Forum","return_url":"http://forum.example/jwt"}`, `422 The address "http://forum.example/jwt" cannot be used: it must be https. pointer=#/return_url`},
			{`{"app":"wiki","return_url":"https://forum.example/jwt"}`, `409 There is an app called wiki already. Choose another name in app. pointer=#/app`},
		},
	},
	"list-token-apps": {roles: "oar"},
	"read-token-app":  {roles: "oar", none: []string{`There is no token app "$it".`}},
	"change-token-app": {
		roles: "oa", body: `{"lifetime":60}`, none: []string{`There is no token app "$it".`}, bad: refusals{
			{`{"return_url":"javascript:alert(1)"}`, `422 The address "javascript:alert(1)" cannot be used: it has no host. pointer=#/return_url`},
			{`{"shared_key":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}`, `422 There is no member of this name; check its spelling. pointer=#/shared_key`},
		},
	},
	"delete-token-app": {roles: "o", none: []string{`There is no token app "$it".`}},
	"rotate-token-app-key": {
		roles: "oa", body: `{}`, none: []string{`There is no token app "$it".`}, bad: refusals{
			{`{"shared_key":"short"}`, `422 Expected length >= 32. pointer=#/shared_key`},
		},
	},
	"link-token-app-key": {roles: "oa", body: `{}`, none: []string{`There is no token app "$it".`}},
	"list-apps":          {roles: "oar"},
	"read-app":           {roles: "oar", none: []string{`There is no app "$it".`}},
	"delete-app":         {roles: "o", none: []string{`There is no app "$it".`}},
	"create-app": {
		roles: "o", body: `{"preset":"web-app","name":"Shop","answers":{"redirects":"https://shop.example/cb"}}`, bad: refusals{
			{`{"preset":"nothing"}`, `422 There is no preset "nothing". GET /api/v1/presets lists them. pointer=#/preset`},
			{`{"preset":"web-app","answers":{}}`, `422 Redirect URIs, one a line: an answer is needed, such as https://app.example.com/callback pointer=#/answers/redirects`},
			{`{"preset":"web-app","answers":{"redirects":"https://a.example/","nonsense":"x"}}`, `422 The preset web-app does not ask for "nonsense". pointer=#/answers`},
		},
	},
	"explain-access": {roles: "ohr", query: "?user=ada", none: []string{`There is no app "$it".`}},
	"list-app-columns": {
		roles: "oar", body: `{"user":"ada"}`, none: []string{`There is no app "$it".`}, bad: refusals{
			{`{"user":"nobody"}`, `422 No directory knows this person: give a user name, the id of a built-in user, or a subject. pointer=#/user`},
		},
	},
	"read-handover":      {roles: "oar", none: []string{`There is no app "$it".`}},
	"share-handover":     {roles: "oa", body: `{"expires_in":600}`, none: []string{`There is no app "$it".`}},
	"end-handover-links": {roles: "oa", none: []string{`There is no app "$it".`}},
	"lint-app":           {roles: "oar", none: []string{`There is no app "$it".`}},
	"lint-apps":          {roles: "oar"},
	"report-app-people":  {roles: "ohr", none: []string{`There is no app "$it".`}},
	"preview-app": {
		roles: "oar", body: `{"user":"ada"}`, none: []string{`There is no app "$it".`}, bad: refusals{
			{`{"user":"nobody"}`, `422 No directory knows this person: give a user name, the id of a built-in user, or a subject. pointer=#/user`},
		},
	},
	"probe-app": {roles: "oa", body: `{}`, none: []string{`There is no app "$it".`}},
	"verify-app": {
		roles: "oar", body: `{"user":"ada"}`, none: []string{`There is no app "$it".`}, bad: refusals{
			{`{"user":"nobody"}`, `422 No directory knows this person: give a user name, the id of a built-in user, or a subject. pointer=#/user`},
		},
	},
	"read-verification": {roles: "oar", none: []string{`There is no test of this app with this support code, or its result has expired.`, `There is no test of this app with this support code, or its result has expired.`}, before: verified},
	"list-presets":      {roles: "oar"},
	"read-preset":       {roles: "oar", none: []string{`There is no preset "$it".`}},
	"create-user": {
		roles: "o", body: `{"username":"zoe"}`, bad: refusals{
			{`{"username":"ada"}`, `409 There is a user with this username already. pointer=#/username`},
			{`{"username":"zoe","email":"at home"}`, `422 Expected an address such as ada@example.org. pointer=#/email`},
			{`{"username":"zoe","password":"short"}`, `422 The password is too short: choose at least 8 characters. pointer=#/password`},
		},
	},
	"list-users": {roles: "ohr"},
	"read-user":  {roles: "ohr", none: []string{`There is no user "$it".`}},
	"change-user": {
		roles: "o", body: `{"email":"ada@example.com"}`, none: []string{`There is no user "$it".`}, bad: refusals{
			{`{"username":"bob"}`, `409 There is a user with this username already. pointer=#/username`},
			{`{"email":"at home"}`, `422 Expected an address such as ada@example.org. pointer=#/email`},
		},
	},
	"delete-user": {roles: "o", none: []string{`There is no user "$it".`}},
	"list-sessions": {
		roles: "ohr", query: "?user=$user", bad: refusals{
			{`?user=nobody`, `404 There is no user "nobody".`},
		},
	},
	"delete-session": {
		roles: "oh", query: "?user=$user", none: []string{`There is no session "$it".`}, bad: refusals{
			{`?user=nobody`, `404 There is no user "nobody".`},
			{`?user=$bob`, `404 There is no session "sid-ada".`},
		},
	},
	"search-people":         {roles: "ohr", query: "?q=ada"},
	"read-person":           {roles: "ohr", none: []string{`There is no person "$it".`}},
	"list-person-sessions":  {roles: "ohr", none: []string{`There is no person "$it".`}},
	"list-person-grants":    {roles: "ohr", none: []string{`There is no person "$it".`}},
	"list-person-consents":  {roles: "ohr", none: []string{`There is no person "$it".`}},
	"unlock-person":         {roles: "oh", body: `{}`, none: []string{`There is no person "$it".`}},
	"end-sessions":          {roles: "oh", body: `{}`, none: []string{`There is no person "$it".`}},
	"revoke-grants":         {roles: "oh", body: `{"app":"wiki"}`, none: []string{`There is no person "$it".`}},
	"create-sign-in-link":   {roles: "oh", body: `{}`, none: []string{`There is no person "$it".`}},
	"delete-person-session": {roles: "oh", none: []string{`There is no person "$it".`, `There is no session "$it".`}},
	"revoke-consent":        {roles: "oh", none: []string{`There is no person "$it".`, `There is no client "$it".`}},
	"merge-people": {
		roles: "o", body: `{"from":"subject-eve"}`, none: []string{`There is no person "$it".`}, bad: refusals{
			{`{"from":"nobody"}`, `422 There is no person "nobody". pointer=#/from`},
			{`{"from":"subject-ada"}`, `422 A person cannot be merged with themselves. pointer=#/from`},
		},
	},
	"move-person": {
		roles: "o", body: `{"directory":"local","directory_id":"$eve"}`, none: []string{`There is no person "$it".`}, bad: refusals{
			{`{"directory":"nowhere","directory_id":"x"}`, `422 There is no directory "nowhere". pointer=#/directory`},
			{`{"directory":"local","directory_id":"nobody"}`, `422 The directory local has nobody with this id. pointer=#/directory_id`},
		},
	},
	"list-directories": {roles: "ohr"},
	"validate-query": {
		roles: "ohr", body: `{"user":"ada"}`, none: []string{`There is no directory "$it".`}, bad: refusals{
			{`{"user":"nobody"}`, `422 The directory knows nobody of the login "nobody". pointer=#/user`},
			{`{"user":"ada","query":"other"}`, `422 The directory local has no queries to choose from: leave the query out. pointer=#/query`},
		},
	},
	"list-groups": {roles: "ohr"},
	"read-group":  {roles: "ohr", none: []string{`There is no group "$it".`}},
	"create-group": {
		roles: "o", body: `{"name":"editors","parents":["staff"]}`, bad: refusals{
			{`{"name":"staff"}`, `409 There is a group with this name already. pointer=#/name`},
			{`{"name":"editors","parents":["editors"]}`, `422 The group would be in itself. Look at the parents of its parents. pointer=#/parents`},
		},
	},
	"change-group": {
		roles: "o", body: `{"description":"Everybody"}`, none: []string{`There is no group "$it".`}, bad: refusals{
			{`{"parents":["staff"]}`, `422 The group would be in itself. Look at the parents of its parents. pointer=#/parents`},
		},
	},
	"delete-group":       {roles: "o", none: []string{`There is no group "$it".`}},
	"list-group-members": {roles: "ohr", none: []string{``}},
	"add-group-member": {
		roles: "o", body: `{"user":"bob"}`, none: []string{`There is no group "$it".`}, bad: refusals{
			{`{"user":"nobody"}`, `422 There is no built-in user "nobody". People of other directories are in the groups that their directory says. pointer=#/user`},
		},
	},
	"remove-group-member":    {roles: "o", none: []string{`The user is not in the group "$it".`, `There is no user "$it".`}},
	"list-events":            {roles: "oahr"},
	"export-events":          {roles: "oahr"},
	"read-trace":             {roles: "oahr", none: []string{`There is no trace with this support code, or it has expired.`}},
	"list-logout-deliveries": {roles: "oahr"},
	"list-keys":              {roles: "oar"},
	"list-key-apps":          {roles: "oar", none: []string{`There is no SAML key "$it". List the keys to see which there are.`}},
	"rotate-key": {
		roles: "o", body: `{"use":"saml"}`, ring: true, bad: refusals{
			{`{"use":"enc"}`, `422 There are no keys for the use "enc" with the algorithm "RS256". There are: sig RS256, sig ES256, sig PS256, sig EdDSA, sig RS384, sig RS512, sig PS384, sig PS512, sig ES384, sig ES512, saml RS256, saml ES256, token HS256. pointer=#/use`},
			{`{"use":"saml","app":"nothing"}`, `422 There is no service provider "nothing". pointer=#/app`},
		},
	},
	"import-key": {
		roles: "o", body: `{"private_key":$key,"certificate":$certificate}`, ring: true, before: madeElsewhere, bad: refusals{
			{`{"private_key":"x","certificate":"y"}`, `422 Expected one private key in PEM form (PKCS #8, or RSA or EC), without a password. pointer=#/private_key`},
			{`{"private_key":$key,"certificate":$certificate,"app":"nothing"}`, `422 There is no service provider "nothing". pointer=#/app`},
		},
	},
	"activate-key":   {roles: "o", body: `{"now":true}`, none: []string{`There is no key "$it". List the keys to see which there are.`}, ring: true, before: rotated},
	"deactivate-key": {roles: "o", none: []string{`There is no key "$it". List the keys to see which there are.`}, ring: true, before: signsForOne},
	"retire-key":     {roles: "o", body: `{}`, none: []string{`There is no key "$it". List the keys to see which there are.`}, ring: true, before: rotated},
	"publish-key":    {roles: "o", none: []string{`There is no key "$it". List the keys to see which there are.`}, ring: true, before: retired},
	"apply-documents": {
		roles: "o", body: `{"source":"conf","documents":[{"kind":"Group","file":"a.yaml","body":{"name":"writers"}}]}`, bad: refusals{
			{`{"source":"conf","documents":[{"kind":"Robot","file":"a.yaml","body":{}}]}`, `422 Expected value to be one of "Group, User, Client, ServiceProvider, TokenApp". pointer=#/documents/0/kind`},
		},
	},
	"export-documents": {roles: "o"},
	"list-tokens":      {roles: "or"},
	"create-token": {
		roles: "o", body: `{"role":"auditor","expires_in":600}`, bad: refusals{
			{`{"role":"auditor","expires_in":1}`, `422 Expected number >= 60. pointer=#/expires_in`},
			{`{"role":"app_admin"}`, `422 The role app_admin needs apps: the client_ids and slugs of the apps that it is for. pointer=#/apps`},
		},
	},
	"revoke-token": {roles: "o", none: []string{`There is no token "$it".`}},
	"list-admins":  {roles: "or"},
	"read-admin":   {roles: "or", none: []string{`There is no admin "$it".`}},
	"create-admin": {
		roles: "o", body: `{"subject":"subject-ada","role":"auditor"}`, bad: refusals{
			{`{"subject":"nobody","role":"auditor"}`, `422 There is no person "nobody". pointer=#/subject`},
			{`{"subject":"subject-bob","role":"auditor"}`, `409 This person is an admin already. Change their role instead. pointer=#/subject`},
			{`{"role":"auditor"}`, `422 Give one of: subject, or username of a built-in user. pointer=#/subject`},
		},
	},
	"change-admin": {
		roles: "o", body: `{"role":"auditor"}`, none: []string{`There is no admin "$it".`}, bad: refusals{
			{`{"role":"app_admin"}`, `422 The role app_admin needs apps: the client_ids and slugs of the apps that it is for. pointer=#/apps`},
		},
	},
	"delete-admin": {roles: "o", none: []string{`There is no admin "$it".`}},
}

var letters = map[string]string{api.RoleOwner: "o", api.RoleAppAdmin: "a", api.RoleHelpDesk: "h", api.RoleAuditor: "r", api.RoleRegistration: "-", "gardener": "-"}

func TestEveryRoleMayDoWhatTheMatrixSaysAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tokens := map[string]string{}
	for role := range letters {
		tokens[role] = w.tokenOf(role, "wiki")
	}
	for _, op := range operations() {
		allowed := matrix[op.ID].roles
		for role, letter := range letters {
			may := strings.Contains(allowed, letter)
			// A broken body: whoever may not ask learns nothing about it.
			a := w.call(op.method, op.somewhere(), "{", "Authorization", "Bearer "+tokens[role])
			switch {
			case may && (a.status == http.StatusForbidden || a.status == http.StatusUnauthorized):
				t.Errorf("%s as %s: %s", op.ID, role, a.problem())
			case !may && a.status != http.StatusForbidden:
				t.Errorf("%s as %s: status %d, want 403", op.ID, role, a.status)
			case !may && !strings.HasPrefix(a.problem(), "403 The role "+role+" does not allow that. It takes one of: owner"):
				t.Errorf("%s as %s: %s", op.ID, role, a.problem())
			case !may && a.header.Get("WWW-Authenticate") != `Bearer realm="cloudsso admin API", error="insufficient_scope"`:
				t.Errorf("%s as %s: WWW-Authenticate %q", op.ID, role, a.header.Get("WWW-Authenticate"))
			}
			if _, real := letters[role]; real && role != "gardener" && slices.Contains(op.Roles, role) != may {
				t.Errorf("%s: x-roles %v in the document, the matrix says %q", op.ID, op.Roles, allowed)
			}
		}
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
