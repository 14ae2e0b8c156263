package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/postgres"
	"cloudsso/idp/sqlstore"
	"cloudsso/idp/storetest"
)

// wired is a store whose wire can be tampered with.
type wired struct {
	*postgres.DB
	database sqlstore.Database
	wire     *wire
}

func rig(t testing.TB, url string, o postgres.Options, now func() time.Time) wired {
	t.Helper()
	if now == nil {
		now = time.Now
	}
	w := &wire{}
	db, database, err := postgres.OpenThrough(t.Context(), url, o, now, w.wrap)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return wired{db, database, w}
}

func (r wired) text(t testing.TB, query string) (text string) {
	t.Helper()
	wants(t, r.database.Read(t.Context(), func(tx sqlstore.Tx) error {
		rows, err := tx.Query(query)
		if err != nil {
			return err
		}
		defer rows.Close()
		rows.Next()
		return rows.Scan(&text)
	}), nil)
	return text
}

// wire counts what is sent, and goes wrong on request.
type wire struct {
	sent    atomic.Int64
	cut     atomic.Bool // the next thing sent arrives; the answer to it does not
	swallow atomic.Bool // nothing that is sent arrives
}

func (w *wire) wrap(conn net.Conn) net.Conn { return &tampered{Conn: conn, w: w} }

type tampered struct {
	net.Conn
	w    *wire
	dead atomic.Bool
}

func (c *tampered) Write(b []byte) (int, error) {
	c.w.sent.Add(1)
	if c.w.swallow.Load() {
		return len(b), nil
	}
	if c.w.cut.CompareAndSwap(true, false) {
		c.dead.Store(true)
	}
	return c.Conn.Write(b)
}

func (c *tampered) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.dead.Load() { // the answer came, so the server is done; nobody hears it
		_ = c.Conn.Close()
		return 0, net.ErrClosed
	}
	return n, err
}

// The answer to a change is lost on the way. Nobody may be told that it happened, it may
// not be done a second time, and whoever tries again must not win a second time.
func TestAChangeOfUnknownOutcomeIsNeitherASuccessNorDoneTwice(t *testing.T) {
	t.Parallel()
	r := rig(t, pg.Database(t), postgres.Options{}, nil)
	ctx, now := t.Context(), time.Now()
	end := now.Add(time.Hour)
	for _, row := range []struct {
		name    string
		prepare func(id string) error
		verb    func(id string) error
		again   error // what a second try says
	}{
		{"redeeming a code", func(id string) error {
			return r.CreateGrant(ctx, idp.Grant{ID: id, CodeHash: id, CodeExpiresAt: end}, idp.Event{})
		}, func(id string) error {
			return r.RedeemCode(ctx, idp.Redemption{GrantID: id, CodeHash: id, RefreshSeq: 1}, now)
		}, idp.ErrReused},
		{"rotating a refresh token", func(id string) error {
			return r.CreateGrant(ctx, idp.Grant{ID: id, RefreshSeq: 1}, idp.Event{})
		}, func(id string) error {
			return r.RotateRefresh(ctx, idp.Rotation{GrantID: id, Seq: 1})
		}, idp.ErrReused},
		{"taking a flow", func(id string) error {
			return r.CreateFlow(ctx, idp.Flow{ID: id, ExpiresAt: end})
		}, func(id string) error {
			_, err := r.TakeFlow(ctx, id)
			return err
		}, idp.ErrNotFound},
		{"taking a ticket", func(id string) error {
			return r.CreateTicket(ctx, idp.Ticket{Kind: "k", ID: id, ExpiresAt: end})
		}, func(id string) error {
			_, err := r.TakeTicket(ctx, "k", id)
			return err
		}, idp.ErrNotFound},
		{"storing deliveries", nil, func(id string) error {
			return r.CreateDeliveries(ctx, []idp.Delivery{{ID: id}, {ID: "second " + id}})
		}, idp.ErrConflict},
		{"recording a mark", nil, func(id string) error { return r.SeenOnce(ctx, id, end) }, idp.ErrReplayed},
		{"creating a grant with its event", nil, func(id string) error {
			return r.CreateGrant(ctx, idp.Grant{ID: id}, idp.Event{ID: id, Name: idp.EventGrantCreated})
		}, idp.ErrConflict},
		{"creating a client", nil, func(id string) error { return r.CreateClient(ctx, idp.Client{ID: id}) }, idp.ErrConflict},
	} {
		for _, id := range []string{"warm", "cut"} {
			id = row.name + id
			if row.prepare != nil {
				wants(t, row.prepare(id), nil)
			}
			if id == row.name+"warm" {
				wants(t, row.verb(id), nil) // prepares the statement
				continue
			}
			r.wire.cut.Store(true)
			err := row.verb(id)
			if !errors.Is(err, idp.ErrUnavailable) {
				t.Errorf("%s: %v", row.name, err)
			}
			if err := row.verb(id); !errors.Is(err, row.again) {
				t.Errorf("%s, again: %v, want %v", row.name, err, row.again)
			}
		}
	}
	for range 2 {
		_, err := r.Count(ctx, "counter", time.Hour)
		wants(t, err, nil)
	}
	r.wire.cut.Store(true)
	_, err := r.Count(ctx, "counter", time.Hour)
	wants(t, err, idp.ErrUnavailable)
	if n, err := r.Counted(ctx, "counter"); n != 3 || err != nil {
		t.Errorf("counted %d, %v: it was done twice", n, err)
	}
}

