package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"cloudsso/idp"
	"cloudsso/idp/web"
)

const hostile = `"'><script>alert(1)</script><img src=x onerror=alert(2)>{{.}}` + "`${1}`"

func newPages(t *testing.T, base string) *web.Pages {
	t.Helper()
	p, err := web.New(web.Options{Product: "Cloud SSO", BasePath: base})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// every page with the same text in every place where a stranger's text can stand.
func every(p *web.Pages, text string) map[string]func(http.ResponseWriter, *http.Request) {
	step := web.Step{Flow: text, From: text, Token: text}
	app := web.App{Name: text, LogoURL: "https://app.example/logo.png?" + text, PolicyURL: "https://app.example/policy#" + text, TermsURL: "https://app.example/tos/" + text}
	person := web.Person{Name: text, Login: text}
	return map[string]func(http.ResponseWriter, *http.Request){
		"login": func(w http.ResponseWriter, r *http.Request) {
			p.Login(w, r, http.StatusForbidden, web.Login{Step: step, App: app, Username: text, Notice: text, Error: text})
		},
		"login to nothing": func(w http.ResponseWriter, r *http.Request) { p.Login(w, r, http.StatusOK, web.Login{Step: step}) },
		"select": func(w http.ResponseWriter, r *http.Request) {
			p.Select(w, r, web.Select{Step: step, App: app, Person: person})
		},
		"select without name": func(w http.ResponseWriter, r *http.Request) {
			p.Select(w, r, web.Select{Step: step, App: app, Person: web.Person{Login: text}})
		},
		"no access": func(w http.ResponseWriter, r *http.Request) {
			p.NoAccess(w, r, web.NoAccess{Step: step, App: app, Person: person})
		},
		"consent": func(w http.ResponseWriter, r *http.Request) {
			p.Consent(w, r, web.Consent{Step: step, App: app, Person: person, Scopes: []string{"openid", "profile", "email", "phone", "address", "groups", "offline_access", text}})
		},
		"device": func(w http.ResponseWriter, r *http.Request) {
			p.Device(w, r, http.StatusBadRequest, web.Device{UserCode: text, Error: text})
		},
		"device to start with": func(w http.ResponseWriter, r *http.Request) { p.Device(w, r, http.StatusOK, web.Device{}) },
		"device to confirm": func(w http.ResponseWriter, r *http.Request) {
			p.DeviceConfirm(w, r, web.DeviceConfirm{App: app, UserCode: text, Token: text})
		},
		"device connected": func(w http.ResponseWriter, r *http.Request) {
			p.DeviceDone(w, r, web.DeviceDone{App: app, Connected: true})
		},
		"device not connected": func(w http.ResponseWriter, r *http.Request) { p.DeviceDone(w, r, web.DeviceDone{App: app}) },
		"home":                 func(w http.ResponseWriter, r *http.Request) { p.Home(w, r, web.Home{Person: &person}) },
		"apps": func(w http.ResponseWriter, r *http.Request) {
			p.Apps(w, r, web.Apps{Person: person, Tiles: []web.Tile{{ID: text, Name: text, Description: text, LogoURL: "https://app.example/logo?" + text}, {ID: text, Name: text, LogoURL: text}, {Name: "€ € é"}}})
		},
		"apps of nobody": func(w http.ResponseWriter, r *http.Request) { p.Apps(w, r, web.Apps{Person: person}) },
		"home of nobody": func(w http.ResponseWriter, r *http.Request) { p.Home(w, r, web.Home{}) },
		"logout":         func(w http.ResponseWriter, r *http.Request) { p.Logout(w, r, web.Logout{Person: person, Token: text}) },
		"signed out":     func(w http.ResponseWriter, r *http.Request) { p.SignedOut(w, r, web.SignedOut{}) },
		"signed out with apps": func(w http.ResponseWriter, r *http.Request) {
			p.SignedOut(w, r, web.SignedOut{Apps: []web.LogoutApp{{Name: text, Outcome: text}, {Name: text, Outcome: "queued"}}, Continue: "https://app.example/?" + text})
		},
		"told": p.Told,
		"problem": func(w http.ResponseWriter, r *http.Request) {
			p.Problem(w, r, web.Problem{Title: text, Text: text, Advice: text, Support: text, Actions: []web.Action{{Text: text, URL: "https://app.example/" + text}, {Text: text, URL: "/login?" + text}}})
		},
		"error": func(w http.ResponseWriter, r *http.Request) { p.Error(w, r, idp.Errorf(idp.Invalid, "%s", text)) },
		"autopost": func(w http.ResponseWriter, r *http.Request) {
			p.AutoPost(w, r, web.AutoPost{Action: "https://app.example/acs?" + text, App: text, Fields: []web.Field{{Name: text, Value: text}, {Name: "SAMLResponse", Value: "PD94+/="}}})
		},
	}
}

func render(t *testing.T, page func(http.ResponseWriter, *http.Request)) (*httptest.ResponseRecorder, *html.Node) {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	page(w, r.WithContext(idp.WithRequest(t.Context(), &idp.Request{Support: "K7QF-2M9D"})))
	root, err := html.Parse(strings.NewReader(w.Body.String()))
	if err != nil {
		t.Fatal(err)
	}
	return w, root
}

func attr(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func elements(root *html.Node) (out []*html.Node) {
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			out = append(out, n)
		}
	}
	return out
}

