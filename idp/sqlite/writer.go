package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"cloudsso/idp/sqlstore"
)

// maxBatch bounds how long the first of a batch waits for the last.
const maxBatch = 256

var errClosed = errors.New("the database is closed")

// writer owns the one connection that changes the file. Its goroutine takes all verbs
// that wait, runs them in one transaction and answers them after the commit.
type writer struct {
	db      *sql.DB
	conn    connection
	jobs    chan *job
	ending  sync.Once
	quit    chan struct{}
	stopped chan struct{}
}

type job struct {
	verb    func(sqlstore.Tx) error
	single  bool        // one statement: if that fails, SQLite undoes it alone
	settled atomic.Bool // taken by the writer, or given up by the caller: whoever is first
	err     error
	done    chan struct{}
}

func newWriter(ctx context.Context, db *sql.DB) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{
		db: db, conn: connection{conn, map[string]*sql.Stmt{}},
		jobs: make(chan *job, maxBatch), quit: make(chan struct{}), stopped: make(chan struct{}),
	}
	go w.run()
	return w, nil
}

// Write is [sqlstore.Database]'s. A caller who gives up while waiting is not served any
// more; one whose verb has begun gets its true result.
func (w *writer) Write(ctx context.Context, verb func(sqlstore.Tx) error) error {
	return w.submit(ctx, &job{verb: verb, done: make(chan struct{})})
}

// Change is [sqlstore.Database]'s. Changes share transactions, so one more is no cost.
func (w *writer) Change(ctx context.Context, verb func(sqlstore.Tx) error) error {
	return w.submit(ctx, &job{verb: verb, single: true, done: make(chan struct{})})
}

func (w *writer) submit(ctx context.Context, j *job) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case w.jobs <- j:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.stopped:
		return errClosed
	}
	select {
	case <-j.done:
		return j.err
	case <-ctx.Done():
		if j.settled.CompareAndSwap(false, true) {
			return ctx.Err()
		}
	case <-w.stopped:
		if j.settled.CompareAndSwap(false, true) {
			return errClosed
		}
	}
	<-j.done
	return j.err
}

func (w *writer) close() error {
	w.ending.Do(func() { close(w.quit) })
	<-w.stopped
	for _, stmt := range w.conn.prepared {
		stmt.Close()
	}
	return errors.Join(w.conn.Close(), w.db.Close())
}

// run lets whoever could run do so before it takes what has come by then: a commit costs
// the processor far more than the changes in it, so where much happens at the same time,
// as much as possible shares one. On a machine that has nothing else to do nobody waits.
func (w *writer) run() {
	defer close(w.stopped)
	for {
		select {
		case j := <-w.jobs:
			runtime.Gosched()
			w.commit(w.waiting(j))
		case <-w.quit:
			return
		}
	}
}

// waiting takes the first job and all that queue behind it.
func (w *writer) waiting(first *job) (batch []*job) {
	for j := first; ; {
		if j.settled.CompareAndSwap(false, true) {
			batch = append(batch, j)
		}
		if len(batch) == maxBatch {
			return batch
		}
		select {
		case j = <-w.jobs:
		default:
			return batch
		}
	}
}

// commit runs a batch in one transaction. If that fails as a whole, everybody gets the
// failure, also those whose verb had found something: it may have seen a neighbour's
// change that was never committed.
func (w *writer) commit(batch []*job) {
	if len(batch) == 0 {
		return
	}
	if err := w.transact(batch); err != nil {
		for _, j := range batch {
			j.err = err
		}
	}
	for _, j := range batch {
		close(j.done)
	}
}

func (w *writer) transact(batch []*job) error {
	err := w.conn.run("BEGIN IMMEDIATE")
	for i := 0; err == nil && i < len(batch); i++ {
		err = w.perform(batch[i])
	}
	if err == nil {
		err = w.conn.run("COMMIT")
	}
	if err != nil {
		// SQLite may have rolled back by itself; then there is nothing to do and it says so.
		_ = w.conn.run("ROLLBACK")
	}
	return err
}

// perform runs one verb, in a savepoint if it may have something to undo. The error that
// it returns is the transaction's: a disk that failed takes the savepoint with it.
func (w *writer) perform(j *job) error {
	if j.single {
		j.err = j.verb(w.conn)
		return fatal(j.err)
	}
	if err := w.conn.run("SAVEPOINT verb"); err != nil {
		return err
	}
	if j.err = j.verb(w.conn); j.err != nil {
		if err := w.conn.run("ROLLBACK TO verb"); err != nil {
			return errors.Join(j.err, err)
		}
	}
	return w.conn.run("RELEASE verb")
}

// fatal returns the error of a statement after which nobody knows what SQLite has left of
// the transaction: all but a constraint that the statement met.
func fatal(err error) error {
	var fault *sqlite.Error
	if errors.As(err, &fault) && fault.Code()&0xff != sqlite3.SQLITE_CONSTRAINT {
		return err
	}
	return nil
}

// connection is a [sqlstore.Tx]. It works without a context: interrupting one verb would
// roll back its neighbours too.
type connection struct {
	*sql.Conn
	prepared map[string]*sql.Stmt
}

// Query is [sqlstore.Tx]'s.
func (c connection) Query(query string, args ...any) (*sql.Rows, error) {
	stmt, err := c.prepare(query)
	if err != nil {
		return nil, err
	}
	return stmt.Query(args...)
}

// Exec is [sqlstore.Tx]'s.
func (c connection) Exec(query string, args ...any) (int64, error) {
	stmt, err := c.prepare(query)
	if err != nil {
		return 0, err
	}
	result, err := stmt.Exec(args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (c connection) run(command string) error {
	_, err := c.Exec(command)
	return err
}

func (c connection) prepare(query string) (stmt *sql.Stmt, err error) {
	if stmt = c.prepared[query]; stmt == nil {
		if stmt, err = c.PrepareContext(context.Background(), query); err == nil {
			c.prepared[query] = stmt
		}
	}
	return stmt, err
}
