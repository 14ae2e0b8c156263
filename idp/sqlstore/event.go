package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

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
func (s *Store) Events(ctx context.Context, f idp.EventFilter, p idp.Page) ([]idp.Event, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	before, err := s.seq(ctx, `SELECT seq FROM events WHERE id = $1`, p.After)
	if err != nil {
		return nil, err
	}
	where, values := conditions(condition{"name", f.Name}, condition{"subject", f.Subject}, condition{"app", f.App}, condition{"support", f.Support})
	if !f.Since.IsZero() {
		values = append(values, micros(f.Since))
		where += fmt.Sprintf(" AND at >= $%d", 2+len(values))
	}
	if !f.Until.IsZero() {
		values = append(values, micros(f.Until))
		where += fmt.Sprintf(" AND at < $%d", 2+len(values))
	}
	return list(ctx, s, scanEvent, `SELECT id, at, name, subject, app, actor, ip, support, detail FROM events
		WHERE seq < $1`+where+` ORDER BY seq DESC LIMIT $2`, append([]any{before, p.Limit}, values...)...)
}

// LastEvents is [idp.Events]'s: one look for each pair into an index that nothing else
// uses. Names of Events have no spaces.
func (s *Store) LastEvents(ctx context.Context, apps, names []string) ([]idp.Event, error) {
	var wanted []any
	for _, name := range names {
		for _, app := range apps {
			wanted = append(wanted, name+" "+app)
		}
	}
	if len(wanted) == 0 {
		return nil, nil
	}
	for n := len(wanted); n&(n-1) != 0; n++ { // few lengths are few statements to prepare
		wanted = append(wanted, wanted[0])
	}
	places := make([]string, len(wanted))
	for i := range wanted {
		places[i] = fmt.Sprintf("($%d)", i+1)
	}
	return list(ctx, s, scanEvent, `WITH wanted (pair) AS (VALUES `+strings.Join(places, ", ")+`)
		SELECT id, at, name, subject, app, actor, ip, support, detail FROM events WHERE seq IN (
			SELECT (SELECT max(e.seq) FROM events e WHERE (e.name || ' ' || e.app) = wanted.pair) FROM wanted)`, wanted...)
}

func scanEvent(rows *sql.Rows) (e idp.Event, err error) {
	return e, rows.Scan(&e.ID, instant{&e.Time}, &e.Name, &e.Subject, &e.App, &e.Actor, &e.IP, &e.Support, content{&e.Detail})
}
