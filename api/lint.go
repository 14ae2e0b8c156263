package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"cloudsso/api/presets"
	"cloudsso/idp"
)

// Grades, by the worst finding. An app with notes alone is an A.
const (
	weightNote   = "note"   // A
	weightLow    = "low"    // B
	weightMedium = "medium" // C
	weightHigh   = "high"   // D
	weightBroken = "broken" // F: it does not work, or works for an attacker
)

// unusedAfter is when a legacy switch that nobody used is one too many.
const unusedAfter = 90 * 24 * time.Hour

// Finding is one thing about an app that could be better.
type Finding struct {
	Rule   string `json:"rule" doc:"Stable name."`
	Weight string `json:"weight" enum:"note,low,medium,high,broken"`
	Text   string `json:"text" doc:"What is the matter."`
	Fix    string `json:"fix" doc:"What to do."`
	Field  string `json:"field,omitempty" doc:"The setting."`
	Source string `json:"source,omitempty" doc:"Where the rule comes from."`
}

// Lint is the grade of one app.
type Lint struct {
	App      string    `json:"app"`
	Name     string    `json:"name"`
	Kind     string    `json:"kind" enum:"client,service_provider,token_app"`
	Grade    string    `json:"grade" enum:"A,B,C,D,F"`
	Findings []Finding `json:"findings" nullable:"false"`
}

// Usage is what the audit log says about an app.
type usage struct{ unused bool }

func grade(findings []Finding) string {
	worst := 0
	for _, f := range findings {
		worst = max(worst, slices.Index([]string{weightNote, weightLow, weightMedium, weightHigh, weightBroken}, f.Weight))
	}
	return string("ABCDF"[worst])
}

// Lint grades one app.
func (o AppsReader) Lint(ctx context.Context, id string) (Lint, error) {
	app, err := o.app(ctx, id)
	switch {
	case err != nil:
		return Lint{}, err
	case app.client != nil:
		return o.lintClient(ctx, *app.client)
	case app.sp != nil:
		return o.lintSP(ctx, *app.sp)
	}
	return lintTokenApp(*app.token), nil
}

func (o acting) lintClient(ctx context.Context, c idp.Client) (Lint, error) {
	u, err := o.used(ctx, c.ID, c.CreatedAt, idp.EventGrantCreated)
	l := Lint{App: c.ID, Name: c.DisplayName(), Kind: presets.KindClient, Findings: clientFindings(c, u)}
	l.Grade = grade(l.Findings)
	return l, err
}

func (o acting) lintSP(ctx context.Context, sp idp.ServiceProvider) (Lint, error) {
	u, err := o.used(ctx, sp.App, sp.CreatedAt, idp.EventSAMLIssued)
	l := Lint{App: sp.App, Name: sp.Name, Kind: presets.KindServiceProvider, Findings: serviceProviderFindings(sp, u, o.now())}
	if key, err := o.Ring.SAMLKeyOf(ctx, nil, samlApp(sp)); err == nil && key.Certificate != nil {
		l.Findings = append(l.Findings, expiry("our_certificate", "Our certificate that this app knows", key.Certificate.NotAfter, o.now())...)
	}
	l.Grade = grade(l.Findings)
	return l, err
}

// used looks whether anybody signed in lately. An app that is younger than that is not
// unused.
func (o acting) used(ctx context.Context, app string, since time.Time, event string) (usage, error) {
	start := o.now().Add(-unusedAfter)
	if since.After(start) {
		return usage{}, nil
	}
	rows, err := o.Records.Events(ctx, idp.EventFilter{Name: event, App: app, Since: start}, idp.Page{Limit: 1})
	return usage{unused: len(rows) == 0}, err
}

// LintAll grades the apps that the actor may see: clients, service providers, signed-token apps.
func (o AppsReader) LintAll(ctx context.Context) (List[Lint], error) {
	out := List[Lint]{Items: []Lint{}}
	add := func(l Lint, err error) error { out.Items = append(out.Items, l); return err }
	err := each(ctx, o.own, o.Records.Client, o.Records.Clients, func(c idp.Client) (string, error) { l, err := o.lintClient(ctx, c); return c.ID, add(l, err) })
	return out, errors.Join(err, each(ctx, o.own, o.Records.ServiceProvider, o.Records.ServiceProviders, func(sp idp.ServiceProvider) (string, error) {
		l, err := o.lintSP(ctx, sp)
		return sp.App, add(l, err)
	}), each(ctx, o.own, o.Records.TokenApp, o.Records.TokenApps, func(t idp.TokenApp) (string, error) {
		return t.App, add(lintTokenApp(t), nil)
	}))
}

// each calls f, which returns what the store sorts by, for every app of one kind.
func each[T any](ctx context.Context, own appSet, read func(context.Context, string) (T, error), list func(context.Context, idp.Page) ([]T, error), f func(T) (string, error)) error {
	page := idp.Page{Limit: 200}
	for {
		rows, err := among(ctx, own, page, read, list)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if page.After, err = f(row); err != nil {
				return err
			}
		}
		if len(rows) < page.Limit {
			return nil
		}
	}
}

type lintInput struct {
	Caller
	ID string `path:"id" maxLength:"256" doc:"client_id, or the app of a service provider."`
}

func (a *Admin) lintRoutes(api huma.API) {
	handleFor(api, Actor.AppsReader, http.MethodGet, "/apps/{id}/lint", "lint-app", "Grade an app, with the fix for each finding", http.StatusOK,
		func(ctx context.Context, o AppsReader, in *lintInput) (*onlyBody[Lint], error) {
			l, err := o.Lint(ctx, in.ID)
			return &onlyBody[Lint]{l}, err
		})
	handleFor(api, Actor.AppsReader, http.MethodGet, "/lint", "lint-apps", "Grade every app", http.StatusOK,
		func(ctx context.Context, o AppsReader, in *keysInput) (*many[Lint], error) {
			l, err := o.LintAll(ctx)
			return &many[Lint]{l}, err
		})
	handleFor(api, Actor.AppsWriter, http.MethodPost, "/apps/{id}/probe", "probe-app", "Look whether an app's own addresses can be reached", http.StatusOK,
		func(ctx context.Context, o AppsWriter, in *probeInput) (*many[Probe], error) {
			l, err := o.Probe(ctx, in.ID)
			return &many[Probe]{l}, err
		})
}
