package dsig_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
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
	"cloudsso/samlidp/dsig"
	"cloudsso/samlidp/wire"
)

// pair is a key with a certificate that expired long ago: nobody may care.
type pair struct {
	key  crypto.Signer
	cert []byte
}

func newPair(key crypto.Signer, err error) pair {
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "test"},
		NotBefore:    time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(2002, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return pair{key, cert}
}

func newEC(curve elliptic.Curve) pair {
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	return newPair(key, err)
}

func newRSA(bits int) pair {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	return newPair(key, err)
}

var (
	rsaPair   = sync.OnceValue(func() pair { return newRSA(2048) })
	otherPair = sync.OnceValue(func() pair { return newRSA(2048) })
	p256Pair  = sync.OnceValue(func() pair { return newEC(elliptic.P256()) })
	p384Pair  = sync.OnceValue(func() pair { return newEC(elliptic.P384()) })
	p521Pair  = sync.OnceValue(func() pair { return newEC(elliptic.P521()) })
)

func keys(pairs ...pair) []crypto.PublicKey {
	var all []crypto.PublicKey
	for _, p := range pairs {
		all = append(all, p.key.Public())
	}
	return all
}

// refused checks that err is fit for people and says what is wanted.
func refused(t *testing.T, err error, want string) {
	t.Helper()
	var e *idp.Error
	if !errors.As(err, &e) || e.Code != idp.Invalid {
		t.Fatalf("got %v, want an idp.Invalid error", err)
	}
	if !strings.Contains(e.Public, want) {
		t.Errorf("the sentence is\n%s\nwant in it\n%s", e.Public, want)
	}
}

func mustParse(t testing.TB, doc string) *wire.Element {
	t.Helper()
	root, err := wire.Parse([]byte(doc))
	if err != nil {
		t.Fatalf("%v\n%s", err, doc)
	}
	return root
}

