package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"cloudsso/idp"
)

const readSubject = `SELECT subject FROM subjects WHERE directory = $1 AND directory_id = $2`

// Subject is [idp.Subjects]'s. Only the first sign-in of a person writes.
func (s *Store) Subject(ctx context.Context, directory, directoryID, candidate string) (subject string, err error) {
	subject, err = find(ctx, s, scalar[string], readSubject, directory, directoryID)
	if !errors.Is(err, idp.ErrNotFound) {
		return subject, err
	}
	err = s.swap(ctx, func(tx Tx) error {
		_, err := exec(tx, `INSERT INTO subjects (directory, directory_id, subject) VALUES ($1, $2, $3)
			ON CONFLICT (directory, directory_id) DO NOTHING`, directory, directoryID, candidate)
		if err != nil {
			return err
		}
		subject, err = one(tx.Query, scalar[string], readSubject, directory, directoryID)
		return err
	})
	if err != nil {
		return "", err
	}
	return subject, nil
}

// SubjectOwner is [idp.Subjects]'s.
func (s *Store) SubjectOwner(ctx context.Context, subject string) (directory, directoryID string, err error) {
	owner, err := find(ctx, s, func(rows *sql.Rows) (o [2]string, err error) {
		return o, rows.Scan(&o[0], &o[1])
	}, `SELECT directory, directory_id FROM subjects WHERE subject = $1`, subject)
	return owner[0], owner[1], err
}
