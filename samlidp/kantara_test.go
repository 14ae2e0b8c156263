package samlidp_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every test that the table of requirements names exists.
func TestTheTableOfRequirementsNamesRealTests(t *testing.T) {
	t.Parallel()
	var sources strings.Builder
	for _, glob := range []string{"*_test.go", "*/*_test.go", "../idp/server/*_test.go"} {
		files, err := filepath.Glob(glob)
		must(t, err)
		for _, f := range files {
			b, err := os.ReadFile(f)
			must(t, err)
			sources.Write(b)
		}
	}
	table, err := os.ReadFile("kantara.go")
	must(t, err)
	named := regexp.MustCompile(`Test[A-Za-z0-9_]+`).FindAllString(string(table), -1)
	if len(named) < 50 {
		t.Fatalf("%d tests are named", len(named))
	}
	for _, name := range named {
		if !strings.Contains(sources.String(), "func "+name+"(") {
			t.Errorf("there is no %s", name)
		}
	}
}

// Our signed metadata: schema-valid, and verified by xmlsec1.
func TestSignedMetadataIsVerifiedByXmlsec1(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register()
	for _, target := range []string{"/saml/metadata?signed", "/saml/metadata/wiki?signed=true"} {
		w := h.get(issuer + target)
		file := filepath.Join(t.TempDir(), "metadata.xml")
		must(t, os.WriteFile(file, w.Body.Bytes(), 0o600))
		valid(t, "saml-schema-metadata-2.0.xsd", file)
		tool(t, "xmlsec1", "xmlsec1", nil, "--verify", "--pubkey-cert-pem", "testdata/idp-cert.pem", "--enabled-key-data", "rsa",
			"--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor", file)
	}
	if plain := h.get(issuer + "/saml/metadata?signed=false").Body.String(); strings.Contains(plain, "Signature") {
		t.Error("signed although nobody asked")
	}
}
