package web

import (
	"log/slog"
	"net/http"
	"regexp"

	"cloudsso/idp"
)

// Problem is a page that says what happened in plain words, what to do, and where to
// go from here.
type Problem struct {
	Status  int    // of the HTTP answer; default 400
	Title   string // what happened
	Text    string // one or two sentences more
	Advice  string // what the person can do
	Actions []Action
	Support string // support code; filled from the request if empty
}

// Action is a way on from a page. The first one of a page is the best.
type Action struct {
	Text string
	URL  string // absolute web address, or a path below the issuer ("/login")
}

// Problem writes the page.
func (p *Pages) Problem(w http.ResponseWriter, r *http.Request, page Problem) {
	if page.Status == 0 {
		page.Status = http.StatusBadRequest
	}
	if page.Support == "" {
		page.Support = idp.RequestOf(r.Context()).Support
	}
	page.Actions = p.reachable(page.Actions)
	p.write(w, r, page.Status, "problem", frame{Title: page.Title, Page: page})
}

// ours is a path on this host: "//host" and "/\host" are not.
var ours = regexp.MustCompile(`^/([^/\\]|$)`)

func (p *Pages) reachable(actions []Action) []Action {
	var out []Action
	for _, a := range actions {
		switch {
		case ours.MatchString(a.URL):
			out = append(out, Action{a.Text, p.base + a.URL})
		case link(a.URL) != "":
			out = append(out, a)
		}
	}
	return out
}

// Error writes a page for err: its public sentence, what to do about errors of that
// class, and the support code. The private cause goes to the request's log line.
func (p *Pages) Error(w http.ResponseWriter, r *http.Request, err error) {
	p.ErrorWith(w, r, err)
}

// ErrorWith is Error with ways on that are better than the start page.
func (p *Pages) ErrorWith(w http.ResponseWriter, r *http.Request, err error, actions ...Action) {
	e := idp.AsError(err)
	if e.Cause != nil {
		idp.Note(r.Context(), slog.String("cause", e.Cause.Error()))
	}
	idp.Note(r.Context(), slog.String("error", string(e.Code)))
	traceError(r, e)
	page := classes(e.Code)
	page.Text = e.Public
	if e.Code == idp.Unavailable && r.Method == http.MethodGet {
		actions = append(actions, Action{"Try again", r.URL.RequestURI()})
	}
	page.Actions = append(actions, Action{"Go to the start page", "/"})
	p.Problem(w, r, page)
}

// traceError says what the person was shown. Whether that is worth a trace is decided by
// whoever knows what they wanted.
func traceError(r *http.Request, e *idp.Error) {
	step := idp.Step{Name: "error page", Result: idp.Answered, Text: e.Public}
	if e.Cause != nil {
		step.Cause = e.Cause.Error()
	}
	idp.Trace(r.Context(), step)
}

// classes has the words that fit every error of a class.
func classes(code idp.Code) Problem {
	const back = "Please go back to the application and start again. If it happens again, tell the people who run it and give them the code below."
	const later = "If it goes on, tell your administrator and give them the code below."
	switch code {
	case idp.Invalid:
		return Problem{Status: http.StatusBadRequest, Title: "This request cannot be completed", Advice: back}
	case idp.Conflict:
		return Problem{Status: http.StatusConflict, Title: "Somebody was faster", Advice: back}
	case idp.Unauthorized:
		return Problem{Status: http.StatusForbidden, Title: "You need to sign in", Advice: back}
	case idp.Forbidden:
		return Problem{Status: http.StatusForbidden, Title: "You cannot do this", Advice: "If you think that you should be able to, ask your administrator and give them the code below."}
	case idp.NotFound:
		return Problem{Status: http.StatusNotFound, Title: "Not found", Advice: back}
	case idp.Expired:
		return Problem{Status: http.StatusGone, Title: "This has expired", Advice: "If you still need it, please start again where you came from."}
	case idp.TooMany:
		return Problem{Status: http.StatusTooManyRequests, Title: "Too many tries", Advice: "Please wait a while before you try again."}
	case idp.Unavailable:
		return Problem{Status: http.StatusServiceUnavailable, Title: "This does not work at the moment", Advice: later}
	}
	return Problem{Status: http.StatusInternalServerError, Title: "Something went wrong", Advice: "Please try again. " + later}
}
