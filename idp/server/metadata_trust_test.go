package server_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"encoding/xml"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/config"
	"cloudsso/idp/idptest"
	"cloudsso/samlidp/dsig"
	samlwire "cloudsso/samlidp/wire"
)

// federation signs metadata with a key of its own.
type federation struct {
	t    *testing.T
	key  crypto.Signer
	cert []byte
}

func newFederation(t *testing.T) federation {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return federation{t, key, selfSigned(t, key)}
}

func selfSigned(t *testing.T, key crypto.Signer) []byte {
	t.Helper()
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1, 0)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func (f federation) pem() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.cert}))
}

// signed is metadata of urn:crm with the application's certificate.
func (f federation) signed(until time.Time, cache string, cert []byte) string {
	f.t.Helper()
	s, err := dsig.NewSigner(f.key, f.cert, "")
	if err != nil {
		f.t.Fatal(err)
	}
	w := samlwire.NewWriter()
	w.Start("md:EntityDescriptor", samlwire.A("entityID", "urn:crm"), samlwire.A("validUntil", until.UTC().Format(time.RFC3339)), samlwire.Opt("cacheDuration", cache), samlwire.A("ID", "_m"))
	p := s.Begin(w, "_m")
	w.Start("md:SPSSODescriptor", samlwire.A("protocolSupportEnumeration", samlwire.NSProtocol))
	w.Start("md:KeyDescriptor")
	w.Start("ds:KeyInfo")
	w.Start("ds:X509Data")
	w.Element("ds:X509Certificate", base64.StdEncoding.EncodeToString(cert))
	for range 3 {
		w.End()
	}
	w.Start("md:AssertionConsumerService", samlwire.A("Binding", samlwire.BindingPost), samlwire.A("Location", "https://crm.example/acs"), samlwire.A("index", "0"))
	for range 3 {
		w.End()
	}
	if err := p.Finish(); err != nil {
		f.t.Fatal(err)
	}
	doc, err := w.Bytes()
	if err != nil {
		f.t.Fatal(err)
	}
	return string(doc)
}

// asks is a request of urn:crm to sign somebody in, signed if there is a key.
func asks(t *testing.T, s *idptest.Server, id string, key crypto.Signer) string {
	t.Helper()
	doc := `<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="` + id + `" Version="2.0" IssueInstant="` +
		s.Clock.Now().UTC().Format(time.RFC3339) + `" Destination="` + s.Issuer + `/saml/sso"><saml:Issuer>urn:crm</saml:Issuer></samlp:AuthnRequest>`
	query, err := samlwire.EncodeRedirect("SAMLRequest", []byte(doc), "")
	if err != nil {
		t.Fatal(err)
	}
	if key != nil {
		signer, err := dsig.NewSigner(key, selfSigned(t, key), "")
		if err != nil {
			t.Fatal(err)
		}
		if query, err = signer.SignQuery(query); err != nil {
			t.Fatal(err)
		}
	}
	return s.Issuer + "/saml/sso?" + query
}

