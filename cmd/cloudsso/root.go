package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"cloudsso/idp"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
	exitDrift  = 2 // of diff: something is not as the files say
)

// program is one run of the command, with everything that it takes from the process.
type program struct {
	in       io.Reader
	out, err io.Writer
	env      []string
	now      func() time.Time
	json     bool
}

// misuse is an error of the command line, not of the work.
type misuse struct{ error }

func (m misuse) Unwrap() error { return m.error }

// run carries out one command line.
func (p *program) run(ctx context.Context, args []string) int {
	root := p.root()
	root.SetArgs(args)
	root.SetIn(p.in)
	root.SetOut(p.out)
	root.SetErr(p.err)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitDone
	}
	if errors.Is(err, errDrift) {
		return exitDrift
	}
	p.complain(err)
	if errors.As(err, new(misuse)) {
		fmt.Fprintf(p.err, "\"%s --help\" explains the command.\n", cmd.CommandPath())
		if cmd.Name() == "diff" {
			return exitFailed // 2 is an answer there
		}
		return exitUsage
	}
	return exitFailed
}

func (p *program) root() *cobra.Command {
	root := group("cloudsso", "An OpenID Connect and SAML 2.0 identity provider",
		p.serve(), p.token(), p.adminCommand(), p.audit(), p.user(), p.client(), p.sp(), p.link(), p.keys(), p.decode(), p.apply(), p.diff(), p.export(), p.backup(), p.migrate(), p.config(), p.healthcheck(), p.version())
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return misuse{err} })
	flags := root.PersistentFlags()
	flags.BoolVar(&p.json, "json", false, "answer in JSON")
	flags.String("config", "", "configuration file (YAML); also CLOUDSSO_CONFIG")
	flags.String("data", "", "data folder; also CLOUDSSO_DATA")
	flags.String("store", "", "URL of the database; also CLOUDSSO_STORE, and CLOUDSSO_STORE_FILE for a file that holds it. Empty: SQLite in the data folder")
	flags.String("flows", "", "URL of the store for short-lived state; also CLOUDSSO_FLOWS and CLOUDSSO_FLOWS_FILE. Empty: the database")
	flags.String("issuer", "", "public URL of the server; also CLOUDSSO_ISSUER")
	flags.Bool("dev", false, "work on one machine: http on loopback; also CLOUDSSO_DEV")
	flags.Bool("demo", false, "dev with demo applications and people; also CLOUDSSO_DEMO")
	return root
}

// group is a command that only has commands below it.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	g := &cobra.Command{Use: use, Short: short, Args: cobra.ArbitraryArgs, RunE: func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return misuse{fmt.Errorf("there is no command %q below %s", args[0], cmd.CommandPath())}
		}
		return cmd.Help()
	}}
	g.AddCommand(commands...)
	return g
}

// takes makes wrong arguments a misuse.
func takes(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return misuse{err}
		}
		return nil
	}
}

// complain writes an error for the operator, who may see private causes.
func (p *program) complain(err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			p.complain(e)
		}
		return
	}
	var e *idp.Error
	if !errors.As(err, &e) {
		fmt.Fprintf(p.err, "cloudsso: %v\n", err)
		return
	}
	text := e.Public
	if e.Field != "" {
		text = e.Field + ": " + text
	}
	fmt.Fprintf(p.err, "cloudsso: %s\n", text)
	if e.Cause != nil {
		fmt.Fprintf(p.err, "  cause: %v\n", e.Cause)
	}
}
