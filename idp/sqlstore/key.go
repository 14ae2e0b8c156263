package sqlstore

import (
	"context"
	"database/sql"

	"cloudsso/idp"
)

// CreateKey is [idp.Keys]'s.
func (s *Store) CreateKey(ctx context.Context, k idp.KeyRecord) error {
	return s.change(ctx, `INSERT INTO keys (id, slot, use, alg, sealed, certificate, created_at, activate_at, retire_at, expire_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, k.ID, k.Slot, k.Use, k.Alg, k.Sealed, k.Certificate,
		micros(k.CreatedAt), micros(k.ActivateAt), maybe(k.RetireAt), maybe(k.ExpireAt))
}

// Keys is [idp.Keys]'s.
func (s *Store) Keys(ctx context.Context) ([]idp.KeyRecord, error) {
	return list(ctx, s, func(rows *sql.Rows) (k idp.KeyRecord, err error) {
		return k, rows.Scan(&k.ID, &k.Slot, &k.Use, &k.Alg, &k.Sealed, &k.Certificate,
			instant{&k.CreatedAt}, instant{&k.ActivateAt}, instant{&k.RetireAt}, instant{&k.ExpireAt})
	}, `SELECT id, slot, use, alg, sealed, certificate, created_at, activate_at, retire_at, expire_at FROM keys ORDER BY slot`)
}

// CreateAdminToken is [idp.AdminTokens]'s.
func (s *Store) CreateAdminToken(ctx context.Context, t idp.AdminToken) error {
	return s.change(ctx, `INSERT INTO admin_tokens (id, hash, role, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)`,
		t.ID, t.Hash, t.Role, micros(t.CreatedAt), micros(t.ExpiresAt))
}

// AdminToken is [idp.AdminTokens]'s.
func (s *Store) AdminToken(ctx context.Context, hash string) (idp.AdminToken, error) {
	return find(ctx, s, func(rows *sql.Rows) (t idp.AdminToken, err error) {
		return t, rows.Scan(&t.ID, &t.Hash, &t.Role, instant{&t.CreatedAt}, instant{&t.ExpiresAt})
	}, `SELECT id, hash, role, created_at, expires_at FROM admin_tokens WHERE hash = $1 AND expires_at > $2`, hash, micros(s.now()))
}
