package postgres_test

import (
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/postgres"
)

// A list that is filtered reads what matches, not what lies in between: each filter has
// an index, and PostgreSQL takes it.
func TestEachFilterHasItsIndex(t *testing.T) {
	t.Parallel()
	ctx, page := t.Context(), idp.Page{Limit: 10}
	last := ""
	url := pg.Database(t)
	s, err := postgres.OpenExplained(ctx, url, time.Now, func(_, plan string) { last = plan })
	wants(t, err, nil)
	defer func() { wants(t, s.Close(), nil) }()
	// The planner looks at what is in the tables.
	must(t, stranger(t, url), `
		INSERT INTO events (id, at, name, subject, app, actor, ip, support, detail)
			SELECT n, n, n % 500, n % 500, n % 500, '', '', n % 500, '{}' FROM generate_series(1, 5000) AS n;
		INSERT INTO grants (id, client_id, subject, session_id, sid, code_hash, refresh_seq, created_at, revoked, doc)
			SELECT n, n % 500, n % 500, n % 500, n % 500, '', 0, 0, '', '{}' FROM generate_series(1, 5000) AS n;
		INSERT INTO deliveries (id, kind, app, subject, sid, url, attempts, next_at, done_at, result, created_at, expires_at)
			SELECT n, '', n % 500, '', '', '', 0, n, nullif(n % 500, 0), '', 0, 99000000 FROM generate_series(1, 5000) AS n;
		ANALYZE`)
	events := func(f idp.EventFilter) func() error {
		return func() error { _, err := s.Events(ctx, f, page); return err }
	}
	grants := func(f idp.GrantFilter) func() error {
		return func() error { _, err := s.Grants(ctx, f, page); return err }
	}
	for index, list := range map[string]func() error{
		"events_name":    events(idp.EventFilter{Name: "7"}),
		"events_subject": events(idp.EventFilter{Subject: "7", Since: time.Unix(1, 0)}),
		"events_app":     events(idp.EventFilter{App: "7", Until: time.Unix(9, 0)}),
		"events_last": func() error {
			_, err := s.LastEvents(ctx, []string{"7", "8", "9"}, []string{"7", "8"})
			return err
		},
		"events_support": events(idp.EventFilter{Support: "7"}),
		"grants_subject": grants(idp.GrantFilter{Subject: "7"}),
		"grants_client":  grants(idp.GrantFilter{ClientID: "7"}),
		"grants_session": grants(idp.GrantFilter{SessionID: "7"}),
		"grants_sid":     grants(idp.GrantFilter{SID: "7"}),
		"deliveries_app": func() error { _, err := s.Deliveries(ctx, "7", page); return err },
		"deliveries_due": func() error { _, err := s.ClaimDeliveries(ctx, time.Unix(7, 0), time.Unix(8, 0), 1); return err },
	} {
		wants(t, list(), nil)
		if !strings.Contains(last, " "+index+" ") {
			t.Errorf("%s is not used:\n%s", index, last)
		}
	}
}
