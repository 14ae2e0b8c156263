package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"io/fs"
	"os"
	"path"
	"time"

	"github.com/pressly/goose/v3"

	"cloudsso/idp"
	"cloudsso/idp/sqlstore"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migration is one step of the schema.
type Migration = sqlstore.Migration

// MigrationStatus lists all migrations of the database file at path, oldest first. It
// changes nothing: without a file, or in an empty one, all are to come.
func MigrationStatus(ctx context.Context, path string) (list []Migration, err error) {
	db, err := connect(path, patience, "query_only(ON)")
	if err != nil {
		return nil, unusable(path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	provider, err := steps(db)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		for _, source := range provider.ListSources() {
			list = append(list, migration(source, time.Time{}))
		}
		return list, nil
	}
	states, err := provider.Status(ctx)
	if err != nil {
		return nil, unusable(path, err)
	}
	for _, state := range states {
		list = append(list, migration(state.Source, state.AppliedAt))
	}
	return list, nil
}

// Migrate brings the file at path up to date, as [Open] does, and lists what it did.
func Migrate(ctx context.Context, path string) (list []Migration, err error) {
	if err := secure(path); err != nil {
		return nil, err
	}
	db, err := connect(path, patience, durable...)
	if err != nil {
		return nil, unusable(path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return migrate(ctx, db, path)
}

func migrate(ctx context.Context, db *sql.DB, path string) ([]Migration, error) {
	provider, err := steps(db)
	if err != nil {
		return nil, err
	}
	ready, err := current(ctx, provider, path)
	if err != nil || ready {
		return nil, err
	}
	unlock, err := lock(ctx, path+"-migrate")
	if err != nil {
		// Whoever had the lock has taken it away with them: then the work is done.
		if ready, err := current(ctx, provider, path); err == nil && ready {
			return nil, nil
		}
		return nil, unusable(path, err)
	}
	defer unlock()
	// goose looks again by itself: whoever waited for the lock finds nothing to do.
	results, err := provider.Up(ctx)
	if err != nil {
		return nil, unusable(path, err)
	}
	states, err := provider.Status(ctx)
	if err != nil {
		return nil, unusable(path, err)
	}
	var list []Migration
	for _, state := range states[len(states)-len(results):] {
		list = append(list, migration(state.Source, state.AppliedAt))
	}
	return list, nil
}

func steps(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
}

// current reports whether the schema is the one that this program knows.
func current(ctx context.Context, provider *goose.Provider, path string) (bool, error) {
	is, known, err := provider.GetVersions(ctx)
	if err != nil {
		return false, unusable(path, err)
	}
	if is > known {
		// Not ours to touch: an older program would lose what the newer one wrote.
		return false, idp.Errorf(idp.Conflict, "The database %s was written by a newer release (schema %d; this one knows %d). Start the newer release, or restore a backup from before the upgrade.", path, is, known)
	}
	return is == known, nil
}

// lock keeps two processes that start at the same time from migrating together. An
// empty database of its own is the lock: it goes when the process ends, however it ends.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	db, err := connect(path, time.Minute)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, "BEGIN EXCLUSIVE"); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return func() {
		// Closing rolls back. A leftover is harmless: an unlocked file locks nobody out.
		_ = db.Close()
		_ = os.Remove(path)
	}, nil
}

func migration(source *goose.Source, at time.Time) Migration {
	return Migration{Version: source.Version, Name: path.Base(source.Path), AppliedAt: at}
}
