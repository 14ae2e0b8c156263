package api

import (
	"context"
	"errors"

	"cloudsso/api/presets"
	"cloudsso/idp"
)

// anyApp is an app of one of the three kinds; exactly one is set.
type anyApp struct {
	client *idp.Client
	sp     *idp.ServiceProvider
	token  *idp.TokenApp
}

// app finds an app of whatever kind that the actor may see.
func (o acting) app(ctx context.Context, id string) (anyApp, error) {
	if !o.own.has(id) {
		return anyApp{}, missing(idp.ErrNotFound, "app", id)
	}
	return o.findApp(ctx, id)
}

func (a *core) findApp(ctx context.Context, id string) (anyApp, error) {
	c, err := a.Records.Client(ctx, id)
	if !errors.Is(err, idp.ErrNotFound) {
		return anyApp{client: &c}, err
	}
	sp, err := a.Records.ServiceProvider(ctx, id)
	if !errors.Is(err, idp.ErrNotFound) {
		return anyApp{sp: &sp}, err
	}
	t, err := a.Records.TokenApp(ctx, id)
	return anyApp{token: &t}, missing(err, "app", id)
}

func (a anyApp) id() string {
	switch {
	case a.client != nil:
		return a.client.ID
	case a.sp != nil:
		return a.sp.App
	}
	return a.token.App
}

func (a anyApp) kind() string {
	switch {
	case a.client != nil:
		return presets.KindClient
	case a.sp != nil:
		return presets.KindServiceProvider
	}
	return presets.KindTokenApp
}

func (a anyApp) version() int64 {
	switch {
	case a.client != nil:
		return a.client.Version
	case a.sp != nil:
		return a.sp.Version
	}
	return a.token.Version
}
