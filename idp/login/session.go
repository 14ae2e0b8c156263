package login

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"cloudsso/idp"
)

// maxUserAgent is how much of a browser's name a session keeps.
const maxUserAgent = 256

// session returns the browser's live session, nil if it has none.
func (h *Handler) session(r *http.Request) (*idp.Session, error) {
	secret := h.cookie(r, sessionCookie)
	if len(secret) != secretLength {
		return nil, nil
	}
	s, err := h.flows.Session(r.Context(), idp.HashSecret(secret))
	switch {
	case errors.Is(err, idp.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case !h.live(s):
		return nil, nil
	}
	return &s, nil
}

// Current returns the live session of the browser that sent r, nil if it has none.
func (h *Handler) Current(r *http.Request) (*idp.Session, error) { return h.session(r) }

func (h *Handler) live(s idp.Session) bool {
	now := h.now()
	return now.Before(s.ExpiresAt) && now.Sub(s.SeenAt) < h.idle
}

// openSession makes the session of a fresh authentication and returns it with its
// secret. The secret is always new: one that was planted in the browser before the
// sign-in is worth nothing after it (session fixation). A sign-in that cannot be put
// on record does not happen.
func (h *Handler) openSession(r *http.Request, v visit, p idp.Person, amr ...string) (idp.Session, string, error) {
	ctx := r.Context()
	if err := h.events.Record(ctx, idp.Event{Name: idp.EventLoginSuccess, Subject: p.Subject, App: v.flow.App, Detail: map[string]string{"username": p.Login, "directory": p.Directory}}); err != nil {
		return idp.Session{}, "", err
	}
	now, secret := h.now(), idp.NewSecret()
	s := idp.Session{
		ID: idp.HashSecret(secret), SID: idp.NewID(), Subject: p.Subject,
		AuthTime: now, AMR: amr, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(h.ttl),
		UserAgent: userAgent(r),
	}
	if ip := idp.RequestOf(ctx).IP; ip.IsValid() {
		s.IP = ip.String()
	}
	if err := h.replace(ctx, v.session, &s); err != nil {
		return idp.Session{}, "", err
	}
	return s, secret, h.flows.CreateSession(ctx, s)
}

// replace ends the browser's old session. The same person keeps its public name and
// its apps, so that signing out still reaches them; of two tabs that sign in at once,
// only the one that ended the old session inherits. Another person starts afresh.
func (h *Handler) replace(ctx context.Context, old *idp.Session, s *idp.Session) error {
	if old == nil {
		return nil
	}
	ended, err := h.flows.DeleteSession(ctx, old.ID)
	switch {
	case errors.Is(err, idp.ErrNotFound):
		return nil
	case err != nil:
		return err
	case ended.Subject == s.Subject:
		s.SID, s.Apps = ended.SID, ended.Apps
		return nil
	}
	h.Farewell(ctx, ended) // what came of it is nobody's here to see
	return h.events.Record(ctx, idp.Event{Name: idp.EventLogout, Subject: ended.Subject, Detail: map[string]string{"reason": "another_person", "sid": ended.SID}})
}

func userAgent(r *http.Request) string {
	ua := r.UserAgent()
	return strings.ToValidUTF8(ua[:min(len(ua), maxUserAgent)], "")
}

const (
	seenEvery   = 5 * time.Minute // between two notes that a session is in use
	maxApps     = 200             // names that a session keeps for logout
	joinedTries = 8               // writers of one session are the tabs of one browser
)

// Joined records in the session that an app was told about it, and that the session
// is in use. Most calls write nothing: the app is known and was seen a moment ago. An
// OpenID Connect client is not noted here: its grant, which was just written, names the
// session (SessionID, SID), and a second write would say the same; nor is a signed-token
// app, which cannot be told of a sign-out. A session that is gone is ErrNotFound.
func (h *Handler) Joined(ctx context.Context, sessionID string, app idp.SessionApp) error {
	for range joinedTries {
		s, err := h.flows.Session(ctx, sessionID)
		if err != nil {
			return err
		}
		if !h.join(&s, app) {
			return nil
		}
		if err := h.flows.UpdateSession(ctx, s); !errors.Is(err, idp.ErrConflict) {
			return err
		}
	}
	return idp.ErrConflict
}

// join notes app in s and reports whether that is worth a write.
func (h *Handler) join(s *idp.Session, app idp.SessionApp) bool {
	now := h.now()
	stale := now.Sub(s.SeenAt) >= seenEvery
	if stale {
		s.SeenAt = now
	}
	if app.Protocol != idp.ProtocolSAML {
		return stale
	}
	app.At = now
	for i, known := range s.Apps {
		known.At = now
		if known == app {
			s.Apps[i] = known
			return stale
		}
	}
	// A transient NameID is a new name at each sign-in: keep the latest.
	s.Apps = append(s.Apps[max(0, len(s.Apps)-maxApps+1):], app)
	return true
}
