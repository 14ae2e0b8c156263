package login

import (
	"context"
	"errors"
	"time"

	"cloudsso/idp"
	"cloudsso/userdir"
)

// traceNext says what was found of the person, and what comes next.
func traceNext(ctx context.Context, f *idp.Flow, s *idp.Session, d decision) {
	idp.KeepTrace(ctx)
	idp.TraceAbout(ctx, idp.About{Protocol: f.Protocol, App: f.App, Subject: d.person.Subject})
	session := "nobody is signed in in this browser"
	if s != nil {
		session = "signed in since " + s.AuthTime.Format(time.RFC3339)
		if d.person.Subject == "" {
			session += "; the account may not sign in any more"
		}
	}
	step := idp.Step{Name: "session", Result: idp.Noted, Expected: wanted(f), Received: session}
	switch d.step {
	case askPassword:
		step.Text = "The person is asked for their password."
	case askAccount:
		step.Text = "The person is asked which account to use."
	case tellNoAccess:
		step.Result, step.Text = idp.Failed, "The person is not assigned to the application, and is told so."
	case askConsent:
		step.Text = "The person is asked to agree."
	default:
		step.Text = "The login is over: " + string(d.answer.Outcome) + "."
	}
	idp.Trace(ctx, step)
}

// wanted is what the application asks of the login, in words.
func wanted(f *idp.Flow) string {
	switch a := f.Ask; {
	case a.Passive:
		return "no question to the person"
	case a.Login:
		return "a new authentication"
	case a.MaxAge != nil:
		return "an authentication of the last " + a.MaxAge.String()
	case a.Subject != "":
		return "one certain person"
	case a.SelectAccount:
		return "the choice of an account"
	case a.Consent:
		return "consent"
	}
	return "somebody who is signed in"
}

// traceDirectory says what the directory answered. The name that was typed is not there:
// people type passwords into that field.
func traceDirectory(ctx context.Context, f *idp.Flow, p idp.Person, refused *refusal, err error) {
	idp.KeepTrace(ctx)
	idp.TraceAbout(ctx, idp.About{Protocol: f.Protocol, App: f.App, Subject: p.Subject})
	step := idp.Step{Name: "directory", Result: idp.Passed, Expected: "the right password of an active account"}
	for _, v := range []idp.Value{{Name: "directory", Text: p.Directory}, {Name: "login", Text: p.Login}, {Name: "status", Text: string(p.Status)}} {
		if v.Text != "" {
			step.Values = append(step.Values, v)
		}
	}
	if from := new(userdir.Fault); errors.As(err, &from) {
		step.Values = append(step.Values, idp.Value{Name: "directory", Text: from.Directory})
	}
	if refused != nil {
		step.Result, step.Received, step.Text = idp.Failed, refused.reason, refused.text
	}
	if err != nil {
		step.Result, step.Cause = idp.Failed, err.Error()
	}
	idp.Trace(ctx, step)
}

func traceLimit(ctx context.Context, refused *refusal) {
	if refused != nil {
		idp.Trace(ctx, idp.Step{Name: "limit of tries", Result: idp.Failed, Received: refused.reason, Text: refused.text})
	}
}
