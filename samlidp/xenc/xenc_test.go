package xenc_test

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/beevik/etree"
	crewjam "github.com/crewjam/saml/xmlenc"

	"cloudsso/idp"
	"cloudsso/samlidp/wire"
	"cloudsso/samlidp/xenc"
)

const (
	nameID = `<saml:NameID xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" Format="urn:x">Ålice &amp; Søn</saml:NameID>`
	rsa15  = "http://www.w3.org/2001/04/xmlenc#rsa-1_5"
)

func ciphers() []string {
	return []string{xenc.AES128GCM, xenc.AES192GCM, xenc.AES256GCM, xenc.AES128CBC, xenc.AES192CBC, xenc.AES256CBC}
}

func transports() []xenc.Method {
	out := []xenc.Method{{Algorithm: xenc.OAEPMGF1P}}
	for name, digest := range map[string]string{"sha1": xenc.DigestSHA1, "sha256": xenc.DigestSHA256, "sha384": xenc.DigestSHA384, "sha512": xenc.DigestSHA512} {
		out = append(out, xenc.Method{Algorithm: xenc.OAEPMGF1P, Digest: digest}, xenc.Method{Algorithm: xenc.OAEP, Digest: digest, MGF: "http://www.w3.org/2009/xmlenc11#mgf1" + name})
	}
	return append(out, xenc.Method{Algorithm: xenc.OAEP, Digest: xenc.DigestSHA256}) // the mask generation function left out: SHA-1
}

func key(t testing.TB, name string) *rsa.PrivateKey {
	t.Helper()
	k, err := x509.ParsePKCS8PrivateKey(block(t, name+"-key"))
	must(t, err)
	return k.(*rsa.PrivateKey)
}

func block(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("../testdata/" + name + ".pem")
	must(t, err)
	p, _ := pem.Decode(b)
	return p.Bytes
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sealed is an EncryptedID for the key "sp".
func sealed(t testing.TB, cipher string, methods ...xenc.Method) string {
	t.Helper()
	s, err := xenc.NewSealer(key(t, "sp").Public(), block(t, "sp-cert"), methods, cipher)
	must(t, err)
	return written(t, s, nameID)
}

func written(t testing.TB, s *xenc.Sealer, element string) string {
	t.Helper()
	w := wire.NewWriter()
	w.Start("saml:EncryptedID")
	must(t, s.Write(w, []byte(element)))
	w.End()
	doc, err := w.Bytes()
	must(t, err)
	return string(doc)
}

func open(t testing.TB, doc string, verified bool, names ...string) (*wire.Element, error) {
	t.Helper()
	e, err := wire.Parse([]byte(doc))
	must(t, err)
	var keys []crypto.Decrypter
	for _, n := range names {
		keys = append(keys, key(t, n))
	}
	return xenc.Open(e, keys, verified)
}

func TestWhatWeSealWeOpen(t *testing.T) {
	t.Parallel()
	for _, cipher := range ciphers() {
		for _, m := range transports() {
			t.Run(cipher+m.Algorithm+m.Digest+m.MGF, func(t *testing.T) {
				t.Parallel()
				e, err := open(t, sealed(t, cipher, m), true, "other", "sp")
				must(t, err)
				if e.Text() != "Ålice & Søn" || !e.Is(wire.NSAssertion, "NameID") {
					t.Errorf("got %s %q", e.QName(), e.Text())
				}
			})
		}
	}
}

// xmlsec1 1.2 knows rsa-oaep-mgf1p with SHA-1 only, which is our default.
func TestIIP_ALG04_ALG05_Xmlsec1DecryptsWhatWeSeal(t *testing.T) {
	t.Parallel()
	for _, cipher := range ciphers() {
		t.Run(cipher, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "doc.xml")
			must(t, os.WriteFile(file, []byte(sealed(t, cipher)), 0o600))
			out := run(t, nil, "xmlsec1", "--decrypt", "--privkey-pem", "../testdata/sp-key.pem", file)
			_, out, _ = strings.Cut(out, "?>")
			e, err := wire.Parse([]byte(out))
			must(t, err)
			if id := e.Child(wire.NSAssertion, "NameID"); id == nil || id.Text() != "Ålice & Søn" {
				t.Errorf("xmlsec1 read %s", out)
			}
		})
	}
}

