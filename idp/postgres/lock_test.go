package postgres_test

import (
	"testing"
	"time"

	"cloudsso/idp/postgres"
	"cloudsso/idp/storetest"
)

func TestALockHasOneOwner(t *testing.T) {
	t.Parallel()
	url := pg.Database(t)
	first, second := open(t, url, time.Now), open(t, url, time.Now)
	defer second.Close()
	lock := func(db *postgres.DB, name string, want bool) func() {
		t.Helper()
		unlock, ok, err := db.TryLock(t.Context(), name)
		if err != nil || ok != want {
			t.Fatalf("lock %s: %v, %v, want %v", name, ok, err, want)
		}
		return unlock
	}
	unlock := lock(first, "sweep", true)
	lock(second, "sweep", false)
	lock(first, "sweep", false) // by another connection of the same node, too
	lock(second, "rotate", true)()
	unlock()
	lock(second, "sweep", true)()
	lock(first, "sweep", true)
	// A node that dies gives its locks back: here by losing its connections.
	storetest.Exec(t, stranger(t, url), `SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
	lock(second, "sweep", true)()
}
