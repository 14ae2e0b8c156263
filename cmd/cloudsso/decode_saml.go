package main

import (
	"context"
	"crypto"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"cloudsso/idp"
	"cloudsso/keys"
	"cloudsso/samlidp"
	"cloudsso/samlidp/dsig"
)

// samlKeys says where the keys come from that a message is verified with.
type samlKeys struct{ cert, metadata, app string }

func (k samlKeys) given() bool { return k != samlKeys{} }

func (p *program) decodeSAML() *cobra.Command {
	var from samlKeys
	cmd := &cobra.Command{
		Use: "saml [MESSAGE|FILE|URL|-]", Short: "Read a SAML message, explain it, and verify its signatures", Args: takes(cobra.MaximumNArgs(1)),
		Long: "Read a SAML message in whatever form it was copied: XML, base64, a query or a form with SAMLRequest or SAMLResponse in it, the whole address of a redirect; or metadata. " +
			"Nothing is sent anywhere; an address is read, not opened. With --cert, --metadata or --app the signatures are verified, and the exit code is 1 if one does not.",
		Example: "  cloudsso decode saml 'https://sso.example.org/saml/sso?SAMLRequest=…'\n  cloudsso decode saml response.b64 --metadata https://sso.example.org/saml/metadata",
		RunE: func(cmd *cobra.Command, args []string) error {
			input, err := p.sample(args)
			if err != nil {
				return err
			}
			ders, err := p.samlCertificates(cmd, from)
			if err != nil {
				return err
			}
			var keys []crypto.PublicKey
			if from.given() {
				if keys, err = dsig.PublicKeys(ders); err != nil {
					return err
				}
			}
			d, err := samlidp.Decode(input, keys, p.now())
			if err != nil {
				return err
			}
			if err := p.answer(d, func() { p.showSAML(d) }); err != nil || !from.given() {
				return err
			}
			return unverifiedSAML(d)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&from.cert, "cert", "", "file with the signer's certificate, PEM or DER")
	flags.StringVar(&from.metadata, "metadata", "", "file or URL of the signer's metadata")
	flags.StringVar(&from.app, "app", "", "registered service provider that may have signed it; the certificates of this server count too")
	return cmd
}

func (p *program) samlCertificates(cmd *cobra.Command, from samlKeys) (ders [][]byte, err error) {
	if from.cert != "" {
		doc, err := p.read(from.cert)
		if err != nil {
			return nil, err
		}
		if ders, err = certificates(doc); err != nil {
			return nil, err
		}
	}
	if from.metadata != "" {
		doc, err := p.document(cmd.Context(), from.metadata)
		if err != nil {
			return nil, err
		}
		more, err := samlidp.SigningCertificates(doc)
		if err != nil {
			return nil, err
		}
		ders = append(ders, more...)
	}
	if from.app == "" {
		return ders, nil
	}
	err = p.onKeys(cmd, func(records idp.Records, ring *keys.Ring) error {
		more, err := appCertificates(cmd.Context(), records, ring, from.app)
		ders = append(ders, more...)
		return err
	})
	return ders, err
}

func appCertificates(ctx context.Context, records idp.Records, ring *keys.Ring, app string) ([][]byte, error) {
	sp, err := records.ServiceProvider(ctx, app)
	if errors.Is(err, idp.ErrNotFound) {
		return nil, idp.Errorf(idp.NotFound, "There is no service provider %q.", app).Because(err)
	}
	ders := sp.SigningCerts
	for _, cert := range ring.SAMLCertificates() {
		ders = append(ders, cert.Raw)
	}
	return ders, err
}

func (p *program) showSAML(d *samlidp.Decoded) {
	rows := [][]string{{"message", d.Kind}}
	if d.Binding != "" {
		rows = append(rows, []string{"came by", d.Binding})
	}
	if d.RelayState != "" {
		rows = append(rows, []string{"RelayState", d.RelayState})
	}
	for _, f := range d.Facts {
		rows = append(rows, noted(f.Name, f.Text, f.Note))
	}
	for _, s := range d.Signatures {
		state := "verified"
		if !s.Verified {
			state = s.Problem
		}
		rows = append(rows, noted("signature of "+s.Of, s.Algorithm, state))
	}
	p.table(plainRows(rows))
	for _, note := range d.Notes {
		p.line("note: %s", visible(note))
	}
	p.line("\n%s", visible(d.XML))
}

func noted(name, text, note string) []string {
	if note != "" {
		text = fmt.Sprintf("%s (%s)", text, note)
	}
	return []string{name, text}
}

func unverifiedSAML(d *samlidp.Decoded) error {
	var problems []string
	for _, s := range d.Signatures {
		if !s.Verified {
			problems = append(problems, s.Of+": "+s.Problem)
		}
	}
	if len(d.Signatures) == 0 {
		problems = append(problems, "The message is not signed.")
	}
	return unverified(problems)
}
