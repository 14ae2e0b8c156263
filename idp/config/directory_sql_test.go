package config_test

import (
	"reflect"
	"strings"
	"testing"

	"cloudsso/idp/config"
)

const sqlBlock = `url_file: password, auth_query: "a :login", profile_query: "b :login"`

func TestDirectoriesOfSQLAndMigration(t *testing.T) {
	t.Parallel()
	c := load(t, config.Sources{File: beside(t, `dev: true
directories:
  - {id: local, kind: local, migrate_from: shop}
  - id: shop
    kind: sql
    guard: {timeout: 1s}
    sql:
      url_file: password
      auth_query: SELECT h FROM p WHERE n = :login
      profile_query: >
        SELECT *
        FROM p WHERE n = :login
      profiles: [{name: wiki, query: "SELECT x FROM p WHERE n = :login"}]
      id_column: id
      id_query: SELECT n FROM p WHERE id = :id
      json_columns: [j]
      pool_size: 3
`)})
	if c.Directories[0].MigrateFrom != "shop" {
		t.Errorf("%+v", c.Directories[0])
	}
	got := *c.Directories[1].SQL
	want := config.SQL{
		URL: "hunter2", AuthQuery: "SELECT h FROM p WHERE n = :login", ProfileQuery: "SELECT * FROM p WHERE n = :login\n", Profiles: []config.Profile{{Name: "wiki", Query: "SELECT x FROM p WHERE n = :login"}},
		IDColumn: "id", IDQuery: "SELECT n FROM p WHERE id = :id", JSONColumns: []string{"j"}, PoolSize: 3,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%#v, want %#v", got, want)
	}
	if printed := string(c.Redacted().YAML()); strings.Contains(printed, "hunter2") || !strings.Contains(printed, "json_columns:\n") {
		t.Error(printed)
	}
}

func TestFaultsOfSQLAndMigration(t *testing.T) {
	t.Parallel()
	local := func(rest string) string {
		return "dev: true\ndirectories:\n  - {id: local, kind: local, migrate_from: shop}\n" + rest
	}
	shop := "  - {id: shop, kind: sql, sql: {" + sqlBlock + "}}\n"
	for name, c := range map[string]struct{ text, want string }{
		"a file that migrates":          {"dev: true\ndirectories:\n  - {id: f, kind: file, path: x, migrate_from: shop}\n" + shop, "3: directories[0]: migrate_from: a directory of kind file has none."},
		"from nowhere":                  {local(""), "3: directories[0]: migrate_from: there is no directory shop."},
		"from itself":                   {"dev: true\ndirectories:\n  - {id: local, kind: local, migrate_from: local}\n", "3: directories[0]: migrate_from: the directory local must stand below this one, so that whoever was copied is found here."},
		"from above":                    {"dev: true\ndirectories:\n" + shop + "  - {id: local, kind: local, migrate_from: shop}\n", "4: directories[1]: migrate_from: the directory shop must stand below this one, so that whoever was copied is found here."},
		"from one with domains":         {local(strings.Replace(shop, "kind", "domains: [a.example], kind", 1)), "3: directories[0]: migrate_from: the directory shop has domains, so that nobody with one of them would be found here. Take its domains away."},
		"no address":                    {local("  - {id: shop, kind: sql, sql: {auth_query: a, profile_query: b}}\n"), "4: directories[1].sql.url: It is missing. Expected a text."},
		"half an id":                    {local(strings.Replace(shop, "}}", ", id_column: id}}", 1)), "4: directories[1].sql: id_column is here without id_query. Set both or neither."},
		"no connections":                {local(strings.Replace(shop, "}}", ", pool_size: 0}}", 1)), "4: directories[1].sql.pool_size: Expected more than zero."},
		"a profile without a query":     {local(strings.Replace(shop, "}}", ", profiles: [{name: x}]}}", 1)), "4: directories[1].sql.profiles[0].query: It is missing. Expected a text."},
		"what its own code finds wrong": {local("  - id: shop\n    kind: sql\n    sql:\n      url: x\n      profile_query: b\n      auth_query: hunter3\n"), "9: directories[1].sql.auth_query: It is wrong."},
		"what is not in the file":       {local("  - id: shop\n    kind: sql\n    sql:\n      url: x\n      profile_query: b\n      auth_query: hunter4\n"), "7: directories[1].sql.id_query: It should be there."},
	} {
		look := func(d config.Directory) (field, problem string) {
			switch {
			case d.SQL != nil && d.SQL.AuthQuery == "hunter3":
				return "sql.auth_query", "It is wrong."
			case d.SQL != nil && d.SQL.AuthQuery == "hunter4":
				return "sql.id_query", "It should be there."
			}
			return "", ""
		}
		got := faults(t, config.Sources{File: beside(t, c.text), Directory: look})
		if len(got) != 1 || got[0] != "cloudsso.yaml:"+c.want {
			t.Errorf("%s:\ngot  %q\nwant %q", name, got, "cloudsso.yaml:"+c.want)
		}
	}
}
