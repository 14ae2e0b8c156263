package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/audit"
	"cloudsso/idp/config"
	"cloudsso/idp/outbound"
	"cloudsso/idp/sqlite"
	"cloudsso/keys"
	"cloudsso/samlidp"
)

// store is the one place that chooses a backend.
type store interface {
	idp.Records
	idp.Flows
}

func databasePath(c config.Config) string { return filepath.Join(c.Data, "cloudsso.db") }

// openStore opens the database, making folder and file if they are not there. fresh
// tells whether the file was made.
func (p *program) openStore(ctx context.Context, c config.Config) (s store, fresh bool, err error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, false, idp.Errorf(idp.Unavailable, "The data folder %s cannot be made. Choose another with --data.", c.Data).Because(err)
	}
	_, err = os.Stat(databasePath(c))
	fresh = errors.Is(err, fs.ErrNotExist)
	s, err = sqlite.Open(ctx, databasePath(c), p.now)
	return s, fresh, err
}

// data is the data folder, opened for one command.
type data struct {
	config config.Config
	store  store
	owner  *api.Owner
}

// openData opens the data folder. withKeys is for commands that show keys or
// certificates: only they need the key-encryption key.
func (p *program) openData(cmd *cobra.Command, withKeys bool) (*data, error) {
	c, err := p.settings(cmd, true)
	if err != nil {
		return nil, err
	}
	s, _, err := p.openStore(cmd.Context(), c)
	if err != nil {
		return nil, err
	}
	var ring *keys.Ring
	if withKeys {
		if ring, err = p.openRing(cmd.Context(), c, s); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	admin, err := p.admin(c, s, ring)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &data{config: c, store: s, owner: admin.Local("command line")}, nil
}

func (p *program) openRing(ctx context.Context, c config.Config, s store) (*keys.Ring, error) {
	kek, err := keys.LoadKEK(c.Data, p.getenv)
	if err != nil {
		return nil, err
	}
	return keys.Open(ctx, s, kek, p.now)
}

// admin plugs the admin logic together for a command, as idp/server does for itself.
func (p *program) admin(c config.Config, s store, ring *keys.Ring) (*api.Admin, error) {
	fetch, err := outbound.New(outbound.Options{AllowHosts: c.Outbound.AllowHosts, CAFile: c.Outbound.CAFile, Dev: c.Dev})
	if err != nil {
		return nil, err
	}
	return api.New(api.Options{
		Issuer: c.Issuer, Dev: c.Dev, LocalDirectory: c.LocalDirectory(), Records: s, Sessions: s, Ring: ring, Fetch: fetch,
		Audit: audit.New(s, slog.New(slog.DiscardHandler), p.now), Now: p.now,
		SAML: api.SAML{ServiceProvider: samlidp.ServiceProvider, Complete: samlidp.CompleteServiceProvider},
	}), nil
}

// onData makes a command that works on the data folder.
func (p *program) onData(withKeys bool, work func(ctx context.Context, d *data, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		d, err := p.openData(cmd, withKeys)
		if err != nil {
			return err
		}
		return errors.Join(work(cmd.Context(), d, args), d.store.Close())
	}
}
