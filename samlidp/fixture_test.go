package samlidp_test

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"cloudsso/idp"
	"cloudsso/idp/memory"
	"cloudsso/idp/web"
	"cloudsso/keys"
	"cloudsso/samlidp"
)

const (
	issuer   = "https://idp.example"
	ssoURL   = issuer + "/saml/sso"
	entityID = issuer + "/saml/metadata"
	spEntity = "https://wiki.example/saml"
	spACS    = "https://wiki.example/acs"
	alice    = "alice-subject"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// house is a provider with everything around it.
type house struct {
	t      testing.TB
	mux    *http.ServeMux
	store  *memory.Store
	login  *fakeLogin
	logout *fakeLogout
	people fakePeople
	events *fakeEvents
	saml   *samlidp.Provider
	mu     sync.Mutex
	clock  time.Time
}

func (h *house) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.clock
}

func (h *house) advance(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clock = h.clock.Add(d)
}

func newHouse(t testing.TB, change ...func(*samlidp.Options)) *house {
	t.Helper()
	h := &house{t: t, clock: noon, events: &fakeEvents{}, mux: http.NewServeMux()}
	h.store = memory.New(h.now)
	h.login = &fakeLogin{house: h}
	h.logout = &fakeLogout{house: h, told: map[string]error{}}
	h.people = fakePeople{alice: {
		Subject: alice, Directory: "local", Login: "alice", Status: idp.Active,
		Attributes: idp.Attributes{
			"username": {"alice"}, "email": {"alice@example.org"}, "given_name": {"Alice"},
			"family_name": {"Ånström & Sons"}, "name": {"Alice Ånström"},
		},
	}}
	pages, err := web.New(web.Options{})
	must(t, err)
	o := samlidp.Options{
		Issuer: issuer, Records: h.store, Flows: h.store, Marks: h.store, Ring: newRing(t), MAC: fixedMAC{}, Login: h.login,
		People: h.people, Pages: pages, Events: h.events, Now: h.now,
		Tickets: h.store, Sessions: h.store, Logout: h.logout,
	}
	for _, c := range change {
		c(&o)
	}
	h.saml, err = samlidp.New(o)
	must(t, err)
	h.mux.HandleFunc("/saml/sso", h.saml.SSO)
	h.mux.HandleFunc("GET /saml/sso/continue", h.saml.SSOContinue)
	h.mux.HandleFunc("GET /saml/init", h.saml.InitByName)
	h.mux.HandleFunc("GET /saml/init/{app}", h.saml.Init)
	h.mux.HandleFunc("/saml/slo", h.saml.SLO)
	h.mux.HandleFunc("GET /saml/slo/continue", h.saml.SLOContinue)
	h.mux.HandleFunc("GET /saml/slo/send", h.saml.SLOSend)
	h.mux.HandleFunc("POST /saml/soap/slo", h.saml.SOAPLogout)
	h.mux.HandleFunc("GET /saml/metadata", h.saml.Metadata)
	h.mux.HandleFunc("GET /saml/metadata/{app}", h.saml.AppMetadata)
	return h
}

// register saves a service provider, by default the wiki, completed as the admin API does.
func (h *house) register(change ...func(*idp.ServiceProvider)) idp.ServiceProvider {
	h.t.Helper()
	sp := idp.ServiceProvider{App: "wiki", EntityID: spEntity, Name: "Wiki", ACS: []idp.Endpoint{
		{Location: spACS, Index: 0, IsDefault: true},
		{Location: spACS + "/second", Index: 1},
		{Location: "https://wiki.example/saml/artifact", Index: 2, Binding: "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"},
	}}
	for _, c := range change {
		c(&sp)
	}
	must(h.t, samlidp.CompleteServiceProvider(&sp, false))
	must(h.t, h.store.CreateServiceProvider(h.t.Context(), sp))
	return sp
}

// signedIn puts a session into the browser: sign-ins go through at once.
func (h *house) signedIn() {
	h.login.session = &idp.Answer{Outcome: idp.SignedIn, Session: "session", SID: "sid-1", Subject: alice, AuthTime: noon.Add(-10 * time.Minute), AMR: []string{"pwd"}}
}

func (h *house) do(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.mux.ServeHTTP(w, r)
	return w
}

func (h *house) get(target string) *httptest.ResponseRecorder {
	return h.do(httptest.NewRequest(http.MethodGet, target, nil))
}

func (h *house) post(form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, ssoURL, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return h.do(r)
}

// follow goes where a 303 points.
func (h *house) follow(w *httptest.ResponseRecorder) *httptest.ResponseRecorder {
	h.t.Helper()
	if w.Code != http.StatusSeeOther {
		h.t.Fatalf("status %d, want 303: %s", w.Code, pageText(w))
	}
	return h.get(w.Header().Get("Location"))
}

// send sends a request by redirect.
func (h *house) send(doc string) *httptest.ResponseRecorder { return h.get(redirect(doc)) }

func redirect(doc string) string {
	return ssoURL + "?SAMLRequest=" + url.QueryEscape(deflated(doc))
}

