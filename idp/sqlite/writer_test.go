package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/sqlite"
	"cloudsso/idp/sqlstore"
)

type rig struct {
	*sqlstore.Store
	write func(context.Context, func(sqlstore.Tx) error) error
}

func impatient(t testing.TB, path string, patience time.Duration) rig {
	t.Helper()
	s, write, err := sqlite.OpenImpatient(t.Context(), path, time.Now, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return rig{s, write}
}

// hold keeps the writer busy until release, so that what comes meanwhile is one batch.
func (r rig) hold(t *testing.T) (release func()) {
	t.Helper()
	gate, held := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := r.write(context.Background(), func(sqlstore.Tx) error {
			close(held)
			<-gate
			return nil
		}); err != nil {
			t.Error(err)
		}
	})
	<-held
	return func() { close(gate); wg.Wait() }
}

func (r rig) run(t *testing.T, sql string) {
	t.Helper()
	if err := r.write(t.Context(), execute(sql)); err != nil {
		t.Fatal(err)
	}
}

func execute(sql string) func(sqlstore.Tx) error {
	return func(tx sqlstore.Tx) error {
		_, err := tx.Exec(sql)
		return err
	}
}

func wants(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error is %v, want %v", err, want)
	}
}

// together lets n verbs wait at the same time and collects what they say. The verbs have
// a moment to queue up; a late one makes a second batch, which changes no result.
func (r rig) together(t *testing.T, n int, verb func(i int) error) []error {
	t.Helper()
	release := r.hold(t)
	said := make([]error, n)
	var started, wg sync.WaitGroup
	started.Add(n)
	for i := range n {
		wg.Go(func() {
			started.Done()
			said[i] = verb(i)
		})
	}
	started.Wait()
	time.Sleep(20 * time.Millisecond)
	release()
	wg.Wait()
	return said
}

func TestAFailingVerbDoesNotDisturbItsNeighbours(t *testing.T) {
	t.Parallel()
	r := impatient(t, file(t), time.Second)
	mine, later := errors.New("my own reason"), time.Now().Add(time.Hour).UnixMicro()
	said := r.together(t, 60, func(i int) error {
		switch i % 3 {
		case 0: // fails in the database, half way
			return r.write(t.Context(), func(tx sqlstore.Tx) error {
				if _, err := tx.Exec(`INSERT INTO counters (key, n, expires_at) VALUES ($1, 1, $2)`, fmt.Append(nil, "half", i), later); err != nil {
					return err
				}
				_, err := tx.Exec(`INSERT INTO counters (key, n, expires_at) VALUES ($1, NULL, 1)`, []byte("x"))
				return err
			})
		case 1: // fails in its own code, after writing
			return r.write(t.Context(), func(tx sqlstore.Tx) error {
				_, err := tx.Exec(`INSERT INTO counters (key, n, expires_at) VALUES ($1, 1, $2)`, fmt.Append(nil, "half", i), later)
				return errors.Join(err, mine)
			})
		}
		return r.CreateClient(t.Context(), idp.Client{ID: fmt.Sprint(i)})
	})
	for i, err := range said {
		switch i % 3 {
		case 0:
			if err == nil {
				t.Errorf("verb %d did not fail", i)
			}
		case 1:
			wants(t, err, mine)
		case 2:
			wants(t, err, nil)
			_, err = r.Client(t.Context(), fmt.Sprint(i))
			wants(t, err, nil)
		}
	}
	n, err := r.Count(t.Context(), "half0", time.Hour)
	if err != nil || n != 1 {
		t.Errorf("a failed verb left something behind: %d, %v", n, err)
	}
	n, err = r.Count(t.Context(), "half1", time.Hour)
	if err != nil || n != 1 {
		t.Errorf("a failed verb left something behind: %d, %v", n, err)
	}
}

