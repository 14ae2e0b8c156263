package oauth_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/memory"
	"cloudsso/idp/web"
	"cloudsso/keys"
	"cloudsso/oauth"
)

const (
	callback = "https://rp.example/cb"
	verifier = "a-verifier-that-has-43-characters-or-more-0123"
	anna     = "annaannaannaannaannaannaan"
	bert     = "bertbertbertbertbertbertbe"
)

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// clock stands still until a test moves it.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Now().UTC().Truncate(time.Second)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// house is a provider with everything around it that is not ours.
type house struct {
	*testing.T
	*clock
	issuer string
	store  *memory.Store
	ring   *keys.Ring
	login  *login
	out    *signOuter
	people *people
	events *events
	server *httptest.Server
	grants *watched
	fetch  *fetcher
	marks  *marks

	options func(*oauth.Options) // of a test's own
}

// marks are the store's, and can fail.
type marks struct {
	*memory.Store
	mu  sync.Mutex
	err error
}

func (m *marks) SeenOnce(ctx context.Context, key string, until time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return m.err
	}
	return m.Store.SeenOnce(ctx, key, until)
}

func (m *marks) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

// fetcher answers for the addresses of clients.
type fetcher struct {
	mu    sync.Mutex
	pages map[string]string
	calls int
	err   error
	block chan struct{} // if set, each call waits for it
}

func (f *fetcher) Fetch(_ context.Context, url string, most int64) ([]byte, http.Header, error) {
	f.mu.Lock()
	f.calls++
	block := f.block
	f.mu.Unlock()
	if block != nil {
		<-block
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	page, ok := f.pages[url]
	switch {
	case f.err != nil:
		return nil, nil, f.err
	case !ok || int64(len(page)) > most:
		return nil, nil, idp.Errorf(idp.Invalid, "rp.example answered with status 404; 200 is expected.")
	}
	return []byte(page), nil, nil
}

func (f *fetcher) set(url, page string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.pages == nil {
		f.pages = map[string]string{}
	}
	f.pages[url] = page
}

func (f *fetcher) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

// login signs the given person in, at once or after a visit to /login.
type login struct {
	now     func() time.Time
	answer  idp.Answer
	visit   bool // send the browser to /login first
	mu      sync.Mutex
	asked   idp.Ask // of the last flow
	flows   map[string]idp.Flow
	joined  []idp.SessionApp
	err     error
	joining error
}

func (l *login) Begin(w http.ResponseWriter, r *http.Request, f *idp.Flow) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = f.Ask
	if l.err != nil {
		return false, l.err
	}
	f.ID, f.CreatedAt, f.Answer = idp.NewSecret(), l.now(), l.answer
	if f.Answer.Scopes == nil {
		f.Answer.Scopes = f.Ask.Scopes
	}
	if !l.visit {
		return true, nil
	}
	l.flows[f.ID] = *f
	http.Redirect(w, r, "/login?flow="+f.ID, http.StatusSeeOther)
	return false, nil
}

func (l *login) Resume(_ http.ResponseWriter, r *http.Request, protocol string) (idp.Flow, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, ok := l.flows[r.FormValue("flow")]
	delete(l.flows, r.FormValue("flow"))
	if !ok || f.Protocol != protocol {
		return f, idp.Errorf(idp.Expired, "This sign-in is over.")
	}
	return f, nil
}

func (l *login) Joined(_ context.Context, _ string, app idp.SessionApp) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.joined = append(l.joined, app)
	return l.joining
}

// CheckPassword signs the same person in whatever the password, unless there is an error.
func (l *login) CheckPassword(*http.Request, string, string, string) (idp.Person, error) {
	return idp.Person{Subject: l.answer.Subject}, l.err
}

// Forms of a browser that has no cookies are its own if they have the step in them.
func (l *login) FormToken(_ http.ResponseWriter, _ *http.Request, step string) string {
	return "token of " + step
}

func (l *login) CheckForm(r *http.Request, step string) error {
	if r.PostForm.Get("token") != "token of "+step {
		return idp.Errorf(idp.Invalid, "This form is out of date, or it was not sent from our page.")
	}
	return nil
}

// signOuter notes what it is asked and shows where it would send the browser.
type signOuter struct {
	mu    sync.Mutex
	asked []oauth.SignOut
	err   error
}

func (o *signOuter) SignOut(w http.ResponseWriter, _ *http.Request, s oauth.SignOut) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, s)
	if o.err == nil && s.Sure && s.Return != "" {
		w.Header().Set("Location", s.Return)
		w.WriteHeader(http.StatusSeeOther)
	}
	return o.err
}

