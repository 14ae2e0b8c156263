package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"cloudsso/idp"
)

const tokenColumns = `SELECT id, hash, role, created_at, expires_at, last_used_at, doc FROM admin_tokens`

type tokenDoc struct {
	Name      string   `json:"name"`
	Apps      []string `json:"apps"`
	CreatedBy string   `json:"created_by"`
}

// CreateAdminToken is [idp.AdminTokens]'s.
func (s *Store) CreateAdminToken(ctx context.Context, t idp.AdminToken) error {
	doc, err := document(tokenDoc{t.Name, t.Apps, t.CreatedBy})
	if err != nil {
		return err
	}
	return s.change(ctx, `INSERT INTO admin_tokens (id, hash, role, created_at, expires_at, last_used_at, doc)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, t.ID, t.Hash, t.Role, micros(t.CreatedAt), micros(t.ExpiresAt), maybe(t.LastUsedAt), doc)
}

// AdminToken is [idp.AdminTokens]'s.
func (s *Store) AdminToken(ctx context.Context, hash string) (idp.AdminToken, error) {
	return find(ctx, s, scanToken, tokenColumns+` WHERE hash = $1 AND expires_at > $2`, hash, micros(s.now()))
}

// AdminTokens is [idp.AdminTokens]'s.
func (s *Store) AdminTokens(ctx context.Context, p idp.Page) ([]idp.AdminToken, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	return list(ctx, s, scanToken, tokenColumns+` WHERE id > $1 AND expires_at > $3 ORDER BY id LIMIT $2`, p.After, p.Limit, micros(s.now()))
}

// TouchAdminToken is [idp.AdminTokens]'s.
func (s *Store) TouchAdminToken(ctx context.Context, id string, now time.Time) error {
	return s.swap(ctx, func(tx Tx) error {
		n, err := exec(tx, `UPDATE admin_tokens SET last_used_at = $2 WHERE id = $1 AND expires_at > $3
			AND (last_used_at IS NULL OR last_used_at < $2)`, id, micros(now), micros(s.now()))
		if err != nil || n == 1 {
			return err
		}
		_, err = one(tx.Query, scalar[int64], `SELECT 1 FROM admin_tokens WHERE id = $1 AND expires_at > $2`, id, micros(s.now()))
		return err
	})
}

// RevokeAdminToken is [idp.AdminTokens]'s.
func (s *Store) RevokeAdminToken(ctx context.Context, id string) error {
	return s.swap(ctx, func(tx Tx) error {
		n, err := exec(tx, `DELETE FROM admin_tokens WHERE id = $1 AND expires_at > $2`, id, micros(s.now()))
		if err == nil && n == 0 {
			err = idp.ErrNotFound
		}
		return err
	})
}

func scanToken(rows *sql.Rows) (t idp.AdminToken, err error) {
	var d tokenDoc
	err = rows.Scan(&t.ID, &t.Hash, &t.Role, instant{&t.CreatedAt}, instant{&t.ExpiresAt}, instant{&t.LastUsedAt}, content{&d})
	t.Name, t.Apps, t.CreatedBy = d.Name, d.Apps, d.CreatedBy
	return t, err
}
