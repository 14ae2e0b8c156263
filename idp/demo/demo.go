// Package demo is what `serve --demo` shows a newcomer: one page that explains what
// is running, a relying party (OpenID Connect, on go-oidc and x/oauth2) and a service
// provider (SAML, on crewjam samlsp).
//
// Both are strangers to the provider. They know its issuer URL and what an admin
// would hand over, talk to its public endpoints over HTTP, and import nothing of it.
// Each shows what it received: rp.go the ID token and userinfo, sp.go the assertion.
package demo

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"sync"
)

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed pages/style.css
var style []byte

//go:embed users.yaml
var users []byte

// Users is the demo directory: a YAML user file with the people whom the demo page names.
func Users() []byte { return bytes.Clone(users) }

// Options is what an admin would tell two applications.
type Options struct {
	Issuer       string // the provider's URL; the demo lives below it at /demo/
	ClientID     string
	ClientSecret string
	HTTP         *http.Client // for calls to the provider
	IMIS         *IMIS
}

// RedirectURI is the relying party's callback, to be registered by an admin.
func RedirectURI(issuer string) string { return issuer + "/demo/rp/callback" }

// LoginURI is where the relying party starts a sign-in (OpenID Connect Core §4).
func LoginURI(issuer string) string { return issuer + "/demo/rp/login" }

// SPLoginURL is where the service provider starts a sign-in.
func SPLoginURL(issuer string) string { return issuer + "/demo/sp/login" }

// SPEntityID is the service provider's entity ID.
func SPEntityID(issuer string) string { return issuer + "/demo/sp/saml/metadata" }

// Demo serves /demo/.
type Demo struct {
	options Options
	pages   *template.Template
	rp      *relyingParty
	sp      *serviceProvider
	mux     *http.ServeMux
}

// New returns the demo. It calls nobody: the applications look the provider up when
// the first person clicks.
func New(o Options) (*Demo, error) {
	base, err := url.Parse(o.Issuer)
	if err != nil {
		return nil, fmt.Errorf("demo: issuer: %w", err)
	}
	pages, err := template.ParseFS(pageFiles, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("demo: pages: %w", err)
	}
	d := &Demo{options: o, pages: pages, mux: http.NewServeMux()}
	d.rp = &relyingParty{demo: d, visits: newVisits[rpVisit]("demo_rp", base.Path+"/demo/rp")}
	if d.sp, err = newServiceProvider(d, base); err != nil {
		return nil, err
	}
	d.mux.HandleFunc("GET /demo/{$}", d.home)
	d.mux.HandleFunc("GET /demo/style.css", d.style)
	d.mux.Handle("/demo/imis/", o.IMIS)
	d.mux.HandleFunc("GET /demo/rp/{$}", d.rp.show)
	d.mux.HandleFunc("GET /demo/rp/login", d.rp.login)
	d.mux.HandleFunc("GET /demo/rp/callback", d.rp.callback)
	d.mux.HandleFunc("POST /demo/rp/forget", d.rp.forget)
	d.mux.HandleFunc("GET /demo/sp/{$}", d.sp.show)
	d.mux.HandleFunc("GET /demo/sp/login", d.sp.login)
	d.mux.HandleFunc("GET /demo/sp/saml/metadata", d.sp.metadata)
	d.mux.HandleFunc("POST /demo/sp/saml/acs", d.sp.acs)
	d.mux.HandleFunc("POST /demo/sp/forget", d.sp.forget)
	return d, nil
}

// ServeHTTP expects paths below the issuer: /demo/….
func (d *Demo) ServeHTTP(w http.ResponseWriter, r *http.Request) { d.mux.ServeHTTP(w, r) }

// SPMetadata is the service provider's metadata document, for an admin to import.
func (d *Demo) SPMetadata() []byte { return d.sp.document() }

func (d *Demo) home(w http.ResponseWriter, r *http.Request) {
	d.render(w, http.StatusOK, "home.html", nil)
}

func (d *Demo) style(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "max-age=300")
	w.Write(style)
}

// render writes a page. data is what the page's template expects; every page also
// sees the issuer.
func (d *Demo) render(w http.ResponseWriter, status int, page string, data any) {
	var b bytes.Buffer
	view := struct {
		Issuer string
		Data   any
	}{d.options.Issuer, data}
	if err := d.pages.ExecuteTemplate(&b, page, view); err != nil {
		http.Error(w, "The demo page could not be built.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'")
	w.WriteHeader(status)
	w.Write(b.Bytes())
}

type problem struct{ App, Title, Text, Again string }

func (d *Demo) problem(w http.ResponseWriter, status int, p problem) {
	d.render(w, status, "problem.html", p)
}

// visits keeps what an application knows of its visitors, under a cookie of its own.
type visits[T any] struct {
	cookie, path string
	mu           sync.Mutex
	byID         map[string]*T
	order        []string
}

// maxVisits bounds the memory of a demo that somebody left running.
const maxVisits = 200

func newVisits[T any](cookie, path string) *visits[T] {
	return &visits[T]{cookie: cookie, path: path, byID: map[string]*T{}}
}

// start gives the visitor a fresh cookie and remembers v under it.
func (s *visits[T]) start(w http.ResponseWriter, v *T) {
	id := random()
	s.mu.Lock()
	s.byID[id] = v
	s.order = append(s.order, id)
	if len(s.order) > maxVisits {
		delete(s.byID, s.order[0])
		s.order = s.order[1:]
	}
	s.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: s.cookie, Value: id, Path: s.path, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// of returns what is remembered of the visitor, nil if nothing is.
func (s *visits[T]) of(r *http.Request) *T {
	c, err := r.Cookie(s.cookie)
	if err != nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byID[c.Value]
}

// end forgets the visitor.
func (s *visits[T]) end(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(s.cookie); err == nil {
		s.mu.Lock()
		delete(s.byID, c.Value)
		s.mu.Unlock()
	}
	http.SetCookie(w, &http.Cookie{Name: s.cookie, Path: s.path, MaxAge: -1})
}
