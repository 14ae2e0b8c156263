package sqlite_test

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/sqlite"
	"cloudsso/idp/storetest"
)

func BenchmarkVerbs(b *testing.B) {
	storetest.Bench(b, func(b *testing.B, now func() time.Time) storetest.Both { return open(b, file(b), now) })
}

// The yardstick for the verbs: one bare INSERT and its commit, each durable, on the same
// kind of file. Verbs of many callers share commits, so they may be faster than this.
func BenchmarkBareInsertAndCommit(b *testing.B) {
	db, err := sql.Open("sqlite", "file:"+b.TempDir()+"/bare.db?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("CREATE TABLE bare (id TEXT PRIMARY KEY) WITHOUT ROWID"); err != nil {
		b.Fatal(err)
	}
	insert, err := db.Prepare("INSERT INTO bare (id) VALUES ($1)")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := insert.Exec(idp.NewID()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenExisting(b *testing.B) {
	path := file(b)
	for i := 0; b.Loop(); i++ {
		s, err := sqlite.Open(b.Context(), path, time.Now)
		if err != nil {
			b.Fatal(fmt.Errorf("open %d: %w", i, err))
		}
		b.StopTimer()
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
