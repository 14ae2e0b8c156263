package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/userdir"
)

const clients = "/api/v1/clients"

func wiki() map[string]any {
	return map[string]any{"client_name": "Wiki", "redirect_uris": []string{"https://wiki.example/cb"}}
}

func with(m map[string]any, more ...any) map[string]any {
	for i := 0; i < len(more); i += 2 {
		m[more[i].(string)] = more[i+1]
	}
	return m
}

func TestANewClientHasDefaultsAndASecretThatIsShownOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.call("POST", clients, wiki()).want(http.StatusCreated)
	id, secret := a.str("client_id"), a.str("client_secret")
	if len(id) != 26 || len(secret) != 43 || a.body["client_secret_expires_at"] != float64(0) {
		t.Errorf("id %q, secret %q, expires %v", id, secret, a.body["client_secret_expires_at"])
	}
	for member, want := range map[string]string{"token_endpoint_auth_method": "client_secret_basic", "id_token_signed_response_alg": "RS256", "application_type": "web"} {
		if a.str(member) != want {
			t.Errorf("%s = %q, want %q", member, a.str(member), want)
		}
	}
	if a.header.Get("ETag") != `"1"` || a.header.Get("Location") != issuer+clients+"/"+id {
		t.Errorf("ETag %q, Location %q", a.header.Get("ETag"), a.header.Get("Location"))
	}
	stored, err := w.store.Client(t.Context(), id)
	if err != nil || len(stored.Secrets) != 1 || !idp.SecretMatches(secret, strings.TrimPrefix(stored.Secrets[0].Hash, "s256:")) {
		t.Errorf("stored %+v, %v", stored.Secrets, err)
	}
	again := w.call("GET", clients+"/"+id, nil).want(http.StatusOK)
	if _, shown := again.body["client_secret"]; shown || strings.Contains(again.raw, "s256") || again.header.Get("ETag") != `"1"` {
		t.Errorf("a read shows %s with ETag %s", again.raw, again.header.Get("ETag"))
	}
	if got := w.eventNames(); got[len(got)-1] != idp.EventClientCreated {
		t.Errorf("events %v", got)
	}
}

func TestAnImportedClientKeepsItsIDAndSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.call("POST", clients, with(wiki(), "client_id", "Legacy.App~1", "client_secret", "a secret somebody chose")).want(http.StatusCreated)
	if a.str("client_id") != "Legacy.App~1" || strings.Contains(a.raw, "a secret somebody chose") {
		t.Errorf("answer %s", a.raw)
	}
	stored, err := w.store.Client(t.Context(), "Legacy.App~1")
	if err != nil {
		t.Fatal(err)
	}
	if ok, _, err := userdir.VerifyPassword(stored.Secrets[0].Hash, "a secret somebody chose"); !ok || err != nil {
		t.Errorf("the slow hash does not verify: %v", err)
	}
	if a := w.call("POST", clients, with(wiki(), "client_id", "Legacy.App~1")); a.problem() != "409 There is a client or another app with this client_id already. pointer=#/client_id" {
		t.Error(a.problem())
	}
}

func TestAPublicClientHasNoSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.call("POST", clients, with(wiki(), "token_endpoint_auth_method", "none")).want(http.StatusCreated)
	if _, shown := a.body["client_secret"]; shown {
		t.Error("a public client got a secret")
	}
	a = w.call("POST", clients, with(wiki(), "token_endpoint_auth_method", "none", "client_secret", strings.Repeat("s", 20)))
	if a.problem() != "422 A public client (token_endpoint_auth_method none) has no secret. pointer=#/client_secret" {
		t.Error(a.problem())
	}
}

func TestBadClientsAreRefusedByNameAndPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		name string
		body map[string]any
		want string
	}{
		{"an unknown member", with(wiki(), "cleint_name", "x"), "422 There is no member of this name; check its spelling. pointer=#/cleint_name"},
		{"a member in other case", with(wiki(), "Client_Name", "x"), `422 There is no member "Client_Name" here; upper and lower case matter. pointer=#`},
		{"a member in other case, deep inside", with(wiki(), "claims_mapping", []any{map[string]any{"name": "a", "from": "b", "From": "c"}}), `422 There is no member "From" here; upper and lower case matter. pointer=#`},
		{"a member of the answer", with(wiki(), "created_at", "2020-01-01T00:00:00Z"), "422 There is no member of this name; check its spelling. pointer=#/created_at"},
		{"two faults", with(wiki(), "x", 1, "application_type", "fridge"), "422 The request has 2 faults; errors names each. pointer=#/application_type pointer=#/x"},
		{"a text for a list", with(wiki(), "redirect_uris", "https://a.example"), "422 Expected array. pointer=#/redirect_uris"},
		{"no redirect URI", map[string]any{"client_name": "x"}, "422 At least one redirect URI is needed: the address that the application gets its answers at. pointer=#/redirect_uris"},
		{"an http redirect URI", with(wiki(), "redirect_uris", []string{"http://wiki.example/cb"}), `422 The redirect URI "http://wiki.example/cb" cannot be used: it must be https (http is for native applications on 127.0.0.1 or [::1] only). pointer=#/redirect_uris`},
		{"a short secret", with(wiki(), "client_secret", "short"), "422 Expected length >= 16. pointer=#/client_secret"},
		{"an id with a slash", with(wiki(), "client_id", "a/b"), "422 Expected string to match pattern ^[A-Za-z0-9_~-][A-Za-z0-9._~-]*$. pointer=#/client_id"},
		{"an id of dots", with(wiki(), "client_id", ".."), "422 Expected string to match pattern ^[A-Za-z0-9_~-][A-Za-z0-9._~-]*$. pointer=#/client_id"},
		{"a mapping to a protocol claim", with(wiki(), "claims_mapping", []any{map[string]any{"name": "ok", "from": "x"}, map[string]any{"name": "sub", "from": "email"}}), `422 The claim "sub" is set by the protocol and cannot be mapped: choose another name. pointer=#/claims_mapping/1/name`},
		{"a mapping without a source", with(wiki(), "claims_mapping", []any{map[string]any{"name": "a"}}), "422 Expected required property from to be present. pointer=#/claims_mapping/0"},
		{"a public client without PKCE", with(wiki(), "token_endpoint_auth_method", "none", "require_pkce", false), "422 A public client (token_endpoint_auth_method none) always needs PKCE; leave require_pkce out. pointer=#/require_pkce"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := w.call("POST", clients, c.body)
			if a.problem() != c.want {
				t.Errorf("got  %s\nwant %s", a.problem(), c.want)
			}
		})
	}
	if l := w.call("GET", clients, nil).want(http.StatusOK); len(l.items()) != 0 {
		t.Errorf("a refused client was stored: %s", l.raw)
	}
}

func TestARefusedSecretIsNotEchoed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, body := range []any{
		with(wiki(), "client_secret", "hunter2"),
		`{"client_secret":"hunter2`,
		`{"client_secret":["hunter2"]}`,
	} {
		if a := w.call("POST", clients, body); a.status < 400 || strings.Contains(a.raw, "hunter2") {
			t.Errorf("%d %s", a.status, a.raw)
		}
	}
}

func TestAMergePatchChangesMembersAndNullTakesThemBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.call("POST", clients, with(wiki(), "first_party", true, "access_token_ttl", 120)).want(http.StatusCreated).str("client_id")
	w.advance(time.Minute)
	a := w.call("PATCH", clients+"/"+id, `{"client_name":"Handbook","first_party":null,"grant_types":["authorization_code","refresh_token"]}`).want(http.StatusOK)
	if a.str("client_name") != "Handbook" || a.body["first_party"] != nil || a.body["access_token_ttl"] != float64(120) {
		t.Errorf("after the patch: %s", a.raw)
	}
	if !strings.Contains(a.str("scope"), "offline_access") {
		t.Errorf("a client that gained refresh_token has the scope %q", a.str("scope"))
	}
	if a.header.Get("ETag") != `"2"` || a.str("updated_at") == a.str("created_at") {
		t.Errorf("ETag %s, updated_at %s", a.header.Get("ETag"), a.str("updated_at"))
	}
	a = w.call("PATCH", clients+"/"+id, `{"scope":"openid"}`, "Content-Type", "application/json").want(http.StatusOK)
	if a = w.call("PATCH", clients+"/"+id, `{"grant_types":null}`).want(http.StatusOK); a.str("scope") != "openid" {
		t.Errorf("a chosen scope was lost: %q", a.str("scope"))
	}
}

func TestBadPatchesChangeNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.call("POST", clients, wiki()).want(http.StatusCreated).str("client_id")
	for _, c := range []struct{ body, want string }{
		{`[]`, "422 The body must be a JSON object with the members to change."},
		{`{`, "422 The body is not JSON: unexpected end of JSON input."},
		{`{"client_id":"other"}`, "422 There is no member of this name; check its spelling. pointer=#/client_id"},
		{`{"client_secret":"a secret somebody chose"}`, "422 There is no member of this name; check its spelling. pointer=#/client_secret"},
		{`{"redirect_uris":null}`, "422 At least one redirect URI is needed: the address that the application gets its answers at. pointer=#/redirect_uris"},
		{`{"access_token_ttl":1}`, "422 Expected number >= 60. pointer=#/access_token_ttl"},
		{`{"Disabled":true}`, `422 There is no member "Disabled" here; upper and lower case matter.`},
		{`{"disabled":"yes"}`, "422 Expected boolean. pointer=#/disabled"},
	} {
		if a := w.call("PATCH", clients+"/"+id, c.body); a.problem() != c.want {
			t.Errorf("%s: %s", c.body, a.problem())
		}
	}
	if a := w.call("GET", clients+"/"+id, nil); a.header.Get("ETag") != `"1"` {
		t.Errorf("ETag %s after refused patches", a.header.Get("ETag"))
	}
}