// A signature vouches for metadata until its validUntil. After it nobody signs in to the
// application until the source has a new document of the same signer; its keys may be others.
func TestSDP_MD02_SignedMetadataRunsOut(t *testing.T) {
	t.Parallel()
	s, seen := newTraced(t)
	ours, theirs := newFederation(t), newFederation(t)
	before, after := newFederation(t), newFederation(t) // for the keys of the application
	src := newSource(t, ours.signed(s.Clock.Now().Add(2*time.Hour), "PT30M", before.cert))
	in := api.NewServiceProvider{App: "crm", MetadataURL: src.URL, MetadataSigners: []string{ours.pem()}, ServiceProviderSettings: api.ServiceProviderSettings{Name: "CRM"}}
	in.AllowIDPInitiated = true
	if _, err := s.Owner.ImportServiceProvider(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	pass := func(id string, key crypto.Signer) {
		t.Helper()
		page := idptest.NewBrowser(t).Open(asks(t, s, id, key))
		if doc := answerOn(t, signIn(page, "ada", password)); !strings.Contains(doc, "status:Success") {
			t.Errorf("%s: %s", id, doc)
		}
	}
	refuse := func(id string, key crypto.Signer, text string) {
		t.Helper()
		page := idptest.NewBrowser(t).Open(asks(t, s, id, key))
		if page.Status != http.StatusForbidden && page.Status != http.StatusBadRequest || !strings.Contains(page.Text(), text) {
			t.Errorf("%s: status %d: %s", id, page.Status, page.Text())
		}
	}
	refresh := func(doc string, later time.Duration) idp.MetadataSource {
		t.Helper()
		src.doc.Store(doc)
		src.asked.Store("")
		s.Clock.Advance(later)
		if err := s.Product.Admin().RefreshMetadata(t.Context()); err != nil {
			t.Fatal(err)
		}
		sp, err := s.Records.ServiceProvider(t.Context(), "crm")
		if err != nil {
			t.Fatal(err)
		}
		return *sp.Source
	}
	pass("_fresh", before.key)
	if refresh("", 20*time.Minute); src.asked.Load() != "" {
		t.Error("the source was asked before its cacheDuration was over")
	}
	if got := refresh("", 20*time.Minute); src.asked.Load() == "" || !strings.Contains(got.Fault, "502") {
		t.Errorf("asked %q: %+v", src.asked.Load(), got)
	}
	pass("_kept", before.key) // the last good document holds while its signer said so
	refresh("", 84*time.Minute)
	const over = "was valid until"
	refuse("_over", before.key, over)
	if page := idptest.NewBrowser(t).Open(s.Issuer + "/saml/init/crm"); page.Status != http.StatusForbidden || !strings.Contains(page.Text(), over) {
		t.Errorf("started here: status %d: %s", page.Status, page.Text())
	}
	if told := eventsOf(t, s, idp.EventSAMLRefused); len(told) != 2 || told[0].App != "crm" || !strings.Contains(told[0].Detail["reason"], over) {
		t.Errorf("Events %+v", told)
	}
	if n := seen.failed(t, "application", over); n != 2 {
		t.Errorf("%d traces say why", n)
	}
	until := s.Clock.Now().Add(2 * time.Hour)
	if got := refresh(theirs.signed(until, "", after.cert), time.Hour); !strings.Contains(got.Fault, "signature of this metadata cannot be accepted") {
		t.Errorf("signed by somebody else: %+v", got)
	}
	refuse("_stranger", after.key, over)
	if got := refresh(ours.signed(until.Add(2*time.Hour), "", after.cert), time.Hour); got.Fault != "" {
		t.Errorf("%+v", got)
	}
	pass("_mended", after.key)
	refuse("_old-key", before.key, "not made over this request by a signing key")
}

// failed counts the traces in which a step failed with these words.
func (s *seenTraces) failed(t *testing.T, step, text string) (n int) {
	t.Helper()
	for _, data := range s.all() {
		var rec idp.Recording
		if err := json.Unmarshal([]byte(data), &rec); err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(rec.Steps, func(s idp.Step) bool {
			return s.Name == step && s.Result == idp.Failed && strings.Contains(s.Text, text)
		}) {
			n++
		}
	}
	return n
}

// The address of metadata may have moved.
func TestIIP_MD02_MetadataThroughRedirects(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	src := newSource(t, entity("urn:crm", "https://crm.example/acs"))
	for _, code := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect} {
		moved := httptest.NewServer(http.RedirectHandler(src.URL, code))
		t.Cleanup(moved.Close)
		p, err := s.Owner.PreviewServiceProvider(t.Context(), api.NewServiceProvider{MetadataURL: moved.URL})
		if err != nil || p.ServiceProvider == nil || p.ServiceProvider.EntityID != "urn:crm" {
			t.Errorf("%d: %+v %v", code, p, err)
		}
	}
}

// described is our metadata, as the standard library reads it.
type described struct {
	ID   string `xml:"entityID,attr"`
	Role struct {
		ErrorURL   string `xml:"errorURL,attr"`
		Extensions struct {
			Scopes []struct {
				Regexp string `xml:"regexp,attr"`
				Value  string `xml:",chardata"`
			} `xml:"urn:mace:shibboleth:metadata:1.0 Scope"`
			UI struct {
				Name string `xml:"DisplayName"`
				Logo string `xml:"Logo"`
			} `xml:"urn:oasis:names:tc:SAML:metadata:ui UIInfo"`
		} `xml:"Extensions"`
		Keys []describedKey `xml:"KeyDescriptor"`
		SSO  []struct{}     `xml:"SingleSignOnService"`
		SLO  []struct{}     `xml:"SingleLogoutService"`
	} `xml:"IDPSSODescriptor"`
	Contacts []struct {
		Type  string `xml:"contactType,attr"`
		Email string `xml:"EmailAddress"`
	} `xml:"ContactPerson"`
}