type people struct {
	mu   sync.Mutex
	all  map[string]idp.Person
	down error
}

func (p *people) PersonFor(ctx context.Context, subject, _ string) (idp.Person, error) {
	return p.Person(ctx, subject)
}

func (p *people) Person(_ context.Context, subject string) (idp.Person, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down != nil {
		return idp.Person{}, p.down
	}
	person, ok := p.all[subject]
	if !ok {
		return person, idp.ErrNotFound
	}
	return person, nil
}

func (p *people) set(subject string, status idp.Status) {
	p.mu.Lock()
	defer p.mu.Unlock()
	person := p.all[subject]
	person.Status = status
	p.all[subject] = person
}

type events struct {
	mu  sync.Mutex
	all []idp.Event
	err error
}

func (e *events) Record(_ context.Context, event idp.Event) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, event)
	return e.err
}

func (e *events) Complete(_ context.Context, event idp.Event) idp.Event {
	event.ID = idp.NewID()
	return event
}

func (e *events) Logged(_ context.Context, event idp.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, event)
}

func (e *events) names() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var names []string
	for _, event := range e.all {
		names = append(names, event.Name)
	}
	return names
}

// watched counts reads of grants, can fail, and lets something happen just before a
// compare-and-swap.
type watched struct {
	*memory.Store
	mu     sync.Mutex
	reads  int
	fail   error
	before func()
	broken error // of RevokeGrant and CreateGrant

	noClients error
	smuggled  []string // scopes that end up in new grants
}

func (w *watched) Client(ctx context.Context, id string) (idp.Client, error) {
	if w.noClients != nil {
		return idp.Client{}, w.noClients
	}
	return w.Store.Client(ctx, id)
}

func (w *watched) RevokeGrant(ctx context.Context, id, reason string, now time.Time) (bool, error) {
	if w.broken != nil {
		return false, w.broken
	}
	return w.Store.RevokeGrant(ctx, id, reason, now)
}

func (w *watched) CreateGrant(ctx context.Context, g idp.Grant, e idp.Event) error {
	if w.broken != nil {
		return w.broken
	}
	g.Scopes = append(g.Scopes, w.smuggled...)
	return w.Store.CreateGrant(ctx, g, e)
}

func (w *watched) RedeemCode(ctx context.Context, r idp.Redemption, now time.Time) error {
	w.meanwhile()
	return w.Store.RedeemCode(ctx, r, now)
}

func (w *watched) RotateRefresh(ctx context.Context, r idp.Rotation) error {
	w.meanwhile()
	return w.Store.RotateRefresh(ctx, r)
}

func (w *watched) meanwhile() {
	w.mu.Lock()
	before := w.before
	w.before = nil
	w.mu.Unlock()
	if before != nil {
		before()
	}
}

func (w *watched) Grant(ctx context.Context, id string) (idp.Grant, error) {
	if err := w.read(id); err != nil {
		return idp.Grant{}, err
	}
	return w.Store.Grant(ctx, id)
}

func (w *watched) Holding(ctx context.Context, clientID, grantID string) (idp.Holding, error) {
	if err := w.read(grantID); err != nil {
		return idp.Holding{}, err
	}
	if w.noClients != nil && clientID != "" {
		return idp.Holding{}, w.noClients
	}
	return w.Store.Holding(ctx, clientID, grantID)
}

func (w *watched) read(grantID string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if grantID == "" {
		return nil
	}
	w.reads++
	return w.fail
}

// sharedRing makes keys once: RSA takes its time. Tests of two providers make their own.
var sharedRing = sync.OnceValue(func() *keys.Ring {
	return newRing(time.Now)
})

func newRing(now func() time.Time) *keys.Ring {
	kek, err := keys.LoadKEK("", func(name string) string {
		if name == "CLOUDSSO_KEK" {
			return base64.StdEncoding.EncodeToString(make([]byte, 32))
		}
		return ""
	})
	if err != nil {
		panic(err)
	}
	ring, err := keys.Open(context.Background(), memory.New(now), kek, now)
	if err != nil {
		panic(err)
	}
	return ring
}

func newHouse(t *testing.T) *house { t.Helper(); return openHouse(t, sharedRing()) }

// houseWith is a house whose provider has some other options.
func houseWith(t *testing.T, set func(*oauth.Options)) *house {
	t.Helper()
	return openHouse(t, sharedRing(), set)
}

