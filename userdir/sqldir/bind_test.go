package sqldir_test

import (
	"strings"
	"testing"

	"cloudsso/idp"
	"cloudsso/userdir/sqldir"
)

func TestBind(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		query   string
		dialect sqldir.Dialect
		want    string // "": refused
	}{
		"a named placeholder":                 {"SELECT h FROM p WHERE n = :login", sqldir.PostgreSQL, "SELECT h FROM p WHERE n = $1"},
		"a named one for MySQL":               {"SELECT h FROM p WHERE n = :login;", sqldir.MySQL, "SELECT h FROM p WHERE n = ?;"},
		"PostgreSQL's own":                    {"SELECT h FROM p WHERE n = $1", sqldir.PostgreSQL, "SELECT h FROM p WHERE n = $1"},
		"MySQL's own":                         {"SELECT h FROM p WHERE n = ?", sqldir.MySQL, "SELECT h FROM p WHERE n = ?"},
		"SQLite's own":                        {"SELECT h FROM p WHERE n = ?", sqldir.SQLite, "SELECT h FROM p WHERE n = ?"},
		"a cast":                              {"SELECT h FROM p WHERE n = :login::citext", sqldir.PostgreSQL, "SELECT h FROM p WHERE n = $1::citext"},
		"an operator of PostgreSQL":           {"SELECT h FROM p WHERE n = :login AND j ? 'x'", sqldir.PostgreSQL, "SELECT h FROM p WHERE n = $1 AND j ? 'x'"},
		"one in a string is text":             {"SELECT ':no', 'it''s :no', \":no\" FROM p WHERE n = :login", sqldir.PostgreSQL, "SELECT ':no', 'it''s :no', \":no\" FROM p WHERE n = $1"},
		"an escaped quotation mark of MySQL":  {`SELECT 'it\'s ?' FROM p WHERE n = ?`, sqldir.MySQL, `SELECT 'it\'s ?' FROM p WHERE n = ?`},
		"one in a name of MySQL is a name":    {"SELECT `a?b` FROM p WHERE n = ?", sqldir.MySQL, "SELECT `a?b` FROM p WHERE n = ?"},
		"one in a comment is none":            {"SELECT h -- :no\nFROM p /* ? :no */ WHERE n = :login -- :no", sqldir.SQLite, "SELECT h -- :no\nFROM p /* ? :no */ WHERE n = ? -- :no"},
		"one between dollars is text":         {"SELECT $$ :no $1 $$, $x$ :no $x$ FROM p WHERE n = :login", sqldir.PostgreSQL, "SELECT $$ :no $1 $$, $x$ :no $x$ FROM p WHERE n = $1"},
		"a dollar in a name":                  {"SELECT a$1 FROM p WHERE n = :login", sqldir.PostgreSQL, ""},
		"none":                                {"SELECT h FROM p", sqldir.PostgreSQL, ""},
		"nothing":                             {"  ", sqldir.PostgreSQL, ""},
		"two":                                 {"SELECT h FROM p WHERE n = :login OR m = :login", sqldir.PostgreSQL, ""},
		"a named one and another":             {"SELECT h FROM p WHERE n = :login OR m = ?", sqldir.MySQL, ""},
		"only one in quotation marks":         {"SELECT h FROM p WHERE n = ':login'", sqldir.MySQL, ""},
		"a second parameter":                  {"SELECT h FROM p WHERE n = $2 AND m = $1", sqldir.PostgreSQL, ""},
		"a string that never ends":            {"SELECT 'h FROM p WHERE n = :login", sqldir.SQLite, ""},
		"a comment that never ends":           {"SELECT h /* FROM p WHERE n = :login", sqldir.SQLite, ""},
		"a question mark is not PostgreSQL's": {"SELECT h FROM p WHERE n = ?", sqldir.PostgreSQL, ""},
		"a dollar is not MySQL's":             {"SELECT h FROM p WHERE n = $1", sqldir.MySQL, ""},
		"an assignment of MySQL is none":      {"SELECT @a := 1, h FROM p WHERE n = :login", sqldir.MySQL, "SELECT @a := 1, h FROM p WHERE n = ?"},
		"a dollar string that never ends":     {"SELECT $x$ FROM p WHERE n = :login", sqldir.PostgreSQL, ""},
		"a backslash is text but to MySQL":    {`SELECT '\' FROM p WHERE n = :login`, sqldir.SQLite, `SELECT '\' FROM p WHERE n = ?`},
		"a colon at the end":                  {"SELECT h FROM p WHERE n = :", sqldir.SQLite, ""},
		"a dollar at the end":                 {"SELECT h FROM p WHERE n = $", sqldir.PostgreSQL, ""},
	} {
		got, err := sqldir.Bind(c.query, c.dialect)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
		if err != nil && idp.AsError(err).Code != idp.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOpenNamesTheOptionAtFault(t *testing.T) {
	t.Parallel()
	for field, change := range map[string]func(*sqldir.Options){
		"id":            func(o *sqldir.Options) { o.ID = "" },
		"url":           func(o *sqldir.Options) { o.DB = nil },
		"auth_query":    func(o *sqldir.Options) { o.AuthQuery = "SELECT 1" },
		"profile_query": func(o *sqldir.Options) { o.ProfileQuery = "" },
		"id_query":      func(o *sqldir.Options) { o.IDQuery = "" },
		"profiles":      func(o *sqldir.Options) { o.Profiles = map[string]string{"x": "SELECT 1"} },
	} {
		d := onSQLite(t)
		d.options.DB = d.write
		change(&d.options)
		if _, err := sqldir.Open(d.options); idp.AsError(err).Field != field || idp.AsError(err).Code != idp.Invalid {
			t.Errorf("%s: %v", field, err)
		}
	}
	d := onSQLite(t)
	d.options.DB, d.options.IDQuery = d.write, "SELECT login FROM account"
	if _, err := sqldir.Open(d.options); err == nil || !strings.Contains(err.Error(), "exactly one, such as :login") {
		t.Errorf("an id query without a placeholder: %v", err)
	}
}
