package login_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/idptest"
	"cloudsso/idp/login"
	"cloudsso/idp/memory"
	"cloudsso/idp/web"
	"cloudsso/userdir"
)

// house is the login behind a real HTTP server, with a protocol of a few lines.
type house struct {
	t      *testing.T
	url    string
	server *httptest.Server
	login  *login.Handler
	store  *counting
	people *people
	events *events
	apps   apps

	mu  sync.Mutex
	now time.Time
	ip  string
}

type option func(*login.Options)

func open(t *testing.T, options ...option) *house {
	t.Helper()
	return start(t, false, options...)
}

func start(t *testing.T, tls bool, options ...option) *house {
	t.Helper()
	h := &house{t: t, now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), ip: "192.0.2.10"}
	h.store = &counting{Store: memory.New(h.clock)}
	h.people = &people{down: map[string]bool{}, known: map[string]idp.Person{
		"ada":   {Subject: "s-ada", Login: "ada", Status: idp.Active, Attributes: idp.Attributes{"name": {"Ada Lovelace"}}},
		"grace": {Subject: "s-grace", Login: "grace", Status: idp.Active},
	}}
	h.events = &events{}
	h.apps = apps{
		"oidc:wiki":  {Name: "Wiki", URL: "https://wiki.example/", LogoURL: "https://wiki.example/logo.png", PolicyURL: "https://wiki.example/policy", TermsURL: "https://wiki.example/tos"},
		"oidc:chat":  {Name: "Chat", FirstParty: true},
		"saml:sheet": {Name: "Sheet"},
	}
	mux := http.NewServeMux()
	outer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := idp.WithRequest(r.Context(), &idp.Request{Support: "K7QF-2M9D", IP: netip.MustParseAddr(h.address())})
		mux.ServeHTTP(w, r.WithContext(ctx))
	})
	if tls {
		h.server = httptest.NewTLSServer(outer)
	} else {
		h.server = httptest.NewServer(outer)
	}
	t.Cleanup(h.server.Close)
	h.url = h.server.URL
	pages, err := web.New(web.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := login.Options{
		Issuer: h.url, Flows: h.store, Consents: h.store, People: h.people, Apps: h.apps, Pages: pages,
		Events: h.events, MAC: mac("key"), Now: h.clock, Tickets: h.store,
	}
	for _, set := range options {
		set(&o)
	}
	h.login = login.New(o)
	mux.HandleFunc("GET /{$}", h.login.Home)
	mux.HandleFunc("GET /login", h.login.Login)
	mux.HandleFunc("POST /login", h.login.LoginPost)
	mux.HandleFunc("POST /login/consent", h.login.ConsentPost)
	mux.HandleFunc("POST /login/select", h.login.SelectPost)
	mux.HandleFunc("/login/link", h.login.Link)
	mux.HandleFunc("/logout", h.login.Logout)
	mux.HandleFunc("GET /logout/progress", h.login.LogoutProgress)
	mux.HandleFunc("GET /logout/end", h.login.LogoutEnd)
	mux.HandleFunc("GET /signout", func(w http.ResponseWriter, r *http.Request) {
		var e login.Ending
		if err := json.Unmarshal([]byte(r.FormValue("ending")), &e); err != nil {
			h.t.Errorf("ending: %v", err)
		}
		if err := h.login.SignOut(w, r, e); err != nil {
			pages.Error(w, r, err)
		}
	})
	mux.HandleFunc("GET /back", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "<p id=back>%s</p>", r.URL.RawQuery) })
	mux.HandleFunc("GET /begin", func(w http.ResponseWriter, r *http.Request) { h.begin(w, r, pages) })
	mux.HandleFunc("GET /continue/{protocol}", func(w http.ResponseWriter, r *http.Request) {
		f, err := h.login.Resume(w, r, r.PathValue("protocol"))
		if err != nil {
			pages.Error(w, r, err)
			return
		}
		h.answer(w, &f, "resumed")
	})
	return h
}

