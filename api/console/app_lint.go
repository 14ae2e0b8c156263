package console

import (
	"slices"

	"cloudsso/api"
)

type lintPage struct {
	Grade    Cell
	Summary  string
	Findings []finding
}

type finding struct {
	Weight Cell
	Link   string // to the setting, if it is on the page of settings
	api.Finding
}

// lintTab shows the grade of an app, and each finding with its fix.
func lintTab(v *visit) error {
	reader, err := v.actor.AppsReader()
	if err != nil {
		return err
	}
	l, err := reader.Lint(v.r.Context(), v.app.ID)
	if err != nil {
		return err
	}
	p := lintPage{Grade: gradeCell(l.Grade), Summary: gradeText(l.Grade)}
	for _, f := range l.Findings {
		link := ""
		if slices.ContainsFunc(settingsOfKind(v.app.Kind), func(s setting) bool { return s.name == f.Field }) {
			link = v.app.path("settings#f-" + f.Field)
		}
		p.Findings = append(p.Findings, finding{weightCell(f.Weight), link, f})
	}
	return v.showTab("app_lint", p)
}

func gradeCell(grade string) Cell {
	badge := map[string]string{"A": "good", "B": "plain", "C": "warn", "D": "bad", "F": "bad"}[grade]
	return Cell{Text: grade, Badge: badge}
}

func gradeText(grade string) string {
	return map[string]string{
		"A": "As it should be.", "B": "Good, with something small to mend.", "C": "Works, with something to mend soon.",
		"D": "Something here is dangerous.", "F": "Something here does not work, or works for an attacker.",
	}[grade]
}

func weightCell(weight string) Cell {
	badge := map[string]string{"note": "plain", "low": "plain", "medium": "warn", "high": "bad", "broken": "bad"}[weight]
	return Cell{Text: weight, Badge: badge}
}
