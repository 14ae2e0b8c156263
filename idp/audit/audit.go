// Package audit writes Events: to the append-only log in Records, and as one log
// line each. Everything else about an Event (who reads it, for how long) is elsewhere.
package audit

import (
	"context"
	"log/slog"
	"time"

	"cloudsso/idp"
)

// Log records Events.
type Log struct {
	events idp.Events
	logger *slog.Logger
	now    func() time.Time
}

// New returns a Log that appends to events and mirrors to logger.
func New(events idp.Events, logger *slog.Logger, now func() time.Time) *Log {
	return &Log{events: events, logger: logger, now: now}
}

// Record completes e, appends it and says so in the log. An error means that the Event
// is not on record: a caller that hands something out (a session, an admin's change)
// must then refuse.
func (l *Log) Record(ctx context.Context, e idp.Event) error {
	e = l.Complete(ctx, e)
	if err := l.events.AppendEvent(ctx, e); err != nil {
		return err
	}
	l.Logged(ctx, e)
	return nil
}

// Complete returns e with id, time, address and support code, for a verb of the store
// that appends the Event together with what it is about. After that comes [Log.Logged].
func (l *Log) Complete(ctx context.Context, e idp.Event) idp.Event {
	r := idp.RequestOf(ctx)
	e.ID, e.Time, e.Support = idp.NewID(), l.now().UTC(), r.Support
	if e.IP == "" && r.IP.IsValid() {
		e.IP = r.IP.String()
	}
	return e
}

// Logged mirrors an Event that is on record to the log.
func (l *Log) Logged(ctx context.Context, e idp.Event) {
	attrs := []slog.Attr{slog.String("event", e.Name), slog.String("support_code", e.Support)}
	for _, a := range [][2]string{{"subject", e.Subject}, {"app", e.App}, {"actor", e.Actor}, {"ip", e.IP}} {
		if a[1] != "" {
			attrs = append(attrs, slog.String(a[0], a[1]))
		}
	}
	for k, v := range e.Detail {
		attrs = append(attrs, slog.String("detail."+k, v))
	}
	l.logger.LogAttrs(ctx, slog.LevelInfo, "audit", attrs...)
}
