package audit_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/audit"
	"cloudsso/idp/memory"
)

// sealed is a log of some hours, with its clock.
type sealed struct {
	*audit.Log
	t     *testing.T
	store *memory.Store
	now   time.Time
}

func newSealed(t *testing.T) *sealed {
	s := &sealed{t: t, now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	s.store = memory.New(func() time.Time { return s.now })
	s.Log = audit.New(s.store, slog.New(slog.DiscardHandler), func() time.Time { return s.now })
	return s
}

// round puts n Events on record and seals.
func (s *sealed) round(n int) {
	s.t.Helper()
	for i := range n {
		s.now = s.now.Add(time.Second)
		if err := s.Record(s.t.Context(), idp.Event{Name: idp.EventLoginSuccess, Subject: fmt.Sprint("person ", i), Detail: map[string]string{"b": "1", "a": "2"}}); err != nil {
			s.t.Fatal(err)
		}
	}
	s.now = s.now.Add(audit.SealEvery)
	if err := s.Seal(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// events are all Events, the oldest first.
func (s *sealed) events() []idp.Event {
	s.t.Helper()
	list, err := s.store.Events(s.t.Context(), idp.EventFilter{}, idp.Page{Limit: 1000})
	if err != nil {
		s.t.Fatal(err)
	}
	slices.Reverse(list)
	return list
}

// rewritten is a store of its own with these Events: what somebody made of the table.
func rewritten(t *testing.T, list []idp.Event) *memory.Store {
	t.Helper()
	m := memory.New(time.Now)
	for _, e := range list {
		if err := m.AppendEvent(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func TestEverythingIsSealedInTheEnd(t *testing.T) {
	t.Parallel()
	s := newSealed(t)
	s.round(0)
	if len(s.events()) != 0 {
		t.Fatal("an empty log was sealed")
	}
	for _, n := range []int{3, 0, 700, 1, 0, 0, 0, 0} {
		s.round(n)
	}
	before := len(s.events())
	s.round(0)
	if after := len(s.events()); after != before {
		t.Errorf("%d seals of nothing but seals", after-before)
	}
	v, err := audit.Verify(t.Context(), s.store, "")
	if err != nil || v.Events < 704 || v.Seals < 4 || v.Hash == "" || v.At.IsZero() {
		t.Errorf("%+v, %v", v, err)
	}
	if _, err := audit.Verify(t.Context(), s.store, v.Hash); err != nil {
		t.Error(err)
	}
	s.round(2)
	if again, err := audit.Verify(t.Context(), s.store, v.Hash); err != nil || again.Hash == v.Hash {
		t.Errorf("a day later: %+v, %v", again, err)
	}
}

func TestOfManyNodesOneSeals(t *testing.T) {
	t.Parallel()
	s := newSealed(t)
	s.round(2)
	s.round(2)
	before := len(s.events())
	s.now = s.now.Add(audit.SealEvery)
	if err := s.Record(t.Context(), idp.Event{Name: idp.EventLogout}); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := s.Seal(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := len(s.events()) - before - 1; n != 1 {
		t.Errorf("%d seals", n)
	}
	if _, err := audit.Verify(t.Context(), s.store, ""); err != nil {
		t.Error(err)
	}
}

func TestVerifyNamesTheFirstBrokenPlace(t *testing.T) {
	t.Parallel()
	s := newSealed(t)
	for range 5 {
		s.round(4)
	}
	whole := s.events()
	good, err := audit.Verify(t.Context(), rewritten(t, whole), "")
	if err != nil {
		t.Fatal(err)
	}
	at := func(name string, nth int) int {
		for i, e := range whole {
			if e.Name == name {
				if nth--; nth < 0 {
					return i
				}
			}
		}
		t.Fatal("no such event")
		return -1
	}
	login, secondSeal := at(idp.EventLoginSuccess, 5), at(idp.EventAuditSeal, 1)
	for _, c := range []struct {
		name   string
		tamper func([]idp.Event) []idp.Event
		want   string
	}{
		{"an event that was changed", func(l []idp.Event) []idp.Event { l[login].Subject = "nobody"; return l }, "an event, or the seal"},
		{"one detail of an event", func(l []idp.Event) []idp.Event {
			l[login].Detail = map[string]string{"b": "1", "a": "3"}
			return l
		}, "an event, or the seal"},
		{"an event that is gone", func(l []idp.Event) []idp.Event { return slices.Delete(l, login, login+1) }, "1 of 5 events are missing."},
		{"an event that was slipped in", func(l []idp.Event) []idp.Event {
			return slices.Insert(l, login, idp.Event{ID: "new", Name: idp.EventLoginSuccess, Time: l[login].Time})
		}, "events were added after the seal: there are 6 instead of 5."},
		{"two events that changed places", func(l []idp.Event) []idp.Event {
			l[login], l[login+1] = l[login+1], l[login]
			return l
		}, "an event, or the seal"},
		{"a seal that is gone", func(l []idp.Event) []idp.Event { return slices.Delete(l, secondSeal, secondSeal+1) }, "A seal between"},
		{"a seal that says otherwise", func(l []idp.Event) []idp.Event {
			l[secondSeal].Detail["count"] = "0"
			return l
		}, "events were added after the seal"},
		{"a seal that says nothing", func(l []idp.Event) []idp.Event { l[secondSeal].Detail = nil; return l }, "was changed."},
		{"the event at which a seal begins is gone", func(l []idp.Event) []idp.Event {
			next := l[secondSeal].Detail["next"]
			return slices.DeleteFunc(l, func(e idp.Event) bool { return e.ID == next })
		}, "begins or ends is missing"},
		{"everything from some time on is gone", func(l []idp.Event) []idp.Event { return l[:secondSeal+1] }, "No seal has the hash that you kept."},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := audit.Verify(t.Context(), rewritten(t, c.tamper(clone(whole))), good.Hash)
			if err == nil || !strings.Contains(idp.AsError(err).Public, c.want) || idp.AsError(err).Code != idp.Conflict {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func clone(list []idp.Event) (out []idp.Event) {
	for _, e := range list {
		detail := map[string]string{}
		for k, v := range e.Detail {
			detail[k] = v
		}
		e.Detail = detail
		out = append(out, e)
	}
	return out
}

// visible is a log in which one Event is not visible yet, although a younger one is: its
// transaction is still under way.
type visible struct {
	*memory.Store
	hidden string
}

func (v *visible) Events(ctx context.Context, f idp.EventFilter, p idp.Page) ([]idp.Event, error) {
	rows, err := v.Store.Events(ctx, f, p)
	return slices.DeleteFunc(rows, func(e idp.Event) bool { return e.ID == v.hidden }), err
}

func TestAnEventThatBecomesVisibleLateBreaksNoSeal(t *testing.T) {
	t.Parallel()
	s := newSealed(t)
	s.round(3)
	s.round(3)
	slow := &visible{Store: s.store}
	s.Log = audit.New(slow, slog.New(slog.DiscardHandler), func() time.Time { return s.now })
	if err := s.Record(t.Context(), idp.Event{Name: idp.EventLogout}); err != nil {
		t.Fatal(err)
	}
	slow.hidden = s.events()[len(s.events())-1].ID
	s.round(3)
	slow.hidden = ""
	s.round(3)
	s.round(3)
	if _, err := audit.Verify(t.Context(), s.store, ""); err != nil {
		t.Error(err)
	}
}
