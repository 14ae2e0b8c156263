package login

import (
	"errors"
	"net/http"

	"cloudsso/idp"
	"cloudsso/idp/web"
)

func stepLogout(s *idp.Session) string { return "logout:" + s.SID }

// Logout answers /logout: GET asks, POST ends the session. Without a session it says
// that nobody is signed in.
func (h *Handler) Logout(w http.ResponseWriter, r *http.Request) {
	s, err := h.session(r)
	switch {
	case err != nil:
		h.fail(w, r, "", err)
	case s == nil:
		h.pages.SignedOut(w, r)
	case r.Method == http.MethodPost:
		h.logoutPost(w, r, s)
	default:
		h.showLogout(w, r, s)
	}
}

func (h *Handler) showLogout(w http.ResponseWriter, r *http.Request, s *idp.Session) {
	// Signing out must work while the directory is down or the person is gone.
	person, _ := h.people.Person(r.Context(), s.Subject)
	token := formToken(h.sureBrowser(w, r), "", stepLogout(s))
	h.pages.Logout(w, r, web.Logout{Person: pagePerson(person), Token: token})
}

func (h *Handler) logoutPost(w http.ResponseWriter, r *http.Request, s *idp.Session) {
	if err := r.ParseForm(); err != nil {
		h.fail(w, r, "", errBadForm)
		return
	}
	if err := h.checkForm(r, "", stepLogout(s)); err != nil {
		h.fail(w, r, "", err)
		return
	}
	ended, err := h.flows.DeleteSession(r.Context(), s.ID)
	if err == nil {
		err = h.events.Record(r.Context(), idp.Event{Name: idp.EventLogout, Subject: ended.Subject, Detail: map[string]string{"reason": "person", "sid": ended.SID}})
	}
	if err != nil && !errors.Is(err, idp.ErrNotFound) {
		h.fail(w, r, "", err)
		return
	}
	h.clearCookie(w, sessionCookie)
	// Sign-ins that other tabs have begun end too: the next person at this machine
	// must not go on with them.
	h.clearCookie(w, browserCookie)
	h.pages.SignedOut(w, r)
}

// Home answers GET /: who is signed in, and the way in or out.
func (h *Handler) Home(w http.ResponseWriter, r *http.Request) {
	s, err := h.session(r)
	if err != nil {
		h.fail(w, r, "", err)
		return
	}
	person, err := h.active(r.Context(), s)
	if err != nil {
		h.fail(w, r, "", err)
		return
	}
	var page web.Home
	if person.Subject != "" {
		shown := pagePerson(person)
		page.Person = &shown
	}
	h.pages.Home(w, r, page)
}
