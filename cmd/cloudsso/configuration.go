package main

import (
	"errors"

	"github.com/spf13/cobra"

	"cloudsso/api"
	"cloudsso/idp/config"
)

func (p *program) config() *cobra.Command {
	return group("config", "The configuration", p.configCheck(), p.configPrint(), p.configSchema())
}

// verdict is the answer of config check.
type verdict struct {
	OK     bool           `json:"ok"`
	Faults []config.Fault `json:"faults,omitempty"`
}

func (p *program) configCheck() *cobra.Command {
	var apps bool
	var least string
	cmd := &cobra.Command{Use: "check", Short: "Say everything that is wrong with the configuration, or with the apps", Args: takes(cobra.NoArgs), RunE: func(cmd *cobra.Command, args []string) error {
		if apps {
			return p.checkApps(least)(cmd, args)
		}
		_, err := p.settings(cmd, false)
		var faults config.Faults
		if err != nil && !(p.json && errors.As(err, &faults)) {
			return err
		}
		if perr := p.answer(verdict{OK: err == nil, Faults: faults}, func() { p.line("The configuration is right.") }); perr != nil {
			return perr
		}
		return err
	}}
	cmd.Flags().BoolVar(&apps, "apps", false, "grade the registered apps instead, with the fix for each finding")
	cmd.Flags().StringVar(&least, "grade", "C", "with --apps: fail if an app is worse than this, A to D")
	return cmd
}

func (p *program) configPrint() *cobra.Command {
	return &cobra.Command{Use: "print", Short: "Print what is in force, without secrets", Args: takes(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error {
		c, err := p.settings(cmd, false)
		if err != nil {
			return err
		}
		return p.answer(c.Redacted(), func() { p.out.Write(c.Redacted().YAML()) })
	}}
}

func (p *program) configSchema() *cobra.Command {
	var docs bool
	cmd := &cobra.Command{Use: "schema", Short: "Print the JSON Schema of the configuration file, or of the documents of apply", Args: takes(cobra.NoArgs), RunE: func(*cobra.Command, []string) (err error) {
		schema := config.Schema()
		if docs {
			if schema, err = api.DocumentSchema(); err != nil {
				return err
			}
		}
		_, err = p.out.Write(schema)
		return err
	}}
	cmd.Flags().BoolVar(&docs, "documents", false, "of a document that apply reads")
	return cmd
}