func openHouse(t testing.TB, ring *keys.Ring, set ...func(*oauth.Options)) *house {
	t.Helper()
	c := newClock()
	h := &house{clock: c, store: memory.New(c.now), ring: ring, events: &events{}, fetch: &fetcher{}}
	h.T, _ = t.(*testing.T)
	h.grants, h.marks = &watched{Store: h.store}, &marks{Store: h.store}
	h.options = func(o *oauth.Options) {
		for _, f := range set {
			f(o)
		}
	}
	h.people = &people{all: map[string]idp.Person{
		anna: {Subject: anna, Status: idp.Active, Login: "anna", Groups: []string{"admins"}, Attributes: idp.Attributes{
			"given_name": {"Anna"}, "family_name": {"Arendt"}, "email": {"anna@example.org"}, "email_verified": {true}, "team": {"a", "b"},
		}},
		bert: {Subject: bert, Status: idp.Active, Login: "bert"},
	}}
	h.login = &login{now: c.now, flows: map[string]idp.Flow{}, answer: idp.Answer{
		Outcome: idp.SignedIn, Session: "session", SID: "sid-1", Subject: anna, AuthTime: c.now().Add(-time.Minute), AMR: []string{"pwd"},
	}}
	h.out = &signOuter{}
	mux := http.NewServeMux()
	h.server = httptest.NewServer(mux)
	t.Cleanup(h.server.Close)
	h.issuer = h.server.URL
	p := h.provider(t)
	mux.HandleFunc("/.well-known/openid-configuration", p.Discovery)
	mux.HandleFunc("/.well-known/oauth-authorization-server", p.Discovery)
	mux.HandleFunc("/oauth2/jwks", p.JWKS)
	mux.HandleFunc("/oauth2/authorize", p.Authorize)
	mux.HandleFunc("/oauth2/authorize/continue", p.AuthorizeContinue)
	mux.HandleFunc("/oauth2/par", p.Push)
	mux.HandleFunc("/oauth2/register", p.Register)
	mux.HandleFunc("/oauth2/register/{client_id}", p.RegisteredClient)
	mux.HandleFunc("/oauth2/token", p.Token)
	mux.HandleFunc("/oauth2/userinfo", p.UserInfo)
	mux.HandleFunc("/oauth2/introspect", p.Introspect)
	mux.HandleFunc("/oauth2/revoke", p.Revoke)
	mux.HandleFunc("/oauth2/logout", p.EndSession)
	mux.HandleFunc("/oauth2/device", p.Device)
	mux.HandleFunc("GET /device", p.DevicePage)
	mux.HandleFunc("POST /device", p.DevicePost)
	mux.HandleFunc("/device/continue", p.DeviceContinue)
	mux.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/oauth2/authorize/continue?flow="+r.FormValue("flow"), http.StatusSeeOther)
	})
	return h
}

func (h *house) provider(t testing.TB) *oauth.Provider { t.Helper(); return h.makeProvider(t, h.out) }

// withoutSignOut is a provider whose login ends no sessions.
func (h *house) withoutSignOut(t testing.TB) *oauth.Provider {
	t.Helper()
	return h.makeProvider(t, nil)
}

func (h *house) makeProvider(t testing.TB, out oauth.SignOuter) *oauth.Provider {
	t.Helper()
	pages, err := web.New(web.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := oauth.Options{
		Issuer: h.issuer, Dev: true, Records: h.grants, Flows: h.store, Marks: h.marks, Fetch: h.fetch, Ring: h.ring, Login: h.login,
		SignOuter: out, People: h.people, Pages: pages, Events: h.events, Now: h.now,
	}
	h.options(&o)
	p, err := oauth.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// client registers one; change may differ from the usual first-party web application.
func (h *house) client(id string, change func(*idp.Client)) idp.Client {
	c := idp.Client{ID: id, ClientMetadata: idp.ClientMetadata{
		ClientName: "Wiki", RedirectURIs: []string{callback}, FirstParty: true,
		GrantTypes: []string{"authorization_code", "refresh_token"},
	}, Secrets: []idp.ClientSecret{{Hash: "s256:" + idp.HashSecret(secretOf(id))}}}
	if change != nil {
		change(&c)
	}
	if err := c.Complete(true); err != nil {
		panic(err)
	}
	if err := h.store.CreateClient(context.Background(), c); err != nil {
		panic(err)
	}
	return c
}

func secretOf(id string) string { return "secret-of-" + id }

func public(c *idp.Client) { c.TokenEndpointAuthMethod = "none" }

// change updates a stored client.
func (h *house) change(id string, change func(*idp.Client)) {
	c, err := h.store.Client(context.Background(), id)
	if err != nil {
		panic(err)
	}
	change(&c)
	if err := h.store.UpdateClient(context.Background(), c); err != nil {
		panic(err)
	}
}

func request(clientID string, more ...string) url.Values {
	form := url.Values{
		"client_id": {clientID}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid"},
		"code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"},
		"state": {"a state with 20 chars"}, "nonce": {"n-0S6_WzA2Mj"},
	}
	return with(form, more...)
}

// with sets pairs of names and values; "-" takes the name out.
func with(form url.Values, pairs ...string) url.Values {
	form = maps.Clone(form)
	for i := 0; i < len(pairs); i += 2 {
		if form.Set(pairs[i], pairs[i+1]); pairs[i+1] == "-" {
			form.Del(pairs[i])
		}
	}
	return form
}

// answer is an HTTP answer, read.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) json(t testing.TB) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(a.body), &out); err != nil {
		t.Fatalf("not JSON: %v: %q", err, a.body)
	}
	return out
}