func text(root *html.Node) string {
	var b strings.Builder
	for n := range root.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
	}
	return b.String()
}

func TestPagesAreSoundWithHostileText(t *testing.T) {
	t.Parallel()
	for name, page := range every(newPages(t, ""), hostile) {
		t.Run(name, func(t *testing.T) {
			_, root := render(t, page)
			for _, fault := range faults(root) {
				t.Error(fault)
			}
		})
	}
}

// faults of a page: anything that the policy would block or that keeps somebody out.
func faults(root *html.Node) (out []string) {
	fault := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	ids, labels, count := map[string]bool{}, map[string]bool{}, map[atom.Atom]int{}
	all := elements(root)
	for _, n := range all {
		count[n.DataAtom]++
		if id, ok := attr(n, "id"); ok {
			if ids[id] || id == "" {
				fault("id %q is not unique", id)
			}
			ids[id] = true
		}
		if n.DataAtom == atom.Label {
			to, _ := attr(n, "for")
			labels[to] = true
		}
		for _, a := range n.Attr {
			value := strings.ToLower(strings.TrimSpace(a.Val))
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "srcdoc" {
				fault("<%s> has %s", n.Data, a.Key)
			}
			if address := []string{"href", "src", "action", "formaction"}; slices.Contains(address, a.Key) &&
				!strings.HasPrefix(value, "https://") && !strings.HasPrefix(value, "/") {
				fault("<%s> has %s=%q", n.Data, a.Key, a.Val)
			}
		}
		switch n.DataAtom {
		case atom.Style, atom.Iframe, atom.Object, atom.Embed, atom.Base:
			fault("there is a <%s>", n.Data)
		case atom.Script:
			if src, _ := attr(n, "src"); !strings.HasPrefix(src, "/assets/") || n.FirstChild != nil {
				fault("there is an inline or foreign script")
			}
		case atom.Img:
			if _, ok := attr(n, "alt"); !ok {
				fault("an image has no alt")
			}
		}
	}
	for _, n := range all {
		id, _ := attr(n, "id")
		kind, _ := attr(n, "type")
		if n.DataAtom == atom.Input && kind != "hidden" && (id == "" || !labels[id]) {
			fault("input %q has no label", id)
		}
		if by, ok := attr(n, "aria-describedby"); ok && !ids[by] {
			fault("aria-describedby names %q, which is not there", by)
		}
		if lang, _ := attr(n, "lang"); n.DataAtom == atom.Html && lang == "" {
			fault("the page names no language")
		}
		if n.DataAtom == atom.Title && strings.TrimSpace(text(n)) == "" {
			fault("the page has no title")
		}
	}
	for _, once := range []atom.Atom{atom.H1, atom.Main, atom.Title} {
		if count[once] != 1 {
			fault("there are %d <%s>", count[once], once)
		}
	}
	return out
}

func TestFaultsAreSeen(t *testing.T) {
	t.Parallel()
	const good = `<html lang=en><title>x</title><main><h1>x</h1>%s</main>`
	for source, want := range map[string]string{
		``: "", `<script>1</script>`: "there is an inline or foreign script", `<p onclick=x>`: "<p> has onclick", `<p style=x>`: "<p> has style",
		`<input id=a>`: `input "a" has no label`, `<p id=a><p id=a>`: `id "a" is not unique`, `<a href="javascript:1">`: `<a> has href="javascript:1"`,
		`<img src=/x>`: "an image has no alt", `<h1>y</h1>`: "there are 2 <h1>", `<style></style>`: "there is a <style>",
	} {
		root, err := html.Parse(strings.NewReader(fmt.Sprintf(good, source)))
		if err != nil {
			t.Fatal(err)
		}
		if got := faults(root); want == "" && len(got) > 0 || want != "" && !slices.Contains(got, want) {
			t.Errorf("%s: %q, want %q", source, got, want)
		}
	}
}

func TestHostileTextStaysText(t *testing.T) {
	t.Parallel()
	_, root := render(t, every(newPages(t, ""), hostile)["login"])
	if !strings.Contains(text(root), hostile) {
		t.Error("the text does not come through as text")
	}
	for _, n := range elements(root) {
		if id, _ := attr(n, "id"); id == "username" {
			if v, _ := attr(n, "value"); v != hostile {
				t.Errorf("the user name came back as %q", v)
			}
		}
	}
}

