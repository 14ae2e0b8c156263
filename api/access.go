package api

import (
	"context"
	"errors"

	"cloudsso/idp"
)

// subjectOf is the subject of a built-in user. One who never signed in gets one now,
// so that there is no moment at which a first sign-in escapes.
func (o acting) subjectOf(ctx context.Context, userID string) (string, error) {
	return o.Records.Subject(ctx, o.LocalDirectory, userID, idp.NewID())
}

// endAccess ends everything that a built-in user holds: the browser sessions first, so
// that none of them makes another grant meanwhile, then the grants with their tokens. It
// can be repeated.
func (o acting) endAccess(ctx context.Context, userID, reason string) error {
	subject, err := o.subjectOf(ctx, userID)
	if err != nil {
		return err
	}
	sessions, err := o.Sessions.SessionsOf(ctx, subject)
	if err != nil {
		return err
	}
	for _, s := range sessions {
		if err := o.endSession(ctx, s, reason); err != nil {
			return err
		}
	}
	_, err = o.Records.RevokeGrants(ctx, idp.GrantFilter{Subject: subject}, reason, o.now())
	return err
}

// endSession ends one browser session.
func (o acting) endSession(ctx context.Context, s idp.Session, reason string) error {
	_, err := o.Sessions.DeleteSession(ctx, s.ID)
	if errors.Is(err, idp.ErrNotFound) {
		return nil // they signed out themselves meanwhile
	}
	if err != nil {
		return err
	}
	return o.record(ctx, idp.Event{Name: idp.EventLogout, Subject: s.Subject, Detail: map[string]string{"reason": reason, "sid": s.SID}})
}
