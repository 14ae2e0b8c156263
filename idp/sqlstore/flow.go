package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"cloudsso/idp"
)

// A protocol's request is whatever a browser sent: kept as bytes.
const flowColumns = `id, version, request, doc, expires_at`

type flowDoc struct {
	Protocol  string     `json:"protocol"`
	App       string     `json:"app"`
	Return    string     `json:"return"`
	Browser   string     `json:"browser"`
	Support   string     `json:"support,omitempty"`
	Ask       idp.Ask    `json:"ask"`
	Answer    idp.Answer `json:"answer"`
	CreatedAt time.Time  `json:"created_at"`
}

// CreateFlow is [idp.LoginFlows]'s.
func (s *Store) CreateFlow(ctx context.Context, f idp.Flow) error {
	doc, err := flowDocument(f)
	if err != nil {
		return err
	}
	return s.change(ctx, `INSERT INTO flows (id, version, request, doc, expires_at) VALUES ($1, 1, $2, $3, $4)`,
		f.ID, []byte(f.Request), doc, micros(f.ExpiresAt))
}

// Flow is [idp.LoginFlows]'s.
func (s *Store) Flow(ctx context.Context, id string) (idp.Flow, error) {
	return find(ctx, s, scanFlow, `SELECT `+flowColumns+` FROM flows WHERE id = $1 AND expires_at > $2`, id, micros(s.now()))
}

// UpdateFlow is [idp.LoginFlows]'s.
func (s *Store) UpdateFlow(ctx context.Context, f idp.Flow) error {
	doc, err := flowDocument(f)
	if err != nil {
		return err
	}
	now := micros(s.now())
	return s.swap(ctx, func(tx Tx) error {
		n, err := exec(tx, `UPDATE flows SET version = version + 1, request = $3, doc = $4, expires_at = $5
			WHERE id = $1 AND version = $2 AND expires_at > $6`, f.ID, f.Version, []byte(f.Request), doc, micros(f.ExpiresAt), now)
		if err != nil || n == 1 {
			return err
		}
		return missed(tx, `SELECT 1 FROM flows WHERE id = $1 AND expires_at > $2`, f.ID, now)
	})
}

// TakeFlow is [idp.LoginFlows]'s.
func (s *Store) TakeFlow(ctx context.Context, id string) (f idp.Flow, err error) {
	now := micros(s.now())
	err = s.swap(ctx, func(tx Tx) (err error) {
		f, err = one(tx.Query, scanFlow, `DELETE FROM flows WHERE id = $1 AND expires_at > $2 RETURNING `+flowColumns, id, now)
		return err
	})
	if err != nil {
		return idp.Flow{}, err
	}
	return f, nil
}

func flowDocument(f idp.Flow) (string, error) {
	f.Answer.AuthTime = whole(f.Answer.AuthTime)
	return document(flowDoc{f.Protocol, f.App, f.Return, f.Browser, f.Support, f.Ask, f.Answer, whole(f.CreatedAt)})
}

func scanFlow(rows *sql.Rows) (f idp.Flow, err error) {
	var d flowDoc
	var request []byte
	err = rows.Scan(&f.ID, &f.Version, &request, content{&d}, instant{&f.ExpiresAt})
	f.Request, f.Protocol, f.App, f.Return, f.Browser = string(request), d.Protocol, d.App, d.Return, d.Browser
	f.Support, f.Ask, f.Answer, f.CreatedAt = d.Support, d.Ask, d.Answer, d.CreatedAt
	return f, err
}
