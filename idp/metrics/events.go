package metrics

import (
	"context"

	"cloudsso/idp"
)

// Recorder puts Events on record, by itself (Record) or around a verb of the store that
// does it: Complete before it, Logged after it.
type Recorder interface {
	Record(ctx context.Context, e idp.Event) error
	Complete(ctx context.Context, e idp.Event) idp.Event
	Logged(ctx context.Context, e idp.Event)
}

// Events returns a Recorder that hands on to next and counts.
func (m *Metrics) Events(next Recorder) Recorder { return counting{m, next} }

type counting struct {
	m    *Metrics
	next Recorder
}

// Record implements [Recorder].
func (c counting) Record(ctx context.Context, e idp.Event) error {
	if err := c.next.Record(ctx, e); err != nil {
		c.m.unrecorded.Inc()
		return err
	}
	c.count(e)
	return nil
}

// Complete implements [Recorder].
func (c counting) Complete(ctx context.Context, e idp.Event) idp.Event {
	return c.next.Complete(ctx, e)
}

// Logged implements [Recorder]. If the store fails in between there is nothing to count:
// neither the Event nor what it is about came to be.
func (c counting) Logged(ctx context.Context, e idp.Event) {
	c.next.Logged(ctx, e)
	c.count(e)
}

func (c counting) count(e idp.Event) {
	c.m.events.WithLabelValues(e.Name).Inc()
	if result, ok := loginResults[e.Name]; ok {
		c.m.logins.WithLabelValues(result).Inc()
	}
	if s, ok := signInResults[e.Name]; ok {
		c.m.signIns.WithLabelValues(s.protocol, s.result).Inc()
	}
}

// What Events say about people and applications. A login comes once per session, a
// sign-in once per application that is told.
var loginResults = map[string]string{
	idp.EventLoginSuccess: "success",
	idp.EventLoginFailure: "failure",
	idp.EventLoginBlocked: "blocked",
}

type signIn struct{ protocol, result string }

var signInResults = map[string]signIn{
	idp.EventGrantCreated:    {idp.ProtocolOIDC, "success"},
	idp.EventConsentDenied:   {idp.ProtocolOIDC, "denied"},
	idp.EventSAMLIssued:      {idp.ProtocolSAML, "success"},
	idp.EventSAMLRefused:     {idp.ProtocolSAML, "refused"},
	idp.EventTokenAppIssued:  {idp.ProtocolToken, "success"},
	idp.EventTokenAppRefused: {idp.ProtocolToken, "refused"},
}
