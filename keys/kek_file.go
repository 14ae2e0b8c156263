package keys

import (
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"cloudsso/idp"
)

const kekFile = "kek" // below the data directory

// KEKFile is the path that LoadKEK reads and [Open] writes when the environment names no
// key.
func KEKFile(dataDir string) string { return filepath.Join(dataDir, kekFile) }

// LoadKEK finds the key-encryption key: CLOUDSSO_KEK (base64 of 32 bytes),
// CLOUDSSO_KEK_FILE (a file that holds the same), or the file "kek" in dataDir. If none
// of them is there it returns a new key that exists in memory only: [Open] writes it to
// the data directory once it has seen that nothing is sealed under an older one.
// Errors are *idp.Error with a sentence for the operator.
func LoadKEK(dataDir string, env func(string) string) (*KEK, error) {
	value, file := env("CLOUDSSO_KEK"), env("CLOUDSSO_KEK_FILE")
	switch {
	case value != "" && file != "":
		return nil, idp.Errorf(idp.Invalid, "CLOUDSSO_KEK and CLOUDSSO_KEK_FILE are both set: keep one of them.").On("CLOUDSSO_KEK")
	case value != "":
		secret, err := parseKEK(value)
		if err != nil {
			return nil, badKEK("CLOUDSSO_KEK").On("CLOUDSSO_KEK")
		}
		return newKEK(secret, "CLOUDSSO_KEK")
	case file != "":
		return readKEK(file, "CLOUDSSO_KEK_FILE, "+file)
	}
	path := KEKFile(dataDir)
	k, err := readKEK(path, path)
	if errors.Is(err, fs.ErrNotExist) {
		return &KEK{source: path, path: path}, nil
	}
	return k, err
}

func readKEK(path, source string) (*KEK, error) {
	secret, err := readKEKFile(path)
	if err != nil {
		return nil, err
	}
	return newKEK(secret, source)
}

func readKEKFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, idp.Errorf(idp.Invalid, "The key-encryption key in %s cannot be read: check that the file is there and belongs to the user that runs cloudsso.", path).Because(err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	// Whoever reads this file and a backup of the store can sign as this provider.
	if runtime.GOOS != "windows" && st.Mode().Perm()&0o077 != 0 {
		return nil, idp.Errorf(idp.Invalid, "The key-encryption key in %s can be read by other users of this machine (mode %#o): make it private with chmod 600.", path, st.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(f, 1024))
	if err != nil {
		return nil, err
	}
	secret, err := parseKEK(string(text))
	if err != nil {
		return nil, badKEK(path)
	}
	return secret, nil
}

func parseKEK(text string) ([]byte, error) {
	secret, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSpace(text))
	if err == nil && len(secret) != kekSize {
		err = errors.New("wrong length")
	}
	return secret, err
}

func badKEK(where string) *idp.Error {
	return idp.Errorf(idp.Invalid, "The key-encryption key in %s is not the base64 form of 32 bytes: restore the one that was there, or make one with \"openssl rand -base64 32\" if this provider has never run.", where)
}

// createKEKFile writes secret to path unless a key is there already, and returns the
// key that lies there in the end. The file appears whole or not at all: a crash between
// creating and writing it must not leave an empty key behind.
func createKEKFile(path string, secret []byte) ([]byte, error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, unwritableKEK(path, err)
	}
	tmp, err := writePrivate(dir, base64.StdEncoding.EncodeToString(secret)+"\n")
	if err != nil {
		return nil, unwritableKEK(path, err)
	}
	defer os.Remove(tmp)
	err = os.Link(tmp, path) // unlike a rename, this fails if somebody else's key is there
	if errors.Is(err, fs.ErrExist) {
		return readKEKFile(path)
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return nil, unwritableKEK(path, err)
	}
	return secret, nil
}

func unwritableKEK(path string, cause error) error {
	return idp.Errorf(idp.Invalid, "A new key-encryption key cannot be written to %s: make the directory writable for the user that runs cloudsso, or set CLOUDSSO_KEK.", path).Because(cause)
}

// writePrivate makes a file with mode 0600 in dir (os.CreateTemp opens it exclusively) and syncs it.
func writePrivate(dir, text string) (path string, err error) {
	f, err := os.CreateTemp(dir, ".kek-*")
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

func syncDir(dir string) error {
	if runtime.GOOS == "windows" { // which cannot sync a directory
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
