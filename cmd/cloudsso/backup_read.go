package main

import (
	"archive/tar"
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"

	"cloudsso/idp"
)

const (
	ageIntro      = "age-encryption.org/"
	maxManifest   = 64 << 10
	maxScryptWork = 18 // what we write: 256 MiB of memory
)

// readBackup unpacks a backup into dir and checks all of it.
func (p *program) readBackup(ctx context.Context, file, secret, dir string) (manifest, error) {
	f, err := os.Open(file)
	if err != nil {
		return manifest{}, idp.Errorf(idp.NotFound, "The backup %s cannot be read.", file).Because(err)
	}
	defer f.Close()
	plain, err := decrypted(bufio.NewReader(f), file, secret)
	if err != nil {
		return manifest{}, err
	}
	m, err := unpack(plain, file, dir)
	if err != nil {
		return m, err
	}
	return m, p.checkRestored(ctx, dir, m)
}

func decrypted(r *bufio.Reader, file, secret string) (io.Reader, error) {
	intro, _ := r.Peek(len(ageIntro))
	switch encrypted := string(intro) == ageIntro; {
	case !encrypted && secret != "":
		return nil, idp.Errorf(idp.Invalid, "The backup %s is not encrypted. Leave --passphrase out if that is right.", file)
	case !encrypted:
		return r, nil
	case secret == "":
		return nil, idp.Errorf(idp.Invalid, "The backup %s is encrypted. Give its passphrase with --passphrase.", file)
	}
	id, err := age.NewScryptIdentity(secret)
	if err != nil {
		return nil, err
	}
	id.SetMaxWorkFactor(maxScryptWork)
	plain, err := age.Decrypt(r, id)
	if err != nil {
		return nil, idp.Errorf(idp.Invalid, "The backup %s does not open with this passphrase, or is damaged.", file).Because(err)
	}
	return plain, nil
}

func unpack(r io.Reader, file, dir string) (m manifest, err error) {
	bad := func(why string, cause error) error {
		return idp.Errorf(idp.Invalid, "The backup %s is damaged, or is none of ours: %s.", file, why).Because(cause)
	}
	t := tar.NewReader(r)
	h, err := t.Next()
	if err != nil || h.Name != manifestFile || h.Size > maxManifest {
		return m, bad("it does not start with its manifest", err)
	}
	if err := json.NewDecoder(io.LimitReader(t, maxManifest)).Decode(&m); err != nil {
		return m, bad("its manifest cannot be read", err)
	}
	if m.Format != manifestFormat {
		return m, idp.Errorf(idp.Conflict, "The backup %s was made by a newer release (format %d; this one knows %d).", file, m.Format, manifestFormat)
	}
	if !m.listed() {
		return m, bad("its manifest lists other files than a backup has", nil)
	}
	for _, f := range m.Files {
		// Attack: an entry ../../etc/… of somebody else's tar. Decision: only these names,
		// in this order, with the sizes of the manifest.
		h, err := t.Next()
		if err != nil || h.Name != f.Name || h.Size != f.Size || h.Typeflag != tar.TypeReg {
			return m, bad(f.Name+" is missing or has another size", err)
		}
		if err := unpackFile(t, f, dir); err != nil {
			return m, bad(f.Name+" is not as its manifest says", err)
		}
	}
	if _, err := t.Next(); !errors.Is(err, io.EOF) {
		return m, bad("there is more in it than its manifest says", err)
	}
	_, err = io.Copy(io.Discard, r) // to the last byte: only then was all of it authentic
	if err != nil {
		return m, bad("it is cut off", err)
	}
	return m, nil
}

// listed reports whether the manifest is about what a backup has.
func (m manifest) listed() bool {
	var names []string
	for _, f := range m.Files {
		names = append(names, f.Name)
	}
	want := []string{databaseFile}
	if m.HasKey {
		want = append(want, keyFile)
	}
	return slices.Equal(names, want)
}

func unpackFile(r io.Reader, f backupFile, dir string) error {
	out, err := os.OpenFile(filepath.Join(dir, f.Name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	h := sha256.New()
	_, err = io.Copy(io.MultiWriter(out, h), r)
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		return err
	}
	if !strings.EqualFold(hex.EncodeToString(h.Sum(nil)), f.SHA256) {
		return errors.New("another checksum")
	}
	return nil
}
