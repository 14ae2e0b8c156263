package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"cloudsso/idp"
)

const oldest = 14 // major version of the server

// parse reads the URL. Its errors do not quote it: a password that is not escaped would
// show.
func parse(url string) (*pgx.ConnConfig, error) {
	if !strings.HasPrefix(url, "postgres://") && !strings.HasPrefix(url, "postgresql://") {
		return nil, errURL
	}
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errURL
	}
	theirs := config.ValidateConnect
	config.ValidateConnect = func(ctx context.Context, c *pgconn.PgConn) error {
		if err := fit(c, address(config)); err != nil || theirs == nil {
			return err
		}
		return theirs(ctx, c)
	}
	return config, nil
}

// fit refuses a server that we cannot work with, by what it told while connecting. It is
// asked for each connection: after a failover the old server may come back as a standby.
func fit(c *pgconn.PgConn, address string) error {
	version, _, _ := strings.Cut(c.ParameterStatus("server_version"), " ")
	if major(version) < oldest {
		return idp.Errorf(idp.Invalid, "The PostgreSQL server at %s has version %s. Version %d or newer is needed: upgrade it, or choose another server.", address, version, oldest)
	}
	switch {
	case c.ParameterStatus("server_encoding") != "UTF8":
		return idp.Errorf(idp.Invalid, "The database at %s has the encoding %s. Create one with the encoding UTF8.", address, c.ParameterStatus("server_encoding"))
	case c.ParameterStatus("in_hot_standby") == "on", c.ParameterStatus("default_transaction_read_only") == "on":
		return idp.Errorf(idp.Unavailable, "The PostgreSQL server at %s is read-only (a standby). Give the address of the primary, or of all servers.", address)
	}
	return nil
}

// major of "15.18" or "18beta1"; what is no number at all is not refused.
func major(version string) int {
	digits := strings.IndexFunc(version, func(r rune) bool { return r < '0' || r > '9' })
	if digits < 0 {
		digits = len(version)
	}
	n, err := strconv.Atoi(version[:digits])
	if err != nil {
		return oldest
	}
	return n
}

// limit returns a copy whose sessions give up after these times.
func limit(config *pgx.ConnConfig, statement, lock time.Duration) *pgx.ConnConfig {
	limited := config.Copy()
	for name, value := range map[string]string{
		"statement_timeout":                   milliseconds(statement),
		"lock_timeout":                        milliseconds(lock),
		"idle_in_transaction_session_timeout": milliseconds(statement),
		"default_transaction_isolation":       "read committed",
	} {
		limited.RuntimeParams[name] = value
	}
	if limited.RuntimeParams["application_name"] == "" {
		limited.RuntimeParams["application_name"] = "cloudsso"
	}
	return limited
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// connect makes the pool; the first use opens a connection. suspect says whether one that
// was last used so long ago should be tried out before it is used.
func connect(config *pgx.ConnConfig, o Options, suspect func(idle time.Duration) bool) *sql.DB {
	pool := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(durable),
		stdlib.OptionShouldPing(func(_ context.Context, p stdlib.ShouldPingParams) bool { return suspect(p.IdleDuration) }))
	pool.SetMaxOpenConns(o.MaxConns)
	pool.SetMaxIdleConns(o.MaxConns)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	pool.SetConnMaxLifetime(time.Hour) // so that nodes find a server that was added
	return pool
}

// durable makes an acknowledged commit one that is on the disk, also where the server's
// default is to answer earlier. Stronger settings (waiting for standbys) stay.
func durable(ctx context.Context, c *pgx.Conn) error {
	_, err := c.Exec(ctx, `SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'`)
	return err
}

// address names the server in sentences.
func address(config *pgx.ConnConfig) string {
	if strings.HasPrefix(config.Host, "/") {
		return fmt.Sprintf("%s/.s.PGSQL.%d", config.Host, config.Port)
	}
	return net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port)))
}
