package oauth_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/oauth"
)

const bye = "https://rp.example/bye"

func canSignOut(c *idp.Client) {
	c.PostLogoutRedirectURIs = []string{bye, bye + "?bar=f%6fo"}
}

func (h *house) logout(form url.Values) answer {
	return h.send(http.MethodGet, "/oauth2/logout?"+form.Encode(), "")
}

// forge signs nothing (alg none), or with a key of its own.
func forge(t *testing.T, h *house, idToken, alg string) string {
	t.Helper()
	parts := strings.Split(idToken, ".")
	header, _ := json.Marshal(map[string]string{"alg": alg, "typ": "JWT"})
	parts[0] = base64.RawURLEncoding.EncodeToString(header)
	if alg == "none" {
		return parts[0] + "." + parts[1] + "."
	}
	payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
	own, err := newRing(h.now).SignJWT(alg, "JWT", payload)
	if err != nil {
		t.Fatal(err)
	}
	return own
}

// What the login is asked to do, by what the request says.
func TestWhatTheLoginIsAskedAtALogout(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", canSignOut)
	h.client("other", func(c *idp.Client) { c.PostLogoutRedirectURIs = []string{"https://other.example/bye"} })
	h.client("off", canSignOut)
	h.client("gone", canSignOut)
	token, other, off, gone := h.signIn(t, "wiki")["id_token"].(string), h.signIn(t, "other")["id_token"].(string), h.signIn(t, "off")["id_token"].(string), h.signIn(t, "gone")["id_token"].(string)
	h.change("off", func(c *idp.Client) { c.Disabled = true })
	if err := h.store.DeleteClient(t.Context(), "gone", 0); err != nil {
		t.Fatal(err)
	}
	expired := token
	h.move(72 * time.Hour)
	info, err := h.ring.SignJWT("RS256", "token-introspection+jwt", []byte(`{"iss":"`+h.issuer+`","sub":"`+anna+`","aud":"wiki"}`))
	if err != nil {
		t.Fatal(err)
	}
	sure := func(app, to string) oauth.SignOut {
		return oauth.SignOut{Sure: true, SID: "sid-1", Subject: anna, App: app, Return: to}
	}
	ask := func(app, to string) oauth.SignOut { return oauth.SignOut{App: app, Return: to} }
	long := strings.Repeat("s", 128)
	for name, c := range map[string]struct {
		pairs []string
		want  oauth.SignOut
	}{
		"N2 hint, address and state":       {[]string{"id_token_hint", token, "post_logout_redirect_uri", bye, "state", long}, sure("wiki", bye+"?state="+long)},
		"N3 no state":                      {[]string{"id_token_hint", token, "post_logout_redirect_uri", bye}, sure("wiki", bye)},
		"N3 an empty state":                {[]string{"id_token_hint", token, "post_logout_redirect_uri", bye, "state", ""}, sure("wiki", bye)},
		"a state with every separator":     {[]string{"id_token_hint", token, "post_logout_redirect_uri", bye, "state", "a&b=c#d?e+f g"}, sure("wiki", bye+"?state="+url.QueryEscape("a&b=c#d?e+f g"))},
		"the address's query stays":        {[]string{"id_token_hint", token, "post_logout_redirect_uri", bye + "?bar=f%6fo", "state", "x"}, sure("wiki", bye+"?bar=f%6fo&state=x")},
		"N8 an address alone":              {[]string{"post_logout_redirect_uri", bye, "state", "x"}, ask("", "")},
		"N8 a stranger's address alone":    {[]string{"post_logout_redirect_uri", "https://evil.example/"}, ask("", "")},
		"N9 nothing":                       {nil, ask("", "")},
		"N9 state alone":                   {[]string{"state", "x"}, ask("", "")},
		"N9 hint alone":                    {[]string{"id_token_hint", token}, sure("wiki", "")},
		"N10 an expired hint":              {[]string{"id_token_hint", expired, "post_logout_redirect_uri", bye}, sure("wiki", bye)},
		"N10 client_id that agrees":        {[]string{"id_token_hint", token, "client_id", "wiki", "post_logout_redirect_uri", bye}, sure("wiki", bye)},
		"N10 client_id that does not":      {[]string{"id_token_hint", token, "client_id", "other", "post_logout_redirect_uri", "https://other.example/bye"}, ask("", "")},
		"N11 client_id alone: a question":  {[]string{"client_id", "wiki", "post_logout_redirect_uri", bye, "state", "x"}, ask("wiki", bye+"?state=x")},
		"N7 alg none":                      {[]string{"id_token_hint", forge(t, h, token, "none"), "client_id", "wiki", "post_logout_redirect_uri", bye}, ask("", "")},
		"N7 a key of its own":              {[]string{"id_token_hint", forge(t, h, token, "RS256"), "client_id", "wiki", "post_logout_redirect_uri", bye}, ask("", "")},
		"N7 nonsense":                      {[]string{"id_token_hint", "x", "client_id", "wiki", "post_logout_redirect_uri", bye}, ask("", "")},
		"another issuer's, by our key":     {[]string{"id_token_hint", otherIssuersHint(t, h), "post_logout_redirect_uri", bye}, ask("", "")},
		"another kind of JWT of ours":      {[]string{"id_token_hint", info, "post_logout_redirect_uri", bye}, ask("", "")},
		"a client that is off":             {[]string{"id_token_hint", off, "post_logout_redirect_uri", bye}, ask("", "")},
		"a client that is no more":         {[]string{"id_token_hint", gone, "post_logout_redirect_uri", bye}, ask("", "")},
		"an unknown client_id":             {[]string{"client_id", "nobody", "post_logout_redirect_uri", bye}, ask("", "")},
		"ui_locales and others":            {[]string{"id_token_hint", other, "ui_locales", "se", "logout_hint", "x", "extra", "y"}, sure("other", "")},
		"redirect_uri is something else":   {[]string{"id_token_hint", token, "redirect_uri", bye}, sure("wiki", "")},
		"an empty hint is no hint":         {[]string{"id_token_hint", "", "client_id", "wiki"}, ask("wiki", "")},
		"an empty address is no address":   {[]string{"id_token_hint", token, "post_logout_redirect_uri", ""}, sure("wiki", "")},
		"the state alone goes nowhere":     {[]string{"id_token_hint", token, "state", "x"}, sure("wiki", "")},
		"the hint's client, not the sent'": {[]string{"id_token_hint", other, "post_logout_redirect_uri", "https://other.example/bye"}, sure("other", "https://other.example/bye")},
	} {
		t.Run(name, func(t *testing.T) {
			h.out.asked = nil
			a := h.logout(with(url.Values{}, c.pairs...))
			if len(h.out.asked) != 1 || h.out.asked[0] != c.want {
				t.Fatalf("got  %+v\nwant %+v", h.out.asked, c.want)
			}
			if to := a.header.Get("Location"); c.want.Sure && to != c.want.Return || !c.want.Sure && to != "" {
				t.Errorf("sent to %q", to)
			}
		})
	}
}

