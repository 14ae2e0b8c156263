package samlidp_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"cloudsso/idp"
	"cloudsso/samlidp"
)

// S15: what two parsers could read differently is refused at the door.
func TestAttack_S15_AmbiguousDocuments(t *testing.T) {
	t.Parallel()
	for name, doc := range map[string]string{
		"an attribute twice":                   attrs(`ForceAuthn="true" ForceAuthn="false"`),
		"an attribute twice by two prefixes":   attrs(`xmlns:a="urn:x" xmlns:b="urn:x" a:x="1" b:x="2"`),
		"a prefix nobody declared":             with(`<evil:x/>`),
		"a prefix declared twice":              attrs(`xmlns:a="urn:x" xmlns:a="urn:y"`),
		"the xml prefix bound anew":            attrs(`xmlns:xml="urn:x"`),
		"a relative namespace":                 attrs(`xmlns:a="x"`),
		"two roots":                            authnRequest() + authnRequest(),
		"text behind the root":                 authnRequest() + "x",
		"an Issuer of another namespace":       authnRequest("<saml:Issuer>", `<saml:Issuer xmlns:saml="urn:evil">`),
		"attributes of another namespace":      authnRequest(` ID="_request1"`, ` samlp:ID="_request1"`),
		"an ID in other letters beside the ID": attrs(`Id="_request1"`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.register()
			h.signedIn()
			h.wantPage(h.send(doc), http.StatusBadRequest, "")
		})
	}
}

// S17: whatever a signature says about its key is its sender's word, and never an address to visit.
func TestAttack_S17_KeyInfo(t *testing.T) {
	t.Parallel()
	visited := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visited = true }))
	t.Cleanup(server.Close)
	for name, change := range map[string]func(*etree.Element){
		"the attacker's certificate": func(*etree.Element) {},
		"our application's certificate in it": func(info *etree.Element) {
			info.FindElement(".//X509Certificate").SetText(b64(certificate(t, "sp").Raw))
		},
		"an address to fetch the key from": func(info *etree.Element) {
			info.Child = nil
			info.CreateElement("ds:RetrievalMethod").CreateAttr("URI", server.URL)
		},
		"nothing": func(info *etree.Element) { info.Parent().RemoveChild(info) },
	} {
		h := newHouse(t)
		h.signing()
		tree := enveloped(t, authnRequest(), "other", "") // signed, with a key that is not registered
		change(tree.Root().FindElement("./Signature/KeyInfo"))
		h.wantPage(h.sendPost(text(t, tree)), http.StatusBadRequest, "was not made by a signing key that is registered")
		t.Log(name)
	}
	if visited {
		t.Error("an address in a signature was visited")
	}
	t.Run("an honest signature needs no KeyInfo", func(t *testing.T) {
		h := newHouse(t)
		h.signing()
		tree := enveloped(t, authnRequest(), "sp", "")
		info := tree.Root().FindElement("./Signature/KeyInfo")
		info.Parent().RemoveChild(info)
		checkWiki(t, response(t, h.sendPost(text(t, tree))), "_request1")
	})
	t.Run("one of two registered keys does", func(t *testing.T) { // IIP-MD07
		h := newHouse(t)
		h.signing(func(sp *idp.ServiceProvider) {
			sp.SigningCerts = [][]byte{certificate(t, "other").Raw, certificate(t, "sp").Raw}
		})
		checkWiki(t, response(t, h.get(signedRedirect(t, authnRequest(), ""))), "_request1")
	})
}

// S03: a signature covers the octets as they came, however their sender encodes them.
func TestAttack_S03_EncodingsOfTheSame(t *testing.T) {
	t.Parallel()
	for name, respell := range map[string]func(string) string{
		"lower-case hex, as ADFS writes it": func(s string) string { return strings.NewReplacer("%2B", "%2b", "%2F", "%2f", "%3D", "%3d").Replace(s) },
		"nothing encoded but + and =":       func(s string) string { return strings.ReplaceAll(s, "%2F", "/") },
		"a blank as %20":                    func(s string) string { return s + "&RelayState=a%20b" },
		"a blank as +":                      func(s string) string { return s + "&RelayState=a+b" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.signing()
			q := respell("SAMLRequest=" + url.QueryEscape(deflated(authnRequest())))
			w := h.get(ssoURL + "?" + signedOctets(t, q))
			checkWiki(t, response(t, w), "_request1")
			if strings.Contains(name, "blank") && posted(t, w).Fields.Get("RelayState") != "a b" {
				t.Errorf("RelayState %q", posted(t, w).Fields.Get("RelayState"))
			}
		})
	}
}

