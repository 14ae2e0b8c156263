package login

import (
	"encoding/json"
	"errors"
	"net/http"

	"cloudsso/idp"
	"cloudsso/idp/web"
)

const stepLink = "link"

var errNoLink = idp.Errorf(idp.Expired, "This link has been used already, or its time is over.")

// Link answers GET and POST /login/link: a link that an administrator made signs one
// browser in, once. Attacks: a mail scanner opens the link before the person does;
// somebody is sent a link of the attacker's own account. Decision: opening shows whose
// link it is and uses nothing up; only the button does, in the browser that was asked.
func (h *Handler) Link(w http.ResponseWriter, r *http.Request) {
	var err error
	if r.Method == http.MethodPost {
		err = h.useLink(w, r)
	} else {
		err = h.showLink(w, r)
	}
	switch {
	case errors.Is(err, errNoLink):
		h.pages.Problem(w, r, web.Problem{
			Status: http.StatusGone, Title: "This link is over", Text: errNoLink.Public,
			Advice: "Please ask your administrator for another one.", Actions: []web.Action{{Text: "Go to the start page", URL: "/"}},
		})
	case err != nil:
		h.fail(w, r, "", err)
	}
}

func (h *Handler) showLink(w http.ResponseWriter, r *http.Request) error {
	key := r.URL.Query().Get("key")
	t, err := h.flows.Ticket(r.Context(), idp.TicketSignInLink, idp.HashSecret(key))
	if err != nil {
		return noLink(err)
	}
	p, _, err := h.linked(r, t)
	if err != nil {
		return err
	}
	token := formToken(h.sureBrowser(w, r), key, stepLink)
	h.pages.Link(w, r, web.Link{Person: pagePerson(p), Key: key, Token: token})
	return nil
}

func (h *Handler) useLink(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return errBadForm
	}
	key := r.PostForm.Get("key")
	if err := h.checkForm(r, key, stepLink); err != nil {
		return err
	}
	t, err := h.flows.TakeTicket(r.Context(), idp.TicketSignInLink, idp.HashSecret(key))
	if err != nil {
		return noLink(err)
	}
	p, l, err := h.linked(r, t)
	if err != nil {
		return err
	}
	e := idp.Event{Name: idp.EventSignInLink, Subject: p.Subject, Actor: l.By, Detail: map[string]string{"used": "yes"}}
	if err := h.events.Record(r.Context(), e); err != nil {
		return err
	}
	idp.KeepTrace(r.Context())
	idp.TraceAbout(r.Context(), idp.About{Subject: p.Subject})
	idp.Trace(r.Context(), idp.Step{Name: "sign-in link", Result: idp.Passed, Received: "made by " + l.By})
	// No method of RFC 8176 fits: nothing is claimed about how they proved who they are.
	if err := h.SignIn(w, r, p); err != nil {
		return err
	}
	h.redirect(w, r, "/")
	return nil
}

// linked is the person of a link, if they may sign in now.
func (h *Handler) linked(r *http.Request, t idp.Ticket) (idp.Person, idp.SignInLink, error) {
	var l idp.SignInLink
	if err := json.Unmarshal(t.Data, &l); err != nil {
		return idp.Person{}, l, err
	}
	p, err := h.active(r.Context(), &idp.Session{Subject: l.Subject})
	if err == nil && p.Subject == "" {
		err = errNoLink
	}
	return p, l, err
}

func noLink(err error) error {
	if errors.Is(err, idp.ErrNotFound) {
		return errNoLink
	}
	return err
}
