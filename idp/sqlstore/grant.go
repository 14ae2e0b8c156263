package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"cloudsso/idp"
)

// SID is the column sid too, to be searched.
type grantDoc struct {
	SID         string            `json:"sid"`
	GrantType   string            `json:"grant_type"`
	Scopes      []string          `json:"scopes"`
	RedirectURI string            `json:"redirect_uri"`
	Nonce       string            `json:"nonce"`
	Challenge   string            `json:"challenge"`
	AuthTime    time.Time         `json:"auth_time"`
	ACR         string            `json:"acr"`
	AMR         []string          `json:"amr"`
	Request     map[string]string `json:"request"`
}

// CreateGrant is [idp.Grants]'s.
func (s *Store) CreateGrant(ctx context.Context, g idp.Grant, e idp.Event) error {
	grant, err := insertGrant(g)
	if err != nil {
		return err
	}
	if e.Name == "" {
		return s.change(ctx, grant.Query, grant.Args...)
	}
	event, err := insertEvent(e)
	if err != nil {
		return err
	}
	return s.together(ctx, grant, event)
}

func insertGrant(g idp.Grant) (Statement, error) {
	doc, err := document(grantDoc{g.SID, g.GrantType, g.Scopes, g.RedirectURI, g.Nonce, g.Challenge, whole(g.AuthTime), g.ACR, g.AMR, g.Request})
	return Statement{`INSERT INTO grants (id, client_id, subject, session_id, sid, code_hash, code_expires_at, code_used_at,
		refresh_seq, refresh_expires_at, refresh_grace_until, created_at, expires_at, revoked_at, revoked, doc)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`, []any{
		g.ID, g.ClientID, g.Subject, g.SessionID, g.SID, g.CodeHash, maybe(g.CodeExpiresAt), maybe(g.CodeUsedAt),
		g.RefreshSeq, maybe(g.RefreshExpiresAt), maybe(g.RefreshGraceUntil), micros(g.CreatedAt), maybe(g.ExpiresAt),
		maybe(g.RevokedAt), g.Revoked, doc,
	}}, err
}

// Grant is [idp.Grants]'s.
func (s *Store) Grant(ctx context.Context, id string) (idp.Grant, error) {
	return find(ctx, s, scanGrant, grantColumns+` WHERE id = $1`, id)
}

// Grants is [idp.Grants]'s.
func (s *Store) Grants(ctx context.Context, f idp.GrantFilter, p idp.Page) ([]idp.Grant, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	where, values := grantConditions(f)
	where += fmt.Sprintf(" AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $%d)", 3+len(values))
	values = append(values, micros(s.now()))
	return list(ctx, s, scanGrant, grantColumns+` WHERE id > $1`+where+` ORDER BY id LIMIT $2`, append([]any{p.After, p.Limit}, values...)...)
}

const grantColumns = `SELECT id, client_id, subject, session_id, code_hash, code_expires_at, code_used_at,
	refresh_seq, refresh_expires_at, refresh_grace_until, created_at, expires_at, revoked_at, revoked, doc FROM grants`

func grantConditions(f idp.GrantFilter) (where string, values []any) {
	return conditions(condition{"subject", f.Subject}, condition{"client_id", f.ClientID}, condition{"session_id", f.SessionID}, condition{"sid", f.SID})
}

// RedeemCode is [idp.Grants]'s.
func (s *Store) RedeemCode(ctx context.Context, r idp.Redemption, now time.Time) error {
	return s.swap(ctx, func(tx Tx) error {
		n, err := exec(tx, `UPDATE grants SET code_used_at = $3, refresh_seq = $4, refresh_expires_at = $5, expires_at = $6
			WHERE id = $1 AND code_hash = $2 AND code_hash <> '' AND code_expires_at > $3
			AND code_used_at IS NULL AND revoked_at IS NULL`,
			r.GrantID, r.CodeHash, micros(now), r.RefreshSeq, maybe(r.RefreshExpiresAt), maybe(r.ExpiresAt))
		if err != nil || n == 1 {
			return err
		}
		return reused(tx, `SELECT 1 FROM grants WHERE id = $1 AND code_hash = $2 AND code_hash <> ''
			AND (code_used_at IS NOT NULL OR revoked_at IS NOT NULL)`, r.GrantID, r.CodeHash)
	})
}

