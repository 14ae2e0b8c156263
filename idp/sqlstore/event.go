package sqlstore

import (
	"context"
	"database/sql"
	"math"

	"cloudsso/idp"
)

// AppendEvent is [idp.Events]'s.
func (s *Store) AppendEvent(ctx context.Context, e idp.Event) error {
	insert, err := insertEvent(e)
	if err != nil {
		return err
	}
	return s.change(ctx, insert.Query, insert.Args...)
}

func insertEvent(e idp.Event) (Statement, error) {
	detail, err := document(e.Detail)
	return Statement{`INSERT INTO events (id, at, name, subject, app, actor, ip, support, detail)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, []any{
		e.ID, micros(e.Time), e.Name, e.Subject, e.App, e.Actor, e.IP, e.Support, detail,
	}}, err
}

// Events is [idp.Events]'s. seq is the order in which they were appended.
func (s *Store) Events(ctx context.Context, p idp.Page) ([]idp.Event, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	before := int64(math.MaxInt64)
	if p.After != "" {
		var err error
		if before, err = find(ctx, s, scalar[int64], `SELECT seq FROM events WHERE id = $1`, p.After); err != nil {
			return nil, err
		}
	}
	return list(ctx, s, scanEvent, `SELECT id, at, name, subject, app, actor, ip, support, detail FROM events
		WHERE seq < $1 ORDER BY seq DESC LIMIT $2`, before, p.Limit)
}

func scanEvent(rows *sql.Rows) (e idp.Event, err error) {
	return e, rows.Scan(&e.ID, instant{&e.Time}, &e.Name, &e.Subject, &e.App, &e.Actor, &e.IP, &e.Support, content{&e.Detail})
}
