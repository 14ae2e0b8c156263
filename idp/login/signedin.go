package login

import (
	"errors"
	"log/slog"
	"net/http"

	"cloudsso/idp"
)

// SignedIn returns the browser's session and the person behind it, asked of their
// directory now; nil if nobody is signed in, or somebody who may not be any more. Asking
// counts as using the session.
func (h *Handler) SignedIn(r *http.Request) (*idp.Session, idp.Person, error) {
	s, err := h.session(r)
	if err != nil {
		return nil, idp.Person{}, err
	}
	p, err := h.active(r.Context(), s)
	if err != nil || p.Subject == "" {
		return nil, idp.Person{}, err
	}
	err = h.Joined(r.Context(), s.ID, idp.SessionApp{Protocol: idp.ProtocolOIDC})
	if errors.Is(err, idp.ErrNotFound) {
		return nil, idp.Person{}, nil // signed out meanwhile
	}
	return s, p, err
}

// SignIn opens a session for somebody who has just proved by other means (amr, RFC 8176)
// that they are this person.
func (h *Handler) SignIn(w http.ResponseWriter, r *http.Request, p idp.Person, amr ...string) error {
	old, err := h.session(r)
	if err != nil {
		return err
	}
	_, secret, err := h.openSession(r, visit{flow: &idp.Flow{}, session: old}, p, amr...)
	if err != nil {
		return err
	}
	idp.Note(r.Context(), slog.String("subject", p.Subject))
	h.setCookie(w, sessionCookie, secret, 0)
	return nil
}
