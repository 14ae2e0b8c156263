package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"cloudsso/api"
)

func (p *program) token() *cobra.Command {
	return group("token", "Admin API tokens", p.tokenCreate())
}

func (p *program) tokenCreate() *cobra.Command {
	var role string
	var ttl time.Duration
	cmd := &cobra.Command{
		Use: "create", Short: "Make an admin API token and print it, once", Args: takes(cobra.NoArgs),
		Example: "  cloudsso token create --role owner --ttl 1h",
		RunE: p.onData(false, func(ctx context.Context, d *data, _ []string) error {
			t, err := d.owner.CreateToken(ctx, role, ttl)
			if err != nil {
				return err
			}
			return p.answer(t, func() {
				p.line("%s", t.Secret)
				p.hint("This token is shown once. It works until %s.", t.ExpiresAt.Format(time.RFC3339))
			})
		}),
	}
	cmd.Flags().StringVar(&role, "role", api.RoleOwner, "what the token may do: owner, or registration (clients that register themselves)")
	cmd.Flags().DurationVar(&ttl, "ttl", time.Hour, "how long it works, such as 30m or 24h")
	return cmd
}
