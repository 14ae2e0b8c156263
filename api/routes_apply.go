package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

type (
	exportDocumentsInput struct{ Caller }
	applyAnswer          struct{ Body Applied }
)

func (a *Admin) applyRoutes(api huma.API) {
	handleFor(api, Actor.Owner, http.MethodPost, "/apply", "apply-documents", "Make clients, service providers, users and groups what files say, or say what would change", http.StatusOK,
		func(ctx context.Context, o *Owner, in *createInput[ApplyRequest]) (*applyAnswer, error) {
			out, err := o.Apply(ctx, in.Body)
			return &applyAnswer{out}, err
		})
	handleFor(api, Actor.Owner, http.MethodGet, "/export", "export-documents", "Read everything as files have it, without secrets", http.StatusOK,
		func(ctx context.Context, o *Owner, _ *exportDocumentsInput) (*many[ExportedDocument], error) {
			l, err := o.Export(ctx)
			return &many[ExportedDocument]{l}, err
		})
}
