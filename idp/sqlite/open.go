package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"cloudsso/idp"
	"cloudsso/idp/sqlstore"
)

const (
	patience = 5 * time.Second // for the write lock that another process holds
	readers  = 8               // connections that read at the same time
)

var durable = []string{"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)", "trusted_schema(OFF)"}

// Open opens the database file at path, which it creates (mode 0600) if it is not there,
// and migrates it. The directory must exist. Errors that an operator can do something
// about are [*idp.Error] values that say what; all wrap [idp.ErrUnavailable] if the file
// cannot be used right now.
func Open(ctx context.Context, path string, now func() time.Time) (*sqlstore.Store, error) {
	db, err := open(ctx, path, patience)
	if err != nil {
		return nil, err
	}
	return sqlstore.New(db, now), nil
}

func open(ctx context.Context, path string, busy time.Duration) (*database, error) {
	if err := secure(path); err != nil {
		return nil, err
	}
	write, err := connect(path, busy, durable...)
	if err != nil {
		return nil, unusable(path, err)
	}
	write.SetMaxOpenConns(1)
	if _, err := migrate(ctx, write, path); err != nil {
		return nil, errors.Join(err, write.Close())
	}
	w, err := newWriter(ctx, write)
	if err != nil {
		return nil, errors.Join(unusable(path, err), write.Close())
	}
	read, err := connect(path, busy, slices.Concat(durable, []string{"query_only(ON)"})...)
	if err != nil {
		return nil, errors.Join(unusable(path, err), w.close())
	}
	return &database{read: read, writer: w, prepared: map[string]*sql.Stmt{}}, nil
}

// connect prepares a pool; the first use opens the file.
func connect(path string, busy time.Duration, pragmas ...string) (*sql.DB, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	pragmas = append([]string{fmt.Sprintf("busy_timeout(%d)", busy.Milliseconds())}, pragmas...)
	// As a URI, so that ?, # and % in a path are a path.
	file := url.URL{Scheme: "file", OmitHost: true, Path: absolute, RawQuery: url.Values{"_pragma": pragmas}.Encode()}
	db, err := sql.Open("sqlite", file.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(readers)
	db.SetMaxIdleConns(readers) // opening one, and preparing its statements, costs more than many reads
	return db, nil
}

// secure creates the file for its owner only, and takes back what others were allowed:
// password hashes and sessions lie in it. SQLite gives its -wal and -shm files the same
// mode. A file that is there is not opened: closing it again would release the locks
// that another store of this process may hold on it (POSIX locks are the process's).
func secure(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return create(path)
	case err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0:
		err = os.Chmod(path, 0o600)
	}
	if err != nil {
		return unusable(path, err)
	}
	return nil
}

func create(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist): // another process was faster
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return idp.Errorf(idp.Invalid, "The directory %s does not exist. Create it, or choose another data directory.", filepath.Dir(path)).Because(err)
	case err == nil:
		err = f.Close()
	}
	if err != nil {
		return unusable(path, err)
	}
	return nil
}

func unusable(path string, cause error) error {
	return idp.Errorf(idp.Unavailable, "The database %s cannot be opened. Check that the disk is there and writable, that it is not full, and that the file belongs to the user who runs this program.", path).
		Because(fmt.Errorf("%w: %w", idp.ErrUnavailable, cause))
}
