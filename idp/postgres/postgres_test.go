package postgres_test

import (
	"database/sql"
	"errors"
	"os"
	"strings"
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
	p.Saw(t, 40)
}

func TestFlows(t *testing.T) {
	t.Parallel()
	var p planned
	storetest.Flows(t, func(t *testing.T, now func() time.Time) idp.Flows { return p.open(t, now) })
	p.Saw(t, 20)
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

// planned opens stores whose every statement is looked at.
type planned struct{ storetest.Plans }

func (p *planned) open(t *testing.T, now func() time.Time) *sqlstore.Store {
	t.Helper()
	s, err := postgres.OpenExplained(t.Context(), pg.Database(t), now, p.Explained(t, func(plan string) bool {
		return strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "Scan") && !strings.Contains(plan, "Index Cond")
	}))
	wants(t, err, nil)
	return s
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

func wants(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error is %v, want %v", err, want)
	}
}
