package samlidp_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/xml"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/samlidp"
)

// wikiMetadata is the wiki's metadata: attributes of its role, what stands before its ACS, and
// attributes of the whole.
func wikiMetadata(role, content string, whole ...string) string {
	return `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="` + spEntity + `" ` + strings.Join(whole, " ") + `>` +
		`<md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol" ` + role + `>` + content +
		`<md:AssertionConsumerService Binding="` + postBinding + `" Location="` + spACS + `" index="0" isDefault="true"/>` +
		`<md:AssertionConsumerService Binding="` + postBinding + `" Location="` + spACS + `/second" index="1"/>` +
		`</md:SPSSODescriptor></md:EntityDescriptor>`
}

// keyFor is a KeyDescriptor; without a use the key is for both.
func keyFor(use string, der []byte) string {
	if use != "" {
		use = ` use="` + use + `"`
	}
	return `<md:KeyDescriptor` + use + `><ds:KeyInfo><ds:X509Data><ds:X509Certificate>` + b64(der) + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`
}

// imports registers what the metadata says, and nothing else but the policy.
func (h *house) imports(doc string, policy ...func(*idp.ServiceProvider)) {
	h.t.Helper()
	sp, _, err := samlidp.ServiceProvider([]byte(doc), noon)
	must(h.t, err)
	sp.App = "wiki"
	for _, p := range policy {
		p(&sp)
	}
	must(h.t, samlidp.CompleteServiceProvider(&sp, false))
	must(h.t, h.store.CreateServiceProvider(h.t.Context(), sp))
	h.signedIn()
}

// encrypted wants answers in cipher.
func encrypted(sp *idp.ServiceProvider) { sp.Encrypt = "required" }

// What is unknown in metadata hinders nothing, wherever it stands.
func TestIIP_MD05_EXT01_UnknownExtensionsAreIgnored(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	unknown := `<md:Extensions><mdui:UIInfo xmlns:mdui="urn:oasis:names:tc:SAML:metadata:ui"><mdui:Keywords xml:lang="en">wiki</mdui:Keywords></mdui:UIInfo>` +
		`<alg:DigestMethod xmlns:alg="urn:oasis:names:tc:SAML:metadata:algsupport" Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><x:new xmlns:x="urn:x"><x:y/></x:new></md:Extensions>`
	doc := wikiMetadata(`xmlns:x="urn:x" x:role="1"`, unknown, `xmlns:y="urn:y" y:entity="1"`)
	doc = strings.Replace(doc, `><md:SPSSO`, `><md:Extensions><mdattr:EntityAttributes xmlns:mdattr="urn:oasis:names:tc:SAML:metadata:attribute" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">`+
		`<saml:Attribute Name="http://macedir.org/entity-category"><saml:AttributeValue>urn:category</saml:AttributeValue></saml:Attribute></mdattr:EntityAttributes></md:Extensions><md:SPSSO`, 1)
	doc = strings.Replace(doc, `index="0"`, `index="0" y:endpoint="1"`, 1)
	h.imports(doc)
	checkWiki(t, response(t, h.send(authnRequest())), "_request1")
}

// Each signing key of the metadata verifies, whichever comes first; no other does.
func TestIIP_MD07_SDP_IDP32_EverySigningKeyIsTried(t *testing.T) {
	t.Parallel()
	for key, ok := range map[string]bool{"other": true, "sp": true, "idp": false} {
		h := newHouse(t)
		h.imports(wikiMetadata(`AuthnRequestsSigned="true"`, keyFor("signing", certificate(t, "other").Raw)+keyFor("signing", certificate(t, "idp-ec").Raw)+keyFor("signing", certificate(t, "sp").Raw)))
		w := h.sendPost(text(t, enveloped(t, authnRequest(), key, "")))
		if ok {
			checkWiki(t, response(t, w), "_request1")
		} else {
			h.wantPage(w, http.StatusBadRequest, "was not made by a signing key that is registered")
		}
	}
}

// Of several keys to encrypt to, one that can be used is.
func TestIIP_MD08_OneOfSeveralEncryptionKeys(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.imports(wikiMetadata("", keyFor("encryption", certificate(t, "idp-ec").Raw)+keyFor("encryption", certificate(t, "sp").Raw)+keyFor("encryption", certificate(t, "other").Raw)), encrypted)
	if plain := decrypted(t, document(t, h.send(authnRequest()))); !strings.Contains(plain, "<saml:Assertion") {
		t.Errorf("inside is\n%s", plain)
	}
}

