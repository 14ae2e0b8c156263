package metrics

import (
	"context"

	"cloudsso/idp"
)

// Recorder puts Events on record.
type Recorder interface {
	Record(ctx context.Context, e idp.Event) error
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
	c.m.events.WithLabelValues(e.Name).Inc()
	if result, ok := loginResults[e.Name]; ok {
		c.m.logins.WithLabelValues(result).Inc()
	}
	if s, ok := signInResults[e.Name]; ok {
		c.m.signIns.WithLabelValues(s.protocol, s.result).Inc()
	}
	return nil
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
	idp.EventGrantCreated:  {idp.ProtocolOIDC, "success"},
	idp.EventConsentDenied: {idp.ProtocolOIDC, "denied"},
	idp.EventSAMLIssued:    {idp.ProtocolSAML, "success"},
	idp.EventSAMLRefused:   {idp.ProtocolSAML, "refused"},
}
