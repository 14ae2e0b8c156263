package main

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"

	"cloudsso/idp"
	"cloudsso/idp/config"
	"cloudsso/idp/sqlite"
	"cloudsso/keys"
)

const (
	databaseFile   = "cloudsso.db"
	keyFile        = "kek"
	manifestFile   = "manifest.json"
	manifestFormat = 1
)

// manifest is the first file of a backup: what is in it.
type manifest struct {
	Format    int          `json:"format"`
	CreatedAt time.Time    `json:"created_at"`
	Schema    int64        `json:"schema"` // the last step of the database
	HasKey    bool         `json:"has_key"`
	Encrypted bool         `json:"encrypted"`
	Files     []backupFile `json:"files"`
	NotInside []string     `json:"not_inside,omitempty"`
}

type backupFile struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// power is what whoever reads the backup can do.
func (m manifest) power() string {
	if m.HasKey {
		return "sign as this provider, and read every secret in it"
	}
	return "read personal data and password hashes"
}

// createBackup makes the copies in the data folder, where nobody else reads, and packs
// them into a new file. A file that is not whole is removed.
func (p *program) createBackup(ctx context.Context, c config.Config, file, secret string) (m manifest, err error) {
	if _, err := os.Stat(databasePath(c)); err != nil {
		return m, idp.Errorf(idp.NotFound, "There is no database in %s. Name the data folder with --data.", c.Data).Because(err)
	}
	dir, err := os.MkdirTemp(c.Data, ".backup-") // mode 0700
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if m, err = p.collectBackup(ctx, c, dir); err != nil {
		return m, err
	}
	m.Encrypted = secret != ""
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return m, idp.Errorf(idp.Conflict, "The file %s is there already. A backup goes into a new file.", file)
	}
	if err != nil {
		return m, err
	}
	if err := errors.Join(pack(f, m, dir, secret), f.Sync(), f.Close()); err != nil {
		return m, errors.Join(err, os.Remove(file))
	}
	return m, nil
}

func (p *program) collectBackup(ctx context.Context, c config.Config, dir string) (manifest, error) {
	m := manifest{Format: manifestFormat, CreatedAt: p.now().UTC().Truncate(time.Second), NotInside: []string{"the configuration file, environment variables, and files that they name"}}
	if err := sqlite.Backup(ctx, databasePath(c), filepath.Join(dir, databaseFile)); err != nil {
		return m, err
	}
	steps, err := sqlite.MigrationStatus(ctx, filepath.Join(dir, databaseFile))
	if err != nil {
		return m, err
	}
	for _, s := range steps {
		if !s.AppliedAt.IsZero() {
			m.Schema = s.Version
		}
	}
	if c.Flows != "" {
		m.NotInside = append(m.NotInside, "sessions and sign-ins under way (flows): people sign in again")
	}
	names := []string{databaseFile}
	if p.getenv("CLOUDSSO_KEK")+p.getenv("CLOUDSSO_KEK_FILE") == "" {
		switch key, err := os.ReadFile(keys.KEKFile(c.Data)); {
		case err == nil:
			if err := os.WriteFile(filepath.Join(dir, keyFile), key, 0o600); err != nil {
				return m, err
			}
			m.HasKey, names = true, append(names, keyFile)
		case !errors.Is(err, fs.ErrNotExist):
			return m, err
		}
	}
	for _, name := range names {
		f, err := sum(filepath.Join(dir, name))
		if err != nil {
			return m, err
		}
		m.Files = append(m.Files, f)
	}
	return m, nil
}

func sum(path string) (backupFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return backupFile{}, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	return backupFile{Name: filepath.Base(path), Size: n, SHA256: hex.EncodeToString(h.Sum(nil))}, err
}

// pack writes a tar, inside age if there is a passphrase.
func pack(to io.Writer, m manifest, dir, secret string) error {
	close := func() error { return nil }
	if secret != "" {
		r, err := age.NewScryptRecipient(secret)
		if err != nil {
			return err
		}
		w, err := age.Encrypt(to, r)
		if err != nil {
			return err
		}
		to, close = w, w.Close
	}
	t := tar.NewWriter(to)
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := t.WriteHeader(&tar.Header{Name: manifestFile, Mode: 0o600, Size: int64(len(b)), ModTime: m.CreatedAt}); err != nil {
		return err
	}
	if _, err := t.Write(b); err != nil {
		return err
	}
	for _, f := range m.Files {
		if err := packFile(t, f, dir, m.CreatedAt); err != nil {
			return err
		}
	}
	return errors.Join(t.Close(), close())
}

func packFile(t *tar.Writer, f backupFile, dir string, at time.Time) error {
	in, err := os.Open(filepath.Join(dir, f.Name))
	if err != nil {
		return err
	}
	defer in.Close()
	if err := t.WriteHeader(&tar.Header{Name: f.Name, Mode: 0o600, Size: f.Size, ModTime: at}); err != nil {
		return err
	}
	_, err = io.Copy(t, in)
	return err
}
