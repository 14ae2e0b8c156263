package login

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"cloudsso/idp"
	"cloudsso/idp/web"
)

// Logout answers /logout: GET asks, POST ends the session. Without a session it says
// that nobody is signed in. An application's link may name where to go afterwards
// (return_to, or post_logout_redirect_uri), if that address is allowed.
func (h *Handler) Logout(w http.ResponseWriter, r *http.Request) {
	s, err := h.session(r)
	if err == nil && r.Method == http.MethodPost {
		err = h.logoutPost(w, r, s)
	} else if err == nil {
		err = h.logoutGet(w, r, s)
	}
	if err != nil {
		h.fail(w, r, "", err)
	}
}

// logoutGet asks whoever is signed in, always. Attack: a link or picture on another site
// that signs people out.
func (h *Handler) logoutGet(w http.ResponseWriter, r *http.Request, s *idp.Session) error {
	back, err := h.checkReturn(r)
	if err != nil {
		return err
	}
	e := Ending{Return: back}
	if s == nil {
		return h.afterwards(w, r, "", logout{}, e)
	}
	h.showLogout(w, r, s, e)
	return nil
}

var errReturn = idp.Errorf(idp.Invalid, "The link that you followed wants to go on to an address that is not registered here. You have not been signed out.").On("return_to")

// checkReturn: attack: a sign-out link that ends on a stranger's page, which looks like
// our login. Decision: only to an address that an administrator allowed, compared
// character by character.
func (h *Handler) checkReturn(r *http.Request) (string, error) {
	q := r.URL.Query()
	sent := append(q["return_to"], q["post_logout_redirect_uri"]...)
	if len(sent) == 0 || len(sent) == 1 && sent[0] == "" {
		return "", nil
	}
	if len(sent) > 1 || h.returnTo == nil {
		return "", errReturn
	}
	ok, err := h.returnTo(r.Context(), sent[0])
	if err == nil && !ok {
		err = errReturn
	}
	return sent[0], err
}

// stepLogout binds the form to one session and to all that follows from it: what was
// checked before the page was shown must not be changed by way of the page.
func stepLogout(s *idp.Session, e Ending) string {
	return "logout:" + strings.Join([]string{s.SID, e.By.Protocol, e.By.App, strconv.FormatBool(e.Report), e.Return}, "\x00")
}

// Ending is what an application wants of us at the end of a session.
type Ending struct {
	// Sure: the application has shown that it knows the session (SID, or without one the
	// Subject). If it is this browser's, it ends without a question.
	Sure    bool
	SID     string
	Subject string
	By      idp.SessionApp // who asks; its Protocol is empty if no application does
	// Return is where the browser goes afterwards, checked; empty: to a page of ours.
	Return string
	// Report: Return is a path below the issuer that wants to know what came of it: it gets
	// the id for [Handler.Ended] as the parameter "logout", and no page of ours stands
	// between because an app was not told.
	Report bool
}

// names reports whether s is the session that the application means. A stranger's link
// must not sign anybody out (N11 of the logout rules): without a match we ask.
func (e Ending) names(s *idp.Session) bool {
	return e.Sure && (e.SID == s.SID || e.SID == "" && e.Subject == s.Subject)
}

// SignOut ends the session of a browser for an application: at once if the application
// knows the session, after a question otherwise. Then it tells the other applications. It
// answers the browser, unless it returns an error.
func (h *Handler) SignOut(w http.ResponseWriter, r *http.Request, e Ending) error {
	s, err := h.session(r)
	switch {
	case err != nil:
		return err
	case s == nil:
		return h.afterwards(w, r, idp.NewSecret(), logout{}, e)
	case e.names(s):
		return h.signOut(w, r, s, e, "application")
	}
	h.showLogout(w, r, s, e)
	return nil
}

func (h *Handler) showLogout(w http.ResponseWriter, r *http.Request, s *idp.Session, e Ending) {
	// Signing out must work while the directory is down or the person is gone.
	person, _ := h.people.Remembered(r.Context(), s.Subject)
	token := formToken(h.sureBrowser(w, r), "", stepLogout(s, e))
	h.pages.Logout(w, r, web.Logout{
		Person: pagePerson(person), Token: token, Protocol: e.By.Protocol, App: e.By.App, Report: e.Report, Return: e.Return,
	})
}

func (h *Handler) logoutPost(w http.ResponseWriter, r *http.Request, s *idp.Session) error {
	if err := r.ParseForm(); err != nil {
		return errBadForm
	}
	if s == nil {
		h.pages.SignedOut(w, r, web.SignedOut{}) // a second click: whoever wanted out is out
		return nil
	}
	f := r.PostForm
	e := Ending{By: idp.SessionApp{Protocol: f.Get("protocol"), App: f.Get("app")}, Return: f.Get("return"), Report: f.Get("report") != ""}
	if err := h.checkForm(r, "", stepLogout(s, e)); err != nil {
		return err
	}
	return h.signOut(w, r, s, e, "person")
}

// signOut ends the session of this browser first and tells the apps then: whatever they
// do, the person is signed out here.
func (h *Handler) signOut(w http.ResponseWriter, r *http.Request, s *idp.Session, e Ending, reason string) error {
	id := idp.NewSecret()
	l, err := h.end(r.Context(), id, *s, e.By, reason)
	if err != nil {
		return err
	}
	h.clearCookie(w, sessionCookie)
	// Sign-ins that other tabs have begun end too: the next person at this machine
	// must not go on with them.
	h.clearCookie(w, browserCookie)
	h.changeState(w)
	return h.afterwards(w, r, id, l, e)
}

// end deletes a session and tells its apps. If somebody else was faster, they do.
func (h *Handler) end(ctx context.Context, id string, s idp.Session, by idp.SessionApp, reason string) (logout, error) {
	ended, err := h.flows.DeleteSession(ctx, s.ID)
	switch {
	case errors.Is(err, idp.ErrNotFound):
		return logout{}, nil
	case err != nil:
		return logout{}, err
	}
	// What cannot be put on record has happened all the same: apps are told first.
	l := logout{Ended: true, Apps: h.farewell(ctx, id, ended, by)}
	return l, h.events.Record(ctx, idp.Event{Name: idp.EventLogout, Subject: ended.Subject, App: by.App, Detail: map[string]string{"reason": reason, "sid": ended.SID}})
}

// EndSession ends a session without its browser and tells the apps that can be told from
// server to server; the others are reported as not told. by is the app that asked for it,
// reason goes into the audit log. A session that is gone already is no error: the result
// says that nothing was ended.
func (h *Handler) EndSession(ctx context.Context, s idp.Session, by idp.SessionApp, reason string) (Result, error) {
	l, err := h.end(ctx, "", s, by, reason)
	return l.result(), err
}

// Farewell is the second half of [Handler.EndSession], for whoever has ended s.
func (h *Handler) Farewell(ctx context.Context, s idp.Session) Result {
	return logout{Ended: true, Apps: h.farewell(ctx, "", s, idp.SessionApp{})}.result()
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
