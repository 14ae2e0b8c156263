package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx", for strangers

	"cloudsso/idp"
	"cloudsso/idp/postgres"
	"cloudsso/idp/sqlstore"
	"cloudsso/idp/storetest"
	"cloudsso/idp/storetest/pgtest"
)

var pg *pgtest.Server

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m, &pg)) }

func TestRecords(t *testing.T) {
	t.Parallel()
	var p planned
	storetest.Records(t, func(t *testing.T, now func() time.Time) idp.Records { return p.open(t, now) })
	p.saw(t, 40)
}

func TestFlows(t *testing.T) {
	t.Parallel()
	var p planned
	storetest.Flows(t, func(t *testing.T, now func() time.Time) idp.Flows { return p.open(t, now) })
	p.saw(t, 20)
}

func TestRecordsRestart(t *testing.T) {
	t.Parallel()
	storetest.RecordsRestart(t, func(t *testing.T) storetest.Open[idp.Records] {
		url := pg.Database(t)
		return func(t *testing.T, now func() time.Time) idp.Records { return open(t, url, now) }
	})
}

func TestFlowsRestart(t *testing.T) {
	t.Parallel()
	storetest.FlowsRestart(t, func(t *testing.T) storetest.Open[idp.Flows] {
		url := pg.Database(t)
		return func(t *testing.T, now func() time.Time) idp.Flows { return open(t, url, now) }
	})
}

// planned opens stores whose every statement is looked at: one that reads a whole table
// is quick in every test and slow after a year.
type planned struct{ statements atomic.Int64 }

func (p *planned) open(t *testing.T, now func() time.Time) *sqlstore.Store {
	t.Helper()
	s, err := postgres.OpenExplained(t.Context(), pg.Database(t), now, func(query, plan string) {
		p.statements.Add(1)
		if strings.Contains(query, "FROM keys") || strings.Contains(query, "LIKE") {
			return // all of a few rows, and a search for a part, is what they are for
		}
		if strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "Scan") && !strings.Contains(plan, "Index Cond") {
			t.Errorf("%s\n%s", query, plan)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (p *planned) saw(t *testing.T, atLeast int64) {
	t.Helper()
	if n := p.statements.Load(); n < atLeast {
		t.Errorf("only %d statements were looked at", n)
	}
}

func open(t testing.TB, url string, now func() time.Time) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), url, postgres.Options{}, now)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// stranger is another program in the same database.
func stranger(t testing.TB, url string) *sql.Conn {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(); _ = db.Close() })
	return conn
}

func must(t testing.TB, conn *sql.Conn, sql string) {
	t.Helper()
	if _, err := conn.ExecContext(context.Background(), sql); err != nil {
		t.Fatal(err)
	}
}

func column(t testing.TB, conn *sql.Conn, query string) (values []string) {
	t.Helper()
	rows, err := conn.QueryContext(context.Background(), query)
	wants(t, err, nil)
	for rows.Next() {
		var v string
		wants(t, rows.Scan(&v), nil)
		values = append(values, v)
	}
	wants(t, rows.Err(), nil)
	wants(t, rows.Close(), nil)
	return values
}

func wants(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error is %v, want %v", err, want)
	}
}
