package api

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"cloudsso/idp"
)

const (
	ticketHandover     = "handover"
	ticketHandoverEnds = "handover-ends" // by app: the generation of its links that are alive
	handoverTTL        = 14 * 24 * time.Hour
	maxHandoverTTL     = 90 * 24 * time.Hour
	handoverEndsTTL    = 10 * 365 * 24 * time.Hour // longer than any link, also one made much later
)

// HandoverShare is the body of POST /apps/{id}/handover/share.
type HandoverShare struct {
	ExpiresIn int64 `json:"expires_in,omitempty" minimum:"300" maximum:"7776000" doc:"Seconds that the link lives. Default 14 days."`
}

// HandoverLink shows a hand-over sheet to whoever has it; never a secret.
type HandoverLink struct {
	URL       string    `json:"url" doc:"Shown once."`
	ExpiresAt time.Time `json:"expires_at"`
}

// sharedHandover is what the ticket of a link holds: the sheet itself is always today's.
// Generation names the links of an app that end together; which one is alive stands in a
// ticket of the app.
type sharedHandover struct {
	App        string `json:"app"`
	Generation string `json:"generation,omitempty"`
}

// ShareHandover makes a read-only link to an app's hand-over sheet.
func (o AppsWriter) ShareHandover(ctx context.Context, app string, in HandoverShare) (HandoverLink, error) {
	ttl := time.Duration(in.ExpiresIn) * time.Second
	switch {
	case ttl < 0 || ttl > maxHandoverTTL:
		return HandoverLink{}, idp.Errorf(idp.Invalid, "A link lives 300 seconds to 90 days.").On("expires_in")
	case ttl == 0:
		ttl = handoverTTL
	}
	if _, err := o.Handover(ctx, app, ""); err != nil {
		return HandoverLink{}, err
	}
	_, alive, err := o.sharedHandovers(ctx, app)
	if err != nil {
		return HandoverLink{}, err
	}
	data, err := json.Marshal(alive)
	if err != nil {
		return HandoverLink{}, err
	}
	token, end := idp.NewSecret(), o.now().Add(ttl)
	if err := o.record(ctx, idp.Event{Name: idp.EventHandoverShared, App: app, Detail: map[string]string{"until": end.Format(time.RFC3339)}}); err != nil {
		return HandoverLink{}, err
	}
	t := idp.Ticket{Kind: ticketHandover, ID: idp.HashSecret(token), Data: data, Version: 1, CreatedAt: o.now(), ExpiresAt: end}
	return HandoverLink{o.Issuer + "/handover/" + token, end}, o.Tickets.CreateTicket(ctx, t)
}

// SharedHandover returns the sheet of a link, and when the link ends.
func (a *Admin) SharedHandover(ctx context.Context, token string) (Handover, time.Time, error) {
	over := idp.Errorf(idp.Expired, "This link does not exist, or its time is over. Ask whoever sent it for a new one.")
	t, s, err := ticketWith[sharedHandover](ctx, a.Tickets, ticketHandover, idp.HashSecret(token), over)
	if err != nil {
		return Handover{}, time.Time{}, err
	}
	_, alive, err := a.sharedHandovers(ctx, s.App)
	if err == nil && s != alive {
		err = over
	}
	if err != nil {
		return Handover{}, time.Time{}, err
	}
	h, err := a.handover(ctx, s.App, "")
	return h, t.ExpiresAt, err
}

// EndHandoverLinks ends every link to an app's hand-over sheet that was made so far, for
// one that went to the wrong person.
func (o AppsWriter) EndHandoverLinks(ctx context.Context, app string) error {
	if _, err := o.Handover(ctx, app, ""); err != nil {
		return err
	}
	if err := o.record(ctx, idp.Event{Name: idp.EventHandoverEnded, App: app}); err != nil {
		return err
	}
	t, _, err := o.sharedHandovers(ctx, app)
	if err != nil {
		return err
	}
	if t.Data, err = json.Marshal(sharedHandover{app, idp.NewID()}); err != nil {
		return err
	}
	t.ExpiresAt = o.now().Add(handoverEndsTTL)
	if t.Version > 0 {
		err = o.Tickets.UpdateTicket(ctx, t)
	} else {
		t.Kind, t.ID, t.Version, t.CreatedAt = ticketHandoverEnds, app, 1, o.now()
		err = o.Tickets.CreateTicket(ctx, t)
	}
	if errors.Is(err, idp.ErrConflict) { // another admin has ended them at this moment
		return nil
	}
	return err
}

// sharedHandovers is what the links of an app hold that are alive, and the ticket that
// says so: the zero one as long as none were ended.
func (a *core) sharedHandovers(ctx context.Context, app string) (t idp.Ticket, alive sharedHandover, err error) {
	t, alive, err = ticketWith[sharedHandover](ctx, a.Tickets, ticketHandoverEnds, app, nil)
	alive.App = app
	return t, alive, err
}
