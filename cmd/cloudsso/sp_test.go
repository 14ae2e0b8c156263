package main_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/beevik/etree"
	goxmldsig "github.com/russellhaering/goxmldsig"
)

// pair is a key and its certificate, as a tool elsewhere would make them.
type pair struct {
	key  *rsa.PrivateKey
	cert []byte
}

func newPair(t *testing.T) pair {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pair{key, der}
}

func (p pair) certPEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.cert}))
}

func (p pair) keyPEM(t *testing.T) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func (p pair) fingerprint() string {
	sum := sha256.Sum256(p.cert)
	return hex.EncodeToString(sum[:])
}

// signed is the metadata of this package with a signature over the whole.
func (p pair) signed(t *testing.T) string {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromString(strings.Replace(metadata, " entityID=", ` ID="_m" entityID=`, 1)); err != nil {
		t.Fatal(err)
	}
	ctx := goxmldsig.NewDefaultSigningContext(goxmldsig.TLSCertKeyStore(tls.Certificate{Certificate: [][]byte{p.cert}, PrivateKey: p.key}))
	ctx.IdAttribute, ctx.Canonicalizer = "ID", goxmldsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	signature, err := ctx.ConstructSignature(doc.Root(), true)
	if err != nil {
		t.Fatal(err)
	}
	doc.Root().InsertChildAt(0, signature)
	out, err := doc.WriteToString()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func collection() string {
	return `<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">` + metadata + strings.ReplaceAll(metadata, "crm", "hr") + `</EntitiesDescriptor>`
}

func TestAServiceProviderIsPreviewed(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "CLOUDSSO_ISSUER=https://sso.example.org")
	p.write("crm.xml", metadata)
	p.write("all.xml", collection())
	type preview struct {
		ServiceProvider *struct{ App string } `json:"service_provider"`
		Changes         []struct {
			Field          string
			Added, Removed []string
		}
		Entities []struct {
			EntityID string `json:"entity_id"`
		}
	}
	for range 2 { // the first has saved nothing
		got := decode[preview](p.do("sp", "import-metadata", "crm.xml", "--preview", "--json"))
		if got.ServiceProvider == nil || len(got.Changes) == 0 || len(got.Changes[0].Removed) > 0 {
			t.Errorf("%+v", got)
		}
	}
	if r := p.do("sp", "import-metadata", "crm.xml", "--preview"); !strings.Contains(r.out, "+ acs  ") || !strings.Contains(r.out, "https://crm.example/acs") {
		t.Errorf("%q", r.out)
	}
	r := p.do("sp", "import-metadata", "all.xml", "--preview")
	if !strings.Contains(r.out, "https://crm.example/saml") || !strings.Contains(r.out, "https://hr.example/saml") || r.err != "Choose one with --entity-id.\n" {
		t.Errorf("%q %q", r.out, r.err)
	}
	if got := decode[preview](p.do("sp", "import-metadata", "all.xml", "--preview", "--json")); len(got.Entities) != 2 || got.ServiceProvider != nil {
		t.Errorf("%+v", got)
	}
	if r := p.run("", "sp", "import-metadata", "all.xml").want(1); !strings.Contains(r.err, "this collection describes 2 service providers") || r.out != "" {
		t.Errorf("%q %q", r.out, r.err)
	}
	p.do("sp", "import-metadata", "all.xml", "--entity-id", "https://hr.example/saml", "--app", "hr")
	moved := strings.ReplaceAll(strings.ReplaceAll(metadata, "crm", "hr"), "hr.example/acs", "hr.example/new")
	r = p.run(moved, "sp", "import-metadata", "-", "--preview").want(0)
	if !strings.Contains(r.out, "- acs  ") || !strings.Contains(r.out, "+ acs  ") || !strings.Contains(r.out, "https://hr.example/new") {
		t.Errorf("%q", r.out)
	}
}

