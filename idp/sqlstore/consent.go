package sqlstore

import (
	"context"
	"database/sql"
	"slices"

	"cloudsso/idp"
)

// GiveConsent is [idp.Consents]'s. The first statement also locks the row, so that
// nobody's scopes are lost between reading and writing.
func (s *Store) GiveConsent(ctx context.Context, c idp.Consent) error {
	if err := text([]any{c.Subject, c.ClientID}); err != nil {
		return err
	}
	return s.write(ctx, func(tx Tx) error {
		scopes, err := one(tx.Query, scanScopes, `INSERT INTO consents (subject, client_id, scopes, given_at) VALUES ($1, $2, '[]', $3)
			ON CONFLICT (subject, client_id) DO UPDATE SET given_at = excluded.given_at RETURNING scopes`,
			c.Subject, c.ClientID, micros(c.At))
		if err != nil {
			return err
		}
		for _, scope := range c.Scopes {
			if !slices.Contains(scopes, scope) {
				scopes = append(scopes, scope)
			}
		}
		doc, err := document(scopes)
		if err != nil {
			return err
		}
		_, err = exec(tx, `UPDATE consents SET scopes = $3 WHERE subject = $1 AND client_id = $2`, c.Subject, c.ClientID, doc)
		return err
	})
}

// Consent is [idp.Consents]'s.
func (s *Store) Consent(ctx context.Context, subject, clientID string) (idp.Consent, error) {
	return find(ctx, s, func(rows *sql.Rows) (c idp.Consent, err error) {
		return c, rows.Scan(&c.Subject, &c.ClientID, content{&c.Scopes}, instant{&c.At})
	}, `SELECT subject, client_id, scopes, given_at FROM consents WHERE subject = $1 AND client_id = $2`, subject, clientID)
}

// RevokeConsent is [idp.Consents]'s.
func (s *Store) RevokeConsent(ctx context.Context, subject, clientID string) error {
	return s.change(ctx, `DELETE FROM consents WHERE subject = $1 AND client_id = $2`, subject, clientID)
}

func scanScopes(rows *sql.Rows) (scopes []string, err error) {
	return scopes, rows.Scan(content{&scopes})
}
