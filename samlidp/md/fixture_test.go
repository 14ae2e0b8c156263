package md_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/samlidp/md"
)

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// certificate of a key, expired long ago: nobody may care.
func certificate(key crypto.Signer) []byte {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "test"},
		NotBefore:    time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(2002, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return der
}

func newEC(curve elliptic.Curve) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

func newRSA(bits int) *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return key
}

var (
	rsaKey   = sync.OnceValue(func() *rsa.PrivateKey { return newRSA(2048) })
	ecKey    = sync.OnceValue(func() *ecdsa.PrivateKey { return newEC(elliptic.P256()) })
	rsaCert  = sync.OnceValue(func() []byte { return certificate(rsaKey()) })
	ecCert   = sync.OnceValue(func() []byte { return certificate(ecKey()) })
	weakCert = sync.OnceValue(func() []byte { return certificate(newRSA(1024)) })
)

func b64(raw []byte) string { return base64.StdEncoding.EncodeToString(raw) }

// Pieces of metadata documents.
const (
	head = `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" xmlns:mdui="urn:oasis:names:tc:SAML:metadata:ui" entityID="https://sp.example/metadata">`
	role = `<md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:1.1:protocol urn:oasis:names:tc:SAML:2.0:protocol">`
	acs  = `<md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sp.example/acs" index="1"/>`
	tail = `</md:SPSSODescriptor></md:EntityDescriptor>`
)

// sp is a document whose role holds the given elements, before one ACS.
func sp(content string) string { return head + role + content + acs + tail }

func keyDescriptor(use, info string) string {
	if use != "" {
		use = ` use="` + use + `"`
	}
	return `<md:KeyDescriptor` + use + `><ds:KeyInfo>` + info + `</ds:KeyInfo></md:KeyDescriptor>`
}

func x509Data(text string) string {
	return "<ds:X509Data><ds:X509Certificate>" + text + "</ds:X509Certificate></ds:X509Data>"
}

func mustParse(t *testing.T, doc string) *md.SP {
	t.Helper()
	got, err := md.ParseSP([]byte(doc), now)
	if err != nil {
		t.Fatalf("%v\n%s", err, doc)
	}
	return got
}

// refused checks that err is fit for an admin, says what is wanted and how to go on.
func refused(t *testing.T, err error, want string) {
	t.Helper()
	var e *idp.Error
	if !errors.As(err, &e) || e.Code != idp.Invalid || e.Field != "metadata_xml" {
		t.Fatalf("got %v, want an idp.Invalid error on metadata_xml", err)
	}
	if !strings.Contains(e.Public, want) {
		t.Errorf("the sentence is\n%s\nwant in it\n%s", e.Public, want)
	}
	if !strings.Contains(e.Public, "by hand: its entity ID and its ACS URL are enough") {
		t.Errorf("it does not say how to go on: %s", e.Public)
	}
}

// valid checks a document against the metadata schema of OASIS.
func valid(t *testing.T, doc []byte) {
	t.Helper()
	const schema = "/usr/share/xml/opensaml/saml-schema-metadata-2.0.xsd"
	if _, err := os.Stat(schema); err != nil {
		t.Fatal("the SAML schemas are needed: apt-get install opensaml-schemas")
	}
	tool, err := exec.LookPath("xmllint")
	if err != nil {
		t.Fatal("xmllint is needed: apt-get install libxml2-utils")
	}
	catalog, err := filepath.Abs("../testdata/schema/catalog.xml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "metadata.xml")
	if err := os.WriteFile(file, doc, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), tool, "--nonet", "--noout", "--schema", schema, file)
	cmd.Env = append(os.Environ(), "XML_CATALOG_FILES="+catalog)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("not valid: %v\n%s\n%s", err, bytes.TrimSpace(out), doc)
	}
}
