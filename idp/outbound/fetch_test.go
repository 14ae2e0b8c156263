package outbound_test

import (
	"compress/gzip"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/outbound"
)

// site is a TLS server on loopback; the tests pretend with a resolver that a public
// name leads there, or elsewhere.
type site struct {
	*httptest.Server
	host, port, ca string
	hits           atomic.Int32
}

func newSite(t *testing.T, h http.HandlerFunc) *site {
	t.Helper()
	s := &site{}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.hits.Add(1)
		h(w, r)
	}))
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	s.host, s.port = "example.com", u.Port() // the name in httptest's certificate
	s.ca = filepath.Join(t.TempDir(), "ca.pem")
	b := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(s.ca, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *site) url(path string) string { return "https://" + s.host + ":" + s.port + path }

// resolves answers every name with these addresses.
func resolves(ips ...string) outbound.Resolver {
	return func(context.Context, string) ([]netip.Addr, error) {
		var out []netip.Addr
		for _, ip := range ips {
			out = append(out, netip.MustParseAddr(ip))
		}
		return out, nil
	}
}

// client may reach the site, because its host:port is allowed.
func (s *site) client(t *testing.T, o outbound.Options) *outbound.Client {
	t.Helper()
	o.CAFile = s.ca
	o.AllowHosts = append(o.AllowHosts, "EXAMPLE.com:"+s.port)
	if o.Resolve == nil {
		o.Resolve = resolves("127.0.0.1")
	}
	return client(t, o)
}

func client(t *testing.T, o outbound.Options) *outbound.Client {
	t.Helper()
	c, err := outbound.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// refusal fetches what must not be fetched and returns code and sentence.
func refusal(t *testing.T, c *outbound.Client, url string) string {
	t.Helper()
	body, _, err := c.Fetch(t.Context(), url, 1000)
	var e *idp.Error
	if !errors.As(err, &e) {
		t.Fatalf("fetched %q, error %v", body, err)
	}
	return string(e.Code) + ": " + e.Public
}

func closed(host, hostPort string) string {
	return fmt.Sprintf("invalid: %s is not on the public internet, so it is not fetched. If that is intended, the operator adds %q to outbound.allow_hosts.", host, hostPort)
}

func TestAnAllowedHostIsFetchedWithoutCredentials(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/samlmetadata+xml")
		w.Header().Set("Set-Cookie", "a=b")
		fmt.Fprintf(w, "%s %s %q %q %q", r.Method, r.URL, r.Header.Get("Cookie"), r.Header.Get("Authorization"), r.Header.Get("Referer"))
	})
	c := s.client(t, outbound.Options{})
	for range 2 { // the second time, the cookie of the first would be there
		body, header, err := c.Fetch(t.Context(), s.url("/metadata?a=b"), 1000)
		if err != nil || string(body) != `GET /metadata?a=b "" "" ""` || header.Get("Content-Type") != "application/samlmetadata+xml" {
			t.Fatalf("%q %v %v", body, header, err)
		}
	}
}

