package api

import (
	"context"
	"time"

	"cloudsso/idp"
)

// Session is the answer about one signed-in browser.
type Session struct {
	ID        string    `json:"id" doc:"The sid of tokens."`
	Subject   string    `json:"subject"`
	AuthTime  time.Time `json:"auth_time"`
	AMR       []string  `json:"amr,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	SeenAt    time.Time `json:"seen_at"`
	ExpiresAt time.Time `json:"expires_at"`
	IP        string    `json:"ip,omitempty"`
	UserAgent string    `json:"user_agent,omitempty"`
	Apps      []string  `json:"apps,omitempty" doc:"The service providers (SAML) that were told of it. Clients are not listed: their grants name the session."`
}

func viewSession(s idp.Session) Session {
	v := Session{
		ID: s.SID, Subject: s.Subject, AuthTime: s.AuthTime, AMR: s.AMR, CreatedAt: s.CreatedAt,
		SeenAt: s.SeenAt, ExpiresAt: s.ExpiresAt, IP: s.IP, UserAgent: s.UserAgent,
	}
	for _, app := range s.Apps {
		v.Apps = append(v.Apps, app.App)
	}
	return v
}

// SessionsOf lists the browsers in which a built-in user is signed in, newest first.
func (o PeopleReader) SessionsOf(ctx context.Context, userID string) (List[Session], error) {
	sessions, err := o.sessions(ctx, userID)
	out := List[Session]{Items: make([]Session, 0, len(sessions))}
	for _, s := range sessions {
		out.Items = append(out.Items, viewSession(s))
	}
	return out, err
}

func (o acting) sessions(ctx context.Context, userID string) ([]idp.Session, error) {
	if _, err := o.Records.User(ctx, userID); err != nil {
		return nil, missing(err, "user", userID)
	}
	subject, err := o.subjectOf(ctx, userID)
	if err != nil {
		return nil, err
	}
	return o.Sessions.SessionsOf(ctx, subject)
}

// DeleteSession signs one browser of a built-in user out, and ends the grants that
// came of it.
func (o PeopleHelper) DeleteSession(ctx context.Context, userID, sid string) error {
	sessions, err := o.sessions(ctx, userID)
	if err != nil {
		return err
	}
	return o.endOne(ctx, sessions, sid)
}
