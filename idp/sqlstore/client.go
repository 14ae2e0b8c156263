package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"cloudsso/idp"
)

const clientColumns = `SELECT id, version, metadata, secrets, created_at, updated_at FROM clients`

type clientDoc struct {
	idp.ClientMetadata
	RegistrationTokenHash string      `json:"registration_token_hash,omitempty"`
	Managed               idp.Managed `json:"managed,omitzero"`
}

type secretDoc struct {
	ID        string    `json:"id"`
	Use       string    `json:"use,omitempty"`
	Hash      string    `json:"hash"`
	Sealed    []byte    `json:"sealed,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

// CreateClient is [idp.Clients]'s.
func (s *Store) CreateClient(ctx context.Context, c idp.Client) error {
	metadata, secrets, err := clientDocs(c)
	if err != nil {
		return err
	}
	return s.together(ctx, named(c.ID, kindClient), Statement{`INSERT INTO clients (id, version, metadata, secrets, created_at, updated_at)
		VALUES ($1, 1, $2, $3, $4, $5)`, []any{c.ID, metadata, secrets, micros(c.CreatedAt), micros(c.UpdatedAt)}})
}

// Client is [idp.Clients]'s.
func (s *Store) Client(ctx context.Context, id string) (idp.Client, error) {
	return find(ctx, s, scanClient, clientColumns+` WHERE id = $1`, id)
}

// UpdateClient is [idp.Clients]'s.
func (s *Store) UpdateClient(ctx context.Context, c idp.Client) error {
	metadata, secrets, err := clientDocs(c)
	if err != nil {
		return err
	}
	return s.swap(ctx, func(tx Tx) error {
		n, err := exec(tx, `UPDATE clients SET version = version + 1, metadata = $3, secrets = $4, created_at = $5, updated_at = $6
			WHERE id = $1 AND version = $2`, c.ID, c.Version, metadata, secrets, micros(c.CreatedAt), micros(c.UpdatedAt))
		if err != nil || n == 1 {
			return err
		}
		return missed(tx, `SELECT 1 FROM clients WHERE id = $1`, c.ID)
	})
}

// DeleteClient is [idp.Clients]'s.
func (s *Store) DeleteClient(ctx context.Context, id string, version int64) error {
	return s.write(ctx, func(tx Tx) error {
		n, err := exec(tx, `DELETE FROM clients WHERE id = $1 AND (version = $2 OR $2 = 0)`, id, version)
		if err != nil {
			return err
		}
		if n == 0 {
			return missed(tx, `SELECT 1 FROM clients WHERE id = $1`, id)
		}
		if err := unnamed(tx, id, kindClient); err != nil {
			return err
		}
		if _, err := exec(tx, `DELETE FROM grants WHERE client_id = $1`, id); err != nil {
			return err
		}
		_, err = exec(tx, `DELETE FROM consents WHERE client_id = $1`, id)
		return err
	})
}

// Clients is [idp.Clients]'s.
func (s *Store) Clients(ctx context.Context, p idp.Page) ([]idp.Client, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	return list(ctx, s, scanClient, clientColumns+` WHERE id > $1 ORDER BY id LIMIT $2`, p.After, p.Limit)
}

func clientDocs(c idp.Client) (metadata, secrets string, err error) {
	if metadata, err = document(clientDoc{c.ClientMetadata, c.RegistrationTokenHash, c.Managed}); err != nil {
		return "", "", err
	}
	docs := make([]secretDoc, 0, len(c.Secrets))
	for _, s := range c.Secrets {
		docs = append(docs, secretDoc{s.ID, s.Use, s.Hash, s.Sealed, whole(s.CreatedAt), whole(s.ExpiresAt)})
	}
	secrets, err = document(docs)
	return metadata, secrets, err
}

// clientRow is a client as it is stored; without an id it is none.
type clientRow struct {
	id, metadata, secrets         string
	version, createdAt, updatedAt int64
}

func (r *clientRow) targets() []any {
	return []any{optional[string]{&r.id}, optional[int64]{&r.version}, optional[string]{&r.metadata}, optional[string]{&r.secrets},
		optional[int64]{&r.createdAt}, optional[int64]{&r.updatedAt}}
}

func scanClient(rows *sql.Rows) (idp.Client, error) {
	var r clientRow
	if err := rows.Scan(r.targets()...); err != nil {
		return idp.Client{}, err
	}
	return r.client()
}

func (r *clientRow) client() (idp.Client, error) {
	var doc clientDoc
	var secrets []secretDoc
	if err := errors.Join(json.Unmarshal([]byte(r.metadata), &doc), json.Unmarshal([]byte(r.secrets), &secrets)); err != nil {
		return idp.Client{}, err
	}
	c := idp.Client{
		ID: r.id, Version: r.version, ClientMetadata: doc.ClientMetadata, RegistrationTokenHash: doc.RegistrationTokenHash, Managed: doc.Managed,
		CreatedAt: time.UnixMicro(r.createdAt).UTC(), UpdatedAt: time.UnixMicro(r.updatedAt).UTC(),
	}
	for _, s := range secrets {
		c.Secrets = append(c.Secrets, idp.ClientSecret(s))
	}
	return c, nil
}