func TestAddressesThatAreNeverFetched(t *testing.T) {
	t.Parallel()
	const incomplete = "invalid: This is not a complete https address."
	number := func(h string) string {
		return fmt.Sprintf("invalid: The host %q is a number that is not a plain IP address.", h)
	}
	for _, c := range []struct{ name, url, want string }{
		{"nothing", "", incomplete},
		{"a path", "/metadata", incomplete},
		{"no host", "https:///x", incomplete},
		{"a mail address", "mailto:a@b.example", incomplete},
		{"broken", "https://[::1", incomplete},
		{"http", "http://example.com/", `invalid: Only https addresses are fetched; this one leads to "http://example.com".`},
		{"a file", "file://example.com/etc/passwd", `invalid: Only https addresses are fetched; this one leads to "file://example.com".`},
		{"gopher", "gopher://example.com:25/x", `invalid: Only https addresses are fetched; this one leads to "gopher://example.com:25".`},
		{"a user name", "https://user@example.com/", "invalid: An address with a user name or password in it is not fetched."},
		{"a host that hides behind a user name", "https://example.com@127.0.0.1/", "invalid: An address with a user name or password in it is not fetched."},
		{"loopback", "https://127.0.0.1/", closed("127.0.0.1", "127.0.0.1:443")},
		{"IPv6 loopback", "https://[::1]/", closed("::1", "[::1]:443")},
		{"loopback, IPv4-mapped", "https://[::ffff:127.0.0.1]/", closed("::ffff:127.0.0.1", "[::ffff:127.0.0.1]:443")},
		{"loopback through NAT64", "https://[64:ff9b::7f00:1]/", closed("64:ff9b::7f00:1", "[64:ff9b::7f00:1]:443")},
		{"cloud metadata", "https://169.254.169.254/latest/meta-data", closed("169.254.169.254", "169.254.169.254:443")},
		{"an intranet address with a port", "https://10.1.2.3:8443/", closed("10.1.2.3", "10.1.2.3:8443")},
		{"a zone", "https://[fe80::1%25eth0]/", "invalid: An address with a network zone in it is not fetched."},
		{"loopback as one number", "https://2130706433/", number("2130706433")},
		{"loopback in hex", "https://0x7f000001/", number("0x7f000001")},
		{"loopback in octal", "https://0177.0.0.1/", number("0177.0.0.1")},
		{"loopback with parts left out", "https://127.1/", number("127.1")},
		{"loopback with a final dot", "https://127.0.0.1./", number("127.0.0.1.")},
		{"a name that resolves to loopback", "https://localhost/", closed("localhost", "localhost:443")},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := refusal(t, client(t, outbound.Options{Resolve: resolves("127.0.0.1")}), c.url); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestOneBadAddressCondemnsAName(t *testing.T) {
	t.Parallel()
	c := client(t, outbound.Options{Resolve: resolves("93.184.216.34", "10.0.0.1")})
	if got := refusal(t, c, "https://mixed.example/"); got != closed("mixed.example", "mixed.example:443") {
		t.Error(got)
	}
}

func TestS18RedirectsGoThroughTheSameGates(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, to, want string }{
		{"to cloud metadata", "https://169.254.169.254/latest", closed("169.254.169.254", "169.254.169.254:443")},
		{"to another port of the same host", "https://example.com:1/", closed("example.com", "example.com:1")},
		{"to http", "http://example.com/", `invalid: Only https addresses are fetched; this one leads to "http://example.com".`},
		{"to a number", "https://2130706433/", `invalid: The host "2130706433" is a number that is not a plain IP address.`},
		{"to a user name", "https://a:b@example.com/", "invalid: An address with a user name or password in it is not fetched."},
		{"in a circle", "/again", "invalid: The address redirects more than 3 times."},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, c.to, http.StatusFound) })
			if got := refusal(t, s.client(t, outbound.Options{}), s.url("/secret-path")); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestThreeRedirectsAreFollowedAndTellNobodyWhereFrom(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		if n := len(r.URL.Path); n < 4 {
			http.Redirect(w, r, r.URL.Path+"x", http.StatusFound)
			return
		}
		fmt.Fprintf(w, "%s %q", r.URL.Path, r.Header.Get("Referer"))
	})
	body, _, err := s.client(t, outbound.Options{}).Fetch(t.Context(), s.url("/"), 1000)
	if err != nil || string(body) != `/xxx ""` {
		t.Errorf("%q %v", body, err)
	}
}

func TestAnAnswerHasLimits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		want    string
	}{
		{"one byte too many", func(w http.ResponseWriter, r *http.Request) { w.Write(make([]byte, 1001)) }, "invalid: The document at %s is larger than 1000 bytes."},
		{"an encoding that nobody asked for", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "br")
			w.Write([]byte("x"))
		}, "invalid: %s answered with an encoding that is not supported."},
		{"an error", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "internal secret", 500) }, "invalid: %s answered with status 500; 200 is expected."},
		{"nothing new", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204) }, "invalid: %s answered with status 204; 200 is expected."},
		{"endless headers", func(w http.ResponseWriter, r *http.Request) { w.Header().Set("X", strings.Repeat("x", 100<<10)) }, "unavailable: %s cannot be reached."},
		{"a body that drips", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				w.Write([]byte("x"))
				w.(http.Flusher).Flush()
				time.Sleep(20 * time.Millisecond)
			}
		}, "unavailable: %s took too long to answer."},
		{"silence", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done(); panic(http.ErrAbortHandler) }, "unavailable: %s took too long to answer."},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, c.handler)
			got := refusal(t, s.client(t, outbound.Options{Timeout: 700 * time.Millisecond}), s.url("/"))
			if got != fmt.Sprintf(c.want, "example.com:"+s.port) {
				t.Error(got)
			}
		})
	}
}

