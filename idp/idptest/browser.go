package idptest

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// maxHops is where browsers give up on a chain of redirects.
const maxHops = 20

// Browser is a browser without JavaScript: it keeps cookies, follows redirects, and
// fills in and sends forms. It treats SameSite and Sec-Fetch-Site as browsers do, so
// that a flow which works here does not depend on a script, nor on a cookie that a
// real browser would hold back. Any fault of the network fails the test.
//
// It is for one goroutine.
type Browser struct {
	// Transport sends the requests. Set it to reach a TLS test server.
	Transport http.RoundTripper
	// NoCookies makes it refuse all cookies.
	NoCookies bool
	// Visited are the addresses asked for, in order, redirects included.
	Visited []string

	t   testing.TB
	jar jar
}

// NewBrowser returns a browser that has been nowhere yet.
func NewBrowser(t testing.TB) *Browser {
	// Its own: closing any test server breaks whatever goes through the shared transport.
	own := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(own.CloseIdleConnections)
	return &Browser{t: t, Transport: own}
}

// Open goes to an address as if it had been typed in.
func (b *Browser) Open(address string) *Page {
	b.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		b.t.Fatalf("open %q: %v", address, err)
	}
	return b.visit(request{method: http.MethodGet, url: u})
}

// Post sends a form that stands on no page, as a script of nobody's would.
func (b *Browser) Post(address string, values url.Values) *Page {
	b.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		b.t.Fatalf("post to %q: %v", address, err)
	}
	return b.visit(request{method: http.MethodPost, url: u, body: values})
}

// Cookie returns the value of a cookie that would be sent to address, "" if none is.
func (b *Browser) Cookie(address, name string) string {
	u, err := url.Parse(address)
	if err != nil {
		b.t.Fatalf("cookie for %q: %v", address, err)
	}
	for _, c := range b.jar.cookies(request{method: http.MethodGet, url: u}) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// SetCookie plants a cookie, as an attacker or an earlier visit may have.
func (b *Browser) SetCookie(address string, c *http.Cookie) {
	u, err := url.Parse(address)
	if err != nil {
		b.t.Fatalf("cookie for %q: %v", address, err)
	}
	b.jar.set(u, []*http.Cookie{c})
}

// ForgetCookies empties the cookie store.
func (b *Browser) ForgetCookies() { b.jar = jar{} }

// Close forgets what lives until the browser closes: cookies without an end.
func (b *Browser) Close() {
	b.jar = slices.DeleteFunc(b.jar, func(k kept) bool { return k.until.IsZero() })
}

// request is one navigation, redirects included.
type request struct {
	method string
	url    *url.URL
	body   url.Values
	from   *url.URL // the page that caused it; nil: typed in
	frame  bool     // inside a frame of that page
	worst  int      // Sec-Fetch-Site over the whole chain, as an index of sites
}

var sites = [...]string{"none", "same-origin", "same-site", "cross-site"}

// site is how a browser names the relation of two addresses. Every host is its own
// site here; ports do not matter, as for cookies.
func site(from, to *url.URL) int {
	switch {
	case from == nil:
		return 0
	case from.Scheme == to.Scheme && from.Host == to.Host:
		return 1
	case from.Scheme == to.Scheme && from.Hostname() == to.Hostname():
		return 2
	}
	return 3
}

func (b *Browser) visit(r request) *Page {
	b.t.Helper()
	for range maxHops {
		r.worst = max(r.worst, site(r.from, r.url))
		resp, body := b.send(r)
		b.Visited = append(b.Visited, r.url.String())
		location := resp.Header.Get("Location")
		if resp.StatusCode/100 != 3 || location == "" {
			return newPage(b, r.url, resp, body)
		}
		next, err := r.url.Parse(location)
		if err != nil {
			b.t.Fatalf("%s redirects to %q: %v", r.url, location, err)
		}
		if next.Fragment == "" {
			next.Fragment = r.url.Fragment
		}
		r.url = next
		if resp.StatusCode < http.StatusTemporaryRedirect { // 307 and 308 keep method and body
			r.method, r.body = http.MethodGet, nil
		}
	}
	b.t.Fatalf("too many redirects; the last ones were %q", b.Visited[len(b.Visited)-5:])
	return nil
}

func (b *Browser) send(r request) (*http.Response, []byte) {
	b.t.Helper()
	var body io.Reader
	if r.method == http.MethodPost {
		body = strings.NewReader(r.body.Encode())
	}
	target := *r.url
	target.Fragment = ""
	req, err := http.NewRequestWithContext(b.t.Context(), r.method, target.String(), body)
	if err != nil {
		b.t.Fatalf("%s %s: %v", r.method, r.url, err)
	}
	req.Header.Set("User-Agent", "Mozilla/5.0 (idptest; no JavaScript)")
	req.Header.Set("Accept", "text/html,*/*;q=0.8")
	req.Header.Set("Sec-Fetch-Site", sites[r.worst])
	req.Header.Set("Sec-Fetch-Mode", "navigate")
	if r.method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", "null")
		if r.from != nil && r.worst == 1 {
			req.Header.Set("Origin", r.from.Scheme+"://"+r.from.Host)
		}
	}
	for _, c := range b.jar.cookies(r) {
		req.AddCookie(c)
	}
	resp, err := b.Transport.RoundTrip(req)
	if err != nil {
		b.t.Fatalf("%s %s: %v", r.method, r.url, err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatalf("%s %s: %v", r.method, r.url, err)
	}
	if !b.NoCookies {
		b.jar.set(r.url, resp.Cookies())
	}
	return resp, content
}

// jar is a cookie store. The standard library's does not know SameSite.
type jar []kept

type kept struct {
	http.Cookie
	host  string
	until time.Time // zero: until the browser closes
}

func (j *jar) set(u *url.URL, cookies []*http.Cookie) {
	for _, c := range cookies {
		if c.Path == "" || c.Path[0] != '/' {
			c.Path = "/"
		}
		if strings.HasPrefix(c.Name, "__Host-") && (!c.Secure || c.Path != "/" || c.Domain != "") {
			continue
		}
		if c.Secure && u.Scheme != "https" && u.Hostname() != "localhost" {
			continue
		}
		k := kept{Cookie: *c, host: u.Hostname(), until: c.Expires}
		if c.MaxAge > 0 {
			k.until = time.Now().Add(time.Duration(c.MaxAge) * time.Second)
		}
		*j = slices.DeleteFunc(*j, func(o kept) bool { return o.Name == k.Name && o.host == k.host && o.Path == k.Path })
		if c.MaxAge < 0 || !k.until.IsZero() && !k.until.After(time.Now()) {
			continue
		}
		*j = append(*j, k)
	}
}

// cookies returns what r carries: with a request that another site caused, None
// always, Lax (the default) by GET outside frames, Strict never.
func (j jar) cookies(r request) []*http.Cookie {
	cross := max(r.worst, site(r.from, r.url)) == 3
	var out []*http.Cookie
	for _, k := range j {
		below := k.Path == "/" || r.url.Path == k.Path || strings.HasPrefix(r.url.Path, strings.TrimSuffix(k.Path, "/")+"/")
		held := cross && (k.SameSite == http.SameSiteStrictMode || k.SameSite != http.SameSiteNoneMode && (r.frame || r.method == http.MethodPost))
		secure := !k.Secure || r.url.Scheme == "https" || r.url.Hostname() == "localhost"
		if k.host == r.url.Hostname() && below && secure && !held {
			out = append(out, &http.Cookie{Name: k.Name, Value: k.Value})
		}
	}
	return out
}