// Faults end on a page of ours; nobody is signed out, and nothing is echoed.
func TestConformance_N05_N06_LogoutPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", func(c *idp.Client) {
		canSignOut(c)
		c.ApplicationType, c.PostLogoutRedirectURIs = "native", append(c.PostLogoutRedirectURIs, "http://127.0.0.1/bye")
	})
	hint := "id_token_hint=" + h.signIn(t, "wiki")["id_token"].(string) + "&"
	const unregistered = "It must be registered among its post_logout_redirect_uris exactly as it is sent."
	for name, c := range map[string]struct {
		query  string
		status int
		text   string
	}{
		"N5 another address":          {hint + "post_logout_redirect_uri=https%3A%2F%2Fevil.example%2F", 400, unregistered},
		"N5 by client_id":             {"client_id=wiki&post_logout_redirect_uri=https%3A%2F%2Fevil.example%2F", 400, unregistered},
		"N6 an added query":           {hint + "post_logout_redirect_uri=" + url.QueryEscape(bye+"?foo=bar"), 400, unregistered},
		"a longer path":               {hint + "post_logout_redirect_uri=" + url.QueryEscape(bye+"/x"), 400, unregistered},
		"the same, escaped otherwise": {hint + "post_logout_redirect_uri=" + url.QueryEscape(bye+"?bar=foo"), 400, unregistered},
		"a redirect_uri":              {hint + "post_logout_redirect_uri=" + url.QueryEscape(callback), 400, unregistered},
		"a script":                    {hint + "post_logout_redirect_uri=javascript:alert(1)", 400, unregistered},
		"another loopback port":       {hint + "post_logout_redirect_uri=http%3A%2F%2F127.0.0.1%3A99%2Fbye", 400, unregistered},
		"an address twice":            {hint + "post_logout_redirect_uri=" + bye + "&post_logout_redirect_uri=https://evil.example/", 400, "is given more than once."},
		"a hint twice":                {hint + hint + "x=1", 400, "is given more than once."},
		"a broken escape":             {"state=%zz", 400, "The parameters are not well-formed"},
		"bytes that are no text":      {"state=%ff", 400, "A parameter is not text in UTF-8."},
		"more than anybody sends":     {"state=" + strings.Repeat("x", 65<<10), 400, "larger than 64 KiB"},
	} {
		t.Run(name, func(t *testing.T) {
			a := h.send(http.MethodGet, "/oauth2/logout?"+c.query, "")
			if a.status != c.status || a.header.Get("Location") != "" || !strings.Contains(a.body, c.text) {
				t.Errorf("got %d to %q: %s", a.status, a.header.Get("Location"), a.body)
			}
			if strings.Contains(a.body, "evil.example") || strings.Contains(a.body, "alert(1)") {
				t.Error("the page echoes what was sent")
			}
		})
	}
	if len(h.out.asked) != 0 {
		t.Errorf("somebody was signed out: %+v", h.out.asked)
	}
}

