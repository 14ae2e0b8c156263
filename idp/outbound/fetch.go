package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"cloudsso/idp"
)

const (
	maxRedirects   = 3
	maxHeaderBytes = 64 << 10
)

// Options of a [Client]. The zero value reaches the public internet over https.
type Options struct {
	AllowHosts []string      // host:port pairs that skip the judgement of addresses
	CAFile     string        // PEM, beside the system's authorities
	Dev        bool          // loopback is allowed, also by plain http
	Timeout    time.Duration // for one fetch with its redirects and its body; default 10 s
	Resolve    Resolver      // default: the system's
}

// Client fetches. It is safe for concurrent use and holds nothing between two fetches.
type Client struct {
	allowed map[string]bool
	dev     bool
	timeout time.Duration
	resolve Resolver
	dialer  net.Dialer
	http    *http.Client
}

// New returns a client. The error says what is wrong with the CA file.
func New(o Options) (*Client, error) {
	roots, err := authorities(o.CAFile)
	if err != nil {
		return nil, err
	}
	c := &Client{allowed: map[string]bool{}, dev: o.Dev, timeout: o.Timeout, resolve: o.Resolve}
	if c.timeout == 0 {
		c.timeout = 10 * time.Second
	}
	if c.resolve == nil {
		c.resolve = systemResolver
	}
	for _, h := range o.AllowHosts {
		host, port, err := net.SplitHostPort(h)
		if err != nil {
			return nil, idp.Errorf(idp.Invalid, "Expected host:port, got %q.", h).On("outbound.allow_hosts")
		}
		c.allowed[hostPort(host, port)] = true
	}
	c.http = &http.Client{
		CheckRedirect: c.redirect,
		Transport: &http.Transport{
			Proxy:                  nil, // a proxy from the environment would dial unjudged addresses for us
			DialContext:            c.dial,
			TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    5 * time.Second,
			MaxResponseHeaderBytes: maxHeaderBytes,
			DisableKeepAlives:      true, // every fetch is judged anew
			ForceAttemptHTTP2:      true,
		},
	}
	return c, nil
}

// authorities returns the system's roots and those of file; nil means the system's.
func authorities(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, idp.Errorf(idp.Invalid, "The file of further certificate authorities cannot be read.").On("outbound.ca_file").Because(err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, idp.Errorf(idp.Invalid, "The file of further certificate authorities holds no certificate in PEM form.").On("outbound.ca_file")
	}
	return pool, nil
}

// redirect lets the next step of a redirect through the same gates as the first.
func (c *Client) redirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return idp.Errorf(idp.Invalid, "The address redirects more than %d times.", maxRedirects)
	}
	req.Header.Del("Referer") // the first address may hold a secret of its own
	return c.check(req.URL)
}

// Fetch gets one document of at most maxBytes, counted after decompression. Its errors
// are *idp.Error: Invalid if the address or the answer is at fault, Unavailable if
// nobody answered in time.
func (c *Client) Fetch(ctx context.Context, rawURL string, maxBytes int64) ([]byte, http.Header, error) {
	u, err := c.parse(rawURL)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, nil, idp.Errorf(idp.Invalid, "This is not a complete https address.").Because(err)
	}
	req.Header.Set("User-Agent", "cloudsso")
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, nil, unreachable(err, u.Host)
	}
	defer resp.Body.Close()
	body, err := read(resp, maxBytes)
	return body, resp.Header, err
}

// read takes the body. The cap counts what comes out of the decompressor, so a
// compression bomb costs no more than the cap.
func read(resp *http.Response, maxBytes int64) ([]byte, error) {
	host := resp.Request.URL.Host
	if resp.StatusCode != http.StatusOK {
		return nil, idp.Errorf(idp.Invalid, "%s answered with status %d; 200 is expected.", host, resp.StatusCode)
	}
	if e := resp.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return nil, idp.Errorf(idp.Invalid, "%s answered with an encoding that is not supported.", host)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBytes+1))
	if int64(len(body)) > maxBytes {
		return nil, idp.Errorf(idp.Invalid, "The document at %s is larger than %d bytes.", host, maxBytes)
	}
	if err != nil {
		return nil, unreachable(err, host)
	}
	return body, nil
}

// unreachable words a transport error. What the network said stays in the cause.
func unreachable(err error, host string) error {
	var own *idp.Error
	var cert *tls.CertificateVerificationError
	var timeout net.Error
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &cert):
		return idp.Errorf(idp.Invalid, "The certificate of %s is not trusted. A private authority goes into outbound.ca_file.", host).Because(err)
	case errors.As(err, &timeout) && timeout.Timeout():
		return idp.Errorf(idp.Unavailable, "%s took too long to answer.", host).Because(err)
	}
	return idp.Errorf(idp.Unavailable, "%s cannot be reached.", host).Because(err)
}
