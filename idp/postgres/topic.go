package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"cloudsso/idp"
	"cloudsso/idp/sqlstore"
)

// pause is what passes, on average, between attempts to subscribe again.
const pause = 250 * time.Millisecond

// Publish tells all who have subscribed to topic at this moment, this node included, at
// least once. Nobody keeps it for those who have not: what must not be missed is looked
// up as well. A topic has at most 50 bytes, a payload less than 8000.
func (db *DB) Publish(ctx context.Context, topic, payload string) error {
	return db.database.Fault(db.database.Read(ctx, func(tx sqlstore.Tx) error {
		_, err := tx.Exec(`SELECT pg_notify($1, $2)`, channel(topic), payload)
		return err
	}))
}

// Subscribe returns once this node hears topic, or with [idp.ErrUnavailable]. Then hear
// is called with one payload after the other, until ctx is over or the store is closed. A
// lost connection is noticed within four times Options.Connect and found again by
// itself; as nobody knows what was missed meanwhile, hear is then called with "": look
// for yourself. Each subscription has a connection of its own beside the pool.
func (db *DB) Subscribe(ctx context.Context, topic string, hear func(payload string)) error {
	conn, err := db.subscribe(ctx, topic)
	if err == nil && db.closed.Err() != nil {
		err = errors.Join(errors.New("the store is closed"), hangUp(conn))
	}
	if err != nil {
		return fmt.Errorf("%w: %w", idp.ErrUnavailable, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	context.AfterFunc(db.closed, cancel)
	db.hearing.Go(func() {
		defer cancel()
		for conn != nil {
			db.listen(ctx, conn, hear)
			if conn = db.again(ctx, topic); conn != nil {
				hear("")
			}
		}
	})
	return nil
}

func (db *DB) subscribe(ctx context.Context, topic string) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, db.database.o.Connect)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, db.config)
	if err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, `LISTEN `+pgx.Identifier{channel(topic)}.Sanitize()); err != nil {
		return nil, errors.Join(err, hangUp(conn))
	}
	return conn, nil
}

// again subscribes until it succeeds; nil when ctx is over.
func (db *DB) again(ctx context.Context, topic string) *pgx.Conn {
	for ctx.Err() == nil {
		if conn, err := db.subscribe(ctx, topic); err == nil {
			return conn
		}
		select {
		case <-time.After(pause/2 + rand.N(pause)):
		case <-ctx.Done():
		}
	}
	return nil
}

// listen hands on what it hears until the connection or ctx is lost. When it is quiet
// for long, it asks whether anybody is there.
func (db *DB) listen(ctx context.Context, conn *pgx.Conn, hear func(string)) {
	defer func() { _ = hangUp(conn) }()
	for ctx.Err() == nil {
		quiet, over := context.WithTimeout(ctx, 3*db.database.o.Connect)
		heard, err := conn.WaitForNotification(quiet)
		over()
		switch {
		case err == nil:
			hear(heard.Payload)
		case ctx.Err() != nil || quiet.Err() == nil || !db.there(ctx, conn):
			return
		}
	}
}

func (db *DB) there(ctx context.Context, conn *pgx.Conn) bool {
	ctx, cancel := context.WithTimeout(ctx, db.database.o.Connect)
	defer cancel()
	return conn.Ping(ctx) == nil
}

func hangUp(conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return conn.Close(ctx)
}

// channel keeps our topics apart from what other programs of the database listen to.
func channel(topic string) string { return "cloudsso_" + topic }
