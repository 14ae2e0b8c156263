package md_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"math/big"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/samlidp/dsig"
	"cloudsso/samlidp/md"
	"cloudsso/samlidp/wire"
)

func address(s string) url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return *u
}

// everything uses each feature once, in Shibboleth's spelling where it has one.
var everything = `<?xml version="1.0" encoding="UTF-8"?>
<!-- made by hand -->
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" xmlns:mdui="urn:oasis:names:tc:SAML:metadata:ui" entityID="https://sp.example/shibboleth" ID="_1" validUntil="2027-01-01T01:00:00+01:00">
  <md:SPSSODescriptor AuthnRequestsSigned="1" WantAssertionsSigned=" true " protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:Extensions>
      <mdui:UIInfo>
        <mdui:DisplayName xml:lang="de">Anwendung</mdui:DisplayName>
        <mdui:DisplayName xml:lang="en">The
          App</mdui:DisplayName>
        <mdui:Logo width="1" height="1">http://sp.example/insecure.png</mdui:Logo>
        <mdui:Logo width="1" height="1">https://sp.example/logo.png</mdui:Logo>
      </mdui:UIInfo>
      <!-- an extension nobody knows --><x:y xmlns:x="urn:x"/>
    </md:Extensions>
    <md:KeyDescriptor use="signing"><ds:KeyInfo><ds:KeyName>k</ds:KeyName>` + x509Data("\n    "+b64(rsaCert())[:64]+"\n    "+b64(rsaCert())[64:]+"\n") + `</ds:KeyInfo></md:KeyDescriptor>
    <md:KeyDescriptor>` + "<ds:KeyInfo>" + x509Data(b64(ecCert())) + `</ds:KeyInfo><md:EncryptionMethod Algorithm="urn:x"/></md:KeyDescriptor>
    <md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" Location="https://sp.example/slo/soap"/>
    <md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://sp.example/slo" ResponseLocation="https://sp.example/slo/done"/>
    <md:NameIDFormat>
      urn:oasis:names:tc:SAML:2.0:nameid-format:transient
    </md:NameIDFormat>
    <md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</md:NameIDFormat>
    <md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:PAOS" Location="https://sp.example/ecp" index="4"/>
    <md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sp.example/acs?a=1&amp;b=2" index="0" isDefault="1"/>
    <md:AttributeConsumingService index="0"><md:ServiceName xml:lang="en">old</md:ServiceName><md:RequestedAttribute Name="no"/></md:AttributeConsumingService>
    <md:AttributeConsumingService index="1" isDefault="true"><md:ServiceName xml:lang="en">new</md:ServiceName>
      <md:RequestedAttribute Name="urn:oid:0.9.2342.19200300.100.1.3" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri" FriendlyName="mail" isRequired="true"/>
      <md:RequestedAttribute Name="groups"/>
    </md:AttributeConsumingService>
  </md:SPSSODescriptor>
  <md:Organization><md:OrganizationName xml:lang="en">o</md:OrganizationName><md:OrganizationDisplayName xml:lang="en">Org</md:OrganizationDisplayName><md:OrganizationURL xml:lang="en">https://o</md:OrganizationURL></md:Organization>
</md:EntityDescriptor>
`

