package verify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"cloudsso/idp"
)

// endpoints asks a handler as if it were a server at the issuer's address. It is an
// [http.RoundTripper]: whatever library is used on top of it can reach nothing else.
type endpoints struct {
	issuer  string
	handler http.Handler
}

var errElsewhere = errors.New("the address is not below the issuer")

// RoundTrip implements [http.RoundTripper].
func (e endpoints) RoundTrip(r *http.Request) (*http.Response, error) {
	whole := r.URL.Scheme + "://" + r.URL.Host + r.URL.Path
	path, ok := strings.CutPrefix(whole, e.issuer)
	if !ok || !strings.HasPrefix(path, "/") {
		return nil, errElsewhere
	}
	in := r.Clone(r.Context())
	in.URL.Path, in.URL.RawPath, in.Host, in.RemoteAddr = path, "", r.URL.Host, "127.0.0.1:0"
	in.RequestURI = in.URL.RequestURI()
	if in.Body == nil {
		in.Body = http.NoBody
	}
	out := &answer{header: http.Header{}, status: http.StatusOK}
	e.handler.ServeHTTP(out, in)
	return &http.Response{
		Status: http.StatusText(out.status), StatusCode: out.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: out.header,
		Body: io.NopCloser(&out.body), ContentLength: int64(out.body.Len()), Request: r,
	}, nil
}

// client follows no redirect: where one leads is what has to be checked.
func (e endpoints) client() *http.Client {
	return &http.Client{Transport: e, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// answer is a response that was written into memory.
type answer struct {
	header http.Header
	status int
	wrote  bool
	body   bytes.Buffer
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if !a.wrote {
		a.wrote, a.status = true, status
	}
}

func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}

// said is a response, read.
type said struct {
	status int
	header http.Header
	body   []byte
	why    string // of a refusal, in the words that only admins read
}

const maxAnswer = 1 << 20

// get asks by GET.
func (e endpoints) get(ctx context.Context, address string, header http.Header) (said, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return said{}, err
	}
	for name := range header {
		r.Header.Set(name, header.Get(name))
	}
	return e.do(r)
}

// keySet reads JSON Web Keys.
func (e endpoints) keySet(ctx context.Context, address string) (set jose.JSONWebKeySet, err error) {
	got, err := e.get(ctx, address, nil)
	if err == nil {
		err = json.Unmarshal(got.body, &set)
	}
	return set, err
}

// post sends a form.
func (e endpoints) post(ctx context.Context, address string, form url.Values, header http.Header) (said, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return said{}, err
	}
	for name := range header {
		r.Header.Set(name, header.Get(name))
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return e.do(r)
}

func (e endpoints) do(r *http.Request) (said, error) {
	before := len(traced(r.Context()))
	resp, err := e.client().Do(r)
	if err != nil {
		return said{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	after := traced(r.Context())
	return said{resp.StatusCode, resp.Header, body, why(after[min(before, len(after)):])}, err
}

// traced are the steps that the endpoints noted so far.
func traced(ctx context.Context) []idp.Step {
	rec, _, _ := idp.RequestOf(ctx).Recording()
	return rec.Steps
}

// why is what was noted last about a refusal.
func why(steps []idp.Step) string {
	for _, step := range slices.Backward(steps) {
		if step.Result == idp.Failed {
			return strings.TrimSpace(step.Text + " " + step.Cause)
		}
	}
	return ""
}

// reason adds to what the application is told what it is not told.
func (s said) reason(told string) string {
	if s.why == "" || strings.Contains(told, s.why) {
		return told
	}
	return told + " (" + s.why + ")"
}
