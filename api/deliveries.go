package api

import (
	"context"
	"time"

	"cloudsso/idp"
)

// LogoutDelivery is the receipt of one message that tells an app of the end of a session.
type LogoutDelivery struct {
	ID        string     `json:"id"`
	App       string     `json:"app"`
	Subject   string     `json:"subject,omitempty"`
	SID       string     `json:"sid,omitempty"`
	URL       string     `json:"url" doc:"Where it goes, as it was when the session ended."`
	State     string     `json:"state" enum:"pending,delivered,failed"`
	Attempts  int        `json:"attempts"`
	Result    string     `json:"result,omitempty" doc:"Of the last attempt."`
	NextAt    *time.Time `json:"next_at,omitempty" doc:"When it is tried again."`
	DoneAt    *time.Time `json:"done_at,omitempty"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt time.Time  `json:"expires_at" doc:"The receipt is kept until then."`
}

func viewDelivery(d idp.Delivery) LogoutDelivery {
	v := LogoutDelivery{
		ID: d.ID, App: d.App, Subject: d.Subject, SID: d.SID, URL: d.URL, State: "pending", Attempts: d.Attempts,
		Result: d.Result, NextAt: &d.NextAt, CreatedAt: d.CreatedAt, ExpiresAt: d.ExpiresAt,
	}
	switch {
	case d.Delivered():
		v.State, v.NextAt, v.DoneAt = "delivered", nil, &d.DoneAt
	case !d.DoneAt.IsZero():
		v.State, v.NextAt, v.DoneAt = "failed", nil, &d.DoneAt
	}
	return v
}

// LogoutDeliveries lists the receipts, newest first; app "" means all that
// the actor may see.
func (o EventsReader) LogoutDeliveries(ctx context.Context, app string, p Paging) (List[LogoutDelivery], error) {
	page, err := p.page("logout-deliveries")
	if err != nil {
		return List[LogoutDelivery]{}, err
	}
	if app, err = o.oneApp(app); err != nil {
		return List[LogoutDelivery]{}, err
	}
	rows, err := o.Records.Deliveries(ctx, app, page)
	return list(p, rows, func(d idp.Delivery) string { return d.ID }, viewDelivery), err
}
