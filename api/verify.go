package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"cloudsso/api/verify"
	"cloudsso/idp"
)

const (
	verifyKind = "verify"       // of the Ticket that keeps a Verification; its ID is the support code
	verifyKept = 24 * time.Hour // personal data: no longer than somebody looks at it
	verifyTime = 20 * time.Second
)

// Player signs a subject in to an app as a strict application would, with the answer of a login, and says what
// came of it. The app hears nothing.
type Player[A any] func(ctx context.Context, app A, who idp.Answer, subject string) (verify.Report, error)

// Verifiers play the application, whatever its kind.
type Verifiers struct {
	Client          Player[idp.Client]
	ServiceProvider Player[idp.ServiceProvider]
	TokenApp        Player[idp.TokenApp]
}

// VerifyRequest is the body of POST /apps/{id}/verify.
type VerifyRequest struct {
	User string `json:"user" minLength:"1" maxLength:"256" doc:"Who signs in: user name, id of a built-in user, or subject."`
}

// Verification is a test sign-in and what came of it.
type Verification struct {
	Support   string          `json:"support_code" doc:"Finds the trace of the test."`
	App       string          `json:"app"`
	User      PreviewedPerson `json:"user"`
	At        time.Time       `json:"at"`
	ExpiresAt time.Time       `json:"expires_at" doc:"The result is gone then."`
	verify.Report
}

// Verify signs a person in to an app with exactly its settings, as a strict application would,
// without their browser. No session, grant or consent comes of it, and nothing reaches the app. It is on record:
// an admin has read somebody's data.
func (o AppsReader) Verify(ctx context.Context, app string, in VerifyRequest) (Verification, error) {
	if o.People == nil || o.Options.Verify.Client == nil {
		return Verification{}, idp.Errorf(idp.Unavailable, "A test sign-in needs the running server.")
	}
	run, err := o.verifierOf(ctx, app)
	if err != nil {
		return Verification{}, err
	}
	person, err := o.previewed(ctx, in.User)
	if err != nil {
		return Verification{}, err
	}
	return o.verify(ctx, app, person, o.imagined(person.Subject), run)
}

// imagined is the answer of a login that nobody came to.
func (o acting) imagined(subject string) idp.Answer {
	return idp.Answer{Outcome: idp.SignedIn, Session: idp.NewID(), SID: idp.NewID(), Subject: subject, AuthTime: o.now(), AMR: []string{"pwd"}}
}

// VerifySignedIn is [AppsReader.Verify] for the caller in person, who has just been through the login for
// the app: who is what the login found.
func (o AppsReader) VerifySignedIn(ctx context.Context, app string, who idp.Answer) (Verification, error) {
	run, err := o.verifierOf(ctx, app)
	if err != nil {
		return Verification{}, err
	}
	// Attack: the sign-in of somebody else is led here, and their data is read.
	if o.subject == "" || who.Subject != "" && who.Subject != o.subject {
		return Verification{}, idp.Errorf(idp.Forbidden, "Somebody else signed in than the admin who began this test. Begin again.")
	}
	person, err := o.People.Find(ctx, o.subject)
	if err != nil {
		return Verification{}, err
	}
	return o.verify(ctx, app, person, who, run)
}

type verifier func(ctx context.Context, who idp.Answer, subject string) (verify.Report, error)

// verifierOf finds the app, of whatever kind, and how it is tested.
func (o acting) verifierOf(ctx context.Context, id string) (verifier, error) {
	app, err := o.app(ctx, id)
	if err != nil {
		return nil, err
	}
	play := o.Options.Verify
	switch {
	case app.client != nil:
		return playing(play.Client, *app.client), nil
	case app.sp != nil:
		return playing(play.ServiceProvider, *app.sp), nil
	}
	return playing(play.TokenApp, *app.token), nil
}

func playing[A any](play Player[A], app A) verifier {
	return func(ctx context.Context, who idp.Answer, subject string) (verify.Report, error) {
		return play(ctx, app, who, subject)
	}
}

