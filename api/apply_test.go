package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
)

type doc struct {
	Kind string         `json:"kind"`
	File string         `json:"file"`
	Body map[string]any `json:"body"`
}

// files is an apply of one source.
func files(docs ...doc) map[string]any {
	for i := range docs {
		if docs[i].File == "" {
			docs[i].File = "conf/a.yaml"
		}
	}
	if docs == nil {
		docs = []doc{}
	}
	return map[string]any{"source": "conf", "documents": docs}
}

func client(id string, more ...any) doc {
	return doc{Kind: "Client", Body: with(map[string]any{"client_id": id, "redirect_uris": []string{"https://" + id + ".example/cb"}}, more...)}
}

func groupDoc(name string, parents ...string) doc {
	b := map[string]any{"name": name}
	if len(parents) > 0 {
		b["parents"] = parents
	}
	return doc{Kind: "Group", Body: b}
}

func account(name string, more ...any) doc {
	return doc{Kind: "User", Body: with(map[string]any{"username": name}, more...)}
}

func provider(app string, more ...any) doc {
	return doc{Kind: "ServiceProvider", Body: with(map[string]any{"app": app, "entity_id": "https://" + app + ".example", "acs": []string{"https://" + app + ".example/acs"}}, more...)}
}

func tokenApp(app string, more ...any) doc {
	return doc{Kind: "TokenApp", Body: with(map[string]any{"app": app, "return_url": "https://" + app + ".example/jwt"}, more...)}
}

func (w *world) apply(body map[string]any) answer { return w.call("POST", "/api/v1/apply", body) }

