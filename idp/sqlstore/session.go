package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"cloudsso/idp"
)

// A User-Agent header is whatever a browser sent: kept as bytes.
const sessionColumns = `id, sid, subject, user_agent, doc, version, created_at, expires_at`

type sessionDoc struct {
	AuthTime time.Time       `json:"auth_time"`
	AMR      []string        `json:"amr"`
	SeenAt   time.Time       `json:"seen_at"`
	IP       string          `json:"ip"`
	Apps     []sessionAppDoc `json:"apps"`
}

type sessionAppDoc struct {
	Protocol        string    `json:"protocol"`
	App             string    `json:"app"`
	NameID          string    `json:"nameid"`
	NameIDFormat    string    `json:"nameid_format"`
	NameQualifier   string    `json:"name_qualifier,omitempty"`
	SPNameQualifier string    `json:"sp_name_qualifier,omitempty"`
	SessionIndex    string    `json:"session_index"`
	At              time.Time `json:"at"`
}

// CreateSession is [idp.Sessions]'s.
func (s *Store) CreateSession(ctx context.Context, v idp.Session) error {
	doc, err := sessionDocument(v)
	if err != nil {
		return err
	}
	return s.change(ctx, `INSERT INTO sessions (id, sid, subject, user_agent, doc, version, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, 1, $6, $7)`, v.ID, v.SID, v.Subject, []byte(v.UserAgent), doc, micros(v.CreatedAt), micros(v.ExpiresAt))
}

// Session is [idp.Sessions]'s.
func (s *Store) Session(ctx context.Context, id string) (idp.Session, error) {
	return find(ctx, s, scanSession, `SELECT `+sessionColumns+` FROM sessions WHERE id = $1 AND expires_at > $2`, id, micros(s.now()))
}

// UpdateSession is [idp.Sessions]'s.
func (s *Store) UpdateSession(ctx context.Context, v idp.Session) error {
	doc, err := sessionDocument(v)
	if err != nil {
		return err
	}
	now := micros(s.now())
	return s.swap(ctx, func(tx Tx) error {
		n, err := exec(tx, `UPDATE sessions SET version = version + 1, sid = $3, subject = $4, user_agent = $5, doc = $6,
			created_at = $7, expires_at = $8 WHERE id = $1 AND version = $2 AND expires_at > $9`,
			v.ID, v.Version, v.SID, v.Subject, []byte(v.UserAgent), doc, micros(v.CreatedAt), micros(v.ExpiresAt), now)
		if err != nil || n == 1 {
			return err
		}
		return missed(tx, `SELECT 1 FROM sessions WHERE id = $1 AND expires_at > $2`, v.ID, now)
	})
}

// DeleteSession is [idp.Sessions]'s.
func (s *Store) DeleteSession(ctx context.Context, id string) (v idp.Session, err error) {
	now := micros(s.now())
	err = s.swap(ctx, func(tx Tx) (err error) {
		v, err = one(tx.Query, scanSession, `DELETE FROM sessions WHERE id = $1 AND expires_at > $2 RETURNING `+sessionColumns, id, now)
		return err
	})
	if err != nil {
		return idp.Session{}, err
	}
	return v, nil
}

// SessionsOf is [idp.Sessions]'s.
func (s *Store) SessionsOf(ctx context.Context, subject string) ([]idp.Session, error) {
	return list(ctx, s, scanSession, `SELECT `+sessionColumns+` FROM sessions WHERE subject = $1 AND expires_at > $2
		ORDER BY created_at DESC, id`, subject, micros(s.now()))
}

func sessionDocument(v idp.Session) (string, error) {
	d := sessionDoc{AuthTime: whole(v.AuthTime), AMR: v.AMR, SeenAt: whole(v.SeenAt), IP: v.IP}
	for _, a := range v.Apps {
		a.At = whole(a.At)
		d.Apps = append(d.Apps, sessionAppDoc(a))
	}
	return document(d)
}

func scanSession(rows *sql.Rows) (v idp.Session, err error) {
	var d sessionDoc
	var userAgent []byte
	err = rows.Scan(&v.ID, &v.SID, &v.Subject, &userAgent, content{&d}, &v.Version, instant{&v.CreatedAt}, instant{&v.ExpiresAt})
	v.UserAgent, v.AuthTime, v.AMR, v.SeenAt, v.IP = string(userAgent), d.AuthTime, d.AMR, d.SeenAt, d.IP
	for _, a := range d.Apps {
		v.Apps = append(v.Apps, idp.SessionApp(a))
	}
	return v, err
}
