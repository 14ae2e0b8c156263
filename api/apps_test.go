package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/mapping"
)

// happened writes Events about an app, each a minute after the one before.
func (w *world) happened(app string, events ...idp.Event) {
	w.t.Helper()
	for _, e := range events {
		w.advance(time.Minute)
		e.ID, e.App, e.Time = idp.NewID(), app, w.now()
		if err := w.store.AppendEvent(w.t.Context(), e); err != nil {
			w.t.Fatal(err)
		}
	}
}

func TestTheListOfAppsOfAllKinds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.call("POST", clients, with(with(wiki(), "client_id", "wiki"), "description", "What we know")).want(http.StatusCreated)
	w.call("POST", clients, with(with(wiki(), "client_id", "crm"), "assigned", map[string]any{"groups": []string{"sales"}, "users": []string{"ada", "bob"}})).want(http.StatusCreated)
	w.call("POST", sps, map[string]any{"metadata_xml": metadata("https://hr.example", "https://hr.example/acs"), "disabled": true}).want(http.StatusCreated)
	w.call("POST", tokenApps, community()).want(http.StatusCreated)

	all := func(query string) (ids []string) {
		t.Helper()
		for cursor := ""; ; {
			a := w.call("GET", "/api/v1/apps?limit=2"+query+cursor, nil).want(http.StatusOK)
			for _, item := range a.items() {
				ids = append(ids, item["kind"].(string)+" "+item["app"].(string))
			}
			if a.str("next_cursor") == "" {
				return ids
			}
			cursor = "&cursor=" + a.str("next_cursor")
		}
	}
	for query, want := range map[string][]string{
		"":                        {"token_app community", "client crm", "service_provider hr-example", "client wiki"},
		"&query=WIKI":             {"client crm", "client wiki"}, // by their name
		"&query=wiki+crm":         {"client crm"},
		"&kind=token_app":         {"token_app community"},
		"&kind=client&query=zzz":  nil,
		"&query=community+commun": {"token_app community"},
	} {
		if got := all(query); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	crm := w.call("GET", "/api/v1/apps/crm", nil).want(http.StatusOK)
	if got := fmt.Sprint(crm.body["assigned"]); got != "map[everybody:false groups:1 users:2]" || crm.header.Get("ETag") != `"1"` || crm.str("launch_url") != issuer+"/launch/crm" {
		t.Errorf("%s", crm.raw)
	}
	hr := w.call("GET", "/api/v1/apps/hr-example", nil).want(http.StatusOK)
	if hr.body["disabled"] != true || hr.str("launch_url") != "" {
		t.Errorf("%s", hr.raw)
	}
	if got := w.call("GET", "/api/v1/apps/nothing", nil).problem(); got != `404 There is no app "nothing".` {
		t.Error(got)
	}
	if got := w.call("DELETE", "/api/v1/apps/crm", nil, "If-Match", `"9"`).want(http.StatusPreconditionFailed).problem(); !strings.Contains(got, "It has changed since you read it") {
		t.Error(got)
	}
	for _, id := range []string{"community", "crm", "hr-example", "wiki"} {
		w.call("DELETE", "/api/v1/apps/"+id, nil).want(http.StatusNoContent)
		w.call("DELETE", "/api/v1/apps/"+id, nil).want(http.StatusNotFound)
	}
	if got := all(""); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

func TestTheStatusOfAnApp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.call("POST", clients, with(wiki(), "client_id", "wiki")).want(http.StatusCreated)
	w.call("POST", tokenApps, community()).want(http.StatusCreated)
	status := func(app string) api.AppStatus {
		t.Helper()
		a, err := w.owner().App(t.Context(), app)
		if err != nil {
			t.Fatal(err)
		}
		return a.Status
	}
	if s := status("wiki"); s.State != "never_used" || s.LastSuccess != nil || s.LastFailure != nil {
		t.Errorf("%+v", s)
	}
	w.happened("wiki", idp.Event{Name: idp.EventAppVerifyFailed, Support: "V0"}, idp.Event{Name: idp.EventAppVerified, Support: "V1"})
	if s := status("wiki"); s.State != "verified" || s.Verified.Support != "V1" || s.VerifyFailed.Support != "V0" {
		t.Errorf("%+v", s)
	}
	w.happened("wiki", idp.Event{Name: idp.EventGrantCreated, Support: "S1", Subject: "s1"}, idp.Event{Name: idp.EventGrantCreated, Support: "S2"},
		idp.Event{Name: idp.EventRefreshDenied, Support: "F1", Detail: map[string]string{"reason": "disabled"}}, idp.Event{Name: idp.EventAccessDenied, Support: "F2"})
	w.happened("community", idp.Event{Name: idp.EventTokenAppRefused, Support: "F3", Detail: map[string]string{"reason": "Nothing fits."}})
	if s := status("wiki"); s.State != "used" || s.LastSuccess.Support != "S2" || s.LastFailure.Support != "F2" || s.LastFailure.At != w.now().Add(-time.Minute) {
		t.Errorf("%+v %+v", s.LastSuccess, s.LastFailure)
	}
	if s := status("community"); s.State != "never_used" || s.LastFailure.Text != "Nothing fits." {
		t.Errorf("%+v", s)
	}
	list, err := w.owner().Apps(t.Context(), api.AppQuery{}, api.Paging{})
	if err != nil || len(list.Items) != 2 || list.Items[1].Status.LastSuccess.Support != "S2" {
		t.Errorf("%+v, %v", list, err)
	}
}

