package idptest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"cloudsso/idp/idptest"
)

// site answers with what it was sent, and sets one cookie of each kind.
func site(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		var cookies []string
		for _, c := range r.Cookies() {
			cookies = append(cookies, c.Name)
		}
		fmt.Fprintf(w, "<p id=method>%s</p><p id=cookies>%s</p><p id=form>%s</p><p id=site>%s</p><p id=origin>%s</p>",
			r.Method, strings.Join(cookies, " "), r.Form.Encode(), r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Origin"))
	})
	mux.HandleFunc("/set", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "lax", Value: "1", Path: "/", SameSite: http.SameSiteLaxMode})
		http.SetCookie(w, &http.Cookie{Name: "strict", Value: "1", Path: "/", SameSite: http.SameSiteStrictMode})
		http.SetCookie(w, &http.Cookie{Name: "none", Value: "1", Path: "/", SameSite: http.SameSiteNoneMode})
		http.SetCookie(w, &http.Cookie{Name: "stays", Value: "1", Path: "/", MaxAge: 60})
		http.SetCookie(w, &http.Cookie{Name: "deep", Value: "1", Path: "/deep"})
		http.SetCookie(w, &http.Cookie{Name: "__Host-x", Value: "1", Path: "/"}) // not Secure: browsers refuse it
		http.SetCookie(w, &http.Cookie{Name: "tls", Value: "1", Path: "/", Secure: true})
	})
	mux.HandleFunc("/unset", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "lax", Path: "/", MaxAge: -1})
	})
	mux.HandleFunc("/see-other", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/echo?from=303", http.StatusSeeOther)
	})
	mux.HandleFunc("/keep", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/echo", http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("/page", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `<title>A page</title><script>no()</script><p>Hello, <b>you</b>.</p><a id=go href="/echo?q=1">Go on</a>
			<form action="/echo"><input name=q value=old><button>Find</button></form>
			<form method=post action="%s"><input type=hidden name=h value="&lt;1&gt;"><textarea name=t>
two  lines
</textarea><select name=s><option value=a>A<option value=b selected>B</select>
			<input type=checkbox name=c1 value=1><input type=checkbox name=c2 value=2 checked><input name=off disabled value=x>
			<button id=yes name=do value=yes>Yes</button><button name=do value=no>No</button><button type=button name=js>JS</button></form>`, r.URL.Query().Get("to"))
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func TestBrowserReadsAPage(t *testing.T) {
	t.Parallel()
	s := site(t)
	p := idptest.NewBrowser(t).Open(s.URL + "/page?to=/echo")
	if p.Title() != "A page" || !strings.HasPrefix(p.Text(), "Hello, you. Go on") || p.Status != 200 {
		t.Errorf("title %q, text %q, status %d", p.Title(), p.Text(), p.Status)
	}
	if !p.Has("go") || p.Has("no") || p.Attr("go", "href") != "/echo?q=1" || p.TextOf("go") != "Go on" {
		t.Error("elements are not found by id")
	}
	for _, link := range []string{"go", "Go on", "/echo?q=1"} {
		if got := p.Click(link).TextOf("form"); got != "q=1" {
			t.Errorf("click %q: form %q", link, got)
		}
	}
}

func TestBrowserSendsForms(t *testing.T) {
	t.Parallel()
	s := site(t)
	p := idptest.NewBrowser(t).Open(s.URL + "/page?to=/echo")
	const rest = "&h=%3C1%3E&s=b&t=two++lines%0A"
	for button, want := range map[string]string{
		"": "c2=2&do=yes" + rest, "yes": "c2=2&do=yes" + rest, "do=no": "c2=2&do=no" + rest, "No": "c2=2&do=no" + rest,
	} {
		sent := p.FormWith("do").Submit(button)
		if got := sent.TextOf("form"); got != want || sent.TextOf("method") != "POST" {
			t.Errorf("button %q sent %q by %s, want %q", button, got, sent.TextOf("method"), want)
		}
	}
	if got := p.Form(0).Set("q", "new & old").Submit(""); got.TextOf("form") != "q=new+%26+old" || got.TextOf("method") != "GET" {
		t.Errorf("a GET form sent %q", got.TextOf("form"))
	}
	if f := p.FormWith("h"); f.Value("h") != "<1>" || f.Value("none") != "" || f.Action.Path != "/echo" {
		t.Error("a form does not know its fields")
	}
}

func TestBrowserFollowsRedirects(t *testing.T) {
	t.Parallel()
	s := site(t)
	b := idptest.NewBrowser(t)
	p := b.Open(s.URL + "/page?to=/see-other").FormWith("do").Submit("yes")
	if p.TextOf("method") != "GET" || p.TextOf("form") != "from=303" || p.URL.Path != "/echo" {
		t.Errorf("303 led to %s %s", p.TextOf("method"), p.URL)
	}
	if n := len(b.Visited); n != 3 || !strings.HasSuffix(b.Visited[1], "/see-other") {
		t.Errorf("visited %q", b.Visited)
	}
	p = b.Open(s.URL + "/page?to=/keep").FormWith("do").Submit("yes")
	if p.TextOf("method") != "POST" || !strings.Contains(p.TextOf("form"), "do=yes") {
		t.Errorf("307 lost the form: %s %s", p.TextOf("method"), p.TextOf("form"))
	}
}

func TestBrowserCookies(t *testing.T) {
	t.Parallel()
	s := site(t) // on 127.0.0.1
	other := strings.Replace(site(t).URL, "127.0.0.1", "localhost", 1)
	for name, c := range map[string]struct {
		walk                  func(b *idptest.Browser) *idptest.Page
		cookies, site, origin string
	}{
		"typed in": {func(b *idptest.Browser) *idptest.Page { return b.Open(s.URL + "/echo") }, "lax strict none stays", "none", ""},
		"our own form": {func(b *idptest.Browser) *idptest.Page {
			return b.Open(s.URL + "/page?to=/echo").FormWith("do").Submit("yes")
		}, "lax strict none stays", "same-origin", s.URL},
		"a form of another site": {func(b *idptest.Browser) *idptest.Page {
			return b.Open(other + "/page?to=" + s.URL + "/echo").FormWith("do").Submit("yes")
		}, "none", "cross-site", "null"},
		"a form of another site, answered with 303": {func(b *idptest.Browser) *idptest.Page {
			return b.Open(other + "/page?to=" + s.URL + "/see-other").FormWith("do").Submit("yes")
		}, "lax none stays", "cross-site", ""},
		"after the browser was closed": {func(b *idptest.Browser) *idptest.Page { b.Close(); return b.Open(s.URL + "/echo") }, "stays", "none", ""},
		"after one was cleared": {func(b *idptest.Browser) *idptest.Page {
			b.Open(s.URL + "/unset")
			return b.Open(s.URL + "/echo")
		}, "strict none stays", "none", ""},
		"after all were forgotten": {func(b *idptest.Browser) *idptest.Page { b.ForgetCookies(); return b.Open(s.URL + "/echo") }, "", "none", ""},
		"below another path":       {func(b *idptest.Browser) *idptest.Page { return b.Open(s.URL + "/echo") }, "lax strict none stays", "none", ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := idptest.NewBrowser(t)
			b.Open(s.URL + "/set")
			if b.Cookie(s.URL, "lax") != "1" || b.Cookie(s.URL+"/deep/er", "deep") != "1" || b.Cookie(s.URL+"/deeper", "deep") != "" {
				t.Error("cookies are not kept by path")
			}
			p := c.walk(b)
			if p.TextOf("cookies") != c.cookies || p.TextOf("site") != c.site || p.TextOf("origin") != c.origin {
				t.Errorf("cookies %q, site %q, origin %q", p.TextOf("cookies"), p.TextOf("site"), p.TextOf("origin"))
			}
		})
	}
	t.Run("refused altogether", func(t *testing.T) {
		b := idptest.NewBrowser(t)
		b.NoCookies = true
		b.Open(s.URL + "/set")
		if got := b.Open(s.URL + "/echo").TextOf("cookies"); got != "" {
			t.Errorf("cookies %q", got)
		}
	})
	t.Run("planted", func(t *testing.T) {
		b := idptest.NewBrowser(t)
		b.SetCookie(s.URL, &http.Cookie{Name: "planted", Value: "x"})
		if got := b.Open(s.URL + "/echo").TextOf("cookies"); got != "planted" {
			t.Errorf("cookies %q", got)
		}
	})
}
