package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"cloudsso/idp"
)

func events(t *testing.T, s idp.Records, _ *clock) {
	list, err := s.Events(t.Context(), idp.EventFilter{}, idp.Page{Limit: 5})
	ok(t, err)
	sameIDs(t, ids(list, eventID))
	var want []string
	for i := range 25 {
		e := Filled[idp.Event](fmt.Sprint("e", i))
		e.ID = fmt.Sprint("id", (i*7)%25) // ids in no order; times backwards: neither decides
		e.Time = someTime.Add(-time.Duration(i) * time.Minute)
		ok(t, s.AppendEvent(t.Context(), e))
		want = append([]string{e.ID}, want...)
	}
	fails(t, s.AppendEvent(t.Context(), idp.Event{ID: "id3"}), idp.ErrConflict)
	var got []string
	for after := ""; ; after = got[len(got)-1] {
		list, err := s.Events(t.Context(), idp.EventFilter{}, idp.Page{After: after, Limit: 10})
		ok(t, err)
		if len(list) == 0 {
			break
		}
		got = append(got, ids(list, eventID)...)
	}
	sameIDs(t, got, want...)

	list, err = s.Events(t.Context(), idp.EventFilter{}, idp.Page{Limit: 1})
	ok(t, err)
	last := Filled[idp.Event]("e24")
	last.ID, last.Time = want[0], someTime.Add(-24*time.Minute)
	same(t, list[0], last)
	scramble(&list[0])
	list, err = s.Events(t.Context(), idp.EventFilter{}, idp.Page{Limit: 1})
	ok(t, err)
	same(t, list[0], last)

	_, err = s.Events(t.Context(), idp.EventFilter{}, idp.Page{After: "ID3", Limit: 1})
	fails(t, err, idp.ErrNotFound)
	if _, err = s.Events(t.Context(), idp.EventFilter{}, idp.Page{}); !invalid(err) {
		t.Fatalf("a page without limit: %v, want a refusal", err)
	}
}

func allEvents(s idp.Records) func(context.Context, idp.Page) ([]idp.Event, error) {
	return func(ctx context.Context, p idp.Page) ([]idp.Event, error) { return s.Events(ctx, idp.EventFilter{}, p) }
}

func eventID(e *idp.Event) *string { return &e.ID }

