package md_test

import (
	"crypto/x509"
	"encoding/xml"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crewjam/saml"
	"github.com/crewjam/saml/samlsp"

	"cloudsso/idp"
	"cloudsso/samlidp/dsig"
	"cloudsso/samlidp/md"
	"cloudsso/samlidp/wire"
)

func full() md.IdP {
	return md.IdP{
		EntityID: "https://idp.example/saml/metadata",
		SSO: []idp.Endpoint{
			{Binding: wire.BindingRedirect, Location: "https://idp.example/saml/sso?a=1&b=2"},
			{Binding: wire.BindingPost, Location: "https://idp.example/saml/sso"},
		},
		SLO:                     []idp.Endpoint{{Binding: wire.BindingRedirect, Location: "https://idp.example/saml/slo"}},
		Certificates:            [][]byte{rsaCert(), ecCert()},
		NameIDFormats:           []string{"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent", "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"},
		About:                   md.About{Name: "Ada & Söhne <SSO>"},
		WantAuthnRequestsSigned: true,
		ValidUntil:              now.In(time.FixedZone("", 3600)),
	}
}

func TestIdPMetadataIsSchemaValid(t *testing.T) {
	t.Parallel()
	least := md.IdP{EntityID: "urn:idp", SSO: []idp.Endpoint{{Binding: wire.BindingPost, Location: "https://idp.example/sso"}}, Certificates: [][]byte{ecCert()}}
	for name, m := range map[string]md.IdP{"everything": full(), "the least": least} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc, err := m.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			valid(t, doc)
		})
	}
}

func TestIdPMetadataSaysWhatItWasGiven(t *testing.T) {
	t.Parallel()
	raw, err := full().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	doc := string(raw)
	for _, want := range []string{
		`entityID="https://idp.example/saml/metadata" validUntil="2026-11-21T12:00:00Z"`,
		`WantAuthnRequestsSigned="true"`,
		`xml:lang="en">Ada &amp; Söhne &lt;SSO&gt;</mdui:DisplayName>`,
		`Location="https://idp.example/saml/sso?a=1&amp;b=2"`,
	} {
		if !strings.Contains(doc, want) {
			t.Errorf("%s is missing in\n%s", want, doc)
		}
	}
	if strings.Index(doc, b64(rsaCert())) > strings.Index(doc, b64(ecCert())) {
		t.Error("the certificates are out of order")
	}
	m := full()
	m.ValidUntil, m.About.Name = time.Time{}, ""
	raw, err = m.Marshal()
	if err != nil || strings.Contains(string(raw), "validUntil") || strings.Contains(string(raw), "mdui") {
		t.Errorf("what was not given is written: %v\n%s", err, raw)
	}
}

// Shibboleth signs what it posts with SHA-1 unless metadata says what else is taken; what it
// says must be what the verifier takes.
func TestIIP_MD09_IdPMetadataSaysWhichAlgorithmsAreAccepted(t *testing.T) {
	t.Parallel()
	raw, err := full().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Extensions struct {
			Digests []algorithm `xml:"urn:oasis:names:tc:SAML:metadata:algsupport DigestMethod"`
			Signing []algorithm `xml:"urn:oasis:names:tc:SAML:metadata:algsupport SigningMethod"`
		} `xml:"urn:oasis:names:tc:SAML:2.0:metadata Extensions"`
	}
	if err := xml.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	said := doc.Extensions
	if len(said.Signing) != 6 || said.Signing[0].URI != dsig.RSASHA256 || len(said.Digests) != 3 || said.Digests[0].URI != "http://www.w3.org/2001/04/xmlenc#sha256" {
		t.Errorf("signing %v, digests %v", said.Signing, said.Digests)
	}
	for _, a := range append(said.Signing, said.Digests...) {
		if strings.HasSuffix(a.URI, "sha1") {
			t.Errorf("%s is offered", a.URI)
		}
	}
}

type algorithm struct {
	URI string `xml:"Algorithm,attr"`
}

func TestIdPMetadataIsReadByCrewjam(t *testing.T) {
	t.Parallel()
	raw, err := full().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	got, err := samlsp.ParseMetadata(raw)
	if err != nil {
		t.Fatal(err)
	}
	role := got.IDPSSODescriptors[0]
	if got.EntityID != full().EntityID || !got.ValidUntil.Equal(now) || !*role.WantAuthnRequestsSigned {
		t.Errorf("got %+v", got)
	}
	var places []idp.Endpoint
	for _, e := range role.SingleSignOnServices {
		places = append(places, idp.Endpoint{Binding: e.Binding, Location: e.Location})
	}
	if !slices.Equal(places, full().SSO) || len(role.SingleLogoutServices) != 1 || len(role.NameIDFormats) != 2 {
		t.Errorf("got %+v", role)
	}
	for i, want := range full().Certificates {
		if k := role.KeyDescriptors[i]; k.Use != "signing" || k.KeyInfo.X509Data.X509Certificates[0].Data != b64(want) {
			t.Errorf("key %d is %+v", i, k)
		}
	}
}

func TestIdPMetadataIsReadByOurParser(t *testing.T) {
	t.Parallel()
	raw, err := full().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	root, err := wire.MetadataLimits().Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	if got := wire.Canonicalize(root, nil); string(got) != string(raw) {
		t.Errorf("it is not its own canonical form:\n%s\n%s", raw, got)
	}
	_, err = md.ParseSP(raw, now.Add(-time.Hour))
	refused(t, err, "not that of an identity provider")
}

func TestIdPMetadataRefusesWhatCannotBeWritten(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*md.IdP){
		"no entity ID":                 func(m *md.IdP) { m.EntityID = "" },
		"no SSO":                       func(m *md.IdP) { m.SSO = nil },
		"no certificate":               func(m *md.IdP) { m.Certificates = nil },
		"a name that XML cannot carry": func(m *md.IdP) { m.About.Name = "a\x00" },
	} {
		m := full()
		change(&m)
		if doc, err := m.Marshal(); err == nil {
			t.Errorf("%s: got %s", name, doc)
		}
	}
	m := full()
	m.About.Name = "\x01"
	_, err := m.Marshal()
	var e *idp.Error
	if !errors.As(err, &e) {
		t.Errorf("got %v, want the sentence for people", err)
	}
}

// What the library of many service providers writes about itself, we read.
func TestParseSPReadsCrewjam(t *testing.T) {
	t.Parallel()
	cert, err := x509.ParseCertificate(rsaCert())
	if err != nil {
		t.Fatal(err)
	}
	crewjam := saml.ServiceProvider{EntityID: "urn:crew", Key: rsaKey(), Certificate: cert, LogoutBindings: []string{saml.HTTPRedirectBinding}, SignatureMethod: dsig.RSASHA256, MetadataURL: address("https://sp.example/saml/metadata"), AcsURL: address("https://sp.example/saml/acs"), SloURL: address("https://sp.example/saml/slo")}
	doc, err := xml.MarshalIndent(crewjam.Metadata(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got, err := md.ParseSP(doc, saml.TimeNow())
	if err != nil {
		t.Fatalf("%v\n%s", err, doc)
	}
	if got.EntityID != "urn:crew" || len(got.ACS) != 2 || got.ACS[0].Location != "https://sp.example/saml/acs" || got.ACS[0].Binding != wire.BindingPost || len(got.SLO) != 1 || !got.AuthnRequestsSigned || len(got.SigningCerts) != 1 || got.ValidUntil.IsZero() {
		t.Errorf("got %+v", got)
	}
}
