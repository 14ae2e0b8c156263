package login

import (
	"errors"
	"net/http"

	"cloudsso/idp"
	"cloudsso/idp/web"
)

// stepLogout binds the form to one session and to where the browser goes afterwards: the
// address was checked before the page was shown, and the page must not be a way around that.
func stepLogout(s *idp.Session, back string) string { return "logout:" + s.SID + "\x00" + back }

// Logout answers /logout: GET asks, POST ends the session. Without a session it says
// that nobody is signed in.
func (h *Handler) Logout(w http.ResponseWriter, r *http.Request) {
	s, err := h.session(r)
	switch {
	case err != nil:
		h.fail(w, r, "", err)
	case r.Method == http.MethodPost:
		h.logoutPost(w, r, s)
	case s == nil:
		h.pages.SignedOut(w, r)
	default:
		h.showLogout(w, r, s, "")
	}
}

// Ending is what an application wants of us at the end of a session.
type Ending struct {
	// Sure: the application has shown that it knows the session (SID, or without one the
	// Subject). If it is this browser's, it ends without a question.
	Sure    bool
	SID     string
	Subject string
	App     string // who asks, for the audit log
	Return  string // where the browser goes afterwards, checked; empty: to a page of ours
}

// names reports whether s is the session that the application means. A stranger's link
// must not sign anybody out (N11 of the logout rules): without a match we ask.
func (e Ending) names(s *idp.Session) bool {
	return e.Sure && (e.SID == s.SID || e.SID == "" && e.Subject == s.Subject)
}

// SignOut ends the session of a browser for an application: at once if the application
// knows the session, after a question otherwise. It answers the browser, unless it
// returns an error.
func (h *Handler) SignOut(w http.ResponseWriter, r *http.Request, e Ending) error {
	s, err := h.session(r)
	switch {
	case err != nil:
		return err
	case s == nil:
		h.signedOut(w, r, e.Return)
	case e.names(s):
		if err := h.endSession(w, r, s, e.App, "application"); err != nil {
			return err
		}
		h.signedOut(w, r, e.Return)
	default:
		h.showLogout(w, r, s, e.Return)
	}
	return nil
}

func (h *Handler) showLogout(w http.ResponseWriter, r *http.Request, s *idp.Session, back string) {
	// Signing out must work while the directory is down or the person is gone.
	person, _ := h.people.Remembered(r.Context(), s.Subject)
	token := formToken(h.sureBrowser(w, r), "", stepLogout(s, back))
	h.pages.Logout(w, r, web.Logout{Person: pagePerson(person), Token: token, Return: back})
}

func (h *Handler) logoutPost(w http.ResponseWriter, r *http.Request, s *idp.Session) {
	if s == nil {
		h.pages.SignedOut(w, r) // a second click: whoever wanted out is out
		return
	}
	if err := r.ParseForm(); err != nil {
		h.fail(w, r, "", errBadForm)
		return
	}
	back := r.PostForm.Get("return")
	if err := h.checkForm(r, "", stepLogout(s, back)); err != nil {
		h.fail(w, r, "", err)
		return
	}
	if err := h.endSession(w, r, s, "", "person"); err != nil {
		h.fail(w, r, "", err)
		return
	}
	h.signedOut(w, r, back)
}

// endSession ends the session and whatever this browser has begun with it.
func (h *Handler) endSession(w http.ResponseWriter, r *http.Request, s *idp.Session, app, reason string) error {
	ended, err := h.flows.DeleteSession(r.Context(), s.ID)
	if err == nil {
		err = h.events.Record(r.Context(), idp.Event{Name: idp.EventLogout, Subject: ended.Subject, App: app, Detail: map[string]string{"reason": reason, "sid": ended.SID}})
	}
	if err != nil && !errors.Is(err, idp.ErrNotFound) {
		return err
	}
	h.clearCookie(w, sessionCookie)
	// Sign-ins that other tabs have begun end too: the next person at this machine
	// must not go on with them.
	h.clearCookie(w, browserCookie)
	return nil
}

func (h *Handler) signedOut(w http.ResponseWriter, r *http.Request, back string) {
	if back == "" {
		h.pages.SignedOut(w, r)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", back) // byte for byte: http.Redirect would clean it
	w.WriteHeader(http.StatusSeeOther)
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