func TestIIP_MD05_ParseSPReadsEverything(t *testing.T) {
	t.Parallel()
	got := mustParse(t, everything)
	want := &md.SP{
		EntityID: "https://sp.example/shibboleth",
		Name:     "The App",
		Logo:     "https://sp.example/logo.png",
		ACS: []idp.Endpoint{
			{Binding: wire.BindingPAOS, Location: "https://sp.example/ecp", Index: 4},
			{Binding: wire.BindingPost, Location: "https://sp.example/acs?a=1&b=2", Index: 0, IsDefault: true},
		},
		SLO: []idp.Endpoint{
			{Binding: wire.BindingSOAP, Location: "https://sp.example/slo/soap", Index: 0},
			{Binding: wire.BindingRedirect, Location: "https://sp.example/slo", Index: 1, ResponseLocation: "https://sp.example/slo/done"},
		},
		NameIDFormats:        []string{"urn:oasis:names:tc:SAML:2.0:nameid-format:transient", "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"},
		SigningCerts:         [][]byte{rsaCert(), ecCert()},
		EncryptionCerts:      [][]byte{ecCert()},
		EncryptionMethods:    []idp.EncryptionMethod{{Algorithm: "urn:x"}},
		AuthnRequestsSigned:  true,
		WantAssertionsSigned: true,
		RequestedAttributes: []md.RequestedAttribute{
			{Name: "urn:oid:0.9.2342.19200300.100.1.3", NameFormat: "urn:oasis:names:tc:SAML:2.0:attrname-format:uri", FriendlyName: "mail", Required: true},
			{Name: "groups"},
		},
		AttributeServices: []idp.AttributeService{{Index: 0, Names: []string{"no"}}, {Index: 1, Names: []string{"urn:oid:0.9.2342.19200300.100.1.3", "groups"}}},
		ValidUntil:        time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
		XML:               []byte(everything),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
	record := md.ToServiceProvider(got)
	if record.EntityID != got.EntityID || record.Name != "The App" || !record.SignsRequests || !record.WantsAssertionsSigned ||
		!slices.Equal(record.ACS, got.ACS) || !slices.Equal(record.SLO, got.SLO) || len(record.SigningCerts) != 2 ||
		!slices.Equal(record.NameIDFormats, got.NameIDFormats) || !bytes.Equal(record.MetadataXML, got.XML) || record.App != "" {
		t.Errorf("the record is %+v", record)
	}
	valid(t, []byte(strings.Replace(everything, "<ds:KeyName>k</ds:KeyName>", "", 1))) // the schema of the tests has X509Data only
}

// The sample of the Influitive guide, as it stands there: single quotes, an
// unfilled placeholder with "<" in the ACS URL, a stray <br> at the end.
func TestInfluitiveSampleIsRefusedHelpfullyAndThenRead(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/influitive.xml")
	if err != nil {
		t.Fatal(err)
	}
	_, err = md.ParseSP(raw, now)
	refused(t, err, `Line 1, column 520: the value of the attribute Location contains the character "<". If a placeholder such as <your-host> stands there, put the real value in its place`)

	filled := strings.Replace(string(raw), "<hub-name.influitive.com", "acme.influitive.com", 1)
	_, err = md.ParseSP([]byte(filled), now)
	refused(t, err, "there is a second root element")

	got := mustParse(t, strings.Replace(filled, "<br>", "", 1))
	want := []idp.Endpoint{{Binding: wire.BindingPost, Location: "https://acme.influitive.com/saml/consume", Index: 0, IsDefault: true}}
	if got.EntityID != "Influitive-AdvocateHub" || !slices.Equal(got.ACS, want) || !got.WantAssertionsSigned || got.AuthnRequestsSigned || len(got.Warnings) != 0 ||
		!slices.Equal(got.NameIDFormats, []string{"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"}) {
		t.Errorf("got %+v", got)
	}
}

func TestParseSPRefuses(t *testing.T) {
	t.Parallel()
	location := func(s string) string {
		return head + role + strings.Replace(acs, "https://sp.example/acs", s, 1) + tail
	}
	const notWeb = "is not a complete http or https address"
	rows := []struct{ name, doc, want string }{
		{"nothing", "", "there is no XML element here"},
		{"a web page", "\n<!DOCTYPE html>\n<html><body>Sign in</body></html>", "This is a web page, not SAML metadata"},
		{"a web page in capitals", "<HTML>", "This is a web page"},
		{"JSON", `{"entityID":"x"}`, "Line 1, column 1: there is text outside of the root element"},
		{"a URL", "https://sp.example/metadata", "there is text outside"},
		{"S04 DOCTYPE", `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>` + sp(""), "Line 1, column 1: a DOCTYPE"},
		{"some other document", `<a/>`, "in <a>: SAML metadata starts with <EntityDescriptor>"},
		{"the right name in no namespace", `<EntityDescriptor entityID="x"/>`, "in the namespace urn:oasis:names:tc:SAML:2.0:metadata"},
		{"an identity provider", head + `<md:IDPSSODescriptor/></md:EntityDescriptor>`, "not that of an identity provider"},
		{"a service provider of SAML 1.1", strings.Replace(sp(""), " urn:oasis:names:tc:SAML:2.0:protocol", "", 1), "no <SPSSODescriptor> for SAML 2.0"},
		{"no entityID", strings.Replace(sp(""), ` entityID="https://sp.example/metadata"`, "", 1), "the attribute entityID is missing or empty"},
		{"a blank entityID", strings.Replace(sp(""), "https://sp.example/metadata", " ", 1), "missing or empty"},
		{"a blank inside of the entityID", strings.Replace(sp(""), "https://sp.example/metadata", "my sp", 1), "the entityID contains a blank"},
		{"a long entityID", strings.Replace(sp(""), "https://sp.example/metadata", strings.Repeat("x", 1025), 1), "more than 1024 characters"},
		{"S19 expired", strings.Replace(sp(""), "entityID=", `validUntil="2026-11-21T11:57:00Z" entityID=`, 1), "this metadata expired on 21 November 2026 11:57 UTC. Get the current document"},
		{"S19 expired role", strings.Replace(sp(""), "<md:SPSSODescriptor ", `<md:SPSSODescriptor validUntil="2020-01-01T00:00:00" `, 1), "expired on 1 January 2020"},
		{"S19 expired collection", `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" validUntil="2020-01-01T00:00:00Z">` + sp("") + "</md:EntitiesDescriptor>", "expired on 1 January 2020"},
		{"validUntil that is no time", strings.Replace(sp(""), "entityID=", `validUntil="next year" entityID=`, 1), `validUntil="next year" is not a time`},
		{"a flag that is no boolean", strings.Replace(sp(""), "<md:SPSSODescriptor ", `<md:SPSSODescriptor AuthnRequestsSigned="yes" `, 1), `AuthnRequestsSigned="yes" is neither true nor false`},
		{"another flag that is no boolean", strings.Replace(sp(""), "<md:SPSSODescriptor ", `<md:SPSSODescriptor WantAssertionsSigned="" `, 1), `WantAssertionsSigned="" is neither`},
		{"no ACS", head + role + tail, "there is no <AssertionConsumerService> with the binding urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"},
		{"only an ACS by artifact", head + role + strings.Replace(acs, "HTTP-POST", "HTTP-Artifact", 1) + tail, "there is no <AssertionConsumerService> with the binding"},
		{"an ACS without binding", head + role + `<md:AssertionConsumerService Location="https://sp.example" index="0"/>` + tail, "the attribute Binding is missing"},
		{"an ACS without location", head + role + `<md:AssertionConsumerService Binding="x" index="0"/>` + tail, `Location="" ` + notWeb},
		{"S09 a script as ACS", location("javascript:alert(1)"), `Location="javascript:alert(1)" ` + notWeb},
		{"S09 data as ACS", location("data:text/html,x"), notWeb},
		{"S08 a path as ACS", location("/acs"), notWeb},
		{"S08 a host without scheme", location("//sp.example/acs"), notWeb},
		{"S08 a user name before the host", location("https://idp.example@evil.example/acs"), notWeb},
		{"S08 a fragment", location("https://sp.example/acs#x"), notWeb},
		{"S08 no host", location("https:///acs"), notWeb},
		{"S08 a backslash", location(`https://sp.example\@evil.example/`), notWeb},
		{"S08 a blank inside", location("https://sp.example/a cs"), notWeb},
		{"S08 ftp", location("ftp://sp.example/acs"), notWeb},
		{"an index that is no number", strings.Replace(sp(""), `index="1"`, `index="one"`, 1), `index="one" is not a number from 0 to 65535`},
		{"a negative index", strings.Replace(sp(""), `index="1"`, `index="-1"`, 1), "is not a number from 0 to 65535"},
		{"an index that is too large", strings.Replace(sp(""), `index="1"`, `index="65536"`, 1), "is not a number from 0 to 65535"},
		{"isDefault that is no boolean", strings.Replace(sp(""), `index="1"`, `index="1" isDefault="TRUE"`, 1), `isDefault="TRUE" is neither`},
		{"a use nobody knows", sp(keyDescriptor("Signing", x509Data(b64(ecCert())))), `use="Signing" is neither signing nor encryption`},
		{"isRequired that is no boolean", sp(`<md:AttributeConsumingService><md:RequestedAttribute Name="x" isRequired="maybe"/></md:AttributeConsumingService>`), `isRequired="maybe"`},
		{"S06 a comment inside of a text", sp(`<md:NameIDFormat>urn:<!-- x -->x</md:NameIDFormat>`), "a comment stands inside the text of <md:NameIDFormat>"},
		{"S01 the same ID twice", strings.Replace(sp(`<md:Extensions ID="x"/>`), "entityID=", `ID="x" entityID=`, 1), `the ID "x" stands twice`},
		{"an empty collection", `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"/>`, "this collection describes 0 service providers"},
		{"a collection of two", `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">` + sp("") + strings.Replace(sp(""), "sp.example", "sp2.example", 1) + "</md:EntitiesDescriptor>", "this collection describes 2 service providers, and exactly one is wanted"},
		{"S05 too large", "<a>" + strings.Repeat(" ", 4<<20) + "</a>", "at most 4194304 are accepted"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got, err := md.ParseSP([]byte(row.doc), now)
			refused(t, err, row.want)
			if got != nil {
				t.Error("a result comes with the error")
			}
		})
	}
}

