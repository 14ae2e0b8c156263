package console

import (
	"net/http"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/web"
)

type setUpPage struct {
	Recovery bool
	Form     Form
	Fault    string
}

// setUp shows the page of a set-up link. Whoever holds the link need not be signed in:
// nobody can be, before there is anybody.
func (c *Console) setUp(w http.ResponseWriter, r *http.Request) {
	key := r.URL.Query().Get("key")
	s, err := c.Admins.SetUpLink(r.Context(), key)
	if err != nil {
		c.setUpOver(w, r, err)
		return
	}
	c.render(w, r, http.StatusOK, "setup", frame{Title: "Set up", Page: setUpPage{Recovery: s.Recovery, Form: setUpForm(key)}})
}

func setUpForm(key string) Form {
	return Form{ID: "setup", Action: "/admin/setup", Submit: "Create and sign in", Fields: []Field{
		{Name: "key", Kind: "hidden", Value: key},
		{Name: "username", Label: "User name", Required: true, Autocomplete: "username"},
		{Name: "email", Label: "Email address", Kind: "email", Autocomplete: "email", Help: "May be left empty."},
		{Name: "password", Label: "Password", Kind: "password", Required: true, Autocomplete: "new-password",
			Help: "At least 8 characters, and not one that many people use, nor your user name or address. Long is good; a password manager makes a strong one."},
	}}
}

// setUpPost makes the owner and signs them in.
func (c *Console) setUpPost(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil || c.cross.Check(r) != nil {
		c.Pages.Error(w, r, errStaleForm)
		return
	}
	key := r.PostForm.Get("key")
	subject, err := c.Admins.SetUp(r.Context(), key, api.FirstOwner{
		Username: r.PostForm.Get("username"), Email: r.PostForm.Get("email"), Password: r.PostForm.Get("password"),
	})
	var person idp.Person
	if err == nil {
		person, err = c.People.Person(r.Context(), subject)
	}
	if err == nil {
		err = c.Login.SignIn(w, r, person, "pwd")
	}
	v := visit{Console: c, w: w, r: r}
	switch p := (setUpPage{Form: setUpForm(key)}); {
	case err == nil:
		c.goTo(w, r, "/admin")
	case v.refill(&p.Form, err):
		s, _ := c.Admins.SetUpLink(r.Context(), key) // only for the words of the page
		p.Recovery, p.Fault = s.Recovery, api.Faults(err)[0].Public
		c.render(w, r, http.StatusUnprocessableEntity, "setup", frame{Title: "Set up", Page: p})
	default:
		c.setUpOver(w, r, err)
	}
}

func (c *Console) setUpOver(w http.ResponseWriter, r *http.Request, err error) {
	if e := idp.AsError(err); e.Code == idp.Expired {
		c.Pages.Problem(w, r, web.Problem{Status: http.StatusGone, Title: "This link is over", Text: e.Public, Actions: []web.Action{actionConsole}})
		return
	}
	c.Pages.Error(w, r, err)
}
