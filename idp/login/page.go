package login

import (
	"cmp"
	"net/http"

	"cloudsso/idp"
	"cloudsso/idp/web"
)

// Login answers GET /login: it shows whatever comes next in the flow that ?flow=
// names. Without a flow it signs in to nothing but this service.
func (h *Handler) Login(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	v, err := h.open(r, q.Get("flow"))
	if err != nil {
		h.fail(w, r, q.Get("app"), err)
		return
	}
	v.another = q.Get("account") == "another" && !v.done
	d, err := h.next(r.Context(), v)
	switch {
	case err != nil:
		h.fail(w, r, hint(v.flow), err)
	case d.step == settled:
		h.proceed(w, r, v)
	default:
		h.show(w, r, v, d)
	}
}

func (h *Handler) show(w http.ResponseWriter, r *http.Request, v visit, d decision) {
	switch d.step {
	case askAccount:
		h.showSelect(w, r, v, d)
	case tellNoAccess:
		h.showNoAccess(w, r, v, d)
	case askConsent:
		h.showConsent(w, r, v, d)
	default:
		h.showPassword(w, r, v, d)
	}
}

// showPassword shows the empty form, with the name that is most likely filled in.
func (h *Handler) showPassword(w http.ResponseWriter, r *http.Request, v visit, d decision) {
	ask, page := v.flow.Ask, web.Login{}
	switch {
	case v.another, d.person.Subject == "":
		page.Username = ask.LoginHint
	case ask.Subject != "" && ask.Subject != d.person.Subject:
		page.Username = ask.LoginHint
		page.Notice = "You are signed in as " + d.person.Login + ", but the application asks for a different account. Please sign in with that one."
	default:
		page.Username = d.person.Login
		page.Notice = "Please enter your password again to confirm that it is you."
	}
	if len(page.Username) > maxUsername || v.another {
		page.Username = ""
	}
	h.writePassword(w, r, http.StatusOK, v, page)
}

func (h *Handler) writePassword(w http.ResponseWriter, r *http.Request, status int, v visit, page web.Login) {
	app, err := h.pageApp(r, v.flow)
	if err != nil {
		h.fail(w, r, "", err)
		return
	}
	page.SignUp = h.signUpAddress(v.flow)
	page.App, page.Step = app, h.step(w, r, v.flow, stepPassword)
	h.pages.Login(w, r, status, page)
}

// step fills what the form of a step carries on.
func (h *Handler) step(w http.ResponseWriter, r *http.Request, f *idp.Flow, name string) web.Step {
	return web.Step{Flow: f.ID, From: hint(f), Token: formToken(h.sureBrowser(w, r), f.ID, name)}
}

func (h *Handler) pageApp(r *http.Request, f *idp.Flow) (web.App, error) {
	if f.App == "" {
		return web.App{}, nil
	}
	a, err := h.apps.App(r.Context(), f.Protocol, f.App)
	if idp.AsError(err).Code == idp.NotFound {
		return web.App{}, errNoApp
	}
	return web.App{Name: a.Name, LogoURL: a.LogoURL, PolicyURL: a.PolicyURL, TermsURL: a.TermsURL}, err
}

// pagePerson is how pages show somebody. Directories name the full name differently.
func pagePerson(p idp.Person) web.Person {
	a := p.Attributes
	name := cmp.Or(a.First("name"), a.First("displayName"), a.First("display_name"), a.First("cn"))
	if name == p.Login {
		name = ""
	}
	return web.Person{Name: name, Login: p.Login}
}