// allowing previews nothing, and refuses nobody.
func allowing(o *api.Options) {
	o.Previews.Client = func(context.Context, idp.Client, string) (mapping.Preview, error) { return mapping.Preview{}, nil }
	o.Previews.TokenApp = func(_ context.Context, a idp.TokenApp, _ string) (mapping.Preview, error) {
		if a.Disabled {
			return mapping.Preview{Refused: "The application is switched off."}, nil
		}
		return mapping.Preview{}, nil
	}
}

func TestWhySomebodyCannotSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, allowing)
	ada := w.person("ada", "")
	w.call("POST", clients, with(wiki(), "client_id", "wiki")).want(http.StatusCreated)
	explain := func(user string) (may bool, checks string) {
		t.Helper()
		a := w.call("GET", "/api/v1/apps/wiki/access?user="+user, nil).want(http.StatusOK)
		for _, c := range a.body["checks"].([]any) {
			c := c.(map[string]any)
			checks += fmt.Sprintf("%v %v; ", c["check"], c["result"])
			if c["result"] == "failed" && (c["fix"] == nil || c["text"] == "") {
				t.Errorf("%v says nothing to do", c)
			}
		}
		return a.body["may"].(bool), checks
	}
	patch := func(body map[string]any) {
		t.Helper()
		w.call("PATCH", clients+"/wiki", body).want(http.StatusOK)
	}
	for _, c := range []struct {
		name, user string
		change     map[string]any
		may        bool
		want       string
	}{
		{"all is well", "ada", nil, true, "person passed; account passed; app passed; assignment passed; values passed; consent noted; "},
		{"nobody knows them", "nobody", nil, false, "person failed; account skipped; app passed; assignment skipped; values skipped; consent skipped; "},
		{"not assigned", "ada", map[string]any{"assigned": map[string]any{"groups": []string{"sales"}}}, false, "person passed; account passed; app passed; assignment failed; consent noted; "},
		{"assigned by name", "ada", map[string]any{"assigned": map[string]any{"users": []string{"ADA"}}}, true, "person passed; account passed; app passed; assignment passed; values passed; consent noted; "},
		{"a value is missing", "ada", map[string]any{"claims_mapping": []any{map[string]any{"name": "dept", "from": "department", "required": true}}}, false, "person passed; account passed; app passed; assignment passed; values failed; consent noted; "},
		{"switched off", "ada", map[string]any{"claims_mapping": nil, "disabled": true}, false, "person passed; account passed; app failed; assignment passed; consent noted; "},
		{"nobody is asked", "ada", map[string]any{"disabled": nil, "first_party": true}, true, "person passed; account passed; app passed; assignment passed; values passed; consent passed; "},
	} {
		if c.change != nil {
			patch(c.change)
		}
		if may, got := explain(c.user); may != c.may || got != c.want {
			t.Errorf("%s: %v %s\nwant %v %s", c.name, may, got, c.may, c.want)
		}
	}
	u, err := w.owner().FindPerson(t.Context(), ada)
	if err != nil {
		t.Fatal(err)
	}
	w.happened("wiki", idp.Event{Name: idp.EventGrantCreated, Subject: ada, Support: "S1"}, idp.Event{Name: idp.EventAccessDenied, Subject: "other", Support: "X"},
		idp.Event{Name: idp.EventLoginFailure, Subject: ada, Support: "F1", Detail: map[string]string{"reason": "password"}}, idp.Event{Name: idp.EventAccessDenied, Subject: ada, Support: "F2"})
	a, err := w.owner().Access(t.Context(), "wiki", u.Login)
	if err != nil || a.Success.Support != "S1" || len(a.Failures) != 2 || a.Failures[0].Support != "F2" || a.Failures[1].Text != "password" {
		t.Errorf("%+v, %v", a, err)
	}
	id := w.call("GET", "/api/v1/users", nil).items()[0]["id"].(string)
	w.call("PATCH", "/api/v1/users/"+id, map[string]any{"disabled": true}).want(http.StatusOK)
	if may, got := explain(id); may || !strings.HasPrefix(got, "person passed; account failed; ") {
		t.Errorf("disabled: %v %s", may, got)
	}
	if got := w.call("GET", "/api/v1/apps/nothing/access?user=ada", nil).problem(); got != `404 There is no app "nothing".` {
		t.Error(got)
	}
	w.call("GET", "/api/v1/apps/wiki/access", nil).want(http.StatusUnprocessableEntity)
}