func TestIIP_ALG04_ALG05_WeDecryptWhatXmlsec1Encrypts(t *testing.T) {
	t.Parallel()
	for cipher, session := range map[string]string{xenc.AES128GCM: "aes-128", xenc.AES256GCM: "aes-256", xenc.AES256CBC: "aes-256"} {
		t.Run(cipher, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			template := `<EncryptedData xmlns="` + wire.NSEnc + `" Type="` + wire.NSEnc + `Element"><EncryptionMethod Algorithm="` + cipher + `"/>` +
				`<KeyInfo xmlns="` + wire.NSDSig + `"><EncryptedKey xmlns="` + wire.NSEnc + `"><EncryptionMethod Algorithm="` + xenc.OAEPMGF1P + `"/>` +
				`<KeyInfo xmlns="` + wire.NSDSig + `"><KeyName>sp</KeyName></KeyInfo><CipherData><CipherValue/></CipherData></EncryptedKey></KeyInfo>` +
				`<CipherData><CipherValue/></CipherData></EncryptedData>`
			must(t, os.WriteFile(dir+"/template.xml", []byte(template), 0o600))
			must(t, os.WriteFile(dir+"/data.xml", []byte(nameID), 0o600))
			out := run(t, nil, "xmlsec1", "--encrypt", "--pubkey-cert-pem:sp", "../testdata/sp-cert.pem", "--session-key", session, "--xml-data", dir+"/data.xml", dir+"/template.xml")
			_, out, _ = strings.Cut(out, "?>")
			e, err := open(t, `<saml:EncryptedID xmlns:saml="`+wire.NSAssertion+`">`+strings.TrimSpace(out)+`</saml:EncryptedID>`, true, "sp")
			must(t, err)
			if e.Text() != "Ålice & Søn" {
				t.Errorf("got %q", e.Text())
			}
		})
	}
}

// crewjam's library, which many service providers are made of, reads our default.
func TestCrewjamDecryptsWhatWeSeal(t *testing.T) {
	t.Parallel()
	for _, cipher := range []string{xenc.AES128GCM, xenc.AES128CBC, xenc.AES256CBC} {
		t.Run(cipher, func(t *testing.T) {
			t.Parallel()
			doc := etree.NewDocument()
			must(t, doc.ReadFromString(sealed(t, cipher)))
			plain, err := crewjam.Decrypt(key(t, "sp"), doc.Root().FindElement("./EncryptedData"))
			must(t, err)
			if string(plain) != nameID {
				t.Errorf("crewjam read %q", plain)
			}
		})
	}
}

// openssl says that digest and mask are what the document claims.
func TestIIP_ALG06_OpensslAgreesOnOAEP(t *testing.T) {
	t.Parallel()
	for _, m := range transports() {
		t.Run(m.Algorithm+m.Digest+m.MGF, func(t *testing.T) {
			t.Parallel()
			e, err := wire.Parse([]byte(sealed(t, xenc.AES256GCM, m)))
			must(t, err)
			for el := range e.All() {
				if !el.Is(wire.NSEnc, "EncryptedKey") {
					continue
				}
				carried, err := base64.StdEncoding.DecodeString(el.Child(wire.NSEnc, "CipherData").Elements()[0].Text())
				must(t, err)
				method := el.Child(wire.NSEnc, "EncryptionMethod")
				digest, mask := name(method, "DigestMethod"), "sha1"
				if m.Algorithm == xenc.OAEP {
					mask = strings.TrimPrefix(name(method, "MGF"), "mgf1")
				}
				out := run(t, carried, "openssl", "pkeyutl", "-decrypt", "-inkey", "../testdata/sp-key.pem", "-pkeyopt", "rsa_padding_mode:oaep",
					"-pkeyopt", "rsa_oaep_md:"+digest, "-pkeyopt", "rsa_mgf1_md:"+mask)
				if len(out) != 32 {
					t.Errorf("a key of %d bytes", len(out))
				}
			}
		})
	}
}

func name(method *wire.Element, local string) string {
	for _, c := range method.Elements() {
		if c.Name().Local == local {
			uri, _ := c.Attr("Algorithm")
			return uri[strings.LastIndexByte(uri, '#')+1:]
		}
	}
	return ""
}