// RotateRefresh is [idp.Grants]'s.
func (s *Store) RotateRefresh(ctx context.Context, r idp.Rotation) error {
	return s.swap(ctx, func(tx Tx) error {
		n, err := exec(tx, `UPDATE grants SET refresh_seq = refresh_seq + 1, refresh_grace_until = $3, refresh_expires_at = $4, expires_at = $5
			WHERE id = $1 AND refresh_seq = $2 AND refresh_seq > 0 AND revoked_at IS NULL`,
			r.GrantID, r.Seq, maybe(r.GraceUntil), maybe(r.RefreshExpiresAt), maybe(r.ExpiresAt))
		if err != nil || n == 1 {
			return err
		}
		return reused(tx, `SELECT 1 FROM grants WHERE id = $1`, r.GrantID)
	})
}

// reused is [idp.ErrReused] if the query finds the grant.
func reused(tx Tx, query string, args ...any) error {
	if _, err := one(tx.Query, scalar[int64], query, args...); err != nil {
		return err
	}
	return idp.ErrReused
}

// RevokeGrant is [idp.Grants]'s.
func (s *Store) RevokeGrant(ctx context.Context, id, reason string, now time.Time) (did bool, err error) {
	n, err := s.revoke(ctx, ` AND id = $3`, reason, now, id)
	return n == 1, err
}

// RevokeGrants is [idp.Grants]'s.
func (s *Store) RevokeGrants(ctx context.Context, f idp.GrantFilter, reason string, now time.Time) (int, error) {
	where, values := grantConditions(f)
	if where == "" {
		return 0, errors.New("revoke grants: the filter selects everything")
	}
	return s.revoke(ctx, where, reason, now, values...)
}

// revoke marks the live grants that match where, whose placeholders begin at $3.
func (s *Store) revoke(ctx context.Context, where, reason string, now time.Time, values ...any) (revoked int, err error) {
	args := append([]any{micros(now), reason}, values...)
	err = s.swap(ctx, func(tx Tx) error {
		n, err := exec(tx, `UPDATE grants SET revoked_at = $1, revoked = $2 WHERE revoked_at IS NULL`+where, args...)
		revoked = int(n)
		return err
	})
	if err != nil {
		return 0, err
	}
	return revoked, nil
}

func scanGrant(rows *sql.Rows) (idp.Grant, error) {
	var r grantRow
	if err := rows.Scan(r.targets()...); err != nil {
		return idp.Grant{}, err
	}
	return r.grant()
}

// grantRow is a grant and its document; without an ID it is none.
type grantRow struct {
	idp.Grant
	doc string
}

func (r *grantRow) targets() []any {
	return []any{optional[string]{&r.ID}, optional[string]{&r.ClientID}, optional[string]{&r.Subject}, optional[string]{&r.SessionID},
		optional[string]{&r.CodeHash}, instant{&r.CodeExpiresAt}, instant{&r.CodeUsedAt},
		optional[int64]{&r.RefreshSeq}, instant{&r.RefreshExpiresAt}, instant{&r.RefreshGraceUntil}, instant{&r.CreatedAt}, instant{&r.ExpiresAt},
		instant{&r.RevokedAt}, optional[string]{&r.Revoked}, optional[string]{&r.doc}}
}

func (r *grantRow) grant() (idp.Grant, error) {
	var d grantDoc
	err := json.Unmarshal([]byte(r.doc), &d)
	g := r.Grant
	g.SID, g.GrantType, g.Scopes, g.RedirectURI, g.Nonce = d.SID, d.GrantType, d.Scopes, d.RedirectURI, d.Nonce
	g.Challenge, g.AuthTime, g.ACR, g.AMR, g.Request = d.Challenge, d.AuthTime, d.ACR, d.AMR, d.Request
	return g, err
}
