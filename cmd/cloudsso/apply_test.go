package main_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const spMetadata = `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" validUntil="UNTIL" entityID="https://HOST/metadata"><SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><AssertionConsumerService index="0" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://HOST/acs"/></SPSSODescriptor></EntityDescriptor>`

func metadataOf(host string) string {
	return strings.NewReplacer("HOST", host, "UNTIL", time.Now().AddDate(1, 0, 0).UTC().Format(time.RFC3339)).Replace(spMetadata)
}

// secretsOfEverything are what testdata/everything.yaml refers to.
var secretsOfEverything = []string{
	"ADA_PASSWORD=correct horse battery x", "WEB_SECRET=" + strings.Repeat("web-secret-", 8), "DESK_KEY=" + strings.Repeat("desk-key-", 8),
	"BOB_HASH=$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
}

// everything writes the file that has every member, for a place.
func (p *place) everything() {
	p.t.Helper()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte(metadataOf("url.example")))
	}))
	p.t.Cleanup(site.Close)
	text, err := os.ReadFile("testdata/everything.yaml")
	if err != nil {
		p.t.Fatal(err)
	}
	kid := ""
	for _, k := range decode[[]struct{ KID, Use string }](p.do("keys", "list", "--json")) {
		if k.Use == "saml" {
			kid = k.KID
		}
	}
	p.folder("conf")
	p.write("conf/everything.yaml", strings.NewReplacer("${SITE}", site.URL, "${KID}", kid).Replace(string(text)))
	p.write("conf/sp.xml", metadataOf("file.example"))
}

func (p *place) folder(name string) {
	p.t.Helper()
	if err := os.MkdirAll(filepath.Join(p.dir, name), 0o700); err != nil {
		p.t.Fatal(err)
	}
}

// copyKeys is another provider with the same keys.
func (p *place) copyKeys(t *testing.T) {
	t.Helper()
	p.do("backup", "create", "keys.backup")
	p.do("backup", "restore", "keys.backup", "--data", "data2")
}

func TestEveryMemberSurvivesApplyExportAndApply(t *testing.T) {
	t.Parallel()
	p := newPlace(t, append(secretsOfEverything, "CLOUDSSO_DEV=true", "CLOUDSSO_DATA=data")...)
	p.everything()
	p.copyKeys(t)
	made := p.do("apply", "-f", "conf", "--secrets-out", "new.json")
	if again := p.do("diff", "-f", "conf"); again.out != "0 to create, 0 to change, 0 to delete, 0 in no file any more; 10 as the files say.\n" {
		t.Error(again.out)
	}
	exported := p.do("export").out
	for _, s := range secretsOfEverything {
		_, value, _ := strings.Cut(s, "=")
		if strings.Contains(made.out+made.err+exported, value) {
			t.Errorf("%s is told", s)
		}
	}
	made2, err := os.ReadFile(filepath.Join(p.dir, "new.json"))
	if info, err2 := os.Stat(filepath.Join(p.dir, "new.json")); err != nil || err2 != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v %v", info.Mode(), err, err2)
	}
	var secrets map[string]map[string]string
	if err := json.Unmarshal(made2, &secrets); err != nil || secrets["signer"]["client_secret"] == "" || secrets["web"]["shared_signing_key"] == "" || secrets["web"]["client_secret"] != "" {
		t.Errorf("%s %v", made2, err)
	}
	if strings.Contains(made.out+made.err, secrets["signer"]["client_secret"]) {
		t.Error("the answer shows what went into the file")
	}
	p.write("exported.yaml", exported)
	p.do("apply", "-f", "exported.yaml", "--data", "data2")
	if twice := p.do("export", "--data", "data2").out; twice != exported {
		t.Errorf("got\n%s\nwant\n%s", twice, exported)
	}
	p.do("diff", "-f", "exported.yaml", "--data", "data2")
	// The same file over what is there changes who keeps it, and nothing else.
	for line := range strings.SplitSeq(p.run("", "diff", "-f", "exported.yaml", "--source", "conf").want(2).out, "\n") {
		if strings.HasPrefix(line, "    ") && !strings.HasPrefix(line, "    managed_by: ") && !strings.HasPrefix(line, "    secret: ") {
			t.Errorf("a change: %s", line)
		}
	}
	coversTheSchema(t, p.do("config", "schema", "--documents").out, exported)
}