// S20: there is no way in that skips the login: SOAP and PAOS get a page and no answer.
func TestAttack_S20_NoECP(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register()
	h.signedIn()
	soap := `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>` + authnRequest() + `</s:Body></s:Envelope>`
	r := httptest.NewRequest(http.MethodPost, ssoURL, strings.NewReader(soap))
	r.Header.Set("Content-Type", "text/xml")
	r.Header.Set("PAOS", `ver="urn:liberty:paos:2003-08"`)
	r.SetBasicAuth("alice", "guess")
	h.wantPage(h.do(r), http.StatusBadRequest, "There is no SAMLRequest")
	h.wantPage(h.send(soap), http.StatusBadRequest, "this address takes an AuthnRequest")
}

// S23: an artifact is not resolved, whoever made it.
func TestAttack_S23_Artifact(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register()
	h.signedIn()
	h.wantPage(h.get(ssoURL+"?SAMLart=AAQAAA"), http.StatusBadRequest, "An artifact was sent, which is not resolved here")
	h.wantPage(h.post(url.Values{"SAMLart": {"AAQAAA"}}), http.StatusBadRequest, "An artifact was sent")
}

// S24: nobody learns from us who is registered and switched off.
func TestAttack_S24_UnknownAndSwitchedOffLookTheSame(t *testing.T) {
	t.Parallel()
	page := func(registered bool, target func() string) (int, string) {
		h := newHouse(t)
		if registered {
			h.register(func(sp *idp.ServiceProvider) { sp.Disabled, sp.AllowIDPInitiated = true, true })
		}
		w := h.get(target())
		return w.Code, pageText(w)
	}
	for name, target := range map[string]func() string{
		"a request":       func() string { return redirect(authnRequest()) },
		"a signed one":    func() string { return signedRedirect(t, authnRequest(), "rs") },
		"a link":          func() string { return issuer + "/saml/init/wiki" },
		"a link by name":  func() string { return issuer + "/saml/init?providerId=" + url.QueryEscape(spEntity) },
		"its metadata":    func() string { return issuer + "/saml/metadata/wiki" },
		"a wrong address": func() string { return redirect(authnRequest(spACS, "https://evil.example/")) },
	} {
		code, text := page(true, target)
		unknownCode, unknownText := page(false, target)
		if code != unknownCode || withoutSupport(text) != withoutSupport(unknownText) {
			t.Errorf("%s: %d %q, unknown %d %q", name, code, text, unknownCode, unknownText)
		}
	}
}

// withoutSupport cuts off what differs from page to page.
func withoutSupport(text string) string {
	before, _, _ := strings.Cut(text, "Support code")
	return before
}

// S27: when a key is in doubt and replaced, the next answer is the new key's, and the old one opens
// and vouches for nothing more.
func TestAttack_S27_RotateDrill(t *testing.T) {
	t.Parallel()
	ring := &turningRing{newRing(t)}
	h := newHouse(t, func(o *samlidp.Options) { o.Ring = ring })
	h.register()
	h.signedIn()
	verifiedWith(t, document(t, h.send(authnRequest())), "idp", onResponse)
	ring.key.Signer, ring.key.Certificate = privateKey(t, "other"), certificate(t, "other")
	verifiedWith(t, document(t, h.send(authnRequest("_request1", "_request2"))), "other", onResponse)
	if doc := h.get(issuer + "/saml/metadata").Body.String(); strings.Contains(doc, b64(certificate(t, "idp").Raw)) {
		t.Error("the old key is still published")
	}
	if doc := document(t, h.send(strings.Replace(encryptedID(t, "", namedAs("alice@example.org")), "_request1", "_request3", 1))); !strings.Contains(doc, "it cannot be decrypted with our key") {
		t.Errorf("the old key opened something:\n%s", doc)
	}
}

// S28: pages that carry an answer are kept by nobody and framed by nobody.
func TestAttack_S28_AnswersAreNotKept(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register()
	h.signedIn()
	for name, w := range map[string]*httptest.ResponseRecorder{
		"an answer":     h.send(authnRequest()),
		"a refusal":     h.send(strings.Replace(with(`<samlp:NameIDPolicy Format="urn:x"/>`), "_request1", "_request2", 1)),
		"an error page": h.send("hello"),
	} {
		head := w.Header()
		csp := head.Get("Content-Security-Policy")
		if !strings.Contains(head.Get("Cache-Control"), "no-store") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe-inline") {
			t.Errorf("%s: %v", name, head)
		}
		if got := head.Get("Referrer-Policy"); got != "same-origin" {
			t.Errorf("%s: Referrer-Policy %q", name, got)
		}
	}
}