func TestACommitOfUnknownOutcomeIsNoSuccess(t *testing.T) {
	t.Parallel()
	r := rig(t, pg.Database(t), postgres.Options{}, nil)
	ran := 0
	err := r.database.Write(t.Context(), func(tx sqlstore.Tx) error {
		ran++
		_, err := tx.Exec(`INSERT INTO marks (key, expires_at) VALUES ($1, 1)`, []byte("k"))
		r.wire.cut.Store(true) // the next thing sent is COMMIT
		return err
	})
	wants(t, r.database.Fault(err), idp.ErrUnavailable)
	if ran != 1 {
		t.Errorf("it ran %d times", ran)
	}
}

func TestReadingIsTriedAgain(t *testing.T) {
	t.Parallel()
	r := rig(t, pg.Database(t), postgres.Options{}, nil)
	wants(t, r.CreateClient(t.Context(), idp.Client{ID: "c"}), nil)
	for range 5 {
		r.wire.cut.Store(true)
		_, err := r.Client(t.Context(), "c")
		wants(t, err, nil)
	}
}

// All connections of the pool are lost at once, as by a failover: those that nobody was
// using must cost nobody an error but the first who notices.
func TestLostConnectionsAreReplaced(t *testing.T) {
	t.Parallel()
	url := pg.Database(t)
	r := rig(t, url, postgres.Options{MaxConns: 8}, nil)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			wants(t, r.database.Write(t.Context(), execute(`SELECT pg_sleep(0.2)`)), nil)
			wants(t, r.CreateClient(t.Context(), idp.Client{ID: fmt.Sprint("before", i)}), nil)
		})
	}
	wg.Wait()
	storetest.Exec(t, stranger(t, url), `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'cloudsso' AND datname = current_database()`)
	failed := 0
	for i := range 20 {
		if err := r.CreateClient(t.Context(), idp.Client{ID: fmt.Sprint(i)}); err != nil {
			wants(t, err, idp.ErrUnavailable)
			failed++
		}
	}
	if failed > 1 {
		t.Errorf("%d of 20 changes failed", failed)
	}
}

func execute(sql string) func(sqlstore.Tx) error {
	return func(tx sqlstore.Tx) error {
		_, err := tx.Exec(sql)
		return err
	}
}

func TestWhatTheServerUndidIsDoneAgain(t *testing.T) {
	t.Parallel()
	r := rig(t, pg.Database(t), postgres.Options{}, nil)
	for _, code := range []string{"40001", "40P01"} {
		for name, run := range map[string]func(context.Context, func(sqlstore.Tx) error) error{"Read": r.database.Read, "Change": r.database.Change, "Write": r.database.Write} {
			fail := `DO $$ BEGIN RAISE EXCEPTION 'undone' USING ERRCODE = '` + code + `'; END $$`
			ran := 0
			err := run(t.Context(), func(tx sqlstore.Tx) error {
				if ran++; ran < 4 {
					return execute(fail)(tx)
				}
				return nil
			})
			if err != nil || ran != 4 {
				t.Errorf("%s, %s: ran %d times, %v", name, code, ran, err)
			}
			ran = 0
			err = run(t.Context(), func(tx sqlstore.Tx) error { ran++; return execute(fail)(tx) })
			if !errors.Is(r.database.Fault(err), idp.ErrUnavailable) || ran < 4 || ran > 10 {
				t.Errorf("%s, %s: ran %d times, %v", name, code, ran, err)
			}
		}
	}
	ran := 0
	err := r.database.Write(t.Context(), func(tx sqlstore.Tx) error { ran++; return execute(`SELECT 1/0`)(tx) })
	if err == nil || ran != 1 {
		t.Errorf("an error for good: ran %d times, %v", ran, err)
	}
}

