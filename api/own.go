package api

import (
	"context"
	"errors"

	"cloudsso/idp"
)

// client reads a client that the actor may see. One that is not theirs is as good as
// none: its name is nobody else's business.
func (o acting) client(ctx context.Context, id string) (idp.Client, error) {
	if !o.own.has(id) {
		return idp.Client{}, missing(idp.ErrNotFound, "client", id)
	}
	c, err := o.Records.Client(ctx, id)
	return c, missing(err, "client", id)
}

// serviceProvider is client for service providers.
func (o acting) serviceProvider(ctx context.Context, app string) (idp.ServiceProvider, error) {
	if !o.own.has(app) {
		return idp.ServiceProvider{}, missing(idp.ErrNotFound, "service provider", app)
	}
	sp, err := o.Records.ServiceProvider(ctx, app)
	return sp, missing(err, "service provider", app)
}

// among lists apps of one kind: all of them, or those that the actor may see. list and
// read are the store's, which sorts by the name that a set of apps sorts by.
func among[T any](ctx context.Context, own appSet, p idp.Page, read func(context.Context, string) (T, error), list func(context.Context, idp.Page) ([]T, error)) (rows []T, err error) {
	if !own.confined {
		return list(ctx, p)
	}
	for _, app := range own.apps {
		if app <= p.After || len(rows) == p.Limit {
			continue
		}
		switch v, err := read(ctx, app); {
		case err == nil:
			rows = append(rows, v)
		case !errors.Is(err, idp.ErrNotFound): // of another kind, or deleted
			return nil, err
		}
	}
	return rows, nil
}

// tokenApp is client for signed-token apps.
func (o acting) tokenApp(ctx context.Context, app string) (idp.TokenApp, error) {
	if !o.own.has(app) {
		return idp.TokenApp{}, missing(idp.ErrNotFound, "token app", app)
	}
	a, err := o.Records.TokenApp(ctx, app)
	return a, missing(err, "token app", app)
}
