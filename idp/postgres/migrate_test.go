package postgres_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/postgres"
	"cloudsso/idp/storetest"
)

// Each version of the schema has a dump with rows of its time in every table
// (testdata/migrations/0001.sql), which is migrated to the newest version and read
// through the ports; golden JSON beside it says what must come back. A new migration adds
// its two files:
//
//	go test ./idp/postgres -run TestOldDatabasesMigrate -write
//
// and never touches the older ones.
var write = flag.Bool("write", false, "write the dump and the golden file of the newest schema")

func golden(version int64, ext string) string {
	return filepath.Join("testdata", "migrations", fmt.Sprintf("%04d.%s", version, ext))
}

func TestOldDatabasesMigrate(t *testing.T) {
	versions, err := postgres.MigrationStatus(t.Context(), pg.Database(t))
	if err != nil || len(versions) == 0 {
		t.Fatal(versions, err)
	}
	if *write {
		writeGolden(t, versions[len(versions)-1].Version)
	}
	for _, version := range versions {
		t.Run("from version "+version.Name, func(t *testing.T) {
			url := pg.Database(t)
			dump, err := os.ReadFile(golden(version.Version, "sql"))
			if err != nil {
				t.Fatalf("%v: run this test with -write to make it", err)
			}
			conn := stranger(t, url)
			storetest.Exec(t, conn, string(dump))
			wants(t, conn.Close(), nil)
			everyTableHasRows(t, url)
			db := open(t, url, storetest.GoldenNow)
			defer func() { wants(t, db.Close(), nil) }()
			text, err := os.ReadFile(golden(version.Version, "json"))
			wants(t, err, nil)
			storetest.IsGolden(t, db, text)
			list, err := postgres.MigrationStatus(t.Context(), url)
			if err != nil || len(list) != len(versions) || list[len(list)-1].AppliedAt.IsZero() || list[0].Name != "0001_init.sql" {
				t.Errorf("status after the migration: %+v, %v", list, err)
			}
		})
	}
}

// Grants of the first release get their sid into its column, whatever else stands in them.
func TestOldGrantsAreFoundByTheirSID(t *testing.T) {
	t.Parallel()
	url := pg.Database(t)
	dump, err := os.ReadFile(golden(1, "sql"))
	wants(t, err, nil)
	storetest.Exec(t, stranger(t, url), string(dump))
	conn := stranger(t, url) // the dump leaves its session without a search path
	storetest.Exec(t, conn, `UPDATE grants SET revoked_at = NULL, doc = replace(doc, 'grant-12', 'a \u0000 and a \"quote\"') WHERE id = 'grant-2'`)
	wants(t, conn.Close(), nil)
	s := open(t, url, storetest.GoldenNow)
	defer func() { wants(t, s.Close(), nil) }()
	for sid, want := range map[string]int{"grant-5": 1, "grant": 0} {
		list, err := s.Grants(t.Context(), idp.GrantFilter{SID: sid}, idp.Page{Limit: 10})
		if err != nil || len(list) != want || want == 1 && list[0].Nonce != "a \x00 and a \"quote\"" {
			t.Errorf("grants of %s: %+v, %v", sid, list, err)
		}
	}
}

// A row that an old release wrote must not be in the way of a new one's.
func TestAMigratedDatabaseGoesOn(t *testing.T) {
	t.Parallel()
	url := pg.Database(t)
	dump, err := os.ReadFile(golden(1, "sql"))
	wants(t, err, nil)
	storetest.Exec(t, stranger(t, url), string(dump))
	db := open(t, url, storetest.GoldenNow)
	defer db.Close()
	wants(t, db.AppendEvent(t.Context(), idp.Event{ID: "next"}), nil)
	list, err := db.Events(t.Context(), idp.EventFilter{}, idp.Page{Limit: 10})
	if err != nil || len(list) != 3 || list[0].ID != "next" {
		t.Errorf("events %+v, %v", list, err)
	}
}