// Two transactions lock the same two rows in different order. The server ends one of
// them; nobody notices.
func TestADeadlockIsResolved(t *testing.T) {
	t.Parallel()
	r := rig(t, pg.Database(t), postgres.Options{Lock: 8 * time.Second}, nil)
	for _, id := range []string{"a", "b"} {
		wants(t, r.SeenOnce(t.Context(), id, time.Now()), nil)
	}
	var wg, both sync.WaitGroup
	both.Add(2)
	var ran atomic.Int64
	for i, order := range [][]string{{"a", "b"}, {"b", "a"}} {
		var once sync.Once
		wg.Go(func() {
			err := r.database.Write(t.Context(), func(tx sqlstore.Tx) error {
				ran.Add(1)
				if _, err := tx.Exec(`UPDATE marks SET expires_at = expires_at + 1 WHERE key = $1`, []byte(order[0])); err != nil {
					return err
				}
				once.Do(func() { both.Done(); both.Wait() })
				_, err := tx.Exec(`UPDATE marks SET expires_at = expires_at + 1 WHERE key = $1`, []byte(order[1]))
				return err
			})
			if err != nil {
				t.Errorf("transaction %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if ran.Load() < 3 {
		t.Error("there was no deadlock: this proves nothing")
	}
}

func TestSlowThingsEnd(t *testing.T) {
	t.Parallel()
	url := pg.Database(t)
	r := rig(t, url, postgres.Options{MaxConns: 2, Statement: 300 * time.Millisecond, Lock: 100 * time.Millisecond, Connect: 2 * time.Second}, nil)
	wants(t, r.CreateGrant(t.Context(), idp.Grant{ID: "g", CodeHash: "h", CodeExpiresAt: time.Now().Add(time.Hour)}, idp.Event{}), nil)
	redeem := func() error {
		return r.RedeemCode(t.Context(), idp.Redemption{GrantID: "g", CodeHash: "h"}, time.Now())
	}
	within := func(name string, limit time.Duration, run func() error) {
		t.Helper()
		start := time.Now()
		if err := r.database.Fault(run()); !errors.Is(err, idp.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(start); took > limit {
			t.Errorf("%s took %v", name, took)
		}
	}
	within("a statement", 2*time.Second, func() error {
		return r.database.Change(t.Context(), execute(`SELECT pg_sleep(60)`))
	})

	conn := stranger(t, url)
	tx, err := conn.BeginTx(t.Context(), &sql.TxOptions{})
	wants(t, err, nil)
	_, err = tx.Exec(`SELECT 1 FROM grants FOR UPDATE`)
	wants(t, err, nil)
	within("a row that somebody has locked", 2*time.Second, redeem)
	wants(t, tx.Rollback(), nil)

	r.wire.swallow.Store(true)
	within("a network that swallows everything", 6*time.Second, redeem)
	r.wire.swallow.Store(false)
	wants(t, redeem(), nil)
}

func TestAFullPoolIsWaitedForAndThenUnavailable(t *testing.T) {
	t.Parallel()
	r := rig(t, pg.Database(t), postgres.Options{MaxConns: 1, Connect: time.Second}, nil)
	busy, free := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		wants(t, r.database.Change(context.Background(), func(sqlstore.Tx) error { close(busy); <-free; return nil }), nil)
	})
	<-busy
	wants(t, r.CreateClient(t.Context(), idp.Client{ID: "late"}), idp.ErrUnavailable)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	err := r.CreateClient(ctx, idp.Client{ID: "late"})
	wants(t, err, idp.ErrUnavailable)
	wants(t, err, context.DeadlineExceeded)
	close(free)
	wg.Wait()
	_, err = r.Client(t.Context(), "late")
	wants(t, err, idp.ErrNotFound)
}

// A verb that has begun gets its true result, and costs no connection, however impatient
// its caller.
func TestWhoGivesUpTooLateIsToldTheTruth(t *testing.T) {
	t.Parallel()
	r := rig(t, pg.Database(t), postgres.Options{MaxConns: 1}, nil)
	pid := r.text(t, `SELECT pg_backend_pid()::text`)
	ctx, cancel := context.WithCancel(t.Context())
	wants(t, r.database.Change(ctx, func(tx sqlstore.Tx) error {
		cancel()
		_, err := tx.Exec(`INSERT INTO counters (key, n, expires_at) VALUES ($1, 7, $2)`, []byte("k"), time.Now().Add(time.Hour).UnixMicro())
		return err
	}), nil)
	if n, err := r.Counted(t.Context(), "k"); n != 7 || err != nil {
		t.Errorf("counted %d, %v", n, err)
	}
	if r.text(t, `SELECT pg_backend_pid()::text`) != pid {
		t.Error("the connection was given up")
	}
}

func TestAClosedStoreIsUnavailable(t *testing.T) {
	t.Parallel()
	db := open(t, pg.Database(t), time.Now)
	wants(t, db.Close(), nil)
	wants(t, db.Ping(t.Context()), idp.ErrUnavailable)
	wants(t, db.CreateClient(t.Context(), idp.Client{ID: "c"}), idp.ErrUnavailable)
}