func mustSigner(t testing.TB, p pair, alg string) *dsig.Signer {
	t.Helper()
	s, err := dsig.NewSigner(p.key, p.cert, alg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// signedRequest is an AuthnRequest signed by us.
func signedRequest(t testing.TB, p pair, alg string) string {
	t.Helper()
	w := wire.NewWriter()
	w.Start("samlp:AuthnRequest", wire.A("ID", "_req"), wire.A("Version", "2.0"), wire.A("IssueInstant", "2026-11-21T11:00:00Z"), wire.A("Destination", "https://idp.example/saml/sso"))
	w.Element("saml:Issuer", "https://sp.example/metadata")
	sig := mustSigner(t, p, alg).Begin(w, "_req")
	w.Element("samlp:NameIDPolicy", "", wire.A("AllowCreate", "true"))
	w.End()
	if err := sig.Finish(); err != nil {
		t.Fatal(err)
	}
	doc, err := w.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return string(doc)
}

// template is a Signature for xmlsec1 to fill in; what varies is given.
type template struct {
	c14n       string // of SignedInfo
	prefixes   string // its PrefixList
	alg        string
	digest     string
	uri        string
	transforms string
	keyInfo    string
}

const (
	excC14N   = "http://www.w3.org/2001/10/xml-exc-c14n#"
	c14n10    = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
	c14n11    = "http://www.w3.org/2006/12/xml-c14n11"
	enveloped = `<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>`
	sha256URI = "http://www.w3.org/2001/04/xmlenc#sha256"
)

func transform(uri, prefixes string) string {
	if prefixes == "" {
		return `<ds:Transform Algorithm="` + uri + `"/>`
	}
	return `<ds:Transform Algorithm="` + uri + `"><ec:InclusiveNamespaces xmlns:ec="` + excC14N + `" PrefixList="` + prefixes + `"/></ds:Transform>`
}

// String is the template with what is usual where nothing is given.
func (s template) String() string {
	or := func(v *string, usual string) {
		if *v == "" {
			*v = usual
		}
	}
	or(&s.c14n, excC14N)
	or(&s.alg, dsig.RSASHA256)
	or(&s.digest, sha256URI)
	or(&s.uri, "#_req")
	or(&s.transforms, enveloped+transform(excC14N, ""))
	method := strings.ReplaceAll(transform(s.c14n, s.prefixes), "ds:Transform", "ds:CanonicalizationMethod")
	return `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
  <ds:SignedInfo>
    ` + method + `
    <ds:SignatureMethod Algorithm="` + s.alg + `"/>
    <ds:Reference URI="` + s.uri + `">
      <ds:Transforms>` + s.transforms + `</ds:Transforms>
      <ds:DigestMethod Algorithm="` + s.digest + `"/>
      <ds:DigestValue></ds:DigestValue>
    </ds:Reference>
  </ds:SignedInfo>
  <ds:SignatureValue/>` + s.keyInfo + `
</ds:Signature>`
}

// request is an AuthnRequest in another hand than ours, with room for a signature.
func request(signature string) string {
	return `<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:unused"
  Version="2.0" ID="_req" IssueInstant="2026-11-21T11:00:00Z">
  <saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://sp.example/metadata</saml:Issuer>` + signature + `
  <samlp:Extensions><x:x xmlns:x="urn:x" x:b="1" a='2&#10;"'>a&amp;b&#13;</x:x></samlp:Extensions>
</samlp:AuthnRequest>`
}

// xmlsec runs xmlsec1 on a document and returns what it wrote to the file that follows
// --output, if one was asked for.
func xmlsec(t testing.TB, doc string, args ...string) (output string, err error) {
	t.Helper()
	tool, lookErr := exec.LookPath("xmlsec1")
	if lookErr != nil {
		t.Fatal("xmlsec1 is needed as the second opinion on signatures: apt-get install xmlsec1")
	}
	dir := tempDir(t)
	file, out := filepath.Join(dir, "doc.xml"), filepath.Join(dir, "out.xml")
	write(t, file, []byte(doc))
	if args[0] == "--sign" {
		args = append(args, "--output", out)
	}
	for _, kind := range []string{"AuthnRequest", "Response", "LogoutRequest"} {
		args = append(args, "--id-attr:ID", wire.NSProtocol+":"+kind)
	}
	args = append(args, "--id-attr:ID", wire.NSAssertion+":Assertion", file)
	var complaints bytes.Buffer
	cmd := exec.Command(tool, args...)
	cmd.Stderr = &complaints
	if err := cmd.Run(); err != nil {
		return complaints.String(), err
	}
	if args[0] != "--sign" {
		return complaints.String(), nil
	}
	signed, readErr := os.ReadFile(out)
	if readErr != nil {
		t.Fatal(readErr)
	}
	return string(signed), nil
}

// tempDir is a directory without the commas of a test's name: xmlsec1 splits at them.
func tempDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "xmlsec")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func write(t testing.TB, file string, data []byte) {
	t.Helper()
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// xmlsecSign has xmlsec1 fill in the template in doc.
func xmlsecSign(t testing.TB, doc string, p pair) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(tempDir(t), "key.pem")
	write(t, file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	out, err := xmlsec(t, doc, "--sign", "--privkey-pem", file)
	if err != nil {
		t.Fatalf("xmlsec1 does not sign: %v\n%s\n%s", err, out, doc)
	}
	return strings.TrimPrefix(out, "<?xml version=\"1.0\"?>\n")
}

// xmlsecVerify asks xmlsec1 with the key alone: KeyInfo is switched off, as we do.
func xmlsecVerify(t testing.TB, doc string, p pair, more ...string) error {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(p.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(tempDir(t), "key.pem")
	write(t, file, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	out, err := xmlsec(t, doc, append([]string{"--verify", "--pubkey-pem", file, "--enabled-key-data", "key-name"}, more...)...)
	if err != nil {
		return errors.New(err.Error() + "\n" + out)
	}
	return nil
}