func (o AppsReader) verify(ctx context.Context, app string, person idp.Person, who idp.Answer, run verifier) (Verification, error) {
	// Attack: an app admin tests until they have read everybody's data.
	if o.rights&readPeople == 0 && (o.subject == "" || person.Subject != o.subject) {
		return Verification{}, idp.Errorf(idp.Forbidden, "You may try this with your own account only.")
	}
	idp.KeepTrace(ctx)
	idp.TraceAbout(ctx, idp.About{App: app, Subject: person.Subject})
	ctx, cancel := context.WithTimeout(ctx, verifyTime)
	defer cancel()
	report, err := run(ctx, who, person.Subject)
	if err != nil {
		return Verification{}, err
	}
	v := Verification{
		Support: idp.RequestOf(ctx).Support, App: app, At: o.now(), ExpiresAt: o.now().Add(verifyKept), Report: report,
		User: PreviewedPerson{person.Subject, person.Login, person.Directory, person.Status},
	}
	if err := o.keep(ctx, v); err != nil {
		return Verification{}, err
	}
	return v, o.recordVerified(ctx, v)
}

// recordVerified leaves the Event that the status of the app is made of, and the last line of the trace.
func (o acting) recordVerified(ctx context.Context, v Verification) error {
	e := idp.Event{Name: idp.EventAppVerified, App: v.App, Subject: v.User.Subject}
	step := idp.Step{Name: "test sign-in", Result: idp.Passed, Text: "All checks passed."}
	if failed := strings.Join(v.FailedNames(), ", "); failed != "" {
		e.Name, e.Detail = idp.EventAppVerifyFailed, map[string]string{"failed": failed}
		step.Result, step.Text = idp.Failed, "These checks failed: "+failed+"."
	}
	idp.Trace(ctx, step)
	return o.record(ctx, e)
}

// keep stores the result for the page that shows it.
func (o acting) keep(ctx context.Context, v Verification) error {
	if v.Support == "" {
		return nil // nobody could ask for it
	}
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return o.Tickets.CreateTicket(ctx, idp.Ticket{Kind: verifyKind, ID: v.Support, Data: data, CreatedAt: v.At, ExpiresAt: v.ExpiresAt})
}

// Verification is the result of an earlier test of an app. Whoever may not read people sees
// their own only; whether there is another they do not learn.
func (o AppsReader) Verification(ctx context.Context, app, support string) (Verification, error) {
	none := idp.Errorf(idp.NotFound, "There is no test of this app with this support code, or its result has expired.")
	_, v, err := ticketWith[Verification](ctx, o.Tickets, verifyKind, strings.ToUpper(strings.TrimSpace(support)), none)
	if err != nil {
		return Verification{}, err
	}
	if v.App != app || !o.own.has(app) || o.rights&readPeople == 0 && (o.subject == "" || v.User.Subject != o.subject) {
		return Verification{}, none
	}
	return v, nil
}

type (
	verifyInput struct {
		Caller
		ID   string `path:"id" maxLength:"256" doc:"client_id, or the app of a service provider or of a signed-token app."`
		Body VerifyRequest
	}
	verificationInput struct {
		Caller
		ID      string `path:"id" maxLength:"256" doc:"client_id, or the app of a service provider or of a signed-token app."`
		Support string `path:"support_code" maxLength:"32"`
	}
	verifyAnswer struct{ Body Verification }
)

func (a *Admin) verifyRoutes(api huma.API) {
	handleFor(api, Actor.AppsReader, http.MethodPost, "/apps/{id}/verify", "verify-app", "Sign a person in to an app as a strict application would, and check everything that it would get", http.StatusOK,
		func(ctx context.Context, o AppsReader, in *verifyInput) (*verifyAnswer, error) {
			v, err := o.Verify(ctx, in.ID, in.Body)
			return &verifyAnswer{v}, err
		})
	handleFor(api, Actor.AppsReader, http.MethodGet, "/apps/{id}/verify/{support_code}", "read-verification", "Read the result of an earlier test sign-in", http.StatusOK,
		func(ctx context.Context, o AppsReader, in *verificationInput) (*verifyAnswer, error) {
			v, err := o.Verification(ctx, in.ID, in.Support)
			return &verifyAnswer{v}, err
		})
}
