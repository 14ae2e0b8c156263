package sqlstore

import (
	"context"
	"database/sql"

	"cloudsso/idp"
)

const groupColumns = `SELECT name, version, doc, created_at, updated_at FROM user_groups`

type groupDoc struct {
	Description string      `json:"description"`
	Parents     []string    `json:"parents"`
	Managed     idp.Managed `json:"managed,omitzero"`
}

// CreateGroup is [idp.Groups]'s.
func (s *Store) CreateGroup(ctx context.Context, g idp.Group) error {
	doc, err := document(groupDoc{g.Description, g.Parents, g.Managed})
	if err != nil {
		return err
	}
	return s.change(ctx, `INSERT INTO user_groups (folded, name, version, doc, created_at, updated_at) VALUES ($1, $2, 1, $3, $4, $5)`,
		idp.FoldUsername(g.Name), g.Name, doc, micros(g.CreatedAt), micros(g.UpdatedAt))
}

// Group is [idp.Groups]'s.
func (s *Store) Group(ctx context.Context, name string) (idp.Group, error) {
	return find(ctx, s, scanGroup, groupColumns+` WHERE folded = $1`, idp.FoldUsername(name))
}

// UpdateGroup is [idp.Groups]'s.
func (s *Store) UpdateGroup(ctx context.Context, g idp.Group) error {
	doc, err := document(groupDoc{g.Description, g.Parents, g.Managed})
	if err != nil {
		return err
	}
	folded := idp.FoldUsername(g.Name)
	return s.swap(ctx, func(tx Tx) error {
		n, err := exec(tx, `UPDATE user_groups SET version = version + 1, name = $3, doc = $4, created_at = $5, updated_at = $6
			WHERE folded = $1 AND version = $2`, folded, g.Version, g.Name, doc, micros(g.CreatedAt), micros(g.UpdatedAt))
		if err != nil || n == 1 {
			return err
		}
		return missed(tx, `SELECT 1 FROM user_groups WHERE folded = $1`, folded)
	})
}

// DeleteGroup is [idp.Groups]'s.
func (s *Store) DeleteGroup(ctx context.Context, name string, version int64) error {
	folded := idp.FoldUsername(name)
	return s.swap(ctx, func(tx Tx) error {
		n, err := exec(tx, `DELETE FROM user_groups WHERE folded = $1 AND (version = $2 OR $2 = 0)`, folded, version)
		if err != nil || n == 1 {
			return err
		}
		return missed(tx, `SELECT 1 FROM user_groups WHERE folded = $1`, folded)
	})
}

// Groups is [idp.Groups]'s.
func (s *Store) Groups(ctx context.Context, p idp.Page) ([]idp.Group, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	return list(ctx, s, scanGroup, groupColumns+` WHERE folded > $1 ORDER BY folded LIMIT $2`, idp.FoldUsername(p.After), p.Limit)
}

func scanGroup(rows *sql.Rows) (g idp.Group, err error) {
	var d groupDoc
	err = rows.Scan(&g.Name, &g.Version, content{&d}, instant{&g.CreatedAt}, instant{&g.UpdatedAt})
	g.Description, g.Parents, g.Managed = d.Description, d.Parents, d.Managed
	return g, err
}
