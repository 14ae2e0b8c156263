package sqlstore

import (
	"context"
	"database/sql"

	"cloudsso/idp"
)

const tokenAppColumns = `SELECT app, version, doc, shared_key, created_at, updated_at FROM token_apps`

type tokenAppDoc struct {
	Name    string             `json:"name"`
	Policy  idp.TokenAppPolicy `json:"policy"`
	Managed idp.Managed        `json:"managed,omitzero"`
}

// CreateTokenApp is [idp.TokenApps]'s.
func (s *Store) CreateTokenApp(ctx context.Context, a idp.TokenApp) error {
	doc, err := document(tokenAppDoc{a.Name, a.TokenAppPolicy, a.Managed})
	if err != nil {
		return err
	}
	return s.together(ctx, named(a.App, kindTokenApp), Statement{`INSERT INTO token_apps (app, version, doc, shared_key, created_at, updated_at)
		VALUES ($1, 1, $2, $3, $4, $5)`, []any{a.App, doc, a.SharedKey, micros(a.CreatedAt), micros(a.UpdatedAt)}})
}

// TokenApp is [idp.TokenApps]'s.
func (s *Store) TokenApp(ctx context.Context, app string) (idp.TokenApp, error) {
	return find(ctx, s, scanTokenApp, tokenAppColumns+` WHERE app = $1`, app)
}

// UpdateTokenApp is [idp.TokenApps]'s.
func (s *Store) UpdateTokenApp(ctx context.Context, a idp.TokenApp) error {
	doc, err := document(tokenAppDoc{a.Name, a.TokenAppPolicy, a.Managed})
	if err != nil {
		return err
	}
	return s.swap(ctx, func(tx Tx) error {
		n, err := exec(tx, `UPDATE token_apps SET version = version + 1, doc = $3, shared_key = $4, created_at = $5, updated_at = $6
			WHERE app = $1 AND version = $2`, a.App, a.Version, doc, a.SharedKey, micros(a.CreatedAt), micros(a.UpdatedAt))
		if err != nil || n == 1 {
			return err
		}
		return missed(tx, `SELECT 1 FROM token_apps WHERE app = $1`, a.App)
	})
}

// DeleteTokenApp is [idp.TokenApps]'s.
func (s *Store) DeleteTokenApp(ctx context.Context, app string, version int64) error {
	return s.write(ctx, func(tx Tx) error {
		n, err := exec(tx, `DELETE FROM token_apps WHERE app = $1 AND (version = $2 OR $2 = 0)`, app, version)
		if err != nil {
			return err
		}
		if n == 0 {
			return missed(tx, `SELECT 1 FROM token_apps WHERE app = $1`, app)
		}
		return unnamed(tx, app, kindTokenApp)
	})
}

// TokenApps is [idp.TokenApps]'s.
func (s *Store) TokenApps(ctx context.Context, p idp.Page) ([]idp.TokenApp, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	return list(ctx, s, scanTokenApp, tokenAppColumns+` WHERE app > $1 ORDER BY app LIMIT $2`, p.After, p.Limit)
}

func scanTokenApp(rows *sql.Rows) (a idp.TokenApp, err error) {
	var d tokenAppDoc
	err = rows.Scan(&a.App, &a.Version, content{&d}, &a.SharedKey, instant{&a.CreatedAt}, instant{&a.UpdatedAt})
	a.Name, a.TokenAppPolicy, a.Managed = d.Name, d.Policy, d.Managed
	return a, err
}
