package samlidp_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"compress/flate"

	"github.com/beevik/etree"

	"cloudsso/idp"
)

const (
	sloURL     = issuer + "/saml/slo"
	soapURL    = issuer + "/saml/soap/slo"
	spSLO      = "https://wiki.example/slo"
	spSLODone  = "https://wiki.example/slo/done"
	blogEntity = "urn:blog"
	blogSLO    = "https://blog.example/slo?tenant=1"
	email      = "alice@example.org"

	postBinding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
	soapBinding = "urn:oasis:names:tc:SAML:2.0:bindings:SOAP"

	status           = "urn:oasis:names:tc:SAML:2.0:status:"
	success          = status + "Success"
	unknownPrincipal = status + "UnknownPrincipal"
	partialLogout    = status + "PartialLogout"
)

// fakeLogout ends sessions of the store. Other applications are told, unless it is incomplete.
type fakeLogout struct {
	*house
	browser    string // id of the session that the browser has a cookie of
	incomplete bool
	by         []idp.SessionApp
	told       map[string]error
}

func (l *fakeLogout) Current(r *http.Request) (*idp.Session, error) {
	s, err := l.store.Session(r.Context(), l.browser)
	if err != nil {
		return nil, nil
	}
	return &s, nil
}

func (l *fakeLogout) SignOut(w http.ResponseWriter, r *http.Request, sid string, by idp.SessionApp, back string) error {
	s, err := l.store.DeleteSession(r.Context(), l.browser)
	if err != nil || s.SID != sid {
		l.t.Errorf("SignOut of %q: the browser's is %q, %v", sid, s.SID, err)
	}
	l.by = append(l.by, by)
	if back == "" {
		back = "/signed-out?"
	}
	http.Redirect(w, r, issuer+back+"&logout=one", http.StatusSeeOther)
	return nil
}

func (l *fakeLogout) EndSession(ctx context.Context, s idp.Session, by idp.SessionApp) (bool, error) {
	_, err := l.store.DeleteSession(ctx, s.ID)
	l.by = append(l.by, by)
	return !l.incomplete, err
}

func (l *fakeLogout) Ended(_ context.Context, logout string) (bool, error) {
	if logout != "one" {
		return false, idp.ErrNotFound
	}
	return !l.incomplete, nil
}

func (l *fakeLogout) Told(_ context.Context, logout, app string, cause error) error {
	if logout != "one" {
		return idp.ErrNotFound
	}
	l.told[app] = cause
	return nil
}

// ending is a service provider that can be logged out by Redirect and POST.
func ending(sp *idp.ServiceProvider) {
	sp.SLO = []idp.Endpoint{
		{Binding: postBinding, Location: spSLO},
		{Binding: redirectBinding, Location: spSLO, ResponseLocation: spSLODone},
	}
	sp.NameID.Format = "emailAddress"
}

// wiki and blog are two applications in one session of Alice's; the browser has it.
func twoApps(t testing.TB, change ...func(*idp.ServiceProvider)) *house {
	t.Helper()
	h := newHouse(t)
	h.two(change...)
	return h
}

func (h *house) two(change ...func(*idp.ServiceProvider)) {
	h.t.Helper()
	h.register(append([]func(*idp.ServiceProvider){ending, func(sp *idp.ServiceProvider) { sp.SigningCerts = [][]byte{certificate(h.t, "sp").Raw} }}, change...)...)
	h.register(ending, func(sp *idp.ServiceProvider) {
		sp.App, sp.EntityID, sp.Name, sp.ACS = "blog", blogEntity, "Blog", []idp.Endpoint{{Location: "https://blog.example/acs"}}
		sp.SLO = []idp.Endpoint{{Binding: redirectBinding, Location: blogSLO}}
		sp.SigningCerts = [][]byte{certificate(h.t, "other").Raw}
	})
	h.signedIn()
	h.signOn("session", "sid-1", authnRequest(), authnRequest("_request1", "_request2", spEntity+"<", blogEntity+"<", `AssertionConsumerServiceURL="`+spACS+`" `, ""))
	h.logout.browser = "session"
}

// signOn lets applications sign Alice in, and stores the session that they joined.
func (h *house) signOn(id, sid string, requests ...string) {
	h.t.Helper()
	h.login.session.Session, h.login.session.SID, h.login.joined = id, sid, nil
	for _, doc := range requests {
		posted(h.t, h.send(doc))
	}
	must(h.t, h.store.CreateSession(h.t.Context(), idp.Session{
		ID: id, SID: sid, Subject: alice, CreatedAt: h.now(), ExpiresAt: h.now().Add(12 * time.Hour), Apps: h.login.joined,
	}))
}