// coversTheSchema fails for a member that no exported document has: somebody added one, and
// nobody looked whether files keep it.
func coversTheSchema(t *testing.T, schema, exported string) {
	t.Helper()
	var doc struct {
		Defs map[string]struct {
			Properties map[string]any
		} `json:"$defs"`
	}
	if err := json.Unmarshal([]byte(schema), &doc); err != nil {
		t.Fatal(err)
	}
	never := []string{
		"client_secret", "password", "password_hash", "shared_key", // never exported
		"sector_identifier_uri", "mdq_url", "metadata_signers", // need a site with TLS, or a signature
	}
	for kind, def := range doc.Defs {
		for name := range def.Properties {
			if !strings.Contains(exported, name+":") && !slices.Contains(never, name) {
				t.Errorf("%s: no document has %s", kind, name)
			}
		}
	}
}

func TestFaultsOfFilesNameFileLineAndColumn(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "CLOUDSSO_DATA=data", "CLOUDSSO_ISSUER=https://sso.example.org")
	p.folder("conf/team")
	p.folder("conf/.hidden")
	p.write("conf/.hidden/x.yaml", "not: read")
	p.write("conf/notes.txt", "not: read")
	p.write("conf/b.yml", "kind: Client\nclient_id: wiki\nredirect_uris: [http://wiki.example]\n---\nkind: Klient\n---\nkind: User\nusername: ada\npassword: env:NOT_SET\n")
	p.write("conf/team/a.yaml", "kind: Client\nclient_id: crm\nclient_secret: abcdefghijklmnopq\n---\n- 1\n---\nkind: Client\nclient_id: x\nclient_secret: file:missing\n")
	want := "cloudsso: conf/b.yml:5:1: kind: Expected kind with one of Group, User, Client, ServiceProvider, TokenApp.\n" +
		"cloudsso: conf/b.yml:9:1: password: The environment variable NOT_SET is not set.\n" +
		"cloudsso: conf/team/a.yaml:3:1: client_secret: A secret never stands in the file itself. Expected env:NAME, file:PATH or generate.\n" +
		"cloudsso: conf/team/a.yaml:5:1: A document is a list of members with kind among them.\n" +
		"cloudsso: conf/team/a.yaml:9:1: client_secret: The file cannot be read: open conf/team/missing: no such file or directory.\n"
	if r := p.run("", "apply", "-f", "conf").want(1); r.err != want || r.out != "" {
		t.Errorf("got\n%s\nwant\n%s", r.err, want)
	}
	p.write("conf/b.yml", "kind: Client\nclient_id: wiki\nredirect_uris:\n  - http://wiki.example\n---\nkind: Group\nname: x\nparent: [y]\n")
	p.write("conf/team/a.yaml", "kind: Client\nclient_id: crm\nredirect_uris: [https://crm.example/cb]\nclaims_mapping:\n  - name: x\n    from:\n      cel: ((\n")
	r := p.run("", "diff", "-f", "conf").want(1)
	for _, want := range []string{"cloudsso: conf/b.yml:8:1: parent: There is no member of this name; check its spelling.\n", "cloudsso: conf/b.yml:3:1: redirect_uris: The redirect URI", "cloudsso: conf/team/a.yaml:7:7: claims_mapping[0].from.cel: "} {
		if !strings.Contains(r.err, want) {
			t.Errorf("got\n%s\nwant %s", r.err, want)
		}
	}
	for args, want := range map[string]string{
		"diff":                           "cloudsso: name the files with -f\n",
		"diff -f nothing":                "cloudsso: stat nothing: no such file or directory\n",
		"diff -f conf --what":            "cloudsso: unknown flag: --what\n",
		"export --kind Thing":            "cloudsso: --kind: expected one of Group, User, Client, ServiceProvider, TokenApp\n",
		"export --server http://far.com": "cloudsso: --server: expected an https address, or http on loopback\n",
		"export --server https://a.com":  "cloudsso: --server needs --token-file\n",
	} {
		r := p.run("", strings.Fields(args)...)
		if code := 1; r.code != code && !strings.HasPrefix(args, "export") || !strings.HasPrefix(r.err, want) {
			t.Errorf("%s: %d %s", args, r.code, r.err)
		}
	}
}

