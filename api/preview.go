package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"cloudsso/idp"
	"cloudsso/idp/mapping"
)

// PreviewRequest is the body of POST /apps/{id}/preview.
type PreviewRequest struct {
	User    string         `json:"user" minLength:"1" maxLength:"256" doc:"Who signs in: user name, id of a built-in user, or subject."`
	Mapping *[]idp.Mapping `json:"mapping,omitempty" maxItems:"200" doc:"Rows to try instead of those that are saved: claims_mapping of a client, attributes of a service provider, claims of a token app."`
}

// PreviewedPerson is who a preview is about.
type PreviewedPerson struct {
	Subject   string     `json:"subject"`
	Username  string     `json:"username"`
	Directory string     `json:"directory"`
	Status    idp.Status `json:"status" enum:"active,disabled,locked,password_expired,gone"`
}

// Preview is the answer: what the app would be told, in every form that it gets.
type Preview struct {
	User PreviewedPerson `json:"user"`
	mapping.Preview
}

// Preview shows what an app would be told about a person who signed in to it now, with
// where each value comes from. It is on record: an admin has read somebody's data.
func (o AppsReader) Preview(ctx context.Context, app string, in PreviewRequest) (Preview, error) {
	draw, err := o.previewOf(ctx, app, in.Mapping)
	if err != nil {
		return Preview{}, err
	}
	person, err := o.readable(ctx, in.User)
	if err != nil {
		return Preview{}, err
	}
	out := Preview{User: PreviewedPerson{person.Subject, person.Login, person.Directory, person.Status}}
	if out.Preview, err = draw(person.Subject); err != nil {
		return Preview{}, err
	}
	return out, o.recordReading(ctx, person.Subject, app)
}

// previewOf finds the app, with the rows to try.
func (o acting) previewOf(ctx context.Context, id string, rows *[]idp.Mapping) (func(subject string) (mapping.Preview, error), error) {
	app, err := o.app(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case app.client != nil:
		c := *app.client
		if rows != nil {
			c.ClaimsMapping, err = *rows, within("mapping", mapping.CheckClaims(*rows))
		}
		return func(subject string) (mapping.Preview, error) { return o.Previews.Client(ctx, c, subject) }, err
	case app.token != nil:
		t := *app.token
		if rows != nil {
			t.Claims, err = *rows, within("mapping", mapping.CheckClaims(*rows))
		}
		return func(subject string) (mapping.Preview, error) { return o.Previews.TokenApp(ctx, t, subject) }, err
	}
	sp := *app.sp
	if rows != nil {
		sp.Attributes, err = *rows, within("mapping", mapping.Check(*rows))
		if err == nil {
			err = o.SAML.Complete(&sp, o.Dev)
		}
	}
	return func(subject string) (mapping.Preview, error) { return o.Previews.ServiceProvider(ctx, sp, subject) }, err
}

func (o acting) previewed(ctx context.Context, who string) (idp.Person, error) {
	u, err := o.Records.User(ctx, who)
	switch {
	case err == nil:
		if who, err = o.subjectOf(ctx, u.ID); err != nil {
			return idp.Person{}, err
		}
	case !errors.Is(err, idp.ErrNotFound):
		return idp.Person{}, err
	}
	person, err := o.People.Find(ctx, who)
	if errors.Is(err, idp.ErrNotFound) {
		return person, idp.Errorf(idp.Invalid, "No directory knows this person: give a user name, the id of a built-in user, or a subject.").On("user").Because(err)
	}
	return person, err
}

type previewInput struct {
	Caller
	ID   string `path:"id" maxLength:"256" doc:"client_id, or the app of a service provider."`
	Body PreviewRequest
}

func (a *Admin) previewRoutes(api huma.API) {
	handleFor(api, Actor.AppsReader, http.MethodPost, "/apps/{id}/preview", "preview-app", "Show what an app would be told about a person, and where each value comes from", http.StatusOK,
		func(ctx context.Context, o AppsReader, in *previewInput) (*struct{ Body Preview }, error) {
			p, err := o.Preview(ctx, in.ID, in.Body)
			return &struct{ Body Preview }{p}, err
		})
}
