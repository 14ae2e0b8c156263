package samlidp

import (
	"context"
	"slices"
	"strconv"
	"time"

	"cloudsso/idp"
)

// traceReceived is the decoded message of logout. Whom it names is left out: that is in
// the registration's own terms, and who it is comes with the session.
func (e *envelope) traceReceived(ctx context.Context) {
	idp.KeepTrace(ctx)
	idp.TraceAbout(ctx, idp.About{Protocol: idp.ProtocolSAML})
	h, binding := e.head, "SOAP"
	if e.wire != nil {
		binding = e.wire.Binding
	}
	values := []idp.Value{
		{Name: "binding", Text: binding}, {Name: "ID", Text: h.ID}, {Name: "Issuer", Text: h.Issuer}, {Name: "Version", Text: h.Version},
		{Name: "IssueInstant", Text: h.IssueInstant.UTC().Format(time.RFC3339)}, {Name: "Destination", Text: h.Destination},
	}
	if e.wire != nil && e.wire.Relayed {
		values = append(values, idp.Value{Name: "RelayState", Text: idp.Unseen})
	}
	idp.Trace(ctx, idp.Step{Name: e.root.Name().Local, Result: idp.Received, Values: slices.DeleteFunc(values, func(v idp.Value) bool { return v.Text == "" })})
}

func (e *envelope) traceCheck(ctx context.Context, name string, err error) {
	step := idp.Step{Name: name, Result: idp.Passed}
	switch name {
	case "application":
		step.Expected, step.Received = "an application that is registered here and not switched off", e.head.Issuer
	case "signature":
		step.Expected = "a signature by one of " + strconv.Itoa(len(e.sp.SigningCerts)) + " registered certificates"
	case "Destination":
		step.Expected, step.Received = e.to, e.head.Destination
	case "IssueInstant":
		step.Expected, step.Received = "at most "+maxAge.String()+" before "+e.at.Format(time.RFC3339), e.head.IssueInstant.UTC().Format(time.RFC3339)
	case "used once":
		step.Expected, step.Received = "an ID that was not used before", e.head.ID
	}
	if err != nil {
		traceFault(ctx, step, err)
		return
	}
	idp.Trace(ctx, step)
}

// traceNamed says whose sessions a request ends.
func traceNamed(ctx context.Context, t logoutTask, sessions []idp.Session) {
	step := idp.Step{Name: "sessions", Result: idp.Noted, Expected: "sessions that the application knows under this name", Received: strconv.Itoa(len(sessions)), Values: []idp.Value{
		{Name: "NameID format", Text: t.Name.Format}, {Name: "SessionIndex", Text: strconv.Itoa(len(t.Indexes)) + " named"},
	}}
	if len(sessions) > 0 {
		idp.TraceAbout(ctx, idp.About{Subject: sessions[0].Subject})
	}
	idp.Trace(ctx, step)
}

func traceLogoutAnswer(ctx context.Context, s logoutStatus, to string) {
	idp.Trace(ctx, idp.Step{Name: "LogoutResponse", Result: idp.Answered, Text: s.message, Values: []idp.Value{
		{Name: "to", Text: to}, {Name: "status", Text: s.code}, {Name: "second status", Text: s.sub},
	}})
}

// traceFarewell says that another application is told.
func traceFarewell(ctx context.Context, sp idp.ServiceProvider, to idp.Endpoint) {
	idp.KeepTrace(ctx)
	idp.Trace(ctx, idp.Step{Name: "LogoutRequest", Result: idp.Answered, Values: []idp.Value{
		{Name: "application", Text: sp.App}, {Name: "to", Text: to.Location}, {Name: "binding", Text: to.Binding},
	}})
}

// traceHeard says how another application answered.
func traceHeard(ctx context.Context, cause error) {
	step := idp.Step{Name: "answer of the application", Result: idp.Passed, Expected: "Success"}
	if cause != nil {
		step.Result, step.Received = idp.Failed, cause.Error()
	}
	idp.Trace(ctx, step)
}