// The session cookie does not come with a post from another site, but with the redirect
// behind it.
func TestConformance_N01_PostBecomesGet(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", canSignOut)
	form := url.Values{"id_token_hint": {h.signIn(t, "wiki")["id_token"].(string)}, "post_logout_redirect_uri": {bye}, "state": {"a&b"}}
	a := h.send(http.MethodPost, "/oauth2/logout?state=x", form.Encode())
	to, found := strings.CutPrefix(a.header.Get("Location"), h.issuer)
	if a.status != 303 || !found || a.header.Get("Cache-Control") != "no-store" || len(h.out.asked) != 0 {
		t.Fatalf("%d to %q", a.status, a.header.Get("Location"))
	}
	if twice := h.send(http.MethodGet, to, ""); twice.status != 400 || !strings.Contains(twice.body, "more than once") {
		t.Errorf("state in query and body: %d", twice.status)
	}
	a = h.send(http.MethodPost, "/oauth2/logout", form.Encode())
	to = strings.TrimPrefix(a.header.Get("Location"), h.issuer)
	if got := h.send(http.MethodGet, to, "").header.Get("Location"); got != bye+"?state=a%26b" {
		t.Errorf("sent to %q", got)
	}
	if a := h.send(http.MethodPost, "/oauth2/logout", "--x--", "Content-Type", "multipart/form-data; boundary=x"); a.status != 400 || a.header.Get("Location") != "" {
		t.Errorf("multipart: %d", a.status)
	}
}

func TestLogoutWhileSomethingIsDown(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", canSignOut)
	for err, want := range map[error]string{
		idp.ErrUnavailable:                   "503 A service that is needed for this does not answer.",
		errors.New("internals"):              "500 Something went wrong on our side.",
		idp.Errorf(idp.TooMany, "Too much."): "429 Too much.",
	} {
		h.out.err = err
		a := h.logout(url.Values{"client_id": {"wiki"}})
		status, text, _ := strings.Cut(want, " ")
		if strconv.Itoa(a.status) != status || !strings.Contains(a.body, text) || strings.Contains(a.body, "internals") {
			t.Errorf("%v: %d %s", err, a.status, a.body)
		}
	}
}

// The store is asked for the client: an outage is told, and nobody is asked to sign out
// of what could not be looked at.
func TestLogoutWhileTheStoreIsDown(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.grants.noClients = idp.ErrUnavailable
	a := h.logout(url.Values{"client_id": {"wiki"}})
	if a.status != 503 || len(h.out.asked) != 0 {
		t.Errorf("%d, asked %+v", a.status, h.out.asked)
	}
}

// Without somebody to end sessions there is no endpoint.
func TestNoLogoutWithoutALogin(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.withoutSignOut(t)
	w := &kept{h: http.Header{}}
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	p.Discovery(w, r)
	if strings.Contains(w.body.String(), "end_session_endpoint") {
		t.Error("it is advertised")
	}
	w = &kept{h: http.Header{}}
	p.EndSession(w, r)
	if !strings.Contains(w.body.String(), "There is no such thing here.") {
		t.Errorf("got %s", w.body.String())
	}
}