func TestApplyDiffAndPruneOnTheData(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "CLOUDSSO_DATA=data", "CLOUDSSO_ISSUER=https://sso.example.org")
	p.folder("conf")
	p.write("conf/a.yaml", "kind: Client\nclient_id: wiki\nredirect_uris: [https://wiki.example/cb, https://wiki.example/old]\n---\nkind: Group\nname: maths\n")
	if r := p.do("apply", "-f", "conf", "--dry-run"); strings.Contains(r.out, "secret") {
		t.Error(r.out)
	}
	if r := p.run("", "diff", "-f", "conf").want(2); r.err != "" || !strings.HasPrefix(r.out, "+ Group maths  (conf/a.yaml)\n+ Client wiki  (conf/a.yaml)\n2 to create") {
		t.Error(r.out, r.err)
	}
	r := p.do("apply", "-f", "conf")
	if !strings.Contains(r.out, "\nclient_secret  ") || r.err != "This secret is shown once.\n" {
		t.Error(r.out, r.err)
	}
	if r := p.do("diff", "-f", "conf/"); !strings.Contains(r.out, "2 as the files say") { // the same source
		t.Error(r.out)
	}
	p.write("conf/a.yaml", "kind: Client\nclient_id: wiki\nclient_name: Wiki\nredirect_uris: [https://wiki.example/cb, https://wiki.example/new]\n")
	want := "~ Client wiki  (conf/a.yaml)\n    client_name: (none) → \"Wiki\"\n    redirect_uris:\n      - \"https://wiki.example/old\"\n      + \"https://wiki.example/new\"\n" +
		"? Group maths  (conf/a.yaml)\n    in no file any more; apply --prune deletes it, --release gives it back to people\n0 to create, 1 to change, 0 to delete, 1 in no file any more; 0 as the files say.\n"
	if r := p.run("", "diff", "-f", "conf").want(2); r.out != want {
		t.Errorf("got\n%s\nwant\n%s", r.out, want)
	}
	if r := p.do("apply", "-f", "conf", "--prune", "--json"); !strings.Contains(r.out, `"done": true`) {
		t.Error(r.out)
	}
	p.do("diff", "-f", "conf")
	if r := p.run("kind: Group\nname: piped\n", "apply", "-f", "-").want(0); !strings.HasPrefix(r.out, "+ Group piped  (stdin)\n") {
		t.Error(r.out)
	}
	p.write("taken.json", "")
	if r := p.run("", "apply", "-f", "conf", "--secrets-out", "taken.json").want(1); r.err != "cloudsso: The file taken.json is there already. Secrets go into a new file.\n" {
		t.Error(r.err)
	}
	p.do("apply", "-f", "conf", "--secrets-out", "unused.json")
	if _, err := os.Stat(filepath.Join(p.dir, "unused.json")); !os.IsNotExist(err) {
		t.Error("a file of no secrets is left behind")
	}
}

func TestApplyThroughAServer(t *testing.T) {
	t.Parallel()
	p := newPlace(t, append(secretsOfEverything, "CLOUDSSO_DEV=true", "CLOUDSSO_DATA=data")...)
	p.everything()
	s := p.serve()
	p.write("token", p.do("token", "create").out)
	there := []string{"--server", s.url, "--token-file", "token"}
	if r := p.run("", append([]string{"diff", "-f", "conf"}, there...)...).want(2); !strings.Contains(r.out, "10 to create") {
		t.Error(r.out)
	}
	p.do(append([]string{"apply", "-f", "conf"}, there...)...)
	p.do(append([]string{"diff", "-f", "conf"}, there...)...)
	if far, near := p.do(append([]string{"export"}, there...)...).out, p.do("export").out; far != near {
		t.Errorf("got\n%s\nwant\n%s", far, near)
	}
	p.write("conf/everything.yaml", "kind: Group\nname: x\nparent: [y]\n")
	if r := p.run("", append([]string{"apply", "-f", "conf"}, there...)...).want(1); r.err != "cloudsso: conf/everything.yaml:3:1: parent: There is no member of this name; check its spelling.\n" {
		t.Error(r.err)
	}
	p.write("token", "wrong")
	if r := p.run("", append([]string{"export"}, there...)...).want(1); !strings.HasPrefix(r.err, "cloudsso: The admin token is unknown or has expired.") {
		t.Error(r.err)
	}
	log := s.stop(t) + s.output.String()
	for _, secret := range secretsOfEverything {
		if _, value, _ := strings.Cut(secret, "="); strings.Contains(log, value) {
			t.Errorf("%s is in the log", secret)
		}
	}
}

// The README's example is applied as it stands there.
func TestTheExampleOfTheReadme(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(readme), "    # conf/apps.yaml\n")
	example, _, ended := strings.Cut(rest, "\n\n")
	if !found || !ended {
		t.Fatal("the README has no example")
	}
	p := newPlace(t, "CLOUDSSO_DATA=data", "CLOUDSSO_ISSUER=https://sso.example.org", "ADA_PASSWORD=correct horse battery x")
	p.folder("conf")
	p.write("conf/apps.yaml", strings.ReplaceAll("\n"+example, "\n    ", "\n"))
	if r := p.do("apply", "-f", "conf/"); !strings.HasSuffix(r.out, "4 created, 0 changed, 0 deleted, 0 in no file any more; 0 as the files say.\n") {
		t.Error(r.out)
	}
	p.do("diff", "-f", "conf/")
}