// Attack: somebody calls themselves by a formula, and the spreadsheet of whoever opens the
// report runs it.
func TestTheReportOfPeopleAndAttackFormulasInIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.call("POST", tokenApps, with(community(), "assigned", map[string]any{"users": []string{"ada", "eve", "fay"}})).want(http.StatusCreated)
	subjects := map[string]string{}
	for user, name := range map[string]string{"ada": "Ada, \"L\"", "eve": `=HYPERLINK("https://evil.example")`, "fay": " \t+1", "bob": "Bob", "gus": "Gus"} {
		quoted, err := json.Marshal(name)
		if err != nil {
			t.Fatal(err)
		}
		created, err := w.owner().CreateUser(t.Context(), api.NewUser{Username: user, Email: user + "@example.com", Password: "correct horse battery", Attributes: map[string]json.RawMessage{"name": quoted}})
		if err != nil {
			t.Fatal(err)
		}
		subject, err := w.store.Subject(t.Context(), "local", created.ID, idp.NewID())
		if err != nil {
			t.Fatal(err)
		}
		subjects[user] = subject
	}
	w.happened("community", idp.Event{Name: idp.EventTokenAppIssued, Subject: subjects["bob"], Support: "B1"}, idp.Event{Name: idp.EventTokenAppIssued, Subject: subjects["ada"], Support: "A1"},
		idp.Event{Name: idp.EventTokenAppIssued, Subject: subjects["ada"], Support: "A2"}, idp.Event{Name: idp.EventAccessDenied, Subject: subjects["gus"]})
	report := w.call("GET", "/api/v1/apps/community/people", nil).want(http.StatusOK)
	var got []string
	for _, p := range report.items() {
		got = append(got, fmt.Sprint(p["username"], " ", p["may"], " ", p["by"], " ", p["support_code"]))
	}
	if want := []string{"ada true user ada A2", "bob false <nil> B1", "eve true user eve <nil>", "fay true user fay <nil>"}; !slices.Equal(got, want) || report.body["complete"] != true {
		t.Errorf("%q, want %q", got, want)
	}
	for _, ask := range [][]string{{"?format=csv", ""}, {"", "text/csv"}} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/api/v1/apps/community/people"+ask[0], nil)
		r.Header.Set("Authorization", "Bearer "+w.token)
		r.Header.Set("Accept", ask[1])
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, r)
		if rec.Header().Get("Content-Type") != "text/csv; charset=utf-8" || rec.Header().Get("Content-Disposition") != `attachment; filename="community-people.csv"` {
			t.Errorf("%v", rec.Header())
		}
		lines := strings.Split(rec.Body.String(), "\r\n")
		if len(lines) != 6 || !strings.HasPrefix(lines[1], `ada,"Ada, ""L""",ada@example.com,local,active,true,user ada,`) {
			t.Fatalf("%q", lines)
		}
		if !strings.HasPrefix(lines[3], `eve,"'=HYPERLINK(""https://evil.example"")",`) || !strings.HasPrefix(lines[4], "fay,\"' \t+1\",") && !strings.HasPrefix(lines[4], "fay,' \t+1,") {
			t.Errorf("a formula is left: %q", lines[3:5])
		}
	}
}
