package server_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"cloudsso/idp"
	"cloudsso/idp/config"
	"cloudsso/idp/idptest"
)

// wire leads https://sso.example to a server without TLS, answers for every application
// itself, and keeps what cookies were set.
type wire struct {
	to  string // host:port
	set []*http.Cookie
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != "sso.example" {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Request: r, Body: io.NopCloser(strings.NewReader("<p id=arrived>arrived</p>"))}, nil
	}
	onward := r.Clone(r.Context())
	onward.URL.Scheme, onward.URL.Host, onward.Host = "http", w.to, "sso.example"
	res, err := http.DefaultTransport.RoundTrip(onward)
	if err == nil {
		w.set = append(w.set, res.Cookies()...)
	}
	return res, err
}

// The cookie of the frame is sent in frames of other sites, and script may read it.
// Attack: whoever reads it takes the session over. Decision: the session has a cookie of
// its own, which stays as closed as it was.
func TestConformance_O04_TheCookieOfTheFrame(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{Config: func(c *config.Config) { c.Issuer, c.Dev = "https://sso.example", false }})
	s.AddUser(t, ada)
	c := s.AddClient(t, idp.ClientMetadata{RedirectURIs: []string{"https://rp.example/cb"}, FirstParty: true, RequirePKCE: new(bool)})
	b, w := idptest.NewBrowser(t), &wire{to: strings.TrimPrefix(s.Issuer, "http://")}
	b.Transport = w
	q := url.Values{"client_id": {c.ClientID}, "redirect_uri": {"https://rp.example/cb"}, "response_type": {"code"}, "scope": {"openid"}}
	page := signIn(b.Open("https://sso.example/oauth2/authorize?"+q.Encode()), "ada", password)
	if arrived(t, page, "arrived"); page.URL.Query().Get("session_state") == "" {
		t.Fatalf("got %s", page.URL)
	}
	values := map[string]string{}
	for _, c := range w.set {
		values[c.Name] = c.Value
		frame := strings.HasSuffix(c.Name, "cloudsso-state")
		if !c.Secure || c.HttpOnly == frame || (c.SameSite == http.SameSiteNoneMode) != frame {
			t.Errorf("%s: secure %v, HttpOnly %v, SameSite %v", c.Name, c.Secure, c.HttpOnly, c.SameSite)
		}
	}
	state, session := values["__Host-cloudsso-state"], values["__Host-cloudsso-session"]
	if state == "" || session == "" || strings.Contains(session, state) || strings.Contains(state, session) {
		t.Errorf("cookies %v", values)
	}
}

// A browser that holds the cookie back from frames of other sites makes the frame say
// changed, never unchanged: the application asks us, and learns the truth.
func TestConformance_O05_WithoutTheCookieNothingIsUnchanged(t *testing.T) {
	t.Parallel()
	p, b, _ := stay(t, neither)
	state := p.answer().Get("session_state")
	if got := frameAnswer(t, p, idptest.NewBrowser(t), p.front.URL, state); got != "changed" {
		t.Errorf("without the cookie: %s", got)
	}
	if !p.live(b) {
		t.Error("prompt=none finds no session")
	}
}