// begin is the protocol's question: ?app=oidc:wiki&ask={…}.
func (h *house) begin(w http.ResponseWriter, r *http.Request, pages *web.Pages) {
	protocol, app, _ := strings.Cut(r.FormValue("app"), ":")
	f := &idp.Flow{Protocol: protocol, App: app, Return: "/continue/" + protocol, Request: "as received"}
	if ask := r.FormValue("ask"); ask != "" {
		if err := json.Unmarshal([]byte(ask), &f.Ask); err != nil {
			h.t.Errorf("ask: %v", err)
		}
	}
	ready, err := h.login.Begin(w, r, f)
	switch {
	case err != nil:
		pages.Error(w, r, err)
	case ready:
		h.answer(w, f, "at once")
	}
}

func (h *house) answer(w http.ResponseWriter, f *idp.Flow, how string) {
	a := f.Answer
	if a.Outcome == idp.SignedIn && !strings.Contains(f.Ask.LoginHint, "do not join") {
		if err := h.login.Joined(h.t.Context(), a.Session, idp.SessionApp{Protocol: f.Protocol, App: f.App}); err != nil {
			h.t.Errorf("joined: %v", err)
		}
	}
	fmt.Fprintf(w, "<p id=outcome>%s</p><p id=how>%s</p><p id=subject>%s</p><p id=sid>%s</p><p id=session>%s</p><p id=auth_time>%d</p><p id=amr>%s</p><p id=scopes>%s</p><p id=request>%s</p>",
		a.Outcome, how, a.Subject, a.SID, a.Session, a.AuthTime.Unix(), strings.Join(a.AMR, " "), strings.Join(a.Scopes, " "), f.Request)
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) later(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func (h *house) address() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ip
}

func (h *house) from(ip string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ip = ip
}

func (h *house) browser() *idptest.Browser {
	b := idptest.NewBrowser(h.t)
	b.Transport = h.server.Client().Transport
	return b
}

// ask begins a flow; ask is JSON of idp.Ask.
func (h *house) ask(b *idptest.Browser, app, ask string) *idptest.Page {
	h.t.Helper()
	return b.Open(h.url + "/begin?app=" + app + "&ask=" + strings.NewReplacer(" ", "%20", `"`, "%22", "{", "%7B", "}", "%7D").Replace(ask))
}

// signIn types a name and the right password.
func (h *house) signIn(p *idptest.Page, name string) *idptest.Page {
	h.t.Helper()
	return p.FormWith("password").Set("username", name).Set("password", "right "+name).Submit("login-submit")
}

// signedIn is a browser in which somebody has signed in to the chat.
func (h *house) signedIn(name string) *idptest.Browser {
	h.t.Helper()
	b := h.browser()
	p := h.signIn(h.ask(b, "oidc:chat", ""), name)
	outcome(h.t, p, idp.SignedIn, "s-"+name)
	return b
}

func (h *house) session(b *idptest.Browser) idp.Session {
	h.t.Helper()
	s, err := h.store.Session(h.t.Context(), idp.HashSecret(b.Cookie(h.url, "cloudsso-session")))
	if err != nil {
		h.t.Fatalf("session: %v", err)
	}
	return s
}

func outcome(t *testing.T, p *idptest.Page, want idp.Outcome, subject string) {
	t.Helper()
	if p.TextOf("outcome") != string(want) || p.TextOf("subject") != subject {
		t.Fatalf("outcome %q of %q, want %q of %q; page %s: %d %s", p.TextOf("outcome"), p.TextOf("subject"), want, subject, p.URL, p.Status, p.Text())
	}
}

// shows checks a page of ours: status, a text on it, and that there is a way on.
func shows(t *testing.T, p *idptest.Page, status int, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if p.Status != status || !strings.Contains(p.Title()+" "+p.Text(), text) {
			t.Errorf("page %s: status %d, want %d with %q: %s: %s", p.URL, p.Status, status, text, p.Title(), p.Text())
		}
	}
	if !strings.Contains(p.Body, "<a ") && !strings.Contains(p.Body, "<button") {
		t.Errorf("page %s is a dead end", p.URL)
	}
}

// people are a directory of a few lines. Everybody's password is "right " and their name.
type people struct {
	mu    sync.Mutex
	known map[string]idp.Person
	down  map[string]bool
	fault error
	asked int
}