func TestIIP_MD11_AKeyWithoutUseIsForBoth(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.imports(wikiMetadata(`AuthnRequestsSigned="true"`, keyFor("", certificate(t, "sp").Raw)), encrypted)
	if plain := decrypted(t, document(t, h.get(signedRedirect(t, authnRequest(), "")))); !strings.Contains(plain, "<saml:Assertion") {
		t.Errorf("inside is\n%s", plain)
	}
}

// Of a certificate the key counts: not its dates, its issuer, its digest nor its own signature.
func TestIIP_MD12_CertificatesOfAnyKind(t *testing.T) {
	t.Parallel()
	make := func(t *testing.T, from, until time.Time) []byte {
		key := privateKey(t, "sp")
		c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "wiki"}, NotBefore: from, NotAfter: until, KeyUsage: x509.KeyUsageCRLSign}
		der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
		must(t, err)
		return der
	}
	usual := make(t, noon.AddDate(-1, 0, 0), noon.AddDate(90, 0, 0))
	sha256WithRSA, md5WithRSA := []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0xd, 1, 1, 11}, []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0xd, 1, 1, 4}
	for name, der := range map[string][]byte{
		"for ninety years":       usual,
		"expired":                make(t, noon.AddDate(-9, 0, 0), noon.AddDate(-8, 0, 0)),
		"of tomorrow":            make(t, noon.AddDate(0, 0, 1), noon.AddDate(1, 0, 0)),
		"signed with MD5, badly": bytes.ReplaceAll(usual, sha256WithRSA, md5WithRSA),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.imports(wikiMetadata(`AuthnRequestsSigned="true"`, keyFor("", der)), encrypted)
			if plain := decrypted(t, document(t, h.get(signedRedirect(t, authnRequest(), "")))); !strings.Contains(plain, "<saml:Assertion") {
				t.Errorf("inside is\n%s", plain)
			}
		})
	}
}

// Everything that metadata can say of sign-in and logout holds without another word.
func TestIIP_SSO06_SDP_MD01_EverythingComesFromMetadata(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	content := keyFor("signing", certificate(t, "sp").Raw) + keyFor("encryption", certificate(t, "sp").Raw) +
		`<md:SingleLogoutService Binding="` + redirectBinding + `" Location="` + spSLO + `" ResponseLocation="` + spSLODone + `"/>` +
		`<md:NameIDFormat>` + samlidp.FormatEmail + `</md:NameIDFormat>`
	doc := wikiMetadata(`AuthnRequestsSigned="1" WantAssertionsSigned="true"`, content)
	doc = strings.Replace(doc, `><md:SPSSO`, `><md:Extensions><mdattr:EntityAttributes xmlns:mdattr="urn:oasis:names:tc:SAML:metadata:attribute" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">`+
		`<saml:Attribute Name="urn:oasis:names:tc:SAML:profiles:subject-id:req"><saml:AttributeValue>subject-id</saml:AttributeValue></saml:Attribute></mdattr:EntityAttributes></md:Extensions><md:SPSSO`, 1)
	h.imports(doc)
	h.wantPage(h.send(authnRequest()), http.StatusBadRequest, "The request is not signed")
	byIndex := authnRequest(anywhere, ` AssertionConsumerServiceIndex="1"`, "_request1", "_r2")
	w := h.get(signedRedirect(t, byIndex, ""))
	a := response(t, w).Assertion
	if posted(t, w).Action != spACS+"/second" || a.Signature == nil || a.Subject.NameID.Format != samlidp.FormatEmail || !strings.Contains(document(t, w), "attribute:subject-id") {
		t.Errorf("to %s: %+v", posted(t, w).Action, a)
	}
	h.signOn("session", "sid-1")
	s := h.stored("session")
	s.Apps = append(s.Apps, idp.SessionApp{Protocol: idp.ProtocolSAML, App: "wiki", NameID: email, NameIDFormat: samlidp.FormatEmail, SessionIndex: index("sid-1", "wiki")})
	must(t, h.store.UpdateSession(t.Context(), s))
	h.logout.browser = "session"
	answered(t, h.follow(h.logoutByRedirect(logoutRequest())), spSLODone).is(t, success, "")
}

