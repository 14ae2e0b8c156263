package server_test

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"html"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"
	"github.com/crewjam/saml/samlsp"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/idptest"
)

const (
	sloRedirect = saml.HTTPRedirectBinding
	sloPost     = saml.HTTPPostBinding
	sloSOAP     = saml.SOAPBinding
)

var spKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// leaver is a service provider with single logout, on crewjam's library. Its session is
// one assertion.
type leaver struct {
	t       *testing.T
	s       *idptest.Server
	sp      saml.ServiceProvider
	front   *httptest.Server
	app     string
	binding string

	mu     sync.Mutex
	nameID *saml.NameID // of the session; nil: nobody is signed in
	index  string
	mute   bool // it ends its session and does not answer
}

func newLeaver(t *testing.T, s *idptest.Server, app, binding string) *leaver {
	t.Helper()
	l := &leaver{t: t, s: s, app: app, binding: binding}
	mux := http.NewServeMux()
	l.front = httptest.NewServer(mux)
	t.Cleanup(l.front.Close)
	at, err := url.Parse(s.Issuer + "/saml/metadata")
	if err != nil {
		t.Fatal(err)
	}
	metadata, err := samlsp.FetchMetadata(t.Context(), http.DefaultClient, *at)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: app}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, spKey().Public(), spKey())
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	address := func(path string) url.URL {
		u, err := url.Parse(l.front.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		return *u
	}
	l.sp = saml.ServiceProvider{
		EntityID: "urn:" + app, Key: spKey(), Certificate: cert, MetadataURL: address("/metadata"), AcsURL: address("/acs"), SloURL: address("/slo"),
		IDPMetadata: metadata, AllowIDPInitiated: true, SignatureMethod: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
		AuthnNameIDFormat: saml.PersistentNameIDFormat,
	}
	mux.HandleFunc("POST /acs", l.signIn)
	mux.HandleFunc("GET /leave", l.leave)
	mux.HandleFunc("/slo", l.slo)
	mux.HandleFunc("POST /soap", l.soap)
	location := l.front.URL + "/slo"
	if binding == sloSOAP {
		location = l.front.URL + "/soap"
	}
	document := `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="urn:` + app + `"><SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` +
		`<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>` + base64.StdEncoding.EncodeToString(der) + `</X509Certificate></X509Data></KeyInfo></KeyDescriptor>` +
		`<SingleLogoutService Binding="` + binding + `" Location="` + location + `"/><AssertionConsumerService index="0" Binding="` + sloPost + `" Location="` + l.front.URL + `/acs"/></SPSSODescriptor></EntityDescriptor>`
	in := api.NewServiceProvider{App: app, MetadataXML: document}
	in.Name, in.AllowIDPInitiated, in.NameID.Format = app, true, "persistent"
	if _, err := s.Owner.ImportServiceProvider(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	return l
}

// join signs the browser in at the application.
func (l *leaver) join(b *idptest.Browser) {
	l.t.Helper()
	page := b.Open(l.s.Issuer + "/saml/init/" + l.app)
	if page.Has("login-submit") {
		page = signIn(page, "ada", password)
	}
	arrived(l.t, page.Form(0).Submit(""), "in")
}

func (l *leaver) signedIn() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.nameID != nil
}

func (l *leaver) signIn(w http.ResponseWriter, r *http.Request) {
	r.ParseForm()
	assertion, err := l.sp.ParseResponse(r, nil)
	if err != nil {
		http.Error(w, err.(*saml.InvalidResponseError).PrivateErr.Error(), http.StatusForbidden)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.nameID, l.index = assertion.Subject.NameID, assertion.AuthnStatements[0].SessionIndex
	fmt.Fprint(w, "<p id=arrived>in</p>")
}

// request is a signed LogoutRequest for the session.
func (l *leaver) request(destination string) *saml.LogoutRequest {
	l.mu.Lock()
	defer l.mu.Unlock()
	m, err := l.sp.MakeLogoutRequest(destination, l.nameID.Value)
	if err != nil {
		l.t.Error(err)
	}
	return m
}

func (l *leaver) leave(w http.ResponseWriter, r *http.Request) {
	if l.binding == sloRedirect {
		m := l.request(l.s.Issuer + "/saml/slo")
		m.Signature = nil
		http.Redirect(w, r, l.byRedirect("SAMLRequest", m.Element()), http.StatusFound)
		return
	}
	w.Write(l.request(l.s.Issuer + "/saml/slo").Post("back"))
}

// byRedirect signs the query, as crewjam's library does not.
func (l *leaver) byRedirect(param string, el *etree.Element) string {
	var packed bytes.Buffer
	f, _ := flate.NewWriter(&packed, flate.BestCompression)
	doc := etree.NewDocument()
	doc.SetRoot(el)
	doc.WriteTo(f)
	f.Close()
	q := param + "=" + url.QueryEscape(base64.StdEncoding.EncodeToString(packed.Bytes())) + "&RelayState=back&SigAlg=" + url.QueryEscape(l.sp.SignatureMethod)
	sum := sha256.Sum256([]byte(q))
	sig, err := rsa.SignPKCS1v15(rand.Reader, spKey(), crypto.SHA256, sum[:])
	if err != nil {
		l.t.Error(err)
	}
	return l.s.Issuer + "/saml/slo?" + q + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(sig))
}

