package web

import (
	"net/http"

	"cloudsso/idp"
)

// App is the application that somebody signs in to, as pages show it. Addresses that
// are not absolute web addresses are left out.
type App struct {
	Name      string
	LogoURL   string
	PolicyURL string
	TermsURL  string
}

// Person is who is signed in, as pages show them.
type Person struct {
	Name  string // full name; may be empty
	Login string
}

// Step is what the form of every step carries on, unseen.
type Step struct {
	Flow  string // id; empty: signing in to nothing but this service
	From  string // the app, so that a lost flow can be started again there
	Token string // proves that the form is one of our own
}

// Login is the page that asks for user name and password: one form, posted to /login.
type Login struct {
	Step
	App      App    // zero: none
	Username string // as typed or hinted; never the password
	Notice   string // why the person is asked, if that is not plain
	Error    string // what was wrong with the last try
	SignUp   string // address at which people without an account make one; empty: none
}

// Login writes the page.
func (p *Pages) Login(w http.ResponseWriter, r *http.Request, status int, page Login) {
	title := "Sign in"
	if page.App.Name != "" {
		title = "Sign in to " + page.App.Name
	}
	if page.Error != "" {
		title = "Error: " + title
	}
	p.write(w, r, status, "login", frame{Title: title, Page: page})
}

// Select is the page that offers the account in use or another one: one form, posted
// to /login/select, whose button is named account with the value this or another.
type Select struct {
	Step
	App    App
	Person Person
}

// Select writes the page.
func (p *Pages) Select(w http.ResponseWriter, r *http.Request, page Select) {
	p.write(w, r, http.StatusOK, "select", frame{Title: "Choose an account", Page: page})
}

// NoAccess is the page for somebody who may not use an application: one form, posted to
// /login/noaccess, with the buttons back, and account with the value another.
type NoAccess struct {
	Step
	App     App
	Person  Person
	Support string // support code; filled from the request
}

// NoAccess writes the page.
func (p *Pages) NoAccess(w http.ResponseWriter, r *http.Request, page NoAccess) {
	page.Support = idp.RequestOf(r.Context()).Support
	p.write(w, r, http.StatusForbidden, "noaccess", frame{Title: "You have no access to " + page.App.Name, Page: page})
}

// Consent is the page that asks whether the app may have what it asks for: one form,
// posted to /login/consent, whose button is named consent with the value allow or deny.
type Consent struct {
	Step
	App    App
	Person Person
	Scopes []string
	own    map[string]ScopeText
}

// Consent writes the page.
func (p *Pages) Consent(w http.ResponseWriter, r *http.Request, page Consent) {
	page.own = p.scopes
	p.write(w, r, http.StatusOK, "consent", frame{Title: page.App.Name + " asks for access", Page: page})
}

// Texts are the page's scopes in plain words.
func (c Consent) Texts() []ScopeText { return scopeTexts(c.Scopes, c.own) }

// Link is the page of a link that signs somebody in once: one form, posted to /login/link.
type Link struct {
	Person Person
	Key    string
	Token  string
}

// Link writes the page.
func (p *Pages) Link(w http.ResponseWriter, r *http.Request, page Link) {
	alone(w.Header())
	p.write(w, r, http.StatusOK, "link", frame{Title: "Sign in by link", Page: page})
}