func writeGolden(t *testing.T, version int64) {
	url := pg.Database(t)
	db := open(t, url, storetest.GoldenNow)
	text := storetest.Golden(t, db)
	wants(t, db.Close(), nil)
	head := fmt.Sprintf("-- Schema version %d with rows of its time. Written once, never changed.\n", version)
	lines := []string{head}
	for _, line := range strings.SplitAfter(pg.Dump(t, url), "\n") {
		// Commands of psql, comments, and settings that other versions do not know.
		if strings.HasPrefix(line, `\`) || strings.HasPrefix(line, "--") || strings.HasPrefix(line, "SET ") ||
			strings.HasPrefix(line, "SELECT pg_catalog.set_config") || line == "\n" {
			continue
		}
		lines = append(lines, line)
	}
	wants(t, os.WriteFile(golden(version, "sql"), []byte(strings.Join(lines, "")), 0o644), nil)
	wants(t, os.WriteFile(golden(version, "json"), text, 0o644), nil)
}

func everyTableHasRows(t *testing.T, url string) {
	t.Helper()
	conn := stranger(t, url)
	tables := storetest.Column(t, conn, `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`)
	for _, table := range tables {
		if len(storetest.Column(t, conn, `SELECT 'x' FROM "`+table+`" LIMIT 1`)) == 0 {
			t.Errorf("table %s of the dump is empty: its migration is not tested", table)
		}
	}
	if len(tables) < 13 {
		t.Errorf("only %d tables", len(tables))
	}
}

func TestEveryTextComparesByteByByte(t *testing.T) {
	t.Parallel()
	url := pg.Database(t)
	wants(t, open(t, url, time.Now).Close(), nil)
	for _, c := range storetest.Column(t, stranger(t, url), `SELECT table_name || '.' || column_name FROM information_schema.columns
		WHERE table_schema = 'public' AND data_type IN ('text', 'character varying') AND collation_name IS DISTINCT FROM 'C'`) {
		t.Errorf("%s compares by the database's collation", c)
	}
}

func TestMigrateByHand(t *testing.T) {
	t.Parallel()
	url := pg.Database(t)
	before, err := postgres.MigrationStatus(t.Context(), url)
	if err != nil || len(before) == 0 || !before[0].AppliedAt.IsZero() {
		t.Fatalf("%+v, %v", before, err)
	}
	if n := storetest.Column(t, stranger(t, url), `SELECT count(*)::text FROM pg_tables WHERE schemaname = 'public'`); n[0] != "0" {
		t.Error("asking for the status made a table")
	}
	did, err := postgres.Migrate(t.Context(), url)
	if err != nil || len(did) != len(before) || did[0].AppliedAt.IsZero() {
		t.Errorf("migrated %+v, %v", did, err)
	}
	did, err = postgres.Migrate(t.Context(), url)
	if err != nil || len(did) != 0 {
		t.Errorf("migrated again: %+v, %v", did, err)
	}
	wants(t, open(t, url, time.Now).Close(), nil)
}

func TestManyMayStartAtTheSameTime(t *testing.T) {
	t.Parallel()
	url := pg.Database(t)
	storetest.StartsTogether(t, func() (idp.Records, error) { return postgres.Open(t.Context(), url, postgres.Options{}, time.Now) })
	if left := storetest.Column(t, stranger(t, url), `SELECT 'x' FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`); len(left) != 0 {
		t.Errorf("%d locks are left", len(left))
	}
}

// Another node has the lock: whoever starts waits for it, and gives up with its context.
func TestANodeThatMigratesIsWaitedFor(t *testing.T) {
	t.Parallel()
	url := pg.Database(t)
	first := open(t, url, time.Now)
	defer first.Close()
	unlock, ok, err := first.TryLock(t.Context(), "migrate")
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := postgres.Open(ctx, url, postgres.Options{}, time.Now); err == nil {
		t.Error("it did not wait")
	}
	time.AfterFunc(50*time.Millisecond, unlock)
	wants(t, open(t, url, time.Now).Close(), nil)
}