// params of the redirect to the application.
func (a answer) params(t testing.TB) url.Values {
	t.Helper()
	u, err := url.Parse(a.header.Get("Location"))
	if err != nil || a.status != http.StatusSeeOther {
		t.Fatalf("no redirect: %d %q %s", a.status, a.header.Get("Location"), a.body)
	}
	if u.Fragment != "" {
		v, _ := url.ParseQuery(u.EscapedFragment())
		return v
	}
	return u.Query()
}

// send does one request and does not follow redirects.
func (h *house) send(method, path, body string, headers ...string) answer {
	r, err := http.NewRequest(method, h.server.URL+path, strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := h.server.Client().Transport.RoundTrip(r) // its own: closing another server cuts the default's connections
	if err != nil {
		panic(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		panic(err)
	}
	return answer{res.StatusCode, res.Header, string(data)}
}

func (h *house) authorize(form url.Values) answer {
	return h.send(http.MethodGet, "/oauth2/authorize?"+form.Encode(), "")
}

// code walks the usual request through.
func (h *house) code(t testing.TB, clientID string, more ...string) string {
	t.Helper()
	code := h.authorize(request(clientID, more...)).params(t).Get("code")
	if code == "" {
		t.Fatal("no code")
	}
	return code
}

func basic(id string) []string {
	return []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secretOf(id)))}
}

func exchangeForm(code string, more ...string) url.Values {
	return with(url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier},
	}, more...)
}

func (h *house) token(clientID string, form url.Values) answer {
	if form.Get("client_id") != "" {
		return h.send(http.MethodPost, "/oauth2/token", form.Encode())
	}
	return h.send(http.MethodPost, "/oauth2/token", form.Encode(), basic(clientID)...)
}

func (h *house) refresh(clientID, token string, more ...string) answer {
	return h.token(clientID, with(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}, more...))
}

// signIn returns the token response of a whole sign-in.
func (h *house) signIn(t testing.TB, clientID string, more ...string) map[string]any {
	t.Helper()
	a := h.token(clientID, exchangeForm(h.code(t, clientID, more...)))
	if a.status != http.StatusOK {
		t.Fatalf("exchange: %d %s", a.status, a.body)
	}
	return a.json(t)
}

func (h *house) userinfo(token any) answer {
	return h.send(http.MethodGet, "/oauth2/userinfo", "", "Authorization", "Bearer "+token.(string))
}

func claimsOf(t testing.TB, idToken any) map[string]any {
	t.Helper()
	raw, _ := idToken.(string)
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWS: %v", idToken)
	}
	data, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(data, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

// wantError checks a JSON error to the letter.
func wantError(t testing.TB, a answer, status int, name, sentence string) {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	body := a.json(t)
	if body["error"] != name || body["error_description"] != sentence {
		t.Errorf("got %v: %v\nwant %s: %s", body["error"], body["error_description"], name, sentence)
	}
	if len(body) != 2 {
		t.Errorf("more than an error in %s", a.body)
	}
	if a.header.Get("Cache-Control") != "no-store" {
		t.Error("an error may be cached")
	}
}

func (h *house) wantEvent(t testing.TB, name string) {
	t.Helper()
	if !slices.Contains(h.events.names(), name) {
		t.Errorf("no Event %s in %v", name, h.events.names())
	}
}
