package main

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"cloudsso/api"
)

func (p *program) client() *cobra.Command {
	return group("client", "OpenID Connect and OAuth clients", p.clientAdd(), p.clientRotateSecret())
}

func (p *program) clientAdd() *cobra.Command {
	var in api.NewClient
	var public, native bool
	var file string
	cmd := &cobra.Command{
		Use: "add", Short: "Register a client and print its secret, once", Args: takes(cobra.NoArgs),
		Example: "  cloudsso client add --name Wiki --redirect-uri https://wiki.example.org/callback\n  cloudsso client add --file wiki.json",
		RunE: p.onData(true, func(ctx context.Context, d *data, _ []string) (err error) {
			if file != "" {
				if in, err = p.clientFile(d, file); err != nil {
					return err
				}
			}
			if public {
				in.TokenEndpointAuthMethod = "none"
			}
			if native {
				in.ApplicationType = "native"
			}
			c, err := d.owner.CreateClient(ctx, in)
			if err != nil {
				return err
			}
			return p.answer(c, func() {
				p.line("client_id      %s", c.ClientID)
				p.secrets(c.ClientSecret, c.SharedSigningKey)
			})
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&file, "file", "", "JSON as for POST /api/v1/clients; - is standard input. The other flags are not used then, except --public and --native")
	flags.StringVar(&in.ClientID, "id", "", "client_id to keep; default: generated")
	flags.StringVar(&in.ClientName, "name", "", "shown to people who sign in")
	flags.StringArrayVar(&in.RedirectURIs, "redirect-uri", nil, "where answers go; may be repeated")
	flags.StringArrayVar(&in.GrantTypes, "grant-type", nil, "authorization_code, refresh_token; may be repeated")
	flags.StringVar(&in.Scope, "scope", "", "scopes that the client may ask for, separated by spaces")
	flags.BoolVar(&in.FirstParty, "first-party", false, "the organisation's own application: people are not asked for consent")
	flags.BoolVar(&public, "public", false, "the client cannot keep a secret (browser or mobile application)")
	flags.BoolVar(&native, "native", false, "the client runs on a person's device")
	return cmd
}

// secrets shows what is shown once.
func (p *program) secrets(secret, sharedKey string) {
	if secret != "" {
		p.line("client_secret  %s", secret)
	}
	if sharedKey != "" {
		p.line("shared_signing_key  %s", sharedKey)
	}
	if secret+sharedKey != "" {
		p.hint("This secret is shown once.")
	}
}

func (p *program) clientRotateSecret() *cobra.Command {
	var r api.SecretRotation
	var keep time.Duration
	cmd := &cobra.Command{
		Use: "rotate-secret CLIENT_ID", Short: "Make a client's next secret and print it, once", Args: takes(cobra.ExactArgs(1)),
		Long: "Make a client's next secret and print it, once. The secret before it works on for a while (--keep), so that the application can be changed without an outage. " +
			"HS* tokens are signed with the secret that the application has just used, otherwise with the older one.",
		Example: "  cloudsso client rotate-secret wiki --keep 72h",
		RunE: p.onData(true, func(ctx context.Context, d *data, args []string) error {
			seconds := int64(keep / time.Second)
			r.ExpireOlderIn = &seconds
			s, err := d.owner.RotateSecret(ctx, args[0], r)
			if err != nil {
				return err
			}
			return p.answer(s, func() {
				p.secrets(s.ClientSecret, s.SharedSigningKey)
				p.hint("What was there before works until %s.", moment(s.CreatedAt.Add(keep)))
			})
		}),
	}
	cmd.Flags().DurationVar(&keep, "keep", 24*time.Hour, "how long the secret before it works on")
	cmd.Flags().StringVar(&r.Use, "use", "", "client_secret (the default) or shared_signing_key")
	return cmd
}

func (p *program) clientFile(d *data, path string) (api.NewClient, error) {
	doc, err := p.read(path)
	if err != nil {
		return api.NewClient{}, err
	}
	return d.owner.ParseNewClient(doc)
}

// read reads a small file, or standard input for "-".
func (p *program) read(path string) ([]byte, error) {
	const most = 4 << 20
	r := p.in
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		r = f
	}
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && len(b) > most {
		err = errors.New(path + " is larger than 4 MB")
	}
	return b, err
}