type describedKey struct {
	Use   string   `xml:"use,attr"`
	Certs []string `xml:"KeyInfo>X509Data>X509Certificate"`
}

func describe(t *testing.T, s *idptest.Server) (d described) {
	t.Helper()
	resp, err := http.Get(s.Issuer + "/saml/metadata")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if err := xml.Unmarshal(body, &d); err != nil {
		t.Fatalf("%v\n%s", err, body)
	}
	return d
}

// Every key in our metadata is in a certificate and strong, and one of them signs.
func TestSDP_MD05_MD06_MD07_MD08_KeysOfOurMetadata(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	in := api.NewServiceProvider{App: "crm", MetadataXML: entity("urn:crm", "https://crm.example/acs")}
	in.SignatureAlgorithm = "ecdsa-sha256" // has the elliptic key made
	if _, err := s.Owner.ImportServiceProvider(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if page := idptest.NewBrowser(t).Open(s.Issuer + "/saml/metadata/crm"); page.Status != http.StatusOK {
		t.Fatal(page.Text())
	}
	kinds := map[string]int{}
	for _, k := range describe(t, s).Role.Keys {
		if len(k.Certs) != 1 {
			t.Fatalf("%+v", k)
		}
		der, err := base64.StdEncoding.DecodeString(k.Certs[0])
		if err != nil {
			t.Fatal(err)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		switch key := c.PublicKey.(type) {
		case *rsa.PublicKey:
			kinds["RSA "+k.Use]++
			if key.N.BitLen() < 2048 {
				t.Errorf("RSA of %d bits", key.N.BitLen())
			}
		case *ecdsa.PublicKey:
			kinds["EC "+k.Use]++
			if key.Params().BitSize < 256 {
				t.Errorf("EC of %d bits", key.Params().BitSize)
			}
		}
	}
	if kinds["RSA signing"] == 0 || kinds["EC signing"] == 0 || kinds["RSA encryption"] == 0 {
		t.Errorf("keys %v", kinds)
	}
}

// Who runs the server says it once, and our metadata has everything that saml2int wants of it.
func TestSDP_MD09_MD10_MD11_MD12_IDP14_IDP33_WhatOurMetadataSays(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{Config: func(c *config.Config) {
		c.Organisation = config.Organisation{Name: "Ada", SupportURL: "https://ada.example/help", TechnicalEmail: "sso@ada.example", LogoURL: "https://ada.example/l.png", LogoWidth: 1, LogoHeight: 1}
		c.SAML.Scope = "ada.example"
	}})
	d := describe(t, s)
	if ui := d.Role.Extensions.UI; ui.Name != "Ada" || ui.Logo != "https://ada.example/l.png" {
		t.Errorf("%+v", ui)
	}
	if len(d.Contacts) != 1 || d.Contacts[0].Type != "technical" || d.Contacts[0].Email != "mailto:sso@ada.example" || d.Role.ErrorURL != "https://ada.example/help" {
		t.Errorf("contacts %+v, errorURL %q", d.Contacts, d.Role.ErrorURL)
	}
	scopes := d.Role.Extensions.Scopes
	if len(scopes) != 1 || scopes[0].Value != "ada.example" || scopes[0].Regexp != "false" {
		t.Errorf("scopes %+v", scopes)
	}
	signs := func(k describedKey) bool { return k.Use == "signing" }
	if len(d.Role.SSO) == 0 || len(d.Role.SLO) == 0 || !slices.ContainsFunc(d.Role.Keys, signs) {
		t.Errorf("%+v", d.Role)
	}
	if u, err := url.Parse(d.ID); err != nil || !u.IsAbs() {
		t.Errorf("entity ID %q", d.ID)
	}
}
