package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"
)

func (p *program) keys() *cobra.Command {
	return group("keys", "Signing keys", &cobra.Command{
		Use: "list", Short: "List the keys", Args: takes(cobra.NoArgs),
		RunE: p.onData(true, func(_ context.Context, d *data, _ []string) error {
			list := d.owner.Keys()
			return p.answer(list.Items, func() {
				rows := [][]string{{"KID", "USE", "ALG", "STATE", "SIGNS", "SINCE"}}
				for _, k := range list.Items {
					signs := "no"
					if k.Signing {
						signs = "yes"
					}
					rows = append(rows, []string{k.KID, k.Use, k.Alg, string(k.State), signs, k.ActivateAt.Format(time.RFC3339)})
				}
				p.table(rows)
			})
		}),
	})
}
