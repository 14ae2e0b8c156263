package tokenapp

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"cloudsso/idp"
)

const maxEcho = 2048 // bytes of what an app wants back

// request is a sign-in that an app, or a link, asks for.
type request struct {
	app      idp.TokenApp // zero: unknown
	returnTo string
	state    string
	nonce    string
	passive  bool
	subject  string // who was refused, as soon as somebody knows
}

// accept checks a request. The request that it returns is never nil, and is as far as it
// came beside an error.
func (p *Provider) accept(ctx context.Context, app string, query url.Values) (*request, error) {
	q := &request{}
	idp.TraceAbout(ctx, idp.About{Protocol: idp.ProtocolToken})
	a, err := p.Records.TokenApp(ctx, app)
	if errors.Is(err, idp.ErrNotFound) || err == nil && a.Disabled {
		return q, nowhere.Because(err)
	}
	if err != nil {
		return q, err
	}
	q.app = a
	idp.KeepTrace(ctx)
	idp.TraceAbout(ctx, idp.About{App: a.App})
	idp.Note(ctx, slog.String("app", a.App))
	traceRequest(ctx, query)
	if a.Scheme == idp.SchemeDiscourse {
		return q, p.readDiscourse(q, query)
	}
	return q, q.read(query)
}

// read takes what the app's settings name; everything else in the address is nothing to us.
func (q *request) read(query url.Values) (err error) {
	if q.returnTo, err = echo(query, q.app.ReturnToParam); err != nil {
		return err
	}
	if q.returnTo != "" && !q.app.MayReturnTo(q.returnTo) {
		return idp.Errorf(idp.Invalid, "The parameter %s must lead to %s itself, and this one leads elsewhere.", q.app.ReturnToParam, q.app.Name).On(q.app.ReturnToParam)
	}
	if q.state, err = echo(query, q.app.StateParam); err != nil {
		return err
	}
	if q.nonce, err = echo(query, q.app.NonceParam); err != nil {
		return err
	}
	if q.app.NonceParam != "" && q.nonce == "" {
		return idp.Errorf(idp.Invalid, "The parameter %s is missing. Open %s itself and choose to sign in there.", q.app.NonceParam, q.app.Name).On(q.app.NonceParam)
	}
	return nil
}

// echo is a parameter that goes back. Attack: one that is there twice, so that two readers
// read two, or has what breaks out of an address or a form.
func echo(query url.Values, name string) (string, error) {
	values := query[name]
	switch {
	case name == "" || len(values) == 0:
		return "", nil
	case len(values) > 1:
		return "", idp.Errorf(idp.Invalid, "The parameter %s is there more than once.", name).On(name)
	case len(values[0]) > maxEcho || !utf8.ValidString(values[0]) || strings.ContainsFunc(values[0], unicode.IsControl):
		return "", idp.Errorf(idp.Invalid, "The parameter %s must be text without control characters, of at most %d bytes.", name, maxEcho).On(name)
	}
	return values[0], nil
}

// traceRequest names the parameters; what they say is the application's business, and some
// of it is worth something.
func traceRequest(ctx context.Context, query url.Values) {
	step := idp.Step{Name: "request", Result: idp.Received}
	for name := range query {
		if name != "flow" {
			step.Values = append(step.Values, idp.Value{Name: name, Text: idp.Unseen})
		}
	}
	slices.SortFunc(step.Values, func(a, b idp.Value) int { return strings.Compare(a.Name, b.Name) })
	idp.Trace(ctx, step)
}
