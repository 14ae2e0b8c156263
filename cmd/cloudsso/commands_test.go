package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWrongUseIsExitCode2AndSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for _, c := range []struct {
		args string
		want string
	}{
		{"sevre", "cloudsso: there is no command \"sevre\" below cloudsso\n\"cloudsso --help\" explains the command.\n"},
		{"user remove", "cloudsso: there is no command \"remove\" below cloudsso user\n\"cloudsso user --help\" explains the command.\n"},
		{"serve --lissten :1", "cloudsso: unknown flag: --lissten\n\"cloudsso serve --help\" explains the command.\n"},
		{"serve now", "cloudsso: unknown command \"now\" for \"cloudsso serve\"\n\"cloudsso serve --help\" explains the command.\n"},
		{"user add", "cloudsso: accepts 1 arg(s), received 0\n\"cloudsso user add --help\" explains the command.\n"},
		{"user add ada --password secret", "cloudsso: unknown flag: --password\n\"cloudsso user add --help\" explains the command.\n"},
		{"user add ada --attribute x", "cloudsso: --attribute: expected name=value, got x\n\"cloudsso user add --help\" explains the command.\n"},
		{"user add ada --password-stdin", "cloudsso: --password-stdin: standard input is empty\n\"cloudsso user add --help\" explains the command.\n"},
		{"token create --ttl soon", "cloudsso: invalid argument \"soon\" for \"--ttl\" flag: time: invalid duration \"soon\"\n\"cloudsso token create --help\" explains the command.\n"},
		{"sp import-metadata", "cloudsso: accepts 1 arg(s), received 0\n\"cloudsso sp import-metadata --help\" explains the command.\n"},
	} {
		r := p.run("", strings.Fields(c.args)...).want(2)
		if r.err != c.want || r.out != "" {
			t.Errorf("%s:\n%s", c.args, r.err)
		}
	}
}

func TestHelpIsAnAnswer(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for _, args := range []string{"", "--help", "help serve", "token", "serve --help", "config"} {
		if r := p.do(strings.Fields(args)...); !strings.Contains(r.out, "Usage:") {
			t.Errorf("%q: %s", args, r.out)
		}
	}
	if entries, _ := os.ReadDir(p.dir); len(entries) != 0 {
		t.Errorf("help left something behind: %v", entries)
	}
}

func TestABadConfigurationIsOneMessageWithEveryFault(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "CLOUDSSO_LOG_LEVEL=loud", "CLOUDSSO_STORE_FILE=/does/not/exist", "CLOUDSSO_LISTN=:1")
	p.write("c.yaml", "isuer: https://sso.example.org\nlimits:\n  enabled: maybe\n")
	want := strings.Join([]string{
		"cloudsso: The configuration has 7 faults:",
		"  c.yaml:1: isuer: This key is unknown. Did you mean issuer?",
		"  c.yaml:3: limits.enabled: Expected true or false.",
		"  CLOUDSSO_LISTN: This variable is unknown. Did you mean CLOUDSSO_LISTEN?",
		"  CLOUDSSO_LOG_LEVEL: log.level: Expected one of debug, info, warn, error.",
		"  CLOUDSSO_STORE_FILE: store: The file that should hold the value cannot be read: no such file or directory.",
		"  issuer: It is missing. Give the public URL of this server, such as https://sso.example.org, or start with --dev for work on one machine.",
		"  --listen: listen: Expected an address to listen on, such as :8080 or 127.0.0.1:8080.",
	}, "\n") + "\n"
	if r := p.run("", "serve", "--config", "c.yaml", "--listen", "x").want(1); r.err != want || r.out != "" {
		t.Errorf("got:\n%s\nwant:\n%s", r.err, want)
	}
	if entries, _ := os.ReadDir(p.dir); len(entries) != 1 {
		t.Errorf("a refused start left something behind: %v", entries)
	}
	// The file may be named by the environment too; config check answers in JSON.
	p.env = []string{"CLOUDSSO_CONFIG=c.yaml"}
	r := p.run("", "config", "check", "--json").want(1)
	got := decode[struct {
		OK     bool
		Faults []struct{ Where, Key, Problem string }
	}](r)
	if got.OK || len(got.Faults) != 3 || got.Faults[0].Where != "c.yaml:1" || got.Faults[0].Key != "isuer" {
		t.Errorf("%+v", got)
	}
}

