package login_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/idptest"
	"cloudsso/idp/login"
)

// protocol says whom to tell, and notes what it was asked.
type protocol struct {
	mu    sync.Mutex
	all   []login.Farewell
	err   error
	ids   []string
	ended []idp.Session
	by    []idp.SessionApp
	check func(idp.Session)
}

func (p *protocol) Farewells(_ context.Context, id string, s idp.Session, by idp.SessionApp) ([]login.Farewell, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ids, p.ended, p.by = append(p.ids, id), append(p.ended, s), append(p.by, by)
	if p.check != nil {
		p.check(s)
	}
	return p.all, p.err
}

func (p *protocol) id() string { return p.ids[len(p.ids)-1] }

func telling(p *protocol) option {
	return func(o *login.Options) { o.Farewells = []login.Farewells{p} }
}

func says(err error) func(context.Context) error { return func(context.Context) error { return err } }

func app(name string, send func(context.Context) error) login.Farewell {
	return login.Farewell{Protocol: idp.ProtocolOIDC, App: strings.ToLower(name), Name: name, Send: send}
}

func visit(name, at string, answers bool) login.Farewell {
	return login.Farewell{Protocol: idp.ProtocolSAML, App: strings.ToLower(name), Name: name, Visit: at, Answers: answers}
}

// outcomes is a result as one line.
func outcomes(r login.Result) string {
	var parts []string
	for _, a := range r.Apps {
		parts = append(parts, a.Name+" "+string(a.Outcome))
	}
	return strings.Join(parts, ", ")
}

func sure(h *house, b *idptest.Browser, back string) login.Ending {
	return login.Ending{Sure: true, SID: h.session(b).SID, Return: back}
}

// The session is gone before anybody is told: whatever they do, it cannot come back.
func TestTheSessionEndsFirst(t *testing.T) {
	t.Parallel()
	p := &protocol{}
	h := open(t, telling(p))
	b := h.signedIn("ada")
	id := h.session(b).ID
	p.check = func(s idp.Session) {
		if _, err := h.store.Session(t.Context(), id); !errors.Is(err, idp.ErrNotFound) || s.ID != id || s.Subject != "s-ada" {
			t.Errorf("while apps are told the session is there: %v %+v", err, s)
		}
	}
	e := sure(h, b, "")
	e.By = idp.SessionApp{Protocol: idp.ProtocolSAML, App: "sheet"}
	shows(t, h.signOut(b, e), 200, "You are signed out")
	if len(p.by) != 1 || p.by[0].App != "sheet" {
		t.Errorf("who asked: %+v", p.by)
	}
}

func TestAppsAreToldInParallelAndBounded(t *testing.T) {
	t.Parallel()
	p, meeting := &protocol{}, sync.WaitGroup{}
	meeting.Add(3)
	together := func(ctx context.Context) error {
		meeting.Done()
		meeting.Wait() // only if all three are there at the same time
		return nil
	}
	hung := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	p.all = []login.Farewell{app("One", together), app("Two", together), app("Three", together), app("Hung", hung)}
	h := open(t, telling(p))
	began := time.Now()
	page := h.signOut(h.signedIn("ada"), login.Ending{Sure: true, Subject: "s-ada"})
	if took := time.Since(began); took > 7*time.Second {
		t.Errorf("it took %s", took)
	}
	shows(t, page, 200, "You are signed out", "One: signed out", "Three: signed out", "Hung: could not be told")
}

// What is told, what is queued and what failed decides where the browser goes.
func TestTheResultIsHonest(t *testing.T) {
	t.Parallel()
	queued := fmt.Errorf("%w: 503", login.ErrQueued)
	for name, c := range map[string]struct {
		all  []login.Farewell
		err  error
		page string // "" if the browser goes straight back
	}{
		"all told":             {[]login.Farewell{app("One", says(nil)), app("Two", says(nil))}, nil, ""},
		"one is told later":    {[]login.Farewell{app("One", says(nil)), app("Two", says(queued))}, nil, ""},
		"one failed":           {[]login.Farewell{app("One", says(nil)), app("Two", says(errors.New("secret reason")))}, nil, "Two: could not be told"},
		"one cannot be told":   {[]login.Farewell{app("Two", nil)}, nil, "Two: could not be told"},
		"they cannot be found": {nil, errors.New("secret reason"), "Some applications: could not be told"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t, telling(&protocol{all: c.all, err: c.err}))
			b := h.signedIn("ada")
			page := h.signOut(b, sure(h, b, h.url+"/back?x=1"))
			if c.page != "" {
				shows(t, page, 200, "You are signed out", c.page)
				if strings.Contains(page.Body, "secret reason") {
					t.Error("internals show")
				}
				page = page.Click("logout-continue")
			}
			if page.TextOf("back") != "x=1" {
				t.Errorf("the browser is at %s: %s", page.URL, page.Text())
			}
			if b.Cookie(h.url, "cloudsso-session") != "" {
				t.Error("the session cookie is left")
			}
		})
	}
}

func TestVisitsWithAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer   func(h *house, id string) error
		outcomes string
		complete bool
	}{
		"the app has ended its session": {func(h *house, id string) error {
			return h.login.Told(h.t.Context(), id, idp.ProtocolSAML, "sheet", nil)
		}, "Sheet told, Open visited", true},
		"the app could not": {func(h *house, id string) error {
			return h.login.Told(h.t.Context(), id, idp.ProtocolSAML, "sheet", errors.New("Responder"))
		}, "Sheet failed, Open visited", false},
		"the app says nothing": {func(*house, string) error { return nil }, "Sheet failed, Open visited", false},
		"a second answer changes nothing": {func(h *house, id string) error {
			return errors.Join(h.login.Told(h.t.Context(), id, idp.ProtocolSAML, "sheet", nil), h.login.Told(h.t.Context(), id, idp.ProtocolSAML, "sheet", errors.New("no")))
		}, "Sheet told, Open visited", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &protocol{all: []login.Farewell{visit("Sheet", "https://sheet.example/slo?a=b", true), visit("Open", "https://open.example/out", false)}}
			h := open(t, telling(p))
			b := h.signedIn("ada")
			page := h.signOut(b, sure(h, b, h.url+"/back"))
			shows(t, page, 200, "Signing you out", "Sheet: signing out", "Open: signing out")
			if csp := page.Header.Get("Content-Security-Policy"); !strings.HasSuffix(csp, "frame-src 'self' https://sheet.example https://open.example") {
				t.Errorf("policy %q", csp)
			}
			if err := c.answer(h, p.id()); err != nil {
				t.Fatal(err)
			}
			r, err := h.login.Ended(t.Context(), p.id())
			if err != nil || outcomes(r) != c.outcomes || r.Complete() != c.complete || !r.Ended {
				t.Errorf("%q %v %v", outcomes(r), r, err)
			}
			end := page.Refresh()
			if back := end.Has("back"); back != c.complete {
				t.Errorf("the browser is at %s: %s", end.URL, end.Text())
			}
			h.later(16 * time.Minute)
			if _, err := h.login.Ended(t.Context(), p.id()); !errors.Is(err, idp.ErrNotFound) {
				t.Errorf("after 16 minutes: %v", err)
			}
			shows(t, page.Refresh(), 200, "You are signed out")
		})
	}
}

// Attack: answers for a logout, or from an app, that nobody asked.
func TestAnswersThatNobodyAskedFor(t *testing.T) {
	t.Parallel()
	p := &protocol{all: []login.Farewell{visit("Sheet", "https://sheet.example/slo", true), visit("Open", "https://open.example/out", false), app("Wiki", says(errors.New("down")))}}
	h := open(t, telling(p))
	h.signOut(h.signedIn("ada"), login.Ending{Sure: true, Subject: "s-ada"})
	for name, c := range map[string]struct{ id, protocol, app string }{
		"another logout":              {idp.NewSecret(), idp.ProtocolSAML, "sheet"},
		"no logout":                   {"", idp.ProtocolSAML, "sheet"},
		"another app":                 {p.id(), idp.ProtocolSAML, "other"},
		"another protocol":            {p.id(), idp.ProtocolOIDC, "sheet"},
		"an app that does not answer": {p.id(), idp.ProtocolSAML, "open"},
		"one that was not visited":    {p.id(), idp.ProtocolOIDC, "wiki"},
	} {
		if err := h.login.Told(t.Context(), c.id, c.protocol, c.app, nil); !errors.Is(err, idp.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if r, err := h.login.Ended(t.Context(), p.id()); err != nil || outcomes(r) != "Sheet failed, Open visited, Wiki failed" {
		t.Errorf("%q %v", outcomes(r), err)
	}
}

// Frames answer at the same time; no answer gets lost.
func TestAnswersAtTheSameTime(t *testing.T) {
	t.Parallel()
	p := &protocol{}
	for i := range 20 {
		p.all = append(p.all, visit(fmt.Sprintf("App%d", i), fmt.Sprintf("https://app%d.example/slo", i), true))
	}
	h := open(t, telling(p))
	h.signOut(h.signedIn("ada"), login.Ending{Sure: true, Subject: "s-ada"})
	var wg sync.WaitGroup
	for _, f := range p.all {
		wg.Go(func() {
			if err := h.login.Told(t.Context(), p.id(), f.Protocol, f.App, nil); err != nil {
				t.Errorf("%s: %v", f.App, err)
			}
		})
	}
	wg.Wait()
	if r, err := h.login.Ended(t.Context(), p.id()); err != nil || !r.Complete() {
		t.Errorf("%q %v", outcomes(r), err)
	}
}

func TestAPageHasThirtyFramesAtMost(t *testing.T) {
	t.Parallel()
	p := &protocol{}
	for i := range 31 {
		p.all = append(p.all, visit(fmt.Sprintf("App%d", i), fmt.Sprintf("https://app%d.example/%s", i, strings.Repeat("x", 6000)), false))
	}
	h := open(t, telling(p))
	page := h.signOut(h.signedIn("ada"), login.Ending{Sure: true, Subject: "s-ada"})
	if n := strings.Count(page.Body, "<iframe"); n != 30 {
		t.Errorf("%d frames", n)
	}
	if r, err := h.login.Ended(t.Context(), p.id()); err != nil || r.Complete() || r.Apps[30].Outcome != login.Failed {
		t.Errorf("%q %v", outcomes(r), err)
	}
}

// A protocol that wants to know what came of it gets the id, with and without a session.
func TestAProtocolAsksForTheResult(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		all      []login.Farewell
		in       bool
		complete bool
	}{
		"nobody was signed in": {nil, false, true},
		"nobody to tell":       {nil, true, true},
		"one failed":           {[]login.Farewell{app("Two", says(errors.New("down")))}, true, false},
		"one is told later":    {[]login.Farewell{app("Two", says(login.ErrQueued))}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t, telling(&protocol{all: c.all}))
			b := idptest.NewBrowser(t)
			if c.in {
				b = h.signedIn("ada")
			}
			page := h.signOut(b, login.Ending{Sure: true, Subject: "s-ada", Return: "/back?request=7", Report: true})
			q, err := url.ParseQuery(page.TextOf("back"))
			if err != nil || q.Get("request") != "7" {
				t.Fatalf("the browser is at %s: %s", page.URL, page.Text())
			}
			r, err := h.login.Ended(t.Context(), q.Get("logout"))
			if err != nil || r.Ended != c.in || r.Complete() != c.complete {
				t.Errorf("%+v %v", r, err)
			}
		})
	}
}

