package sqlite

import (
	"context"
	"errors"

	"cloudsso/idp"
)

// Backup writes what the database file at path holds at one moment into a new file (mode
// 0600), while others go on writing. The copy is one file without a journal beside it.
func Backup(ctx context.Context, path, to string) (err error) {
	if err := create(to); err != nil {
		return err
	}
	db, err := connect(path, patience, durable...)
	if err != nil {
		return unusable(path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.ExecContext(ctx, `VACUUM INTO $1`, to); err != nil {
		return idp.Errorf(idp.Unavailable, "The database %s cannot be copied. Check that there is room for a second one on the disk.", path).Because(err)
	}
	return nil
}

// Check reads all of the database file at path, which nobody else has open, and fails if
// it is damaged or of a release that this one does not know. It changes nothing.
func Check(ctx context.Context, path string) (err error) {
	db, err := connect(path, patience, "query_only(ON)")
	if err != nil {
		return unusable(path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var found string
	if err := db.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&found); err != nil {
		return damaged(path, err)
	}
	if found != "ok" {
		return damaged(path, errors.New(found))
	}
	var done int
	if err := db.QueryRowContext(ctx, `SELECT count(*) FROM goose_db_version`).Scan(&done); err != nil || done == 0 {
		return damaged(path, errors.Join(errors.New("it has no schema"), err))
	}
	provider, err := steps(db)
	if err != nil {
		return err
	}
	_, err = current(ctx, provider, path)
	return err
}

func damaged(path string, cause error) error {
	return idp.Errorf(idp.Invalid, "The database %s is damaged, or is none of ours.", path).Because(cause)
}
