package samlidp_test

import (
	"crypto"
	"crypto/sha256"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"cloudsso/idp"
	"cloudsso/samlidp/dsig"
	"cloudsso/samlidp/wire"
)

const (
	redirectBinding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	spRedirect      = "https://wiki.example/get?tenant=1"
)

// insisting registers an application that takes answers by redirect.
func insisting(change ...func(*idp.ServiceProvider)) func(*idp.ServiceProvider) {
	return func(sp *idp.ServiceProvider) {
		sp.ResponseBinding = "redirect"
		sp.ACS = append(sp.ACS, idp.Endpoint{Binding: "HTTP-Redirect", Location: spRedirect, Index: 7})
		for _, c := range change {
			c(sp)
		}
	}
}

const anywhere = ` AssertionConsumerServiceURL="` + spACS + `" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"`

// redirected reads an answer by redirect and verifies its signature.
func redirected(t testing.TB, w *httptest.ResponseRecorder, key string) (*result, url.Values) {
	t.Helper()
	if w.Code != http.StatusSeeOther {
		t.Fatalf("status %d: %s", w.Code, pageText(w))
	}
	raw, ok := strings.CutPrefix(w.Header().Get("Location"), spRedirect+"&")
	if !ok {
		t.Fatalf("the answer went to %s", w.Header().Get("Location"))
	}
	m, err := wire.DecodeRedirect(raw)
	must(t, err)
	public, err := dsig.PublicKey(certificate(t, key).Raw)
	must(t, err)
	if err := dsig.VerifyQuery(m, []crypto.PublicKey{public}); err != nil {
		t.Errorf("the signature of the query: %v", err)
	}
	schemaValid(t, string(m.XML))
	r := new(result)
	must(t, xml.Unmarshal(m.XML, r))
	if r.Signature != nil {
		t.Error("the message carries a signature of its own (Bindings §3.4.4.1)")
	}
	values, err := url.ParseQuery(raw)
	must(t, err)
	return r, values
}

func TestAnswersByRedirect(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*idp.ServiceProvider)
		doc    string
		key    string
	}{
		"by default":              {func(*idp.ServiceProvider) {}, authnRequest(anywhere, ""), "idp"},
		"asked for by binding":    {func(*idp.ServiceProvider) {}, authnRequest(anywhere, ` ProtocolBinding="`+redirectBinding+`"`), "idp"},
		"asked for by index":      {func(*idp.ServiceProvider) {}, authnRequest(anywhere, ` AssertionConsumerServiceIndex="7"`), "idp"},
		"asked for by address":    {func(*idp.ServiceProvider) {}, authnRequest(anywhere, ` AssertionConsumerServiceURL="`+spRedirect+`"`), "idp"},
		"signed with ECDSA":       {func(sp *idp.ServiceProvider) { sp.SignatureAlgorithm = "ecdsa-sha256" }, authnRequest(anywhere, ""), "idp-ec"},
		"with a signed assertion": {func(sp *idp.ServiceProvider) { sp.Sign = "both" }, authnRequest(anywhere, ""), "idp"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.register(insisting(c.change))
			h.signedIn()
			w := h.get(redirect(c.doc) + "&RelayState=" + url.QueryEscape("a b&c"))
			r, values := redirected(t, w, c.key)
			if values.Get("RelayState") != "a b&c" || r.Assertion == nil || r.Destination != spRedirect || *r.InResponseTo != "_request1" {
				t.Errorf("%+v, RelayState %q", r, values.Get("RelayState"))
			}
			if got := r.Assertion.Signature != nil; got != (c.key == "idp" && strings.Contains(name, "assertion")) {
				t.Errorf("assertion signed: %v", got)
			}
			if w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Referrer-Policy") != "no-referrer" {
				t.Errorf("headers %v", w.Header())
			}
		})
	}
	t.Run("POST is still to be had for the asking", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t)
		h.register(insisting())
		h.signedIn()
		checkWiki(t, response(t, h.send(authnRequest())), "_request1")
	})
	t.Run("a refusal goes the same way", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t)
		h.register(insisting())
		r, _ := redirected(t, h.send(authnRequest(anywhere, ` IsPassive="true"`)), "idp")
		wantStatus(t, r, "Responder", "NoPassive")
	})
	t.Run("nobody gets a redirect who did not insist", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t)
		h.register(insisting(), func(sp *idp.ServiceProvider) { sp.ResponseBinding = "" })
		h.signedIn()
		h.wantPage(h.send(authnRequest(anywhere, ` ProtocolBinding="`+redirectBinding+`"`)), http.StatusBadRequest, "bindings:HTTP-POST only")
		h.wantPage(h.send(strings.Replace(authnRequest(anywhere, ` AssertionConsumerServiceIndex="7"`), "_request1", "_r2", 1)), http.StatusBadRequest, "does not take")
		h.wantPage(h.send(strings.Replace(authnRequest(anywhere, ` AssertionConsumerServiceURL="`+spRedirect+`"`), "_request1", "_r3", 1)), http.StatusBadRequest, "is not registered")
	})
}

// An address that servers would cut off becomes a refusal that fits.
func TestAnAnswerTooLongForARedirectIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register(insisting(func(sp *idp.ServiceProvider) { sp.Attributes = []idp.Mapping{{Name: "groups", From: "groups"}} }))
	h.signedIn()
	person := h.people[alice]
	for i := range 400 { // nothing that compresses well
		person.Groups = append(person.Groups, fmt.Sprintf("%x", sha256.Sum256([]byte{byte(i), byte(i >> 8)})))
	}
	h.people[alice] = person
	r, _ := redirected(t, h.send(authnRequest(anywhere, "")), "idp")
	wantStatus(t, r, "Responder", "RequestUnsupported")
	if !strings.Contains(r.Status.Message, "at most 8000 get through. Release fewer attributes, or take answers by POST.") {
		t.Errorf("message %q", r.Status.Message)
	}
	if e := h.events.last(); e.Name != idp.EventSAMLRefused {
		t.Errorf("event %+v", e)
	}
}
