package samlidp_test

import (
	"encoding/base64"
	"encoding/xml"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/jonboulle/clockwork"
	dsig "github.com/russellhaering/goxmldsig"
)

const schemas = "/usr/share/xml/opensaml/"

// result is a Response as the standard library reads it: a second opinion on what we wrote.
type result struct {
	XMLName      xml.Name  `xml:"urn:oasis:names:tc:SAML:2.0:protocol Response"`
	ID           string    `xml:",attr"`
	InResponseTo *string   `xml:",attr"`
	Destination  string    `xml:",attr"`
	Issuer       string    `xml:"urn:oasis:names:tc:SAML:2.0:assertion Issuer"`
	Signature    *struct{} `xml:"http://www.w3.org/2000/09/xmldsig# Signature"`
	Status       struct {
		Code struct {
			Value string `xml:",attr"`
			Sub   *struct {
				Value string `xml:",attr"`
			} `xml:"StatusCode"`
		} `xml:"StatusCode"`
		Message string `xml:"StatusMessage"`
	} `xml:"Status"`
	Assertion *struct {
		ID        string    `xml:",attr"`
		Issuer    string    `xml:"Issuer"`
		Signature *struct{} `xml:"http://www.w3.org/2000/09/xmldsig# Signature"`
		Subject   struct {
			NameID struct {
				Format          string `xml:",attr"`
				NameQualifier   string `xml:",attr"`
				SPNameQualifier string `xml:",attr"`
				Value           string `xml:",chardata"`
			}
			Confirmation struct {
				Method string `xml:",attr"`
				Data   struct {
					Attrs []xml.Attr `xml:",any,attr"`
				} `xml:"SubjectConfirmationData"`
			} `xml:"SubjectConfirmation"`
		}
		Conditions struct {
			NotBefore    time.Time `xml:",attr"`
			NotOnOrAfter time.Time `xml:",attr"`
			Audiences    []string  `xml:"AudienceRestriction>Audience"`
		}
		Authn struct {
			Instant time.Time `xml:"AuthnInstant,attr"`
			Index   string    `xml:"SessionIndex,attr"`
			Class   string    `xml:"AuthnContext>AuthnContextClassRef"`
		} `xml:"AuthnStatement"`
		Statements []struct {
			Attributes []struct {
				Name         string `xml:",attr"`
				NameFormat   string `xml:",attr"`
				FriendlyName string `xml:",attr"`
				Values       []struct {
					Type string `xml:"http://www.w3.org/2001/XMLSchema-instance type,attr"`
					Text string `xml:",chardata"`
				} `xml:"AttributeValue"`
			} `xml:"Attribute"`
		} `xml:"AttributeStatement"`
	} `xml:"urn:oasis:names:tc:SAML:2.0:assertion Assertion"`
}

// confirmed returns an attribute of the SubjectConfirmationData.
func (r *result) confirmed(name string) (string, bool) {
	for _, a := range r.Assertion.Subject.Confirmation.Data.Attrs {
		if a.Name.Local == name {
			return a.Value, true
		}
	}
	return "", false
}

// response reads the Response off the page. Every one passes all oracles.
func response(t testing.TB, w *httptest.ResponseRecorder) *result {
	t.Helper()
	doc, err := base64.StdEncoding.DecodeString(posted(t, w).Fields.Get("SAMLResponse"))
	must(t, err)
	return judged(t, doc)
}

func judged(t testing.TB, doc []byte) *result {
	t.Helper()
	r := new(result)
	must(t, xml.Unmarshal(doc, r))
	signedNodes := []string{}
	if r.Signature != nil {
		signedNodes = append(signedNodes, "/*/*[local-name()='Signature']")
	}
	if r.Assertion != nil && r.Assertion.Signature != nil {
		signedNodes = append(signedNodes, "/*/*[local-name()='Assertion']/*[local-name()='Signature']")
	}
	if len(signedNodes) == 0 {
		t.Fatalf("nothing is signed:\n%s", doc)
	}
	file := filepath.Join(t.TempDir(), "response.xml")
	must(t, os.WriteFile(file, doc, 0o600))
	for _, node := range signedNodes {
		tool(t, "xmlsec1", "xmlsec1", nil, "--verify", "--pubkey-cert-pem", "testdata/idp-cert.pem", "--enabled-key-data", "rsa",
			"--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:protocol:Response", "--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion",
			"--node-xpath", node, file)
	}
	valid(t, "saml-schema-protocol-2.0.xsd", file)
	verifiedByGoxmldsig(t, doc, r)
	return r
}

// valid has xmllint validate a file against one of SAML's own schemas.
func valid(t testing.TB, schema, file string) {
	t.Helper()
	if _, err := os.Stat(schemas + schema); err != nil {
		t.Fatalf("SAML's schemas are not in %s. Install the Debian package opensaml-schemas.", schemas)
	}
	catalog, err := filepath.Abs("testdata/schema/catalog.xml")
	must(t, err)
	tool(t, "libxml2-utils", "xmllint", []string{"XML_CATALOG_FILES=" + catalog}, "--nonet", "--noout", "--schema", schemas+schema, file)
}

func tool(t testing.TB, pkg, name string, env []string, args ...string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Fatalf("The program %s is needed to check what we sign. Install the Debian package %s.", name, pkg)
	}
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		doc, _ := os.ReadFile(args[len(args)-1])
		t.Fatalf("%s: %v\n%s\n%s", name, err, out, doc)
	}
}

func verifiedByGoxmldsig(t testing.TB, doc []byte, r *result) {
	t.Helper()
	tree := etree.NewDocument()
	must(t, tree.ReadFromBytes(doc))
	check := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: newRing(t).SAMLCertificates()})
	check.IdAttribute = "ID"
	check.Clock = dsig.NewFakeClock(clockwork.NewFakeClockAt(certificate(t, "idp").NotBefore.Add(time.Hour)))
	if r.Signature != nil {
		if _, err := check.Validate(tree.Root()); err != nil {
			t.Fatalf("goxmldsig refuses the response: %v\n%s", err, doc)
		}
	}
	if r.Assertion != nil && r.Assertion.Signature != nil {
		el := tree.Root().FindElement("./Assertion")
		if _, err := check.Validate(el.Copy()); err != nil {
			t.Fatalf("goxmldsig refuses the assertion: %v\n%s", err, doc)
		}
	}
}
