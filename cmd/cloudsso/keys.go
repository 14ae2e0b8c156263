package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"cloudsso/api"
	"cloudsso/keys"
)

func (p *program) keys() *cobra.Command {
	return group("keys", "Signing keys: list, rotate, activate, retire", p.keysList(), p.keysRotate(),
		p.keysStep("activate", "Sign with a published key from now on; on the old key, the way back", "use a key that applications may not have read yet: they may refuse what it signs", (*api.Owner).ActivateKey),
		p.keysStep("retire", "Publish a key no longer; on the next key, call its rotation off", "do not wait for what the key signed to expire: it is worthless at once", (*api.Owner).RetireKey),
		p.keysBack("deactivate", "Let an application's own key sign no more: the key before it does", (*api.Owner).DeactivateKey),
		p.keysBack("publish", "Publish a retired SAML key again, without signing", (*api.Owner).PublishKey),
		p.keysImport(), p.keysApps())
}

func (p *program) keysList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the keys", Args: takes(cobra.NoArgs),
		RunE: p.onData(true, func(_ context.Context, d *data, _ []string) error {
			list := d.owner.Keys()
			return p.answer(list.Items, func() { p.keyTable(list.Items) })
		}),
	}
}

func (p *program) keysRotate() *cobra.Command {
	var r api.KeyRotation
	cmd := &cobra.Command{
		Use: "rotate", Short: "Make the next key of a kind", Args: takes(cobra.NoArgs),
		Long: "Make the next key of a kind. It is published at once. A JWT key (--use sig) and the root of opaque tokens (--use token) take over after a day, on all nodes together; " +
			"\"keys retire\" on the new key calls that off. A SAML key waits for \"keys activate\"; both certificates are in the metadata until \"keys retire\" takes the old one out.",
		Example: "  cloudsso keys rotate --alg ES256\n  cloudsso keys rotate --use saml",
		RunE: p.onData(true, func(ctx context.Context, d *data, _ []string) error {
			k, err := d.owner.RotateKey(ctx, r)
			if err != nil {
				return err
			}
			return p.answer(k, func() { p.keyTable([]api.Key{k}); p.nextStep(k) })
		}),
	}
	cmd.Flags().StringVar(&r.Use, "use", "", "which keys: sig (the default), saml or token")
	cmd.Flags().StringVar(&r.Alg, "alg", "", "their algorithm: RS256 (the default), ES256, PS256, EdDSA, RS384 and so on; HS256 for token")
	cmd.Flags().StringVar(&r.App, "app", "", "with --use saml: a key of its own for this service provider")
	cmd.Flags().BoolVar(&r.Now, "now", false, "sign with it at once, in an emergency: relying parties may refuse tokens for five minutes, service providers until they read the metadata again")
	return cmd
}

func (p *program) keysStep(name, short, now string, work func(*api.Owner, context.Context, string, api.KeyStep) (api.Key, error)) *cobra.Command {
	var s api.KeyStep
	cmd := &cobra.Command{
		Use: name + " KID|SLOT", Short: short, Args: takes(cobra.ExactArgs(1)),
		Long:    short + ". A KID that begins with a dash needs -- before it.",
		Example: "  cloudsso keys " + name + " saml/RS256/2",
		RunE: p.onData(true, func(ctx context.Context, d *data, args []string) error {
			k, err := work(d.owner, ctx, args[0], s)
			if err != nil {
				return err
			}
			return p.answer(k, func() { p.keyTable([]api.Key{k}); p.nextStep(k) })
		}),
	}
	cmd.Flags().BoolVar(&s.Now, "now", false, now)
	return cmd
}

func (p *program) keyTable(list []api.Key) {
	rows := [][]string{{"KID", "SLOT", "STATE", "SIGNS", "FROM", "UNTIL", "PUBLISHED UNTIL"}}
	for _, k := range list {
		signs := "no"
		if k.Signing {
			signs = "yes"
		}
		rows = append(rows, []string{k.KID, k.Slot, string(k.State), signs, moment(k.ActivateAt), moment(k.RetireAt), moment(k.ExpireAt)})
	}
	p.table(rows)
}

func moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format(time.RFC3339)
}

// nextStep says what comes after a step, and that a running server reads it on its own.
func (p *program) nextStep(k api.Key) {
	switch {
	case k.State == keys.Next && k.ActivateAt.IsZero():
		p.hint("The certificate is published. When the service providers have it (a day at least): cloudsso keys activate %s", k.Slot)
	case k.State == keys.Next:
		p.hint("It signs from %s. To call that off: cloudsso keys retire %s", moment(k.ActivateAt), k.Slot)
	}
	p.hint("A running server follows within a minute.")
}
