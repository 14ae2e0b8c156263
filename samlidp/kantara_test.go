package samlidp_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// requirements are the ids of both profiles that bind an identity provider.
func requirements() (ids []string) {
	for _, section := range []struct {
		name string
		n    int
	}{{"IIP-G", 3}, {"IIP-MD", 12}, {"IIP-ALG", 8}, {"IIP-SSO", 7}, {"IIP-IDP", 21}, {"IIP-EXT", 1}, {"SDP-G", 4}, {"SDP-MD", 12}, {"SDP-ALG", 1}, {"SDP-IDP", 33}} {
		for i := range section.n {
			ids = append(ids, fmt.Sprintf("%s%02d", section.name, i+1))
		}
	}
	return ids
}

// idsIn are the requirements that a test names: TestIIP_G01_SDP_G01_… names two.
func idsIn(test string) (ids []string) {
	profile := ""
	for _, word := range strings.Split(strings.TrimPrefix(test, "Test"), "_") {
		switch {
		case word == "IIP" || word == "SDP":
			profile = word
		case profile != "" && regexp.MustCompile(`^[A-Z]+[0-9]{2}$`).MatchString(word):
			ids = append(ids, profile+"-"+word)
		}
	}
	return ids
}

// shown are the tests of each requirement, by the sources, spelled as the table spells them.
func shown(t *testing.T) map[string][]string {
	t.Helper()
	tests := map[string][]string{}
	for _, dir := range []string{".", "md", "dsig", "xenc", "wire", "msg", "../idp/server", "../idp/config"} {
		files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
		must(t, err)
		for _, file := range files {
			source, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
			must(t, err)
			for _, d := range source.Decls {
				f, ok := d.(*ast.FuncDecl)
				if !ok || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "Test") {
					continue
				}
				for _, id := range idsIn(f.Name.Name) {
					tests[id] = append(tests[id], strings.TrimPrefix(filepath.Base(dir)+":", ".:")+f.Name.Name)
				}
			}
		}
	}
	return tests
}

// Each requirement is in the table once: with all the tests that carry its id, or left out with
// the reason.
func TestTheTableOfRequirementsIsTheTests(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile("kantara.go")
	must(t, err)
	said := map[string]string{}
	for _, row := range regexp.MustCompile(`(?m)^//\t([A-Z]+-[A-Z]+[0-9]{2}) +(.+)$`).FindAllStringSubmatch(string(table), -1) {
		if said[row[1]] != "" {
			t.Errorf("%s stands twice", row[1])
		}
		said[row[1]] = row[2]
	}
	tests := shown(t)
	for _, id := range requirements() {
		row := said[id]
		if row == "" {
			t.Errorf("%s is not in the table", id)
		}
		row, _, _ = strings.Cut(row, " (")
		named := slices.DeleteFunc(strings.Split(row, ", "), func(s string) bool { return !strings.Contains(s, "Test") })
		slices.Sort(named)
		slices.Sort(tests[id])
		equal(t, id, named, tests[id])
		delete(said, id)
		delete(tests, id)
	}
	if len(said)+len(tests) > 0 {
		t.Errorf("nobody requires %v or %v", said, tests)
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