func (h *house) alive(id string) bool {
	_, err := h.store.Session(h.t.Context(), id)
	return err == nil
}

// logoutRequest is the wiki's good request for Alice's session; pairs of (old, new) change it.
// In place of sid-1 stands then what the sender was told as its SessionIndex.
func logoutRequest(changes ...string) string {
	doc := `<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ` +
		`ID="_logout1" Version="2.0" IssueInstant="2026-11-21T12:00:00Z" Destination="` + sloURL + `">` +
		`<saml:Issuer>` + spEntity + `</saml:Issuer><saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">` + email +
		`</saml:NameID><samlp:SessionIndex>sid-1</samlp:SessionIndex></samlp:LogoutRequest>`
	doc = changed(doc, changes)
	app := "wiki"
	if strings.Contains(doc, "<saml:Issuer>"+blogEntity) {
		app = "blog"
	}
	return indexed.ReplaceAllStringFunc(doc, func(sid string) string { return ">" + index(sid[1:len(sid)-1], app) + "<" })
}

var indexed = regexp.MustCompile(`>sid-[0-9a-z]<`)

// logoutResponse is an application's good answer to the request id.
func logoutResponse(id, from string, changes ...string) string {
	doc := `<samlp:LogoutResponse xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ` +
		`ID="_answer1" Version="2.0" IssueInstant="2026-11-21T12:00:00Z" Destination="` + sloURL + `" InResponseTo="` + id + `">` +
		`<saml:Issuer>` + from + `</saml:Issuer><samlp:Status><samlp:StatusCode Value="` + success + `"/></samlp:Status></samlp:LogoutResponse>`
	return changed(doc, changes)
}

func changed(doc string, changes []string) string {
	for i := 0; i+1 < len(changes); i += 2 {
		if !strings.Contains(doc, changes[i]) {
			panic("nothing to replace: " + changes[i])
		}
		doc = strings.Replace(doc, changes[i], changes[i+1], 1)
	}
	return doc
}

// bySP signs a message for redirect with a key of the fixtures.
func bySP(t testing.TB, key, param, doc, relay string) string {
	t.Helper()
	q := param + "=" + url.QueryEscape(deflated(doc))
	if relay != "" {
		q += "&RelayState=" + url.QueryEscape(relay)
	}
	q += "&SigAlg=" + url.QueryEscape("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256")
	sum := sha256.Sum256([]byte(q))
	sig, err := rsa.SignPKCS1v15(rand.Reader, privateKey(t, key).(*rsa.PrivateKey), crypto.SHA256, sum[:])
	must(t, err)
	return sloURL + "?" + q + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(sig))
}

func (h *house) logoutByRedirect(doc string) *httptest.ResponseRecorder {
	h.t.Helper()
	return h.get(bySP(h.t, "sp", "SAMLRequest", doc, "relay & state"))
}

func (h *house) postSLO(form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, sloURL, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return h.do(r)
}

func (h *house) logoutByPost(doc, key string) *httptest.ResponseRecorder {
	h.t.Helper()
	return h.postSLO(url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString([]byte(text(h.t, enveloped(h.t, doc, key, ""))))}, "RelayState": {"relay & state"}})
}

// soap puts a message into an envelope and sends it.
func (h *house) soap(doc string) *httptest.ResponseRecorder {
	return h.soapBody(`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>` + doc + `</s:Body></s:Envelope>`)
}

func (h *house) soapBody(body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, soapURL, strings.NewReader(body))
	r.Header.Set("Content-Type", "text/xml")
	return h.do(r)
}

// said is a LogoutResponse or LogoutRequest as the standard library reads it.
type said struct {
	XMLName      xml.Name
	ID           string `xml:",attr"`
	InResponseTo string `xml:",attr"`
	Destination  string `xml:",attr"`
	NotOnOrAfter string `xml:",attr"`
	Issuer       string `xml:"urn:oasis:names:tc:SAML:2.0:assertion Issuer"`
	NameID       struct {
		Format          string `xml:",attr"`
		NameQualifier   string `xml:",attr"`
		SPNameQualifier string `xml:",attr"`
		Value           string `xml:",chardata"`
	} `xml:"urn:oasis:names:tc:SAML:2.0:assertion NameID"`
	Indexes []string `xml:"SessionIndex"`
	Status  struct {
		Code struct {
			Value string `xml:",attr"`
			Sub   struct {
				Value string `xml:",attr"`
			} `xml:"StatusCode"`
		} `xml:"StatusCode"`
		Message string `xml:"StatusMessage"`
	} `xml:"Status"`
	relay string
	doc   []byte
}

func read(t testing.TB, doc []byte) *said {
	t.Helper()
	s := &said{doc: doc}
	must(t, xml.Unmarshal(doc, s))
	return s
}

