package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"cloudsso/api"
)

func (p *program) adminCommand() *cobra.Command {
	return group("admin", "Administrators", p.adminRecover())
}

// adminRecover breaks the glass: who holds the data folder or the database owns the
// provider already.
func (p *program) adminRecover() *cobra.Command {
	return &cobra.Command{
		Use: "recover", Short: "Print a link that makes one more owner, once", Args: takes(cobra.NoArgs),
		Long: "Print a link that makes one more owner: for when every owner has lost their access. It works once, within 24 hours, and is on record in the audit log.",
		RunE: p.onData(false, func(ctx context.Context, d *data, _ []string) error {
			l, err := d.owner.NewSetUpLink(ctx, api.SetUp{Recovery: true})
			if err != nil {
				return err
			}
			return p.answer(l, func() {
				p.line("%s", l.URL)
				p.hint("This link is shown once. It works once, until %s.", l.ExpiresAt.Format(time.RFC3339))
			})
		}),
	}
}
