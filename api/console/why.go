package console

import (
	"cmp"
	"net/url"
	"strings"

	"cloudsso/api"
)

// why asks, and answers, why somebody cannot sign in to an app.
type why struct {
	Search   Form
	Verdict  *Cell
	Checks   Table
	Failures Table
}

// why answers for one person at one app; without a person it only asks.
func (v *visit) why(reader api.PeopleReader, at, app, user string) (*why, error) {
	w := &why{Search: Form{ID: "why", Action: at, Get: true, Submit: "Check", Fields: []Field{
		{Name: "user", Label: "Why can somebody not sign in?", Value: user, Autocomplete: "off", Help: "User name, address or subject of a person."},
	}}}
	if user == "" {
		return w, nil
	}
	return w, w.answer(v, reader, app, user)
}

func (w *why) answer(v *visit, reader api.PeopleReader, app, user string) error {
	a, err := reader.Access(v.r.Context(), app, user)
	if err != nil {
		return err
	}
	w.Verdict = &Cell{Text: user + " cannot sign in to " + a.Name, Badge: "bad"}
	if a.May {
		w.Verdict = &Cell{Text: user + " can sign in to " + a.Name, Badge: "good"}
	}
	w.Checks = Table{Caption: "Checks", Columns: []string{"Check", "Result", "Found", "What to do"}}
	badges := map[string]string{"passed": "good", "failed": "bad", "noted": "warn", "skipped": "plain"}
	for _, c := range a.Checks {
		w.Checks.Rows = append(w.Checks.Rows, []Cell{{Text: c.Check}, {Text: c.Result, Badge: badges[c.Result]}, {Text: c.Text}, {Text: c.Fix}})
	}
	w.Failures = Table{Caption: "What happened lately", Columns: []string{"Time", "Event", "Reason", "Support code"}, Empty: "Nothing is on record."}
	moments := a.Failures
	if a.Success != nil {
		moments = append(moments, *a.Success)
	}
	for _, m := range moments {
		w.Failures.Rows = append(w.Failures.Rows, []Cell{{Text: when(m.At)}, {Text: m.Event, Code: true}, {Text: m.Text}, traceCell(m.Support)})
	}
	return nil
}

func traceCell(support string) Cell {
	return Cell{Text: support, Link: linkIf(support != "", "/admin/traces?"+url.Values{"support_code": {support}}.Encode())}
}

type personAccessPage struct {
	Search Form
	Why    *why
}

// personAccess is the same from the other side: of a person, the app is asked for. The
// help desk, who sees no apps, has it here.
func personAccess(v *visit) error {
	reader, err := v.actor.PeopleReader()
	if err != nil {
		return err
	}
	subject, app := v.r.PathValue("id"), strings.TrimSpace(v.r.URL.Query().Get("app"))
	found, err := reader.FindPerson(v.r.Context(), subject)
	if err != nil {
		return err
	}
	p := personAccessPage{Search: *accessQuestion(subject, app)}
	if app != "" {
		p.Why = &why{}
		if err := p.Why.answer(v, reader, app, cmp.Or(found.Subject, subject)); err != nil {
			return err
		}
		p.Why.Verdict.Text = strings.Replace(p.Why.Verdict.Text, found.Subject, nameOf(found), 1)
	}
	return v.show("person_access", nameOf(found), p)
}

func accessQuestion(subject, app string) *Form {
	return &Form{ID: "why", Action: personPath(subject) + "/access", Get: true, Submit: "Check", Fields: []Field{
		{Name: "app", Label: "App", Value: app, Required: true, Autocomplete: "off", Help: "The app's client id or slug."},
	}}
}

type appPeoplePage struct {
	Note  string
	Table Table
	CSV   string
	Back  string
}

func (v *visit) appPeople() (api.AppPeople, error) {
	reader, err := v.actor.PeopleReader()
	if err != nil {
		return api.AppPeople{}, err
	}
	return reader.AppPeople(v.r.Context(), v.app.ID)
}

// appPeople reports who can use an app and who last did.
func appPeople(v *visit) error {
	v.app.tab = "access"
	report, err := v.appPeople()
	if err != nil {
		return err
	}
	p := appPeoplePage{Note: report.Note, CSV: v.app.path("people.csv"), Back: v.app.path("access"), Table: Table{
		Caption: "Who can use it, and who last did", Columns: []string{"User name", "Name", "Email", "Directory", "Status", "May use it", "Last used"}, Empty: "Nobody can use this app, and nobody has.",
	}}
	if !report.Complete {
		p.Note += " There are more people or sign-ins than one report reads."
	}
	for _, i := range report.Items {
		may, used := Cell{Text: "no", Badge: "bad"}, Cell{Text: "never"}
		if i.May {
			may = Cell{Text: "yes, " + i.By, Badge: "good"}
		}
		if i.LastUsed != nil {
			used = Cell{Text: when(*i.LastUsed), Link: traceCell(i.Support).Link}
		}
		p.Table.Rows = append(p.Table.Rows, []Cell{{Text: cmp.Or(i.Username, i.Subject), Link: personPath(i.Subject)}, {Text: i.Name}, {Text: i.Email}, {Text: i.Directory}, statusCell(string(i.Status)), may, used})
	}
	return v.showTab("app_people", p)
}

// appPeopleCSV downloads the same.
func appPeopleCSV(v *visit) error {
	report, err := v.appPeople()
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="people.csv"`)
	h.Set("Cache-Control", "no-store")
	return report.WriteCSV(v.w)
}
