package drivers_test

import (
	"path/filepath"
	"strings"
	"testing"

	"cloudsso/idp"
	"cloudsso/userdir/sqldir/drivers"
)

func TestAddresses(t *testing.T) {
	t.Parallel()
	const secret = "s3cr%2Ft"
	for name, c := range map[string]struct{ address, want string }{
		"PostgreSQL on this machine":     {"postgres://u:" + secret + "@127.0.0.1:5432/people", ""},
		"PostgreSQL by TLS":              {"postgresql://u:" + secret + "@db.example.org/people?sslmode=verify-full", ""},
		"PostgreSQL, TLS not said":       {"postgres://u:" + secret + "@db.example.org/people", "sslmode=verify-full"},
		"PostgreSQL, and it is known":    {"postgres://u:" + secret + "@db.example.org/people?sslmode=disable", ""},
		"PostgreSQL, nonsense":           {"postgres://u:" + secret + "@db:port/people", "not one of PostgreSQL"},
		"MySQL on this machine":          {"mysql://u:" + secret + "@localhost/people", ""},
		"MariaDB by TLS":                 {"mariadb://u:" + secret + "@db.example.org:3307/people?tls=true", ""},
		"MySQL, TLS not said":            {"mysql://u:" + secret + "@db.example.org/people", "tls=true"},
		"MySQL, no database":             {"mysql://u:" + secret + "@db.example.org/?tls=true", "not one of MySQL"},
		"MySQL, an unknown mode":         {"mysql://u:" + secret + "@db.example.org/p?tls=maybe", "not one of MySQL"},
		"MySQL, files of the client":     {"mysql://u:" + secret + "@db.example.org/p?tls=true&allowAllFiles=true", "not one of MySQL"},
		"MySQL, authorities that aren't": {"mysql://u:" + secret + "@db.example.org/p?tls=true&ca=/nowhere", "cannot be read"},
		"SQLite":                         {"sqlite://" + filepath.Join(t.TempDir(), "a b.db"), ""},
		"SQLite by a relative path":      {"sqlite://people.db", "the whole path"},
		"SQLite with parameters":         {"sqlite:///people.db?mode=rwc", "the whole path"},
		"another database":               {"oracle://u:" + secret + "@db/people", "begins with postgres://"},
		"nothing":                        {"", "begins with postgres://"},
	} {
		db, err := drivers.Open(c.address, drivers.Options{})
		if c.want == "" && err == nil {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
			continue
		}
		if e := idp.AsError(err); c.want == "" || e.Code != idp.Invalid || e.Field != "url" || !strings.Contains(e.Public, c.want) || strings.Contains(err.Error(), "s3cr") {
			t.Errorf("%s: %v; want %q", name, err, c.want)
		}
	}
}

// TestSQLiteIsNeitherMadeNorWritten: a mistyped path must not leave an empty database.
func TestSQLiteIsNeitherMadeNorWritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "none.db")
	db, err := drivers.Open("sqlite://"+path, drivers.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("CREATE TABLE x (y)"); err == nil {
		t.Error("it was written")
	}
	if found, _ := filepath.Glob(path + "*"); found != nil {
		t.Errorf("there is %v", found)
	}
}