func TestAddressesThatAreNoWebAddressesAreLeftOut(t *testing.T) {
	t.Parallel()
	p := newPages(t, "")
	for _, address := range []string{"javascript:alert(1)", "data:image/png;base64,AA", "//evil.example/x", `/\evil.example`, "/login", "ftp://x/y", "https:", "http://", " https://x", "%zz"} {
		w, root := render(t, func(w http.ResponseWriter, r *http.Request) {
			p.Login(w, r, http.StatusOK, web.Login{App: web.App{Name: "Wiki", LogoURL: address, PolicyURL: address, TermsURL: address}})
		})
		for _, n := range elements(root) {
			if id, _ := attr(n, "id"); strings.HasPrefix(id, "client-") {
				t.Errorf("%q is shown as %s", address, id)
			}
		}
		if strings.Contains(w.Body.String(), "ZgotmplZ") {
			t.Errorf("%q got as far as the template", address)
		}
		_, root = render(t, func(w http.ResponseWriter, r *http.Request) {
			p.Problem(w, r, web.Problem{Title: "x", Actions: []web.Action{{Text: "Start again", URL: address}}})
		})
		for _, n := range elements(root) {
			if href, _ := attr(n, "href"); n.DataAtom == atom.A && href != "/login" {
				t.Errorf("%q is a way on: %q", address, href)
			}
		}
		if w, _ := render(t, func(w http.ResponseWriter, r *http.Request) { p.AutoPost(w, r, web.AutoPost{Action: address}) }); w.Code != http.StatusBadRequest {
			t.Errorf("a response is posted to %q", address)
		}
	}
}

func TestPolicyAndTermsComeBeforeCredentials(t *testing.T) {
	t.Parallel()
	p := newPages(t, "")
	w, _ := render(t, func(w http.ResponseWriter, r *http.Request) {
		p.Login(w, r, http.StatusOK, web.Login{App: web.App{Name: "Wiki", LogoURL: "https://w.example/l.png", PolicyURL: "https://w.example/p", TermsURL: "https://w.example/t"}})
	})
	for _, want := range []string{
		`id="client-logo" src="https://w.example/l.png"`, `id="client-policy" href="https://w.example/p"`, `id="client-tos" href="https://w.example/t"`,
		`id="login-submit"`, `id="login-cancel"`, `name="username"`, `name="password"`, `autocomplete="username"`, `autocomplete="current-password"`, `<title>Sign in to Wiki · Cloud SSO</title>`,
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the login page lacks %s", want)
		}
	}
}

func TestErrorsAreSaidWhereTheyAreRead(t *testing.T) {
	t.Parallel()
	p := newPages(t, "")
	w, _ := render(t, func(w http.ResponseWriter, r *http.Request) {
		p.Login(w, r, http.StatusForbidden, web.Login{Username: "ada", Error: "Not right."})
	})
	body := w.Body.String()
	for _, want := range []string{`role="alert" id="login-error"`, `aria-describedby="login-error"`, `<title>Error: Sign in`, `value="ada"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if before, after, _ := strings.Cut(body, `id="password"`); strings.Contains(before, "autofocus") || !strings.Contains(after, "autofocus") {
		t.Error("with the user name filled in, the password should have the focus")
	}
	if w.Code != http.StatusForbidden {
		t.Errorf("status %d", w.Code)
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	for name, page := range every(newPages(t, ""), "x") {
		t.Run(name, func(t *testing.T) {
			w, _ := render(t, page)
			framing, frame := "'none'", "DENY"
			if name == "told" {
				framing, frame = "'self'", "SAMEORIGIN"
			}
			for header, want := range map[string]string{
				"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; connect-src 'self'; font-src 'self'; base-uri 'none'; frame-ancestors " + framing,
				"Cache-Control":           "no-store", "X-Frame-Options": frame, "Content-Type": "text/html; charset=utf-8", "Referrer-Policy": "same-origin",
			} {
				if got := w.Header().Get(header); got != want {
					t.Errorf("%s: %q, want %q", header, got, want)
				}
			}
			alone := slices.Contains([]string{"home", "apps", "apps of nobody", "home of nobody", "logout", "signed out", "signed out with apps"}, name) || strings.HasPrefix(name, "device")
			if got := w.Header().Get("Cross-Origin-Opener-Policy"); (got == "same-origin") != alone {
				t.Errorf("Cross-Origin-Opener-Policy %q: a popup of an app must keep its opener, other pages must not", got)
			}
		})
	}
}

func TestEverythingRespectsTheBasePath(t *testing.T) {
	t.Parallel()
	for name, page := range every(newPages(t, "/sso/"), "x") {
		_, root := render(t, page)
		for _, n := range elements(root) {
			for _, key := range []string{"href", "src", "action"} {
				if v, ok := attr(n, key); ok && !strings.HasPrefix(v, "/sso/") && !strings.HasPrefix(v, "https://app.example/") {
					t.Errorf("%s: <%s %s=%q>", name, n.Data, key, v)
				}
			}
		}
	}
}