func run(t testing.TB, in []byte, tool string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), tool, args...)
	cmd.Stdin = bytes.NewReader(in)
	var failed bytes.Buffer
	cmd.Stderr = &failed
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", tool, err, failed.String())
	}
	return string(out)
}

func TestTheReadersMetadataChooses(t *testing.T) {
	t.Parallel()
	list := func(uris ...string) (out []xenc.Method) {
		for _, u := range uris {
			out = append(out, xenc.Method{Algorithm: u})
		}
		return out
	}
	for name, c := range map[string]struct {
		methods []xenc.Method
		cipher  string
		want    string // "": refused
	}{
		"nothing said":                         {nil, "", xenc.AES256GCM},
		"only the key transport said":          {list(xenc.OAEPMGF1P), "", xenc.AES256GCM},
		"GCM before CBC, whatever the order":   {list(xenc.AES256CBC, xenc.AES128GCM), "", xenc.AES128GCM},
		"the first GCM":                        {list(xenc.AES192GCM, xenc.AES256GCM), "", xenc.AES192GCM},
		"CBC only where there is nothing else": {list("urn:unknown", xenc.AES192CBC, xenc.AES128CBC), "", xenc.AES192CBC},
		"the admin's choice":                   {list(xenc.AES256GCM), xenc.AES256CBC, xenc.AES256CBC},
		"nothing that is known":                {list("http://www.w3.org/2001/04/xmlenc#tripledes-cbc"), "", ""},
		"PKCS 1 v1.5 only":                     {list(xenc.AES256GCM, rsa15), "", ""},
		"PKCS 1 v1.5 beside OAEP":              {list(xenc.AES256GCM, rsa15, xenc.OAEP), "", xenc.AES256GCM},
		"a choice that does not exist":         {nil, "urn:none", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := xenc.NewSealer(key(t, "sp").Public(), nil, c.methods, c.cipher)
			switch {
			case c.want == "" && err == nil:
				t.Errorf("accepted as %s", s.Cipher())
			case c.want != "" && (err != nil || s.Cipher() != c.want):
				t.Errorf("got %v, %v", s, err)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	good := sealed(t, xenc.AES256GCM)
	const cannot = "it cannot be decrypted with our key"
	for name, c := range map[string]struct{ doc, want string }{
		"nothing inside":               {`<saml:EncryptedID xmlns:saml="` + wire.NSAssertion + `"/>`, "there is no <EncryptedData>"},
		"an unknown cipher":            {strings.Replace(good, "aes256-gcm", "aes999-gcm", 1), "the cipher is not accepted"},
		"another cipher than it is":    {strings.Replace(good, "aes256-gcm", "aes128-gcm", 1), cannot},
		"PKCS 1 v1.5":                  {strings.Replace(good, xenc.OAEPMGF1P, rsa15, 1), "the key transport is not accepted"},
		"another digest than it is":    {strings.Replace(good, xenc.DigestSHA1, xenc.DigestSHA256, 1), cannot},
		"MD5":                          {strings.Replace(good, xenc.DigestSHA1, "http://www.w3.org/2001/04/xmldsig-more#md5", 1), "the key transport is not accepted"},
		"a reference to an address":    {replace(t, good, `<xenc:CipherValue>.*?</xenc:CipherValue>`, `<xenc:CipherReference URI="http://169.254.169.254/"/>`), "must hold one <CipherValue>"},
		"no base64":                    {replace(t, good, `<xenc:CipherValue>.*?</xenc:CipherValue>`, `<xenc:CipherValue>%</xenc:CipherValue>`), "not valid base64"},
		"an empty cipher":              {replace(t, good, `<xenc:CipherValue>.*?</xenc:CipherValue>`, `<xenc:CipherValue></xenc:CipherValue>`), cannot},
		"a short cipher":               {replace(t, good, `<xenc:CipherValue>.*?</xenc:CipherValue>`, `<xenc:CipherValue>AAAA</xenc:CipherValue>`), cannot},
		"no key":                       {replace(t, good, `<ds:KeyInfo.*</ds:KeyInfo>`, ``), "one to 4 <EncryptedKey>"},
		"a key to be fetched":          {replace(t, good, `<xenc:EncryptedKey.*</xenc:EncryptedKey>`, `<ds:RetrievalMethod URI="http://x.example/"/>`), "one to 4 <EncryptedKey>"},
		"more keys than anybody needs": {replace(t, good, `(<xenc:EncryptedKey.*</xenc:EncryptedKey>)`, `$1$1$1$1$1`), "one to 4 <EncryptedKey>"},
		"a key inside a key":           {replace(t, good, `(<ds:KeyInfo><xenc:EncryptedKey>|<xenc:EncryptedKey>)`, `$1<ds:KeyInfo/>`), ""},
		"no cipher named":              {replace(t, good, `<xenc:EncryptionMethod Algorithm="[^"]*gcm"></xenc:EncryptionMethod>`, ``), "the <EncryptionMethod> is missing"},
		"not XML inside":               {unparsed(t, "x"), cannot},
		"a DOCTYPE inside":             {unparsed(t, `<!DOCTYPE a [<!ENTITY x "y">]><a/>`), cannot},
		"more than one element inside": {unparsed(t, `<a/><b/>`), cannot},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := open(t, c.doc, true, "sp")
			if c.want == "" {
				must(t, err)
				return
			}
			var e *idp.Error
			if !errors.As(err, &e) || e.Code != idp.Invalid || !strings.Contains(e.Public, c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	t.Run("another's key", func(t *testing.T) {
		t.Parallel()
		if _, err := open(t, good, true, "other", "idp"); err == nil || !strings.Contains(err.Error(), cannot) {
			t.Errorf("got %v", err)
		}
	})
}

func unparsed(t testing.TB, inside string) string {
	t.Helper()
	s, err := xenc.NewSealer(key(t, "sp").Public(), nil, nil, "")
	must(t, err)
	return written(t, s, inside)
}

// S16: an attacker who may alter the ciphertext and sees whether the padding was right reads it.
func TestAttack_S16_PaddingOracle(t *testing.T) {
	t.Parallel()
	t.Run("CBC without a verified signature is not even tried", func(t *testing.T) {
		t.Parallel()
		for _, cipher := range []string{xenc.AES128CBC, xenc.AES192CBC, xenc.AES256CBC} {
			if _, err := open(t, sealed(t, cipher), false, "sp"); err == nil || !strings.Contains(err.Error(), "only in a signed message") {
				t.Errorf("%s: %v", cipher, err)
			}
		}
		if _, err := open(t, sealed(t, xenc.AES128GCM), false, "sp"); err != nil {
			t.Errorf("GCM without a signature: %v", err)
		}
	})
	t.Run("every altered byte gives the same answer", func(t *testing.T) {
		t.Parallel()
		for _, cipher := range []string{xenc.AES128GCM, xenc.AES256CBC} {
			doc := sealed(t, cipher)
			at := strings.LastIndex(doc, "<xenc:CipherValue>") + len("<xenc:CipherValue>")
			raw, err := base64.StdEncoding.DecodeString(doc[at : at+strings.IndexByte(doc[at:], '<')])
			must(t, err)
			answers := map[string]int{}
			for i := range raw {
				altered := bytes.Clone(raw)
				altered[i] ^= 0x41
				_, err := open(t, doc[:at]+base64.StdEncoding.EncodeToString(altered)+doc[at+strings.IndexByte(doc[at:], '<'):], true, "sp")
				answers[fmt.Sprint(err)]++
			}
			delete(answers, "<nil>") // CBC: a changed byte may still be XML, which is why it must be signed
			if len(answers) != 1 {
				t.Errorf("%s: %d different answers: %v", cipher, len(answers), answers)
			}
		}
	})
}

func TestOnlyStrongRSAKeysAreSealedTo(t *testing.T) {
	t.Parallel()
	small, err := x509.ParsePKCS8PrivateKey(block(t, "sp-key"))
	must(t, err)
	weak := small.(*rsa.PrivateKey).PublicKey
	weak.N = weak.N.Rsh(weak.N, 1100)
	for name, k := range map[string]crypto.PublicKey{"too small": &weak, "none": nil} {
		if _, err := xenc.NewSealer(k, nil, nil, ""); err == nil || !strings.Contains(err.Error(), "RSA key of at least 2048 bits") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func replace(t testing.TB, doc, pattern, with string) string {
	t.Helper()
	out := regexp.MustCompile(pattern).ReplaceAllString(doc, with)
	if out == doc {
		t.Fatalf("nothing to replace: %s", pattern)
	}
	return out
}
