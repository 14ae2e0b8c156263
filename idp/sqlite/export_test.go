package sqlite

import (
	"context"
	"database/sql"
	"strings"
	"sync"
	"time"

	"cloudsso/idp/sqlstore"
)

// OpenImpatient is Open with another patience for foreign locks, and with a way to the
// writer beside the store.
func OpenImpatient(ctx context.Context, path string, now func() time.Time, patience time.Duration) (*sqlstore.Store, func(context.Context, func(sqlstore.Tx) error) error, error) {
	db, err := open(ctx, path, patience)
	if err != nil {
		return nil, nil, err
	}
	return sqlstore.New(db, now), db.Write, nil
}

// Versions lists the versions of all migrations.
func Versions(ctx context.Context) (versions []int64, err error) {
	list, err := MigrationStatus(ctx, "there is no such file")
	for _, m := range list {
		versions = append(versions, m.Version)
	}
	return versions, err
}

// OpenExplained is Open with a look at the plan of each statement when it is first used.
func OpenExplained(ctx context.Context, path string, now func() time.Time, plan func(query, plan string)) (*sqlstore.Store, error) {
	db, err := open(ctx, path, patience)
	if err != nil {
		return nil, err
	}
	return sqlstore.New(&explained{database: db, plan: plan}, now), nil
}

type explained struct {
	*database
	seen sync.Map
	plan func(query, plan string)
}

func (e *explained) Read(ctx context.Context, verb func(sqlstore.Tx) error) error {
	return e.database.Read(ctx, func(tx sqlstore.Tx) error { return verb(explainedTx{tx, e}) })
}

func (e *explained) Change(ctx context.Context, verb func(sqlstore.Tx) error) error {
	return e.Write(ctx, verb)
}

func (e *explained) Write(ctx context.Context, verb func(sqlstore.Tx) error) error {
	return e.database.Write(ctx, func(tx sqlstore.Tx) error { return verb(explainedTx{tx, e}) })
}

func (e *explained) Together(ctx context.Context, statements ...sqlstore.Statement) error {
	return e.Write(ctx, func(tx sqlstore.Tx) error {
		for _, one := range statements {
			if _, err := tx.Exec(one.Query, one.Args...); err != nil {
				return err
			}
		}
		return nil
	})
}

type explainedTx struct {
	sqlstore.Tx
	e *explained
}

func (t explainedTx) Query(query string, args ...any) (*sql.Rows, error) {
	if err := t.e.explain(query, args, t.Tx.Query); err != nil {
		return nil, err
	}
	return t.Tx.Query(query, args...)
}

func (t explainedTx) Exec(query string, args ...any) (int64, error) {
	if err := t.e.explain(query, args, t.Tx.Query); err != nil {
		return 0, err
	}
	return t.Tx.Exec(query, args...)
}

func (e *explained) explain(query string, args []any, ask func(string, ...any) (*sql.Rows, error)) error {
	if _, seen := e.seen.LoadOrStore(query, true); seen {
		return nil
	}
	rows, err := ask("EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	var plan []string
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			return err
		}
		plan = append(plan, step)
	}
	e.plan(query, strings.Join(plan, "\n"))
	return rows.Err()
}

// OpenDatabase is Open without the store on it.
func OpenDatabase(ctx context.Context, path string) (sqlstore.Database, error) {
	return open(ctx, path, patience)
}
