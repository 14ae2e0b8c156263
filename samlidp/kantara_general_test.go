package samlidp_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"cloudsso/idp"
	"cloudsso/idp/web"
	"cloudsso/samlidp"
)

// Requirements of Kantara's profiles; the table is in kantara.go. Clocks may differ by three
// minutes, in whatever direction and message.
func TestIIP_G01_SDP_G01_ClocksMayDiffer(t *testing.T) {
	t.Parallel()
	type test func(*testing.T, bool)
	signIn := func(instant string) test {
		return func(t *testing.T, ok bool) {
			h := newHouse(t)
			h.register()
			h.signedIn()
			if w := h.send(authnRequest("12:00:00Z", instant)); (w.Code == http.StatusOK) != ok {
				t.Errorf("status %d", w.Code)
			}
		}
	}
	signOut := func(changes ...string) test {
		return func(t *testing.T, ok bool) {
			h := twoApps(t)
			h.logoutByRedirect(logoutRequest(changes...))
			if h.alive("session") == ok {
				t.Errorf("the session lives: %v", !ok)
			}
		}
	}
	metadata := func(until string) test {
		return func(t *testing.T, ok bool) {
			_, _, err := samlidp.ServiceProvider([]byte(wikiMetadata("", "", `validUntil="`+until+`"`)), noon)
			if (err == nil) != ok {
				t.Error(err)
			}
		}
	}
	inUse := func(until time.Time) test {
		return func(t *testing.T, ok bool) {
			h := newHouse(t)
			h.register(func(sp *idp.ServiceProvider) {
				sp.Source = &idp.MetadataSource{URL: "https://wiki.example/md", SignerPins: []string{"pin"}, ValidUntil: until}
			})
			h.signedIn()
			if w := h.send(authnRequest()); (w.Code == http.StatusOK) != ok {
				t.Errorf("status %d: %s", w.Code, pageText(w))
			}
		}
	}
	for name, c := range map[string]struct{ within, beyond test }{
		"IssueInstant of an AuthnRequest":  {signIn("12:03:00Z"), signIn("12:03:01Z")},
		"IssueInstant of a LogoutRequest":  {signOut("12:00:00Z", "12:03:00Z"), signOut("12:00:00Z", "12:03:01Z")},
		"NotOnOrAfter of a LogoutRequest":  {signOut(" ID=", ` NotOnOrAfter="2026-11-21T11:57:01Z" ID=`), signOut(" ID=", ` NotOnOrAfter="2026-11-21T11:57:00Z" ID=`)},
		"validUntil of metadata":           {metadata("2026-11-21T11:57:01Z"), metadata("2026-11-21T11:57:00Z")},
		"validUntil of what is used since": {inUse(noon.Add(-3*time.Minute + time.Second)), inUse(noon.Add(-3 * time.Minute))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.within(t, true)
			c.beyond(t, false)
		})
	}
}

// 256 characters of any kind arrive and leave whole.
func TestIIP_G02_StringsOf256Characters(t *testing.T) {
	t.Parallel()
	long, id, attribute := strings.Repeat("é𝄞", 128), "_"+strings.Repeat("a", 255), strings.Repeat("n", 256)
	if utf8.RuneCountInString(long) != 256 {
		t.Fatal("not 256")
	}
	h := newHouse(t)
	h.register(ending, func(sp *idp.ServiceProvider) {
		sp.NameID, sp.SigningCerts = idp.NameIDCfg{Format: "unspecified", From: "long"}, [][]byte{certificate(t, "sp").Raw}
		sp.Attributes = []idp.Mapping{{Name: attribute, From: "long"}}
	})
	h.people[alice].Attributes["long"] = []any{long}
	h.signedIn()
	h.signOn("session", "sid-1")
	r := response(t, h.send(authnRequest("_request1", id, " ID=", ` ProviderName="`+long+`" ID=`)))
	if *r.InResponseTo != id || r.Assertion.Subject.NameID.Value != long {
		t.Errorf("InResponseTo %q, NameID %q", *r.InResponseTo, r.Assertion.Subject.NameID.Value)
	}
	if row := r.Assertion.Statements[0].Attributes[0]; row.Name != attribute || row.Values[0].Text != long {
		t.Errorf("attribute %+v", row)
	}
	s := h.stored("session")
	s.Apps = h.login.joined
	must(t, h.store.UpdateSession(t.Context(), s))
	h.logoutByRedirect(logoutRequest(email, long, "1.1:nameid-format:emailAddress", "1.1:nameid-format:unspecified",
		"<samlp:SessionIndex>", "<samlp:SessionIndex>"+long+"</samlp:SessionIndex><samlp:SessionIndex>", " ID=", ` Reason="`+long+`" ID=`))
	if h.alive("session") {
		t.Error("the session outlives a logout that names it in long words")
	}
}

// No DTD comes in, wherever, and none goes out.
func TestIIP_G03_SDP_G03_NoDTD(t *testing.T) {
	t.Parallel()
	const dtd = `<!DOCTYPE x SYSTEM "x">`
	h := twoApps(t)
	request := base64.StdEncoding.EncodeToString([]byte(dtd + authnRequest("_request1", "_dtd")))
	h.refuses(h.send(dtd+authnRequest("_request1", "_dtd")), http.StatusBadRequest, "a DOCTYPE")
	h.refuses(h.post(url.Values{"SAMLRequest": {request}}), http.StatusBadRequest, "a DOCTYPE")
	h.refuses(h.logoutByRedirect(dtd+logoutRequest()), http.StatusBadRequest, "a DOCTYPE")
	if w := h.soapBody(dtd + `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"/>`); w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "a DOCTYPE") {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
	if _, _, err := samlidp.ServiceProvider([]byte(dtd+wikiMetadata("", "")), noon); err == nil {
		t.Error("metadata with a DTD")
	}
	for name, doc := range map[string]string{
		"Response":       document(t, h.send(authnRequest("_request1", "_clean"))),
		"LogoutRequest":  string(inRedirect(t, h.farewell("one", "wiki", "").Visit, spSLO, "SAMLRequest").doc),
		"LogoutResponse": string(answered(t, h.follow(h.logoutByRedirect(logoutRequest())), spSLODone).doc),
		"metadata":       h.get(issuer + "/saml/metadata").Body.String(),
	} {
		if !strings.HasPrefix(doc, "<") || strings.Contains(doc, "<!") {
			t.Errorf("%s: %s", name, doc)
		}
	}
}

// Our name is an absolute URI, and short enough for whoever stores it.
func TestSDP_G04_OurEntityID(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	pages, err := web.New(web.Options{})
	must(t, err)
	if u, err := url.Parse(h.saml.EntityID()); err != nil || !u.IsAbs() || len(h.saml.EntityID()) > 256 {
		t.Errorf("%s: %v", h.saml.EntityID(), err)
	}
	options := func(length int) samlidp.Options {
		return samlidp.Options{
			Issuer: "https://" + strings.Repeat("a", length-len("https:///saml/metadata")), Records: h.store, Flows: h.store, Marks: h.store, Ring: newRing(t), MAC: fixedMAC{}, Login: h.login,
			People: h.people, Pages: pages, Events: h.events, Tickets: h.store, Sessions: h.store, Logout: h.logout,
		}
	}
	if _, err := samlidp.New(options(256)); err != nil {
		t.Error(err)
	}
	if _, err := samlidp.New(options(257)); err == nil || !strings.Contains(err.Error(), "at most 256 characters") {
		t.Errorf("got %v", err)
	}
}