func TestParseSPFindsTheOneServiceProviderOfACollection(t *testing.T) {
	t.Parallel()
	doc := `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" validUntil="2026-12-01T00:00:00Z">` + head + `<md:IDPSSODescriptor/></md:EntityDescriptor><md:EntitiesDescriptor validUntil="2026-11-30T00:00:00.5Z">` + sp("") + "</md:EntitiesDescriptor></md:EntitiesDescriptor>"
	got := mustParse(t, doc)
	if got.EntityID != "https://sp.example/metadata" || !got.ValidUntil.Equal(time.Date(2026, 11, 30, 0, 0, 0, 5e8, time.UTC)) {
		t.Errorf("got %s, valid until %s", got.EntityID, got.ValidUntil)
	}
}

// What can be done without is left out, and the admin hears of it.
func TestParseSPWarns(t *testing.T) {
	t.Parallel()
	second := strings.Replace(acs, "sp.example/acs", "sp.example/acs2", 1)
	rows := []struct{ name, doc, want string }{
		{"blanks around the entityID", strings.Replace(sp(""), `"https://sp.example/metadata"`, `" https://sp.example/metadata "`, 1), "Line 1: Blanks around the entityID were removed."},
		{"two roles", strings.Replace(sp(""), "</md:EntityDescriptor>", role+acs+"</md:SPSSODescriptor></md:EntityDescriptor>", 1), "There is more than one <SPSSODescriptor>; only the first is used."},
		{"plain http", strings.Replace(sp(""), "https://sp.example/acs", "http://sp.example/acs", 1), "The ACS URL http://sp.example/acs is not https"},
		{"no index", strings.Replace(sp(""), ` index="1"`, "", 1), "it was given the index 0"},
		{"the same index twice", sp(second), "it was given the index 0"},
		{"two defaults", strings.ReplaceAll(sp(strings.Replace(second, `index="1"`, `index="2"`, 1)), " index=", ` isDefault="true" index=`), "More than one endpoint says isDefault"},
		{"a bad logout endpoint", sp(`<md:SingleLogoutService Binding="x" Location="slo"/>`), "The logout endpoint was left out"},
		{"a bad ResponseLocation", sp(`<md:SingleLogoutService Binding="x" Location="https://sp.example/slo" ResponseLocation="javascript:x"/>`), "The ResponseLocation was left out"},
		{"a key without KeyInfo", sp("<md:KeyDescriptor/>"), "has no <KeyInfo>"},
		{"an empty KeyInfo", sp(keyDescriptor("", "")), "no usable certificate or key"},
		{"a certificate that is not base64", sp(keyDescriptor("", x509Data("@@"))), "A certificate or key was left out: This is neither a certificate nor a public key"},
		{"a certificate that is none", sp(keyDescriptor("", x509Data("QUJD"))), "A certificate or key was left out"},
		{"S14 a weak key", sp(keyDescriptor("", x509Data(b64(weakCert())))), "The RSA key has 1024 bits"},
		{"signed requests without a key", strings.Replace(sp(""), "<md:SPSSODescriptor ", `<md:SPSSODescriptor AuthnRequestsSigned="true" `, 1), "every request will be refused"},
		{"S17 a key by reference", sp(keyDescriptor("", `<ds:RetrievalMethod URI="http://169.254.169.254/"/>`)), "no usable certificate or key"},
		{"a bare key of an unknown kind", sp(keyDescriptor("", `<ds:KeyValue><ds:DSAKeyValue/></ds:KeyValue>`)), "A certificate or key was left out"},
		{"a bare key with a bad curve", sp(keyDescriptor("", `<ds:KeyValue><e:ECKeyValue xmlns:e="http://www.w3.org/2009/xmldsig11#"><e:NamedCurve URI="urn:oid:1"/><e:PublicKey>QUJD</e:PublicKey></e:ECKeyValue></ds:KeyValue>`)), "A certificate or key was left out"},
		{"a bare key with a bad point", sp(keyDescriptor("", `<ds:KeyValue><e:ECKeyValue xmlns:e="http://www.w3.org/2009/xmldsig11#"><e:NamedCurve URI="urn:oid:1.3.132.0.34"/><e:PublicKey>QUJD</e:PublicKey></e:ECKeyValue></ds:KeyValue>`)), "A certificate or key was left out"},
		{"a bare key without exponent", sp(keyDescriptor("", `<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>QUJD</ds:Modulus></ds:RSAKeyValue></ds:KeyValue>`)), "A certificate or key was left out"},
		{"a bare key with a huge exponent", sp(keyDescriptor("", `<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>QUJD</ds:Modulus><ds:Exponent>QUJDREVGRw==</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>`)), "A certificate or key was left out"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got := mustParse(t, row.doc)
			if !slices.ContainsFunc(got.Warnings, func(w string) bool { return strings.Contains(w, row.want) && strings.HasPrefix(w, "Line ") }) {
				t.Errorf("warnings are %q, want %q among them", got.Warnings, row.want)
			}
			if len(got.ACS) == 0 || got.EntityID != "https://sp.example/metadata" {
				t.Errorf("the rest is lost: %+v", got)
			}
			indexes := make(map[int]bool)
			for _, e := range got.ACS {
				indexes[e.Index] = true
			}
			if len(indexes) != len(got.ACS) {
				t.Errorf("indexes are not unique: %+v", got.ACS)
			}
		})
	}
}