// slo takes the provider's answer, or its request.
func (l *leaver) slo(w http.ResponseWriter, r *http.Request) {
	r.ParseForm()
	if r.Form.Has("SAMLResponse") {
		l.hear(w, r)
		return
	}
	m := l.ended(l.decoded(r.Form.Get("SAMLRequest"), r.Method == http.MethodGet))
	if l.mute {
		return
	}
	answer, err := l.sp.MakeLogoutResponse(l.s.Issuer+"/saml/slo", m.ID)
	switch {
	case err != nil:
		l.t.Error(err)
	case l.binding == sloRedirect:
		answer.Signature = nil
		http.Redirect(w, r, l.byRedirect("SAMLResponse", answer.Element()), http.StatusFound)
	default:
		w.Write(answer.Post(""))
	}
}

func (l *leaver) decoded(message string, deflated bool) []byte {
	doc, err := base64.StdEncoding.DecodeString(message)
	if err == nil && deflated {
		doc, err = io.ReadAll(flate.NewReader(bytes.NewReader(doc)))
	}
	if err != nil {
		l.t.Error(err)
	}
	return doc
}

// ended ends the session that a request names.
func (l *leaver) ended(doc []byte) *saml.LogoutRequest {
	m := &saml.LogoutRequest{}
	if err := xml.Unmarshal(doc, m); err != nil {
		l.t.Error(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.nameID == nil || *l.nameID != *m.NameID || m.SessionIndex == nil || m.SessionIndex.Value != l.index {
		l.t.Errorf("%s is asked to end %+v, and has %+v", l.app, m.NameID, l.nameID)
	}
	l.nameID = nil
	return m
}

// hear believes the provider's answer by its own library, and shows what it says.
func (l *leaver) hear(w http.ResponseWriter, r *http.Request) {
	doc := l.decoded(r.Form.Get("SAMLResponse"), r.Method == http.MethodGet)
	if r.Method == http.MethodPost {
		if err := l.sp.ValidateLogoutResponseForm(r.PostForm.Get("SAMLResponse")); err != nil {
			http.Error(w, err.(*saml.InvalidResponseError).PrivateErr.Error(), http.StatusForbidden)
			return
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.nameID = nil
	fmt.Fprintf(w, "<p id=arrived>%s</p>", strings.Join(codes(l.t, doc), " "))
	fmt.Fprintf(w, "<p id=relay>%s</p>", html.EscapeString(r.Form.Get("RelayState")))
}

// codes are the status codes of a LogoutResponse, short.
func codes(t *testing.T, doc []byte) (list []string) {
	t.Helper()
	m := &saml.LogoutResponse{}
	if err := xml.Unmarshal(doc, m); err != nil {
		t.Errorf("%v: %s", err, doc)
	}
	for c := &m.Status.StatusCode; c != nil; c = c.StatusCode {
		list = append(list, strings.TrimPrefix(c.Value, "urn:oasis:names:tc:SAML:2.0:status:"))
	}
	return list
}

const (
	envelopeStart = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>`
	envelopeEnd   = `</s:Body></s:Envelope>`
)

func (l *leaver) soap(w http.ResponseWriter, r *http.Request) {
	envelope := etree.NewDocument()
	if _, err := envelope.ReadFrom(r.Body); err != nil {
		l.t.Error(err)
	}
	inner := etree.NewDocument()
	inner.SetRoot(envelope.FindElement("./Envelope/Body/LogoutRequest").Copy())
	doc, err := inner.WriteToBytes()
	if err != nil {
		l.t.Error(err)
	}
	answer, err := l.sp.MakeLogoutResponse("", l.ended(doc).ID)
	if err != nil {
		l.t.Error(err)
	}
	out := etree.NewDocument()
	out.SetRoot(answer.Element())
	text, err := out.WriteToString()
	if err != nil {
		l.t.Error(err)
	}
	w.Header().Set("Content-Type", "text/xml")
	fmt.Fprint(w, envelopeStart, text, envelopeEnd)
}

// leaveBySOAP asks the provider from server to server and returns its status codes.
func (l *leaver) leaveBySOAP() []string {
	l.t.Helper()
	out := etree.NewDocument()
	out.SetRoot(l.request(l.s.Issuer + "/saml/soap/slo").Element())
	text, err := out.WriteToString()
	if err != nil {
		l.t.Fatal(err)
	}
	resp, err := http.Post(l.s.Issuer+"/saml/soap/slo", "text/xml", strings.NewReader(envelopeStart+text+envelopeEnd))
	if err != nil {
		l.t.Fatal(err)
	}
	defer resp.Body.Close()
	envelope := etree.NewDocument()
	if _, err := envelope.ReadFrom(resp.Body); err != nil {
		l.t.Fatal(err)
	}
	answer := envelope.FindElement("./Envelope/Body/LogoutResponse")
	if answer == nil {
		all, _ := envelope.WriteToString()
		l.t.Fatalf("status %d: %s", resp.StatusCode, all)
	}
	inner := etree.NewDocument()
	inner.SetRoot(answer.Copy())
	doc, err := inner.WriteToBytes()
	if err != nil {
		l.t.Fatal(err)
	}
	return codes(l.t, doc)
}

var frameSource = regexp.MustCompile(`<iframe [^>]*src="([^"]*)"`)

// frames opens the frames of a page as a browser does that holds all cookies back in
// them, and returns what stands in each at the end.
func frames(t *testing.T, page *idptest.Page) []*idptest.Page {
	t.Helper()
	var shown []*idptest.Page
	for _, m := range frameSource.FindAllStringSubmatch(page.Body, -1) {
		frame := idptest.NewBrowser(t)
		frame.NoCookies = true
		p := frame.Open(html.UnescapeString(m[1]))
		for strings.Contains(p.Body, "<form") { // pages that send themselves
			p = p.Form(0).Submit("")
		}
		shown = append(shown, p)
	}
	return shown
}

// household is Ada, signed in at one application of each binding by one browser.
func household(t *testing.T) (s *idptest.Server, b *idptest.Browser, post, redirect, soap *leaver) {
	t.Helper()
	s = idptest.New(t, idptest.Options{})
	s.AddUser(t, ada)
	b = idptest.NewBrowser(t)
	post, redirect, soap = newLeaver(t, s, "poster", sloPost), newLeaver(t, s, "redirector", sloRedirect), newLeaver(t, s, "soaper", sloSOAP)
	for _, l := range []*leaver{post, redirect, soap} {
		l.join(b)
	}
	return s, b, post, redirect, soap
}

func signedOut(t *testing.T, apps ...*leaver) {
	t.Helper()
	for _, l := range apps {
		if l.signedIn() {
			t.Errorf("%s still has its session", l.app)
		}
	}
}

func asksForPassword(t *testing.T, s *idptest.Server, b *idptest.Browser) {
	t.Helper()
	if page := b.Open(s.Issuer + "/saml/init/poster"); !page.Has("login-submit") {
		t.Errorf("the session lives: the browser is at %s", page.URL)
	}
}

// One application signs out; the others hear of it by three different ways, and it gets an honest answer.
func TestSAMLApplicationSignsOutEverywhere(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		byRedirect  bool // the redirecting application asks, not the posting one
		mute        bool // the other one does not answer
		lazy        bool // its frame is not even opened
		want, relay string
	}{
		{"by POST", false, false, false, "Success", "back"},
		{"by redirect", true, false, false, "Success", "back"},
		{"and another one does not answer", false, true, false, "Success PartialLogout", "back"},
		{"and another one is not reached", false, false, true, "Success PartialLogout", "back"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, b, asks, other, soap := household(t)
			if c.byRedirect {
				asks, other = other, asks
			}
			other.mute = c.mute
			page := b.Open(asks.front.URL + "/leave")
			if !c.byRedirect {
				page = page.Form(0).Submit("")
			}
			signedOut(t, soap) // by now: nobody had to look at a page for that
			if !c.lazy {
				shown := frames(t, page)
				signedOut(t, other)
				if len(shown) != 1 || !c.mute && !shown[0].Has("told") {
					t.Errorf("%d frames, the last at %s: %s", len(shown), shown[0].URL, shown[0].Text())
				}
			}
			page = page.Click("logout-continue")
			if strings.Contains(page.Body, `id="autopost"`) {
				page = page.Form(0).Submit("")
			}
			arrived(t, page, c.want)
			if page.TextOf("relay") != c.relay {
				t.Errorf("RelayState %q", page.TextOf("relay"))
			}
			asksForPassword(t, s, b)
		})
	}
}

// The person signs out here; every application is told.
func TestSigningOutReachesSAMLApplications(t *testing.T) {
	t.Parallel()
	s, b, post, redirect, soap := household(t)
	page := b.Open(s.Issuer + "/logout").FormWith("token").Submit("logout-confirm")
	if shown := frames(t, page); len(shown) != 2 || !shown[0].Has("told") || !shown[1].Has("told") {
		t.Fatalf("%d frames: %s", len(shown), page.Body)
	}
	signedOut(t, post, redirect, soap)
	policy := page.Header.Get("Content-Security-Policy")
	for _, l := range []*leaver{post, redirect} {
		if !strings.Contains(policy, l.front.URL) {
			t.Errorf("the browser may not show %s in a frame: %s", l.front.URL, policy)
		}
	}
	if page = page.Click("logout-continue"); !strings.Contains(page.Text(), "signed out") {
		t.Errorf("the browser is at %s: %s", page.URL, page.Text())
	}
	asksForPassword(t, s, b)
}

// From server to server there is no browser: the applications that need one are not told, and the answer says so.
func TestSAMLApplicationSignsOutBySOAP(t *testing.T) {
	t.Parallel()
	s, b, post, redirect, soap := household(t)
	if got := soap.leaveBySOAP(); !slices.Equal(got, []string{"Success", "PartialLogout"}) {
		t.Errorf("status %q", got)
	}
	if !post.signedIn() || !redirect.signedIn() {
		t.Error("an application was told without a browser")
	}
	asksForPassword(t, s, b)
	t.Run("nobody else is there", func(t *testing.T) {
		s := idptest.New(t, idptest.Options{})
		s.AddUser(t, ada)
		alone, b := newLeaver(t, s, "poster", sloSOAP), idptest.NewBrowser(t)
		alone.join(b)
		if got := alone.leaveBySOAP(); !slices.Equal(got, []string{"Success"}) {
			t.Errorf("status %q", got)
		}
		asksForPassword(t, s, b)
	})
	t.Run("it names nobody that it knows", func(t *testing.T) {
		stranger := newLeaver(t, s, "stranger", sloSOAP)
		stranger.nameID = &saml.NameID{Value: redirect.nameID.Value}
		if got := stranger.leaveBySOAP(); !slices.Equal(got, []string{"Requester", "UnknownPrincipal"}) {
			t.Errorf("status %q", got)
		}
	})
}

// An administrator ends a session: SOAP reaches whom it can.
func TestAdminEndsASessionOfSAMLApplications(t *testing.T) {
	t.Parallel()
	s, b, _, _, soap := household(t)
	users, err := s.Owner.Users(t.Context(), api.Paging{})
	if err != nil || len(users.Items) != 1 {
		t.Fatalf("%d users, %v", len(users.Items), err)
	}
	sessions, err := s.Flows.SessionsOf(t.Context(), subjectOf(t, s))
	if err != nil || len(sessions) != 1 {
		t.Fatalf("%d sessions, %v", len(sessions), err)
	}
	if len(sessions[0].Apps) != 3 || sessions[0].Apps[0].SPNameQualifier != "urn:poster" || sessions[0].Apps[0].NameQualifier != s.Issuer+"/saml/metadata" {
		t.Errorf("apps %+v", sessions[0].Apps)
	}
	if err := s.Owner.DeleteSession(t.Context(), users.Items[0].ID, sessions[0].SID); err != nil {
		t.Fatal(err)
	}
	signedOut(t, soap)
	asksForPassword(t, s, b)
}

func subjectOf(t *testing.T, s *idptest.Server) string {
	t.Helper()
	events, err := s.Records.Events(t.Context(), idp.EventFilter{Name: idp.EventLoginSuccess}, idp.Page{Limit: 1})
	if err != nil || len(events) != 1 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	return events[0].Subject
}
