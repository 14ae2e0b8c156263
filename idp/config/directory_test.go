package config_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"cloudsso/idp/config"
)

const everyDirectory = `issuer: https://sso.example.org
directories:
  - id: corp
    kind: ldap
    domains: [example.com]
    ldap:
      preset: active_directory
      urls: ["ldaps://one.example.com", "ldap://two.example.com:389"]
      start_tls: true
      ca_file: ca.pem
      bind_dn: cn=service,dc=example,dc=com
      bind_password_file: password
      base_dn: ou=people,dc=example,dc=com
      user_filter: (uid={login})
      user_dn: uid={login},ou=people,dc=example,dc=com
      id_attribute: a
      login_attribute: b
      email_attribute: c
      attributes:
        - {from: givenName, name: given_name}
        - {from: level, type: number}
      groups: {member_of: memberOf, base_dn: "ou=groups,dc=example,dc=com", filter: "(member={dn})", nested: walk, name_attribute: cn, max_depth: 3}
      disabled_attribute: state
      disabled_values: [off, gone]
      lockout_duration: 1h
      reveal_locked: true
      pool_size: 4
      page_size: 100
      connect_timeout: 500ms
      request_timeout: 1s
    guard: {timeout: 2s, cooldown: 5s, cache_ttl: 1m, failures: 3}
  - id: members
    kind: http
    http:
      verify_url: https://api.example.com/verify
      profile_url: https://api.example.com/profile
      bearer: hunter2
      header: {X-Api-Key: hunter2}
  - id: basic
    kind: http
    http: {verify_url: "http://127.0.0.1:1/verify", profile_url: "http://localhost:1/profile", username: sso, password: hunter2}
  - id: imis
    kind: imis
    imis:
      base_url: https://imis.example.com
      username: manager
      password: hunter2
      query_path: /api/iqa
      query: $/A
      id_column: ID
      id_query: $/B
      login_column: a
      email_column: b
      groups_column: c
      disabled_column: d
      disabled_values: ["1"]
      refusals: [{contains: closed, means: disabled}]
`