// A change has no savepoint: SQLite undoes a statement that meets a constraint alone, and
// after any other error nobody knows what it undid, so nobody is told that all went well.
func TestAFailingChangeTakesNobodyElseAlong(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		failing string
		alone   bool // the others are served
	}{
		"a constraint":     {`INSERT INTO counters (key, n, expires_at) VALUES (x'00', 1, 1), (x'01', NULL, 1)`, true},
		"another error":    {`INSERT INTO nowhere VALUES (1)`, false},
		"a taken key":      {`INSERT INTO goose_db_version (id, version_id, is_applied) VALUES (1, 1, 1)`, true},
		"a changed schema": {`INSERT INTO counters (nothing) VALUES (1)`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, err := sqlite.OpenDatabase(t.Context(), file(t))
			wants(t, err, nil)
			r := rig{sqlstore.New(db, time.Now), db.Write}
			t.Cleanup(func() { _ = r.Close() })
			said := r.together(t, 21, func(i int) error {
				if i == 10 {
					return db.Change(t.Context(), execute(row.failing))
				}
				return r.CreateGrant(t.Context(), idp.Grant{ID: fmt.Sprint(i)}, idp.Event{})
			})
			if said[10] == nil {
				t.Error("the change did not fail")
			}
			for i, err := range said {
				if i == 10 {
					continue
				}
				_, reading := r.Grant(t.Context(), fmt.Sprint(i))
				if (err == nil) != (reading == nil) || row.alone && err != nil {
					t.Errorf("grant %d: told %v, and then %v", i, err, reading)
				}
			}
			if n, err := r.Count(t.Context(), "\x00", time.Hour); err != nil || n != 1 {
				t.Errorf("the failed change left something behind: %d, %v", n, err)
			}
		})
	}
}

// When the whole transaction is lost, nobody may be told that something happened:
// neither who wrote nor who found a neighbour's write in the way.
func TestALostTransactionIsLostForAll(t *testing.T) {
	t.Parallel()
	r := impatient(t, file(t), time.Second)
	said := r.together(t, 20, func(i int) error {
		if i == 10 {
			return r.write(t.Context(), execute("ROLLBACK")) // as SQLite does by itself when a disk fails
		}
		return r.CreateClient(t.Context(), idp.Client{ID: fmt.Sprint(i % 5)})
	})
	for i, err := range said {
		id := fmt.Sprint(i % 5)
		_, reading := r.Client(t.Context(), id)
		if i != 10 && err == nil {
			wants(t, reading, nil) // it was in another batch
		}
		if i != 10 && errors.Is(err, idp.ErrConflict) {
			wants(t, reading, nil)
		}
	}
	if said[10] == nil {
		t.Error("the transaction was lost, and nobody noticed")
	}
	for i := range 5 {
		err := r.CreateClient(t.Context(), idp.Client{ID: fmt.Sprint(i)})
		if err != nil && !errors.Is(err, idp.ErrConflict) {
			t.Errorf("the writer did not recover: %v", err)
		}
	}
}

func TestWhoGivesUpInTheQueueIsNotServed(t *testing.T) {
	t.Parallel()
	r := impatient(t, file(t), time.Second)
	release := r.hold(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	err := r.CreateClient(ctx, idp.Client{ID: "late"})
	wants(t, err, context.DeadlineExceeded)
	wants(t, err, idp.ErrUnavailable)
	release()
	wants(t, r.CreateClient(t.Context(), idp.Client{ID: "next"}), nil)
	_, err = r.Client(t.Context(), "late")
	wants(t, err, idp.ErrNotFound)
}

// A verb that has begun gets its true result, however impatient its caller.
func TestWhoGivesUpTooLateIsToldTheTruth(t *testing.T) {
	t.Parallel()
	r := impatient(t, file(t), time.Second)
	ctx, cancel := context.WithCancel(t.Context())
	err := r.write(ctx, func(tx sqlstore.Tx) error {
		cancel()
		_, err := tx.Exec(`INSERT INTO counters (key, n, expires_at) VALUES ($1, 7, $2)`, []byte("k"), time.Now().Add(time.Hour).UnixMicro())
		return err
	})
	wants(t, err, nil)
	if n, err := r.Count(t.Context(), "k", time.Hour); n != 8 || err != nil {
		t.Errorf("counted %d, %v", n, err)
	}
}

func TestAClosedStoreIsUnavailable(t *testing.T) {
	t.Parallel()
	r := impatient(t, file(t), time.Second)
	release := r.hold(t)
	waiting := make(chan error)
	go func() { waiting <- r.CreateClient(context.Background(), idp.Client{ID: "w"}) }()
	time.Sleep(5 * time.Millisecond)
	closed := make(chan error)
	go func() { closed <- r.Close() }()
	time.Sleep(5 * time.Millisecond)
	release()
	wants(t, <-closed, nil)
	if err := <-waiting; err != nil { // served at the last moment, or told
		wants(t, err, idp.ErrUnavailable)
	}
	wants(t, r.CreateClient(t.Context(), idp.Client{ID: "x"}), idp.ErrUnavailable)
	_, err := r.Client(t.Context(), "w")
	wants(t, err, idp.ErrUnavailable)
	wants(t, r.Ping(t.Context()), idp.ErrUnavailable)
}
