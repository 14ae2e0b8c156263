package main

import (
	"context"
	"os"
	"time"

	"github.com/spf13/cobra"

	"cloudsso/idp"
	"cloudsso/idp/sqlite"
)

func (p *program) migrate() *cobra.Command {
	return group("migrate", "Steps of the database schema",
		p.migration("status", "List the steps and whether they are done", sqlite.MigrationStatus),
		p.migration("up", "Bring the database up to date; serve does so by itself", func(ctx context.Context, path string) ([]sqlite.Migration, error) {
			if _, err := sqlite.Migrate(ctx, path); err != nil {
				return nil, err
			}
			return sqlite.MigrationStatus(ctx, path)
		}))
}

// step is one line of the answer.
type step struct {
	Version   int64     `json:"version"`
	Name      string    `json:"name"`
	Done      bool      `json:"done"`
	AppliedAt time.Time `json:"applied_at,omitzero"`
}

func (p *program) migration(use, short string, work func(context.Context, string) ([]sqlite.Migration, error)) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: takes(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error {
		c, err := p.settings(cmd, true)
		if err != nil {
			return err
		}
		if _, err := os.Stat(c.Data); err != nil {
			return idp.Errorf(idp.NotFound, "There is no data folder %s. Name the right one with --data.", c.Data).Because(err)
		}
		list, err := work(cmd.Context(), databasePath(c))
		if err != nil {
			return err
		}
		return p.answer(steps(list), func() {
			rows := [][]string{{"STEP", "DONE"}}
			for _, s := range steps(list) {
				done := "not yet"
				if s.Done {
					done = s.AppliedAt.UTC().Format(time.RFC3339)
				}
				rows = append(rows, []string{s.Name, done})
			}
			p.table(rows)
		})
	}}
}

func steps(list []sqlite.Migration) []step {
	out := make([]step, 0, len(list))
	for _, m := range list {
		out = append(out, step{Version: m.Version, Name: m.Name, Done: !m.AppliedAt.IsZero(), AppliedAt: m.AppliedAt})
	}
	return out
}
