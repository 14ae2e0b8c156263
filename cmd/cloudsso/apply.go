package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"cloudsso/api"
)

// errDrift: the files and the provider differ. It was said already.
var errDrift = errors.New("the provider is not as the files say")

// applier is who carries an apply out: the data folder's owner, or a server.
type applier interface {
	Apply(ctx context.Context, req api.ApplyRequest) (api.Applied, error)
	Export(ctx context.Context) (api.List[api.ExportedDocument], error)
}

// applyFlags are those of apply and diff.
type applyFlags struct {
	file, source, secretsOut string
	req                      api.ApplyRequest
	remote                   remote
}

func (f *applyFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVarP(&f.file, "file", "f", "", "file, or folder whose .yaml and .yml files are read in the order of their names; - is standard input")
	flags.StringVar(&f.source, "source", "", "name of this set of files; default: the name of the file or folder")
	flags.BoolVar(&f.req.TakeOver, "take-over", false, "take over what came from another set of files")
	f.remote.register(cmd)
}

func (p *program) apply() *cobra.Command {
	var f applyFlags
	cmd := &cobra.Command{
		Use: "apply -f FILE|DIR", Short: "Make apps, people and groups what files say", Args: takes(cobra.NoArgs),
		Long: "Make apps, people and groups what files say. Everything is checked before anything is written. What files keep cannot be changed elsewhere; what people made stays as it is, unless a file names it.\n\n" +
			"A secret in a file is env:NAME, file:PATH (beside the file) or generate, never the secret itself.",
		Example: "  cloudsso apply -f conf/ --dry-run\n  cloudsso apply -f conf/ --prune --secrets-out new-secrets.json",
		RunE: p.onProvider(&f.remote, func(ctx context.Context, to applier) error {
			out, err := p.applyFiles(ctx, to, &f)
			if err != nil {
				return err
			}
			if out.Fault != "" {
				return fmt.Errorf("it stopped in the middle: %s What is marked as done stays. Mend it and apply again", out.Fault)
			}
			return nil
		}),
	}
	f.register(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&f.req.DryRun, "dry-run", false, "say what would change, and change nothing")
	flags.BoolVar(&f.req.Prune, "prune", false, "delete what came from these files and is in none of them any more")
	flags.BoolVar(&f.req.Release, "release", false, "let people keep that instead")
	flags.StringVar(&f.secretsOut, "secrets-out", "", "new file (mode 0600) for secrets that are made, in place of the answer")
	return cmd
}

func (p *program) diff() *cobra.Command {
	var f applyFlags
	cmd := &cobra.Command{
		Use: "diff -f FILE|DIR", Short: "Say what is not as files say: exit code 0 nothing, 2 something, 1 an error", Args: takes(cobra.NoArgs),
		Example: "  cloudsso diff -f conf/",
		RunE: p.onProvider(&f.remote, func(ctx context.Context, to applier) error {
			f.req.DryRun = true
			out, err := p.applyFiles(ctx, to, &f)
			if err == nil && len(out.Changes) > 0 {
				err = errDrift
			}
			return err
		}),
	}
	f.register(cmd)
	return cmd
}

// onProvider makes a command that works on the data, or through a server's API.
func (p *program) onProvider(r *remote, work func(ctx context.Context, to applier) error) func(*cobra.Command, []string) error {
	local := p.onData(true, func(ctx context.Context, d *data, _ []string) error { return work(ctx, d.owner) })
	return func(cmd *cobra.Command, args []string) error {
		if r.server == "" {
			return local(cmd, args)
		}
		if err := r.open(p); err != nil {
			return err
		}
		return work(cmd.Context(), r)
	}
}

// applyFiles reads the files, has them applied, and says what came of it.
func (p *program) applyFiles(ctx context.Context, to applier, f *applyFlags) (api.Applied, error) {
	docs, err := p.readDocuments(f)
	if err != nil {
		return api.Applied{}, err
	}
	f.req.Source, f.req.Documents = f.source, docs.wire
	secrets, err := p.openSecrets(f.secretsOut)
	if err != nil {
		return api.Applied{}, err
	}
	out, err := to.Apply(ctx, f.req)
	if err != nil {
		return out, errors.Join(docs.placed(err), secrets.close())
	}
	if err := secrets.take(&out); err != nil {
		return out, errors.Join(err, p.answer(out, func() { p.showApplied(out, f.req.DryRun) }))
	}
	return out, p.answer(out, func() { p.showApplied(out, f.req.DryRun) })
}