func findEvents(t *testing.T, s idp.Records, _ *clock) {
	at := func(minute int) time.Time { return someTime.Add(time.Duration(minute) * time.Minute) }
	for i, e := range []idp.Event{
		{Name: "login.success", Subject: "alice", App: "wiki", Support: "AAAA"},
		{Name: "login.failure", Subject: "alice", App: "wiki", Support: "BBBB"},
		{Name: "login.success", Subject: "bob", App: "chat", Support: "CCCC"},
		{Name: "grant.created", Subject: "bob", App: "chat", Support: "CCCC"},
		{Name: "login.success", Subject: "alice", App: "chat", Support: "DDDD"},
		{Name: "key.created"},
	} {
		e.ID, e.Time = fmt.Sprint(i), at(i)
		ok(t, s.AppendEvent(t.Context(), e))
	}
	for _, row := range []struct {
		name   string
		filter idp.EventFilter
		after  string
		want   []string
	}{
		{"nothing wanted selects all", idp.EventFilter{}, "", []string{"5", "4", "3", "2", "1", "0"}},
		{"by name", idp.EventFilter{Name: "login.success"}, "", []string{"4", "2", "0"}},
		{"a name is no prefix and no pattern", idp.EventFilter{Name: "login"}, "", nil},
		{"by subject", idp.EventFilter{Subject: "alice"}, "", []string{"4", "1", "0"}},
		{"a subject has a case", idp.EventFilter{Subject: "Alice"}, "", nil},
		{"by app", idp.EventFilter{App: "chat"}, "", []string{"4", "3", "2"}},
		{"by support code", idp.EventFilter{Support: "CCCC"}, "", []string{"3", "2"}},
		{"all at once", idp.EventFilter{Name: "login.success", Subject: "alice", App: "chat", Support: "DDDD", Since: at(4), Until: at(5)}, "", []string{"4"}},
		{"all but one", idp.EventFilter{Name: "login.success", Subject: "bob", App: "chat", Support: "DDDD"}, "", nil},
		{"since a time, that included", idp.EventFilter{Since: at(4)}, "", []string{"5", "4"}},
		{"until a time, that excluded", idp.EventFilter{Until: at(2)}, "", []string{"1", "0"}},
		{"between two times", idp.EventFilter{Since: at(1), Until: at(4), Subject: "bob"}, "", []string{"3", "2"}},
		{"no time at all", idp.EventFilter{Since: at(3), Until: at(3)}, "", nil},
		{"after one that matches", idp.EventFilter{Subject: "alice"}, "4", []string{"1", "0"}},
		{"after one that does not match", idp.EventFilter{Subject: "alice"}, "3", []string{"1", "0"}},
		{"after the last", idp.EventFilter{Subject: "alice"}, "0", nil},
	} {
		list, err := s.Events(t.Context(), row.filter, idp.Page{After: row.after, Limit: 10})
		if got := ids(list, eventID); err != nil || !slices.Equal(got, row.want) {
			t.Errorf("%s: %q, %v, want %q", row.name, got, err, row.want)
		}
	}
	list, err := s.Events(t.Context(), idp.EventFilter{Subject: "alice"}, idp.Page{Limit: 2}) // a page is full of what matches
	ok(t, err)
	sameIDs(t, ids(list, eventID), "4", "1")
	_, err = s.Events(t.Context(), idp.EventFilter{Subject: "alice"}, idp.Page{After: "nobody", Limit: 2})
	fails(t, err, idp.ErrNotFound)
	if _, err := s.Events(t.Context(), idp.EventFilter{Subject: "alice"}, idp.Page{}); !invalid(err) {
		t.Fatalf("a page without limit: %v, want a refusal", err)
	}
}

func lastEvents(t *testing.T, s idp.Records, _ *clock) {
	for i, e := range []idp.Event{
		{Name: "login", App: "wiki"}, {Name: "grant", App: "wiki"}, {Name: "grant", App: "wiki"}, {Name: "grant", App: "chat"},
		{Name: "grant", App: "Wiki"}, {Name: "grant"}, {Name: "other", App: "wiki"}, {Name: "login", App: "zoo"},
	} {
		e.ID, e.Time = fmt.Sprint(i), someTime.Add(-time.Duration(i)*time.Minute) // not the time decides
		ok(t, s.AppendEvent(t.Context(), e))
	}
	for _, row := range []struct {
		name        string
		apps, names []string
		want        []string
	}{
		{"the newest of each pair", []string{"wiki", "chat", "nothing"}, []string{"login", "grant"}, []string{"0", "2", "3"}},
		{"one pair", []string{"wiki"}, []string{"grant"}, []string{"2"}},
		{"asked for twice", []string{"wiki", "wiki", "zoo"}, []string{"login", "login", "none"}, []string{"0", "7"}},
		{"nobody's", []string{""}, []string{"grant"}, []string{"5"}},
		{"no app", nil, []string{"grant"}, nil},
		{"no name", []string{"wiki"}, nil, nil},
	} {
		list, err := s.LastEvents(t.Context(), row.apps, row.names)
		got := ids(list, eventID)
		if slices.Sort(got); err != nil || !slices.Equal(got, row.want) {
			t.Errorf("%s: %q, %v, want %q", row.name, got, err, row.want)
		}
	}
	list, err := s.LastEvents(t.Context(), []string{"chat"}, []string{"grant"})
	ok(t, err)
	same(t, list[0], idp.Event{ID: "3", Name: "grant", App: "chat", Time: someTime.Add(-3 * time.Minute)})
}