// Every address in our metadata answers, by each binding that is named for it, and every format can be had.
func TestSDP_MD04_NothingIsAdvertisedThatIsNotThere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register()
	h.signedIn()
	var e struct {
		Role struct {
			Services []struct {
				XMLName           xml.Name
				Binding, Location string `xml:",attr"`
			} `xml:",any"`
			Formats []string `xml:"NameIDFormat"`
		} `xml:"IDPSSODescriptor"`
	}
	must(t, xml.Unmarshal(h.get(issuer+"/saml/metadata").Body.Bytes(), &e))
	n := 0
	for _, s := range e.Role.Services {
		if s.Location == "" {
			continue
		}
		n++
		method := http.MethodPost
		if s.Binding == redirectBinding {
			method = http.MethodGet
		}
		if w := h.do(httptest.NewRequest(method, s.Location, nil)); w.Code == http.StatusNotFound || w.Code == http.StatusMethodNotAllowed {
			t.Errorf("%s by %s: status %d", s.Location, s.Binding, w.Code)
		}
		if s.Binding != redirectBinding && s.Binding != postBinding && s.Binding != soapBinding {
			t.Errorf("%s for %s", s.Binding, s.XMLName.Local)
		}
	}
	if n != 5 || len(e.Role.Formats) != 4 {
		t.Errorf("%d services, formats %q", n, e.Role.Formats)
	}
	for i, format := range e.Role.Formats {
		r := response(t, h.send(strings.Replace(with(`<samlp:NameIDPolicy Format="`+format+`"/>`), "_request1", "_f"+strconv.Itoa(i), 1)))
		if r.Assertion == nil {
			t.Errorf("%s: %+v", format, r.Status)
		}
	}
}

// What cannot be trusted can be neither chosen nor sent nor asked for. SHA-1 and CBC, which
// some applications still need, are let in for one application, SHA-1 until a day.
func TestIIP_ALG08_BrokenAlgorithmsCannotBeUsed(t *testing.T) {
	t.Parallel()
	const rsaMD5 = "http://www.w3.org/2001/04/xmldsig-more#rsa-md5"
	for name, change := range map[string]func(*idp.ServiceProvider){
		"signing with MD5":             func(sp *idp.ServiceProvider) { sp.SignatureAlgorithm = "rsa-md5" },
		"signing with SHA-1, for good": func(sp *idp.ServiceProvider) { sp.SignatureAlgorithm = "rsa-sha1" },
		"encrypting with 3DES":         func(sp *idp.ServiceProvider) { sp.EncryptionAlgorithm = "tripledes-cbc" },
		"sending keys by RSA 1.5": func(sp *idp.ServiceProvider) {
			sp.EncryptionMethods = []idp.EncryptionMethod{{Algorithm: "http://www.w3.org/2001/04/xmlenc#rsa-1_5"}}
		},
	} {
		sp := idp.ServiceProvider{EntityID: "urn:x", ACS: []idp.Endpoint{{Location: spACS}}, EncryptionCerts: [][]byte{certificate(t, "sp").Raw}}
		sp.Encrypt = "required"
		change(&sp)
		if err := samlidp.CompleteServiceProvider(&sp, false); err == nil {
			t.Errorf("%s can be chosen", name)
		}
	}
	h := newHouse(t)
	h.signing()
	good := signedRedirect(t, authnRequest(), "")
	h.wantPage(h.get(strings.Replace(good, "2001%2F04%2Fxmldsig-more%23rsa-sha256", "2001%2F04%2Fxmldsig-more%23rsa-md5", 1)), http.StatusBadRequest, "not accepted")
	signed := text(t, enveloped(t, authnRequest(), "sp", ""))
	h.wantPage(h.sendPost(strings.Replace(signed, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", rsaMD5, 1)), http.StatusBadRequest, "not accepted")
	h.wantPage(h.sendPost(strings.Replace(signed, "http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmldsig-more#md5", 1)), http.StatusBadRequest, "not accepted")
}

// What saml2int asks for is what an application gets whose admin chose nothing but encryption.
func TestSDP_ALG01_TheUsualAlgorithms(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register(secretive(t))
	h.signedIn()
	doc := document(t, h.send(authnRequest()))
	for _, uri := range []string{
		"2001/04/xmlenc#sha256", "2001/04/xmldsig-more#rsa-sha256", "2009/xmlenc11#aes256-gcm", "2001/04/xmlenc#rsa-oaep-mgf1p", "2000/09/xmldsig#sha1",
	} {
		if !strings.Contains(doc, `Method Algorithm="http://www.w3.org/`+uri+`"`) {
			t.Errorf("%s is not in\n%s", uri, doc)
		}
	}
}