func (p *people) Authenticate(_ context.Context, name, password string) (idp.Person, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	who, ok := p.known[name]
	switch {
	case p.fault != nil:
		return idp.Person{}, p.fault
	case p.down["authenticate"]:
		return idp.Person{}, fmt.Errorf("directory x: %w", userdir.ErrUnavailable)
	case !ok || password != "right "+name:
		return idp.Person{}, userdir.ErrInvalidCredentials
	}
	return who, map[idp.Status]error{idp.Disabled: userdir.ErrDisabled, idp.Locked: userdir.ErrLocked, idp.PasswordExpired: userdir.ErrPasswordExpired}[who.Status]
}

func (p *people) Remembered(ctx context.Context, subject string) (idp.Person, error) {
	return p.Person(ctx, subject)
}

func (p *people) PersonFor(ctx context.Context, subject, _ string) (idp.Person, error) {
	return p.Person(ctx, subject)
}

func (p *people) Person(_ context.Context, subject string) (idp.Person, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down["person"] {
		return idp.Person{}, fmt.Errorf("directory x: %w", userdir.ErrUnavailable)
	}
	for _, who := range p.known {
		if who.Subject == subject {
			return who, nil
		}
	}
	return idp.Person{}, userdir.ErrNotFound
}

func (p *people) change(name string, change func(*idp.Person)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	who := p.known[name]
	change(&who)
	p.known[name] = who
}

func (p *people) turn(what string, down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down[what] = down
}

func (p *people) tries() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

type apps map[string]login.App

func (a apps) App(_ context.Context, protocol, id string) (login.App, error) {
	app, ok := a[protocol+":"+id]
	if !ok {
		return login.App{}, idp.ErrNotFound
	}
	return app, nil
}

type events struct {
	mu     sync.Mutex
	list   []idp.Event
	broken bool
}

func (e *events) Record(_ context.Context, v idp.Event) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.broken {
		return errors.New("disk full")
	}
	e.list = append(e.list, v)
	return nil
}

// names of the events so far, with their reasons; then it forgets them.
func (e *events) names() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var names []string
	for _, v := range e.list {
		names = append(names, strings.TrimSuffix(v.Name+":"+v.Detail["reason"]+v.Detail["limit"], ":"))
	}
	e.list = nil
	return strings.Join(names, " ")
}

func (e *events) breakDown(broken bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.broken = broken
}

// counting counts the writes that reach the store.
type counting struct {
	*memory.Store
	faster func() // called once, before the next UpdateFlow: another tab is faster
	mu     sync.Mutex
	writes []string
}

func (c *counting) note(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writes = append(c.writes, what)
}

// wrote tells what was written since the last call.
func (c *counting) wrote() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := strings.Join(c.writes, " ")
	c.writes = nil
	return s
}

func (c *counting) CreateFlow(ctx context.Context, f idp.Flow) error {
	c.note("create-flow")
	return c.Store.CreateFlow(ctx, f)
}

func (c *counting) UpdateFlow(ctx context.Context, f idp.Flow) error {
	c.note("update-flow")
	if faster := c.faster; faster != nil {
		c.faster = nil
		faster()
	}
	return c.Store.UpdateFlow(ctx, f)
}

func (c *counting) TakeFlow(ctx context.Context, id string) (idp.Flow, error) {
	c.note("take-flow")
	return c.Store.TakeFlow(ctx, id)
}

func (c *counting) CreateSession(ctx context.Context, s idp.Session) error {
	c.note("create-session")
	return c.Store.CreateSession(ctx, s)
}

func (c *counting) UpdateSession(ctx context.Context, s idp.Session) error {
	c.note("update-session")
	return c.Store.UpdateSession(ctx, s)
}

func (c *counting) DeleteSession(ctx context.Context, id string) (idp.Session, error) {
	c.note("delete-session")
	return c.Store.DeleteSession(ctx, id)
}

// mac is an HMAC with a fixed key.
type mac string

func (m mac) Sum(parts ...[]byte) []byte {
	h := hmac.New(sha256.New, []byte(m))
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return h.Sum(nil)
}

func (m mac) Verify(sum []byte, parts ...[]byte) bool {
	return len(sum) >= 16 && hmac.Equal(sum, m.Sum(parts...)[:len(sum)])
}