// beside writes a configuration file with the files that it names beside it.
func beside(t *testing.T, text string) string {
	t.Helper()
	path := file(t, text)
	for name, content := range map[string]string{"password": "hunter2\n", "empty": "\n"} {
		if err := os.WriteFile(filepath.Join(filepath.Dir(path), name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func TestEveryKeyOfEveryDirectory(t *testing.T) {
	t.Parallel()
	f := beside(t, everyDirectory)
	got := load(t, config.Sources{File: f}).Directories
	second := func(n time.Duration) config.Duration { return config.Duration(n * time.Second) }
	want := []config.Directory{
		{ID: "corp", Kind: config.KindLDAP, Domains: []string{"example.com"}, LDAP: &config.LDAP{
			Preset: "active_directory", URLs: []string{"ldaps://one.example.com", "ldap://two.example.com:389"}, StartTLS: true, CAFile: filepath.Join(filepath.Dir(f), "ca.pem"),
			BindDN: "cn=service,dc=example,dc=com", BindPassword: "hunter2", BaseDN: "ou=people,dc=example,dc=com", UserFilter: "(uid={login})", UserDN: "uid={login},ou=people,dc=example,dc=com",
			IDAttribute: "a", LoginAttribute: "b", EmailAttribute: "c", Attributes: []config.Attribute{{From: "givenName", Name: "given_name"}, {From: "level", Type: "number"}},
			Groups:            config.Groups{MemberOf: "memberOf", BaseDN: "ou=groups,dc=example,dc=com", Filter: "(member={dn})", Nested: "walk", NameAttribute: "cn", MaxDepth: 3},
			DisabledAttribute: "state", DisabledValues: []string{"off", "gone"}, LockoutDuration: second(3600), RevealLocked: true, PoolSize: 4, PageSize: 100,
			ConnectTimeout: second(1) / 2, RequestTimeout: second(1),
		}, Guard: &config.Guard{Timeout: second(2), Cooldown: second(5), CacheTTL: second(60), Failures: 3}},
		{ID: "members", Kind: config.KindHTTP, HTTP: &config.HTTP{
			VerifyURL: "https://api.example.com/verify", ProfileURL: "https://api.example.com/profile", Bearer: "hunter2", Header: map[string]config.Secret{"X-Api-Key": "hunter2"}}},
		{ID: "basic", Kind: config.KindHTTP, HTTP: &config.HTTP{VerifyURL: "http://127.0.0.1:1/verify", ProfileURL: "http://localhost:1/profile", Username: "sso", Password: "hunter2"}},
		{ID: "imis", Kind: config.KindIMIS, IMIS: &config.IMIS{
			BaseURL: "https://imis.example.com", Username: "manager", Password: "hunter2", QueryPath: "/api/iqa", Query: "$/A", IDColumn: "ID", IDQuery: "$/B",
			LoginColumn: "a", EmailColumn: "b", GroupsColumn: "c", DisabledColumn: "d", DisabledValues: []string{"1"}, Refusals: []config.Refusal{{Contains: "closed", Means: "disabled"}}}},
	}
	if !reflect.DeepEqual(got, want) {
		a, _ := json.MarshalIndent(got, "", " ")
		b, _ := json.MarshalIndent(want, "", " ")
		t.Errorf("got %s\nwant %s", a, b)
	}
}

// TestTheFileAboveNamesEveryKey keeps the test above whole when a key is added.
func TestTheFileAboveNamesEveryKey(t *testing.T) {
	t.Parallel()
	for _, block := range []any{config.LDAP{}, config.Groups{}, config.Attribute{}, config.HTTP{}, config.IMIS{}, config.Refusal{}, config.Guard{}} {
		of := reflect.TypeOf(block)
		for i := range of.NumField() {
			key, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
			if key == "" || !strings.Contains(everyDirectory, key+": ") && !strings.Contains(everyDirectory, key+":\n") && !strings.Contains(everyDirectory, key+"_file: ") {
				t.Errorf("%s: no key %q", of, key)
			}
		}
	}
}

func TestSecretsOfDirectoriesAreNeverPrinted(t *testing.T) {
	t.Parallel()
	c := load(t, config.Sources{File: beside(t, everyDirectory)})
	asJSON, err := json.Marshal(c.Redacted())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"print": string(c.Redacted().YAML()), "print of what is not redacted": string(c.YAML()), "json": string(asJSON),
		"%+v": fmt.Sprintf("%+v %+v %+v", *c.Directories[0].LDAP, *c.Directories[1].HTTP, *c.Directories[3].IMIS), "%#v": fmt.Sprintf("%#v", *c.Directories[1].HTTP),
	} {
		if strings.Contains(text, "hunter2") || !strings.Contains(text, "[redacted]") {
			t.Errorf("%s: %s", name, text)
		}
	}
	if c.Directories[0].LDAP.BindPassword != "hunter2" {
		t.Error("printing changed the configuration")
	}
	// What was printed must not become the password.
	got := faults(t, config.Sources{File: file(t, string(c.Redacted().YAML()))})
	want := "directories[0].ldap.bind_password: This is printed in the place of a secret. Give the secret itself, or its file as the key with _file."
	if !strings.Contains(strings.Join(got, "\n"), want) {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
}

const (
	ldapBlock = "urls: [ldaps://h], base_dn: dc=x"
	httpBlock = `verify_url: "https://h/v", profile_url: "https://h/p"`
	imisBlock = `base_url: "https://h", username: u, password: hunter2`
)

func TestFaultsOfDirectories(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, kind, block, want string }{
		{"no block", "ldap", "", "3: directories[0]: ldap is missing. A directory of kind ldap needs a block of that name."},
		{"the block of another kind too", "ldap", "ldap: {" + ldapBlock + "}\n    http: {" + httpBlock + "}", "3: directories[0]: http: a directory of kind ldap has none."},
		{"a path", "imis", "path: x\n    imis: {" + imisBlock + "}", "3: directories[0]: path: a directory of kind imis has none."},
		{"a guard before ourselves", "local", "guard: {timeout: 1s}", "3: directories[0]: guard: a directory of kind local has none."},
		{"an unknown key", "ldap", "ldap: {" + ldapBlock + ", base_nd: x}", "5: directories[0].ldap.base_nd: This key is unknown. Did you mean base_dn?"},
		{"an unknown key further down", "ldap", "ldap: {" + ldapBlock + ", groups: {fliter: x}}", "5: directories[0].ldap.groups.fliter: This key is unknown. Did you mean filter?"},
		{"an unknown key in a list", "imis", "imis: {" + imisBlock + ", refusals: [{contains: x, means: locked}, {contains: x, means: locked, menas: x}]}", "5: directories[0].imis.refusals[1].menas: This key is unknown. Did you mean means?"},
		{"a key twice", "ldap", "ldap: {" + ldapBlock + ", base_dn: x}", "5: directories[0].ldap.base_dn: This key stands here twice."},
		{"a block that is a text", "http", "http: https://h", "5: directories[0].http: Keys with values are expected here."},
		{"a list that is none", "ldap", "ldap: {" + ldapBlock + ", attributes: mail}", "5: directories[0].ldap.attributes: Expected a list."},
		{"a value that is missing", "ldap", "ldap: {urls: [ldaps://h]}", "5: directories[0].ldap.base_dn: It is missing. Expected a text."},
		{"a value that is empty", "ldap", `ldap: {urls: [], base_dn: x}`, "5: directories[0].ldap.urls: It is missing. Expected a list of texts."},
		{"a secret that is missing", "imis", `imis: {base_url: "https://h", username: u}`, "5: directories[0].imis.password: It is missing. Expected a text."},
		{"an attribute without a source", "ldap", "ldap: {" + ldapBlock + ", attributes: [{name: x}]}", "5: directories[0].ldap.attributes[0].from: It is missing. Expected a text."},
		{"a password that is a number", "imis", `imis: {base_url: "https://h", username: u, password: 4711}`, "5: directories[0].imis.password: Expected a text."},
		{"a header that is a number", "http", "http: {" + httpBlock + ", header: {X-A: 1}}", "5: directories[0].http.header.X-A: Expected a text."},
		{"an unknown preset", "ldap", "ldap: {" + ldapBlock + ", preset: ad}", "5: directories[0].ldap.preset: Expected one of active_directory."},
		{"an unknown meaning", "imis", "imis: {" + imisBlock + ", refusals: [{contains: x, means: gone}]}", "5: directories[0].imis.refusals[0].means: Expected one of second_factor, disabled, locked, password_expired."},
		{"a size of nothing", "ldap", "ldap: {" + ldapBlock + ", pool_size: 0}", "5: directories[0].ldap.pool_size: Expected more than zero."},
		{"a depth below zero", "ldap", "ldap: {" + ldapBlock + ", groups: {max_depth: -1}}", "5: directories[0].ldap.groups.max_depth: Expected more than zero."},
		{"a time without a unit", "http", "http: {" + httpBlock + "}\n    guard: {timeout: 5}", "6: directories[0].guard.timeout: Expected a time such as 5s."},
		{"a time below zero", "http", "http: {" + httpBlock + "}\n    guard: {timeout: -5s}", "6: directories[0].guard.timeout: Expected more than zero."},
		{"passwords in clear text", "ldap", "ldap: {urls: [ldap://h], base_dn: x}", "5: directories[0].ldap.urls: Passwords would go there in clear text. Expected ldaps://."},
		{"passwords in clear text to an API", "http", `http: {verify_url: "https://h", profile_url: "http://h"}`, "5: directories[0].http.profile_url: Passwords would go there in clear text. Expected https://."},
		{"another scheme", "imis", `imis: {base_url: "ftp://h", username: u, password: p}`, "5: directories[0].imis.base_url: Expected https://, a host, and no user name."},
		{"a password in an address", "http", `http: {verify_url: "https://u:hunter2@h", profile_url: "https://h"}`, "5: directories[0].http.verify_url: Expected https://, a host, and no user name."},
		{"an account without a password", "ldap", "ldap: {" + ldapBlock + ", bind_dn: x}", "5: directories[0].ldap: bind_dn is here without bind_password. Set both or neither."},
		{"a password without an account", "ldap", "ldap: {" + ldapBlock + ", bind_password: hunter2}", "5: directories[0].ldap: bind_password is here without bind_dn. Set both or neither."},
		{"half an id", "imis", "imis: {" + imisBlock + ", id_column: ID}", "5: directories[0].imis: id_column is here without id_query. Set both or neither."},
		{"two ways to sign in", "http", "http: {" + httpBlock + ", bearer: hunter2, username: u, password: hunter2}", "5: directories[0].http: bearer and username are both here. Keep one of them."},
		{"a secret twice", "http", "http: {" + httpBlock + ", bearer: hunter2, bearer_file: password}", "5: directories[0].http.bearer_file: bearer and bearer_file are both here. Keep one of them."},
		{"a secret file that is not there", "http", "http: {" + httpBlock + ", bearer_file: nowhere}", "5: directories[0].http.bearer_file: The file that should hold the value cannot be read: no such file or directory."},
		{"a secret file that is empty", "http", "http: {" + httpBlock + ", bearer_file: empty}", "5: directories[0].http.bearer_file: The file that should hold the value is empty."},
		{"a file for what is no secret", "http", "http: {" + httpBlock + ", username_file: password}", `5: directories[0].http.username_file: This key is unknown. "cloudsso config schema" lists the known ones.`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			text := fmt.Sprintf("dev: true\ndirectories:\n  - id: a\n    kind: %s\n    %s\n", c.kind, c.block)
			got := faults(t, config.Sources{File: beside(t, text)})
			if len(got) != 1 || got[0] != "cloudsso.yaml:"+c.want {
				t.Errorf("got  %q\nwant %q", got, "cloudsso.yaml:"+c.want)
			}
			if strings.Contains(strings.Join(got, ""), "hunter2") {
				t.Error("a secret is in the message")
			}
		})
	}
}

func TestFaultsOfSeveralDirectoriesComeTogether(t *testing.T) {
	t.Parallel()
	got := faults(t, config.Sources{File: file(t, "dev: true\ndirectories:\n  - {id: a, kind: ldap, ldap: {bind_dn: x}}\n  - id: b\n    kind: http\n    http:\n      verify_url: 1\n      colour: red\n")})
	want := []string{
		"cloudsso.yaml:3: directories[0].ldap.urls: It is missing. Expected a list of texts.",
		"cloudsso.yaml:3: directories[0].ldap.base_dn: It is missing. Expected a text.",
		"cloudsso.yaml:7: directories[1].http.verify_url: Expected a text.",
		`cloudsso.yaml:8: directories[1].http.colour: This key is unknown. "cloudsso config schema" lists the known ones.`,
		"cloudsso.yaml:7: directories[1].http.profile_url: It is missing. Expected a text.",
		"cloudsso.yaml:3: directories[0].ldap: bind_dn is here without bind_password. Set both or neither.",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestTheSchemaKnowsTheKeysOfDirectories(t *testing.T) {
	t.Parallel()
	type node struct {
		Type       string
		Enum       []string
		Properties map[string]node
		Items      *node
	}
	var s node
	if err := json.Unmarshal(config.Schema(), &s); err != nil {
		t.Fatal(err)
	}
	d := s.Properties["directories"].Items.Properties
	if got := d["ldap"].Properties; got["bind_password"].Type != "string" || got["bind_password_file"].Type != "string" || got["lockout_duration"].Type != "string" || got["attributes"].Items.Properties["from"].Type != "string" {
		t.Errorf("ldap: %+v", got)
	}
	if got := d["http"].Properties["header"]; got.Type != "object" || len(d["kind"].Enum) != 6 {
		t.Errorf("header: %+v, kind: %+v", got, d["kind"])
	}
}

// TestTheExampleOfTheREADMEIsRight: people copy it.
func TestTheExampleOfTheREADMEIsRight(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(readme), "```yaml\n")
	example, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatal("the README has no example")
	}
	f := file(t, "dev: true\n"+example)
	for _, name := range []string{"ldap-password", "imis-password", "shop-token", "forum-database"} {
		if err := os.WriteFile(filepath.Join(filepath.Dir(f), name), []byte("hunter2"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := load(t, config.Sources{File: f}).Directories; len(got) != 5 || got[4].SQL.URL != "hunter2" || got[1].LDAP.BindPassword != "hunter2" || got[2].IMIS.Password != "hunter2" || got[3].HTTP.Bearer != "hunter2" {
		t.Errorf("%+v", got)
	}
}
