package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"cloudsso/idp/audit"
)

func (p *program) audit() *cobra.Command {
	return group("audit", "The audit log", p.auditVerify())
}

func (p *program) auditVerify() *cobra.Command {
	var kept string
	cmd := &cobra.Command{
		Use: "verify", Short: "Check that no sealed event was changed, removed or added", Args: takes(cobra.NoArgs),
		Long: "Compute every seal of the audit log again, and name the first place that is not as it was sealed. The server makes a seal every ten minutes in which something happened. " +
			"Whoever can write to the database can also make all seals anew: keep the hash of the newest one elsewhere, and give it with --seal another day.",
		RunE: p.onData(false, func(ctx context.Context, d *data, _ []string) error {
			v, err := audit.Verify(ctx, d.stores.records, kept)
			if err != nil {
				return err
			}
			return p.answer(v, func() {
				p.line("%d events in %d seals are as they were sealed.", v.Events, v.Seals)
				if v.Seals > 0 {
					p.line("newest seal  %s  %s", v.At.Format(time.RFC3339), v.Hash)
				}
			})
		}),
	}
	cmd.Flags().StringVar(&kept, "seal", "", "hash of a seal that must be among them")
	return cmd
}
