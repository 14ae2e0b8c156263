package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"strings"

	"cloudsso/idp"
)

//go:embed templates/*.html templates/_*.html
var templates embed.FS

// Options of [New].
type Options struct {
	Product  string // what the pages call this service; default "Cloud SSO"
	BasePath string // path of the issuer, without a slash at the end; usually ""

	Scopes map[string]ScopeText // what the operator's own scopes mean, by name
}

// Pages writes HTML pages. It is safe for concurrent use.
type Pages struct {
	product string
	base    string
	assets  *assets
	scopes  map[string]ScopeText
	pages   map[string]*template.Template
}

// New parses the templates. An error means that the program itself is broken.
func New(o Options) (*Pages, error) {
	if o.Product == "" {
		o.Product = "Cloud SSO"
	}
	assets, err := loadAssets()
	if err != nil {
		return nil, err
	}
	p := &Pages{product: o.Product, base: strings.TrimSuffix(o.BasePath, "/"), assets: assets, scopes: o.Scopes, pages: map[string]*template.Template{}}
	names, err := fs.Glob(templates, "templates/[a-z]*.html")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		t := template.New(name).Funcs(p.functions())
		if p.pages[path.Base(name)], err = t.ParseFS(templates, "templates/_*.html", name); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *Pages) functions() template.FuncMap {
	return template.FuncMap{
		"path":  func(below string) string { return p.base + below },
		"asset": func(name string) string { return p.base + "/assets/" + p.assets.names[name] },
		"link":  link,
	}
}

// link lets an address from an app's registration through if it is an absolute web
// address. Anything else (javascript:, data:, a relative path) is as good as none.
func link(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return address
}

// frame is what the layout needs around a page.
type frame struct {
	Product string
	Title   string
	Script  string   // asset name of the page's one module, if it has one
	Frames  []string // origins that the page may show in frames; nil: it has no frames
	Framed  bool     // only pages of ours may show it in a frame
	Page    any
}

// write renders first and answers after, so that a fault never leaves half a page.
func (p *Pages) write(w http.ResponseWriter, r *http.Request, status int, name string, f frame) {
	body, err := p.render(name, f)
	if err != nil {
		idp.Note(r.Context(), slog.String("cause", err.Error()))
		http.Error(w, "Something went wrong on our side. Please try again.", http.StatusInternalServerError)
		return
	}
	guard(w.Header())
	f.framing(w.Header())
	w.WriteHeader(status)
	_, _ = w.Write(body) // a browser that went away needs no answer
}

func (p *Pages) render(name string, f frame) ([]byte, error) {
	f.Product = p.product
	var body bytes.Buffer
	if err := p.pages[name+".html"].ExecuteTemplate(&body, "layout", f); err != nil {
		return nil, fmt.Errorf("page %s: %w", name, err)
	}
	return body.Bytes(), nil
}
