package audit_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/audit"
	"cloudsso/idp/memory"
)

func TestRecordCompletesAppendsAndMirrors(t *testing.T) {
	t.Parallel()
	now := func() time.Time { return time.Date(2026, 3, 1, 9, 0, 0, 0, time.FixedZone("CET", 3600)) }
	store, out := memory.New(now), new(bytes.Buffer)
	log := audit.New(store, slog.New(slog.NewJSONHandler(out, nil)), now)
	ctx := idp.WithRequest(t.Context(), &idp.Request{Support: "K7QF-2M9D", IP: netip.MustParseAddr("192.0.2.7")})
	if err := log.Record(ctx, idp.Event{Name: idp.EventLogout, Subject: "s", App: "wiki", Detail: map[string]string{"reason": "person"}}); err != nil {
		t.Fatal(err)
	}
	events, err := store.Events(ctx, idp.EventFilter{}, idp.Page{Limit: 10})
	if err != nil || len(events) != 1 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	e := events[0]
	if e.ID == "" || e.IP != "192.0.2.7" || e.Support != "K7QF-2M9D" || !e.Time.Equal(now()) || e.Time.Location() != time.UTC {
		t.Errorf("stored %+v", e)
	}
	for _, want := range []string{`"msg":"audit"`, `"event":"logout"`, `"subject":"s"`, `"app":"wiki"`, `"ip":"192.0.2.7"`, `"support_code":"K7QF-2M9D"`, `"detail.reason":"person"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the log line lacks %s: %s", want, out)
		}
	}
}

type full struct{ *memory.Store }

func (full) AppendEvent(context.Context, idp.Event) error { return idp.ErrUnavailable }

// TestWhatIsNotOnRecordIsNotLogged: the caller refuses then, and a line in the log would
// say that it happened.
func TestWhatIsNotOnRecordIsNotLogged(t *testing.T) {
	t.Parallel()
	out := new(bytes.Buffer)
	log := audit.New(full{memory.New(time.Now)}, slog.New(slog.NewJSONHandler(out, nil)), time.Now)
	if err := log.Record(t.Context(), idp.Event{Name: idp.EventLogout}); !errors.Is(err, idp.ErrUnavailable) || out.Len() > 0 {
		t.Errorf("%v, logged %q", err, out)
	}
}

// TestCompleteAndLoggedAroundAVerb: the store appends the Event together with what it is about.
func TestCompleteAndLoggedAroundAVerb(t *testing.T) {
	t.Parallel()
	store, out := memory.New(time.Now), new(bytes.Buffer)
	log := audit.New(store, slog.New(slog.NewJSONHandler(out, nil)), time.Now)
	ctx := idp.WithRequest(t.Context(), &idp.Request{Support: "K7QF-2M9D", IP: netip.MustParseAddr("192.0.2.7")})
	e := log.Complete(ctx, idp.Event{Name: idp.EventGrantCreated, IP: "198.51.100.1"})
	if len(e.ID) != 26 || e.Time.IsZero() || e.Support != "K7QF-2M9D" || e.IP != "198.51.100.1" || out.Len() > 0 {
		t.Errorf("%+v, logged %q", e, out)
	}
	log.Logged(ctx, e)
	if !strings.Contains(out.String(), `"event":"grant.created"`) {
		t.Errorf("logged %q", out)
	}
	if list, err := store.Events(ctx, idp.EventFilter{}, idp.Page{Limit: 1}); err != nil || len(list) != 0 {
		t.Errorf("it was appended beside the verb: %+v, %v", list, err)
	}
}
