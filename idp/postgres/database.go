package postgres

import (
	"context"
	"database/sql"
	"errors"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"cloudsso/idp/sqlstore"
)

// margin is how much longer than the server we wait for its answer: then the network is
// what has failed.
const margin = 2 * time.Second

// database is a [sqlstore.Database] on a pool of connections.
type database struct {
	pool *sql.DB
	o    Options
	lost atomic.Int64 // when a connection was last lost, in Unix nanoseconds
}

// Read is [sqlstore.Database]'s.
func (d *database) Read(ctx context.Context, verb func(sqlstore.Tx) error) error {
	return d.persist(ctx, harmless, func() error {
		return d.session(ctx, func(s session) error { return verb(s) })
	})
}

// Change is [sqlstore.Database]'s. One statement is a transaction by itself: one round trip.
func (d *database) Change(ctx context.Context, verb func(sqlstore.Tx) error) error {
	return d.persist(ctx, undone, func() error {
		return d.session(ctx, func(s session) error { return verb(s) })
	})
}

// Write is [sqlstore.Database]'s.
func (d *database) Write(ctx context.Context, verb func(sqlstore.Tx) error) error {
	return d.persist(ctx, undone, func() error {
		return d.session(ctx, func(s session) error { return s.transact(verb) })
	})
}

// Together is [sqlstore.Database]'s: one round trip, without BEGIN and COMMIT.
func (d *database) Together(ctx context.Context, statements ...sqlstore.Statement) error {
	return d.persist(ctx, undone, func() error {
		return d.session(ctx, func(s session) error { return s.together(statements) })
	})
}

// Ping asks the server for nothing.
func (d *database) Ping(ctx context.Context) error {
	return d.Read(ctx, func(tx sqlstore.Tx) error {
		_, err := tx.Exec(`SELECT 1`)
		return err
	})
}

// Close ends all connections.
func (d *database) Close() error { return d.pool.Close() }

// session runs work on one connection. Whoever gives up while waiting for one is not
// served any more; work that has begun gets its true result, however impatient the
// caller.
//
// Attack: somebody sends requests and hangs up at once; interrupting a statement costs
// the connection, so the pool is busy connecting. Decision: nothing is interrupted; the
// timeouts bound what can pile up.
func (d *database) session(ctx context.Context, work func(session) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	waiting, served := context.WithTimeout(ctx, d.o.Connect)
	conn, err := d.pool.Conn(waiting)
	served()
	if err != nil {
		return unsent{err}
	}
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), d.o.Statement+margin)
	defer done()
	err = work(session{ctx, conn})
	if broken(err) {
		d.lost.Store(time.Now().UnixNano())
	}
	return errors.Join(err, ignoreDone(conn.Close()))
}

// suspect: a connection that has not been used for a while, or not since another one was
// lost, may be lost too. Trying it out costs a round trip; a change on a lost connection
// costs its caller an error.
func (d *database) suspect(idle time.Duration) bool {
	return idle > time.Second || idle >= time.Duration(time.Now().UnixNano()-d.lost.Load())
}

// ignoreDone: database/sql has closed a connection that it found broken.
func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrConnDone) {
		return nil
	}
	return err
}

// session is a [sqlstore.Tx] on one connection, each statement by itself.
type session struct {
	ctx  context.Context
	conn *sql.Conn
}

// Query is [sqlstore.Tx]'s. The driver prepares each text once per connection.
func (s session) Query(query string, args ...any) (*sql.Rows, error) {
	return s.conn.QueryContext(s.ctx, query, args...)
}

// Exec is [sqlstore.Tx]'s.
func (s session) Exec(query string, args ...any) (int64, error) {
	return affected(s.conn.ExecContext(s.ctx, query, args...))
}

// transact runs verb in a transaction. A rollback that fails has lost its connection,
// and the transaction with it.
func (s session) transact(verb func(sqlstore.Tx) error) error {
	tx, err := s.conn.BeginTx(s.ctx, nil)
	if err != nil {
		return err
	}
	if err := verb(transaction{s.ctx, tx}); err != nil {
		_ = tx.Rollback()
		return err
	}
	return tx.Commit()
}

// together sends all statements before it hears the first answer. To the server, what
// comes before one Sync is one transaction, which it commits when it gets there: only
// Close, which reads until then, says that the statements stand. A transaction of the
// session's own would take three round trips.
func (s session) together(statements []sqlstore.Statement) error {
	batch := &pgx.Batch{}
	for _, one := range statements {
		batch.Queue(one.Query, one.Args...)
	}
	return s.conn.Raw(func(conn any) error {
		return conn.(*stdlib.Conn).Conn().SendBatch(s.ctx, batch).Close()
	})
}

// transaction is a [sqlstore.Tx] whose statements stand or fall together.
type transaction struct {
	ctx context.Context
	tx  *sql.Tx
}

// Query is [sqlstore.Tx]'s.
func (t transaction) Query(query string, args ...any) (*sql.Rows, error) {
	return t.tx.QueryContext(t.ctx, query, args...)
}

// Exec is [sqlstore.Tx]'s.
func (t transaction) Exec(query string, args ...any) (int64, error) {
	return affected(t.tx.ExecContext(t.ctx, query, args...))
}

func affected(result sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
