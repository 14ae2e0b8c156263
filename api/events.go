package api

import (
	"context"
	"errors"
	"time"

	"cloudsso/idp"
)

// EventQuery selects Events. What is set must all match.
type EventQuery struct {
	Name    string    `query:"name" maxLength:"100" doc:"Only Events of this name."`
	Subject string    `query:"subject" maxLength:"256" doc:"Only Events about this person."`
	App     string    `query:"app" maxLength:"256" doc:"Only Events about this app: a client_id or slug. App admins name one of theirs."`
	Support string    `query:"support_code" maxLength:"32" doc:"Only Events of the request with this support code."`
	Since   time.Time `query:"since" doc:"Only Events that are not older (RFC 3339)."`
	Until   time.Time `query:"until" doc:"Only Events that are older (RFC 3339)."`
}

// filter is the store's form. Somebody who is confined to their apps sees nothing else.
func (o EventsReader) filter(q EventQuery) (idp.EventFilter, error) {
	if !q.Since.IsZero() && !q.Until.IsZero() && !q.Since.Before(q.Until) {
		return idp.EventFilter{}, idp.Errorf(idp.Invalid, "There is no time between since and until: since must be the earlier one.").On("?since")
	}
	app, err := o.oneApp(q.App)
	if err != nil {
		return idp.EventFilter{}, err
	}
	return idp.EventFilter{Name: q.Name, Subject: q.Subject, App: app, Support: q.Support, Since: q.Since, Until: q.Until}, nil
}

// oneApp is the app to which a list is narrowed, "" for all. Who is confined to their apps
// names one of them, or has only one.
func (o acting) oneApp(app string) (string, error) {
	if o.own.confined && app == "" && len(o.own.apps) == 1 {
		return o.own.apps[0], nil
	}
	switch {
	case o.own.confined && app == "":
		return "", idp.Errorf(idp.Invalid, "Name one of your apps.").On("?app")
	case app != "" && !o.own.has(app):
		return "", idp.Errorf(idp.Invalid, "There is no app %q among yours.", app).On("?app")
	}
	return app, nil
}

// Events lists the audit log, newest first.
func (o EventsReader) Events(ctx context.Context, q EventQuery, p Paging) (List[idp.Event], error) {
	f, err := o.filter(q)
	if err != nil {
		return List[idp.Event]{}, err
	}
	page, err := p.page("events")
	if err != nil {
		return List[idp.Event]{}, err
	}
	rows, err := o.Records.Events(ctx, f, page)
	if errors.Is(err, idp.ErrNotFound) {
		err = errCursor
	}
	return list(p, rows, func(e idp.Event) string { return e.ID }, func(e idp.Event) idp.Event { return e }), err
}

// CheckQuery says beforehand what would be wrong with a query.
func (o EventsReader) CheckQuery(q EventQuery) error {
	_, err := o.filter(q)
	return err
}

// exportPage is how many Events are read at a time.
const exportPage = 500

// EachEvent calls f for every Event that matches, newest first, until f fails.
func (o EventsReader) EachEvent(ctx context.Context, q EventQuery, f func(idp.Event) error) error {
	filter, err := o.filter(q)
	if err != nil {
		return err
	}
	for after := ""; ; {
		rows, err := o.Records.Events(ctx, filter, idp.Page{After: after, Limit: exportPage})
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, e := range rows {
			if err := f(e); err != nil {
				return err
			}
		}
		after = rows[len(rows)-1].ID
	}
}
