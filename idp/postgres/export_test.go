package postgres

import (
	"context"
	"database/sql"
	"net"
	"strings"
	"sync"
	"time"

	"cloudsso/idp/sqlstore"
)

// OpenThrough is Open with each connection wrapped, and with a way to the database
// beside the store.
func OpenThrough(ctx context.Context, url string, o Options, now func() time.Time, wrap func(net.Conn) net.Conn) (*DB, sqlstore.Database, error) {
	config, err := parse(url)
	if err != nil {
		return nil, nil, err
	}
	dial := config.DialFunc
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return wrap(conn), nil
	}
	db, err := open(ctx, config, o, now)
	if err != nil {
		return nil, nil, err
	}
	return db, db.database, nil
}

// OpenExplained is Open with a look at the plan of each statement when it is first used.
// The planner reads a whole table only where it has no other way.
func OpenExplained(ctx context.Context, url string, now func() time.Time, plan func(query, plan string)) (*sqlstore.Store, error) {
	db, err := Open(ctx, url+"&enable_seqscan=off", Options{}, now)
	if err != nil {
		return nil, err
	}
	return sqlstore.New(&explained{database: db.database, plan: plan}, now), nil
}

type explained struct {
	*database
	seen sync.Map
	plan func(query, plan string)
}

func (e *explained) Read(ctx context.Context, verb func(sqlstore.Tx) error) error {
	return e.database.Read(ctx, e.looking(verb))
}

func (e *explained) Change(ctx context.Context, verb func(sqlstore.Tx) error) error {
	return e.database.Change(ctx, e.looking(verb))
}

func (e *explained) Write(ctx context.Context, verb func(sqlstore.Tx) error) error {
	return e.database.Write(ctx, e.looking(verb))
}

func (e *explained) Together(ctx context.Context, statements ...sqlstore.Statement) error {
	err := e.database.Read(ctx, func(tx sqlstore.Tx) error {
		for _, one := range statements {
			if err := (explainedTx{tx, e}).explain(one.Query, one.Args); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return e.database.Together(ctx, statements...)
}

func (e *explained) looking(verb func(sqlstore.Tx) error) func(sqlstore.Tx) error {
	return func(tx sqlstore.Tx) error { return verb(explainedTx{tx, e}) }
}

type explainedTx struct {
	sqlstore.Tx
	e *explained
}

func (t explainedTx) Query(query string, args ...any) (*sql.Rows, error) {
	if err := t.explain(query, args); err != nil {
		return nil, err
	}
	return t.Tx.Query(query, args...)
}

func (t explainedTx) Exec(query string, args ...any) (int64, error) {
	if err := t.explain(query, args); err != nil {
		return 0, err
	}
	return t.Tx.Exec(query, args...)
}

func (t explainedTx) explain(query string, args []any) error {
	if _, seen := t.e.seen.LoadOrStore(query, true); seen {
		return nil
	}
	rows, err := t.Tx.Query("EXPLAIN "+query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	var plan []string
	for rows.Next() {
		var step string
		if err := rows.Scan(&step); err != nil {
			return err
		}
		plan = append(plan, step)
	}
	t.e.plan(query, strings.Join(plan, "\n"))
	return rows.Err()
}
