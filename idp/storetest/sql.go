package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloudsso/idp"
)

// Plans looks at every statement of the stores that tests open: one that reads a whole
// table is quick in every test and slow after a year.
type Plans struct{ statements atomic.Int64 }

// Explained is what a store tells its plans to; scans knows a plan that reads a table.
func (p *Plans) Explained(t *testing.T, scans func(plan string) bool) func(query, plan string) {
	return func(query, plan string) {
		p.statements.Add(1)
		if strings.Contains(query, "FROM keys") || strings.Contains(query, "goose_db_version") || strings.Contains(query, "LIKE") {
			return // all of a few rows, and a search for a part, is what they are for
		}
		if scans(plan) {
			t.Errorf("%s\n%s", query, plan)
		}
	}
}

// Saw fails the test if fewer statements were looked at.
func (p *Plans) Saw(t *testing.T, atLeast int64) {
	t.Helper()
	if n := p.statements.Load(); n < atLeast {
		t.Errorf("only %d statements were looked at", n)
	}
}

// Indexes checks that a list that is filtered reads what matches, not what lies in
// between: each filter has an index, and the database takes it. plan is that of the last
// statement of s.
func Indexes(t *testing.T, s idp.Records, plan *string) {
	ctx, page := t.Context(), idp.Page{Limit: 10}
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
		ok(t, list())
		if !strings.Contains(*plan, " "+index+" ") {
			t.Errorf("%s is not used:\n%s", index, *plan)
		}
	}
}

// StartsTogether opens one new database many times at once.
func StartsTogether(t *testing.T, open func() (idp.Records, error)) {
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			s, err := open()
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.CreateClient(t.Context(), idp.Client{ID: fmt.Sprint(i)}); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	s, err := open()
	ok(t, err)
	list, err := s.Clients(t.Context(), idp.Page{Limit: 10})
	if err != nil || len(list) != 6 {
		t.Errorf("%d clients, %v", len(list), err)
	}
	ok(t, s.Close())
}

// Exec runs what is no store's: it bypasses the tests' own contexts, which may be over.
func Exec(t testing.TB, conn *sql.Conn, statement string) {
	t.Helper()
	if _, err := conn.ExecContext(context.Background(), statement); err != nil {
		t.Fatal(err)
	}
}

// Column returns the first column of what a query finds.
func Column(t testing.TB, conn *sql.Conn, query string) (values []string) {
	t.Helper()
	rows, err := conn.QueryContext(context.Background(), query)
	ok(t, err)
	for rows.Next() {
		var v string
		ok(t, rows.Scan(&v))
		values = append(values, v)
	}
	ok(t, rows.Err())
	ok(t, rows.Close())
	return values
}