// The form of the question carries who asked and what follows; none of it can be changed.
func TestTheQuestionKeepsWhoAsked(t *testing.T) {
	t.Parallel()
	p := &protocol{}
	h := open(t, telling(p))
	e := login.Ending{By: idp.SessionApp{Protocol: idp.ProtocolSAML, App: "sheet"}, Return: "/back?request=7", Report: true}
	for field, value := range map[string]string{"protocol": "oidc", "app": "wiki", "report": "", "return": "/elsewhere"} {
		b := h.signedIn("ada")
		shows(t, h.signOut(b, e).Form(0).Set(field, value).Submit("logout-confirm"), http.StatusForbidden, "Please try that once more")
		if h.session(b).Subject != "s-ada" {
			t.Errorf("%s changed: the session ended", field)
		}
	}
	page := h.signOut(h.signedIn("ada"), e).Form(0).Submit("logout-confirm")
	if !strings.HasPrefix(page.TextOf("back"), "request=7&logout=") || p.by[0].App != "sheet" || p.by[0].Protocol != idp.ProtocolSAML {
		t.Errorf("the browser is at %s, asked by %+v", page.URL, p.by)
	}
}

func TestASessionEndsWithoutItsBrowser(t *testing.T) {
	t.Parallel()
	both := app("Both", says(nil))
	both.Visit = "https://both.example/out"
	p := &protocol{all: []login.Farewell{app("Wiki", says(nil)), both, visit("Sheet", "https://sheet.example/slo", true)}}
	h := open(t, telling(p))
	b := h.signedIn("ada")
	s := h.session(b)
	h.events.names()
	by := idp.SessionApp{Protocol: idp.ProtocolSAML, App: "sheet"}
	r, err := h.login.EndSession(t.Context(), s, by, "soap")
	if err != nil || outcomes(r) != "Wiki told, Both told, Sheet failed" || !r.Ended || p.id() != "" {
		t.Errorf("%q %v, id %q", outcomes(r), err, p.id())
	}
	if got := h.events.names(); got != "logout:soap" {
		t.Errorf("events %q", got)
	}
	again, err := h.login.EndSession(t.Context(), s, by, "soap")
	if err != nil || again.Ended || len(again.Apps) > 0 || len(p.ids) != 1 {
		t.Errorf("a second time: %+v %v", again, err)
	}
	shows(t, b.Open(h.url+"/logout"), 200, "You are signed out")
}

// An audit log that fails does not keep apps from being told.
func TestAppsAreToldThoughNothingCanBeRecorded(t *testing.T) {
	t.Parallel()
	p := &protocol{}
	h := open(t, telling(p))
	b := h.signedIn("ada")
	s := h.session(b)
	h.events.breakDown(true)
	if _, err := h.login.EndSession(t.Context(), s, idp.SessionApp{}, "soap"); err == nil || len(p.ended) != 1 {
		t.Errorf("%v, %d were told", err, len(p.ended))
	}
}
