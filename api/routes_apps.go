package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
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
