package console

import (
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"cloudsso/api"
	"cloudsso/idp"
)

type eventsPage struct {
	Search   Form
	Filtered bool
	Table    Table
	Export   string
	Fault    string
}

// eventInputs are the filters, as they stand in the address.
func eventInputs() []string {
	return []string{"name", "subject", "app", "support_code", "since", "until"}
}

// eventQuery reads the filters. Times are UTC, as a browser's datetime-local sends them.
func eventQuery(q url.Values) (out api.EventQuery, err error) {
	out = api.EventQuery{
		Name: strings.TrimSpace(q.Get("name")), Subject: strings.TrimSpace(q.Get("subject")),
		App: strings.TrimSpace(q.Get("app")), Support: strings.ToUpper(strings.TrimSpace(q.Get("support_code"))),
	}
	for name, t := range map[string]*time.Time{"since": &out.Since, "until": &out.Until} {
		text := q.Get(name)
		if text == "" {
			continue
		}
		if *t, err = time.Parse("2006-01-02T15:04", text); err != nil {
			return out, idp.Errorf(idp.Invalid, "Expected a date and a time.").On("?" + name)
		}
	}
	return out, nil
}

// events lists the audit log.
func events(v *visit) error {
	reader, err := v.actor.EventsReader()
	if err != nil {
		return err
	}
	q := v.r.URL.Query()
	p := eventsPage{Search: eventSearch(q)}
	query, err := eventQuery(q)
	var l api.List[idp.Event]
	if err == nil {
		l, err = reader.Events(v.r.Context(), query, api.Paging{Limit: 50, Cursor: q.Get("cursor")})
	}
	if api.Typed(err) {
		p.Fault, p.Filtered = api.Faults(err)[0].Public, true
		v.write(http.StatusUnprocessableEntity, "events", "Events", p)
		return nil
	}
	if err != nil {
		return err
	}
	filters := url.Values{}
	for _, name := range eventInputs() {
		if q.Get(name) != "" {
			p.Filtered = true
			filters.Set(name, q.Get(name))
		}
	}
	p.Export = "/admin/events.jsonl?" + filters.Encode()
	p.Table = v.eventTable(l.Items)
	if l.NextCursor != "" {
		filters.Set("cursor", l.NextCursor)
		p.Table.Next = "/admin/events?" + filters.Encode()
	}
	return v.show("events", "Events", p)
}

func eventSearch(q url.Values) Form {
	f := Form{ID: "search", Action: "/admin/events", Get: true, Submit: "Show", Fields: []Field{
		{Name: "name", Label: "Name", Help: "Such as login.failure."}, {Name: "subject", Label: "Person (subject)"},
		{Name: "app", Label: "App"}, {Name: "support_code", Label: "Support code"},
		{Name: "since", Label: "Since (UTC)", Kind: "datetime-local"}, {Name: "until", Label: "Until (UTC)", Kind: "datetime-local"},
	}}
	for i := range f.Fields {
		f.Fields[i].Value = q.Get(f.Fields[i].Name)
	}
	return f
}

func (v *visit) eventTable(list []idp.Event) Table {
	_, notPeople := v.actor.PeopleReader()
	t := Table{Caption: "Events", Columns: []string{"Time", "Name", "Person", "App", "Actor", "Details", "Support code"}, Empty: "There are no such events."}
	for _, e := range list {
		support, person, actor := Cell{Text: e.Support}, Cell{Text: shortKey(e.Subject)}, Cell{Text: e.Actor}
		if e.Support != "" {
			support.Link = "/admin/traces?" + url.Values{"support_code": {e.Support}}.Encode()
		}
		if subject, ok := strings.CutPrefix(e.Actor, "person:"); ok {
			actor.Text = "person:" + shortKey(subject)
			actor.Link = linkIf(notPeople == nil, personPath(subject))
		}
		if person.Link = linkIf(notPeople == nil && e.Subject != "", personPath(e.Subject)); person.Link == "" {
			person.Text = e.Subject
		}
		t.Rows = append(t.Rows, []Cell{{Text: when(e.Time)}, {Text: e.Name, Code: true}, person, {Text: e.App}, actor, {Text: details(e), Changes: api.Changes(e)}, support})
	}
	return t
}

func linkIf(may bool, path string) string {
	if may {
		return path
	}
	return ""
}

// details are the members of an Event, apart from those that say what was changed.
func details(e idp.Event) string {
	skip := []string{}
	if changes := api.Changes(e); changes != nil {
		skip = append(skip, "changed")
		for _, c := range changes {
			skip = append(skip, c.Field)
		}
	}
	var parts []string
	if e.IP != "" {
		parts = append(parts, "ip="+e.IP)
	}
	for _, name := range slices.Sorted(maps.Keys(e.Detail)) {
		if !slices.Contains(skip, name) {
			parts = append(parts, name+"="+e.Detail[name])
		}
	}
	return strings.Join(parts, " ")
}

// exportEvents downloads what the filters select, one JSON object a line.
func exportEvents(v *visit) error {
	reader, err := v.actor.EventsReader()
	if err != nil {
		return err
	}
	query, err := eventQuery(v.r.URL.Query())
	if err == nil {
		err = reader.CheckQuery(query)
	}
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/jsonl; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="events.jsonl"`)
	h.Set("Cache-Control", "no-store")
	enc := json.NewEncoder(v.w)
	enc.SetEscapeHTML(false)
	if err := reader.EachEvent(v.r.Context(), query, func(e idp.Event) error { return enc.Encode(e) }); err != nil {
		idp.Note(v.r.Context(), slog.String("cause", err.Error()))
		panic(http.ErrAbortHandler) // a download that is not whole must not look as if it were
	}
	return nil
}