// changes are the changes of an answer, one a line.
func changes(a answer) string {
	a.want(http.StatusOK)
	var lines []string
	for _, c := range a.body["changes"].([]any) {
		m := c.(map[string]any)
		line := fmt.Sprintf("%v %v %v", m["action"], m["kind"], m["name"])
		fields, _ := m["fields"].([]any)
		for _, f := range fields {
			f := f.(map[string]any)
			line += fmt.Sprintf(" %v(%v→%v)", f["field"], f["old"], f["new"])
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func (w *world) applied(t *testing.T, body map[string]any, want ...string) answer {
	t.Helper()
	a := w.apply(body)
	if got := changes(a); got != strings.Join(want, "\n") || a.body["fault"] != nil {
		t.Errorf("got %s, fault %v\nwant %s", got, a.body["fault"], strings.Join(want, "\n"))
	}
	return a
}

func everyKind() map[string]any {
	return files(tokenApp("desk"), provider("crm"), client("wiki"), account("ada", "groups", []string{"maths"}), groupDoc("maths", "science"), groupDoc("science"))
}

func TestAnApplyMakesWhatFilesSayAndAgainChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := []string{"create Group maths", "create Group science", "create User ada", "create Client wiki", "create ServiceProvider crm", "create TokenApp desk"}
	dry := w.applied(t, with(everyKind(), "dry_run", true), all...)
	if strings.Contains(dry.raw, "secret") || len(w.eventNames()) != 1 {
		t.Errorf("a dry run did something: %s %v", dry.raw, w.eventNames())
	}
	w.applied(t, everyKind(), all...)
	if got := strings.Join(w.eventNames()[1:], " "); !strings.Contains(got, "group.created group.created user.created client.created") || !strings.Contains(got, "token_app.created") {
		t.Error(got)
	}
	if again := w.applied(t, everyKind()); again.body["unchanged"] != 6.0 {
		t.Error(again.raw)
	}
	changed := files(tokenApp("desk", "lifetime", 60), provider("crm", "lifetime", 60), client("wiki", "client_name", "Wiki", "redirect_uris", []string{"https://new.example/cb"}), account("ada", "disabled", true), groupDoc("maths"), groupDoc("science", "x"))
	w.applied(t, changed, "change Group maths parents([science]→<nil>)", "change Group science parents(<nil>→[x])", "change User ada disabled(<nil>→true) groups([maths]→<nil>)",
		"change Client wiki client_name(<nil>→Wiki) redirect_uris([https://wiki.example/cb]→[https://new.example/cb])",
		"change ServiceProvider crm lifetime(<nil>→60)", "change TokenApp desk lifetime(300→60)")
	if again := w.applied(t, changed); again.body["unchanged"] != 6.0 {
		t.Error(again.raw)
	}
}

func TestDriftIsShownAndUndone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.applied(t, files(client("wiki"), client("zoo")), "create Client wiki", "create Client zoo")
	// As by a restored backup, or a release that did not know about files.
	c, err := w.store.Client(t.Context(), "wiki")
	if err != nil {
		t.Fatal(err)
	}
	c.ClientName = "Hand-made"
	if err := w.store.UpdateClient(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if err := w.store.DeleteClient(t.Context(), "zoo", 0); err != nil {
		t.Fatal(err)
	}
	want := []string{"change Client wiki client_name(Hand-made→<nil>)", "create Client zoo"}
	w.applied(t, with(files(client("wiki"), client("zoo")), "dry_run", true), want...)
	w.applied(t, files(client("wiki"), client("zoo")), want...)
	w.applied(t, files(client("wiki"), client("zoo")))
}

func TestNothingIsWrittenWhenAnythingIsWrong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.call("POST", clients, with(wiki(), "client_id", "taken")).want(http.StatusCreated)
	before := len(w.eventNames())
	for name, c := range map[string]struct {
		body map[string]any
		want string
	}{
		"an unknown member":            {files(groupDoc("a"), client("b", "client_nme", "x")), "422 There is no member of this name; check its spelling. pointer=#/documents/1/body/client_nme"},
		"another type":                 {files(client("b", "disabled", "yes")), "422 Expected boolean. pointer=#/documents/0/body/disabled"},
		"a place deep down":            {files(client("b", "claims_mapping", []any{map[string]any{"name": "x", "from": map[string]any{"cel": "(("}}})), "pointer=#/documents/0/body/claims_mapping/0/from"},
		"two faults in two documents":  {files(client("b", "redirect_uris", []string{"http://x.example"}), account("ada", "email", "x")), "422 The request has 2 faults; errors names each. pointer=#/documents/1/body/email pointer=#/documents/0/body/redirect_uris"},
		"the same twice":               {files(account("ada"), account("ADA")), "422 There are two documents about ada. Keep one of them. pointer=#/documents/1/body/username"},
		"one name for two apps":        {files(client("b"), provider("b")), "422 There are two documents about b. Keep one of them. pointer=#/documents/1/body/app"},
		"one entity ID for two":        {files(provider("b"), provider("c", "entity_id", "https://b.example")), "422 There are two documents about https://b.example. Keep one of them. pointer=#/documents/1/body/entity_id"},
		"the name of another app":      {files(provider("taken")), "409 There is another app called taken already. pointer=#/documents/0/body/app"},
		"a token app of a client":      {files(tokenApp("taken")), "409 There is another app called taken already. pointer=#/documents/0/body/app"},
		"a client without its name":    {files(doc{Kind: "Client", Body: wiki()}), "422 A client in a file needs a client_id: it says which client is meant. pointer=#/documents/0/body/client_id"},
		"a service provider without":   {files(doc{Kind: "ServiceProvider", Body: map[string]any{"entity_id": "x", "acs": []string{"https://x"}}}), "422 A service provider in a file needs app: it says which one is meant. pointer=#/documents/0/body/app"},
		"what is read once":            {files(provider("b", "metadata_once", true)), "pointer=#/documents/0/body/metadata_once"},
		"a group in itself":            {files(groupDoc("a", "b"), groupDoc("b", "c"), groupDoc("c", "A")), "422 The request has 3 faults; errors names each."},
		"a weak password":              {files(account("ada", "password", "12345678")), "pointer=#/documents/0/body/password"},
		"a secret that is too short":   {files(client("b", "client_secret", "short")), "422 Expected length >= 16. pointer=#/documents/0/body/client_secret"},
		"a secret of a public client":  {files(client("b", "client_secret", "0123456789abcdef", "token_endpoint_auth_method", "none")), "422 A public client (token_endpoint_auth_method none) has no secret. pointer=#/documents/0/body/client_secret"},
		"a kind that does not exist":   {files(doc{Kind: "Klient", Body: map[string]any{}}), "pointer=#/documents/0/kind"},
		"prune and release":            {with(files(), "prune", true, "release", true), "422 Either delete what is in no file any more (prune), or let people keep it (release). pointer=#/release"},
		"no source":                    {with(files(), "source", ""), "pointer=#/source"},
		"a text in place of an object": {map[string]any{"source": "conf", "documents": []any{map[string]any{"kind": "Group", "file": "f", "body": "x"}}}, "422 Expected object. pointer=#/documents/0/body"},
	} {
		if got := w.apply(c.body).problem(); !strings.Contains(got, c.want) {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
	if names := w.eventNames()[before:]; len(names) != 0 {
		t.Errorf("something was written: %v", names)
	}
}

func TestWhatAFileKeepsIsReadOnlyElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.applied(t, everyKind(), changes(w.apply(with(everyKind(), "dry_run", true))))
	ada := w.call("GET", "/api/v1/users", nil).items()[0]["id"].(string)
	for path, what := range map[string]string{clients + "/wiki": "app", sps + "/crm": "app", "/api/v1/token-apps/desk": "app", "/api/v1/users/" + ada: "account", "/api/v1/groups/maths": "group"} {
		want := "409 This " + what + " is kept in the file conf/a.yaml; change it there."
		if got := w.call("PATCH", path, map[string]any{"disabled": true}).problem(); got != want {
			t.Errorf("PATCH %s: %s", path, got)
		}
		if got := w.call("DELETE", path, nil).problem(); got != want {
			t.Errorf("DELETE %s: %s", path, got)
		}
		by, _ := w.call("GET", path, nil).want(http.StatusOK).body["managed_by"].(map[string]any)
		if by["source"] != "conf" || by["file"] != "conf/a.yaml" {
			t.Errorf("%s: managed_by %v", path, by)
		}
	}
	if got := w.call("PUT", sps+"/crm", map[string]any{"metadata_xml": metadata("https://evil.example", "https://evil.example/acs")}).problem(); got != "409 This app is kept in the file conf/a.yaml; change it there." {
		t.Error(got)
	}
	// A secret that was made here is nothing that a file has.
	w.call("POST", clients+"/wiki/secrets", map[string]any{}).want(http.StatusCreated)
	w.applied(t, everyKind())
}

func TestPruneDeletesNothingThatCameFromElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.applied(t, everyKind(), changes(w.apply(with(everyKind(), "dry_run", true))))
	w.call("POST", clients, with(wiki(), "client_id", "by-hand")).want(http.StatusCreated)
	w.call("POST", "/api/v1/users", map[string]any{"username": "bob"}).want(http.StatusCreated)
	w.applied(t, with(files(client("other")), "source", "team"), "create Client other")

	w.applied(t, files(client("wiki")), "unlisted TokenApp desk", "unlisted ServiceProvider crm", "unlisted User ada", "unlisted Group maths", "unlisted Group science")
	w.applied(t, with(files(client("wiki")), "prune", true), "delete TokenApp desk", "delete ServiceProvider crm", "delete User ada", "delete Group maths", "delete Group science")
	w.applied(t, with(files(client("wiki")), "prune", true))
	for _, path := range []string{clients + "/by-hand", clients + "/other", clients + "/wiki"} {
		w.call("GET", path, nil).want(http.StatusOK)
	}
	if people := w.call("GET", "/api/v1/users", nil).items(); len(people) != 1 || people[0]["username"] != "bob" {
		t.Errorf("%v", people)
	}
}

func TestReleaseGivesObjectsBackToPeople(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.applied(t, everyKind(), changes(w.apply(with(everyKind(), "dry_run", true))))
	w.applied(t, with(files(), "release", true), "release TokenApp desk", "release ServiceProvider crm", "release Client wiki", "release User ada", "release Group maths", "release Group science")
	w.applied(t, with(files(), "prune", true))
	for _, path := range []string{clients + "/wiki", sps + "/crm", "/api/v1/token-apps/desk", "/api/v1/groups/maths"} {
		w.call("DELETE", path, nil).want(http.StatusNoContent)
	}
}

func TestAnotherSourceIsNotTakenOverByMistake(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.call("POST", clients, with(wiki(), "client_id", "wiki", "redirect_uris", []string{"https://wiki.example/cb"}, "client_name", "Wiki")).want(http.StatusCreated)
	w.applied(t, files(client("wiki", "client_name", "Wiki")), "change Client wiki managed_by(<nil>→conf/a.yaml)")
	moved := client("wiki", "client_name", "Wiki")
	moved.File = "conf/b.yaml"
	w.applied(t, files(moved), "change Client wiki managed_by(conf/a.yaml→conf/b.yaml)")
	theirs := with(files(client("wiki", "client_name", "Wiki")), "source", "team")
	if got := w.apply(theirs).problem(); got != "409 It is kept by other files, conf/b.yaml of the source conf. Take it out of there, or take it over (--take-over). pointer=#/documents/0/body" {
		t.Error(got)
	}
	w.applied(t, with(theirs, "take_over", true), "change Client wiki managed_by(conf: conf/b.yaml→team: conf/a.yaml)")
}

// Attack: a client that registered itself changes what a file says about it.
func TestAClientThatRegisteredItselfIsNoFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.owner().RegisterClient(t.Context(), idp.Client{ID: "self", RegistrationTokenHash: "x", ClientMetadata: idp.ClientMetadata{RedirectURIs: []string{"https://self.example/cb"}}})
	if err != nil {
		t.Fatal(err)
	}
	if got := w.apply(files(client("self"))).problem(); got != "409 This client registered itself and changes itself. Delete it first, or choose another client_id. pointer=#/documents/0/body/client_id" {
		t.Error(got)
	}
	if list := w.call("GET", "/api/v1/export", nil).items(); len(list) != 0 {
		t.Errorf("it is exported: %v", list)
	}
}

