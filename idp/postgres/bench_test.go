package postgres_test

import (
	"database/sql"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/storetest"
)

func BenchmarkVerbs(b *testing.B) {
	storetest.Bench(b, func(b *testing.B, now func() time.Time) storetest.Both { return open(b, pg.Database(b), now) })
}

// The yardsticks for the verbs: one bare round trip, and one bare INSERT and its commit,
// to the same server through the same driver. (The server of the tests runs without
// fsync: figures compare with each other, not with a server that keeps its promises.)
func BenchmarkBareRoundTrip(b *testing.B) { bare(b, `SELECT $1::text`) }

func BenchmarkBareInsertAndCommit(b *testing.B) { bare(b, `INSERT INTO bare (id) VALUES ($1)`) }

func bare(b *testing.B, query string) {
	db, err := sql.Open("pgx", pg.Database(b))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	db.SetMaxIdleConns(16)
	db.SetMaxOpenConns(16)
	if _, err := db.Exec(`CREATE TABLE bare (id text COLLATE "C" PRIMARY KEY)`); err != nil {
		b.Fatal(err)
	}
	b.Run("one", func(b *testing.B) {
		for b.Loop() {
			if _, err := db.Exec(query, idp.NewID()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("many", func(b *testing.B) {
		b.SetParallelism(16)
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				if _, err := db.Exec(query, idp.NewID()); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
}