func TestACompressionBombCostsNoMoreThanTheCap(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		for zeros := make([]byte, 64<<10); r.Context().Err() == nil; {
			z.Write(zeros)
			z.Flush()
			w.(http.Flusher).Flush()
		}
	})
	begin := time.Now()
	got := refusal(t, s.client(t, outbound.Options{Timeout: 6 * time.Second}), s.url("/"))
	if got != "invalid: The document at example.com:"+s.port+" is larger than 1000 bytes." {
		t.Error(got)
	}
	if took := time.Since(begin); took > 4*time.Second {
		t.Errorf("it read for %s; the bomb never ends, so only the cap can have stopped it", took)
	}
}

func TestExactlyTheCapIsFine(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		z.Write(make([]byte, 1000))
		z.Close()
	})
	if body, _, err := s.client(t, outbound.Options{}).Fetch(t.Context(), s.url("/"), 1000); err != nil || len(body) != 1000 {
		t.Errorf("%d bytes, %v", len(body), err)
	}
}

func TestTheCertificateIsChecked(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {})
	c := client(t, outbound.Options{AllowHosts: []string{"example.com:" + s.port}, Resolve: resolves("127.0.0.1")})
	if got := refusal(t, c, s.url("/")); got != "invalid: The certificate of example.com:"+s.port+" is not trusted. A private authority goes into outbound.ca_file." {
		t.Error(got)
	}
}

func TestDevReachesLoopbackAndNothingElseOfThePrivateNetwork(t *testing.T) {
	t.Parallel()
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello") }))
	t.Cleanup(plain.Close)
	dev := client(t, outbound.Options{Dev: true, Timeout: 2 * time.Second})
	if body, _, err := dev.Fetch(t.Context(), plain.URL, 1000); err != nil || string(body) != "hello" {
		t.Errorf("%q %v", body, err)
	}
	if body, _, err := dev.Fetch(t.Context(), strings.Replace(plain.URL, "127.0.0.1", "localhost", 1), 1000); err != nil || string(body) != "hello" {
		t.Errorf("%q %v", body, err)
	}
	if got := refusal(t, dev, "https://169.254.169.254/"); got != closed("169.254.169.254", "169.254.169.254:443") {
		t.Error(got)
	}
	if got := refusal(t, dev, "http://example.com/"); !strings.HasPrefix(got, "invalid: Only https") {
		t.Error(got)
	}
}

func TestANameThatDoesNotResolve(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]outbound.Resolver{
		"an error": func(context.Context, string) ([]netip.Addr, error) {
			return nil, errors.New("internal resolver 10.0.0.53")
		},
		"no addresses": resolves(),
	} {
		if got := refusal(t, client(t, outbound.Options{Resolve: r}), "https://nowhere.example/"); got != `unavailable: The name "nowhere.example" cannot be resolved.` {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestAProxyOfTheEnvironmentIsNotUsed(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "direct") })
	if body, _, err := s.client(t, outbound.Options{}).Fetch(t.Context(), s.url("/"), 1000); err != nil || string(body) != "direct" {
		t.Errorf("%q %v", body, err)
	}
}

func TestBadOptions(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		o    outbound.Options
		want string
	}{
		{"a CA file that is not there", outbound.Options{CAFile: "/does/not/exist"}, "The file of further certificate authorities cannot be read."},
		{"a CA file without a certificate", outbound.Options{CAFile: empty}, "The file of further certificate authorities holds no certificate in PEM form."},
		{"a host without a port", outbound.Options{AllowHosts: []string{"sp.lan"}}, `Expected host:port, got "sp.lan".`},
	} {
		_, err := outbound.New(c.o)
		var e *idp.Error
		if !errors.As(err, &e) || e.Public != c.want {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