func TestConfigCommands(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "CLOUDSSO_ISSUER=https://sso.example.org", "CLOUDSSO_TRUSTED_PROXIES=10.0.0.0/8")
	if r := p.do("config", "check"); r.out != "The configuration is right.\n" {
		t.Error(r.out)
	}
	if got := decode[struct{ OK bool }](p.do("config", "check", "--json")); !got.OK {
		t.Error("not ok")
	}
	printed := p.do("config", "print").out
	if !strings.Contains(printed, "issuer: https://sso.example.org\n") || !strings.Contains(printed, "- 10.0.0.0/8\n") {
		t.Error(printed)
	}
	if got := decode[struct{ Issuer string }](p.do("config", "print", "--json", "--issuer", "https://flag.example")); got.Issuer != "https://flag.example" {
		t.Errorf("%+v", got)
	}
	p.env = nil
	p.write("printed.yaml", printed)
	if again := p.do("config", "print", "--config", "printed.yaml").out; again != printed {
		t.Errorf("printed, read and printed:\n%s", again)
	}
	if got := decode[struct{ Title string }](p.do("config", "schema")); got.Title == "" {
		t.Error("no schema")
	}
}

func TestTokensAreListedAndRevoked(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	made := decode[struct{ ID, Token string }](p.do("token", "create", "--json", "--role", "app_admin", "--app", "wiki", "--app", "crm", "--name", "deployment"))
	if out := p.do("token", "list").out; !strings.Contains(out, made.ID+"  app_admin  deployment  wiki crm  never") || strings.Contains(out, made.Token) {
		t.Errorf("%q", out)
	}
	if r := p.do("token", "revoke", made.ID); r.err != "The token is revoked.\n" {
		t.Errorf("%q", r.err)
	}
	if list := decode[struct{ Items []any }](p.do("token", "list", "--json")); len(list.Items) != 0 {
		t.Errorf("%v", list)
	}
	if r := p.run("", "token", "revoke", made.ID).want(1); r.err != "cloudsso: There is no token \""+made.ID+"\".\n" {
		t.Errorf("%q", r.err)
	}
	if r := p.run("", "token", "create", "--ttl", "0s").want(1); !strings.Contains(r.err, "between one minute and 365 days") {
		t.Errorf("%q", r.err)
	}
}

func TestARecoveryLinkIsPrintedOnce(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	r := p.do("admin", "recover", "--issuer", "https://login.example.com")
	if !strings.HasPrefix(r.out, "https://login.example.com/admin/setup?key=") || strings.Count(r.out, "\n") != 1 || !strings.Contains(r.err, "It works once, until ") {
		t.Errorf("out %q, err %q", r.out, r.err)
	}
}

func TestTheAuditLogIsVerified(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.do("token", "create")
	if r := p.do("audit", "verify"); r.out != "0 events in 0 seals are as they were sealed.\n" {
		t.Errorf("%q", r.out)
	}
	if r := p.run("", "audit", "verify", "--seal", "abc").want(1); r.err != "cloudsso: No seal has the hash that you kept. The log was cut short, or all of it was written anew.\n" {
		t.Errorf("%q", r.err)
	}
}

