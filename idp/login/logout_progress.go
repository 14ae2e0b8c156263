package login

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"cloudsso/idp"
	"cloudsso/idp/web"
)

// Where a logout goes on.
const (
	progressPath = "/logout/progress"
	endPath      = "/logout/end"
)

// afterwards sends the browser on when the session has ended: through the visits if there
// are any, then to where the application wants it.
func (h *Handler) afterwards(w http.ResponseWriter, r *http.Request, id string, l logout, e Ending) error {
	l.Return = e.Return
	if e.Report {
		l.Return = h.base + withParameter(e.Return, "logout", id)
	}
	l.Report = e.Report
	visits := slices.ContainsFunc(l.Apps, func(a farewelled) bool { return a.Visit != "" })
	if visits || e.Report {
		if err := h.createLogout(r.Context(), id, l); err != nil {
			return err
		}
	}
	if visits {
		h.redirect(w, r, withParameter(progressPath, "id", id))
		return nil
	}
	h.finish(w, r, l)
	return nil
}

func withParameter(path, name, value string) string {
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	return path + separator + url.Values{name: {value}}.Encode()
}

// LogoutProgress answers GET /logout/progress: the page whose frames visit the apps. It
// goes on by itself after a few seconds, sooner when all frames are through.
func (h *Handler) LogoutProgress(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("id")
	l, err := h.changeLogout(r.Context(), id, func(l *logout) bool {
		first := !l.Shown
		l.Shown = true
		return first
	})
	if err != nil {
		h.failLogout(w, r, err)
		return
	}
	page := web.LogoutProgress{Next: h.base + withParameter(endPath, "id", id)}
	for _, a := range l.Apps {
		page.Apps = append(page.Apps, web.LogoutApp{Name: a.Name, Outcome: string(a.Outcome), Visit: a.Visit, Through: a.Through, Answers: a.Answers})
	}
	h.pages.LogoutProgress(w, r, page)
}

// LogoutEnd answers GET /logout/end: on to the application, or what became of it.
func (h *Handler) LogoutEnd(w http.ResponseWriter, r *http.Request) {
	l, _, err := h.logout(r.Context(), r.URL.Query().Get("id"))
	if err != nil {
		h.failLogout(w, r, err)
		return
	}
	h.finish(w, r, l)
}

// finish goes on to where the application wants the browser. If an app was not told, the
// person hears of it first: they are the one who can still close its window. A protocol
// that wants the result tells it in its own words, and what is no web address no page can
// link to.
func (h *Handler) finish(w http.ResponseWriter, r *http.Request, l logout) {
	page := web.SignedOut{Continue: l.Return}
	failed := false
	for _, a := range l.result().Apps {
		failed = failed || a.Outcome == Failed
		page.Apps = append(page.Apps, web.LogoutApp{Name: a.Name, Outcome: string(a.Outcome)})
	}
	if l.Return == "" || failed && !l.Report && idp.Origin(l.Return) != "" {
		h.pages.SignedOut(w, r, page)
		return
	}
	seeOther(w, l.Return)
}

// failLogout: a logout that nobody knows any more is over, and that is all to say.
func (h *Handler) failLogout(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, idp.ErrNotFound) {
		h.pages.SignedOut(w, r, web.SignedOut{})
		return
	}
	h.fail(w, r, "", err)
}
