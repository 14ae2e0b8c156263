package sqlite_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/sqlite"
	"cloudsso/idp/sqlstore"
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

// rows is what the golden files hold: some of each record.
type rows struct {
	Clients          []idp.Client
	ServiceProviders []idp.ServiceProvider
	PersistentIDs    []idp.PersistentID
	Users            []idp.User
	Subjects         [][3]string // directory, id there, subject
	Grants           []idp.Grant
	Consents         []idp.Consent
	Keys             []idp.KeyRecord
	AdminTokens      []idp.AdminToken
	Events           []idp.Event
	Flows            []idp.Flow
	Sessions         []idp.Session
	Marks            []string
	Counters         map[string]int
}

// The golden rows live until 2031.
func goldenNow() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) }

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
			s := open(t, path, goldenNow)
			defer func() { wants(t, s.Close(), nil) }()

			text, err := os.ReadFile(golden(version, "json"))
			if err != nil {
				t.Fatal(err)
			}
			var keys rows
			var want any
			if err := json.Unmarshal(text, &keys); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(text, &want); err != nil {
				t.Fatal(err)
			}
			contains(t, "", plain(t, again(t, s, keys)), want)

			list, err := sqlite.MigrationStatus(t.Context(), path)
			if err != nil || len(list) != len(versions) || list[len(list)-1].AppliedAt.IsZero() || list[0].Name != "0001_init.sql" {
				t.Errorf("status after the migration: %+v, %v", list, err)
			}
		})
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

// again reads from s what keys names.
func again(t *testing.T, s *sqlstore.Store, keys rows) (got rows) {
	ctx := t.Context()
	got.Clients = each(t, keys.Clients, func(c idp.Client) (idp.Client, error) { return s.Client(ctx, c.ID) })
	got.ServiceProviders = each(t, keys.ServiceProviders, func(sp idp.ServiceProvider) (idp.ServiceProvider, error) {
		return s.ServiceProviderByEntityID(ctx, sp.EntityID)
	})
	got.PersistentIDs = each(t, keys.PersistentIDs, func(id idp.PersistentID) (idp.PersistentID, error) {
		return s.PersistentID(ctx, idp.PersistentID{App: id.App, Subject: id.Subject, Value: "another"})
	})
	got.Users = each(t, keys.Users, func(u idp.User) (idp.User, error) { return s.UserByUsername(ctx, strings.ToUpper(u.Username)) })
	got.Subjects = each(t, keys.Subjects, func(o [3]string) (is [3]string, err error) {
		is[2] = o[2]
		is[0], is[1], err = s.SubjectOwner(ctx, o[2])
		return is, err
	})
	got.Grants = each(t, keys.Grants, func(g idp.Grant) (idp.Grant, error) { return s.Grant(ctx, g.ID) })
	got.Consents = each(t, keys.Consents, func(c idp.Consent) (idp.Consent, error) { return s.Consent(ctx, c.Subject, c.ClientID) })
	got.AdminTokens = each(t, keys.AdminTokens, func(a idp.AdminToken) (idp.AdminToken, error) { return s.AdminToken(ctx, a.Hash) })
	got.Flows = each(t, keys.Flows, func(f idp.Flow) (idp.Flow, error) { return s.Flow(ctx, f.ID) })
	got.Sessions = each(t, keys.Sessions, func(v idp.Session) (idp.Session, error) { return s.Session(ctx, v.ID) })
	var err error
	got.Keys, err = s.Keys(ctx)
	wants(t, err, nil)
	got.Events, err = s.Events(ctx, idp.Page{Limit: 100})
	wants(t, err, nil)
	for _, mark := range keys.Marks {
		wants(t, s.SeenOnce(ctx, mark, goldenNow()), idp.ErrReplayed)
		got.Marks = append(got.Marks, mark)
	}
	got.Counters = map[string]int{}
	for key := range keys.Counters {
		n, err := s.Count(ctx, key, time.Hour)
		wants(t, err, nil)
		got.Counters[key] = n - 1
	}
	return got
}

func each[T any](t *testing.T, keys []T, read func(T) (T, error)) (got []T) {
	t.Helper()
	for _, key := range keys {
		v, err := read(key)
		if err != nil {
			t.Errorf("%T: %v", key, err)
		}
		got = append(got, v)
	}
	return got
}

func plain(t *testing.T, v any) (decoded any) {
	t.Helper()
	text, err := json.Marshal(v)
	wants(t, err, nil)
	wants(t, json.Unmarshal(text, &decoded), nil)
	return decoded
}

// contains wants all of want in got.
func contains(t *testing.T, at string, got, want any) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		is, _ := got.(map[string]any)
		for k, v := range want {
			contains(t, at+"/"+k, is[k], v)
		}
	case []any:
		is, _ := got.([]any)
		if len(is) != len(want) {
			t.Errorf("%s has %d values, want %d", at, len(is), len(want))
			return
		}
		for i := range want {
			contains(t, fmt.Sprint(at, "/", i), is[i], want[i])
		}
	default:
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %v, want %v", at, got, want)
		}
	}
}

func load(t *testing.T, path, dump string) {
	t.Helper()
	text, err := os.ReadFile(dump)
	if err != nil {
		t.Fatalf("%v: run this test with -write to make it", err)
	}
	conn := stranger(t, path)
	must(t, conn, string(text))
	wants(t, conn.Close(), nil)
}

