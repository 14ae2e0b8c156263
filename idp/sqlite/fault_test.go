package sqlite_test

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/sqlite"
	"cloudsso/idp/sqlstore"
	"cloudsso/idp/storetest"
)

func TestAFullDiskIsUnavailableUntilThereIsRoom(t *testing.T) {
	t.Parallel()
	r := impatient(t, file(t), time.Second)
	r.run(t, "PRAGMA max_page_count = 80")
	big := func(i int) idp.Client {
		return idp.Client{ID: fmt.Sprint(i), ClientMetadata: idp.ClientMetadata{ClientName: strings.Repeat("x", 20000)}}
	}
	stored := 0
	var err error
	for ; stored < 100; stored++ {
		if err = r.CreateClient(t.Context(), big(stored)); err != nil {
			break
		}
	}
	wants(t, err, idp.ErrUnavailable)
	if e := idp.AsError(err); e.Code != idp.Unavailable || strings.Contains(e.Public, "SQL") {
		t.Errorf("people are told %v", e)
	}
	wants(t, r.Ping(t.Context()), nil)
	r.run(t, "PRAGMA max_page_count = 10000")
	for i := range stored {
		_, err := r.Client(t.Context(), fmt.Sprint(i))
		wants(t, err, nil)
	}
	wants(t, r.CreateClient(t.Context(), big(stored)), nil) // it was not there
}

func TestAReadOnlyDiskIsUnavailableAndCanBeRead(t *testing.T) {
	t.Parallel()
	r := impatient(t, file(t), time.Second)
	wants(t, r.CreateClient(t.Context(), idp.Client{ID: "old"}), nil)
	r.run(t, "PRAGMA query_only = ON")
	wants(t, r.CreateClient(t.Context(), idp.Client{ID: "new"}), idp.ErrUnavailable)
	wants(t, r.DeleteClient(t.Context(), "old", 0), idp.ErrUnavailable)
	_, err := r.TakeFlow(t.Context(), "f")
	wants(t, err, idp.ErrUnavailable)
	_, err = r.Client(t.Context(), "old")
	wants(t, err, nil)
}

// stranger is another process at the same file.
func stranger(t *testing.T, path string) *sql.Conn {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestALockedDatabaseIsUnavailableAndCanBeRead(t *testing.T) {
	t.Parallel()
	path := file(t)
	r := impatient(t, path, 20*time.Millisecond)
	wants(t, r.CreateClient(t.Context(), idp.Client{ID: "old"}), nil)
	other := stranger(t, path)
	storetest.Exec(t, other, "BEGIN IMMEDIATE")
	wants(t, r.CreateClient(t.Context(), idp.Client{ID: "new"}), idp.ErrUnavailable)
	_, err := r.Client(t.Context(), "old")
	wants(t, err, nil)
	storetest.Exec(t, other, "ROLLBACK")
	wants(t, r.CreateClient(t.Context(), idp.Client{ID: "new"}), nil)
}

func TestAShortForeignLockIsWaitedFor(t *testing.T) {
	t.Parallel()
	path := file(t)
	r := impatient(t, path, 5*time.Second)
	other := stranger(t, path)
	storetest.Exec(t, other, "BEGIN IMMEDIATE")
	time.AfterFunc(50*time.Millisecond, func() { storetest.Exec(t, other, "COMMIT") })
	wants(t, r.CreateClient(t.Context(), idp.Client{ID: "new"}), nil)
}

func TestTwoStoresOnOneFileRedeemACodeOnce(t *testing.T) {
	t.Parallel()
	path := file(t)
	stores := []rig{impatient(t, path, 5*time.Second), impatient(t, path, 5*time.Second)}
	now := time.Now()
	for round := range 50 {
		id := fmt.Sprint(round)
		wants(t, stores[round%2].CreateGrant(t.Context(), idp.Grant{ID: id, CodeHash: id, CodeExpiresAt: now.Add(time.Minute)}, idp.Event{}), nil)
		said := make([]error, 4)
		var wg sync.WaitGroup
		for i := range said {
			wg.Go(func() {
				said[i] = stores[i%2].RedeemCode(t.Context(), idp.Redemption{GrantID: id, CodeHash: id}, now)
			})
		}
		wg.Wait()
		wins := 0
		for _, err := range said {
			if err == nil {
				wins++
			} else {
				wants(t, err, idp.ErrReused)
			}
		}
		if wins != 1 {
			t.Fatalf("round %d: %d won: %v", round, wins, said)
		}
	}
}

func TestOpenRefusesWithASentenceThatSaysWhatToDo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.db")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("this is no database\n", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	newer := filepath.Join(dir, "newer.db")
	wants(t, open(t, newer, time.Now).Close(), nil)
	storetest.Exec(t, stranger(t, newer), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)")

	for _, row := range []struct {
		name, path, says string
		code             idp.Code
	}{
		{"no such directory", filepath.Join(dir, "missing", "c.db"), "Create it, or choose another", idp.Invalid},
		{"a directory", dir, "cannot be opened", idp.Unavailable},
		{"some other file", garbage, "cannot be opened", idp.Unavailable},
		{"a newer schema", newer, "written by a newer release (schema 9999;", idp.Conflict},
	} {
		for verb, run := range map[string]func() error{
			"Open": func() error {
				_, err := sqlite.Open(t.Context(), row.path, time.Now)
				return err
			},
			"Migrate": func() error {
				_, err := sqlite.Migrate(t.Context(), row.path)
				return err
			},
		} {
			err := run()
			var told *idp.Error
			if !errors.As(err, &told) || told.Code != row.code || !strings.Contains(told.Public, row.says) {
				t.Errorf("%s, %s: %v", row.name, verb, err)
			}
			if row.code == idp.Unavailable {
				wants(t, err, idp.ErrUnavailable)
			}
		}
	}
	content, err := os.ReadFile(garbage)
	if err != nil || !strings.HasPrefix(string(content), "this is no database") {
		t.Error("the file that is no database was changed")
	}
}

func TestTheFilesAreForTheirOwnerOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "loose.db")
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o664); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, filepath.Join(dir, "new.db")} {
		s := open(t, p, time.Now)
		wants(t, s.CreateClient(t.Context(), idp.Client{ID: "c"}), nil)
		t.Cleanup(func() { _ = s.Close() })
	}
	files := 0
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		info, err := d.Info()
		if err == nil && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", filepath.Base(p), info.Mode())
		}
		return err
	})
	if err != nil || files != 6 { // two of .db, -wal and -shm; no lock file stays
		t.Errorf("%d files, %v", files, err)
	}
}

func TestManyMayStartAtTheSameTime(t *testing.T) {
	t.Parallel()
	path := file(t)
	storetest.StartsTogether(t, func() (idp.Records, error) { return sqlite.Open(t.Context(), path, time.Now) })
}

func TestACommitIsOnTheDiskWhenItIsAcknowledged(t *testing.T) {
	t.Parallel()
	r := impatient(t, file(t), time.Second)
	for pragma, want := range map[string]string{"synchronous": "2", "journal_mode": "wal", "foreign_keys": "1", "busy_timeout": "1000"} {
		err := r.write(t.Context(), func(tx sqlstore.Tx) error {
			rows, err := tx.Query("PRAGMA " + pragma)
			if err != nil {
				return err
			}
			defer rows.Close()
			var is string
			rows.Next()
			if err := rows.Scan(&is); err != nil || is != want {
				t.Errorf("%s is %s, want %s", pragma, is, want)
			}
			return rows.Err()
		})
		wants(t, err, nil)
	}
}
