package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx", for strangers

	"cloudsso/idp"
	"cloudsso/idp/postgres"
	"cloudsso/idp/storetest"
	"cloudsso/idp/storetest/pgtest"
)

var pg *pgtest.Server

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m, &pg)) }

func TestRecords(t *testing.T) {
	t.Parallel()
	storetest.Records(t, func(t *testing.T, now func() time.Time) idp.Records { return open(t, pg.Database(t), now) })
}

func TestFlows(t *testing.T) {
	t.Parallel()
	storetest.Flows(t, func(t *testing.T, now func() time.Time) idp.Flows { return open(t, pg.Database(t), now) })
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
