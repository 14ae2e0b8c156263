package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"cloudsso/api"
	"cloudsso/api/documents"
)

func (p *program) export() *cobra.Command {
	var r remote
	var only []string
	var file string
	cmd := &cobra.Command{
		Use: "export", Short: "Write apps, people and groups as documents for apply, without secrets", Args: takes(cobra.NoArgs),
		Example: "  cloudsso export --kind Client --kind ServiceProvider --out apps.yaml",
		RunE: p.onProvider(&r, func(ctx context.Context, from applier) error {
			for _, kind := range only {
				if !slices.Contains(api.DocumentKinds(), kind) {
					return misuse{errors.New("--kind: expected one of " + strings.Join(api.DocumentKinds(), ", "))}
				}
			}
			list, err := from.Export(ctx)
			if err != nil {
				return err
			}
			var docs [][]byte
			for _, d := range list.Items {
				if len(only) == 0 || slices.Contains(only, d.Kind) {
					docs = append(docs, []byte(`{"kind":"`+d.Kind+`",`+strings.TrimPrefix(string(d.Body), "{")))
				}
			}
			return p.writeDocuments(file, docs)
		}),
	}
	cmd.Flags().StringArrayVar(&only, "kind", nil, strings.Join(api.DocumentKinds(), ", ")+"; may be repeated. Default: all")
	cmd.Flags().StringVar(&file, "out", "", "new file to write to (mode 0600). Default: standard output")
	r.register(cmd)
	return cmd
}

func (p *program) writeDocuments(file string, docs [][]byte) error {
	if file == "" {
		return documents.Write(p.out, docs...)
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(documents.Write(f, docs...), f.Close())
}
