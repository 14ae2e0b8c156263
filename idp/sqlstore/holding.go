package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"

	"cloudsso/idp"
)

const holdingColumns = `SELECT c.id, c.version, c.metadata, c.secrets, c.created_at, c.updated_at,
	o.id, o.version, o.metadata, o.secrets, o.created_at, o.updated_at,
	g.id, g.client_id, g.subject, g.session_id, g.code_hash, g.code_expires_at, g.code_used_at,
	g.refresh_seq, g.refresh_expires_at, g.refresh_grace_until, g.created_at, g.expires_at, g.revoked_at, g.revoked, g.doc,
	k.subject, k.client_id, k.scopes, k.given_at
	FROM (SELECT 1 AS one) AS one LEFT JOIN clients c ON c.id = $1 LEFT JOIN grants g ON g.id = $2
	LEFT JOIN clients o ON o.id = g.client_id AND o.id <> $1 LEFT JOIN consents k ON k.subject = g.subject AND k.client_id = g.client_id`

// Holding is [idp.Grants]'s: one statement, so that what it tells was true at one moment.
func (s *Store) Holding(ctx context.Context, clientID, grantID string) (h idp.Holding, err error) {
	h, err = find(ctx, s, s.scanHolding, holdingColumns, clientID, grantID)
	if errors.Is(err, idp.ErrNotFound) { // a key that no row can have
		return idp.Holding{}, nil
	}
	return h, err
}

func (s *Store) scanHolding(rows *sql.Rows) (h idp.Holding, err error) {
	var asking, owner clientRow
	var grant grantRow
	var consent idp.Consent
	err = rows.Scan(slices.Concat(asking.targets(), owner.targets(), grant.targets(), []any{
		optional[string]{&consent.Subject}, optional[string]{&consent.ClientID}, content{&consent.Scopes}, instant{&consent.At},
	})...)
	if err != nil {
		return h, err
	}
	if h.Client, err = s.known.client(&asking); err != nil {
		return h, err
	}
	if h.Owner, err = s.known.client(&owner); err != nil || grant.ID == "" {
		return h, err
	}
	if grant.ClientID == asking.id {
		h.Owner = h.Client
	}
	h.Grant, err = grant.grant()
	h.Consent = consent
	return h, err
}

// maxKnown bounds the clients that are remembered.
const maxKnown = 4096

// clients remembers what documents mean: reading them anew costs more than all else of a
// request. A client is known again by every byte of its row, so what it was before a
// change, here or in another process, is never taken for what it is.
type clients struct {
	mu   sync.RWMutex
	rows map[string]knownClient
}

type knownClient struct {
	row clientRow
	is  *idp.Client
}

// client returns nil for the row that is none.
func (k *clients) client(r *clientRow) (*idp.Client, error) {
	if r.id == "" {
		return nil, nil
	}
	k.mu.RLock()
	known := k.rows[r.id]
	k.mu.RUnlock()
	if known.row == *r {
		return known.is, nil
	}
	c, err := r.client()
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.rows == nil || len(k.rows) >= maxKnown {
		k.rows = make(map[string]knownClient)
	}
	k.rows[r.id] = knownClient{*r, &c}
	return &c, nil
}
