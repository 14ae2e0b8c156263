package login

import (
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"

	"cloudsso/idp"
	"cloudsso/idp/web"
	"cloudsso/userdir"
)

const (
	stepPassword = "password"
	maxUsername  = 256
	maxPassword  = 1024 // bytes; more only feeds the slow hash
)

// refusal is a try that did not sign anybody in: what the audit log and the person
// are told, and the status of the page.
type refusal struct {
	reason string
	status int
	text   string
}

// LoginPost answers POST /login: it checks a password and opens a session. A try that
// fails shows the form again with the same flow and the typed user name.
func (h *Handler) LoginPost(w http.ResponseWriter, r *http.Request) {
	v, err := h.openForm(r)
	if err == nil {
		err = h.checkForm(r, v.flow.ID, stepPassword)
	}
	switch {
	case err != nil:
		h.fail(w, r, r.PostForm.Get("app"), err)
	case v.done:
		h.leave(w, r, v.flow)
	case r.PostForm.Get("cancel") != "":
		v.flow.Answer = idp.Answer{Outcome: idp.Denied}
		h.proceed(w, r, v)
	default:
		h.tryPassword(w, r, v)
	}
}

func (h *Handler) tryPassword(w http.ResponseWriter, r *http.Request, v visit) {
	username, password := userdir.Username(r.PostForm.Get("username")), r.PostForm.Get("password")
	if text := unfit(username, password); text != "" {
		h.again(w, r, v, username, refusal{"", http.StatusBadRequest, text})
		return
	}
	t := h.newTry(r, username)
	person, refused, err := h.authenticate(r, v.flow, t, username, password)
	switch {
	case err != nil:
		h.fail(w, r, hint(v.flow), err)
	case refused != nil:
		if t.wait > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(t.wait.Seconds()))))
		}
		h.again(w, r, v, username, *refused)
	default:
		h.enter(w, r, v, person, t)
	}
}

// unfit says what is wrong with the input itself.
func unfit(username, password string) string {
	switch {
	case username == "" || password == "":
		return "Please enter your user name and your password."
	case len(username) > maxUsername:
		return "This user name is too long. Please check it."
	case len(password) > maxPassword:
		return "This password is too long. Please check it."
	}
	return ""
}

// again shows the form once more. The password is never sent back.
func (h *Handler) again(w http.ResponseWriter, r *http.Request, v visit, username string, why refusal) {
	if len(username) > maxUsername {
		username = ""
	}
	h.writePassword(w, r, why.status, v, web.Login{Username: username, Error: why.text})
}

// authenticate asks the limits, then the directories. A refusal is on record when it
// comes back.
func (h *Handler) authenticate(r *http.Request, f *idp.Flow, t *try, username, password string) (idp.Person, *refusal, error) {
	ctx := r.Context()
	if refused, err := h.admit(ctx, f, t); refused != nil || err != nil {
		traceLimit(ctx, refused)
		return idp.Person{}, refused, err
	}
	person, err := h.people.Authenticate(ctx, username, password)
	refused, fault := refuse(f, person, err)
	traceDirectory(ctx, f, person, refused, err)
	if fault != nil || refused == nil {
		return person, nil, fault
	}
	detail := map[string]string{"reason": refused.reason, "username": strings.ToValidUTF8(username, "")}
	if from := new(userdir.Fault); errors.As(err, &from) {
		detail["directory"] = from.Directory
	}
	if refused.status == http.StatusServiceUnavailable {
		idp.Note(ctx, slog.String("cause", err.Error()))
	}
	if err := h.events.Record(ctx, idp.Event{Name: idp.EventLoginFailure, Subject: person.Subject, App: f.App, Detail: detail}); err != nil {
		return idp.Person{}, nil, err
	}
	if refused.status == http.StatusServiceUnavailable {
		return idp.Person{}, refused, h.passed(ctx, t) // nothing was tried, so nothing counts
	}
	return idp.Person{}, refused, h.failed(ctx, t)
}

// refuse sorts what the directories said. A wrong password and an unknown name get the
// same words and the same status, so that nobody learns who exists; whoever knows the
// password is told plainly what is the matter with the account.
func refuse(f *idp.Flow, p idp.Person, err error) (*refusal, error) {
	const wrong = "The user name or the password is not right. Please check both and try again."
	// RFC 9110 §15.5.4: 403 is for credentials that do not do; 401 would need a challenge.
	const no = http.StatusForbidden
	switch {
	case errors.Is(err, userdir.ErrInvalidCredentials), errors.Is(err, userdir.ErrNotFound):
		return &refusal{"wrong_credentials", no, wrong}, nil
	case errors.Is(err, userdir.ErrUnavailable):
		return &refusal{"directory_unavailable", http.StatusServiceUnavailable, "Passwords cannot be checked at the moment, because the directory does not answer. Please try again in a minute. Your sign-in is kept."}, nil
	case errors.Is(err, userdir.ErrSecondFactor):
		return &refusal{"second_factor", no, idp.AsError(userdir.ErrSecondFactor).Public}, nil
	case errors.Is(err, userdir.ErrDisabled), err == nil && p.Status == idp.Disabled:
		return &refusal{"disabled", no, "This account is disabled. Please ask your administrator to enable it."}, nil
	case errors.Is(err, userdir.ErrLocked), err == nil && p.Status == idp.Locked:
		return &refusal{"locked", no, "This account is locked. Please ask your administrator to unlock it."}, nil
	case errors.Is(err, userdir.ErrPasswordExpired), err == nil && p.Status == idp.PasswordExpired:
		return &refusal{"password_expired", no, "The password of this account has expired. Please change it where you usually do, or ask your administrator, and then sign in here."}, nil
	case err != nil:
		return nil, err
	case p.Status != idp.Active:
		return &refusal{"gone", no, "This account is no longer in use. Please ask your administrator."}, nil
	case f.Ask.Subject != "" && f.Ask.Subject != p.Subject:
		return &refusal{"other_account", no, "The application asks for a different account. Please sign in with that one, or cancel."}, nil
	}
	return nil, nil
}

// directoryFault keeps the cause of a directory that does not answer for the log.
func directoryFault(err error) error {
	if errors.Is(err, userdir.ErrUnavailable) {
		return idp.Errorf(idp.Unavailable, "Your account cannot be looked up at the moment, because the directory does not answer. Reload this page in a minute; your sign-in is kept.").Because(err)
	}
	return err
}

// enter opens the session of a person whose password was right, and goes on.
func (h *Handler) enter(w http.ResponseWriter, r *http.Request, v visit, p idp.Person, t *try) {
	s, secret, err := h.openSession(r, v, p, "pwd")
	if err == nil {
		err = h.passed(r.Context(), t)
	}
	if err != nil {
		h.fail(w, r, hint(v.flow), err)
		return
	}
	idp.Note(r.Context(), slog.String("subject", p.Subject))
	h.setCookie(w, sessionCookie, secret, 0)
	h.BrowserState(w, r, s.SID)
	h.rememberDevice(w, r, t.account)
	// Both facts are set anew: whatever somebody else noted in this flow before is void.
	v.flow.Answer = idp.Answer{Session: s.ID, Subject: s.Subject}
	v.session = &s
	h.proceed(w, r, v)
}
