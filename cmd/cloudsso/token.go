package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cloudsso/api"
)

func (p *program) token() *cobra.Command {
	return group("token", "Admin API tokens", p.tokenCreate(), p.tokenList(), p.tokenRevoke())
}

func (p *program) tokenCreate() *cobra.Command {
	var in api.NewToken
	var ttl time.Duration
	cmd := &cobra.Command{
		Use: "create", Short: "Make an admin API token and print it, once", Args: takes(cobra.NoArgs),
		Example: "  cloudsso token create --role owner --ttl 1h\n  cloudsso token create --role app_admin --app wiki --name \"wiki deployment\" --ttl 720h",
		RunE: p.onData(false, func(ctx context.Context, d *data, _ []string) error {
			in.ExpiresIn = int64(ttl / time.Second)
			if in.ExpiresIn == 0 {
				in.ExpiresIn = -1 // refused, not the default
			}
			t, err := d.owner.CreateToken(ctx, in)
			if err != nil {
				return err
			}
			return p.answer(t, func() {
				p.line("%s", t.Secret)
				p.hint("This token is shown once. It works until %s.", t.ExpiresAt.Format(time.RFC3339))
			})
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&in.Role, "role", api.RoleOwner, "what the token may do: owner, app_admin, help_desk, auditor, registration")
	flags.StringVar(&in.Name, "name", "", "what it is for")
	flags.StringArrayVar(&in.Apps, "app", nil, "client_id or slug, for app_admin; may be repeated")
	flags.DurationVar(&ttl, "ttl", time.Hour, "how long it works, such as 30m or 24h")
	return cmd
}

func (p *program) tokenList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the admin API tokens that work", Args: takes(cobra.NoArgs),
		RunE: p.onData(false, func(ctx context.Context, d *data, _ []string) error {
			var all []api.Token
			for page := (api.Paging{Limit: 500}); ; {
				l, err := d.owner.Tokens(ctx, page)
				if err != nil {
					return err
				}
				all = append(all, l.Items...)
				if page.Cursor = l.NextCursor; page.Cursor == "" {
					break
				}
			}
			return p.answer(api.List[api.Token]{Items: all}, func() {
				rows := [][]string{{"ID", "ROLE", "NAME", "APPS", "LAST USED", "EXPIRES"}}
				for _, t := range all {
					used := "never"
					if t.LastUsedAt != nil {
						used = t.LastUsedAt.Format(time.RFC3339)
					}
					rows = append(rows, []string{t.ID, t.Role, t.Name, strings.Join(t.Apps, " "), used, t.ExpiresAt.Format(time.RFC3339)})
				}
				p.table(rows)
			})
		}),
	}
}

func (p *program) tokenRevoke() *cobra.Command {
	return &cobra.Command{
		Use: "revoke ID", Short: "End an admin API token at once", Args: takes(cobra.ExactArgs(1)),
		RunE: p.onData(false, func(ctx context.Context, d *data, args []string) error {
			if err := d.owner.RevokeToken(ctx, args[0]); err != nil {
				return err
			}
			p.hint("The token is revoked.")
			return nil
		}),
	}
}
