package postgres_test

import (
	"testing"
	"time"

	"cloudsso/idp/postgres"
	"cloudsso/idp/storetest"
)

func TestEachFilterHasItsIndex(t *testing.T) {
	t.Parallel()
	last := ""
	url := pg.Database(t)
	s, err := postgres.OpenExplained(t.Context(), url, time.Now, func(_, plan string) { last = plan })
	wants(t, err, nil)
	// The planner looks at what is in the tables.
	storetest.Exec(t, stranger(t, url), `
		INSERT INTO events (id, at, name, subject, app, actor, ip, support, detail)
			SELECT n, n, n % 500, n % 500, n % 500, '', '', n % 500, '{}' FROM generate_series(1, 5000) AS n;
		INSERT INTO grants (id, client_id, subject, session_id, sid, code_hash, refresh_seq, created_at, revoked, doc)
			SELECT n, n % 500, n % 500, n % 500, n % 500, '', 0, 0, '', '{}' FROM generate_series(1, 5000) AS n;
		INSERT INTO deliveries (id, kind, app, subject, sid, url, attempts, next_at, done_at, result, created_at, expires_at)
			SELECT n, '', n % 500, '', '', '', 0, n, nullif(n % 500, 0), '', 0, 99000000 FROM generate_series(1, 5000) AS n;
		ANALYZE`)
	storetest.Indexes(t, s, &last)
	wants(t, s.Close(), nil)
}
