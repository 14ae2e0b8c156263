package api

import (
	"context"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"cloudsso/idp"
)

type appsInput struct {
	Caller
	AppQuery
	Paging
}

func (a *Admin) appRoutes(api huma.API) {
	handleFor(api, Actor.AppsReader, http.MethodGet, "/apps", "list-apps", "List or search the apps of all kinds, with how they are used", http.StatusOK,
		func(ctx context.Context, o AppsReader, in *appsInput) (*many[AppSummary], error) {
			l, err := o.Apps(ctx, in.AppQuery, in.Paging)
			return &many[AppSummary]{l}, err
		})
	handleFor(api, Actor.AppsReader, http.MethodGet, "/apps/{id}", "read-app", "Read an app of whatever kind, with how it is used", http.StatusOK,
		func(ctx context.Context, o AppsReader, in *readInput) (*one[AppSummary], error) {
			v, err := o.App(ctx, in.ID)
			return answer(v, v.version, err)
		})
	handleFor(api, Actor.AppsMaker, http.MethodDelete, "/apps/{id}", "delete-app", "Delete an app of whatever kind", http.StatusNoContent,
		func(ctx context.Context, o AppsMaker, in *deleteInput) (*nothing, error) {
			return nil, o.DeleteApp(ctx, in.ID, in.IfMatch)
		})
}

type (
	accessInput struct {
		Caller
		ID   string `path:"id" maxLength:"256" doc:"client_id or slug."`
		User string `query:"user" required:"true" minLength:"1" maxLength:"256" doc:"User name, id of a built-in user, or subject."`
	}
	appPeopleInput struct {
		Caller
		ID     string `path:"id" maxLength:"256" doc:"client_id or slug."`
		Format string `query:"format" enum:"json,csv" doc:"Default: what Accept says, json otherwise."`
		Accept string `header:"Accept" hidden:"true"`
	}
)

func (a *Admin) appPeopleRoutes(api huma.API) {
	handleFor(api, Actor.PeopleReader, http.MethodGet, "/apps/{id}/access", "explain-access", "Say why a person can or cannot sign in to an app", http.StatusOK,
		func(ctx context.Context, o PeopleReader, in *accessInput) (*onlyBody[Access], error) {
			v, err := o.Access(ctx, in.ID, in.User)
			return &onlyBody[Access]{v}, err
		})
	const path = "/apps/{id}/people"
	handleFor(api, Actor.PeopleReader, http.MethodGet, path, "report-app-people", "Report who can use an app, and who last did", http.StatusOK,
		func(ctx context.Context, o PeopleReader, in *appPeopleInput) (*huma.StreamResponse, error) {
			report, err := o.AppPeople(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			asCSV := in.Format == "csv" || in.Format == "" && strings.Contains(in.Accept, "text/csv")
			return &huma.StreamResponse{Body: func(ctx huma.Context) { sendPeople(ctx, in.ID, report, asCSV) }}, nil
		})
	doc := api.OpenAPI()
	doc.Paths[prefix+path].Get.Responses["200"] = &huma.Response{Description: "OK", Content: map[string]*huma.MediaType{
		"application/json": {Schema: doc.Components.Schemas.Schema(reflect.TypeFor[AppPeople](), true, "")},
		"text/csv":         {Schema: &huma.Schema{Type: huma.TypeString}},
	}}
}

func sendPeople(ctx huma.Context, app string, report AppPeople, asCSV bool) {
	ctx.SetHeader("Vary", "Accept")
	if !asCSV {
		ctx.SetHeader("Content-Type", "application/json")
		marshal(ctx.BodyWriter(), report)
		return
	}
	ctx.SetHeader("Content-Type", "text/csv; charset=utf-8")
	ctx.SetHeader("Content-Disposition", `attachment; filename="`+idp.Slug(app)+`-people.csv"`)
	_ = writeReport(ctx.BodyWriter(), report.Items) // whoever went away needs no report
}
