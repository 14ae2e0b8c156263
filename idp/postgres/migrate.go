package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"

	"cloudsso/idp"
	"cloudsso/idp/sqlstore"
)

//go:embed migrations/*.sql
var migrations embed.FS

// queue is how long a node waits for another one that is migrating.
const queue = time.Minute

// MigrationStatus lists all migrations of the database that url names, oldest first. It
// changes nothing: in an empty database all are to come.
func MigrationStatus(ctx context.Context, url string) (list []sqlstore.Migration, err error) {
	config, db, err := workshop(url)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	provider, err := steps(db)
	if err != nil {
		return nil, err
	}
	var begun bool
	if err := db.QueryRowContext(ctx, `SELECT to_regclass('goose_db_version') IS NOT NULL`).Scan(&begun); err != nil {
		return nil, unusable(config, err)
	}
	if !begun {
		for _, source := range provider.ListSources() {
			list = append(list, migration(source, time.Time{}))
		}
		return list, nil
	}
	states, err := provider.Status(ctx)
	if err != nil {
		return nil, unusable(config, err)
	}
	for _, state := range states {
		list = append(list, migration(state.Source, state.AppliedAt))
	}
	return list, nil
}

// Migrate brings the database that url names up to date, as [Open] does, and lists what
// it did.
func Migrate(ctx context.Context, url string) ([]sqlstore.Migration, error) {
	config, err := parse(url)
	if err != nil {
		return nil, err
	}
	return migrate(ctx, config, Options{}.orDefaults())
}

// workshop is a pool whose statements may take their time.
func workshop(url string) (*pgx.ConnConfig, *sql.DB, error) {
	config, err := parse(url)
	if err != nil {
		return nil, nil, err
	}
	return config, unhurried(config), nil
}

func unhurried(config *pgx.ConnConfig) *sql.DB {
	return connect(limit(config, 0, queue), Options{MaxConns: 2}, func(idle time.Duration) bool { return idle > time.Second })
}

func migrate(ctx context.Context, config *pgx.ConnConfig, o Options) (done []sqlstore.Migration, err error) {
	db := unhurried(config)
	defer func() { err = errors.Join(err, db.Close()) }()
	reaching, reached := context.WithTimeout(ctx, o.Connect)
	conn, err := db.Conn(reaching)
	reached()
	if err != nil {
		return nil, unusable(config, err)
	}
	// Nodes that start at the same time take turns. The lock goes with the connection,
	// however this process ends.
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, lockKey("migrate")); err != nil {
		return nil, unusable(config, errors.Join(err, conn.Close()))
	}
	defer func() { err = errors.Join(err, release(conn, "migrate")) }()
	return up(ctx, db, config)
}

func up(ctx context.Context, db *sql.DB, config *pgx.ConnConfig) (done []sqlstore.Migration, err error) {
	provider, err := steps(db)
	if err != nil {
		return nil, err
	}
	is, known, err := provider.GetVersions(ctx)
	switch {
	case err != nil:
		return nil, unusable(config, err)
	case is == known:
		return nil, nil
	case is > known:
		// Not ours to touch: an older program would lose what the newer one wrote.
		return nil, idp.Errorf(idp.Conflict, "The database %q at %s was written by a newer release (schema %d; this one knows %d). Start the newer release, or restore a backup from before the upgrade.", config.Database, address(config), is, known)
	}
	results, err := provider.Up(ctx)
	if err != nil {
		return nil, failed(config, is, known, err)
	}
	states, err := provider.Status(ctx)
	if err != nil {
		return nil, unusable(config, err)
	}
	for _, state := range states[len(states)-len(results):] {
		done = append(done, migration(state.Source, state.AppliedAt))
	}
	return done, nil
}

// failed: each migration is one transaction, so the schema is still that of some version.
func failed(config *pgx.ConnConfig, is, known int64, err error) error {
	if code := state(err); code == "" || code == noPrivilege {
		return unusable(config, err)
	}
	return idp.Errorf(idp.Conflict, "The schema of the database %q at %s cannot be brought from version %d to %d; no half of a step was done. If its tables are there already, the table goose_db_version has lost its rows: restore it from a backup. If not, use an empty database.", config.Database, address(config), is, known).
		Because(fmt.Errorf("%w: %w", idp.ErrUnavailable, err))
}

func steps(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, files, goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
}

func migration(source *goose.Source, at time.Time) sqlstore.Migration {
	return sqlstore.Migration{Version: source.Version, Name: path.Base(source.Path), AppliedAt: at}
}
