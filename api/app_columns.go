package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"cloudsso/idp"
	"cloudsso/userdir"
)

// ColumnsRequest is the body of POST /apps/{id}/columns.
type ColumnsRequest struct {
	User string `json:"user" minLength:"1" maxLength:"256" doc:"Whose columns: user name, id of a built-in user, or subject."`
}

// Columns lists what the directory gives an app about a person, for mapping rows to pick
// from: by the app's own query, if it has one.
func (o AppsReader) Columns(ctx context.Context, app, who string) (List[Column], error) {
	found, err := o.app(ctx, app)
	if err != nil {
		return List[Column]{}, err
	}
	person, err := o.readable(ctx, who)
	if err != nil {
		return List[Column]{}, err
	}
	columns := userdir.ColumnsOf(person.Attributes)
	if query := found.profileQuery(); query != "" {
		switch own, err := o.Directories.Columns(ctx, person.Directory, userdir.Ref{Login: person.Login, Profile: query}); {
		case err == nil:
			columns = own
		case idp.AsError(err).Code != idp.Invalid: // a directory without queries gives the usual ones
			return List[Column]{}, err
		}
	}
	return viewColumns(columns), o.recordReading(ctx, person.Subject, app)
}

func (a anyApp) profileQuery() string {
	switch {
	case a.client != nil:
		return a.client.ProfileQuery
	case a.sp != nil:
		return a.sp.ProfileQuery
	}
	return ""
}

func viewColumns(columns []userdir.Column) List[Column] {
	out := List[Column]{Items: []Column{}}
	for _, c := range columns {
		v := Column{Name: c.Name, Type: c.Type, Values: c.Values, Sample: []string{}}
		for _, s := range c.Sample {
			v.Sample = append(v.Sample, idp.Text(s))
		}
		out.Items = append(out.Items, v)
	}
	return out
}

// readable finds somebody whose data the actor may read.
func (o AppsReader) readable(ctx context.Context, who string) (idp.Person, error) {
	if o.People == nil {
		return idp.Person{}, idp.Errorf(idp.Unavailable, "A preview needs the running server.")
	}
	person, err := o.previewed(ctx, who)
	if err != nil {
		return idp.Person{}, err
	}
	// Attack: an app admin tries rows until they have read everybody's data.
	if o.rights&readPeople == 0 && (o.subject == "" || person.Subject != o.subject) {
		return idp.Person{}, idp.Errorf(idp.Forbidden, "You may try this with your own account only.")
	}
	return person, nil
}

const (
	ticketReading = "preview_reading"
	// readingFor is how long an admin reads somebody's data for an app before that is on
	// record again: the console asks with every key that is pressed.
	readingFor = 10 * time.Minute
)

// recordReading puts on record that an admin reads somebody's data.
func (o acting) recordReading(ctx context.Context, subject, app string) error {
	id := idp.HashSecret(strings.Join([]string{o.actor, subject, app}, "\n"))
	t := idp.Ticket{Kind: ticketReading, ID: id, Data: []byte("{}"), CreatedAt: o.now(), ExpiresAt: o.now().Add(readingFor)}
	if err := o.Tickets.CreateTicket(ctx, t); errors.Is(err, idp.ErrConflict) {
		return nil
	} else if err != nil {
		return err
	}
	err := o.record(ctx, idp.Event{Name: idp.EventAppPreviewed, Subject: subject, App: app})
	if err != nil { // not on record after all
		_, takeErr := o.Tickets.TakeTicket(ctx, ticketReading, id)
		return cmp.Or(err, takeErr)
	}
	return nil
}

type columnsInput struct {
	Caller
	ID   string `path:"id" maxLength:"256" doc:"client_id or slug."`
	Body ColumnsRequest
}

func (a *Admin) columnRoutes(api huma.API) {
	handleFor(api, Actor.AppsReader, http.MethodPost, "/apps/{id}/columns", "list-app-columns", "List what the directory gives an app about a person, for mapping rows", http.StatusOK,
		func(ctx context.Context, o AppsReader, in *columnsInput) (*many[Column], error) {
			l, err := o.Columns(ctx, in.ID, in.Body.User)
			return &many[Column]{l}, err
		})
}
