package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"cloudsso/api"
	"cloudsso/idp/config"
	"cloudsso/idp/server"
	"cloudsso/keys"
)

func (p *program) serve() *cobra.Command {
	cmd := &cobra.Command{
		Use: "serve", Short: "Run the server", Args: takes(cobra.NoArgs),
		Long: "Run the server until it is told to stop (SIGTERM, Ctrl-C); told twice, it ends at once. Every flag is also a key of the configuration file and a CLOUDSSO_… environment variable.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.settings(cmd, false)
			if err != nil {
				return err
			}
			return p.runServer(cmd.Context(), c)
		},
	}
	flags := cmd.Flags()
	flags.String("listen", "", "address of the front door, such as :8080")
	flags.String("ops-listen", "", "address for health and metrics, such as 127.0.0.1:9090")
	flags.String("drain-delay", "", "how long to keep serving after being told to stop, such as 5s")
	return cmd
}

// runServer opens the stores, assembles the provider and serves until ctx ends.
func (p *program) runServer(ctx context.Context, c config.Config) (err error) {
	s, err := p.openStores(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	kek, err := keys.LoadKEK(c.Data, p.getenv)
	if err != nil {
		return err
	}
	var demo http.Handler
	if c.Demo {
		if c, demo, err = p.setUpDemo(ctx, c, s, kek); err != nil {
			return err
		}
	}
	b := thisBuild()
	srv, err := server.New(ctx, server.Options{Config: c, Records: s.records, Flows: s.flows, KEK: kek, Logger: p.logger(c), Now: p.now, SQL: openSQL, Demo: demo, Version: b.Version, Revision: b.Revision})
	if err != nil {
		return err
	}
	return srv.Run(ctx, func(addr net.Addr) {
		next, err := nextSteps(ctx, c, srv.Admin())
		p.line("cloudsso serves %s (listening on %s, health on %s).%s", c.Issuer, addr, c.OpsListen, next)
		if err != nil {
			p.complain(err) // it serves all the same
		}
	})
}

func (p *program) logger(c config.Config) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.Log.Level)) // the configuration allows known names only
	o := &slog.HandlerOptions{Level: level}
	if c.Log.Format == "text" {
		return slog.New(slog.NewTextHandler(p.err, o))
	}
	return slog.New(slog.NewJSONHandler(p.err, o))
}

// nextSteps says what comes next, for as long as nobody has done it: a first start may
// fail at a port that is taken.
func nextSteps(ctx context.Context, c config.Config, admin *api.Admin) (string, error) {
	if c.Demo {
		return fmt.Sprintf("\n\n  Open      %s\n  Sign in   as ada, password: analytical engine\n  Console   %s/admin, as ada\n", c.Issuer, c.Issuer), nil
	}
	untouched, err := admin.Untouched(ctx)
	if err != nil || !untouched {
		return "", err
	}
	text := "\n\nThis is the first start.\n"
	if c.LocalDirectory() != "" { // whoever is made there has to be found there
		link, err := admin.Local("first start").NewSetUpLink(ctx, api.SetUp{})
		if err != nil {
			return "", err
		}
		text += fmt.Sprintf("Open this link to make the first administrator. It works once, until %s:\n\n  %s\n\n", link.ExpiresAt.Format(time.RFC3339), link.URL)
	}
	if c.Store != "" {
		return text + fmt.Sprintf("Make a token for the admin API at %s/api/v1, with the same configuration:\n\n  cloudsso token create --role owner --ttl 1h\n", c.Issuer), nil
	}
	return text + fmt.Sprintf("Make a token for the admin API at %s/api/v1:\n\n  cloudsso token create --role owner --ttl 1h --data %s\n", c.Issuer, c.Data), nil
}
