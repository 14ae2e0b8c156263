package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// lastEvent is the newest record, as the API shows it: its name and its legacy switches.
func (w *world) lastEvent() string {
	w.t.Helper()
	a := w.call("GET", "/api/v1/events?limit=1", nil).want(http.StatusOK)
	event := a.body["items"].([]any)[0].(map[string]any)
	detail, _ := event["detail"].(map[string]any)
	return fmt.Sprint(event["name"], " ", detail["legacy"])
}

// Legacy switches are labelled wherever an admin looks, and on record.
func TestLegacySwitchesAreLabelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.call("POST", clients, with(wiki(), "allow_implicit", true, "allow_password_grant", true)).want(http.StatusCreated)
	check := func(body map[string]any, where string) {
		t.Helper()
		warnings, _ := body["warnings"].([]any)
		if len(warnings) != 2 || !strings.Contains(warnings[0].(string), "RFC 9700 §2.1.2") || !strings.Contains(warnings[1].(string), "RFC 9700 §2.4") {
			t.Errorf("%s: warnings %v", where, body["warnings"])
		}
	}
	check(a.body, "the answer to POST")
	path := clients + "/" + a.str("client_id")
	check(w.call("GET", path, nil).want(http.StatusOK).body, "GET")
	if got := w.lastEvent(); got != "client.created allow_implicit allow_password_grant" {
		t.Errorf("Event %s", got)
	}
	off := w.call("PATCH", path, map[string]any{"allow_implicit": false, "allow_password_grant": nil}).want(http.StatusOK)
	if off.body["warnings"] != nil || fmt.Sprint(off.body["grant_types"], off.body["response_types"]) != "[authorization_code] [code]" {
		t.Errorf("off: %s", off.raw)
	}
	if got := w.lastEvent(); got != "client.updated <nil>" {
		t.Errorf("Event %s", got)
	}
	on := w.call("PATCH", path, map[string]any{"allow_access_token_in_query": true, "userinfo_without_openid": true}).want(http.StatusOK)
	if got := w.lastEvent(); got != "client.updated allow_access_token_in_query" || on.body["userinfo_without_openid"] != true {
		t.Errorf("Event %s, answer %s", got, on.raw)
	}
}

func TestFrontChannelNeedsItsSwitch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.call("POST", clients, with(wiki(), "response_types", []string{"id_token token"}))
	if want := `422 The response type "id_token token" needs the switch allow_implicit: tokens in the front channel leak (RFC 9700 §2.1.2). Use code if you can. pointer=#/response_types`; a.problem() != want {
		t.Errorf("got  %s\nwant %s", a.problem(), want)
	}
	b := w.call("POST", clients, with(wiki(), "grant_types", []string{"password"}))
	if !strings.Contains(b.problem(), "allow_password_grant") {
		t.Error(b.problem())
	}
}