func everyTableHasRows(t *testing.T, path string) {
	t.Helper()
	conn := stranger(t, path)
	for _, table := range column(t, conn, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`) {
		if len(column(t, conn, `SELECT 'x' FROM "`+table+`" LIMIT 1`)) == 0 {
			t.Errorf("table %s of the dump is empty: its migration is not tested", table)
		}
	}
}

func column(t *testing.T, conn *sql.Conn, query string) (values []string) {
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

// writeGolden fills a database of the newest schema and writes both files.
func writeGolden(t *testing.T, version int64) {
	path := file(t)
	s := open(t, path, goldenNow)
	r := specimens()
	store(t, s, r)
	defer func() { wants(t, s.Close(), nil) }()
	// Tables with their rows first, then the indexes.
	conn := stranger(t, path)
	statements := []string{"-- Schema version " + fmt.Sprint(version) + " with rows of its time. Written once, never changed."}
	for _, table := range column(t, conn, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid`) {
		statements = append(statements, column(t, conn, `SELECT sql || ';' FROM sqlite_master WHERE type = 'table' AND name = '`+table+`'`)...)
		quoted := strings.Join(column(t, conn, `SELECT 'quote("' || name || '")' FROM pragma_table_info('`+table+`')`), ` || ', ' || `)
		statements = append(statements, column(t, conn, `SELECT 'INSERT INTO "`+table+`" VALUES (' || `+quoted+` || ');' FROM "`+table+`"`)...)
	}
	statements = append(statements, column(t, conn, `SELECT sql || ';' FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name`)...)
	wants(t, os.WriteFile(golden(version, "sql"), []byte(strings.Join(statements, "\n")+"\n"), 0o644), nil)

	text, err := json.MarshalIndent(again(t, s, r), "", "\t")
	wants(t, err, nil)
	wants(t, os.WriteFile(golden(version, "json"), append(text, '\n'), 0o644), nil)
}

// specimens are one full and one sparse record of each kind.
func specimens() rows {
	end := goldenNow().AddDate(5, 0, 0)
	return rows{
		Clients:          []idp.Client{storetest.Filled[idp.Client]("client"), {ID: "sparse"}},
		ServiceProviders: []idp.ServiceProvider{storetest.Filled[idp.ServiceProvider]("sp"), {App: "sparse", EntityID: "urn:sparse"}},
		PersistentIDs:    []idp.PersistentID{storetest.Filled[idp.PersistentID]("nameid")},
		Users:            []idp.User{storetest.Filled[idp.User]("user"), {ID: "sparse", Username: "Straße"}},
		Subjects:         [][3]string{{"builtin", "sparse", "subject"}},
		Grants:           []idp.Grant{storetest.Filled[idp.Grant]("grant"), {ID: "sparse", ClientID: "sparse"}},
		Consents:         []idp.Consent{storetest.Filled[idp.Consent]("consent")},
		Keys:             []idp.KeyRecord{storetest.Filled[idp.KeyRecord]("key"), {ID: "sparse", Slot: "sparse"}},
		AdminTokens:      []idp.AdminToken{storetest.Filled[idp.AdminToken]("token")},
		Events:           []idp.Event{storetest.Filled[idp.Event]("event"), {ID: "sparse"}},
		Flows:            []idp.Flow{storetest.Filled[idp.Flow]("flow"), {ID: "sparse", ExpiresAt: end}},
		Sessions:         []idp.Session{storetest.Filled[idp.Session]("session"), {ID: "sparse", ExpiresAt: end}},
		Marks:            []string{"mark"},
		Counters:         map[string]int{"counter": 3},
	}
}

func store(t *testing.T, s *sqlstore.Store, r rows) {
	ctx := t.Context()
	put(t, r.Clients, func(v idp.Client) error { return s.CreateClient(ctx, v) })
	put(t, r.ServiceProviders, func(v idp.ServiceProvider) error { return s.CreateServiceProvider(ctx, v) })
	put(t, r.PersistentIDs, func(v idp.PersistentID) error { _, err := s.PersistentID(ctx, v); return err })
	put(t, r.Users, func(v idp.User) error { return s.CreateUser(ctx, v) })
	put(t, r.Subjects, func(o [3]string) error { _, err := s.Subject(ctx, o[0], o[1], o[2]); return err })
	put(t, r.Grants, func(v idp.Grant) error { return s.CreateGrant(ctx, v) })
	put(t, r.Consents, func(v idp.Consent) error { return s.GiveConsent(ctx, v) })
	put(t, r.Keys, func(v idp.KeyRecord) error { return s.CreateKey(ctx, v) })
	put(t, r.AdminTokens, func(v idp.AdminToken) error { return s.CreateAdminToken(ctx, v) })
	put(t, r.Events, func(v idp.Event) error { return s.AppendEvent(ctx, v) })
	put(t, r.Flows, func(v idp.Flow) error { return s.CreateFlow(ctx, v) })
	put(t, r.Sessions, func(v idp.Session) error { return s.CreateSession(ctx, v) })
	put(t, r.Marks, func(key string) error { return s.SeenOnce(ctx, key, goldenNow().AddDate(5, 0, 0)) })
	for key, n := range r.Counters {
		for range n {
			_, err := s.Count(ctx, key, 5*365*24*time.Hour)
			wants(t, err, nil)
		}
	}
}

func put[T any](t *testing.T, list []T, create func(T) error) {
	t.Helper()
	for _, v := range list {
		wants(t, create(v), nil)
	}
}
