package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"time"

	"cloudsso/idp"
)

//go:embed templates/*.html templates/_*.html
var templateFiles embed.FS

//go:embed static
var staticFiles embed.FS

type templates map[string]*template.Template

// asset is a file under a name that changes with its content.
type asset struct {
	name string
	body []byte
}

func loadAssets() (map[string]asset, error) {
	entries, err := fs.ReadDir(staticFiles, "static")
	if err != nil {
		return nil, err
	}
	out := map[string]asset{}
	for _, e := range entries {
		body, err := staticFiles.ReadFile("static/" + e.Name())
		if err != nil {
			return nil, err
		}
		hash, ext := sha256.Sum256(body), path.Ext(e.Name())
		out[e.Name()] = asset{strings.TrimSuffix(e.Name(), ext) + "." + hex.EncodeToString(hash[:6]) + ext, body}
	}
	return out, nil
}

// asset serves a static file; its name is good for ever.
func (c *Console) asset(w http.ResponseWriter, r *http.Request) {
	types := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
	for _, a := range c.assets {
		if a.name == r.PathValue("name") {
			w.Header().Set("Content-Type", types[path.Ext(a.name)])
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
			http.ServeContent(w, r, a.name, time.Time{}, bytes.NewReader(a.body))
			return
		}
	}
	http.NotFound(w, r)
}

func (c *Console) parse() (templates, error) {
	names, err := fs.Glob(templateFiles, "templates/[a-z]*.html")
	if err != nil {
		return nil, err
	}
	functions := template.FuncMap{
		"path":  func(below string) string { return c.base + below },
		"asset": func(name string) string { return c.base + "/admin/assets/" + c.assets[name].name },
		"when":  when,
		"kind":  kindText,
	}
	out := templates{}
	for _, name := range names {
		t, err := template.New(name).Funcs(functions).ParseFS(templateFiles, "templates/_*.html", name)
		if err != nil {
			return nil, err
		}
		out[strings.TrimSuffix(path.Base(name), ".html")] = t
	}
	return out, nil
}

// notices are what a page can say was done; only these, so that no link can put words
// into our mouth.
func notices() map[string]string {
	return map[string]string{
		"again": "You have signed in again. Please repeat what you were doing.",
		"added": "Added.", "changed": "Saved.", "deleted": "Removed.", "cancelled": "The sign-in was cancelled. Nothing was tested.",
		"disabled": "Disabled. All that they were signed in to has ended.", "enabled": "Enabled.", "unlocked": "Unlocked. They may try again now.",
		"ended": "Signed out.", "links": "No link that was made so far shows this sheet any more.", "revoked": "Access has ended.", "password": "The password is set.", "merged": "Merged.", "moved": "Moved.",
		"rotated": "The next key is published.", "activated": "The key signs now.", "retired": "The key is published no longer.",
		"deactivated": "The key signs no more; the one before it does.", "published": "The key is published again.",
	}
}

// frame is what the layout needs around a page.
type frame struct {
	Title  string
	Nav    []navItem
	Login  string
	Role   string
	Notice string
	App    *appHead // of a page of one app
	Script string
	Page   any
}

// write shows a page of the console.
func (v *visit) write(status int, name, title string, page any) {
	v.render(v.w, v.r, status, name, frame{
		Title: title, Nav: v.nav(), Login: v.person.Login, Role: v.actor.Role(),
		Notice: notices()[v.r.URL.Query().Get("done")], App: v.appHead(), Script: v.script, Page: page,
	})
}

// show is write for a page where all is well.
func (v *visit) show(name, title string, page any) error {
	v.write(http.StatusOK, name, title, page)
	return nil
}

// render renders first and answers after, so that a fault never leaves half a page.
func (c *Console) render(w http.ResponseWriter, r *http.Request, status int, name string, f frame) {
	var body bytes.Buffer
	pages, err := c.pages()
	if err == nil {
		err = pages[name].ExecuteTemplate(&body, "layout", f)
	}
	if err != nil {
		idp.Note(r.Context(), slog.String("cause", fmt.Sprintf("page %s: %v", name, err)))
		http.Error(w, "Something went wrong on our side. Please try again.", http.StatusInternalServerError)
		return
	}
	guard(w.Header())
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // a browser that went away needs no answer
}

// guard sets the headers of a page. Unlike the login, no redirect of ours after a form
// leaves our origin, so form-action is strict here.
func guard(h http.Header) {
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}