func TestTwoAppliesAtOnceTheSecondIsToldSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	busy := idp.Ticket{Kind: "apply", ID: "apply", Data: []byte("{}"), Version: 1, CreatedAt: w.now(), ExpiresAt: w.now().Add(15 * time.Minute)}
	if err := w.store.CreateTicket(t.Context(), busy); err != nil {
		t.Fatal(err)
	}
	if got := w.apply(files(client("wiki"))).problem(); got != "409 Another apply is at work. Nothing was changed by this one; try again when that is done, within 15 minutes if it was cut off." {
		t.Error(got)
	}
	w.applied(t, with(files(client("wiki")), "dry_run", true), "create Client wiki") // reading waits for nobody
	w.advance(16 * time.Minute)                                                      // it was cut off
	w.applied(t, files(client("wiki")), "create Client wiki")
	w.applied(t, files(client("wiki"))) // the lock is free again at once
}

// The audit log fails in the middle: what is done is said, the rest is done the next time.
func TestAnApplyThatStopsInTheMiddleSaysHowFarItCame(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.applied(t, files(groupDoc("a")), "create Group a")
	w.events.broken = true
	a := w.apply(files(groupDoc("a"), client("wiki"))).want(http.StatusOK)
	if got := a.str("fault"); got != "Client wiki: A service that is needed for this does not answer. Please try again in a moment." || strings.Contains(a.raw, "done") || strings.Contains(a.raw, "client_secret") {
		t.Error(a.raw)
	}
	w.events.broken = false
	w.applied(t, files(groupDoc("a"), client("wiki")), "create Client wiki")
}

func TestSecretsOfFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const first, second, third = "first-secret-0123456789", "second-secret-0123456789", "third-secret-0123456789"
	secret := func(s string) map[string]any { return files(client("wiki", "client_secret", s)) }
	w.applied(t, secret(first), "create Client wiki")
	w.applied(t, secret(first))
	a := w.applied(t, secret(second), "change Client wiki client_secret(<nil>→<nil>)")
	w.applied(t, secret(second))
	w.applied(t, secret(third), "change Client wiki client_secret(<nil>→<nil>)") // though two are the most
	if n := len(w.call("GET", clients+"/wiki/secrets", nil).items()); n != 2 {
		t.Errorf("%d secrets", n)
	}
	w.advance(25 * time.Hour)
	w.token = strings.TrimPrefix(w.renew(), "Bearer ")
	if n := len(w.call("GET", clients+"/wiki/secrets", nil).items()); n != 1 {
		t.Errorf("%d secrets a day later", n)
	}
	for _, c := range []answer{w.call("POST", clients+"/wiki/secrets", map[string]any{}), w.call("DELETE", clients+"/wiki/secrets/x", nil)} {
		if got := c.problem(); got != "409 The secret of this app is kept with the file conf/a.yaml; change it there." && !strings.HasPrefix(got, "404") {
			t.Error(got)
		}
	}
	w.applied(t, files(client("wiki")), "change Client wiki secret(<nil>→<nil>)") // ours to rotate from now on
	w.call("POST", clients+"/wiki/secrets", map[string]any{}).want(http.StatusCreated)
	events, _ := json.Marshal(w.call("GET", "/api/v1/events", nil).items())
	for _, s := range []string{first, second, third} {
		if strings.Contains(a.raw+string(events), s) {
			t.Errorf("%s is told", s)
		}
	}
	made := w.applied(t, files(client("wiki"), client("new"), tokenApp("desk", "algorithm", "HS256")), "create Client new", "create TokenApp desk")
	if strings.Count(made.raw, `"client_secret":"`) != 1 || strings.Count(made.raw, `"shared_key":"`) != 1 {
		t.Error(made.raw)
	}
}