func TestParseSPReadsKeys(t *testing.T) {
	t.Parallel()
	e := big.NewInt(int64(rsaKey().E)).Bytes()
	bareRSA := `<ds:KeyValue><ds:RSAKeyValue><ds:Modulus> ` + b64(rsaKey().N.Bytes()) + "\n" + `</ds:Modulus><ds:Exponent>` + b64(e) + `</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>`
	bareEC := func(key *ecdsa.PrivateKey, oid string) string {
		point, err := key.PublicKey.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		return `<ds:KeyValue><e:ECKeyValue xmlns:e="http://www.w3.org/2009/xmldsig11#"><e:NamedCurve URI="urn:oid:` + oid + `"/><e:PublicKey>` + b64(point) + `</e:PublicKey></e:ECKeyValue></ds:KeyValue>`
	}
	p384, p521 := newEC(elliptic.P384()), newEC(elliptic.P521())
	pem := "-----BEGIN CERTIFICATE-----\n" + b64(rsaCert()) + "\n-----END CERTIFICATE-----"
	rows := []struct {
		name, keys string
		signing    []any
		encryption int
	}{
		{"a bare RSA key", keyDescriptor("signing", bareRSA), []any{&rsaKey().PublicKey}, 0},
		{"bare EC keys", keyDescriptor("", bareEC(ecKey(), "1.2.840.10045.3.1.7")) + keyDescriptor("signing", bareEC(p384, "1.3.132.0.34")) + keyDescriptor("signing", bareEC(p521, "1.3.132.0.35")), []any{&ecKey().PublicKey, &p384.PublicKey, &p521.PublicKey}, 1},
		{"a certificate beside its bare key counts once", keyDescriptor("signing", bareRSA+x509Data(b64(rsaCert()))), []any{&rsaKey().PublicKey}, 0},
		{"PEM, as people paste it", keyDescriptor("signing", x509Data(pem)), []any{&rsaKey().PublicKey}, 0},
		{"the same certificate twice counts once", keyDescriptor("signing", x509Data(b64(ecCert()))) + keyDescriptor("", x509Data(b64(ecCert()))), []any{&ecKey().PublicKey}, 1},
		{"the good one beside a broken one", keyDescriptor("signing", x509Data("QUJD")) + keyDescriptor("signing", x509Data(b64(ecCert()))), []any{&ecKey().PublicKey}, 0},
		{"two certificates in one KeyInfo", keyDescriptor("signing", x509Data(b64(rsaCert()))+x509Data(b64(ecCert()))), []any{&rsaKey().PublicKey, &ecKey().PublicKey}, 0},
		{"only for encryption", keyDescriptor("encryption", x509Data(b64(rsaCert()))), nil, 1},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got := mustParse(t, sp(row.keys))
			if len(got.SigningCerts) != len(row.signing) || len(got.EncryptionCerts) != row.encryption {
				t.Fatalf("%d and %d keys, warnings %q", len(got.SigningCerts), len(got.EncryptionCerts), got.Warnings)
			}
			for i, want := range row.signing {
				key, err := dsig.PublicKey(got.SigningCerts[i])
				if err != nil {
					t.Fatal(err)
				}
				switch want := want.(type) {
				case *rsa.PublicKey:
					if !want.Equal(key) {
						t.Errorf("key %d is another", i)
					}
				case *ecdsa.PublicKey:
					if !want.Equal(key) {
						t.Errorf("key %d is another", i)
					}
				}
			}
		})
	}
}

