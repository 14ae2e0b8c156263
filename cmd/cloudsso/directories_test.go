package main_test

import (
	"strings"
	"testing"
)

// TestConfigCheckSeesWhatOnlyADirectoryCanJudge: filters, names and queries, each with
// the line of the file; and nobody is asked for anything.
func TestConfigCheckSeesWhatOnlyADirectoryCanJudge(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("users.csv", "id,username\n1,ann\n1,bob\n")
	p.write("c.yaml", `issuer: https://sso.example.org
directories:
  - id: corp
    kind: ldap
    ldap:
      urls: ["ldaps://ldap.example.com"]
      base_dn: dc=example
      user_filter: (uid={login}
  - id: names
    kind: ldap
    ldap:
      urls: ["ldaps://ldap.example.com"]
      base_dn: example people
  - id: shop
    kind: sql
    sql:
      url: mysql://u:hunter2@db.example.com/shop
      auth_query: SELECT h FROM p WHERE n = :login
      profile_query: SELECT n AS username FROM p WHERE n = :login
  - id: loose
    kind: sql
    sql:
      url: sqlite:///people.db
      auth_query: SELECT h FROM p
      profile_query: SELECT n AS username FROM p WHERE n = :login
  - {id: file, kind: file, path: users.csv}
  - id: imis
    kind: imis
    imis: {base_url: "https://h", username: u, password: p, query_path: api}
`)
	r := p.run("", "config", "check", "--config", "c.yaml", "--json").want(1)
	got := decode[struct {
		OK     bool
		Faults []struct{ Where, Key, Problem string }
	}](r)
	want := []struct{ where, key, says string }{
		{":8", "directories[0].ldap.user_filter", "filter"},
		{":13", "directories[1].ldap.base_dn", ""},
		{":17", "directories[2].sql.url", "tls=true"},
		{":24", "directories[3].sql.auth_query", "0 placeholders"},
		{":26", "directories[4].path", "users.csv line 3: column id"},
		{":29", "directories[5].imis.query_path", "slash"},
	}
	if got.OK || len(got.Faults) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i, w := range want {
		if f := got.Faults[i]; !strings.HasSuffix(f.Where, w.where) || f.Key != w.key || !strings.Contains(f.Problem, w.says) || f.Problem == "" {
			t.Errorf("got %+v, want %+v", f, w)
		}
	}
	if strings.Contains(r.out+r.err, "hunter2") {
		t.Error("a password is in the answer")
	}
}
