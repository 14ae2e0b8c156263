package main

import (
	"context"

	"github.com/spf13/cobra"

	"cloudsso/api"
)

// keysBack are the steps that take another step back.
func (p *program) keysBack(name, short string, work func(*api.Owner, context.Context, string) (api.Key, error)) *cobra.Command {
	return &cobra.Command{
		Use: name + " KID|SLOT", Short: short, Args: takes(cobra.ExactArgs(1)),
		Example: "  cloudsso keys " + name + " saml:crm/RS256/1",
		RunE: p.onData(true, func(ctx context.Context, d *data, args []string) error {
			k, err := work(d.owner, ctx, args[0])
			if err != nil {
				return err
			}
			return p.answer(k, func() { p.keyTable([]api.Key{k}); p.hint("A running server follows within a minute.") })
		}),
	}
}

func (p *program) keysImport() *cobra.Command {
	var in api.KeyImport
	cmd := &cobra.Command{
		Use: "import KEYFILE CERTIFICATEFILE", Short: "Take a SAML key that was made elsewhere (PEM)", Args: takes(cobra.ExactArgs(2)),
		Example: "  cloudsso keys import crm-key.pem crm-cert.pem --app crm",
		RunE: p.onData(true, func(ctx context.Context, d *data, args []string) error {
			for i, to := range []*string{&in.PrivateKey, &in.Certificate} {
				text, err := p.read(args[i])
				if err != nil {
					return err
				}
				*to = string(text)
			}
			k, err := d.owner.ImportKey(ctx, in)
			if err != nil {
				return err
			}
			return p.answer(k, func() { p.keyTable([]api.Key{k}); p.nextStep(k) })
		}),
	}
	cmd.Flags().StringVar(&in.App, "app", "", "the service provider whose own key it is to be; default: shared")
	return cmd
}

func (p *program) keysApps() *cobra.Command {
	return &cobra.Command{
		Use: "apps KID|SLOT", Short: "List the service providers that a SAML key is published for, and who has seen it", Args: takes(cobra.ExactArgs(1)),
		Example: "  cloudsso keys apps saml/RS256/1",
		RunE: p.onData(true, func(ctx context.Context, d *data, args []string) error {
			list, err := d.owner.KeyUsers(ctx, args[0])
			if err != nil {
				return err
			}
			return p.answer(list.Items, func() {
				rows := [][]string{{"APP", "SIGNS", "PINNED", "SEEN", "LAST READ"}}
				for _, u := range list.Items {
					rows = append(rows, []string{u.App, yes(u.Signs), yes(u.Pinned), yes(u.Seen), moment(u.FetchedAt)})
				}
				p.table(rows)
			})
		}),
	}
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