func TestTokensAreMadeWithoutAServer(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	r := p.do("token", "create", "--role", "owner", "--ttl", "1h")
	if !strings.HasPrefix(r.out, "cloudsso_admin_") || strings.Count(r.out, "\n") != 1 || !strings.Contains(r.err, "shown once") {
		t.Errorf("out %q, err %q", r.out, r.err)
	}
	got := decode[struct{ ID, Token, Role string }](p.do("token", "create", "--json", "--data", "data"))
	if got.ID == "" || got.Role != "owner" || !strings.HasPrefix(got.Token, "cloudsso_admin_") {
		t.Errorf("%+v", got)
	}
	for args, want := range map[string]string{
		"token create --role king": "cloudsso: role: The role \"king\" is unknown. Expected one of owner, app_admin, help_desk, auditor, registration.\n",
		"token create --ttl 1s":    "cloudsso: expires_in: A token lives between one minute and 365 days.\n",
	} {
		if r := p.run("", strings.Fields(args)...).want(1); r.err != want || r.out != "" {
			t.Errorf("%s: %q", args, r.err)
		}
	}
	for name, mode := range map[string]os.FileMode{"data": 0o700, "data/cloudsso.db": 0o600} {
		if info, err := os.Stat(filepath.Join(p.dir, name)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v %v", name, info, err)
		}
	}
}

func TestUsersAreAdded(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	type user struct {
		ID, Username, Password string
		Attributes             map[string]any
		Groups                 []string
	}
	made := decode[user](p.do("user", "add", "ada", "--email", "ada@example.org", "--group", "maths", "--group", "poetry",
		"--attribute", "given_name=Ada", "--attribute", "lang=en", "--attribute", "lang=fr", "--json"))
	if len(made.Password) != 20 || len(made.Groups) != 2 || made.Attributes["given_name"] != "Ada" || len(made.Attributes["lang"].([]any)) != 2 {
		t.Errorf("%+v", made)
	}
	given := p.run("a good password\n", "user", "add", "bob", "--password-stdin").want(0)
	if strings.Contains(given.out, "password") || !strings.Contains(given.out, "username  bob") {
		t.Errorf("%q", given.out)
	}
	for _, c := range []struct{ stdin, args, want string }{
		{"", "user add Ada", "cloudsso: username: There is a user with this username already.\n"},
		{"short\n", "user add eve --password-stdin", "cloudsso: password: The password is too short: choose at least 8 characters.\n"},
		{"", "user add eve --email nobody", "cloudsso: email: Expected an address such as ada@example.org.\n"},
	} {
		if r := p.run(c.stdin, strings.Fields(c.args)...).want(1); r.err != c.want {
			t.Errorf("%s: %q", c.args, r.err)
		}
	}
}

func TestClientsAreAdded(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	type client struct {
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
		AuthMethod   string `json:"token_endpoint_auth_method"`
	}
	text := p.do("client", "add", "--name", "Wiki", "--redirect-uri", "https://wiki.example/cb")
	if !strings.Contains(text.out, "client_id") || !strings.Contains(text.out, "client_secret  ") {
		t.Errorf("%q", text.out)
	}
	public := decode[client](p.do("client", "add", "--id", "app", "--native", "--public", "--redirect-uri", "com.example.app:/cb", "--json"))
	if public.ClientID != "app" || public.ClientSecret != "" || public.AuthMethod != "none" {
		t.Errorf("%+v", public)
	}
	p.write("wiki.json", `{"client_name":"Wiki","redirect_uris":["https://wiki.example/cb"],"token_endpoint_auth_method":"client_secret_post"}`)
	if got := decode[client](p.do("client", "add", "--file", "wiki.json", "--json")); got.AuthMethod != "client_secret_post" || got.ClientSecret == "" {
		t.Errorf("%+v", got)
	}
	if got := decode[client](p.run(`{"client_id":"stdin","redirect_uris":["https://wiki.example/cb"]}`, "client", "add", "--file", "-", "--json").want(0)); got.ClientID != "stdin" {
		t.Errorf("%+v", got)
	}
	// --dev lets a client on this machine do without https.
	p.do("client", "add", "--dev", "--redirect-uri", "http://localhost:3000/cb")
	for _, c := range []struct{ stdin, args, want string }{
		{"", "client add --name x", "cloudsso: redirect_uris: At least one redirect URI is needed: the address that the application gets its answers at.\n"},
		{"", "client add --id app --redirect-uri https://a.example/", "cloudsso: client_id: There is a client or another app with this client_id already.\n"},
		{`{"redirect_uri":"x","first_party":1}`, "client add --file -", "cloudsso: first_party: Expected boolean.\ncloudsso: redirect_uri: There is no member of this name; check its spelling.\n"},
		{"", "client add --file nowhere.json", "cloudsso: open nowhere.json: no such file or directory\n"},
	} {
		if r := p.run(c.stdin, strings.Fields(c.args)...).want(1); r.err != c.want {
			t.Errorf("%s: %q", c.args, r.err)
		}
	}
}

