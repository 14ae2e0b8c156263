package tokenapp

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/web"
	"cloudsso/keys"
)

// Path below the issuer; the app's slug follows.
const Path = "/token/"

// Records is what is read of the registrations.
type Records interface {
	TokenApp(ctx context.Context, app string) (idp.TokenApp, error)
	Client(ctx context.Context, id string) (idp.Client, error)
}

// Marks remembers which nonces were answered.
type Marks interface {
	// SeenOnce gives nil to exactly one caller, and idp.ErrReplayed to the others until then.
	SeenOnce(ctx context.Context, key string, until time.Time) error
}

// Ring signs, and opens the keys that apps share with us.
type Ring interface {
	SignJWT(alg, typ string, claims []byte) (string, error)
	Ensure(ctx context.Context, events keys.Recorder, algs ...string) error
	Open(purpose string, sealed []byte) ([]byte, error)
}

// Login finds out who is there.
type Login interface {
	// Begin settles f from the browser's session alone if that is enough, filling f.Answer:
	// ready, nothing stored. Otherwise it has stored f and answered.
	Begin(w http.ResponseWriter, r *http.Request, f *idp.Flow) (ready bool, err error)
	// Resume takes the settled flow named by ?flow=… exactly once.
	Resume(w http.ResponseWriter, r *http.Request, protocol string) (idp.Flow, error)
	// Joined records that the session is in use. ErrNotFound if it is over.
	Joined(ctx context.Context, sessionID string, app idp.SessionApp) error
}

// People answers what the directory says about a subject right now.
type People interface {
	PersonFor(ctx context.Context, subject, profile string) (idp.Person, error)
}

// Events records what was issued and refused.
type Events interface {
	Record(ctx context.Context, e idp.Event) error
}

// Options of [New]. All are needed.
type Options struct {
	Issuer  string // configured URL without trailing slash
	Records Records
	Marks   Marks
	Ring    Ring
	Login   Login
	People  People
	Pages   *web.Pages
	Events  Events
	Now     func() time.Time
}

// Provider answers signed-token apps. Its handlers are safe for concurrent use.
type Provider struct{ Options }

// New returns a Provider.
func New(o Options) *Provider { return &Provider{o} }

// Start answers GET /token/{app}: a sign-in begins.
func (p *Provider) Start(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	q, err := p.accept(r.Context(), r.PathValue("app"), query)
	if err != nil {
		p.refuse(w, r, q, err)
		return
	}
	f := idp.Flow{Protocol: idp.ProtocolToken, App: q.app.App, Return: Path + url.PathEscape(q.app.App) + "/continue", Request: query.Encode(), Ask: idp.Ask{Passive: q.passive}}
	ready, err := p.Login.Begin(w, r, &f)
	switch {
	case err != nil:
		p.refuse(w, r, q, err)
	case ready:
		p.finish(w, r, q, f)
	}
}

// Continue answers GET /token/{app}/continue: the person comes back from the login. The
// stored request passes the checks again, against the registration as it is now.
func (p *Provider) Continue(w http.ResponseWriter, r *http.Request) {
	f, err := p.Login.Resume(w, r, idp.ProtocolToken)
	if err != nil {
		p.Pages.Error(w, r, err)
		return
	}
	query, err := url.ParseQuery(f.Request)
	if err != nil {
		p.Pages.Error(w, r, err)
		return
	}
	q, err := p.accept(r.Context(), f.App, query)
	if err != nil {
		p.refuse(w, r, q, err)
		return
	}
	p.finish(w, r, q, f)
}

func (p *Provider) finish(w http.ResponseWriter, r *http.Request, q *request, f idp.Flow) {
	a, err := p.answer(r.Context(), q, f)
	if err == nil {
		err = p.deliver(w, r, q, a)
	}
	if err != nil {
		p.refuse(w, r, q, err)
	}
}

var nowhere = idp.Errorf(idp.NotFound, "There is no application at this address, or it is switched off.")

// refuse is a page of ours: these schemes have no way to tell the app.
func (p *Provider) refuse(w http.ResponseWriter, r *http.Request, q *request, err error) {
	idp.TraceFailed(r.Context(), idp.Step{Name: "answer", Received: "error page"}, err)
	p.recordRefused(r.Context(), q, err)
	e := idp.AsError(err)
	var back []web.Action
	if q.app.StartURL != "" {
		back = append(back, web.Action{Text: "Start again at " + q.app.Name, URL: q.app.StartURL})
	}
	if errors.Is(err, errCancelled) {
		p.Pages.Problem(w, r, web.Problem{
			Status: http.StatusForbidden, Title: "You are not signed in to " + q.app.Name, Text: e.Public,
			Advice: "You can close this page.", Actions: append(back, web.Action{Text: "Go to the start page", URL: "/"}),
		})
		return
	}
	p.Pages.ErrorWith(w, r, err, back...)
}
