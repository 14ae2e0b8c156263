package sqlstore

import (
	"context"
	"database/sql"

	"cloudsso/idp"
)

const adminColumns = `SELECT subject, role, version, doc, created_at, updated_at FROM admins`

type adminDoc struct {
	Apps      []string `json:"apps"`
	CreatedBy string   `json:"created_by"`
}

// CreateAdmin is [idp.Admins]'s.
func (s *Store) CreateAdmin(ctx context.Context, a idp.Admin) error {
	doc, err := document(adminDoc{a.Apps, a.CreatedBy})
	if err != nil {
		return err
	}
	return s.change(ctx, `INSERT INTO admins (subject, role, version, doc, created_at, updated_at) VALUES ($1, $2, 1, $3, $4, $5)`,
		a.Subject, a.Role, doc, micros(a.CreatedAt), micros(a.UpdatedAt))
}

// Admin is [idp.Admins]'s.
func (s *Store) Admin(ctx context.Context, subject string) (idp.Admin, error) {
	return find(ctx, s, scanAdmin, adminColumns+` WHERE subject = $1`, subject)
}

// UpdateAdmin is [idp.Admins]'s.
func (s *Store) UpdateAdmin(ctx context.Context, a idp.Admin) error {
	doc, err := document(adminDoc{a.Apps, a.CreatedBy})
	if err != nil {
		return err
	}
	return s.swap(ctx, func(tx Tx) error {
		n, err := exec(tx, `UPDATE admins SET version = version + 1, role = $3, doc = $4, created_at = $5, updated_at = $6
			WHERE subject = $1 AND version = $2`, a.Subject, a.Version, a.Role, doc, micros(a.CreatedAt), micros(a.UpdatedAt))
		if err != nil || n == 1 {
			return err
		}
		return missed(tx, `SELECT 1 FROM admins WHERE subject = $1`, a.Subject)
	})
}

// DeleteAdmin is [idp.Admins]'s.
func (s *Store) DeleteAdmin(ctx context.Context, subject string, version int64) error {
	return s.swap(ctx, func(tx Tx) error {
		n, err := exec(tx, `DELETE FROM admins WHERE subject = $1 AND (version = $2 OR $2 = 0)`, subject, version)
		if err != nil || n == 1 {
			return err
		}
		return missed(tx, `SELECT 1 FROM admins WHERE subject = $1`, subject)
	})
}

// Admins is [idp.Admins]'s.
func (s *Store) Admins(ctx context.Context, p idp.Page) ([]idp.Admin, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	return list(ctx, s, scanAdmin, adminColumns+` WHERE subject > $1 ORDER BY subject LIMIT $2`, p.After, p.Limit)
}

func scanAdmin(rows *sql.Rows) (a idp.Admin, err error) {
	var d adminDoc
	err = rows.Scan(&a.Subject, &a.Role, &a.Version, content{&d}, instant{&a.CreatedAt}, instant{&a.UpdatedAt})
	a.Apps, a.CreatedBy = d.Apps, d.CreatedBy
	return a, err
}
