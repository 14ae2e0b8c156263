package sqlite_test

import (
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/sqlite"
	"cloudsso/idp/sqlstore"
)

// given are rows that come with the statement: a list of a few.
var given = regexp.MustCompile(`SCAN (wanted|one|\d+ CONSTANT ROWS?|CONSTANT ROW)`)

// planned opens stores whose every statement is looked at: one that reads a whole table
// is quick in every test and slow after a year.
type planned struct{ statements atomic.Int64 }

func (p *planned) open(t *testing.T, now func() time.Time) *sqlstore.Store {
	t.Helper()
	s, err := sqlite.OpenExplained(t.Context(), file(t), now, func(query, plan string) {
		p.statements.Add(1)
		if strings.Contains(query, "FROM keys") || strings.Contains(query, "goose_db_version") || strings.Contains(query, "LIKE") {
			return // all of a few rows, and a search for a part, is what they are for
		}
		if strings.Contains(given.ReplaceAllString(plan, ""), "SCAN") {
			t.Errorf("%s\n%s", query, plan)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (p *planned) saw(t *testing.T, atLeast int64) {
	t.Helper()
	if n := p.statements.Load(); n < atLeast {
		t.Errorf("only %d statements were looked at", n)
	}
}

// A list that is filtered reads what matches, not what lies in between: each filter has
// an index, and SQLite takes it.
func TestEachFilterHasItsIndex(t *testing.T) {
	t.Parallel()
	ctx, page := t.Context(), idp.Page{Limit: 10}
	last := ""
	s, err := sqlite.OpenExplained(ctx, file(t), time.Now, func(_, plan string) { last = plan })
	wants(t, err, nil)
	defer func() { wants(t, s.Close(), nil) }()
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

// Rows that are over and never read again must not stay for ever.
func TestSweepLeavesNothingOver(t *testing.T) {
	t.Parallel()
	path, now := file(t), time.Now()
	s := open(t, path, func() time.Time { return now })
	defer s.Close()
	wants(t, s.CreateFlow(t.Context(), idp.Flow{ID: "f", ExpiresAt: now}), nil)
	wants(t, s.CreateSession(t.Context(), idp.Session{ID: "s"}), nil) // no expiry is: over
	wants(t, s.SeenOnce(t.Context(), "m", now), nil)
	_, err := s.Count(t.Context(), "c", 0)
	wants(t, err, nil)
	wants(t, s.CreateGrant(t.Context(), idp.Grant{ID: "g", ExpiresAt: now}, idp.Event{}), nil)
	wants(t, s.CreateAdminToken(t.Context(), idp.AdminToken{ID: "a", Hash: "a", ExpiresAt: now}), nil)
	wants(t, s.CreateTicket(t.Context(), idp.Ticket{Kind: "k", ID: "t", ExpiresAt: now}), nil)
	wants(t, s.CreateDeliveries(t.Context(), []idp.Delivery{{ID: "d", ExpiresAt: now}}), nil)
	n, err := s.Sweep(t.Context(), now, 100)
	if n != 8 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	conn := stranger(t, path)
	for _, table := range []string{"flows", "sessions", "marks", "counters", "grants", "admin_tokens", "tickets", "deliveries"} {
		if left := column(t, conn, "SELECT count(*) FROM "+table); left[0] != "0" {
			t.Errorf("%s rows are left in %s", left[0], table)
		}
	}
}
