package login

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"cloudsso/idp"
	"cloudsso/idp/web"
)

// What can be wrong with the flow that a browser comes with.
var (
	errGone         = idp.Errorf(idp.Expired, "This sign-in has been completed already, or it took longer than half an hour.")
	errNoCookie     = idp.Errorf(idp.Invalid, "Your browser did not send the cookie that we gave it when this sign-in began.")
	errOtherBrowser = idp.Errorf(idp.Forbidden, "This sign-in was started in another browser or private window, so it cannot go on here.")
	errStaleForm    = idp.Errorf(idp.Invalid, "This form is out of date, or it was not sent from our page.")
	errNotSettled   = idp.Errorf(idp.Invalid, "This sign-in is not finished yet. Please go back and finish it first.")
	errBadForm      = idp.Errorf(idp.Invalid, "The form could not be read.")
	errNoApp        = idp.Errorf(idp.NotFound, "The application that you come from is no longer set up here.")
)

// fail is the one writer of everything that goes wrong here. from is the app's hint.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, from string, err error) {
	idp.TraceFailed(r.Context(), idp.Step{Name: "sign-in page"}, err)
	page := web.Problem{Text: idp.AsError(err).Public, Actions: h.startAgain(r, from)}
	switch {
	case errors.Is(err, errGone):
		page.Status, page.Title = http.StatusGone, "This sign-in is over"
		page.Advice = h.signedInHint(r) + "To sign in to an application, open the application again."
	case errors.Is(err, errNoCookie):
		page.Title = "Cookies are missing"
		page.Advice = "Please allow cookies for this site, or leave the private mode, and start again. If you have signed out in the meantime, just start again."
	case errors.Is(err, errOtherBrowser):
		page.Status, page.Title = http.StatusForbidden, "Please start again in this browser"
		page.Advice = "If somebody sent you this link, do not use it. Open the application yourself instead."
	case errors.Is(err, errStaleForm), errors.Is(err, errBadForm):
		page.Status, page.Title = http.StatusForbidden, "Please try that once more"
		page.Advice = "Nothing was changed. Go on with the current page."
		page.Actions = []web.Action{{Text: "Continue", URL: goOn(r)}}
	case errors.Is(err, errReturn):
		page.Title = "This sign-out link is not allowed"
		page.Advice = "You can sign out here; you will not be sent on afterwards."
		page.Actions = []web.Action{{Text: "Sign out", URL: "/logout"}}
	case errors.Is(err, errNoApp):
		page.Status, page.Title = http.StatusNotFound, "Unknown application"
		page.Advice = "Please ask the people who run the application."
	case r.Method == http.MethodPost:
		h.pages.ErrorWith(w, r, err, web.Action{Text: "Continue", URL: goOn(r)})
		return
	default:
		h.pages.Error(w, r, err)
		return
	}
	h.pages.Problem(w, r, page)
}

// goOn is where the current page of what the person was doing stands.
func goOn(r *http.Request) string {
	switch r.URL.Path {
	case "/logout":
		return "/logout"
	case "/login/link":
		return "/login/link?" + url.Values{"key": {r.PostForm.Get("key")}}.Encode()
	}
	return loginPath(r.PostForm.Get("flow"), r.PostForm.Get("app"))
}

// startAgain offers the app itself if it has an address, and our own page otherwise.
// from comes from the browser and proves nothing; it can only name an app that is
// registered here, and leads to the address that is registered for it.
func (h *Handler) startAgain(r *http.Request, from string) []web.Action {
	if protocol, id, ok := strings.Cut(from, ":"); ok {
		if app, err := h.apps.App(r.Context(), protocol, id); err == nil && app.URL != "" {
			return []web.Action{{Text: "Start again at " + app.Name, URL: app.URL}}
		}
	}
	return []web.Action{{Text: "Go to the start page", URL: "/"}}
}

func (h *Handler) signedInHint(r *http.Request) string {
	s, err := h.session(r)
	if err != nil || s == nil {
		return ""
	}
	p, err := h.people.Remembered(r.Context(), s.Subject)
	if err != nil || p.Status != idp.Active {
		return ""
	}
	return "You are signed in as " + p.Login + ". "
}

// hint names the app of a flow in our own addresses and forms.
func hint(f *idp.Flow) string {
	if f.App == "" {
		return ""
	}
	return f.Protocol + ":" + f.App
}

// loginPath is the address of the page that shows what comes next.
func loginPath(flow, from string) string {
	if flow == "" {
		return "/login"
	}
	q := url.Values{"flow": {flow}}
	if from != "" {
		q.Set("app", from)
	}
	return "/login?" + q.Encode()
}
