package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"slices"

	"cloudsso/idp"
)

// CreateKey is [idp.Keys]'s.
func (s *Store) CreateKey(ctx context.Context, k idp.KeyRecord) error {
	return s.change(ctx, insertKey, keyRow(k)...)
}

const insertKey = `INSERT INTO keys (id, slot, use, alg, sealed, certificate, created_at, activate_at, retire_at, expire_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`

func keyRow(k idp.KeyRecord) []any {
	return []any{k.ID, k.Slot, k.Use, k.Alg, k.Sealed, k.Certificate, micros(k.CreatedAt), micros(k.ActivateAt), maybe(k.RetireAt), maybe(k.ExpireAt)}
}

// RotateKeys is [idp.Keys]'s.
func (s *Store) RotateKeys(ctx context.Context, made *idp.KeyRecord, moves []idp.KeyMove) error {
	// All callers lock rows in one order, or two could wait for each other.
	moves = slices.SortedFunc(slices.Values(moves), func(a, b idp.KeyMove) int { return cmp.Compare(a.ID, b.ID) })
	return s.write(ctx, func(tx Tx) error {
		for _, m := range moves {
			if err := moveKey(tx, m); err != nil {
				return err
			}
		}
		if made == nil {
			return nil
		}
		_, err := exec(tx, insertKey, keyRow(*made)...)
		return err
	})
}

func moveKey(tx Tx, m idp.KeyMove) error {
	n, err := exec(tx, `UPDATE keys SET activate_at = $2, retire_at = $3, expire_at = $4
		WHERE id = $1 AND activate_at = $5 AND retire_at IS NOT DISTINCT FROM $6 AND expire_at IS NOT DISTINCT FROM $7`,
		m.ID, micros(m.To.ActivateAt), maybe(m.To.RetireAt), maybe(m.To.ExpireAt),
		micros(m.From.ActivateAt), maybe(m.From.RetireAt), maybe(m.From.ExpireAt))
	if err != nil || n == 1 {
		return err
	}
	return missed(tx, `SELECT 1 FROM keys WHERE id = $1`, m.ID)
}

// Keys is [idp.Keys]'s.
func (s *Store) Keys(ctx context.Context) ([]idp.KeyRecord, error) {
	return list(ctx, s, func(rows *sql.Rows) (k idp.KeyRecord, err error) {
		return k, rows.Scan(&k.ID, &k.Slot, &k.Use, &k.Alg, &k.Sealed, &k.Certificate,
			instant{&k.CreatedAt}, instant{&k.ActivateAt}, instant{&k.RetireAt}, instant{&k.ExpireAt})
	}, `SELECT id, slot, use, alg, sealed, certificate, created_at, activate_at, retire_at, expire_at FROM keys ORDER BY slot`)
}
