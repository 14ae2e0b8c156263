package sqlite_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/sqlite"
	"cloudsso/idp/sqlstore"
	"cloudsso/idp/storetest"
)

// given are rows that come with the statement: a list of a few.
var given = regexp.MustCompile(`SCAN (wanted|one|\d+ CONSTANT ROWS?|CONSTANT ROW)`)

// planned opens stores whose every statement is looked at.
type planned struct{ storetest.Plans }

func (p *planned) open(t *testing.T, now func() time.Time) *sqlstore.Store {
	t.Helper()
	s, err := sqlite.OpenExplained(t.Context(), file(t), now, p.Explained(t, func(plan string) bool {
		return strings.Contains(given.ReplaceAllString(plan, ""), "SCAN")
	}))
	wants(t, err, nil)
	return s
}

func TestEachFilterHasItsIndex(t *testing.T) {
	t.Parallel()
	last := ""
	s, err := sqlite.OpenExplained(t.Context(), file(t), time.Now, func(_, plan string) { last = plan })
	wants(t, err, nil)
	storetest.Indexes(t, s, &last)
	wants(t, s.Close(), nil)
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
		if left := storetest.Column(t, conn, "SELECT count(*) FROM "+table); left[0] != "0" {
			t.Errorf("%s rows are left in %s", left[0], table)
		}
	}
}
