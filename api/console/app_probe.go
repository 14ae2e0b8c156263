package console

import "cloudsso/api"

type probePage struct {
	Form   *Form
	Table  *Table
	Verify string // where the test sign-in is
}

// probeTab offers to look whether the app's own addresses can be reached.
func probeTab(v *visit) error { return v.probes(nil) }

func (v *visit) probes(results *Table) error {
	v.app.tab = "test"
	p := probePage{Table: results, Verify: v.app.path("verify")}
	if writesApps(v) {
		f := v.form("probe", v.app.path("test"), "Look now")
		p.Form = &f
	}
	return v.showTab("app_probe", p)
}

// probe looks, and shows what came of it.
func probe(v *visit) error {
	writer, err := v.actor.AppsWriter()
	if err != nil {
		return err
	}
	l, err := writer.Probe(v.r.Context(), v.app.ID)
	if err != nil {
		return err
	}
	t := Table{Caption: "What was found", Columns: []string{"Result", "Setting", "Address", "What was found"}, Empty: "The app has no addresses that could be looked at."}
	for _, p := range l.Items {
		t.Rows = append(t.Rows, []Cell{probeResult(p), {Text: label(p.What)}, {Text: p.URL, Code: true}, {Text: p.Text}})
	}
	return v.probes(&t)
}

func probeResult(p api.Probe) Cell {
	badge := map[string]string{"ok": "good", "warning": "warn", "failed": "bad"}[p.Result]
	return Cell{Text: p.Result, Badge: badge}
}
