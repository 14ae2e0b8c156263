package sqlite_test

import (
	"path/filepath"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/sqlite"
	"cloudsso/idp/sqlstore"
	"cloudsso/idp/storetest"
)

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
		path := file(t)
		return func(t *testing.T, now func() time.Time) idp.Records { return open(t, path, now) }
	})
}

func TestFlowsRestart(t *testing.T) {
	t.Parallel()
	storetest.FlowsRestart(t, func(t *testing.T) storetest.Open[idp.Flows] {
		path := file(t)
		return func(t *testing.T, now func() time.Time) idp.Flows { return open(t, path, now) }
	})
}

// file is a path that a careless connection string would take apart.
func file(t testing.TB) string { return filepath.Join(t.TempDir(), "cloud sso?100%#.db") }

func open(t testing.TB, path string, now func() time.Time) *sqlstore.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