// answered reads what the application gets by redirect, and checks the signature over
// the octets of the query with the standard library.
func answered(t testing.TB, w *httptest.ResponseRecorder, location string) *said {
	t.Helper()
	if w.Code != http.StatusSeeOther {
		t.Fatalf("status %d, want a redirect to the application: %s", w.Code, pageText(w))
	}
	return inRedirect(t, w.Header().Get("Location"), location, "SAMLResponse")
}

func inRedirect(t testing.TB, to, location, param string) *said {
	t.Helper()
	rest, ok := strings.CutPrefix(to, location)
	if !ok {
		t.Fatalf("it leads to %s, want %s", to, location)
	}
	query := rest[1:]
	covered, raw, _ := strings.Cut(query, "&Signature=")
	raw, err := url.QueryUnescape(raw)
	must(t, err)
	sig, err := base64.StdEncoding.DecodeString(raw)
	must(t, err)
	sum := sha256.Sum256([]byte(covered))
	must(t, rsa.VerifyPKCS1v15(certificate(t, "idp").PublicKey.(*rsa.PublicKey), crypto.SHA256, sum[:], sig))
	values, err := url.ParseQuery(query)
	must(t, err)
	if !strings.HasPrefix(query, param+"=") {
		t.Fatalf("the query is %s", query)
	}
	packed, err := base64.StdEncoding.DecodeString(values.Get(param))
	must(t, err)
	doc, err := io.ReadAll(flate.NewReader(strings.NewReader(string(packed))))
	must(t, err)
	s := read(t, doc)
	s.relay = values.Get("RelayState")
	file := filepath.Join(t.TempDir(), "message.xml")
	must(t, os.WriteFile(file, doc, 0o600))
	valid(t, "saml-schema-protocol-2.0.xsd", file)
	if s.Destination != location {
		t.Errorf("Destination = %q, want %q", s.Destination, location)
	}
	return s
}

// judgedLogout has xmlsec1, the schema and goxmldsig judge a message that is signed
// inside, alone or in a SOAP envelope.
func judgedLogout(t testing.TB, doc []byte) *said {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "message.xml")
	must(t, os.WriteFile(file, doc, 0o600))
	tree := etree.NewDocument()
	must(t, tree.ReadFromBytes(doc))
	root := tree.Root()
	if root.Tag == "Envelope" {
		root = root.FindElement("./Body").ChildElements()[0]
	}
	tool(t, "xmlsec1", "xmlsec1", nil, "--verify", "--pubkey-cert-pem", "testdata/idp-cert.pem", "--enabled-key-data", "rsa",
		"--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:protocol:"+root.Tag, file)
	alone := etree.NewDocument()
	alone.SetRoot(root.Copy())
	inner, err := alone.WriteToBytes()
	must(t, err)
	file = filepath.Join(dir, "inner.xml")
	must(t, os.WriteFile(file, inner, 0o600))
	valid(t, "saml-schema-protocol-2.0.xsd", file)
	verifiedByGoxmldsig(t, inner, &result{Signature: &struct{}{}})
	s := read(t, inner)
	s.doc = doc
	return s
}

// answeredByPost reads the auto-post page.
func answeredByPost(t testing.TB, w *httptest.ResponseRecorder, location string) *said {
	t.Helper()
	f := posted(t, w)
	doc, err := base64.StdEncoding.DecodeString(f.Fields.Get("SAMLResponse"))
	must(t, err)
	s := judgedLogout(t, doc)
	s.relay = f.Fields.Get("RelayState")
	if f.Action != location || s.Destination != location {
		t.Errorf("it goes to %q, Destination %q, want %q", f.Action, s.Destination, location)
	}
	return s
}

func (s *said) is(t testing.TB, code, sub string) {
	t.Helper()
	if s.Status.Code.Value != code || s.Status.Code.Sub.Value != sub || s.InResponseTo != "_logout1" || s.Issuer != entityID || s.XMLName.Local != "LogoutResponse" {
		t.Errorf("the answer is %q %q %q to %q by %q, want %q %q", s.Status.Code.Value, s.Status.Code.Sub.Value, s.Status.Message, s.InResponseTo, s.Issuer, code, sub)
	}
}

func equal(t testing.TB, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s = %q, want %q", what, got, want)
	}
}

// refuses checks that the person reads a page of ours.
func (h *house) refuses(w *httptest.ResponseRecorder, code int, want string) {
	h.t.Helper()
	if _, ok := formOf(w); w.Code != code || !strings.Contains(pageText(w), want) || ok {
		h.t.Errorf("status %d, want %d with %q: %s", w.Code, code, want, pageText(w))
	}
}
