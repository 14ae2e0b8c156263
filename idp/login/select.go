package login

import (
	"net/http"

	"cloudsso/idp"
	"cloudsso/idp/web"
)

// The step's name has the session in it: what a person was shown about one account
// must not be sent in the name of another one that signed in meanwhile.
func stepSelect(s *idp.Session) string { return "select:" + s.SID }

func (h *Handler) showSelect(w http.ResponseWriter, r *http.Request, v visit, d decision) {
	app, err := h.pageApp(r, v.flow)
	if err != nil {
		h.fail(w, r, "", err)
		return
	}
	h.pages.Select(w, r, web.Select{Step: h.step(w, r, v.flow, stepSelect(v.session)), App: app, Person: pagePerson(d.person)})
}

// SelectPost answers POST /login/select: the person goes on as who they are, or as
// somebody else.
func (h *Handler) SelectPost(w http.ResponseWriter, r *http.Request) {
	v, ok := h.openStep(w, r, askAccount, stepSelect)
	if !ok {
		return
	}
	f := v.flow
	switch {
	case r.PostForm.Get("cancel") != "":
		f.Answer = idp.Answer{Outcome: idp.Denied}
	case r.PostForm.Get("account") == "this":
		f.Answer.Subject = v.session.Subject
	case r.PostForm.Get("account") == "another":
		h.redirect(w, r, loginPath(f.ID, hint(f))+"&account=another")
		return
	}
	h.proceed(w, r, v)
}

// openStep opens the form of a step that needs a session, and checks that the flow
// still stands there. If it does not, the browser has been answered already: it looks
// again at what comes next.
func (h *Handler) openStep(w http.ResponseWriter, r *http.Request, want step, name func(*idp.Session) string) (visit, bool) {
	v, err := h.openForm(r)
	switch {
	case err != nil:
		h.fail(w, r, r.PostForm.Get("app"), err)
		return v, false
	case v.done, v.session == nil:
		h.proceed(w, r, v)
		return v, false
	}
	if err := h.checkForm(r, v.flow.ID, name(v.session)); err != nil {
		h.fail(w, r, hint(v.flow), err)
		return v, false
	}
	d, err := h.next(r.Context(), v)
	if err != nil {
		h.fail(w, r, hint(v.flow), err)
		return v, false
	}
	if d.step != want {
		h.proceed(w, r, v)
		return v, false
	}
	return v, true
}
