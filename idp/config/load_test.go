package config_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"cloudsso/idp/config"
)

// file writes a configuration file and returns its path.
func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cloudsso.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const issuer = "CLOUDSSO_ISSUER=https://sso.example.org"

func load(t *testing.T, src config.Sources) config.Config {
	t.Helper()
	c, err := config.Load(src)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// faults loads what must be refused and returns the lines of the message.
func faults(t *testing.T, src config.Sources) []string {
	t.Helper()
	c, err := config.Load(src)
	if err == nil {
		t.Fatalf("accepted: %+v", c)
	}
	text := err.Error()
	if dir := filepath.Dir(src.File); src.File != "" {
		text = strings.ReplaceAll(text, dir+"/", "")
	}
	return strings.Split(text, "\n  ")[1:]
}

func TestDefaultsAreSafe(t *testing.T) {
	t.Parallel()
	c := load(t, config.Sources{Env: []string{issuer}})
	want := config.Config{
		Issuer: "https://sso.example.org", Listen: ":8080", OpsListen: "127.0.0.1:9090", Data: "./data", StorePool: 16, StoreTimeout: config.Duration(10 * time.Second), DrainDelay: config.Duration(5 * time.Second), TraceTTL: config.Duration(168 * time.Hour),
		Registration: config.RegistrationOff,
		Organisation: config.Organisation{LogoWidth: 160, LogoHeight: 80},
		Limits:       config.Limits{Enabled: true}, Log: config.Log{Format: "json", Level: "info"},
		Directories: []config.Directory{{ID: "local", Kind: "local"}},
	}
	c.TrustedProxies, c.Outbound.AllowHosts, c.Logout.ReturnURLs, c.Scopes, c.RegistrationResources = nil, nil, nil, nil, nil
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
	if c.LocalDirectory() != "local" || c.BasePath() != "" {
		t.Errorf("local directory %q, base path %q", c.LocalDirectory(), c.BasePath())
	}
}

func TestTheLaterSourceWins(t *testing.T) {
	t.Parallel()
	f := file(t, "issuer: https://file.example\nlisten: 127.0.0.1:1\ndata: /from/file\nlog:\n  level: debug\n")
	c := load(t, config.Sources{File: f, Env: []string{"CLOUDSSO_LISTEN=127.0.0.1:2", "CLOUDSSO_DATA=/from/env"}, Flags: map[string]any{"data": "/from/flag"}})
	if c.Issuer != "https://file.example" || c.Listen != "127.0.0.1:2" || c.Data != "/from/flag" || c.Log.Level != "debug" || c.Log.Format != "json" {
		t.Errorf("%+v", c)
	}
}

func TestEveryKindOfValueFromEverySource(t *testing.T) {
	t.Parallel()
	ca := file(t, "x")
	text := "issuer: https://sso.example.org/base\ntrusted_proxies: [10.0.0.0/8, 192.168.1.7]\noutbound:\n  allow_hosts: [\"sp.lan:8443\"]\n  ca_file: " + ca +
		"\nlimits: {enabled: false}\ndirectories:\n  - {id: staff, kind: file, path: people.yaml, domains: [example.org]}\n  - {id: built-in, kind: local}\n"
	f := file(t, text)
	fromFile := load(t, config.Sources{File: f})
	fromEnv := load(t, config.Sources{File: file(t, text[strings.Index(text, "directories"):]), Env: []string{
		"CLOUDSSO_ISSUER=https://sso.example.org/base", "CLOUDSSO_TRUSTED_PROXIES=10.0.0.0/8, 192.168.1.7", "CLOUDSSO_OUTBOUND_ALLOW_HOSTS=sp.lan:8443",
		"CLOUDSSO_OUTBOUND_CA_FILE=" + ca, "CLOUDSSO_LIMITS_ENABLED=false", "UNRELATED=1", "CLOUDSSO_LOG_LEVEL=",
	}})
	if got := fromFile.TrustedProxies; len(got) != 2 || got[1].String() != "192.168.1.7/32" {
		t.Errorf("trusted proxies %v", got)
	}
	if got := fromFile.Directories[0]; got.Path != filepath.Join(filepath.Dir(f), "people.yaml") || got.Domains[0] != "example.org" {
		t.Errorf("directory %+v", got)
	}
	fromEnv.Directories, fromFile.Directories = nil, nil
	if !reflect.DeepEqual(fromFile, fromEnv) {
		t.Errorf("file %+v\nenv  %+v", fromFile, fromEnv)
	}
	if fromFile.BasePath() != "/base" {
		t.Errorf("base path %q", fromFile.BasePath())
	}
}

func TestEverythingThatIsWrongIsInOneMessage(t *testing.T) {
	t.Parallel()
	f := file(t, "isuer: https://sso.example.org\nlisten: 8080\nlog:\n  level: loud\n  colour: true\nlimits:\n  enabled: maybe\n")
	got := faults(t, config.Sources{File: f, Env: []string{"CLOUDSSO_LISTN=:1", "CLOUDSSO_TRUSTED_PROXIES=everybody", "CLOUDSSO_STORE_FILE=/does/not/exist"}, Flags: map[string]any{"ops_listen": "here"}})
	want := []string{
		"cloudsso.yaml:1: isuer: This key is unknown. Did you mean issuer?",
		"cloudsso.yaml:2: listen: Expected a text.",
		"cloudsso.yaml:4: log.level: Expected one of debug, info, warn, error.",
		`cloudsso.yaml:5: log.colour: This key is unknown. "cloudsso config schema" lists the known ones.`,
		"cloudsso.yaml:7: limits.enabled: Expected true or false.",
		"CLOUDSSO_LISTN: This variable is unknown. Did you mean CLOUDSSO_LISTEN?",
		"CLOUDSSO_STORE_FILE: store: The file that should hold the value cannot be read: no such file or directory.",
		"CLOUDSSO_TRUSTED_PROXIES: trusted_proxies: Expected a list of networks such as 10.0.0.0/8.",
		"issuer: It is missing. Give the public URL of this server, such as https://sso.example.org, or start with --dev for work on one machine.",
		"--ops-listen: ops_listen: Expected an address to listen on, such as :8080 or 127.0.0.1:8080.",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestBadFiles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{"no YAML", "a: [", "cloudsso.yaml: This is not YAML: line 1: did not find expected node content."},
		{"a list", "- a\n", "cloudsso.yaml:1: Keys with values are expected here."},
		{"a text", "hello", "cloudsso.yaml:1: Keys with values are expected here."},
		{"two documents", "dev: true\n---\ndev: false\n", "cloudsso.yaml: The file holds more than one YAML document; one is expected."},
		{"a key twice", "dev: true\nlisten: 127.0.0.1:1\ndev: true\n", "cloudsso.yaml:3: dev: This key stands here twice."},
		{"a key without a value", "dev: true\nlisten:\n", "cloudsso.yaml:2: listen: There is no value here. Give one (a text) or delete the line."},
		{"a section without a mapping", "dev: true\nlog: json\n", "cloudsso.yaml:2: log: Keys with values are expected here."},
		{"a list of numbers", "dev: true\noutbound: {allow_hosts: [1]}\n", "cloudsso.yaml:2: outbound.allow_hosts: Expected a list of texts."},
		{"a text for a number", "dev: true\nstore_pool: many\n", "cloudsso.yaml:2: store_pool: Expected a whole number."},
		{"a number for a time", "dev: true\ndrain_delay: 5\n", "cloudsso.yaml:2: drain_delay: Expected a time such as 5s."},
		{"a text for a list", "dev: true\ntrusted_proxies: 10.0.0.0/8\n", "cloudsso.yaml:2: trusted_proxies: Expected a list of networks such as 10.0.0.0/8."},
		{"an alias", "dev: true\ndata: &a x\nstore: *a\n", "cloudsso.yaml:3: store: Expected a text."},
		{"an unknown key of a directory", "dev: true\ndirectories:\n  - {id: a, kind: local, pth: x}\n", "cloudsso.yaml:3: directories[0].pth: This key is unknown. Did you mean path?"},
		{"an unknown kind of directory", "dev: true\ndirectories:\n  - id: a\n    kind: nis\n", "cloudsso.yaml:4: directories[0].kind: Expected one of local, file, ldap, http, imis, sql."},
		{"directories that are no list", "dev: true\ndirectories: local\n", "cloudsso.yaml:2: directories: Expected a list of directories, each with id and kind, in the configuration file."},
		{"a directory without an id", "dev: true\ndirectories:\n  - {kind: local}\n", "cloudsso.yaml:3: directories[0]: id: expected 1 to 32 lower-case letters, digits and dashes."},
		{"a directory without a kind", "dev: true\ndirectories:\n  - {id: a}\n", "cloudsso.yaml:3: directories[0]: kind is missing. Expected one of local, file, ldap, http, imis, sql."},
		{"a file directory without a file", "dev: true\ndirectories:\n  - {id: a, kind: file}\n", "cloudsso.yaml:3: directories[0]: path is missing. A directory of kind file needs the path of its YAML or CSV file."},
		{"a local directory with a file", "dev: true\ndirectories:\n  - {id: a, kind: local, path: x}\n", "cloudsso.yaml:3: directories[0]: path: a directory of kind local has none."},
		{"two directories of one name", "dev: true\ndirectories:\n  - {id: a, kind: local}\n  - {id: a, kind: file, path: x}\n", "cloudsso.yaml:4: directories[1]: id: another directory is called a too."},
		{"two local directories", "dev: true\ndirectories:\n  - {id: a, kind: local}\n  - {id: b, kind: local}\n", "cloudsso.yaml:4: directories[1]: There is one set of built-in users, so one directory of kind local."},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := faults(t, config.Sources{File: file(t, c.text)}); len(got) != 1 || got[0] != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestAFileThatCannotBeReadIsAFault(t *testing.T) {
	t.Parallel()
	got := faults(t, config.Sources{File: "/does/not/exist.yaml", Env: []string{issuer}})
	if len(got) != 1 || got[0] != "exist.yaml: The configuration file cannot be read: no such file or directory." {
		t.Errorf("%q", got)
	}
	big := file(t, "# "+strings.Repeat("x", 1<<20))
	if got := faults(t, config.Sources{File: big, Env: []string{issuer}}); !strings.Contains(got[0], "larger than 1 MB") {
		t.Errorf("%q", got)
	}
	load(t, config.Sources{File: file(t, ""), Env: []string{issuer}})
	load(t, config.Sources{File: file(t, "# only a comment\n"), Env: []string{issuer}})
}

func TestValuesFromSecretFiles(t *testing.T) {
	t.Parallel()
	secret := file(t, "https://from-file.example\n")
	if c := load(t, config.Sources{Env: []string{"CLOUDSSO_ISSUER_FILE=" + secret}}); c.Issuer != "https://from-file.example" {
		t.Errorf("issuer %q", c.Issuer)
	}
	got := faults(t, config.Sources{Env: []string{issuer, "CLOUDSSO_ISSUER_FILE=" + secret}})
	if len(got) != 1 || got[0] != "CLOUDSSO_ISSUER_FILE: issuer: CLOUDSSO_ISSUER sets this as well. Keep one of them." {
		t.Errorf("%q", got)
	}
}

// TestAMissingKeyEncryptionKeyIsReportedWithTheRest: one start tells all that is wrong.
func TestAMissingKeyEncryptionKeyIsReportedWithTheRest(t *testing.T) {
	t.Parallel()
	env := []string{"CLOUDSSO_ISSUER=http://x.example", "CLOUDSSO_KEK_FILE=/nowhere/kek"}
	got := faults(t, config.Sources{Env: env})
	if len(got) != 2 || got[0] != "CLOUDSSO_KEK_FILE: kek: The file that should hold the key-encryption key cannot be read: no such file or directory." {
		t.Errorf("%q", got)
	}
	if _, err := config.Load(config.Sources{Env: []string{issuer, env[1]}, DataOnly: true}); err != nil {
		t.Errorf("work on the data alone needs no key: %v", err)
	}
}

func TestVariablesOfOthersAreNotOurs(t *testing.T) {
	t.Parallel()
	load(t, config.Sources{Env: []string{
		issuer, "CLOUDSSO_KEK=x", "CLOUDSSO_KEK_FILE=" + file(t, "x"), "CLOUDSSO_CONFIG=/x", "CLOUDSSOX=1",
		// Kubernetes, for services called cloudsso and cloudsso-ops
		"CLOUDSSO_SERVICE_HOST=10.0.0.1", "CLOUDSSO_SERVICE_PORT=80", "CLOUDSSO_SERVICE_PORT_HTTP=80", "CLOUDSSO_PORT=tcp://10.0.0.1:80",
		"CLOUDSSO_PORT_80_TCP=tcp://10.0.0.1:80", "CLOUDSSO_PORT_80_TCP_ADDR=10.0.0.1", "CLOUDSSO_OPS_SERVICE_HOST=10.0.0.2", "CLOUDSSO_OPS_PORT_9090_TCP_PROTO=tcp",
	}})
	if got := faults(t, config.Sources{Env: []string{issuer, "CLOUDSSO_DIRECTORIES=local"}}); !strings.Contains(got[0], "in the configuration file") {
		t.Errorf("%q", got)
	}
	if got := faults(t, config.Sources{Env: []string{issuer}, Flags: map[string]any{"colour": true}}); !strings.HasPrefix(got[0], "--colour: colour: This key is unknown.") {
		t.Errorf("%q", got)
	}
}

func TestWhatIsPrintedCanBeReadAgainAndHoldsNoSecret(t *testing.T) {
	t.Parallel()
	c := load(t, config.Sources{Env: []string{issuer, "CLOUDSSO_TRUSTED_PROXIES=10.0.0.0/8", "CLOUDSSO_DATA=true"}})
	text := string(c.YAML())
	again := load(t, config.Sources{File: file(t, strings.ReplaceAll(strings.ReplaceAll(text, "store: \"\"\n", ""), "flows: \"\"\n", ""))})
	c.Outbound.AllowHosts, again.Outbound.AllowHosts = nil, nil
	if !reflect.DeepEqual(c, again) {
		t.Errorf("%s\ngot  %+v\nwant %+v", text, again, c)
	}
	c.Store = "postgres://sso:hunter2@db/sso"
	if text := string(c.Redacted().YAML()); strings.Contains(text, "hunter2") || !strings.Contains(text, "postgres://sso:xxxxx@db/sso") {
		t.Errorf("printed %s", text)
	}
	for _, url := range []string{
		"redis://:hunter2@%zz", "redis+sentinel://u:hunter2@a:1,b:2/main", "redis+sentinel://h/main?sentinel_password=hunter2&db=1",
		"redis://u:1#hunter2@h", "redis://u:1/hunter2@h", "redis://u:1?hunter2@h", "redis://u:hunter2@x@h", "u:hunter2@h", "password=hunter2 host=h",
	} {
		c.Flows = url
		if text := c.Redacted().Flows; strings.Contains(text, "hunter2") {
			t.Errorf("%s is printed as %s", url, text)
		}
	}
	c.Flows = "rediss://redis.example.org:6380/1?timeout=1s"
	if text := c.Redacted().Flows; text != c.Flows {
		t.Errorf("%s is printed as %s", c.Flows, text)
	}
}

func TestTheSchemaKnowsEveryKeyAndNoOther(t *testing.T) {
	t.Parallel()
	var s struct {
		AdditionalProperties bool
		Properties           map[string]struct {
			Type, Description string
			Default           any
			Properties        map[string]struct{ Enum []string }
		}
	}
	if err := json.Unmarshal(config.Schema(), &s); err != nil {
		t.Fatal(err)
	}
	if s.AdditionalProperties || len(s.Properties) != reflect.TypeFor[config.Config]().NumField() {
		t.Errorf("%+v", s)
	}
	if p := s.Properties["listen"]; p.Type != "string" || p.Default != ":8080" || p.Description == "" {
		t.Errorf("listen: %+v", p)
	}
	if p := s.Properties["store_pool"]; p.Type != "integer" || p.Default != 16.0 {
		t.Errorf("store_pool: %+v", p)
	}
	if p := s.Properties["drain_delay"]; p.Type != "string" || p.Default != "5s" {
		t.Errorf("drain_delay: %+v", p)
	}
	if got := s.Properties["log"].Properties["level"].Enum; len(got) != 4 {
		t.Errorf("log.level: %v", got)
	}
}
