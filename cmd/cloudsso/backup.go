package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"cloudsso/idp"
	"cloudsso/idp/config"
	"cloudsso/idp/sqlite"
	"cloudsso/keys"
)

func (p *program) backup() *cobra.Command {
	return group("backup", "Copies of everything, for the day when the machine is gone", p.backupCreate(), p.backupVerify(), p.backupRestore())
}

const passphraseHelp = "env:NAME or file:PATH of the passphrase that encrypts the backup (age, scrypt)"

// onFile makes a command that works on the SQLite database of a data folder, and one file.
func (p *program) onFile(passphrase *string, work func(ctx context.Context, c config.Config, file, secret string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		c, err := p.settings(cmd, true)
		if err != nil {
			return err
		}
		if c.Store != "" {
			return idp.Errorf(idp.Invalid, "The database is PostgreSQL: pg_dump and pg_restore copy it. Keep the key-encryption key (CLOUDSSO_KEK, CLOUDSSO_KEK_FILE, or the file kek in the data folder) with the dump, apart from it: without it nothing that is sealed can be read.")
		}
		if *passphrase == "" {
			return work(cmd.Context(), c, args[0], "")
		}
		secret, found, err := p.referred(*passphrase, ".", true)
		if err != nil {
			return misuse{fmt.Errorf("--passphrase: %w", err)}
		}
		if !found || secret == "" {
			return misuse{errors.New("--passphrase: expected env:NAME or file:PATH of one that is not empty")}
		}
		return work(cmd.Context(), c, args[0], secret)
	}
}

func (p *program) backupCreate() *cobra.Command {
	var passphrase string
	cmd := &cobra.Command{
		Use: "create FILE", Short: "Copy the database and its key into one new file, while the server runs", Args: takes(cobra.ExactArgs(1)),
		Example: "  cloudsso backup create sso.backup --passphrase file:/etc/cloudsso/backup-passphrase",
		RunE: p.onFile(&passphrase, func(ctx context.Context, c config.Config, file, secret string) error {
			m, err := p.createBackup(ctx, c, file, secret)
			if err != nil {
				return err
			}
			if secret == "" {
				p.hint("warning: This file is not encrypted. Whoever reads it can %s. --passphrase encrypts it.", m.power())
			}
			return p.answer(m, func() { p.showManifest(m) })
		}),
	}
	cmd.Flags().StringVar(&passphrase, "passphrase", "", passphraseHelp)
	return cmd
}

func (p *program) backupVerify() *cobra.Command {
	var passphrase string
	cmd := &cobra.Command{
		Use: "verify FILE", Short: "Read a backup to its end: checksums, database, schema, keys", Args: takes(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := os.MkdirTemp("", "cloudsso-verify-") // mode 0700
			if err != nil {
				return err
			}
			defer os.RemoveAll(dir)
			return p.onFile(&passphrase, func(ctx context.Context, _ config.Config, file, secret string) error {
				m, err := p.readBackup(ctx, file, secret, dir)
				if err != nil {
					return err
				}
				return p.answer(m, func() { p.showManifest(m) })
			})(cmd, args)
		},
	}
	cmd.Flags().StringVar(&passphrase, "passphrase", "", passphraseHelp)
	return cmd
}

func (p *program) backupRestore() *cobra.Command {
	var passphrase string
	cmd := &cobra.Command{
		Use: "restore FILE", Short: "Verify a backup, and put it into an empty data folder (--data)", Args: takes(cobra.ExactArgs(1)),
		Example: "  cloudsso backup restore sso.backup --data /var/lib/cloudsso --passphrase file:/etc/cloudsso/backup-passphrase",
		RunE: p.onFile(&passphrase, func(ctx context.Context, c config.Config, file, secret string) error {
			m, err := p.restoreBackup(ctx, c.Data, file, secret)
			if err != nil {
				return err
			}
			return p.answer(m, func() {
				p.showManifest(m)
				p.line("It is restored in %s.", c.Data)
			})
		}),
	}
	cmd.Flags().StringVar(&passphrase, "passphrase", "", passphraseHelp)
	return cmd
}

func (p *program) showManifest(m manifest) {
	rows := [][]string{{"made at", moment(m.CreatedAt)}, {"schema", fmt.Sprint(m.Schema)}}
	for _, f := range m.Files {
		rows = append(rows, []string{f.Name, fmt.Sprintf("%d bytes, sha256 %s", f.Size, f.SHA256)})
	}
	p.table(rows)
	if !m.HasKey {
		p.hint("The key-encryption key is not inside. Keep it apart: without it nothing that is sealed can be read.")
	}
	for _, s := range m.NotInside {
		p.hint("not inside: %s", s)
	}
}

// restoreBackup leaves the folder as it was unless all is well.
func (p *program) restoreBackup(ctx context.Context, data, file, secret string) (m manifest, err error) {
	if entries, err := os.ReadDir(data); err == nil && len(entries) > 0 {
		return m, idp.Errorf(idp.Conflict, "The data folder %s is not empty. Restore into a new one, and keep the old one until you are sure.", data)
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return m, err
	}
	dir, err := os.MkdirTemp(data, ".restore-")
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if m, err = p.readBackup(ctx, file, secret, dir); err != nil {
		return m, err
	}
	for _, f := range m.Files {
		if err := os.Rename(filepath.Join(dir, f.Name), filepath.Join(data, f.Name)); err != nil {
			return m, err
		}
	}
	return m, nil
}

// checkRestored holds what was unpacked against this program.
func (p *program) checkRestored(ctx context.Context, dir string, m manifest) error {
	path := filepath.Join(dir, databaseFile)
	if err := sqlite.Check(ctx, path); err != nil {
		return err
	}
	if !m.HasKey && p.getenv("CLOUDSSO_KEK")+p.getenv("CLOUDSSO_KEK_FILE") == "" {
		return nil
	}
	db, err := sqlite.Open(ctx, path, p.now)
	if err != nil {
		return err
	}
	getenv := p.getenv
	if m.HasKey {
		getenv = func(string) string { return "" } // this is the one that it must open with
	}
	kek, err := keys.LoadKEK(dir, getenv)
	if err == nil {
		_, err = keys.Open(ctx, db, kek, p.now)
	}
	return errors.Join(err, db.Close())
}
