package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/audit"
	"cloudsso/idp/config"
	"cloudsso/idp/outbound"
	"cloudsso/idp/postgres"
	"cloudsso/idp/redis"
	"cloudsso/idp/sqlite"
	"cloudsso/keys"
	"cloudsso/samlidp"
)

// stores are where everything is kept. This file is the one place that chooses them.
type stores struct {
	records idp.Records
	flows   idp.Flows
	close   []func() error // in this order
}

// Close releases the stores.
func (s stores) Close() error {
	var errs []error
	for _, c := range s.close {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}

// database is a store of both kinds.
type database interface {
	idp.Records
	idp.Flows
}

func databasePath(c config.Config) string { return filepath.Join(c.Data, databaseFile) }

// openStores opens what the configuration names.
func (p *program) openStores(ctx context.Context, c config.Config) (stores, error) {
	db, err := p.openDatabase(ctx, c)
	if err != nil {
		return stores{}, err
	}
	s := stores{records: db, flows: db, close: []func() error{db.Close}}
	if c.Flows == "" {
		return s, nil
	}
	flows, err := redis.Open(ctx, c.Flows, redis.Options{Note: func(sentence string) { p.hint("flows: %s", sentence) }}, p.now)
	if err != nil {
		return stores{}, errors.Join(err, s.Close())
	}
	s.flows, s.close = flows, []func() error{flows.Close, db.Close}
	return s, nil
}

// openDatabase opens PostgreSQL, or SQLite in the data folder, which it makes with the
// file in it if they are not there.
func (p *program) openDatabase(ctx context.Context, c config.Config) (database, error) {
	if c.Store != "" {
		timeout := time.Duration(c.StoreTimeout)
		db, err := postgres.Open(ctx, c.Store, postgres.Options{MaxConns: c.StorePool, Statement: timeout, Lock: timeout / 2}, p.now)
		if err != nil {
			return nil, err // not db: a nil pointer in an interface is not nil
		}
		return db, nil
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, idp.Errorf(idp.Unavailable, "The data folder %s cannot be made. Choose another with --data.", c.Data).Because(err)
	}
	db, err := sqlite.Open(ctx, databasePath(c), p.now)
	if err != nil {
		return nil, err
	}
	return db, nil
}

// data is the stores, opened for one command.
type data struct {
	config config.Config
	stores stores
	owner  *api.Owner
}

// openData opens the stores for a command. withKeys is for commands that show keys or
// certificates: only they need the key-encryption key.
func (p *program) openData(cmd *cobra.Command, withKeys bool) (*data, error) {
	c, err := p.settings(cmd, true)
	if err != nil {
		return nil, err
	}
	s, err := p.openStores(cmd.Context(), c)
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
	return &data{config: c, stores: s, owner: admin.Local("command line")}, nil
}

func (p *program) openRing(ctx context.Context, c config.Config, s stores) (*keys.Ring, error) {
	kek, err := keys.LoadKEK(c.Data, p.getenv)
	if err != nil {
		return nil, err
	}
	return keys.Open(ctx, s.records, kek, p.now)
}

// admin plugs the admin logic together for a command, as idp/server does for itself.
func (p *program) admin(c config.Config, s stores, ring *keys.Ring) (*api.Admin, error) {
	fetch, err := outbound.New(outbound.Options{AllowHosts: c.Outbound.AllowHosts, CAFile: c.Outbound.CAFile, Dev: c.Dev})
	if err != nil {
		return nil, err
	}
	return api.New(api.Options{
		Issuer: c.Issuer, Dev: c.Dev, LocalDirectory: c.LocalDirectory(), Records: s.records, Sessions: s.flows, Tickets: s.flows, Ring: ring, Fetch: fetch,
		Audit: audit.New(s.records, slog.New(slog.DiscardHandler), p.now), Now: p.now,
		SAML: api.SAML{Find: samlidp.FindServiceProvider, Entities: samlidp.MetadataEntities, Complete: samlidp.CompleteServiceProvider},
	}), nil
}

// onData makes a command that works on the stores.
func (p *program) onData(withKeys bool, work func(ctx context.Context, d *data, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		d, err := p.openData(cmd, withKeys)
		if err != nil {
			return err
		}
		return errors.Join(work(cmd.Context(), d, args), d.stores.Close())
	}
}
