package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"math"
	"slices"
	"time"

	"cloudsso/idp"
)

const deliveryColumns = `id, kind, app, subject, sid, url, attempts, next_at, done_at, result, created_at, expires_at`

// CreateDeliveries is [idp.Deliveries]'s.
func (s *Store) CreateDeliveries(ctx context.Context, ds []idp.Delivery) error {
	var inserts []Statement
	for _, d := range ds {
		inserts = append(inserts, Statement{`INSERT INTO deliveries (` + deliveryColumns + `)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`, []any{
			d.ID, d.Kind, d.App, d.Subject, d.SID, d.URL, d.Attempts, micros(d.NextAt), maybe(d.DoneAt), d.Result,
			micros(d.CreatedAt), micros(d.ExpiresAt),
		}})
	}
	if len(inserts) == 0 {
		return s.db.Fault(ctx.Err())
	}
	return s.together(ctx, inserts...)
}

// ClaimDeliveries is [idp.Deliveries]'s. Another node may claim the same rows at the same
// time: PostgreSQL lets one of the two wait and then looks again at the conditions outside
// the subquery only, so they stand there too.
func (s *Store) ClaimDeliveries(ctx context.Context, now, lease time.Time, limit int) (claimed []idp.Delivery, err error) {
	if err := (idp.Page{Limit: limit}).Check(); err != nil {
		return nil, err
	}
	if !lease.After(now) {
		return nil, errors.New("claim deliveries: the lease is over before it begins")
	}
	err = s.swap(ctx, func(tx Tx) (err error) {
		claimed, err = all(tx.Query, scanDelivery, `UPDATE deliveries SET next_at = $2, attempts = attempts + 1
			WHERE id IN (SELECT id FROM deliveries WHERE done_at IS NULL AND next_at <= $1 AND expires_at > $1 ORDER BY next_at LIMIT $3)
			AND done_at IS NULL AND next_at <= $1 RETURNING `+deliveryColumns, micros(now), micros(lease), limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(claimed, func(a, b idp.Delivery) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return claimed, nil
}

// SettleDelivery is [idp.Deliveries]'s.
func (s *Store) SettleDelivery(ctx context.Context, d idp.Delivery) error {
	return s.swap(ctx, func(tx Tx) error {
		n, err := exec(tx, `UPDATE deliveries SET next_at = $3, done_at = $4, result = $5
			WHERE id = $1 AND attempts = $2 AND done_at IS NULL`, d.ID, d.Attempts, micros(d.NextAt), maybe(d.DoneAt), d.Result)
		if err != nil || n == 1 {
			return err
		}
		return missed(tx, `SELECT 1 FROM deliveries WHERE id = $1`, d.ID)
	})
}

// Deliveries is [idp.Deliveries]'s. seq is the order in which they were stored.
func (s *Store) Deliveries(ctx context.Context, app string, p idp.Page) ([]idp.Delivery, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	before, err := s.seq(ctx, `SELECT seq FROM deliveries WHERE id = $1`, p.After)
	if err != nil {
		return nil, err
	}
	where, values := conditions(condition{"app", app})
	return list(ctx, s, scanDelivery, `SELECT `+deliveryColumns+` FROM deliveries WHERE seq < $1`+where+` ORDER BY seq DESC LIMIT $2`,
		append([]any{before, p.Limit}, values...)...)
}

// seq is that of the row with this id, and greater than all for "".
func (s *Store) seq(ctx context.Context, query, id string) (int64, error) {
	if id == "" {
		return math.MaxInt64, nil
	}
	return find(ctx, s, scalar[int64], query, id)
}

func scanDelivery(rows *sql.Rows) (d idp.Delivery, err error) {
	return d, rows.Scan(&d.ID, &d.Kind, &d.App, &d.Subject, &d.SID, &d.URL, &d.Attempts, instant{&d.NextAt}, instant{&d.DoneAt},
		&d.Result, instant{&d.CreatedAt}, instant{&d.ExpiresAt})
}