const metadata = `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://crm.example/saml">
  <SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://crm.example/acs" index="0"/>
  </SPSSODescriptor>
</EntityDescriptor>`

func TestServiceProvidersAreImported(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "CLOUDSSO_ISSUER=https://sso.example.org")
	p.write("crm.xml", metadata)
	got := decode[struct {
		App         string
		EntityID    string            `json:"entity_id"`
		LaunchURL   string            `json:"launch_url"`
		Certificate map[string]string `json:"signing_certificate"`
	}](p.do("sp", "import-metadata", "crm.xml", "--app", "crm", "--allow-idp-initiated", "--json"))
	if got.App != "crm" || got.EntityID != "https://crm.example/saml" || got.LaunchURL != "https://sso.example.org/saml/init/crm" || !strings.HasPrefix(got.Certificate["pem"], "-----BEGIN CERTIFICATE-----") {
		t.Errorf("%+v", got)
	}
	if r := p.run("", "sp", "import-metadata", "crm.xml").want(1); !strings.Contains(r.err, "The entity ID https://crm.example/saml is registered already, as app crm.") {
		t.Errorf("%q", r.err)
	}
	text := p.run(strings.ReplaceAll(metadata, "crm", "hr"), "sp", "import-metadata", "-", "--name", "HR").want(0)
	for _, want := range []string{"app", "hr", "https://sso.example.org/saml/metadata/hr", "sha256 "} {
		if !strings.Contains(text.out, want) {
			t.Errorf("%q is not in %q", want, text.out)
		}
	}
	p.write("broken.xml", "<EntityDescriptor>")
	for _, c := range []struct{ args, want string }{
		{"sp import-metadata broken.xml", "metadata_xml: "},
		{"sp import-metadata nowhere.xml", "open nowhere.xml: no such file"},
		{"sp import-metadata http://sp.example/metadata", "metadata_url: Only https addresses are fetched"},
		{"sp import-metadata https://127.0.0.1/metadata", "metadata_url: 127.0.0.1 is not on the public internet"},
		{"sp import-metadata https://169.254.169.254/metadata", "metadata_url: 169.254.169.254 is not on the public internet"},
	} {
		if r := p.run("", strings.Fields(c.args)...).want(1); !strings.Contains(r.err, c.want) {
			t.Errorf("%s: %q", c.args, r.err)
		}
	}
}

