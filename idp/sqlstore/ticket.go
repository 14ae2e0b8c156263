package sqlstore

import (
	"context"
	"database/sql"

	"cloudsso/idp"
)

const ticketColumns = `kind, id, data, version, created_at, expires_at`

// CreateTicket is [idp.Tickets]'s. One that is over is replaced in the same statement.
func (s *Store) CreateTicket(ctx context.Context, t idp.Ticket) error {
	if err := t.Check(); err != nil {
		return err
	}
	now := micros(s.now())
	return s.swap(ctx, func(tx Tx) error {
		n, err := exec(tx, `INSERT INTO tickets (kind, id, version, data, created_at, expires_at) VALUES ($1, $2, 1, $3, $4, $5)
			ON CONFLICT (kind, id) DO UPDATE SET version = 1, data = excluded.data, created_at = excluded.created_at,
			expires_at = excluded.expires_at WHERE tickets.expires_at <= $6`,
			t.Kind, t.ID, t.Data, micros(t.CreatedAt), micros(t.ExpiresAt), now)
		if err == nil && n == 0 {
			err = idp.ErrConflict
		}
		return err
	})
}

// Ticket is [idp.Tickets]'s.
func (s *Store) Ticket(ctx context.Context, kind, id string) (idp.Ticket, error) {
	return find(ctx, s, scanTicket, `SELECT `+ticketColumns+` FROM tickets WHERE kind = $1 AND id = $2 AND expires_at > $3`,
		kind, id, micros(s.now()))
}

// UpdateTicket is [idp.Tickets]'s.
func (s *Store) UpdateTicket(ctx context.Context, t idp.Ticket) error {
	if err := t.Check(); err != nil {
		return err
	}
	now := micros(s.now())
	return s.swap(ctx, func(tx Tx) error {
		n, err := exec(tx, `UPDATE tickets SET version = version + 1, data = $4, created_at = $5, expires_at = $6
			WHERE kind = $1 AND id = $2 AND version = $3 AND expires_at > $7`,
			t.Kind, t.ID, t.Version, t.Data, micros(t.CreatedAt), micros(t.ExpiresAt), now)
		if err != nil || n == 1 {
			return err
		}
		return missed(tx, `SELECT 1 FROM tickets WHERE kind = $1 AND id = $2 AND expires_at > $3`, t.Kind, t.ID, now)
	})
}

// TakeTicket is [idp.Tickets]'s.
func (s *Store) TakeTicket(ctx context.Context, kind, id string) (t idp.Ticket, err error) {
	now := micros(s.now())
	err = s.swap(ctx, func(tx Tx) (err error) {
		t, err = one(tx.Query, scanTicket, `DELETE FROM tickets WHERE kind = $1 AND id = $2 AND expires_at > $3
			RETURNING `+ticketColumns, kind, id, now)
		return err
	})
	if err != nil {
		return idp.Ticket{}, err
	}
	return t, nil
}

func scanTicket(rows *sql.Rows) (t idp.Ticket, err error) {
	return t, rows.Scan(&t.Kind, &t.ID, &t.Data, &t.Version, instant{&t.CreatedAt}, instant{&t.ExpiresAt})
}
