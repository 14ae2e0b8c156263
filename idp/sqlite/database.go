package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"cloudsso/idp"
)

// database is a [sqlstore.Database]: readers beside one writer.
type database struct {
	*writer
	read *sql.DB

	mu       sync.RWMutex
	prepared map[string]*sql.Stmt // by text; the texts are constants, so there are few
}

// Query is [sqlstore.Database]'s. Whoever has given up is refused at the door only:
// reading takes microseconds, and interrupting it would cost the connection.
func (d *database) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx)
	stmt, err := d.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

func (d *database) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	d.mu.RLock()
	stmt := d.prepared[query]
	d.mu.RUnlock()
	if stmt != nil {
		return stmt, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if stmt := d.prepared[query]; stmt != nil {
		return stmt, nil
	}
	stmt, err := d.read.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	d.prepared[query] = stmt
	return stmt, nil
}

// Ping reads one row of the file.
func (d *database) Ping(ctx context.Context) error {
	rows, err := d.Query(ctx, `SELECT version_id FROM goose_db_version LIMIT 1`)
	if err != nil {
		return err
	}
	rows.Next()
	return errors.Join(rows.Err(), rows.Close())
}

// Close ends the writer and closes the file.
func (d *database) Close() error { return errors.Join(d.read.Close(), d.writer.close()) }

// Fault is [sqlstore.Database]'s. All that is not a taken key counts as unavailable: a
// full, read-only, locked or broken disk, a caller who gave up, a closed database.
func (*database) Fault(err error) error {
	var told *idp.Error
	var fault *sqlite.Error
	switch {
	case err == nil, errors.As(err, &told):
		return err
	case errors.As(err, &fault) && taken(fault.Code()):
		return fmt.Errorf("%w: %w", idp.ErrConflict, err)
	}
	for _, known := range []error{idp.ErrNotFound, idp.ErrConflict, idp.ErrReused, idp.ErrReplayed, idp.ErrUnavailable} {
		if errors.Is(err, known) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", idp.ErrUnavailable, err)
}

func taken(code int) bool {
	return code == sqlite3.SQLITE_CONSTRAINT_UNIQUE || code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
}
