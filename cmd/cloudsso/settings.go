package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"cloudsso/idp/config"
	"cloudsso/idp/server"
)

// configFlags are the flags that are keys of the configuration, dashes for underscores.
var configFlags = []string{"data", "issuer", "dev", "demo", "listen", "ops-listen", "store", "flows", "drain-delay"}

// settings reads the configuration for a command.
func (p *program) settings(cmd *cobra.Command, dataOnly bool) (config.Config, error) {
	return config.Load(config.Sources{File: p.configFile(cmd), Env: p.env, Flags: given(cmd), DataOnly: dataOnly, Directory: server.CheckDirectory(openSQL)})
}

// configFile is the path of the configuration file, "" for none.
func (p *program) configFile(cmd *cobra.Command) string {
	if f := cmd.Flag("config"); f.Changed {
		return f.Value.String()
	}
	return p.getenv("CLOUDSSO_CONFIG")
}

// given are the configuration flags that stand on the command line.
func given(cmd *cobra.Command) map[string]any {
	out := map[string]any{}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if slices.Contains(configFlags, f.Name) {
			out[strings.ReplaceAll(f.Name, "-", "_")] = f.Value.String()
		}
	})
	return out
}

func (p *program) getenv(name string) string {
	for _, entry := range slices.Backward(p.env) {
		if key, value, _ := strings.Cut(entry, "="); key == name {
			return value
		}
	}
	return ""
}
