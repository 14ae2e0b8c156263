package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"cloudsso/api"
	"cloudsso/idp"
)

// checkApps grades every app, and fails if one is worse than least.
func (p *program) checkApps(least string) func(*cobra.Command, []string) error {
	return p.onData(true, func(ctx context.Context, d *data, _ []string) error {
		if !slices.Contains([]string{"A", "B", "C", "D"}, least) {
			return idp.Errorf(idp.Invalid, "A grade is one of A, B, C and D.").On("grade")
		}
		l, err := d.owner.LintAll(ctx)
		if err != nil {
			return err
		}
		worse := 0
		for _, app := range l.Items {
			if app.Grade > least {
				worse++
			}
		}
		if err := p.answer(l, func() { p.printLint(l.Items) }); err != nil {
			return err
		}
		if worse > 0 {
			return idp.Errorf(idp.Invalid, "%d of %d apps are graded worse than %s.", worse, len(l.Items), least)
		}
		return nil
	})
}

func (p *program) printLint(apps []api.Lint) {
	for _, app := range apps {
		p.line("%s  %s (%s)", app.Grade, app.Name, app.App)
		for _, f := range app.Findings {
			p.line("   %s: %s", f.Weight, f.Text)
			p.line("      %s", f.Fix)
		}
	}
}
