package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"cloudsso/api"
)

func (p *program) sp() *cobra.Command {
	return group("sp", "SAML service providers", p.spImport(), p.spRefresh())
}

func (p *program) spImport() *cobra.Command {
	var in api.NewServiceProvider
	var mdq, preview bool
	var signers []string
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
			if mdq {
				in.MDQURL, in.MetadataURL = in.MetadataURL, ""
			}
			for _, s := range signers {
				if pem, err := p.read(s); err == nil {
					s = string(pem)
				}
				in.MetadataSigners = append(in.MetadataSigners, s)
			}
			if preview {
				return p.preview(ctx, d, in)
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
	flags.StringVar(&in.EntityID, "entity-id", "", "which entity of a collection, or of a metadata query service")
	flags.BoolVar(&mdq, "mdq", false, "the URL is the base of a metadata query service; needs --entity-id")
	flags.StringArrayVar(&signers, "signer", nil, "file of a certificate, or its SHA-256 fingerprint, that must have signed the document; may be repeated")
	flags.IntVar(&in.MetadataMaxValidity, "max-validity", 0, "days: validUntil must be there and no further ahead")
	flags.BoolVar(&in.MetadataOnce, "once", false, "never read the URL again by itself")
	flags.BoolVar(&preview, "preview", false, "show what would change, and save nothing")
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

func (p *program) preview(ctx context.Context, d *data, in api.NewServiceProvider) error {
	preview, err := d.owner.PreviewServiceProvider(ctx, in)
	if err != nil {
		return err
	}
	return p.answer(preview, func() {
		for _, e := range preview.Entities {
			p.line("%s  %s", e.EntityID, e.Name)
		}
		if len(preview.Entities) > 0 {
			p.hint("Choose one with --entity-id.")
		}
		if preview.ServiceProvider != nil {
			p.showServiceProvider(*preview.ServiceProvider)
		}
		p.showChanges(preview.Changes)
	})
}

func (p *program) showChanges(changes []api.MetadataChange) {
	for _, c := range changes {
		for _, s := range c.Removed {
			p.line("- %s  %s", c.Field, s)
		}
		for _, s := range c.Added {
			p.line("+ %s  %s", c.Field, s)
		}
	}
}

func (p *program) spRefresh() *cobra.Command {
	return &cobra.Command{
		Use: "refresh APP", Short: "Read a service provider's metadata again from its address", Args: takes(cobra.ExactArgs(1)),
		Example: "  cloudsso sp refresh crm",
		RunE: p.onData(true, func(ctx context.Context, d *data, args []string) error {
			r, err := d.owner.RefreshServiceProvider(ctx, args[0])
			if err != nil {
				return err
			}
			return p.answer(r, func() {
				p.showChanges(r.Changes)
				if len(r.Changes) == 0 {
					p.line("nothing has changed")
				}
			})
		}),
	}
}
