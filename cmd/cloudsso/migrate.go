package main

import (
	"context"
	"os"
	"time"

	"github.com/spf13/cobra"

	"cloudsso/idp"
	"cloudsso/idp/config"
	"cloudsso/idp/postgres"
	"cloudsso/idp/sqlite"
)

func (p *program) migrate() *cobra.Command {
	return group("migrate", "Steps of the database schema",
		p.migration("status", "List the steps and whether they are done", schema.status),
		p.migration("up", "Bring the database up to date; serve does so by itself", func(s schema, ctx context.Context) ([]sqlite.Migration, error) {
			if _, err := s.up(ctx, s.where); err != nil {
				return nil, err
			}
			return s.status(ctx)
		}))
}

// schema is what the two kinds of database know about theirs.
type schema struct {
	where    string // path or URL
	up, list func(ctx context.Context, where string) ([]sqlite.Migration, error)
}

func (s schema) status(ctx context.Context) ([]sqlite.Migration, error) { return s.list(ctx, s.where) }

func schemaOf(c config.Config) (schema, error) {
	if c.Store != "" {
		return schema{c.Store, postgres.Migrate, postgres.MigrationStatus}, nil
	}
	if _, err := os.Stat(c.Data); err != nil {
		return schema{}, idp.Errorf(idp.NotFound, "There is no data folder %s. Name the right one with --data.", c.Data).Because(err)
	}
	return schema{databasePath(c), sqlite.Migrate, sqlite.MigrationStatus}, nil
}

// step is one line of the answer.
type step struct {
	Version   int64     `json:"version"`
	Name      string    `json:"name"`
	Done      bool      `json:"done"`
	AppliedAt time.Time `json:"applied_at,omitzero"`
}

func (p *program) migration(use, short string, work func(schema, context.Context) ([]sqlite.Migration, error)) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: takes(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error {
		c, err := p.settings(cmd, true)
		if err != nil {
			return err
		}
		s, err := schemaOf(c)
		if err != nil {
			return err
		}
		list, err := work(s, cmd.Context())
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
