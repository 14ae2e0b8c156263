package main

import (
	"context"
	"net/url"

	"github.com/spf13/cobra"

	"cloudsso/idp"
)

// link prints the address that signs people in to an app.
func (p *program) link() *cobra.Command {
	var relayState string
	cmd := &cobra.Command{
		Use: "link APP", Short: "Print the link that signs people in to an app", Args: takes(cobra.ExactArgs(1)),
		Example: "  cloudsso link crm --relay-state /reports",
		RunE: p.onData(true, func(ctx context.Context, d *data, args []string) error {
			sp, err := d.owner.ServiceProvider(ctx, args[0])
			if err != nil {
				return err
			}
			switch {
			case sp.Disabled:
				return idp.Errorf(idp.Invalid, "%s is switched off, so no link signs people in to it.", sp.App)
			case !sp.AllowIDPInitiated:
				return idp.Errorf(idp.Invalid, "%s does not take sign-ins that start here: an answer that nobody asked for can be planted in a stranger's browser. Prefer a link into the app itself. If it has none, allow it: PATCH /api/v1/service-providers/%s {\"allow_idp_initiated\": true}.", sp.App, sp.App)
			case sp.IDPInitiatedURL == "":
				return idp.Errorf(idp.Invalid, "The public URL of the server is not known here. Give it with --issuer.")
			}
			link := sp.IDPInitiatedURL
			if relayState != "" {
				link += "?RelayState=" + url.QueryEscape(relayState)
			}
			return p.answer(map[string]string{"app": sp.App, "url": link}, func() { p.line("%s", link) })
		}),
	}
	cmd.Flags().StringVar(&relayState, "relay-state", "", "where in the app people should arrive, in the app's own words")
	return cmd
}
