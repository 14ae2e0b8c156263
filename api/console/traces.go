package console

import (
	"strings"

	"cloudsso/api"
	"cloudsso/idp"
)

type tracesPage struct {
	Search Form
	Asked  bool
	Facts  []Fact
	Steps  *Table
	None   string // why there is no trace
	Table  *Table
}

// traces shows what is known of one request by its support code: its trace, and its Events.
func traces(v *visit) error {
	reader, err := v.actor.EventsReader()
	if err != nil {
		return err
	}
	code := strings.ToUpper(strings.TrimSpace(v.r.URL.Query().Get("support_code")))
	p := tracesPage{Asked: code != "", Search: Form{ID: "search", Action: "/admin/traces", Get: true, Submit: "Open", Fields: []Field{
		{Name: "support_code", Label: "Support code", Value: code, Help: "Error pages show it, such as K7QF-2M9D."},
	}}}
	if !p.Asked {
		return v.show("traces", "Traces", p)
	}
	switch t, err := reader.Trace(v.r.Context(), code); {
	case err == nil:
		p.Facts, p.Steps = traceFacts(t), traceSteps(t)
	case idp.AsError(err).Code == idp.NotFound:
		p.None = idp.AsError(err).Public
	default:
		return err
	}
	l, err := reader.Events(v.r.Context(), api.EventQuery{Support: code, App: v.r.URL.Query().Get("app")}, api.Paging{Limit: 200})
	if err != nil && !api.Typed(err) { // an admin of several apps: the trace is enough
		return err
	}
	t := v.eventTable(l.Items)
	p.Table = &t
	return v.show("traces", "Traces", p)
}

func traceFacts(t api.Trace) []Fact {
	facts := []Fact{{"Began", Cell{Text: when(t.StartedAt)}}, {"Protocol", Cell{Text: t.Protocol}}, {"App", Cell{Text: t.App}}, {"Person", Cell{Text: t.Subject, Code: true}}, {"Kept until", Cell{Text: when(t.ExpiresAt)}}}
	for i := range facts {
		if facts[i].Text == "" {
			facts[i].Cell = Cell{Text: "not known"}
		}
	}
	return facts
}

func traceSteps(t api.Trace) *Table {
	out := Table{Caption: "Steps", Columns: []string{"Time", "Step", "Result", "Expected", "Received", "More"}, Empty: "Nothing was noted."}
	badges := map[string]string{"passed": "good", "failed": "bad", "received": "plain", "noted": "plain", "answered": "plain"}
	for _, s := range t.Steps {
		var more []string
		for _, text := range []string{s.Text, s.Cause} {
			if text != "" {
				more = append(more, text)
			}
		}
		for _, value := range s.Values {
			more = append(more, value.Name+"="+value.Text)
		}
		out.Rows = append(out.Rows, []Cell{
			{Text: s.At.UTC().Format("15:04:05.000")}, {Text: s.Name}, {Text: s.Result, Badge: badges[s.Result]}, {Text: s.Expected}, {Text: s.Received}, {Text: strings.Join(more, " · ")},
		})
	}
	return &out
}
