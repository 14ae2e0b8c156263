package api

import (
	"context"
	"errors"
	"sync"

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
	return o.endSubject(ctx, subject, reason)
}

// endSubject is endAccess for whoever a subject is.
func (o acting) endSubject(ctx context.Context, subject, reason string) error {
	sessions, err := o.Sessions.SessionsOf(ctx, subject)
	if err != nil {
		return err
	}
	if err := o.endSessions(ctx, sessions, reason); err != nil {
		return err
	}
	if o.SignOuts != nil {
		told := make([]string, len(sessions))
		for i, s := range sessions {
			told[i] = s.SID
		}
		if err := o.SignOuts.AccessEnded(ctx, subject, told); err != nil {
			return err
		}
	}
	_, err = o.Records.RevokeGrants(ctx, idp.GrantFilter{Subject: subject}, reason, o.now())
	return err
}

// endSessions ends browser sessions, all at once: an app that does not answer holds up
// none but its own.
func (o acting) endSessions(ctx context.Context, sessions []idp.Session, reason string) error {
	faults := make([]error, len(sessions))
	var wg sync.WaitGroup
	for i, s := range sessions {
		wg.Go(func() { faults[i] = o.endSession(ctx, s, reason) })
	}
	wg.Wait()
	return errors.Join(faults...)
}

// endSession ends one browser session and tells its apps.
func (o acting) endSession(ctx context.Context, s idp.Session, reason string) error {
	ended, err := o.Sessions.DeleteSession(ctx, s.ID)
	if errors.Is(err, idp.ErrNotFound) {
		return nil // they signed out themselves meanwhile
	}
	if err != nil {
		return err
	}
	if o.SignOuts != nil {
		o.SignOuts.Farewell(ctx, ended)
	}
	return o.record(ctx, idp.Event{Name: idp.EventLogout, Subject: s.Subject, Detail: map[string]string{"reason": reason, "sid": s.SID}})
}
