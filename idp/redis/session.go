package redis

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"

	goredis "github.com/redis/go-redis/v9"

	"cloudsso/idp"
)

// Sessions outlive releases: the names stay. The User-Agent is whatever a browser sent:
// kept as bytes.
type sessionDoc struct {
	SID       string          `json:"sid"`
	Subject   string          `json:"sub"`
	AuthTime  int64           `json:"auth_time"`
	AMR       []string        `json:"amr,omitempty"`
	CreatedAt int64           `json:"created_at"`
	SeenAt    int64           `json:"seen_at"`
	IP        string          `json:"ip"`
	UserAgent []byte          `json:"user_agent,omitempty"`
	Apps      []sessionAppDoc `json:"apps,omitempty"`
}

type sessionAppDoc struct {
	Protocol        string `json:"protocol"`
	App             string `json:"app"`
	NameID          string `json:"nameid,omitempty"`
	NameIDFormat    string `json:"nameid_format,omitempty"`
	NameQualifier   string `json:"name_qualifier,omitempty"`
	SPNameQualifier string `json:"sp_name_qualifier,omitempty"`
	SessionIndex    string `json:"session_index,omitempty"`
	At              int64  `json:"at"`
}

// CreateSession is [idp.Sessions]'s.
func (s *Store) CreateSession(ctx context.Context, v idp.Session) error {
	args, err := s.sessionArgs(v)
	if err != nil {
		return err
	}
	n, err := s.number(ctx, createScript, s.sessionKeys(v), args...)
	return created(n, err)
}

// Session is [idp.Sessions]'s.
func (s *Store) Session(ctx context.Context, id string) (idp.Session, error) {
	e, err := s.entry(ctx, s.sessionKey(id))
	return s.session(ctx, id, e, err)
}

// UpdateSession is [idp.Sessions]'s. If the subject changes, the index of the former one
// keeps an entry, which [Store.SessionsOf] sees through.
func (s *Store) UpdateSession(ctx context.Context, v idp.Session) error {
	args, err := s.sessionArgs(v)
	if err != nil {
		return err
	}
	n, err := s.number(ctx, updateScript, s.sessionKeys(v), append(args, v.Version)...)
	return updated(n, err)
}

// DeleteSession is [idp.Sessions]'s. The entry in the index stays until the session would
// have been over: who deletes knows only the id. A lost answer is as [Store.TakeFlow]'s.
func (s *Store) DeleteSession(ctx context.Context, id string) (idp.Session, error) {
	e, err := s.taken(ctx, s.sessionKey(id))
	return s.session(ctx, id, e, err)
}

// SessionsOf is [idp.Sessions]'s. It asks the index of each shard, then for the sessions:
// two round trips.
func (s *Store) SessionsOf(ctx context.Context, subject string) ([]idp.Session, error) {
	var list []idp.Session
	err := s.read(ctx, func(ctx context.Context) error {
		ids, err := s.indexed(ctx, subject)
		if err == nil {
			list, err = s.sessions(ctx, ids)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(v idp.Session) bool { return v.Subject != subject })
	slices.SortFunc(list, func(a, b idp.Session) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return list, nil
}

// indexed returns the ids of at least all live sessions of subject.
func (s *Store) indexed(ctx context.Context, subject string) (ids []string, err error) {
	live := &goredis.ZRangeBy{Min: "(" + strconv.FormatInt(s.now().UnixMicro(), 10), Max: "+inf"}
	cmds, err := s.client.Pipelined(ctx, func(p goredis.Pipeliner) error {
		for shard := range shards {
			p.ZRangeByScore(ctx, s.subjectKey(subject, shard), live)
		}
		return nil
	})
	for _, cmd := range cmds {
		ids = append(ids, cmd.(*goredis.StringSliceCmd).Val()...)
	}
	return ids, err
}

// sessions returns those that are live.
func (s *Store) sessions(ctx context.Context, ids []string) (list []idp.Session, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	cmds, err := s.client.Pipelined(ctx, func(p goredis.Pipeliner) error {
		for _, id := range ids {
			p.Get(ctx, s.sessionKey(id))
		}
		return nil
	})
	if err != nil && !errors.Is(err, goredis.Nil) {
		return nil, err
	}
	for i, cmd := range cmds {
		raw, err := cmd.(*goredis.StringCmd).Result()
		if err != nil && !errors.Is(err, goredis.Nil) {
			return nil, err
		}
		e, err := s.parse(ctx, raw)
		v, err := s.session(ctx, ids[i], e, err)
		switch {
		case err == nil:
			list = append(list, v)
		case !errors.Is(err, idp.ErrNotFound):
			return nil, err
		}
	}
	return list, nil
}

func (s *Store) sessionKeys(v idp.Session) []string {
	return []string{s.sessionKey(v.ID), s.subjectKey(v.Subject, shard(v.ID))}
}

func (s *Store) sessionArgs(v idp.Session) ([]any, error) {
	d := sessionDoc{
		SID: v.SID, Subject: v.Subject, AuthTime: v.AuthTime.UnixMicro(), AMR: v.AMR, CreatedAt: v.CreatedAt.UnixMicro(),
		SeenAt: v.SeenAt.UnixMicro(), IP: v.IP, UserAgent: []byte(v.UserAgent),
	}
	for _, a := range v.Apps {
		d.Apps = append(d.Apps, sessionAppDoc{a.Protocol, a.App, a.NameID, a.NameIDFormat, a.NameQualifier, a.SPNameQualifier, a.SessionIndex, a.At.UnixMicro()})
	}
	doc, err := document(d)
	if err != nil {
		return nil, err
	}
	now := s.now()
	return append(lifetime(now, v.ExpiresAt), doc, v.ID, now.Add(-slack).UnixMicro()), nil
}

func (s *Store) session(ctx context.Context, id string, e entry, err error) (idp.Session, error) {
	if err != nil {
		return idp.Session{}, err
	}
	var d sessionDoc
	if err := s.decode(ctx, e, &d); err != nil {
		return idp.Session{}, err
	}
	v := idp.Session{
		ID: id, SID: d.SID, Subject: d.Subject, AuthTime: instant(d.AuthTime), AMR: d.AMR, CreatedAt: instant(d.CreatedAt),
		SeenAt: instant(d.SeenAt), ExpiresAt: e.expires, IP: d.IP, UserAgent: string(d.UserAgent), Version: e.version,
	}
	for _, a := range d.Apps {
		v.Apps = append(v.Apps, idp.SessionApp{Protocol: a.Protocol, App: a.App, NameID: a.NameID,
			NameIDFormat: a.NameIDFormat, NameQualifier: a.NameQualifier, SPNameQualifier: a.SPNameQualifier, SessionIndex: a.SessionIndex, At: instant(a.At)})
	}
	return v, nil
}
