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
	"cloudsso/idp/sqlstore"
)

// database is a [sqlstore.Database]: readers beside one writer.
type database struct {
	*writer
	read *sql.DB

	mu       sync.RWMutex
	prepared map[string]*sql.Stmt // by text; the texts are constants, so there are few
}

// Read is [sqlstore.Database]'s. Whoever has given up is refused at the door only:
// reading takes microseconds, and interrupting it would cost the connection.
func (d *database) Read(ctx context.Context, verb func(sqlstore.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return verb(reader{d})
}

// Together is [sqlstore.Database]'s.
func (d *database) Together(ctx context.Context, statements ...sqlstore.Statement) error {
	return d.Write(ctx, func(tx sqlstore.Tx) error {
		for _, one := range statements {
			if _, err := tx.Exec(one.Query, one.Args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// reader is the [sqlstore.Tx] of a verb that reads.
type reader struct{ d *database }

// Query is [sqlstore.Tx]'s.
func (r reader) Query(query string, args ...any) (*sql.Rows, error) {
	stmt, err := r.d.prepare(context.Background(), query)
	if err != nil {
		return nil, err
	}
	return stmt.Query(args...)
}

// Exec is [sqlstore.Tx]'s. The connections behind it refuse every change.
func (r reader) Exec(query string, args ...any) (int64, error) {
	return 0, errors.New("a verb that reads wants to change something")
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
	return d.Read(ctx, func(tx sqlstore.Tx) error {
		rows, err := tx.Query(`SELECT version_id FROM goose_db_version LIMIT 1`)
		if err != nil {
			return err
		}
		rows.Next()
		return errors.Join(rows.Err(), rows.Close())
	})
}

// Close ends the writer and closes the file.
func (d *database) Close() error { return errors.Join(d.read.Close(), d.writer.close()) }

// Fault is [sqlstore.Database]'s. All that is not a taken key counts as unavailable: a
// full, read-only, locked or broken disk, a caller who gave up, a closed database.
func (*database) Fault(err error) error {
	var fault *sqlite.Error
	switch {
	case sqlstore.Sentinel(err):
		return err
	case errors.As(err, &fault) && taken(fault.Code()):
		return fmt.Errorf("%w: %w", idp.ErrConflict, err)
	}
	return fmt.Errorf("%w: %w", idp.ErrUnavailable, err)
}

func taken(code int) bool {
	return code == sqlite3.SQLITE_CONSTRAINT_UNIQUE || code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
}