func TestAClientThatStopsBeingPublicGetsASecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.call("POST", clients, with(wiki(), "token_endpoint_auth_method", "none")).want(http.StatusCreated).str("client_id")
	a := w.call("PATCH", clients+"/"+id, `{"token_endpoint_auth_method":"client_secret_post"}`).want(http.StatusOK)
	if len(a.str("client_secret")) != 43 {
		t.Errorf("no secret in %s", a.raw)
	}
	w.call("PATCH", clients+"/"+id, `{"token_endpoint_auth_method":"none"}`).want(http.StatusOK)
	if c, _ := w.store.Client(t.Context(), id); len(c.Secrets) != 0 {
		t.Error("a public client kept its secret")
	}
}

func TestWritesHonourIfMatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.call("POST", clients, wiki()).want(http.StatusCreated).str("client_id")
	for _, c := range []struct {
		name, match string
		status      int
	}{
		{"an old version", `"0"`, 412},
		{"no ETag at all", `1`, 412},
		{"a weak one, which never matches a write", `W/"1"`, 412},
		{"the current one", `"1"`, 200},
		{"the one from before", `"1"`, 412},
		{"one of several", `"7", "2"`, 200},
		{"any", `*`, 200},
		{"none", "", 200},
	} {
		a := w.call("PATCH", clients+"/"+id, `{}`, "If-Match", c.match)
		if a.status != c.status {
			t.Errorf("%s: %d %s", c.name, a.status, a.raw)
		}
	}
	a := w.call("DELETE", clients+"/"+id, nil, "If-Match", `"1"`)
	if a.problem() != `412 It has changed since you read it: its ETag is "5" now. Read it again, then repeat the change.` {
		t.Error(a.problem())
	}
	w.call("DELETE", clients+"/"+id, nil, "If-Match", `"5"`).want(http.StatusNoContent)
	w.call("GET", clients+"/"+id, nil).want(http.StatusNotFound)
}

func grantFor(t *testing.T, w *world, g idp.Grant) string {
	t.Helper()
	g.ID, g.CreatedAt, g.ExpiresAt = idp.NewID(), w.now(), w.now().Add(24*time.Hour)
	if err := w.store.CreateGrant(t.Context(), g, idp.Event{}); err != nil {
		t.Fatal(err)
	}
	return g.ID
}

func TestDisablingAClientEndsItsGrants(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.call("POST", clients, wiki()).want(http.StatusCreated).str("client_id")
	own, other := grantFor(t, w, idp.Grant{ClientID: id, Subject: "s"}), grantFor(t, w, idp.Grant{ClientID: "another", Subject: "s"})
	w.call("PATCH", clients+"/"+id, `{"disabled":true}`).want(http.StatusOK)
	if g, _ := w.store.Grant(t.Context(), own); g.Revoked != "client_disabled" {
		t.Errorf("the client's grant: %+v", g)
	}
	if g, _ := w.store.Grant(t.Context(), other); !g.RevokedAt.IsZero() {
		t.Error("another client's grant ended too")
	}
}

func TestAClientThatIsOnNoRecordIsNotHandedOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.events.broken = true
	a := w.call("POST", clients, with(wiki(), "client_id", "x")).want(http.StatusServiceUnavailable)
	if strings.Contains(a.raw, "client_secret") || strings.Contains(a.raw, "disk") {
		t.Errorf("answer %s", a.raw)
	}
	w.events.broken = false
	w.call("GET", clients+"/x", nil).want(http.StatusNotFound)
}

func TestListsComeInPartsWithoutGapsOrDoubles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 7 {
		w.call("POST", clients, wiki()).want(http.StatusCreated)
	}
	seen, cursor, parts := map[any]bool{}, "", 0
	for {
		a := w.call("GET", clients+"?limit=3&cursor="+cursor, nil).want(http.StatusOK)
		parts++
		for _, c := range a.items() {
			if seen[c["client_id"]] {
				t.Errorf("%v came twice", c["client_id"])
			}
			seen[c["client_id"]] = true
		}
		if cursor = a.str("next_cursor"); cursor == "" {
			break
		}
	}
	if len(seen) != 7 || parts != 3 {
		t.Errorf("%d clients in %d parts", len(seen), parts)
	}
}

func TestAFileOfTheCommandLineIsReadAsStrictlyAsABody(t *testing.T) {
	t.Parallel()
	admin := newWorld(t).admin
	in, err := admin.ParseNewClient([]byte(`{"client_name":"Wiki","redirect_uris":["https://wiki.example/cb"]}`))
	if err != nil || in.ClientName != "Wiki" {
		t.Fatalf("%+v, %v", in, err)
	}
	for _, doc := range []string{`{"cleint_name":"x"}`, `[]`, `{`, `{"first_party":"yes"}`} {
		if _, err := admin.ParseNewClient([]byte(doc)); err == nil {
			t.Errorf("%s was accepted", doc)
		}
	}
	var zero api.NewClient
	if _, err := newWorld(t).owner().CreateClient(t.Context(), zero); err == nil {
		t.Error("a client without anything was accepted")
	}
}
