package console

import (
	"log/slog"
	"net/http"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/web"
)

var actionConsole = web.Action{Text: "Go to the console", URL: "/admin"}

// problem is the page of an error.
type problem struct {
	Text    string
	Faults  []string
	Support string
}

// statuses is where a class becomes a status and a title.
func statusOf(code idp.Code) (int, string) {
	switch code {
	case idp.Invalid:
		return http.StatusUnprocessableEntity, "This does not work"
	case idp.Forbidden, idp.Unauthorized:
		return http.StatusForbidden, "You cannot do this"
	case idp.NotFound:
		return http.StatusNotFound, "Not found"
	case idp.Conflict:
		return http.StatusConflict, "This cannot be done"
	case idp.Expired:
		return http.StatusGone, "This has expired"
	case idp.TooMany:
		return http.StatusTooManyRequests, "Too many tries"
	case idp.Unavailable:
		return http.StatusServiceUnavailable, "This does not work at the moment"
	}
	if api.Stale(code) {
		return http.StatusConflict, "Somebody was faster"
	}
	return http.StatusInternalServerError, "Something went wrong"
}

// fail shows an error inside the console. Causes go to the log line.
func (v *visit) fail(err error) {
	faults := api.Faults(err)
	status, title := statusOf(faults[0].Code)
	p := problem{Text: faults[0].Public, Support: idp.RequestOf(v.r.Context()).Support}
	for _, f := range faults {
		if f.Cause != nil {
			idp.Note(v.r.Context(), slog.String("cause", f.Cause.Error()))
		}
		if len(faults) > 1 {
			p.Faults = append(p.Faults, f.Public)
		}
	}
	idp.Note(v.r.Context(), slog.String("error", string(faults[0].Code)))
	v.write(status, "problem", title, p)
}

// refuse answers somebody who is signed in and no admin.
func (c *Console) refuse(w http.ResponseWriter, r *http.Request, p idp.Person, err error) {
	e := idp.AsError(err)
	if e.Code != idp.Forbidden {
		c.Pages.Error(w, r, err)
		return
	}
	c.Pages.Problem(w, r, web.Problem{
		Status: http.StatusForbidden, Title: "This is for administrators", Text: "You are signed in as " + p.Login + ". " + e.Public,
		Advice:  "Ask an owner to let you in, or use another account.",
		Actions: []web.Action{{Text: "Go to the start page", URL: "/"}, {Text: "Use another account", URL: "/login?account=another"}},
	})
}