func deflated(doc string) string {
	var b bytes.Buffer
	f, _ := flate.NewWriter(&b, flate.BestCompression)
	_, _ = f.Write([]byte(doc))
	_ = f.Close()
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

// signedRedirect signs the octets of the query with nothing of ours.
func signedRedirect(t testing.TB, doc, relay string) string {
	t.Helper()
	return signedQuery(t, doc, relay, "sp", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", crypto.SHA256)
}

func signedRedirectWith(t testing.TB, doc, key, alg string, hash crypto.Hash) string {
	t.Helper()
	return signedQuery(t, doc, "", key, alg, hash)
}

func signedQuery(t testing.TB, doc, relay, key, alg string, hash crypto.Hash) string {
	t.Helper()
	q := "SAMLRequest=" + url.QueryEscape(deflated(doc))
	if relay != "" {
		q += "&RelayState=" + url.QueryEscape(relay)
	}
	return ssoURL + "?" + signedBy(t, q, key, alg, hash)
}

// signedOctets signs a query as it stands.
func signedOctets(t testing.TB, q string) string {
	t.Helper()
	return signedBy(t, q, "sp", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", crypto.SHA256)
}

func signedBy(t testing.TB, q, key, alg string, hash crypto.Hash) string {
	t.Helper()
	q += "&SigAlg=" + url.QueryEscape(alg)
	sum := hash.New()
	sum.Write([]byte(q))
	sig, err := privateKey(t, key).Sign(rand.Reader, sum.Sum(nil), hash)
	must(t, err)
	return q + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(sig))
}

// authnRequest is a good request; pairs of (old, new) change it.
func authnRequest(changes ...string) string {
	doc := `<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ` +
		`ID="_request1" Version="2.0" IssueInstant="2026-11-21T12:00:00Z" Destination="` + ssoURL + `" ` +
		`AssertionConsumerServiceURL="` + spACS + `" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST">` +
		`<saml:Issuer>` + spEntity + `</saml:Issuer></samlp:AuthnRequest>`
	for i := 0; i+1 < len(changes); i += 2 {
		if !strings.Contains(doc, changes[i]) {
			panic("authnRequest: nothing to replace: " + changes[i])
		}
		doc = strings.Replace(doc, changes[i], changes[i+1], 1)
	}
	return doc
}

// with puts content behind the Issuer.
func with(content string) string { return authnRequest("</saml:Issuer>", "</saml:Issuer>"+content) }

// attrs adds attributes to the root.
func attrs(s string) string { return authnRequest(" ID=", " "+s+" ID=") }

// form is what the auto-post page would send.
type form struct {
	Action string
	Fields url.Values
}

// posted reads the auto-post page.
func posted(t testing.TB, w *httptest.ResponseRecorder) form {
	t.Helper()
	if w.Code != http.StatusOK {
		t.Fatalf("status %d, want the auto-post page: %s", w.Code, pageText(w))
	}
	f, ok := formOf(w)
	if !ok {
		t.Fatalf("no form on the page: %s", pageText(w))
	}
	return f
}

func formOf(w *httptest.ResponseRecorder) (form, bool) {
	f, found := form{Fields: url.Values{}}, false
	z := html.NewTokenizer(bytes.NewReader(w.Body.Bytes()))
	for tt := z.Next(); tt != html.ErrorToken; tt = z.Next() {
		tok := z.Token()
		if tt == html.EndTagToken {
			continue
		}
		switch tok.Data {
		case "form":
			f.Action, found = attr(tok, "action"), true
		case "input":
			f.Fields.Add(attr(tok, "name"), attr(tok, "value"))
		}
	}
	return f, found
}

func attr(tok html.Token, name string) string {
	for _, a := range tok.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// pageText is what a person reads.
func pageText(w *httptest.ResponseRecorder) string {
	var b strings.Builder
	z := html.NewTokenizer(bytes.NewReader(w.Body.Bytes()))
	for tt := z.Next(); tt != html.ErrorToken; tt = z.Next() {
		if tt == html.TextToken {
			b.WriteString(z.Token().Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// fixedMAC has no secret, so that messages can be golden.
type fixedMAC struct{}

func (fixedMAC) Sum(parts ...[]byte) []byte {
	sum := sha256.Sum256(bytes.Join(parts, []byte(" at ")))
	return sum[:]
}

// index is the SessionIndex of a session at an application.
func index(sid, app string) string {
	return base64.RawURLEncoding.EncodeToString(fixedMAC{}.Sum([]byte(sid), []byte(app))[:16])
}

// fakeRing has one key for ever, so that signatures can be golden.
type fakeRing struct{ key, ec keys.SAMLKey }

func newRing(t testing.TB) fakeRing {
	return fakeRing{
		key: keys.SAMLKey{Signer: privateKey(t, "idp"), Certificate: certificate(t, "idp")},
		ec:  keys.SAMLKey{Signer: privateKey(t, "idp-ec"), Certificate: certificate(t, "idp-ec")},
	}
}

func (r fakeRing) SAMLKey() keys.SAMLKey { return r.key }

func (r fakeRing) SAMLKeyOf(_ context.Context, _ keys.Recorder, app keys.SAMLApp) (keys.SAMLKey, error) {
	if app.Alg == keys.ES256 {
		return r.ec, nil
	}
	return r.key, nil
}

func (r fakeRing) SAMLCertificatesOf(app keys.SAMLApp) []*x509.Certificate {
	if app.Alg == keys.ES256 {
		return []*x509.Certificate{r.ec.Certificate}
	}
	return []*x509.Certificate{r.key.Certificate}
}

func (r fakeRing) SAMLDecrypters() []crypto.Decrypter {
	return []crypto.Decrypter{r.key.Signer.(crypto.Decrypter)}
}

func (r fakeRing) SAMLCertificates() []*x509.Certificate {
	return []*x509.Certificate{r.key.Certificate, r.ec.Certificate}
}

func pemBlock(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name + ".pem")
	must(t, err)
	block, _ := pem.Decode(b)
	return block.Bytes
}

func privateKey(t testing.TB, name string) crypto.Signer {
	t.Helper()
	key, err := x509.ParsePKCS8PrivateKey(pemBlock(t, name+"-key"))
	must(t, err)
	return key.(crypto.Signer)
}

func certificate(t testing.TB, name string) *x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(pemBlock(t, name+"-cert"))
	must(t, err)
	return c
}

// forgetful lets every request in again and again.
type forgetful struct{}

func (forgetful) SeenOnce(context.Context, string, time.Time) error { return nil }

// fakeLogin is a login with at most one session; without one it stores the flow and asks.
type fakeLogin struct {
	*house
	session *idp.Answer
	asked   []idp.Ask
	joined  []idp.SessionApp
	joinErr error
	lock    sync.Mutex
}

func (l *fakeLogin) Begin(w http.ResponseWriter, r *http.Request, f *idp.Flow) (bool, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.asked = append(l.asked, f.Ask)
	f.CreatedAt = l.now()
	switch {
	case l.session != nil && !f.Ask.Login:
		f.Answer = *l.session
		return true, nil
	case f.Ask.Passive:
		f.Answer.Outcome = idp.LoginRequired
		return true, nil
	}
	f.ID, f.ExpiresAt = idp.NewSecret(), l.now().Add(idp.FlowTTL)
	if err := l.store.CreateFlow(r.Context(), *f); err != nil {
		return false, err
	}
	http.Redirect(w, r, issuer+"/login?flow="+f.ID, http.StatusSeeOther)
	return false, nil
}

// settle lets the person be through and returns the address of the next step.
func (l *fakeLogin) settle(w *httptest.ResponseRecorder, a idp.Answer) string {
	l.t.Helper()
	u, err := url.Parse(w.Header().Get("Location"))
	must(l.t, err)
	if w.Code != http.StatusSeeOther || u.Path != "/login" {
		l.t.Fatalf("status %d to %q, want 303 to /login: %s", w.Code, u, pageText(w))
	}
	f, err := l.store.Flow(l.t.Context(), u.Query().Get("flow"))
	must(l.t, err)
	f.Answer = a
	must(l.t, l.store.UpdateFlow(l.t.Context(), f))
	return issuer + f.Return + "?flow=" + f.ID
}

func (l *fakeLogin) Resume(_ http.ResponseWriter, r *http.Request, protocol string) (idp.Flow, error) {
	f, err := l.store.TakeFlow(r.Context(), r.URL.Query().Get("flow"))
	if err != nil || f.Protocol != protocol {
		return f, idp.Errorf(idp.Expired, "This sign-in is over.").Because(err)
	}
	return f, nil
}

func (l *fakeLogin) Joined(_ context.Context, _ string, app idp.SessionApp) error {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.joined = append(l.joined, app)
	return l.joinErr
}

type fakePeople map[string]idp.Person

func (p fakePeople) PersonFor(ctx context.Context, subject, _ string) (idp.Person, error) {
	return p.Person(ctx, subject)
}

func (p fakePeople) Person(_ context.Context, subject string) (idp.Person, error) {
	person, ok := p[subject]
	switch {
	case !ok:
		return person, idp.ErrNotFound
	case person.Status == "down":
		return person, idp.ErrUnavailable
	}
	return person, nil
}

type fakeEvents struct {
	mu   sync.Mutex
	all  []idp.Event
	full bool
}

func (e *fakeEvents) Record(_ context.Context, ev idp.Event) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.full {
		return errors.New("disk full")
	}
	e.all = append(e.all, ev)
	return nil
}

func (e *fakeEvents) last() idp.Event {
	if len(e.all) == 0 {
		return idp.Event{}
	}
	return e.all[len(e.all)-1]
}

func (e *fakeEvents) issued() (n int) {
	for _, ev := range e.all {
		if ev.Name == idp.EventSAMLIssued {
			n++
		}
	}
	return n
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
