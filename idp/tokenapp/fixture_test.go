package tokenapp_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/idptest"
)

const password = "correct horse battery staple"

var ada = api.NewUser{
	Username: "ada", Email: "ada@example.com", Password: password,
	Attributes: attributes("given_name", "Ada", "family_name", "Lovelace", "name", "Ada Lovelace"), Groups: []string{"Engineering", "Moderators"},
}

// site is an application of somebody else: it notes what arrives.
type site struct {
	*httptest.Server
	got     url.Values // of the last answer
	by      string     // its method
	referer string
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		s.got, s.by, s.referer = r.Form, r.Method, r.Referer()
		_, _ = w.Write([]byte("<!doctype html><title>arrived</title><body>arrived"))
	}))
	t.Cleanup(s.Close)
	return s
}

// world is a provider with Ada, one application and its registration.
type world struct {
	*idptest.Server
	t       *testing.T
	site    *site
	app     api.TokenApp
	subject string
}

func newWorld(t *testing.T, in api.NewTokenApp) *world {
	t.Helper()
	return worldAt(t, idptest.Options{}, in)
}

func worldAt(t *testing.T, o idptest.Options, in api.NewTokenApp) *world {
	t.Helper()
	w := &world{Server: idptest.New(t, o), t: t, site: newSite(t)}
	u := w.AddUser(t, ada)
	var err error
	if w.subject, err = w.Records.Subject(t.Context(), "local", u.ID, idp.NewID()); err != nil {
		t.Fatal(err)
	}
	if in.Name == "" {
		in.Name = "Community"
	}
	in.ReturnURL = w.site.URL + in.ReturnURL
	if w.app, err = w.Owner.CreateTokenApp(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) change(patch string) {
	w.t.Helper()
	if _, err := w.Owner.PatchTokenApp(w.t.Context(), w.app.App, json.RawMessage(patch), ""); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) link(query string) string { return w.Issuer + "/token/" + w.app.App + query }

// signIn fills in the login page.
func signIn(page *idptest.Page, who string) *idptest.Page {
	return page.FormWith("password").Set("username", who).Set("password", password).Submit("login-submit")
}

// arrive is the page at the application, past the form of our own if there is one.
func arrive(t *testing.T, page *idptest.Page) *idptest.Page {
	t.Helper()
	if page.Has("autopost") {
		page = page.Form(0).Submit("")
	}
	if !strings.Contains(page.Body, "arrived") {
		t.Fatalf("not at the application: %s %d %s", page.URL, page.Status, page.Text())
	}
	return page
}

// refused wants a page of ours, and nothing at the application.
func (w *world) refused(page *idptest.Page, status int, text string) {
	w.t.Helper()
	if page.Status != status || !strings.Contains(page.Text(), text) || !strings.HasPrefix(page.URL.String(), w.Issuer) {
		w.t.Errorf("%s: %d %s; want %d %q", page.URL, page.Status, page.Text(), status, text)
	}
	if w.site.got != nil {
		w.t.Errorf("the application got %v", w.site.got)
	}
}

// event is the newest of its name about the application.
func (w *world) event(name string) idp.Event {
	w.t.Helper()
	list, err := w.Records.Events(w.t.Context(), idp.EventFilter{Name: name, App: w.app.App}, idp.Page{Limit: 1})
	if err != nil || len(list) != 1 {
		w.t.Fatalf("%s: %v, %v", name, list, err)
	}
	return list[0]
}

func rows(text string) (out []idp.Mapping) {
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		panic(err)
	}
	return out
}

// attributes of a built-in user: names and values in turn.
func attributes(pairs ...any) map[string]json.RawMessage {
	out := map[string]json.RawMessage{}
	for i := 0; i < len(pairs); i += 2 {
		value, err := json.Marshal(pairs[i+1])
		if err != nil {
			panic(err)
		}
		out[pairs[i].(string)] = value
	}
	return out
}
