package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"cloudsso/idp"
)

type exportInput struct {
	Caller
	EventQuery
}

func (a *Admin) exportRoutes(api huma.API) {
	const path = "/events/export"
	handleFor(api, Actor.EventsReader, http.MethodGet, path, "export-events", "Download Events, one JSON object a line, newest first", http.StatusOK,
		func(ctx context.Context, o EventsReader, in *exportInput) (*huma.StreamResponse, error) {
			if err := o.CheckQuery(in.EventQuery); err != nil {
				return nil, err
			}
			return &huma.StreamResponse{Body: func(ctx huma.Context) { o.export(ctx, in.EventQuery) }}, nil
		})
	api.OpenAPI().Paths[prefix+path].Get.Responses["200"] = &huma.Response{
		Description: "OK", Content: map[string]*huma.MediaType{"text/jsonl": {Schema: &huma.Schema{Type: huma.TypeString}}},
	}
}

// export writes the lines. A fault in the middle cuts the connection off: a download that
// is not whole must not look as if it were.
func (o EventsReader) export(ctx huma.Context, q EventQuery) {
	ctx.SetHeader("Content-Type", "text/jsonl; charset=utf-8")
	ctx.SetHeader("Content-Disposition", `attachment; filename="events.jsonl"`)
	enc := json.NewEncoder(ctx.BodyWriter())
	enc.SetEscapeHTML(false)
	if err := o.EachEvent(ctx.Context(), q, func(e idp.Event) error { return enc.Encode(e) }); err != nil {
		idp.Note(ctx.Context(), slog.String("cause", err.Error()))
		panic(http.ErrAbortHandler)
	}
}
