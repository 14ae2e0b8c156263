package api

import (
	"context"
	"errors"
	"time"

	"cloudsso/idp"
)

const (
	ticketNewApp = "new_app"
	newAppTTL    = 24 * time.Hour
)

// CreateAppOnce is CreateApp for a form: one that is sent twice, by a double click or a
// reload, makes one app. key names the form.
func (o AppsMaker) CreateAppOnce(ctx context.Context, in NewApp, key string) (App, error) {
	t := idp.Ticket{Kind: ticketNewApp, ID: idp.HashSecret(o.actor + "\x00" + key), Data: []byte("{}"), Version: 1, CreatedAt: o.now(), ExpiresAt: o.now().Add(newAppTTL)}
	if err := o.Tickets.CreateTicket(ctx, t); errors.Is(err, idp.ErrConflict) {
		return App{}, idp.Errorf(idp.Conflict, "This form was sent already, and the app is made: it is in the list of apps. If it has a secret that you did not see, make another there.")
	} else if err != nil {
		return App{}, err
	}
	app, err := o.CreateApp(ctx, in, false)
	if err != nil {
		// The form can be mended and sent again, though its sender may have gone meanwhile.
		_, forgotten := o.Tickets.TakeTicket(context.WithoutCancel(ctx), t.Kind, t.ID)
		return app, errors.Join(err, forgotten)
	}
	return app, nil
}