func TestKeysAreListedAndAWrongKEKSaysWhatToDo(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	type key struct{ KID, Use, Alg, State string }
	first := decode[[]key](p.do("keys", "list", "--json"))
	if len(first) < 3 {
		t.Fatalf("%+v", first)
	}
	text := p.do("keys", "list").out
	for _, k := range first {
		if !strings.Contains(text, k.KID) {
			t.Errorf("%s is not in %s", k.KID, text)
		}
	}
	if strings.Contains(text, "PRIVATE") || !strings.HasPrefix(text, "KID") {
		t.Error(text)
	}
	p.env = append(p.env, "CLOUDSSO_KEK=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
	const wrong = "cloudsso: The key-encryption key in CLOUDSSO_KEK is not the one that sealed the keys in this store: put the key of this installation back from your backup (the data is not lost, only locked), then start again.\n"
	for _, args := range []string{"keys list", "serve --dev --listen 127.0.0.1:0 --issuer http://localhost"} {
		if r := p.run("", strings.Fields(args)...).want(1); !strings.HasPrefix(r.err, wrong) || r.out != "" {
			t.Errorf("%s: %s", args, r.err)
		}
	}
	p.do("user", "add", "ada") // needs no key
}

func TestKeysAreRolledOverWithoutAServer(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	type key struct {
		KID, Slot, State string
		Signing          bool
	}
	made := decode[key](p.do("keys", "rotate", "--use", "saml", "--json"))
	if made.Slot != "saml/RS256/2" || made.State != "next" || made.Signing {
		t.Errorf("%+v", made)
	}
	if r := p.run("", "keys", "activate", "--", made.KID).want(1); !strings.Contains(r.err, "cloudsso: The key "+made.KID+" is not published long enough") {
		t.Error(r.err)
	}
	if r := p.do("keys", "activate", "saml/RS256/2", "--now"); !strings.Contains(r.out, "active  yes") || !strings.Contains(r.err, "within a minute") {
		t.Errorf("%s%s", r.out, r.err)
	}
	if got := decode[key](p.do("keys", "activate", "saml/RS256/1", "--json")); !got.Signing { // the way back
		t.Errorf("%+v", got)
	}
	if got := decode[key](p.do("keys", "retire", "saml/RS256/2", "--now", "--json")); got.State != "retired" {
		t.Errorf("%+v", got)
	}
	r := p.do("keys", "rotate")
	if !strings.Contains(r.out, "sig/RS256/2") || !strings.Contains(r.err, "To call that off: cloudsso keys retire sig/RS256/2\n") {
		t.Errorf("%s%s", r.out, r.err)
	}
	for args, want := range map[string]string{
		"keys rotate --use enc":        "cloudsso: use: There are no keys for the use \"enc\" with the algorithm \"RS256\". There are: sig RS256, sig ES256, sig PS256, sig EdDSA, sig RS384, sig RS512, sig PS384, sig PS512, sig ES384, sig ES512, saml RS256, saml ES256, token HS256.\n",
		"keys retire sig/RS256/1":      "is the one that signs: without it, nobody could sign in. Activate another first.\n",
		"keys activate nothing --json": "cloudsso: There is no key \"nothing\". List the keys to see which there are.\n",
	} {
		if r := p.run("", strings.Fields(args)...).want(1); !strings.Contains(r.err, want) || r.out != "" {
			t.Errorf("%s: %s%s", args, r.out, r.err)
		}
	}
	if r := p.run("", "keys", "activate").want(2); !strings.Contains(r.err, "accepts 1 arg(s), received 0") {
		t.Error(r.err)
	}
}

func TestMigrations(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	type step struct {
		Version int
		Name    string
		Done    bool
	}
	if r := p.run("", "migrate", "status").want(1); !strings.Contains(r.err, "There is no data folder ./data. Name the right one with --data.") {
		t.Errorf("%q", r.err)
	}
	if err := os.Mkdir(filepath.Join(p.dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		command string
		done    bool
	}{{"status", false}, {"up", true}, {"up", true}, {"status", true}} {
		got := decode[[]step](p.do("migrate", c.command, "--json"))
		if len(got) == 0 || got[0].Version != 1 || got[0].Done != c.done {
			t.Errorf("%s: %+v", c.command, got)
		}
	}
	if r := p.do("migrate", "status"); !strings.HasPrefix(r.out, "STEP") || strings.Contains(r.out, "not yet") {
		t.Error(r.out)
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	if r := p.do("version"); !strings.HasPrefix(r.out, "cloudsso ") || !strings.Contains(r.out, "go1.") {
		t.Error(r.out)
	}
	if got := decode[struct{ Version, Go string }](p.do("version", "--json")); got.Version == "" || got.Go == "" {
		t.Errorf("%+v", got)
	}
}
