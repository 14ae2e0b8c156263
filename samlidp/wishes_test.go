package samlidp_test

import (
	"crypto"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"cloudsso/idp"
	"cloudsso/samlidp"
	"cloudsso/samlidp/dsig"
	"cloudsso/samlidp/wire"
	"cloudsso/samlidp/xenc"
)

func TestIIP_IDP04_AttributesByIndex(t *testing.T) {
	t.Parallel()
	services := func(sp *idp.ServiceProvider) {
		sp.Attributes = []idp.Mapping{{Name: "mail", From: "email"}, {Name: "first", From: "given_name"}, {Name: "secret", From: "nothing", Required: true}}
		sp.AttributeServices = []idp.AttributeService{{Index: 0, Names: []string{"mail", "shoe-size"}}, {Index: 5, Names: []string{"first", "mail"}}}
	}
	for index, want := range map[string][]string{"0": {"mail"}, "5": {"mail", "first"}} {
		h := newHouse(t)
		h.register(services)
		h.signedIn()
		var got []string
		for _, row := range response(t, h.send(attrs(`AttributeConsumingServiceIndex="`+index+`"`))).Assertion.Statements[0].Attributes {
			got = append(got, row.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("index %s: %v, want %v", index, got, want)
		}
	}
	h := newHouse(t)
	h.register(services)
	h.signedIn()
	r := response(t, h.send(attrs(`AttributeConsumingServiceIndex="1"`)))
	wantStatus(t, r, "Requester", "RequestUnsupported")
	if !strings.Contains(r.Status.Message, "No AttributeConsumingService with the index 1") {
		t.Errorf("message %q", r.Status.Message)
	}
	// Without an index the admin's rows count, with what they require.
	wantStatus(t, response(t, h.send(authnRequest("_request1", "_r2"))), "Responder", "RequestDenied")
}

// encryptedID makes the Subject of a request for our key.
func encryptedID(t testing.TB, cipher, inside string) string {
	t.Helper()
	der := certificate(t, "idp").Raw
	key, err := dsig.PublicKey(der)
	must(t, err)
	s, err := xenc.NewSealer(key, der, nil, cipher)
	must(t, err)
	w := wire.NewWriter()
	w.Start("saml:EncryptedID")
	must(t, s.Write(w, []byte(inside)))
	w.End()
	doc, err := w.Bytes()
	must(t, err)
	return with("<saml:Subject>" + string(doc) + "</saml:Subject>")
}

func namedAs(value string) string {
	return `<saml:NameID xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" Format="` + samlidp.FormatEmail + `">` + value + `</saml:NameID>`
}

func TestTheSubjectOfARequestMayBeEncrypted(t *testing.T) {
	t.Parallel()
	house := func(t *testing.T) *house {
		h := newHouse(t)
		h.register(func(sp *idp.ServiceProvider) {
			sp.NameID.Format, sp.SigningCerts = "emailAddress", [][]byte{certificate(t, "sp").Raw}
		})
		h.signedIn()
		return h
	}
	t.Run("it is the person", func(t *testing.T) {
		t.Parallel()
		h := house(t)
		if r := response(t, h.send(encryptedID(t, "", namedAs("alice@example.org")))); r.Assertion == nil {
			t.Errorf("status %+v", r.Status)
		}
		if h.login.asked[0].LoginHint != "alice@example.org" {
			t.Errorf("asked %+v", h.login.asked)
		}
	})
	t.Run("it is somebody else", func(t *testing.T) {
		t.Parallel()
		wantStatus(t, response(t, house(t).send(encryptedID(t, "", namedAs("bob@example.org")))), "Responder", "UnknownPrincipal")
	})
	t.Run("it holds something else", func(t *testing.T) {
		t.Parallel()
		r := response(t, house(t).send(encryptedID(t, "", "<x/>")))
		wantStatus(t, r, "Requester", "RequestUnsupported")
		if !strings.Contains(r.Status.Message, "must hold a NameID") {
			t.Errorf("message %q", r.Status.Message)
		}
	})
	t.Run("in CBC, signed", func(t *testing.T) {
		t.Parallel()
		if r := response(t, house(t).get(signedRedirect(t, encryptedID(t, xenc.AES256CBC, namedAs("alice@example.org")), ""))); r.Assertion == nil {
			t.Errorf("status %+v", r.Status)
		}
	})
}

// S16: what an unsigned request encrypts in CBC mode is not touched: the difference between our
// answers would tell its content.
func TestAttack_S16_CBCInAnUnsignedRequest(t *testing.T) {
	t.Parallel()
	for name, inside := range map[string]string{"right": namedAs("alice@example.org"), "wrong": namedAs("bob@example.org"), "broken": "<"} {
		h := newHouse(t)
		h.register(func(sp *idp.ServiceProvider) { sp.NameID.Format = "emailAddress" })
		h.signedIn()
		r := response(t, h.send(encryptedID(t, xenc.AES128CBC, inside)))
		wantStatus(t, r, "Requester", "RequestUnsupported")
		if !strings.Contains(r.Status.Message, "AES in CBC mode is read only in a signed message") {
			t.Errorf("%s: %q", name, r.Status.Message)
		}
	}
}

// S14: SHA-1 in a request only where an admin allowed it, until the day, and marked.
func TestAttack_S14_SHA1Requests(t *testing.T) {
	t.Parallel()
	const sha1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
	for name, c := range map[string]struct {
		allow bool
		until string
		ok    bool
	}{
		"not allowed":                  {false, "2027-01-01", false},
		"allowed":                      {true, "2027-01-01", true},
		"allowed until yesterday":      {true, "2026-11-21", false},
		"allowed, with a forged value": {true, "2027-01-01", false},
	} {
		for _, binding := range []string{"redirect", "post"} {
			t.Run(name+" by "+binding, func(t *testing.T) {
				t.Parallel()
				h := newHouse(t)
				h.signing(func(sp *idp.ServiceProvider) { sp.AllowSHA1Requests, sp.LegacyUntil = c.allow, c.until })
				key := "sp"
				if strings.Contains(name, "forged") {
					key = "other"
				}
				send := func() *httptest.ResponseRecorder {
					if binding == "post" {
						return h.sendPost(text(t, envelopedWith(t, authnRequest(), key, sha1, crypto.SHA1)))
					}
					return h.get(signedRedirectWith(t, authnRequest(), key, sha1, crypto.SHA1))
				}
				if !c.ok {
					h.wantPage(send(), http.StatusBadRequest, "")
					return
				}
				checkWiki(t, response(t, send()), "_request1")
				if e := h.events.last(); e.Detail["request_signature"] != "sha1" {
					t.Errorf("the event does not say so: %+v", e)
				}
			})
		}
	}
}

func TestAContextOfTheAdminsAnswersWhoAsksForExactlyThat(t *testing.T) {
	t.Parallel()
	const telephony = "urn:oasis:names:tc:SAML:2.0:ac:classes:Telephony"
	for ref, ok := range map[string]bool{telephony: true, ppt: true, mfa: false} {
		h := newHouse(t)
		h.register(func(sp *idp.ServiceProvider) { sp.AuthnContext = telephony })
		h.signedIn()
		r := response(t, h.send(with(`<samlp:RequestedAuthnContext><saml:AuthnContextClassRef>`+ref+`</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>`)))
		if !ok {
			wantStatus(t, r, "Responder", "NoAuthnContext")
		} else if r.Assertion == nil || r.Assertion.Authn.Class != telephony {
			t.Errorf("%s: %+v", ref, r)
		}
	}
}

func TestScopingIsRead(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register()
	h.signedIn()
	h.wantPage(h.send(with(`<samlp:Scoping ProxyCount="-1"/>`)), http.StatusBadRequest, "ProxyCount must be a whole number")
	checkWiki(t, response(t, h.send(with(`<samlp:Scoping ProxyCount="0"/>`))), "_request1") // we ask nobody else
}

// What the request names as affiliation must be the registered one.
func TestTheAffiliationThatIsRegisteredMayBeNamed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register(func(sp *idp.ServiceProvider) { sp.NameID.SPNameQualifier = "urn:affiliation" })
	h.signedIn()
	r := response(t, h.send(with(`<samlp:NameIDPolicy SPNameQualifier="urn:affiliation"/>`)))
	if r.Assertion == nil || r.Assertion.Subject.NameID.SPNameQualifier != "urn:affiliation" {
		t.Errorf("%+v", r)
	}
	for _, other := range []string{"urn:other", "none"} {
		wantStatus(t, response(t, h.send(strings.Replace(with(`<samlp:NameIDPolicy SPNameQualifier="`+other+`"/>`), "_request1", "_"+other[len(other)-2:], 1))), "Requester", "InvalidNameIDPolicy")
	}
}
