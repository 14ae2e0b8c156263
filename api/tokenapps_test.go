package api_test

import (
	"net/http"
	"strings"
	"testing"

	"cloudsso/api"
)

const tokenApps = "/api/v1/token-apps"

func community() map[string]any {
	return map[string]any{"name": "Community", "return_url": "https://community.example/return?customer=acme", "claims": []any{map[string]any{"name": "id", "from": "subject"}}}
}

func TestTokenAppFromBeginningToEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.call("POST", tokenApps, community()).want(http.StatusCreated)
	if made.str("app") != "community" || made.str("login_url") != issuer+"/token/community" || made.str("launch_url") != issuer+"/launch/community" || made.header.Get("Location") != issuer+tokenApps+"/community" {
		t.Errorf("%s", made.raw)
	}
	for member, want := range map[string]any{"scheme": "jwt", "method": "get", "algorithm": "RS256", "token_param": "token", "lifetime": float64(300), "has_shared_key": false} {
		if made.body[member] != want {
			t.Errorf("%s: %v, want %v", member, made.body[member], want)
		}
	}
	if made.str("shared_key") != "" {
		t.Error("an app of RS256 got a key")
	}
	if again := w.call("POST", tokenApps, community()).want(http.StatusCreated); again.str("app") != "community-2" {
		t.Errorf("a second one of the name: %s", again.str("app"))
	}
	if got := w.call("POST", tokenApps, with(community(), "app", "community")).problem(); !strings.Contains(got, "409 There is an app called community already.") {
		t.Error(got)
	}

	// A key comes with the algorithm that needs it, is shown once, and goes with it.
	changed := w.call("PATCH", tokenApps+"/community", map[string]any{"algorithm": "HS512"}, "If-Match", made.header.Get("ETag")).want(http.StatusOK)
	key := changed.str("shared_key")
	if len(key) < 64 || changed.body["has_shared_key"] != true {
		t.Errorf("%s", changed.raw)
	}
	if read := w.call("GET", tokenApps+"/community", nil).want(http.StatusOK); read.str("shared_key") != "" || strings.Contains(read.raw, key) || read.header.Get("ETag") != changed.header.Get("ETag") {
		t.Errorf("the key again: %s", read.raw)
	}
	w.call("PATCH", tokenApps+"/community", map[string]any{"lifetime": 60}, "If-Match", made.header.Get("ETag")).want(http.StatusPreconditionFailed)
	if same := w.call("PATCH", tokenApps+"/community", map[string]any{"algorithm": "HS256"}).want(http.StatusOK); same.str("shared_key") != "" {
		t.Error("a key that was long enough was replaced")
	}
	rotated := w.call("POST", tokenApps+"/community/key", map[string]any{}).want(http.StatusCreated)
	if rotated.str("shared_key") == "" || rotated.str("shared_key") == key {
		t.Error("the key is the old one")
	}
	if brought := w.call("POST", tokenApps+"/community/key", map[string]any{"shared_key": strings.Repeat("k", 32)}).want(http.StatusCreated); brought.str("shared_key") != "" {
		t.Error("a key that the caller knows was shown")
	}
	link := w.call("POST", tokenApps+"/community/key/link", map[string]any{}).want(http.StatusCreated)
	shown, err := w.admin.OpenSecretLink(t.Context(), link.str("url")[strings.LastIndex(link.str("url"), "/")+1:], link.str("key"))
	if err != nil || shown.Value != strings.Repeat("k", 32) || shown.Name != "Community" {
		t.Errorf("%+v, %v", shown, err)
	}
	if record, err := w.store.TokenApp(t.Context(), "community"); err != nil || strings.Contains(string(record.SharedKey), "kkkk") {
		t.Errorf("the key is stored as it is: %v", err)
	}
	back := w.call("PATCH", tokenApps+"/community", map[string]any{"algorithm": "ES256"}).want(http.StatusOK)
	if back.body["has_shared_key"] != false {
		t.Error("the key stayed")
	}
	if got := w.call("POST", tokenApps+"/community/key/link", map[string]any{}).problem(); got != "404 The app has no shared key." {
		t.Error(got)
	}
	if got := w.call("POST", tokenApps+"/community/key", map[string]any{}).problem(); !strings.HasPrefix(got, "422 The app has no shared key: its tokens are signed with ES256") {
		t.Error(got)
	}

	if list := w.call("GET", tokenApps+"?limit=1", nil).want(http.StatusOK); len(list.items()) != 1 || list.str("next_cursor") == "" {
		t.Errorf("%s", list.raw)
	}
	w.call("DELETE", tokenApps+"/community", nil, "If-Match", `"1"`).want(http.StatusPreconditionFailed)
	w.call("DELETE", tokenApps+"/community", nil, "If-Match", back.header.Get("ETag")).want(http.StatusNoContent)
	if got := w.call("GET", tokenApps+"/community", nil).problem(); got != `404 There is no token app "community".` {
		t.Error(got)
	}
}

func TestTokenAppsThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.call("POST", clients, with(wiki(), "client_id", "wiki")).want(http.StatusCreated)
	for name, c := range map[string]struct {
		member string
		value  any
		want   string
	}{
		"no address":                {"return_url", nil, "422 The address that the token goes to is missing. pointer=#/return_url"},
		"plain http":                {"return_url", "http://community.example/", "it must be https. pointer=#/return_url"},
		"a script":                  {"return_url", "javascript:alert(1)", "it has no host. pointer=#/return_url"},
		"a user name":               {"return_url", "https://a@community.example/", "it contains a user name. pointer=#/return_url"},
		"a fragment":                {"return_url", "https://community.example/#x", "it has a fragment"},
		"our parameter":             {"return_url", "https://community.example/?token=x", "has the parameter token already"},
		"a start that is none":      {"start_url", "/start", "pointer=#/start_url"},
		"an origin with a path":     {"return_origins", []string{"https://a.example/x"}, "is not an origin"},
		"an origin of plain http":   {"return_origins", []string{"http://a.example"}, "it must be https. pointer=#/return_origins"},
		"an unknown algorithm":      {"algorithm", "none", "pointer=#/algorithm"},
		"a parameter with a sign":   {"token_param", "a&b", "The name of a parameter has at most 64 letters"},
		"two of one name":           {"return_to_param", "token", "need different names"},
		"a life without end":        {"lifetime", 86400, "pointer=#/lifetime"},
		"the audience of a client":  {"audience", "wiki", `The audience "wiki" is the name of another app`},
		"an audience with a space":  {"audience", "a b", "pointer=#/audience"},
		"a claim of the protocol":   {"claims", []any{map[string]any{"name": "sub", "from": "email"}}, `The claim "sub" is set by the protocol`},
		"a claim of nothing":        {"claims", []any{map[string]any{"name": "x"}}, "pointer=#/claims/0"},
		"discourse with algorithm":  {"scheme", "discourse", "leave algorithm out"},
		"a key without HS":          {"shared_key", strings.Repeat("k", 40), "has no shared key: its tokens are verified with our public key. pointer=#/shared_key"},
		"a key that is short":       {"shared_key", "short", "pointer=#/shared_key"},
		"an unknown member":         {"Return_URL", "https://x.example/", "Return_URL"},
		"a sign-out to plain http":  {"post_logout_redirect_uris", []string{"http://x.example/"}, "pointer=#/post_logout_redirect_uris"},
		"a logo that is a script":   {"logo_uri", "javascript:alert(1)", "pointer=#/logo_uri"},
		"somebody without a name":   {"assigned", map[string]any{"users": []string{" "}}, "pointer=#/assigned/users/0"},
		"a slug that is none":       {"app", "A b", "pointer=#/app"},
		"the name of another app":   {"app", "wiki", "409 There is an app called wiki already."},
		"a name with a line's end":  {"name", "a\nb", "pointer=#/name"},
		"discourse and a parameter": {"scheme", "discourse", "leave algorithm out"},
	} {
		body := with(community(), c.member, c.value)
		if c.value == nil {
			delete(body, c.member)
		}
		if c.member == "scheme" {
			body["algorithm"] = "RS256"
		}
		if got := w.call("POST", tokenApps, body).problem(); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	for alg, length := range map[string]int{"HS256": 31, "HS384": 47, "HS512": 63} {
		for _, key := range []string{strings.Repeat("k", length), "-----BEGIN PUBLIC KEY-----" + strings.Repeat("k", 64), strings.Repeat("k", 64) + " "} {
			if got := w.call("POST", tokenApps, with(with(community(), "algorithm", alg), "shared_key", key)).problem(); !strings.Contains(got, "shared_key") {
				t.Errorf("%s with %.30s: %s", alg, key, got)
			}
		}
	}
}

func TestAnAppAdminKeepsTheirOwnTokenApps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.call("POST", tokenApps, with(community(), "app", "mine")).want(http.StatusCreated)
	w.call("POST", tokenApps, with(community(), "app", "theirs")).want(http.StatusCreated)
	as := []string{"Authorization", "Bearer " + w.tokenOf(api.RoleAppAdmin, "mine")}
	w.call("PATCH", tokenApps+"/mine", map[string]any{"algorithm": "HS256"}, as...).want(http.StatusOK)
	w.call("POST", tokenApps+"/mine/key", map[string]any{}, as...).want(http.StatusCreated)
	for method, path := range map[string]string{"GET": "/theirs", "PATCH": "/theirs", "POST": "/theirs/key"} {
		var body any
		if method != "GET" {
			body = map[string]any{}
		}
		if got := w.call(method, tokenApps+path, body, as...).problem(); got != `404 There is no token app "theirs".` {
			t.Errorf("%s: %s", method, got)
		}
	}
	for _, path := range []string{tokenApps, "/api/v1/apps"} {
		if list := w.call("GET", path, nil, as...).items(); len(list) != 1 || list[0]["app"] != "mine" {
			t.Errorf("%s: %v", path, list)
		}
	}
	for _, path := range []string{"/api/v1/apps/theirs", "/api/v1/apps/theirs/lint", "/api/v1/apps/theirs/handover"} {
		w.call("GET", path, nil, as...).want(http.StatusNotFound)
	}
}