func TestASignerOfMetadataIsChecked(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ours, other := newPair(t), newPair(t)
	p.write("signed.xml", ours.signed(t))
	p.write("crm.xml", metadata)
	p.write("ours.pem", ours.certPEM())
	p.write("other.pem", other.certPEM())
	p.do("sp", "import-metadata", "signed.xml", "--preview", "--signer", "ours.pem")
	p.do("sp", "import-metadata", "signed.xml", "--preview", "--signer", "other.pem", "--signer", ours.fingerprint())
	for args, want := range map[string]string{
		"signed.xml --signer other.pem":       "The signature of this metadata cannot be accepted",
		"crm.xml --signer ours.pem":           "The signature of this metadata cannot be accepted",
		"signed.xml --signer nobody.pem":      "metadata_signers[0]: Expected an X.509 certificate in PEM form, or its SHA-256 fingerprint.",
		"signed.xml --max-validity 7":         "there is no validUntil, and this source must have one",
		"signed.xml --entity-id urn:somebody": "does not describe the entity ID",
	} {
		if r := p.run("", append([]string{"sp", "import-metadata"}, strings.Fields(args)...)...).want(1); !strings.Contains(r.err, want) || r.out != "" {
			t.Errorf("%s: %q %q", args, r.out, r.err)
		}
	}
	for args, want := range map[string]string{"--max-validity soon": "invalid argument", "--signer": "flag needs an argument", "crm.xml hr.xml": "accepts 1 arg(s), received 2"} {
		if r := p.run("", append([]string{"sp", "import-metadata"}, strings.Fields(args)...)...).want(2); !strings.Contains(r.err, want) {
			t.Errorf("%s: %q", args, r.err)
		}
	}
}

func TestAServiceProviderIsRefreshed(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	var doc, asked atomic.Value
	doc.Store(metadata)
	source := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.URL.EscapedPath())
		if doc.Load() == "" {
			http.Error(w, "down", http.StatusBadGateway)
			return
		}
		io.WriteString(w, doc.Load().(string))
	}))
	t.Cleanup(source.Close)
	p.do("sp", "import-metadata", source.URL+"/md", "--app", "crm", "--dev")
	refresh := []string{"sp", "refresh", "crm", "--dev"}
	if r := p.do(refresh...); r.out != "nothing has changed\n" || r.err != "" {
		t.Errorf("%q %q", r.out, r.err)
	}
	doc.Store(strings.Replace(metadata, "crm.example/acs", "crm.example/new", 1))
	if r := p.do(refresh...); !strings.Contains(r.out, "- acs  ") || !strings.Contains(r.out, "https://crm.example/new") {
		t.Errorf("%q", r.out)
	}
	type refreshed struct {
		ServiceProvider struct {
			App string
			ACS []struct{ Location string }
		} `json:"service_provider"`
		Changes []any
	}
	got := decode[refreshed](p.do(append(refresh, "--json")...))
	if got.ServiceProvider.App != "crm" || got.ServiceProvider.ACS[0].Location != "https://crm.example/new" || got.Changes == nil || len(got.Changes) > 0 {
		t.Errorf("%+v", got)
	}
	doc.Store("")
	if r := p.run("", refresh...).want(1); !strings.Contains(r.err, "answered with status 502") || r.out != "" {
		t.Errorf("%q %q", r.out, r.err)
	}
	doc.Store(strings.ReplaceAll(metadata, "crm", "hr"))
	p.do("sp", "import-metadata", source.URL, "--mdq", "--entity-id", "https://hr.example/saml", "--app", "hr", "--dev")
	if got := asked.Load(); got != "/entities/https%3A%2F%2Fhr.example%2Fsaml" {
		t.Errorf("asked for %s", got)
	}
	doc.Store(strings.ReplaceAll(metadata, "crm", "wiki"))
	p.do("sp", "import-metadata", source.URL, "--app", "wiki", "--once", "--dev")
	for args, want := range map[string]string{
		"wiki":        "The metadata of wiki has no address to be read from again.",
		"nobody":      `There is no service provider "nobody".`,
		"hr --json":   "does not describe the entity ID", // the source speaks of the wiki now
		"wiki --json": "The metadata of wiki has no address to be read from again.",
	} {
		if r := p.run("", append([]string{"sp", "refresh", "--dev"}, strings.Fields(args)...)...).want(1); !strings.Contains(r.err, want) || r.out != "" {
			t.Errorf("%s: %q %q", args, r.out, r.err)
		}
	}
	if r := p.run("", "sp", "refresh").want(2); !strings.Contains(r.err, "accepts 1 arg(s), received 0") {
		t.Errorf("%q", r.err)
	}
}
