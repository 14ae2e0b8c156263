package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"cloudsso/api"
)

func (p *program) sp() *cobra.Command {
	return group("sp", "SAML service providers", p.spImport())
}

func (p *program) spImport() *cobra.Command {
	var in api.NewServiceProvider
	cmd := &cobra.Command{
		Use: "import-metadata FILE|URL", Short: "Register a service provider from its metadata", Args: takes(cobra.ExactArgs(1)),
		Example: "  cloudsso sp import-metadata https://crm.example.org/saml/metadata --name CRM",
		RunE: p.onData(true, func(ctx context.Context, d *data, args []string) error {
			if strings.HasPrefix(args[0], "https://") || strings.HasPrefix(args[0], "http://") {
				in.MetadataURL = args[0]
			} else {
				doc, err := p.read(args[0])
				if err != nil {
					return err
				}
				in.MetadataXML = string(doc)
			}
			sp, err := d.owner.ImportServiceProvider(ctx, in)
			if err != nil {
				return err
			}
			return p.answer(sp, func() { p.showServiceProvider(sp) })
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&in.App, "app", "", "slug in our URLs; default: made of the name")
	flags.StringVar(&in.Name, "name", "", "shown to people who sign in")
	flags.BoolVar(&in.AllowIDPInitiated, "allow-idp-initiated", false, "let people start at a link of ours")
	return cmd
}

func (p *program) showServiceProvider(sp api.ServiceProvider) {
	rows := [][]string{{"app", sp.App}, {"entity ID", sp.EntityID}}
	for _, row := range [][]string{{"our metadata", sp.MetadataURL}, {"launch link", sp.LaunchURL}} {
		if row[1] != "" {
			rows = append(rows, row)
		}
	}
	if sp.SigningCertificate != nil {
		rows = append(rows, []string{"our certificate", "sha256 " + sp.SigningCertificate.SHA256})
	}
	p.table(rows)
	for _, w := range sp.Warnings {
		p.hint("warning: %s", w)
	}
}
