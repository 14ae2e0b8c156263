package postgres

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"cloudsso/idp/sqlstore"
)

// Options bound what one node takes of the server. Zero fields have the defaults.
type Options struct {
	MaxConns  int           // connections at the same time; 0: 16
	Connect   time.Duration // how long a verb waits for a connection, new or of the pool; 0: 5 s
	Statement time.Duration // how long one statement may take; 0: 10 s
	Lock      time.Duration // how long of that it may wait for somebody else's row; 0: 5 s
}

func (o Options) orDefaults() Options {
	o.MaxConns = cmp.Or(o.MaxConns, 16)
	o.Connect = cmp.Or(o.Connect, 5*time.Second)
	o.Statement = cmp.Or(o.Statement, 10*time.Second)
	o.Lock = cmp.Or(o.Lock, 5*time.Second)
	return o
}

// DB is a [sqlstore.Store] in PostgreSQL, with what only nodes of a cluster need.
type DB struct {
	*sqlstore.Store
	database *database
	config   *pgx.ConnConfig

	closed  context.Context // of the subscriptions
	close   context.CancelFunc
	hearing sync.WaitGroup
}

// Open connects to the database that url (postgres://user:password@host:port/database)
// names and migrates it. Things expire by the clock now. Errors that an operator can do
// something about are [*idp.Error] values that say what; none of them, and no error of
// the store later, contains the password.
func Open(ctx context.Context, url string, o Options, now func() time.Time) (*DB, error) {
	config, err := parse(url)
	if err != nil {
		return nil, err
	}
	return open(ctx, config, o, now)
}

func open(ctx context.Context, config *pgx.ConnConfig, o Options, now func() time.Time) (*DB, error) {
	o = o.orDefaults()
	if _, err := migrate(ctx, config, o); err != nil {
		return nil, err
	}
	working := limit(config, o.Statement, o.Lock)
	d := &database{o: o}
	d.pool = connect(working, o, d.suspect)
	if err := d.Ping(ctx); err != nil {
		return nil, errors.Join(unusable(config, err), d.pool.Close())
	}
	db := &DB{Store: sqlstore.New(d, now), database: d, config: working}
	db.closed, db.close = context.WithCancel(context.Background())
	return db, nil
}

// Close ends the subscriptions and all connections.
func (db *DB) Close() error {
	db.close()
	db.hearing.Wait()
	return db.Store.Close()
}
