package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"cloudsso/idp"
	"cloudsso/idp/outbound"
	"cloudsso/keys"
)

func (p *program) decode() *cobra.Command {
	return group("decode", "Read a SAML message or a JWT, and verify it", p.decodeSAML(), p.decodeJWT())
}

// sample is what a command was given to decode: the text itself, the name of a file, or -
// for standard input. A text that is no file is itself.
func (p *program) sample(args []string) (string, error) {
	arg := "-"
	if len(args) > 0 {
		arg = args[0]
	}
	if info, err := os.Stat(arg); arg != "-" && (err != nil || info.IsDir()) {
		return arg, nil
	}
	b, err := p.read(arg)
	return string(b), err
}

// document reads a file, or fetches an address. The guard of outbound calls lets the
// named host through: whoever types the command has chosen it.
func (p *program) document(ctx context.Context, name string) ([]byte, error) {
	u, err := url.Parse(name)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return p.read(name)
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	fetch, err := outbound.New(outbound.Options{AllowHosts: []string{u.Hostname() + ":" + port}, Dev: true})
	if err != nil {
		return nil, err
	}
	body, _, err := fetch.Fetch(ctx, name, 4<<20)
	return body, err
}

// certificates reads one or more certificates, PEM or DER.
func certificates(doc []byte) ([][]byte, error) {
	var out [][]byte
	for block, rest := pem.Decode(doc); block != nil; block, rest = pem.Decode(rest) {
		out = append(out, block.Bytes)
	}
	if out == nil {
		out = [][]byte{doc}
	}
	for _, der := range out {
		if _, err := x509.ParseCertificate(der); err != nil {
			return nil, idp.Errorf(idp.Invalid, "This is no certificate. Expected PEM or DER.").Because(err)
		}
	}
	return out, nil
}

// onKeys opens the data for a command that only looks at what signatures are checked with.
func (p *program) onKeys(cmd *cobra.Command, work func(records idp.Records, ring *keys.Ring) error) error {
	c, err := p.settings(cmd, true)
	if err != nil {
		return err
	}
	s, err := p.openStores(cmd.Context(), c)
	if err != nil {
		return err
	}
	ring, err := p.openRing(cmd.Context(), c, s)
	if err == nil {
		err = work(s.records, ring)
	}
	return errors.Join(err, s.Close())
}

// unverified is the exit of a decode that was asked to verify and could not.
func unverified(problems []string) error {
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("not verified: %s", strings.Join(problems, " "))
}
