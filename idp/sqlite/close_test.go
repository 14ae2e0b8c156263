package sqlite_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/sqlite"
)

// TestCloseLeavesOneFile: somebody who copies cloudsso.db after the server has stopped
// must have everything. A write-ahead log beside it would hold what is missing.
func TestCloseLeavesOneFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cloudsso.db")
	s, err := sqlite.Open(t.Context(), path, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC()
	if err := s.CreateUser(t.Context(), idp.User{ID: "u", Username: "ada", CreatedAt: now, UpdatedAt: now}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.User(t.Context(), "u"); err != nil { // opens a reader too
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path + "-wal"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the log is still there: %v, %v", info, err)
	}
}
