// Package drivers links the database drivers that directories of kind sql need, and opens
// their pools. It is apart from package sqldir so that only the command links drivers.
package drivers

import (
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"cloudsso/idp"
	"cloudsso/userdir/sqldir"
)

const (
	usualPool  = 8
	connecting = 2 * time.Second
	lifetime   = 30 * time.Minute // of a connection, so that a failover is noticed
)

// Options say how a database is reached. A zero value means its default.
type Options struct {
	Pool      int           // connections; default 8
	Statement time.Duration // after which the server ends a statement by itself; default 10 s
}

// Open prepares a pool for a database of this URL; the first use connects. Sessions are
// read-only where the database has such. The error is an *idp.Error on the field "url"
// that never quotes it: a password may stand in it.
//
//	postgres://user:password@host:5432/name?sslmode=verify-full
//	mysql://user:password@host:3306/name?tls=true   (mariadb:// too; ca=FILE beside tls=true)
//	sqlite:///var/lib/people.db                     (opened read-only)
func Open(address string, o Options) (*sql.DB, error) {
	if o.Pool <= 0 {
		o.Pool = usualPool
	}
	if o.Statement <= 0 {
		o.Statement = 10 * time.Second
	}
	db, err := open(address, o)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(o.Pool)
	db.SetMaxIdleConns(o.Pool)
	db.SetConnMaxLifetime(lifetime)
	return db, nil
}

func open(address string, o Options) (*sql.DB, error) {
	switch sqldir.DialectOf(address) {
	case sqldir.PostgreSQL:
		return openPostgreSQL(address, o)
	case sqldir.MySQL:
		return openMySQL(address, o)
	case sqldir.SQLite:
		return openSQLite(address)
	}
	return nil, bad("Expected the address of a database that begins with postgres://, mysql://, mariadb:// or sqlite://.")
}

func bad(sentence string) error { return idp.Errorf(idp.Invalid, "%s", sentence).On("url") }

// local reports whether a host is this machine: no other sees what is sent there.
func local(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || filepath.IsAbs(host) || err == nil && ip.IsLoopback()
}

const clear = "Password hashes of people would travel in clear text, or so it may be: say how TLS is used. "

func openPostgreSQL(address string, o Options) (*sql.DB, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, bad("The address is not one of PostgreSQL: expected postgres://user:password@host:5432/name, with special characters in the password written as %XX.")
	}
	u, err := url.Parse(address)
	if err == nil && !local(config.Host) && !u.Query().Has("sslmode") {
		return nil, bad(clear + "Add sslmode=verify-full to the address, or sslmode=disable if the network is safe.")
	}
	config.ConnectTimeout = connecting
	config.RuntimeParams["application_name"] = "cloudsso"
	config.RuntimeParams["default_transaction_read_only"] = "on"
	config.RuntimeParams["statement_timeout"] = strconv.FormatInt(o.Statement.Milliseconds(), 10)
	return stdlib.OpenDB(*config), nil
}

func openMySQL(address string, o Options) (*sql.DB, error) {
	const form = "The address is not one of MySQL: expected mysql://user:password@host:3306/name?tls=true, with special characters in the password written as %XX; tls (true, false, skip-verify, preferred) and ca are the only parameters."
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || len(u.Path) < 2 || u.Fragment != "" {
		return nil, bad(form)
	}
	c := mysql.NewConfig()
	c.Net, c.Addr, c.DBName = "tcp", u.Host, u.Path[1:]
	if u.Port() == "" {
		c.Addr = net.JoinHostPort(u.Hostname(), "3306")
	}
	c.User = u.User.Username()
	c.Passwd, _ = u.User.Password()
	c.Timeout, c.ReadTimeout, c.WriteTimeout = connecting, o.Statement, o.Statement
	c.Collation = "utf8mb4_general_ci" // of the connection; columns keep their own
	q := u.Query()
	for name := range q {
		if name != "tls" && name != "ca" {
			return nil, bad(form)
		}
	}
	switch tlsMode := q.Get("tls"); tlsMode {
	case "true", "false", "skip-verify", "preferred":
		c.TLSConfig = tlsMode
	case "":
		if !local(u.Hostname()) {
			return nil, bad(clear + "Add tls=true to the address, or tls=false if the network is safe.")
		}
	default:
		return nil, bad(form)
	}
	if ca := q.Get("ca"); ca != "" {
		if c.TLS, err = authorities(ca, u.Hostname()); err != nil {
			return nil, err
		}
	}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, bad(form)
	}
	return sql.OpenDB(connector), nil
}

func authorities(path, host string) (*tls.Config, error) {
	pem, err := os.ReadFile(path)
	pool := x509.NewCertPool()
	if err != nil || !pool.AppendCertsFromPEM(pem) {
		return nil, bad(fmt.Sprintf("The file %s (ca) cannot be read or has no certificate in it.", path))
	}
	return &tls.Config{RootCAs: pool, ServerName: host, MinVersion: tls.VersionTLS12}, nil
}

func openSQLite(address string) (*sql.DB, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host != "" || !filepath.IsAbs(u.Path) || u.RawQuery != "" || u.Fragment != "" {
		return nil, bad("The address is not one of SQLite: expected sqlite:// and the whole path of the file, such as sqlite:///var/lib/people.db.")
	}
	file := url.URL{Scheme: "file", OmitHost: true, Path: u.Path, RawQuery: url.Values{"mode": {"ro"}, "_pragma": {"query_only(ON)", "busy_timeout(2000)", "trusted_schema(OFF)"}}.Encode()}
	return sql.Open("sqlite", file.String())
}
