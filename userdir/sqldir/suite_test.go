package sqldir_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"cloudsso/idp"
	"cloudsso/idp/storetest/pgtest"
	"cloudsso/userdir"
	"cloudsso/userdir/sqldir"
	"cloudsso/userdir/sqldir/drivers"
	"cloudsso/userdir/sqldir/mariadbtest"
	"cloudsso/userdir/userdirtest"
)

var (
	postgres *pgtest.Server
	mariadb  *mariadbtest.Server
	shops    atomic.Int64
)

func TestMain(m *testing.M) {
	var err error
	if mariadb, err = mariadbtest.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := pgtest.Main(m, &postgres)
	if err := mariadb.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// database is one that the suite runs on: where it is, and how its people are asked for.
type database struct {
	address string
	write   *sql.DB // for what the directory itself may never do
	options sqldir.Options
}

// schema of a shop that was never made for us: several tables, groups and accesses as
// rows, flags as numbers where there are no booleans.
const schema = `
CREATE TABLE account (id VARCHAR(20) PRIMARY KEY, login VARCHAR(100) NOT NULL, mail VARCHAR(100), secret VARCHAR(200), off %[1]s NOT NULL, first VARCHAR(50), member %[1]s, level %[2]s, address %[3]s);
CREATE TABLE membership (account VARCHAR(20), team VARCHAR(50), n INT);
CREATE TABLE access (account VARCHAR(20), entry VARCHAR(50), n INT)`

const profile = `
SELECT a.id, a.login AS username, a.mail AS email, a.off AS disabled, a.first AS given_name, a.member, a.level, a.address, a.first AS "urn:oid:2.5.4.42", m.team, x.entry AS df_access
FROM account a LEFT JOIN membership m ON m.account = a.id LEFT JOIN access x ON x.account = a.id
CROSS JOIN (SELECT lower(:login) AS wanted) w -- one placeholder, used twice
WHERE lower(a.login) = w.wanted OR lower(a.mail) = w.wanted ORDER BY m.n, x.n`

func usual() sqldir.Options {
	return sqldir.Options{
		ID: "shop", AuthQuery: "SELECT secret FROM account WHERE login = :login", ProfileQuery: profile,
		IDColumn: "id", IDQuery: "SELECT login AS username FROM account WHERE id = :id", GroupsColumn: "team", DisabledColumn: "disabled",
	}
}

func onPostgreSQL(t testing.TB) database {
	d := database{address: postgres.Database(t), options: usual()}
	d.options.Dialect = sqldir.PostgreSQL
	d.open(t)
	d.exec(t, fmt.Sprintf(schema, "BOOLEAN", "NUMERIC(5,2)", "JSONB"))
	return d
}

func onSQLite(t testing.TB) database {
	path := filepath.Join(t.TempDir(), "shop.db")
	write, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { write.Close() })
	d := database{address: (&url.URL{Scheme: "sqlite", Path: path}).String(), write: write, options: usual()}
	d.options.Dialect = sqldir.SQLite
	// Its own functions fold ASCII only; and JSON has no type of its own.
	d.options.ProfileQuery = strings.ReplaceAll(profile, ":login", "?")
	d.exec(t, fmt.Sprintf(schema, "BOOLEAN", "REAL", "TEXT"))
	d.options.JSONColumns, d.options.BooleanColumns = []string{"address"}, []string{"member"}
	return d
}

func onMariaDB(t testing.TB) database {
	t.Helper()
	system, err := drivers.Open(mariadb.URL("mysql"), drivers.Options{})
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("shop%d", shops.Add(1))
	if _, err := system.Exec("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	if err := system.Close(); err != nil {
		t.Fatal(err)
	}
	d := database{address: mariadb.URL(name), options: usual()}
	d.options.Dialect = sqldir.MySQL
	d.options.ProfileQuery = strings.ReplaceAll(profile, `"`, "`")
	d.open(t)
	d.exec(t, fmt.Sprintf(schema, "BOOLEAN", "DECIMAL(5,2)", "JSON"))
	d.options.JSONColumns, d.options.BooleanColumns = []string{"address"}, []string{"member"}
	return d
}

// databases are all of them.
var databases = map[string]func(testing.TB) database{"PostgreSQL": onPostgreSQL, "MariaDB": onMariaDB, "SQLite": onSQLite}

// open makes the connection that may write.
func (d *database) open(t testing.TB) {
	t.Helper()
	var err error
	if d.write, err = drivers.Open(d.address, drivers.Options{}); err != nil {
		t.Fatal(err)
	}
	d.write.SetMaxOpenConns(1)
	t.Cleanup(func() { d.write.Close() })
	if d.options.Dialect == sqldir.PostgreSQL {
		d.exec(t, "SET default_transaction_read_only = off")
	}
}

func (d *database) exec(t testing.TB, script string, args ...any) {
	t.Helper()
	for q := range strings.SplitSeq(script, ";\n") {
		if d.options.Dialect != sqldir.PostgreSQL {
			for i := range args {
				q = strings.Replace(q, fmt.Sprintf("$%d", i+1), "?", 1)
			}
		}
		if _, err := d.write.ExecContext(t.Context(), q, args...); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}

func (d *database) add(t testing.TB, p userdirtest.Person) {
	t.Helper()
	var secret, address, member, level any
	if p.Password != "" {
		h, err := userdir.HashPassword(p.Password)
		if err != nil {
			t.Fatal(err)
		}
		secret = h
	}
	if a := p.Attributes["address"]; a != nil {
		b, err := json.Marshal(a[0])
		if err != nil {
			t.Fatal(err)
		}
		address, member, level = string(b), p.Attributes["member"][0], p.Attributes["level"][0]
	}
	d.exec(t, "INSERT INTO account VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)", p.ID, p.Username, p.Email, secret, p.Disabled, p.Attributes.First("given_name"), member, level, address)
	for i, g := range p.Groups {
		d.exec(t, "INSERT INTO membership VALUES ($1, $2, $3)", p.ID, g, i)
	}
	for i, v := range p.Attributes["df_access"] {
		d.exec(t, "INSERT INTO access VALUES ($1, $2, $3)", p.ID, idp.Text(v), i)
	}
}

// directory opens the one over d.
func (d *database) directory(t testing.TB, change func(*sqldir.Options)) *sqldir.Directory {
	t.Helper()
	o := d.options
	var err error
	if o.DB, err = drivers.Open(d.address, drivers.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.DB.Close() })
	if change != nil {
		change(&o)
	}
	dir, err := sqldir.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestSuite(t *testing.T) {
	for name, start := range databases {
		t.Run(name, func(t *testing.T) {
			userdirtest.Run(t, func(t *testing.T, people []userdirtest.Person, passwords *userdir.Passwords) userdir.Directory {
				d := start(t)
				for _, p := range people {
					d.add(t, p)
				}
				return d.directory(t, func(o *sqldir.Options) { o.Passwords = passwords })
			})
		})
	}
}
