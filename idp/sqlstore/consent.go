package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"

	"cloudsso/idp"
)

// GiveConsent is [idp.Consents]'s. Whoever finds the scopes changed since they were read
// reads again: somebody else has come through, so all come through.
func (s *Store) GiveConsent(ctx context.Context, c idp.Consent) error {
	for {
		given, err := s.giveConsent(ctx, c)
		if given || err != nil {
			return err
		}
	}
}

func (s *Store) giveConsent(ctx context.Context, c idp.Consent) (given bool, err error) {
	was, err := find(ctx, s, scalar[string], `SELECT scopes FROM consents WHERE subject = $1 AND client_id = $2`, c.Subject, c.ClientID)
	first := errors.Is(err, idp.ErrNotFound)
	if err != nil && !first {
		return false, err
	}
	is, err := addScopes(was, c.Scopes)
	if err != nil {
		return false, err
	}
	err = s.swap(ctx, func(tx Tx) error {
		statement, args := `UPDATE consents SET scopes = $3, given_at = $4 WHERE subject = $1 AND client_id = $2 AND scopes = $5`,
			[]any{c.Subject, c.ClientID, is, micros(c.At), was}
		if first {
			statement, args = `INSERT INTO consents (subject, client_id, scopes, given_at) VALUES ($1, $2, $3, $4)
				ON CONFLICT (subject, client_id) DO NOTHING`, args[:4]
		}
		n, err := exec(tx, statement, args...)
		given = n == 1
		return err
	})
	return given, err
}

// addScopes returns the document of the scopes in doc, "" for none, and of those that are new.
func addScopes(doc string, scopes []string) (string, error) {
	sum := []string{}
	if doc != "" {
		if err := json.Unmarshal([]byte(doc), &sum); err != nil {
			return "", err
		}
	}
	for _, scope := range scopes {
		if !slices.Contains(sum, scope) {
			sum = append(sum, scope)
		}
	}
	return document(sum)
}

// Consent is [idp.Consents]'s.
func (s *Store) Consent(ctx context.Context, subject, clientID string) (idp.Consent, error) {
	return find(ctx, s, scanConsent, consentColumns+` WHERE subject = $1 AND client_id = $2`, subject, clientID)
}

// Consents is [idp.Consents]'s.
func (s *Store) Consents(ctx context.Context, subject string) ([]idp.Consent, error) {
	return list(ctx, s, scanConsent, consentColumns+` WHERE subject = $1 ORDER BY client_id`, subject)
}

const consentColumns = `SELECT subject, client_id, scopes, given_at FROM consents`

func scanConsent(rows *sql.Rows) (c idp.Consent, err error) {
	return c, rows.Scan(&c.Subject, &c.ClientID, content{&c.Scopes}, instant{&c.At})
}

// RevokeConsent is [idp.Consents]'s.
func (s *Store) RevokeConsent(ctx context.Context, subject, clientID string) error {
	return s.change(ctx, `DELETE FROM consents WHERE subject = $1 AND client_id = $2`, subject, clientID)
}
