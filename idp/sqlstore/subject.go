package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"cloudsso/idp"
)

// subjects has one row for each subject that was ever given out and is never changed, so
// that none is given out twice; subject_moves has the people who are somebody else by now.
const readSubject = `SELECT subject, 0 AS later FROM subject_moves WHERE directory = $1 AND directory_id = $2
	UNION ALL SELECT subject, 1 FROM subjects WHERE directory = $1 AND directory_id = $2 ORDER BY later LIMIT 1`

func scanSubject(rows *sql.Rows) (subject string, err error) {
	var later int64
	return subject, rows.Scan(&subject, &later)
}

// Subject is [idp.Subjects]'s. Only the first sign-in of a person writes.
func (s *Store) Subject(ctx context.Context, directory, directoryID, candidate string) (subject string, err error) {
	subject, err = find(ctx, s, scanSubject, readSubject, directory, directoryID)
	if !errors.Is(err, idp.ErrNotFound) {
		return subject, err
	}
	err = s.swap(ctx, func(tx Tx) error {
		_, err := exec(tx, `INSERT INTO subjects (directory, directory_id, subject) VALUES ($1, $2, $3)
			ON CONFLICT (directory, directory_id) DO NOTHING`, directory, directoryID, candidate)
		if err != nil {
			return err
		}
		subject, err = one(tx.Query, scanSubject, readSubject, directory, directoryID)
		return err
	})
	if err != nil {
		return "", err
	}
	return subject, nil
}

// SubjectOwner is [idp.Subjects]'s.
func (s *Store) SubjectOwner(ctx context.Context, subject string) (directory, directoryID string, err error) {
	owner, err := find(ctx, s, scanLink, subjectLinks, subject)
	return owner.Directory, owner.DirectoryID, err
}

const subjectLinks = `SELECT directory, directory_id, moved_at FROM subject_moves WHERE subject = $1
	UNION ALL SELECT directory, directory_id, -1 FROM subjects AS first WHERE subject = $1 AND NOT EXISTS (
	SELECT 1 FROM subject_moves AS moved WHERE moved.directory = first.directory AND moved.directory_id = first.directory_id)
	ORDER BY moved_at DESC, directory, directory_id`

// SubjectLinks is [idp.Subjects]'s.
func (s *Store) SubjectLinks(ctx context.Context, subject string) ([]idp.SubjectLink, error) {
	return list(ctx, s, scanLink, subjectLinks, subject)
}

func scanLink(rows *sql.Rows) (l idp.SubjectLink, err error) {
	var at int64
	return l, rows.Scan(&l.Directory, &l.DirectoryID, &at)
}

// MoveSubject is [idp.Subjects]'s.
func (s *Store) MoveSubject(ctx context.Context, directory, directoryID, subject string) error {
	return s.swap(ctx, func(tx Tx) error {
		n, err := exec(tx, `INSERT INTO subject_moves (directory, directory_id, subject, moved_at)
			SELECT $1, $2, subject, CAST($4 AS bigint) FROM subjects WHERE subject = $3
			ON CONFLICT (directory, directory_id) DO UPDATE SET subject = excluded.subject, moved_at = excluded.moved_at`,
			directory, directoryID, subject, micros(s.now()))
		if err == nil && n == 0 {
			err = idp.ErrNotFound
		}
		return err
	})
}
