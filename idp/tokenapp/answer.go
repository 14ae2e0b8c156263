package tokenapp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"cloudsso/idp"
	"cloudsso/idp/mapping"
)

var (
	errCancelled   = idp.Errorf(idp.Forbidden, "The sign-in was cancelled.")
	errNotAssigned = idp.Errorf(idp.Forbidden, "You have no access to this application. Ask your administrator for it.")
	errInactive    = idp.Errorf(idp.Forbidden, "This account may not sign in at the moment.")
)

// answer decides what the app hears and puts it on record: what is not on record is not
// handed out.
func (p *Provider) answer(ctx context.Context, q *request, f idp.Flow) (answer, error) {
	q.subject = f.Answer.Subject
	if f.Answer.Outcome == idp.LoginRequired && q.passive {
		return p.sealDiscourse(ctx, q, map[string]string{"failed": "true"})
	}
	if err := settled(f); err != nil {
		return answer{}, err
	}
	person, err := p.person(ctx, q.app, f.Answer.Subject)
	if err != nil {
		return answer{}, err
	}
	a, err := p.issue(ctx, q, person)
	if err != nil {
		return answer{}, err
	}
	if err := p.join(ctx, q, f.Answer.Session); err != nil {
		return answer{}, err
	}
	idp.Note(ctx, slog.String("subject", person.Subject))
	traceIssued(ctx, q, a)
	return a, p.Events.Record(ctx, idp.Event{
		Name: idp.EventTokenAppIssued, Subject: person.Subject, App: q.app.App,
		Detail: map[string]string{"jti": a.id, "return_url": q.app.ReturnURL, "scheme": q.app.Scheme},
	})
}

func settled(f idp.Flow) error {
	switch f.Answer.Outcome {
	case idp.SignedIn:
		return nil
	case idp.Denied, idp.LoginRequired, idp.ConsentRequired:
		return errCancelled
	case idp.NotAssigned:
		return errNotAssigned
	}
	return errors.New("tokenapp: the login handed back a flow that is not settled")
}

// person asks the directory again: between sign-in and answer an admin may have acted.
func (p *Provider) person(ctx context.Context, app idp.TokenApp, subject string) (idp.Person, error) {
	person, err := p.People.PersonFor(ctx, subject, app.ProfileQuery)
	step := idp.Step{Name: "directory", Result: idp.Noted, Expected: "an active account", Received: string(person.Status), Values: []idp.Value{{Name: "directory", Text: person.Directory}}}
	if err != nil {
		step.Cause = err.Error()
	}
	idp.Trace(ctx, step)
	switch {
	case errors.Is(err, idp.ErrNotFound):
		return person, errInactive.Because(err)
	case err != nil:
		return person, err
	case person.Status != idp.Active:
		return person, errInactive.Because(errors.New("directory status: " + string(person.Status)))
	case !app.Assigned.Allows(person):
		return person, errNotAssigned
	}
	return person, nil
}

// issue makes what goes to the app.
func (p *Provider) issue(ctx context.Context, q *request, person idp.Person) (answer, error) {
	said, err := mapping.Claims(q.app.Claims, person)
	if err != nil {
		return answer{}, err
	}
	if q.app.Scheme == idp.SchemeDiscourse {
		fields, err := discourseFields(said, person)
		if err != nil {
			return answer{}, err
		}
		return p.sealDiscourse(ctx, q, fields)
	}
	return p.sign(ctx, q, said, person.Subject)
}

// join notes that the session is in use, and that it is still there.
func (p *Provider) join(ctx context.Context, q *request, session string) error {
	err := p.Login.Joined(ctx, session, idp.SessionApp{Protocol: idp.ProtocolToken, App: q.app.App})
	if errors.Is(err, idp.ErrNotFound) {
		return idp.Errorf(idp.Expired, "You were signed out meanwhile. Start again at the application.").Because(err)
	}
	return err
}

// recordRefused keeps refusals that an app can be named for. It is not worth failing for:
// nothing is handed out.
func (p *Provider) recordRefused(ctx context.Context, q *request, err error) {
	e := idp.AsError(err)
	if q.app.App == "" || e.Code == idp.Internal || e.Code == idp.Unavailable {
		return
	}
	idp.Note(ctx, slog.String("refused", e.Public))
	event := idp.Event{Name: idp.EventTokenAppRefused, Subject: q.subject, App: q.app.App, Detail: map[string]string{"reason": e.Public}}
	if err := p.Events.Record(ctx, event); err != nil {
		idp.Note(ctx, slog.String("audit", err.Error()))
	}
}

// traceIssued says what the app is told. What proves it, token and signature, is not there.
func traceIssued(ctx context.Context, q *request, a answer) {
	step := idp.Step{Name: "token", Result: idp.Answered, Values: []idp.Value{{Name: "to", Text: q.app.ReturnURL}}}
	for _, name := range slices.Sorted(maps.Keys(a.said)) {
		text := fmt.Sprint(a.said[name])
		if name == "nonce" {
			text = idp.Unseen
		}
		step.Values = append(step.Values, idp.Value{Name: name, Text: text})
	}
	idp.Trace(ctx, step)
}
