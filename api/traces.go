package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"cloudsso/idp"
)

// Trace is what happened in one sign-in or sign-out, in order. Passwords, codes, tokens,
// cookies and signatures are not in it.
type Trace struct {
	Support   string    `json:"support_code"`
	Protocol  string    `json:"protocol,omitempty" doc:"oidc, saml or token."`
	App       string    `json:"app,omitempty" doc:"The app that asked first: a client_id or slug."`
	Subject   string    `json:"subject,omitempty" doc:"Who signed in."`
	StartedAt time.Time `json:"started_at"`
	ExpiresAt time.Time `json:"expires_at" doc:"The trace is gone then."`
	Steps     []Step    `json:"steps"`
	LeftOut   int       `json:"left_out,omitempty" doc:"So many steps in the middle had no room."`
}

// Step is one line of a [Trace].
type Step struct {
	At       time.Time `json:"at"`
	Name     string    `json:"name" doc:"What was done or looked at."`
	Result   string    `json:"result" enum:"received,passed,failed,noted,answered"`
	Expected string    `json:"expected,omitempty"`
	Received string    `json:"received,omitempty"`
	Text     string    `json:"text,omitempty" doc:"What the person or the app was told."`
	Cause    string    `json:"cause,omitempty" doc:"What nobody outside was told."`
	Values   []Value   `json:"values,omitempty" doc:"Parameters that came in, claims and attributes that went out."`
}

// Value is one parameter, claim or attribute of a [Step].
type Value struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// Trace opens the trace of a support code. Somebody who is confined to their apps sees those of
// their apps only; whether another one is there they do not learn.
func (o EventsReader) Trace(ctx context.Context, support string) (Trace, error) {
	none := idp.Errorf(idp.NotFound, "There is no trace with this support code, or it has expired.")
	ticket, rec, err := ticketWith[idp.Recording](ctx, o.Tickets, idp.TraceKind, strings.ToUpper(strings.TrimSpace(support)), none)
	if err != nil {
		return Trace{}, err
	}
	if !o.own.has(rec.App) {
		return Trace{}, none
	}
	return viewTrace(rec, ticket.ExpiresAt), nil
}

func viewTrace(rec idp.Recording, expires time.Time) Trace {
	t := Trace{
		Support: rec.Support, Protocol: rec.Protocol, App: rec.App, Subject: rec.Subject, StartedAt: rec.StartedAt,
		ExpiresAt: expires, LeftOut: rec.LeftOut, Steps: make([]Step, 0, len(rec.Steps)),
	}
	for _, s := range rec.Steps {
		step := Step{At: s.At, Name: s.Name, Result: string(s.Result), Expected: s.Expected, Received: s.Received, Text: s.Text, Cause: s.Cause}
		for _, v := range s.Values {
			step.Values = append(step.Values, Value(v))
		}
		t.Steps = append(t.Steps, step)
	}
	return t
}

type (
	traceInput struct {
		Caller
		Support string `path:"support_code" maxLength:"32"`
	}
	traceAnswer struct{ Body Trace }
)

func (a *Admin) traceRoutes(api huma.API) {
	handleFor(api, Actor.EventsReader, http.MethodGet, "/traces/{support_code}", "read-trace", "Read what happened in the sign-in or sign-out with a support code", http.StatusOK,
		func(ctx context.Context, o EventsReader, in *traceInput) (*traceAnswer, error) {
			t, err := o.Trace(ctx, in.Support)
			return &traceAnswer{t}, err
		})
}
