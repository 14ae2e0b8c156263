package console

import (
	"slices"
	"strings"

	"cloudsso/api"
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
	graded, err := reader.LintAll(v.r.Context())
	if err != nil {
		return err
	}
	q := v.r.URL.Query()
	p := appsPage{Search: appSearch(q.Get("q"), q.Get("kind")), Table: Table{
		Caption: "Apps", Columns: []string{"Name", "Kind", "Grade", "Id"}, Empty: "There are no such apps.",
	}}
	slices.SortStableFunc(graded.Items, func(a, b api.Lint) int {
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	for _, l := range graded.Items {
		if text := strings.ToLower(l.Name + " " + l.App); !strings.Contains(text, strings.ToLower(strings.TrimSpace(q.Get("q")))) || q.Get("kind") != "" && q.Get("kind") != l.Kind {
			continue
		}
		a := openApp{ID: l.App}
		grade := gradeCell(l.Grade)
		p.Table.Rows = append(p.Table.Rows, []Cell{{Text: l.Name, Link: a.path("handover")}, {Text: kindText(l.Kind)}, grade, {Text: l.App, Code: true}})
	}
	_, notMaker := v.actor.AppsMaker()
	p.Add = notMaker == nil
	return v.show("apps", "Apps", p)
}

func appSearch(q, kind string) Form {
	return Form{ID: "search", Action: "/admin/apps", Get: true, Submit: "Show", Fields: []Field{
		{Name: "q", Label: "Name or id", Value: q},
		{Name: "kind", Label: "Kind", Kind: "select", Value: kind, Options: []Option{
			{"", "All"}, {"client", kindText("client")}, {"service_provider", kindText("service_provider")}, {"token_app", kindText("token_app")},
		}},
	}}
}
