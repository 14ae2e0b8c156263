package web

import (
	"net/http"

	"cloudsso/idp"
)

// AutoPost is the page that carries a response to an app by a POST form: SAML's POST
// binding and response_mode=form_post. It sends itself, and has a button for browsers
// without JavaScript.
type AutoPost struct {
	Action string // absolute web address of the app
	App    string // name for people
	Fields []Field
	Framed bool // it stands in a frame of [LogoutProgress]
}

// Field is one hidden field.
type Field struct{ Name, Value string }

// AutoPost writes the page.
func (p *Pages) AutoPost(w http.ResponseWriter, r *http.Request, page AutoPost) {
	if link(page.Action) == "" {
		p.Error(w, r, idp.Errorf(idp.Invalid, "The application's return address is not a web address, so the response cannot be delivered there."))
		return
	}
	if page.App == "" {
		page.App = "the application"
	}
	p.write(w, r, http.StatusOK, "autopost", frame{Title: "Continuing to " + page.App + "…", Script: "autopost.js", Framed: page.Framed, Page: page})
}
