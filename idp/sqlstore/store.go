package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"cloudsso/idp"
)

// Database is what one kind of database does its own way.
type Database interface {
	// Read runs a verb that only reads what is committed. For all that take one: it may run at
	// any time before they return, on another goroutine, more than once; a statement's
	// text is a constant, to be prepared once.
	Read(ctx context.Context, verb func(Tx) error) error
	// Change runs a verb of which the first statement alone changes anything, and returns
	// when that is durable; whatever follows only looks why it changed nothing. So a
	// database may do without a transaction around it, in one round trip.
	Change(ctx context.Context, verb func(Tx) error) error
	// Write runs verb in a transaction and returns when that is durable. If verb fails,
	// all that it did is undone and Write returns its error.
	Write(ctx context.Context, verb func(Tx) error) error
	// Together runs statements in their order, all of them or none, and returns when that
	// is durable. None depends on what another one answers, so a database may send them
	// all in one round trip.
	Together(ctx context.Context, statements ...Statement) error
	// Fault turns an error of the driver into one that wraps idp.ErrConflict (a unique key
	// is taken), idp.ErrUnavailable, or an idp.Error of code Invalid (see [Sentinel]). nil and errors of package idp stay as they are.
	Fault(err error) error
	Ping(ctx context.Context) error
	Close() error
}

// Statement is a constant text and the values of its placeholders.
type Statement struct {
	Query string
	Args  []any
}

// Tx is what a verb works with while it runs.
type Tx interface {
	Query(query string, args ...any) (*sql.Rows, error)
	// Exec returns the number of rows that it changed.
	Exec(query string, args ...any) (int64, error)
}

// Store is [idp.Records] and [idp.Flows] in a SQL database.
type Store struct {
	db    Database
	now   func() time.Time
	known clients
}

var (
	_ idp.Records = (*Store)(nil)
	_ idp.Flows   = (*Store)(nil)
)

// New returns a Store on db, whose schema is up to date. Things expire by the clock now.
func New(db Database, now func() time.Time) *Store { return &Store{db: db, now: now} }

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.db.Fault(s.db.Ping(ctx)) }

// Close closes the database.
func (s *Store) Close() error { return s.db.Close() }

var sweeps = [...]string{
	`DELETE FROM grants WHERE id IN (SELECT id FROM grants WHERE expires_at <= $1 LIMIT $2)`,
	`DELETE FROM admin_tokens WHERE id IN (SELECT id FROM admin_tokens WHERE expires_at <= $1 LIMIT $2)`,
	`DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE expires_at <= $1 LIMIT $2)`,
	`DELETE FROM flows WHERE id IN (SELECT id FROM flows WHERE expires_at <= $1 LIMIT $2)`,
	`DELETE FROM tickets WHERE (kind, id) IN (SELECT kind, id FROM tickets WHERE expires_at <= $1 LIMIT $2)`,
	`DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at <= $1 LIMIT $2)`,
	`DELETE FROM marks WHERE key IN (SELECT key FROM marks WHERE expires_at <= $1 LIMIT $2)`,
	`DELETE FROM counters WHERE key IN (SELECT key FROM counters WHERE expires_at <= $1 LIMIT $2)`,
}

// Sweep deletes what is over at now, of Records and Flows alike, one statement per
// table. Keys stay: their slots must not be given out twice.
func (s *Store) Sweep(ctx context.Context, now time.Time, limit int) (swept int, err error) {
	for _, query := range sweeps {
		if swept >= limit {
			break
		}
		var n int64
		err = s.swap(ctx, func(tx Tx) (err error) {
			n, err = exec(tx, query, micros(now), limit-swept)
			return err
		})
		if err != nil {
			return swept, err
		}
		swept += int(n)
	}
	return swept, nil
}

// write runs a verb of several changes.
func (s *Store) write(ctx context.Context, verb func(Tx) error) error {
	return s.db.Fault(s.db.Write(ctx, verb))
}

// swap runs a verb of one change, which is its first statement.
func (s *Store) swap(ctx context.Context, verb func(Tx) error) error {
	return s.db.Fault(s.db.Change(ctx, verb))
}

// change is swap for a verb of one statement.
func (s *Store) change(ctx context.Context, query string, args ...any) error {
	return s.swap(ctx, func(tx Tx) error {
		_, err := exec(tx, query, args...)
		return err
	})
}

// together is change for statements that stand or fall together.
func (s *Store) together(ctx context.Context, statements ...Statement) error {
	for _, one := range statements {
		if err := text(one.Args); err != nil {
			return err
		}
	}
	return s.db.Fault(s.db.Together(ctx, statements...))
}

// find reads the one record that a key names.
func find[T any](ctx context.Context, s *Store, scan func(*sql.Rows) (T, error), query string, args ...any) (v T, err error) {
	err = s.db.Fault(s.db.Read(ctx, func(tx Tx) (err error) {
		v, err = one(tx.Query, scan, query, args...)
		return err
	}))
	return v, err
}

// list reads all records that match.
func list[T any](ctx context.Context, s *Store, scan func(*sql.Rows) (T, error), query string, args ...any) (v []T, err error) {
	err = s.db.Fault(s.db.Read(ctx, func(tx Tx) (err error) {
		v, err = all(tx.Query, scan, query, args...)
		return err
	}))
	return v, err
}

// Sentinel reports whether err is one of package idp's already, for [Database].Fault.
func Sentinel(err error) bool {
	var told *idp.Error
	if err == nil || errors.As(err, &told) {
		return true
	}
	for _, known := range []error{idp.ErrNotFound, idp.ErrConflict, idp.ErrReused, idp.ErrReplayed, idp.ErrUnavailable} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}
