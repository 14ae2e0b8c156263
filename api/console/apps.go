package console

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"cloudsso/api"
	"cloudsso/api/presets"
)

type appsPage struct {
	Search Form
	Table  Table
	Add    bool // the actor may
}

// apps lists the apps that the actor may see.
func apps(v *visit) error {
	reader, err := v.actor.AppsReader()
	if err != nil {
		return err
	}
	q := v.r.URL.Query()
	query := api.AppQuery{Query: strings.TrimSpace(q.Get("q")), Kind: q.Get("kind")}
	l, err := reader.Apps(v.r.Context(), query, api.Paging{Limit: 200, Cursor: q.Get("cursor")})
	if err != nil {
		return err
	}
	_, notMaker := v.actor.AppsMaker()
	p := appsPage{Search: appSearch(query), Add: notMaker == nil, Table: Table{
		Caption: "Apps", Columns: []string{"Name", "Kind", "State", "Last sign-in", "Last refusal", "Grade", "Id"}, Empty: noApps(query, notMaker == nil),
	}}
	slices.SortStableFunc(l.Items, func(a, b api.AppSummary) int {
		return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	for _, a := range l.Items {
		row, err := v.appRow(reader, a)
		if err != nil {
			return err
		}
		p.Table.Rows = append(p.Table.Rows, row)
	}
	if l.NextCursor != "" {
		p.Table.Next = "/admin/apps?" + url.Values{"q": {query.Query}, "kind": {query.Kind}, "cursor": {l.NextCursor}}.Encode()
	}
	return v.show("apps", "Apps", p)
}

func noApps(q api.AppQuery, maker bool) string {
	switch {
	case q != api.AppQuery{}:
		return "No app fits. Search for something else, or for all kinds."
	case maker:
		return "There are no apps yet. Add the first one: choose it from the list of known applications, or paste what it gave you."
	}
	return "There are no apps that you look after. An owner can name some for you."
}

func (v *visit) appRow(reader api.AppsReader, a api.AppSummary) ([]Cell, error) {
	lint, err := reader.Lint(v.r.Context(), a.App)
	return []Cell{
		{Text: a.Name, Link: (&openApp{ID: a.App}).path("handover")}, {Text: kindText(a.Kind)}, stateCell(a),
		momentCell(a.App, a.Status.LastSuccess), momentCell(a.App, a.Status.LastFailure), gradeCell(lint.Grade), {Text: a.App, Code: true},
	}, err
}

// stateCell says in a word how the app does.
func stateCell(a api.AppSummary) Cell {
	s := a.Status
	switch {
	case a.Disabled:
		return Cell{Text: "disabled", Badge: "bad"}
	case s.LastFailure != nil && (s.LastSuccess == nil || s.LastFailure.At.After(s.LastSuccess.At)):
		return Cell{Text: "last sign-in refused", Badge: "warn"}
	case s.State == "used":
		return Cell{Text: "in use", Badge: "good"}
	case s.State == "verified":
		return Cell{Text: "verified", Badge: "good"}
	}
	return Cell{Text: "never used", Badge: "plain"}
}

// momentCell is when something happened, with the way to its trace.
func momentCell(app string, m *api.AppMoment) Cell {
	if m == nil {
		return Cell{}
	}
	c := Cell{Text: when(m.At)}
	if m.Support != "" {
		c.Link = "/admin/traces?" + url.Values{"support_code": {m.Support}, "app": {app}}.Encode()
	}
	return c
}

func appSearch(q api.AppQuery) Form {
	kinds := []Option{{"", "All"}}
	for _, kind := range []string{presets.KindClient, presets.KindServiceProvider, presets.KindTokenApp} {
		kinds = append(kinds, Option{kind, kindText(kind)})
	}
	return Form{ID: "search", Action: "/admin/apps", Get: true, Submit: "Show", Fields: []Field{
		{Name: "q", Label: "Name or id", Kind: "search", Value: q.Query, Autocomplete: "off"},
		{Name: "kind", Label: "Kind", Kind: "select", Value: q.Kind, Options: kinds},
	}}
}