func TestParseSPFindsAName(t *testing.T) {
	t.Parallel()
	const (
		org = `<md:Organization><md:OrganizationDisplayName xml:lang="de">Firma</md:OrganizationDisplayName></md:Organization>`
		svc = `<md:AttributeConsumingService index="1"><md:ServiceName>Service</md:ServiceName></md:AttributeConsumingService>`
	)
	ui := func(names string) string {
		return "<md:Extensions><mdui:UIInfo>" + names + "</mdui:UIInfo></md:Extensions>"
	}
	withOrg := func(doc string) string {
		return strings.Replace(doc, "</md:EntityDescriptor>", org+"</md:EntityDescriptor>", 1)
	}
	rows := []struct{ name, doc, want string }{
		{"no name at all", sp(""), ""},
		{"of the service", sp(svc), "Service"},
		{"of the organisation before the service's", withOrg(sp(svc)), "Firma"},
		{"of the user interface before all", withOrg(sp(ui(`<mdui:DisplayName xml:lang="fr">Appli</mdui:DisplayName>`) + svc)), "Appli"},
		{"English before others", sp(ui(`<mdui:DisplayName xml:lang="fr">Appli</mdui:DisplayName><mdui:DisplayName xml:lang="en-GB">App</mdui:DisplayName>`)), "App"},
		{"an empty one counts as none", withOrg(sp(ui(`<mdui:DisplayName xml:lang="en"> </mdui:DisplayName>`))), "Firma"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got := mustParse(t, row.doc); got.Name != row.want {
				t.Errorf("got %q, want %q", got.Name, row.want)
			}
		})
	}
}

func FuzzParseSP(f *testing.F) {
	f.Add([]byte(everything))
	f.Add([]byte(sp("")))
	f.Add([]byte(`<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">` + sp("<!-- x -->") + "</md:EntitiesDescriptor>"))
	f.Fuzz(func(t *testing.T, doc []byte) {
		got, err := md.ParseSP(doc, now)
		if err != nil {
			refused(t, err, "")
			return
		}
		if got.EntityID == "" || len(got.ACS) == 0 {
			t.Fatalf("accepted without what matters: %+v", got)
		}
		for _, e := range append(got.ACS, got.SLO...) { // S09
			u, err := url.Parse(e.Location)
			if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil {
				t.Fatalf("an assertion could go to %q", e.Location)
			}
		}
		for _, der := range append(got.SigningCerts, got.EncryptionCerts...) {
			if _, err := dsig.PublicKey(der); err != nil {
				t.Fatalf("an unusable key was kept: %v", err)
			}
		}
	})
}
