package console

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"cloudsso/api"
)

type deliveriesPage struct {
	Search Form
	Table  Table
	Fault  string
}

// deliveries lists the receipts of the messages that tell apps of a sign-out.
func deliveries(v *visit) error {
	reader, err := v.actor.EventsReader()
	if err != nil {
		return err
	}
	q := v.r.URL.Query()
	app := strings.TrimSpace(q.Get("app"))
	p := deliveriesPage{Search: Form{ID: "search", Action: "/admin/deliveries", Get: true, Submit: "Show", Fields: []Field{
		{Name: "app", Label: "App", Value: app, Help: "A client id or slug. Empty: all."},
	}}}
	l, err := reader.LogoutDeliveries(v.r.Context(), app, api.Paging{Limit: 50, Cursor: q.Get("cursor")})
	if api.Typed(err) {
		p.Fault = api.Faults(err)[0].Public
		v.write(http.StatusUnprocessableEntity, "deliveries", "Sign-out deliveries", p)
		return nil
	}
	if err != nil {
		return err
	}
	p.Table = deliveryTable(l.Items)
	if l.NextCursor != "" {
		p.Table.Next = "/admin/deliveries?" + url.Values{"app": {app}, "cursor": {l.NextCursor}}.Encode()
	}
	return v.show("deliveries", "Sign-out deliveries", p)
}

func deliveryTable(list []api.LogoutDelivery) Table {
	t := Table{
		Caption: "Receipts", Columns: []string{"Time", "App", "Outcome", "Tries", "Last answer", "Next or done", "Address", "Person"},
		Empty: "No app was told of a sign-out yet. Receipts appear when somebody signs out of an app that asks to be told (back-channel logout).",
	}
	badges := map[string]string{"delivered": "good", "pending": "warn", "failed": "bad"}
	for _, d := range list {
		at, person := "", Cell{Text: shortKey(d.Subject)}
		if d.NextAt != nil {
			at = "again at " + when(*d.NextAt)
		}
		if d.DoneAt != nil {
			at = when(*d.DoneAt)
		}
		t.Rows = append(t.Rows, []Cell{
			{Text: when(d.CreatedAt)}, {Text: d.App}, {Text: d.State, Badge: badges[d.State]}, {Text: fmt.Sprint(d.Attempts)}, {Text: d.Result}, {Text: at}, {Text: d.URL}, person,
		})
	}
	return t
}
