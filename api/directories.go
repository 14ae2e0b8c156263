package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"cloudsso/idp"
	"cloudsso/userdir"
)

// Directories are the sources of people that the configuration names.
type Directories interface {
	Health(ctx context.Context) []userdir.Health
	Columns(ctx context.Context, directory string, ref userdir.Ref) ([]userdir.Column, error)
	LookupIn(ctx context.Context, directory string, ref userdir.Ref) (userdir.User, error)
}

// Directory is the answer about one directory.
type Directory struct {
	ID      string   `json:"id"`
	Kind    string   `json:"kind" enum:"local,file,ldap,http,imis,sql"`
	Domains []string `json:"domains,omitempty" doc:"Logins that end in @domain are asked here only."`
	Status  string   `json:"status" enum:"ok,down" doc:"Whether it answered just now."`
	Took    int64    `json:"took_ms" doc:"How long the answer took."`
	Problem string   `json:"problem,omitempty" doc:"What is wrong, when it is down."`
	Field   string   `json:"field,omitempty" doc:"The field of its answer that cannot be used."`
	Queries bool     `json:"queries" doc:"Whether applications can name a query of its own (profile_query)."`
}

// ListDirectories lists the directories in the order in which they are asked, each with
// whether it answers.
func (o PeopleReader) ListDirectories(ctx context.Context) (List[Directory], error) {
	out := List[Directory]{Items: []Directory{}}
	for _, h := range o.Directories.Health(ctx) {
		d := Directory{ID: h.ID, Kind: h.Kind, Domains: h.Domains, Status: "ok", Took: h.Took.Milliseconds(), Queries: h.Queries}
		if h.Err != nil {
			e := idp.AsError(h.Err)
			d.Status, d.Problem, d.Field = "down", e.Public, e.Field
			// The admin who looks at this is who mends it.
			if e.Code == idp.Unavailable {
				d.Problem = "The directory does not answer, or not with what is expected. The log has the cause."
			}
		}
		out.Items = append(out.Items, d)
	}
	return out, nil
}

// Validation is the body of POST /directories/{id}/validate.
type Validation struct {
	Query string `json:"query,omitempty" maxLength:"256" doc:"Name of a query, as in profile_query. Default: the directory's usual one."`
	User  string `json:"user" minLength:"1" maxLength:"256" doc:"User name or address of a person to try it with."`
}

// Column is one column that a query gives.
type Column struct {
	Name   string   `json:"name" doc:"The attribute's name, as mapping rows take it in from."`
	Type   string   `json:"type" enum:"text,number,boolean,object"`
	Values int      `json:"values" doc:"How many values there were."`
	Sample []string `json:"sample" nullable:"false" doc:"The first of them, as text."`
}

// Validate runs a query of a directory for one person and shows its columns. What
// somebody's data looked like is on record: an admin has read it.
func (o PeopleReader) Validate(ctx context.Context, directory string, in Validation) (List[Column], error) {
	columns, err := o.Directories.Columns(ctx, directory, userdir.Ref{Login: in.User, Profile: in.Query})
	if err != nil {
		return List[Column]{}, invalidQuery(err)
	}
	return viewColumns(columns), o.record(ctx, idp.Event{Name: idp.EventDirectoryTried, Detail: map[string]string{"directory": directory, "query": in.Query, "user": in.User}})
}

// invalidQuery gives the fields of a directory the names that they have in the request,
// and says what field of an answer is at fault.
func invalidQuery(err error) error {
	e := idp.AsError(err)
	if field, ok := map[string]string{"profile": "body.query", "login": "user"}[e.Field]; ok && e.Code == idp.Invalid {
		return e.On(field)
	}
	if errors.Is(err, userdir.ErrMalformed) && e.Field != "" {
		return idp.Errorf(idp.Invalid, "The directory's answer cannot be used because of its field %s.", e.Field).On("body.query").Because(err)
	}
	return err
}

type (
	directoriesInput struct{ Caller }
	validateInput    struct {
		Caller
		ID   string `path:"id" maxLength:"256"`
		Body Validation
	}
)

func (a *Admin) directoryRoutes(api huma.API) {
	handleFor(api, Actor.PeopleReader, http.MethodGet, "/directories", "list-directories", "List the directories, each with whether it answers", http.StatusOK,
		func(ctx context.Context, o PeopleReader, in *directoriesInput) (*many[Directory], error) {
			l, err := o.ListDirectories(ctx)
			return &many[Directory]{l}, err
		})
	handleFor(api, Actor.PeopleReader, http.MethodPost, "/directories/{id}/validate", "validate-query", "Try a query of a directory with one person: its columns", http.StatusOK,
		func(ctx context.Context, o PeopleReader, in *validateInput) (*many[Column], error) {
			l, err := o.Validate(ctx, in.ID, in.Body)
			return &many[Column]{l}, err
		})
}