func TestTheKeyOfATokenAppComesWithItsFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := func(s string) map[string]any {
		return files(tokenApp("desk", "algorithm", "HS256", "shared_key", strings.Repeat(s, 40)))
	}
	w.applied(t, key("a"), "create TokenApp desk")
	w.applied(t, key("a"))
	w.applied(t, key("b"), "change TokenApp desk shared_key(<nil>→<nil>)")
	w.applied(t, key("b"))
	if got := w.call("POST", "/api/v1/token-apps/desk/key", map[string]any{}).problem(); got != "409 The secret of this app is kept with the file conf/a.yaml; change it there." {
		t.Error(got)
	}
}

func TestThePasswordOfAFileIsTheFirstOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.applied(t, files(account("ada")), "create User ada")
	w.applied(t, files(account("ada", "password", "correct horse battery")), "change User ada password(<nil>→<nil>)")
	// They have chosen another one since, or not: it is theirs.
	a := w.applied(t, files(account("ada", "password", "another long passphrase")))
	if strings.Contains(a.raw, "passphrase") {
		t.Error(a.raw)
	}
	w.applied(t, files(account("ada", "password", "another long passphrase", "disabled", true)), "change User ada disabled(<nil>→true)")
}

func TestDisablingAPersonInAFileEndsTheirAccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.applied(t, files(account("ada")), "create User ada")
	u, err := w.store.UserByUsername(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	subject, err := w.store.Subject(t.Context(), "local", u.ID, idp.NewID())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.store.CreateSession(t.Context(), idp.Session{ID: idp.NewID(), Subject: subject, ExpiresAt: w.now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	w.applied(t, files(account("ada", "disabled", true)), "change User ada disabled(<nil>→true)")
	if list, err := w.store.SessionsOf(t.Context(), subject); err != nil || len(list) != 0 {
		t.Errorf("%v %v", list, err)
	}
}

func TestMetadataOfAFileIsReadAgainByTheClockOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fetcher.doc = metadata("https://crm.example", "https://crm.example/acs")
	byURL := func(more ...any) map[string]any {
		return files(doc{Kind: "ServiceProvider", Body: with(map[string]any{"app": "crm", "metadata_url": "https://crm.example/metadata"}, more...)})
	}
	w.applied(t, byURL(), "create ServiceProvider crm")
	w.fetcher.err = fmt.Errorf("down")
	w.applied(t, byURL())
	w.applied(t, byURL("name", "CRM"), "change ServiceProvider crm name(<nil>→CRM)")
	if got := w.apply(byURL("metadata_url", "https://crm.example/other")).problem(); !strings.HasSuffix(got, "pointer=#/documents/0/body/metadata_url") {
		t.Error(got)
	}
	w.fetcher.err = nil
	w.call("POST", sps+"/crm/refresh", nil, "Content-Type", "application/json").want(http.StatusOK)
	if by := w.call("GET", sps+"/crm", nil).body["managed_by"]; by == nil {
		t.Error("reading it again took it away from its file")
	}
	text := files(doc{Kind: "ServiceProvider", Body: map[string]any{"app": "crm", "metadata_xml": metadata("https://crm.example", "https://crm.example/new")}})
	got := changes(w.apply(text))
	if !strings.Contains(got, "metadata_url(https://crm.example/metadata→<nil>)") || !strings.Contains(got, "https://crm.example/new") || strings.Contains(got, "<Entity") {
		t.Error(got)
	}
	w.applied(t, text)
}

func TestTheExportIsAlwaysTheSameAndAppliesToAnEmptyProvider(t *testing.T) {
	t.Parallel()
	w, empty := newWorld(t), newWorld(t)
	w.applied(t, everyKind(), changes(w.apply(with(everyKind(), "dry_run", true))))
	first := w.call("GET", "/api/v1/export", nil).want(http.StatusOK)
	var docs []doc
	for _, i := range first.items() {
		docs = append(docs, doc{Kind: i["kind"].(string), Body: i["body"].(map[string]any)})
	}
	if changes(empty.apply(files(docs...))) == "" {
		t.Fatal("nothing was made")
	}
	if again := empty.call("GET", "/api/v1/export", nil); again.raw != first.raw {
		t.Errorf("got  %s\nwant %s", again.raw, first.raw)
	}
}
