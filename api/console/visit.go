package console

import (
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"cloudsso/api"
	"cloudsso/idp"
)

const (
	// protocol names the console's own flows at the login.
	protocol = "console"
	// freshFor is how long a sign-in is good for dangerous actions: whoever finds an open
	// browser after that has to know the password.
	freshFor = 15 * time.Minute
	maxForm  = 512 << 10 // a mapping has up to 200 rows
	// maxUpload is for a form with a document in it, which answers to presets may be.
	maxUpload = 3 << 20
)

// visit is one request of a person who may use the console.
type visit struct {
	*Console
	w       http.ResponseWriter
	r       *http.Request
	session *idp.Session
	person  idp.Person
	actor   api.Actor
	app     *openApp // on pages of one app
	script  string   // module that makes the page handier; it works without
}

// visit finds out who is there and lets the page answer.
func (c *Console) visit(w http.ResponseWriter, r *http.Request, p page) {
	session, person, err := c.Login.SignedIn(r)
	switch {
	case err != nil:
		c.Pages.Error(w, r, err)
		return
	case session == nil:
		c.signIn(w, r, idp.Ask{})
		return
	}
	actor, err := c.Admins.Person(r.Context(), person.Subject)
	if err != nil {
		c.refuse(w, r, person, err)
		return
	}
	idp.Note(r.Context(), slog.String("actor", "person:"+person.Subject))
	v := &visit{Console: c, w: w, r: r, session: session, person: person, actor: actor}
	if p.danger && c.Now().Sub(session.AuthTime) > freshFor {
		age := freshFor
		c.signIn(w, r, idp.Ask{MaxAge: &age})
		return
	}
	if r.Method == http.MethodPost {
		err = v.checkForm()
	}
	if err == nil {
		err = p.serve(v)
	}
	if err != nil {
		v.fail(err)
	}
}

// signIn sends the browser to the login and back: to this page, or, from a form that was
// sent, to the page that the form stands on.
func (c *Console) signIn(w http.ResponseWriter, r *http.Request, ask idp.Ask) {
	back := r.URL.RequestURI()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		back = c.formPage(r) + "?done=again"
	}
	f := &idp.Flow{Protocol: protocol, Return: "/admin/continue", Request: back, Ask: ask}
	ready, err := c.Login.Begin(w, r, f)
	switch {
	case err != nil:
		c.Pages.Error(w, r, err)
	case ready:
		c.goTo(w, r, back)
	}
}

// formPage is the page that the form of a POST stands on: the nearest that can be opened.
func (c *Console) formPage(r *http.Request) string {
	for path := r.URL.EscapedPath(); path != "/admin"; path = path[:strings.LastIndexByte(path, '/')] {
		u, err := url.Parse(path)
		if err != nil {
			break
		}
		_, pattern := c.mux.Handler(&http.Request{Method: http.MethodGet, URL: u, Host: r.Host})
		if strings.HasPrefix(pattern, http.MethodGet+" ") {
			return path
		}
	}
	return "/admin"
}

// resume takes the browser back to where it wanted to go.
func (c *Console) resume(w http.ResponseWriter, r *http.Request) {
	f, err := c.Login.Resume(w, r, protocol)
	switch {
	case err != nil:
		c.Pages.ErrorWith(w, r, err, actionConsole)
	case f.Answer.Outcome != idp.SignedIn:
		c.goTo(w, r, "/")
	default:
		c.goTo(w, r, f.Request)
	}
}

// goTo redirects by GET; path is below the issuer, and ours.
func (c *Console) goTo(w http.ResponseWriter, r *http.Request, path string) {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, c.base+path, http.StatusSeeOther)
}

// done ends a POST: the browser shows a page that says what was done (one of notices).
func (v *visit) done(path, what string) error {
	v.goTo(v.w, v.r, path+"?"+url.Values{"done": {what}}.Encode())
	return nil
}

// token binds forms to this session. Attack: another site posts our form in the admin's
// browser; it cannot know the token, nor name an Origin of ours.
func (v *visit) token() string {
	return base64.RawURLEncoding.EncodeToString(v.MAC.Sum([]byte("form"), []byte(v.session.ID)))
}

func (v *visit) checkForm() error {
	if err := v.parseForm(); err != nil {
		return idp.Errorf(idp.Invalid, "The form could not be read: it may be too long.").Because(err)
	}
	mac, err := base64.RawURLEncoding.DecodeString(v.r.PostForm.Get("token"))
	if err != nil || !v.MAC.Verify(mac, []byte("form"), []byte(v.session.ID)) || v.cross.Check(v.r) != nil {
		return errStaleForm
	}
	return nil
}

// parseForm reads the form; one that can hold a file may be as long as one.
func (v *visit) parseForm() error {
	if strings.HasPrefix(v.r.Header.Get("Content-Type"), "multipart/form-data") {
		v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxUpload)
		return v.r.ParseMultipartForm(maxUpload) // nothing goes to a disk
	}
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxForm)
	return v.r.ParseForm()
}

var errStaleForm = idp.Errorf(idp.Forbidden, "This form is out of date, or it was not sent from our page. Nothing was changed. Open the page again and repeat it.")

func (v *visit) field(name string) string { return strings.TrimSpace(v.r.PostForm.Get(name)) }

// words are the values of a field that takes several, by spaces or commas.
func (v *visit) words(name string) []string {
	return strings.FieldsFunc(v.r.PostForm.Get(name), func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\r' || r == '\t' })
}