func TestATokenAppThatIsOnNoRecordIsNotMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.events.broken = true
	w.call("POST", tokenApps, community()).want(http.StatusServiceUnavailable)
	if _, err := w.store.TokenApp(t.Context(), "community"); err == nil {
		t.Error("it is there")
	}
}

func TestTokenAppsAreMadeOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.call("POST", tokenApps, with(community(), "algorithm", "HS256"), "Idempotency-Key", "k").want(http.StatusCreated)
	second := w.call("POST", tokenApps, with(community(), "algorithm", "HS256"), "Idempotency-Key", "k").want(http.StatusCreated)
	if first.str("shared_key") == "" || first.raw != second.raw {
		t.Errorf("%s\n%s", first.raw, second.raw)
	}
	w.call("GET", tokenApps+"/community-2", nil).want(http.StatusNotFound)
}

func TestTokenAppsFromPresets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for preset, answers := range map[string]map[string]any{
		"insided-token": {"customer": "acme-en", "roles": "Moderators=3"},
		"zendesk":       {"subdomain": "acme"},
		"token-app":     {"return": "https://app.example.com/sso/jwt"},
		"discourse":     {"host": "forum.example.com"},
	} {
		body := map[string]any{"preset": preset, "answers": answers, "secret_link": true}
		dry := w.call("POST", "/api/v1/apps?dry_run=true", body).want(http.StatusCreated)
		if dry.str("app") != "" || dry.body["dry_run"] != true || dry.body["token_app"] == nil {
			t.Errorf("%s: %s", preset, dry.raw)
		}
		made := w.call("POST", "/api/v1/apps", body).want(http.StatusCreated)
		app, _ := made.body["token_app"].(map[string]any)
		if _, linked := made.body["secret_link"]; linked != (app["has_shared_key"] == true) || app["shared_key"] != nil || app["preset"] != preset {
			t.Errorf("%s: %s", preset, made.raw)
		}
		sheet := w.call("GET", "/api/v1/apps/"+made.str("app")+"/handover", nil).want(http.StatusOK)
		for _, row := range sheet.body["rows"].([]any) {
			row := row.(map[string]any)
			if row["kind"] != "secret" && (row["value"] == nil || row["value"] == "") || strings.Contains(row["label"].(string), "ublic") && !strings.Contains(row["value"].(string), "BEGIN PUBLIC KEY") {
				t.Errorf("%s: %v", preset, row)
			}
			if row["label"] == "Login URL" && row["value"] != issuer+"/token/"+made.str("app") {
				t.Errorf("%s: %v", preset, row)
			}
		}
		w.call("GET", "/api/v1/apps/"+made.str("app")+"/lint", nil).want(http.StatusOK)
	}
	got := w.call("POST", "/api/v1/apps", map[string]any{"preset": "token-app", "answers": map[string]any{"return": "http://app.example.com/"}}).problem()
	if !strings.Contains(got, "it must be https. pointer=#/answers") {
		t.Error(got)
	}
}

func TestTheGradeOfATokenApp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	app := w.call("POST", tokenApps, with(community(), "lifetime", 3600)).want(http.StatusCreated).str("app")
	rules := func() string {
		var names []string
		l, err := w.owner().Lint(t.Context(), app)
		if err != nil || l.Kind != "token_app" {
			t.Fatal(l, err)
		}
		for _, f := range l.Findings {
			if f.Text == "" || f.Fix == "" {
				t.Errorf("%+v", f)
			}
			names = append(names, f.Rule)
		}
		return l.Grade + " " + strings.Join(names, " ")
	}
	if got := rules(); got != "C token_in_address long_token unasked_token check_audience pkcs1 no_sign_out" {
		t.Error(got)
	}
	w.call("PATCH", tokenApps+"/"+app, map[string]any{"lifetime": 120, "method": "post", "nonce_param": "nonce", "algorithm": "HS256"}).want(http.StatusOK)
	if got := rules(); got != "A shared_key no_sign_out" {
		t.Error(got)
	}
	all, err := w.owner().LintAll(t.Context())
	if err != nil || len(all.Items) != 1 || all.Items[0].App != app {
		t.Errorf("%+v, %v", all, err)
	}
	if list := w.call("GET", "/api/v1/apps/"+app+"/handover", nil).want(http.StatusOK).raw; !strings.Contains(list, `"kind":"secret"`) || strings.Contains(list, "jwks") {
		t.Error(list)
	}
}
