package sqlstore

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"cloudsso/idp"
)

const userColumns = `SELECT id, username, email, password_hash, disabled, doc, version, created_at, updated_at FROM users`

type userDoc struct {
	Attributes        idp.Attributes `json:"attributes"`
	Groups            []string       `json:"groups"`
	ExpiresAt         time.Time      `json:"expires_at,omitzero"`
	PasswordChangedAt time.Time      `json:"password_changed_at,omitzero"`
	Managed           idp.Managed    `json:"managed,omitzero"`
}

// CreateUser is [idp.Users]'s.
func (s *Store) CreateUser(ctx context.Context, u idp.User) error {
	doc, err := document(userDoc{u.Attributes, u.Groups, whole(u.ExpiresAt), whole(u.PasswordChangedAt), u.Managed})
	if err != nil {
		return err
	}
	return s.change(ctx, `INSERT INTO users (id, username, folded, email, email_folded, password_hash, disabled, doc, version, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $10)`, u.ID, u.Username, idp.FoldUsername(u.Username), u.Email,
		idp.FoldUsername(u.Email), u.PasswordHash, flag(u.Disabled), doc, micros(u.CreatedAt), micros(u.UpdatedAt))
}

// User is [idp.Users]'s.
func (s *Store) User(ctx context.Context, id string) (idp.User, error) {
	return find(ctx, s, scanUser, userColumns+` WHERE id = $1`, id)
}

// UserByUsername is [idp.Users]'s.
func (s *Store) UserByUsername(ctx context.Context, username string) (idp.User, error) {
	return find(ctx, s, scanUser, userColumns+` WHERE folded = $1`, idp.FoldUsername(username))
}

// UsersByEmail is [idp.Users]'s. An address that no row can have is nobody's.
func (s *Store) UsersByEmail(ctx context.Context, email string) ([]idp.User, error) {
	folded := idp.FoldUsername(email)
	if folded == "" || text([]any{email}) != nil {
		return nil, s.db.Fault(ctx.Err())
	}
	return list(ctx, s, scanUser, userColumns+` WHERE email_folded = $1 ORDER BY id LIMIT 2`, folded)
}

// anywhere makes a LIKE pattern that takes its own signs as letters.
var anywhere = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// SearchUsers is [idp.Users]'s. It looks at every user: an admin asks, now and then.
func (s *Store) SearchUsers(ctx context.Context, part string, limit int) ([]idp.User, error) {
	if err := (idp.Page{Limit: limit}).Check(); err != nil {
		return nil, err
	}
	if part == "" || len(part) > 256 || text([]any{part}) != nil {
		return nil, s.db.Fault(ctx.Err())
	}
	return list(ctx, s, scanUser, userColumns+` WHERE folded LIKE $1 ESCAPE '\' OR email_folded LIKE $1 ESCAPE '\' ORDER BY id LIMIT $2`,
		"%"+anywhere.Replace(idp.FoldUsername(part))+"%", limit)
}

// UpdateUser is [idp.Users]'s.
func (s *Store) UpdateUser(ctx context.Context, u idp.User) error {
	doc, err := document(userDoc{u.Attributes, u.Groups, whole(u.ExpiresAt), whole(u.PasswordChangedAt), u.Managed})
	if err != nil {
		return err
	}
	return s.swap(ctx, func(tx Tx) error {
		n, err := exec(tx, `UPDATE users SET version = version + 1, username = $3, folded = $4, email = $5, email_folded = $6,
			password_hash = $7, disabled = $8, doc = $9, created_at = $10, updated_at = $11 WHERE id = $1 AND version = $2`,
			u.ID, u.Version, u.Username, idp.FoldUsername(u.Username), u.Email, idp.FoldUsername(u.Email), u.PasswordHash,
			flag(u.Disabled), doc, micros(u.CreatedAt), micros(u.UpdatedAt))
		if err != nil || n == 1 {
			return err
		}
		return missed(tx, `SELECT 1 FROM users WHERE id = $1`, u.ID)
	})
}

// DeleteUser is [idp.Users]'s. The subject stays bound: it is never given to anybody else.
func (s *Store) DeleteUser(ctx context.Context, id string, version int64) error {
	return s.swap(ctx, func(tx Tx) error {
		n, err := exec(tx, `DELETE FROM users WHERE id = $1 AND (version = $2 OR $2 = 0)`, id, version)
		if err != nil || n == 1 {
			return err
		}
		return missed(tx, `SELECT 1 FROM users WHERE id = $1`, id)
	})
}

// Users is [idp.Users]'s.
func (s *Store) Users(ctx context.Context, p idp.Page) ([]idp.User, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	return list(ctx, s, scanUser, userColumns+` WHERE id > $1 ORDER BY id LIMIT $2`, p.After, p.Limit)
}

func scanUser(rows *sql.Rows) (u idp.User, err error) {
	var d userDoc
	var disabled int64
	err = rows.Scan(&u.ID, &u.Username, &u.Email, &u.PasswordHash, &disabled, content{&d}, &u.Version, instant{&u.CreatedAt}, instant{&u.UpdatedAt})
	u.Attributes, u.Groups, u.Disabled = d.Attributes, d.Groups, disabled == 1
	u.ExpiresAt, u.PasswordChangedAt, u.Managed = d.ExpiresAt, d.PasswordChangedAt, d.Managed
	return u, err
}

// flag is how a truth is stored: not every database has a type for it.
func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
