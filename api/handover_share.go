package api

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"cloudsso/idp"
)

const (
	ticketHandover = "handover"
	handoverTTL    = 14 * 24 * time.Hour
	maxHandoverTTL = 90 * 24 * time.Hour
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

// sharedHandover is what a ticket holds: the sheet itself is always today's.
type sharedHandover struct {
	App string `json:"app"`
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
	data, err := json.Marshal(sharedHandover{app})
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
	t, err := a.Tickets.Ticket(ctx, ticketHandover, idp.HashSecret(token))
	if errors.Is(err, idp.ErrNotFound) {
		err = idp.Errorf(idp.Expired, "This link does not exist, or its time is over. Ask whoever sent it for a new one.")
	}
	var s sharedHandover
	if err == nil {
		err = json.Unmarshal(t.Data, &s)
	}
	if err != nil {
		return Handover{}, time.Time{}, err
	}
	h, err := a.handover(ctx, s.App, "")
	return h, t.ExpiresAt, err
}
