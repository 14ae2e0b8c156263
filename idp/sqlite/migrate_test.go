package sqlite_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/sqlite"
	"cloudsso/idp/storetest"
)

// Each version of the schema has a dump with rows of its time in every table
// (testdata/migrations/0001.sql), which is migrated to the newest version and read
// through the ports; golden JSON beside it says what must come back. A new migration adds
// its two files:
//
//	go test ./idp/sqlite -run TestOldDatabasesMigrate -write
//
// and never touches the older ones. Golden fields must be equal; fields that younger
// versions added may be there beside them.
var write = flag.Bool("write", false, "write the dump and the golden file of the newest schema")

func golden(version int64, ext string) string {
	return filepath.Join("testdata", "migrations", fmt.Sprintf("%04d.%s", version, ext))
}

func TestOldDatabasesMigrate(t *testing.T) {
	versions, err := sqlite.Versions(t.Context())
	if err != nil || len(versions) == 0 {
		t.Fatal(versions, err)
	}
	newest := versions[len(versions)-1]
	if *write {
		writeGolden(t, newest)
	}
	for _, version := range versions {
		t.Run(fmt.Sprintf("from version %d", version), func(t *testing.T) {
			path := file(t)
			load(t, path, golden(version, "sql"))
			everyTableHasRows(t, path)
			s := open(t, path, storetest.GoldenNow)
			defer func() { wants(t, s.Close(), nil) }()

			text, err := os.ReadFile(golden(version, "json"))
			wants(t, err, nil)
			storetest.IsGolden(t, s, text)

			list, err := sqlite.MigrationStatus(t.Context(), path)
			if err != nil || len(list) != len(versions) || list[len(list)-1].AppliedAt.IsZero() || list[0].Name != "0001_init.sql" {
				t.Errorf("status after the migration: %+v, %v", list, err)
			}
		})
	}
}

// Grants of the first release get their sid into its column, whatever else stands in them.
func TestOldGrantsAreFoundByTheirSID(t *testing.T) {
	t.Parallel()
	path := file(t)
	load(t, path, golden(1, "sql"))
	conn := stranger(t, path)
	storetest.Exec(t, conn, `UPDATE grants SET revoked_at = NULL, doc = replace(doc, 'grant-12', 'a \u0000 and a \"quote\"') WHERE id = 'grant-2'`)
	wants(t, conn.Close(), nil)
	s := open(t, path, storetest.GoldenNow)
	defer func() { wants(t, s.Close(), nil) }()
	for sid, want := range map[string]int{"grant-5": 1, "grant": 0} {
		list, err := s.Grants(t.Context(), idp.GrantFilter{SID: sid}, idp.Page{Limit: 10})
		if err != nil || len(list) != want || want == 1 && list[0].Nonce != "a \x00 and a \"quote\"" {
			t.Errorf("grants of %s: %+v, %v", sid, list, err)
		}
	}
}

func TestMigrateByHand(t *testing.T) {
	t.Parallel()
	path := file(t)
	before, err := sqlite.MigrationStatus(t.Context(), path)
	if err != nil || len(before) == 0 || !before[0].AppliedAt.IsZero() {
		t.Fatalf("%+v, %v", before, err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("asking for the status made a file")
	}
	did, err := sqlite.Migrate(t.Context(), path)
	if err != nil || len(did) != len(before) || did[0].AppliedAt.IsZero() {
		t.Errorf("migrated %+v, %v", did, err)
	}
	did, err = sqlite.Migrate(t.Context(), path)
	if err != nil || len(did) != 0 {
		t.Errorf("migrated again: %+v, %v", did, err)
	}
	wants(t, open(t, path, time.Now).Close(), nil)

	empty := filepath.Join(t.TempDir(), "empty.db")
	wants(t, os.WriteFile(empty, nil, 0o600), nil)
	if list, err := sqlite.MigrationStatus(t.Context(), empty); err != nil || len(list) != len(before) || !list[0].AppliedAt.IsZero() {
		t.Errorf("status of an empty file: %+v, %v", list, err)
	}
}

func load(t *testing.T, path, dump string) {
	t.Helper()
	text, err := os.ReadFile(dump)
	if err != nil {
		t.Fatalf("%v: run this test with -write to make it", err)
	}
	conn := stranger(t, path)
	storetest.Exec(t, conn, string(text))
	wants(t, conn.Close(), nil)
}

func everyTableHasRows(t *testing.T, path string) {
	t.Helper()
	conn := stranger(t, path)
	for _, table := range storetest.Column(t, conn, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`) {
		if len(storetest.Column(t, conn, `SELECT 'x' FROM "`+table+`" LIMIT 1`)) == 0 {
			t.Errorf("table %s of the dump is empty: its migration is not tested", table)
		}
	}
}

// writeGolden fills a database of the newest schema and writes both files.
func writeGolden(t *testing.T, version int64) {
	path := file(t)
	s := open(t, path, storetest.GoldenNow)
	text := storetest.Golden(t, s)
	defer func() { wants(t, s.Close(), nil) }()
	// Tables with their rows first, then the indexes.
	conn := stranger(t, path)
	statements := []string{"-- Schema version " + fmt.Sprint(version) + " with rows of its time. Written once, never changed."}
	for _, table := range storetest.Column(t, conn, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid`) {
		statements = append(statements, storetest.Column(t, conn, `SELECT sql || ';' FROM sqlite_master WHERE type = 'table' AND name = '`+table+`'`)...)
		quoted := strings.Join(storetest.Column(t, conn, `SELECT 'quote("' || name || '")' FROM pragma_table_info('`+table+`')`), ` || ', ' || `)
		statements = append(statements, storetest.Column(t, conn, `SELECT 'INSERT INTO "`+table+`" VALUES (' || `+quoted+` || ');' FROM "`+table+`"`)...)
	}
	statements = append(statements, storetest.Column(t, conn, `SELECT sql || ';' FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name`)...)
	wants(t, os.WriteFile(golden(version, "sql"), []byte(strings.Join(statements, "\n")+"\n"), 0o644), nil)

	wants(t, os.WriteFile(golden(version, "json"), text, 0o644), nil)
}
