package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

const (
	prefix   = "/api/v1"
	maxBody  = 1 << 20
	bodyTime = 10 * time.Second
)

// Handler answers every path below /api/v1; paths reach it with that prefix. It is made
// at the first call: that takes longer than all else of a start, and few nodes get one.
func (a *Admin) Handler() http.Handler {
	made := sync.OnceValue(a.handler)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { made().ServeHTTP(w, r) })
}

func (a *Admin) handler() http.Handler {
	mux := http.NewServeMux()
	doc := a.register(mux)
	if a.Issuer != "" {
		doc.Servers = []*huma.Server{{URL: a.Issuer}}
	}
	openapi := sync.OnceValue(func() []byte { return document(doc) })
	mux.HandleFunc("GET "+prefix+"/openapi.json", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.oai.openapi+json;version=3.1")
		w.Header().Set("Cache-Control", "max-age=300")
		w.Write(openapi())
	})
	return a.idempotent(orProblem(mux))
}

// register puts every operation on the mux and returns the document about them.
func (a *Admin) register(mux *http.ServeMux) *huma.OpenAPI {
	format := huma.Format{Marshal: marshal, Unmarshal: a.schemas.unmarshal}
	config := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{Title: "cloudsso admin API", Version: "1", Description: "Errors are RFC 9457 problem details. Reads answer with an ETag; writes honour If-Match. " +
				"PATCH takes a JSON merge patch (RFC 7396): members with the value null go back to their default. x-roles of an operation names the roles that may call it."},
			Components: &huma.Components{Schemas: newRegistry(), SecuritySchemes: map[string]*huma.SecurityScheme{
				"token": {Type: "http", Scheme: "bearer", Description: "An admin token of \"cloudsso token create\"."},
			}},
			Security: []map[string][]string{{"token": {}}},
		},
		Formats:                      map[string]huma.Format{"application/json": format, "json": format},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{reword},
	}
	api := humago.New(mux, config)
	api.UseMiddleware(a.guard)
	a.adminRoutes(api)
	a.clientRoutes(api)
	a.serviceProviderRoutes(api)
	a.tokenAppRoutes(api)
	a.appRoutes(api)
	a.appPeopleRoutes(api)
	a.userRoutes(api)
	a.groupRoutes(api)
	a.memberRoutes(api)
	a.peopleRoutes(api)
	a.personAccessRoutes(api)
	a.directoryRoutes(api)
	a.readRoutes(api)
	a.traceRoutes(api)
	a.exportRoutes(api)
	a.deliveryRoutes(api)
	a.keyRoutes(api)
	a.previewRoutes(api)
	a.columnRoutes(api)
	a.verifyRoutes(api)
	a.presetRoutes(api)
	a.applyRoutes(api)
	return api.OpenAPI()
}

// marshal writes JSON whole or not at all. A caller who is gone is not an error.
func marshal(w io.Writer, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	w.Write(b.Bytes())
	return nil
}

// caller is an input that knows who is calling.
type caller[I any] interface {
	*I
	who() Actor
}

// handleFor registers one operation, for whoever can get the handle that it needs, and
// words its errors.
func handleFor[H, I, O any, P caller[I]](api huma.API, as func(Actor) (H, error), method, path, id, summary string, status int, run func(context.Context, H, *I) (*O, error)) {
	op := huma.Operation{
		Method: method, Path: prefix + path, OperationID: id, Summary: summary, DefaultStatus: status,
		MaxBodyBytes: maxBody, BodyReadTimeout: bodyTime, Responses: problemResponses(api.OpenAPI()),
		Middlewares: huma.Middlewares{permit(as)}, Extensions: map[string]any{"x-roles": allowed(as)},
	}
	huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
		h, err := as(P(in).who())
		if err != nil {
			return nil, problemOf(ctx, err)
		}
		out, err := run(ctx, h, in)
		if err != nil {
			return nil, problemOf(ctx, err)
		}
		return out, nil
	})
}

// allowed names the roles that can get a handle.
func allowed[H any](as func(Actor) (H, error)) (names []string) {
	for _, r := range roles() {
		if _, err := as(Actor{admin: &Admin{}, role: r}); err == nil {
			names = append(names, r.name)
		}
	}
	return names
}

// orProblem answers for paths and methods that the mux does not know.
func orProblem(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		answer := &discard{header: http.Header{}}
		h.ServeHTTP(answer, r)
		detail := "There is nothing at this address. " + prefix + "/openapi.json lists what there is."
		if answer.status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", answer.header.Get("Allow"))
			detail = "This address takes " + answer.header.Get("Allow") + "."
		} else {
			answer.status = http.StatusNotFound
		}
		writeProblemTo(w, newProblem(r.Context(), answer.status, detail))
	})
}

// discard keeps what the mux would have answered apart from its text.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(status int)      { d.status = status }
