package dsig_test

import (
	"bytes"
	"crypto/x509"
	"net/url"
	"strings"
	"testing"

	"github.com/beevik/etree"
	goxmldsig "github.com/russellhaering/goxmldsig"

	"cloudsso/samlidp/dsig"
	"cloudsso/samlidp/wire"
)

func TestIIP_ALG01_ALG02_ALG03_WhatWeSignVerifiesEverywhere(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name string
		pair pair
		alg  string
	}{
		{"RSA by default", rsaPair(), ""},
		{"rsa-sha256", rsaPair(), dsig.RSASHA256},
		{"rsa-sha384", rsaPair(), dsig.RSASHA384},
		{"rsa-sha512", rsaPair(), dsig.RSASHA512},
		{"EC by default", p256Pair(), ""},
		{"ecdsa-sha256 on P-256", p256Pair(), dsig.ECDSASHA256},
		{"ecdsa-sha384 on P-384", p384Pair(), dsig.ECDSASHA384},
		{"ecdsa-sha512 on P-521", p521Pair(), dsig.ECDSASHA512},
		{"ecdsa-sha512 on P-256", p256Pair(), dsig.ECDSASHA512},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			doc := signedRequest(t, row.pair, row.alg)
			if err := xmlsecVerify(t, doc, row.pair); err != nil {
				t.Errorf("xmlsec1 refuses: %v\n%s", err, doc)
			}
			if err := dsig.Verify(mustParse(t, doc), keys(row.pair)); err != nil {
				t.Errorf("we refuse: %v", err)
			}
			if !strings.Contains(row.name, "sha512 on P-256") && row.alg != "" && !strings.Contains(doc, row.alg) {
				t.Errorf("%s is not named in it", row.alg)
			}
			if strings.Contains(row.name, "RSA") || strings.HasPrefix(row.name, "rsa") { // goxmldsig wants DER inside ECDSA signatures
				goxmldsigVerify(t, doc, row.pair)
			}
		})
	}
}

func goxmldsigVerify(t *testing.T, doc string, p pair) {
	t.Helper()
	cert, err := x509.ParseCertificate(p.cert)
	if err != nil {
		t.Fatal(err)
	}
	d := etree.NewDocument()
	if err := d.ReadFromString(doc); err != nil {
		t.Fatal(err)
	}
	ctx := goxmldsig.NewDefaultValidationContext(&goxmldsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{cert}})
	ctx.Clock = goxmldsig.NewFakeClockAt(cert.NotBefore)
	if _, err := ctx.Validate(d.Root()); err != nil {
		t.Errorf("goxmldsig refuses: %v\n%s", err, doc)
	}
}

// A signed assertion in a signed response, with a prefix that only xsi:type needs and
// values that escape in every way.
func TestNestedSignaturesVerify(t *testing.T) {
	t.Parallel()
	p := rsaPair()
	signer := mustSigner(t, p, "")
	w := wire.NewWriter()
	w.Start("samlp:Response", wire.A("ID", "_res"), wire.A("Version", "2.0"))
	w.Element("saml:Issuer", "https://idp")
	outer := signer.Begin(w, "_res")
	w.Start("samlp:Status")
	w.End()
	w.Start("saml:Assertion", wire.A("ID", "_ass"), wire.A("xmlns:xs", ""))
	w.Element("saml:Issuer", "https://idp")
	inner := signer.Begin(w, "_ass")
	for _, v := range []string{"Ada", "a\r\nb\tc", "</saml:Assertion>]]>&<>\"'", "\U0001F600 \u00e9"} {
		w.Element("saml:AttributeValue", v, wire.A("xsi:type", "xs:string"), wire.A("Odd", v))
	}
	w.End()
	if err := inner.Finish(); err != nil {
		t.Fatal(err)
	}
	w.End()
	if err := outer.Finish(); err != nil {
		t.Fatal(err)
	}
	raw, err := w.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	doc := string(raw)
	if err := xmlsecVerify(t, doc, p, "--node-xpath", "/*/*[local-name()='Signature']"); err != nil {
		t.Errorf("the response: %v\n%s", err, doc)
	}
	if err := xmlsecVerify(t, doc, p, "--node-xpath", "/*/*/*[local-name()='Signature']"); err != nil {
		t.Errorf("the assertion: %v", err)
	}
	goxmldsigVerify(t, doc, p)
	assertion := doc[strings.Index(doc, "<saml:Assertion"):strings.Index(doc, "</samlp:Response>")]
	if err := dsig.Verify(mustParse(t, assertion), keys(p)); err != nil {
		t.Errorf("the assertion, taken out: %v\n%s", err, assertion)
	}
	if err := xmlsecVerify(t, assertion, p); err != nil {
		t.Errorf("the assertion, taken out: %v", err)
	}
}

func TestFinishWantsTheSignedElementClosed(t *testing.T) {
	t.Parallel()
	w := wire.NewWriter()
	w.Start("samlp:Response", wire.A("ID", "_r"))
	sig := mustSigner(t, p256Pair(), "").Begin(w, "_r")
	if sig.Finish() == nil {
		t.Error("signed an element that is still open")
	}
	w.End()
	if _, err := w.Bytes(); err == nil {
		t.Error("a document came out whose signature is not finished")
	}
	if err := sig.Finish(); err != nil {
		t.Error(err)
	}
	if _, err := w.Bytes(); err != nil {
		t.Error(err)
	}
}

func TestABrokenDocumentIsNeverSigned(t *testing.T) {
	t.Parallel()
	w := wire.NewWriter()
	w.Start("samlp:Response", wire.A("ID", "_r"))
	sig := mustSigner(t, p256Pair(), "").Begin(w, "_r")
	w.Element("saml:NameID", "a\x00")
	w.End()
	refused(t, sig.Finish(), "which XML cannot carry")
	if doc, err := w.Bytes(); err == nil {
		t.Errorf("it came out: %s", doc)
	}
}

func TestNewSignerRefusesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name string
		pair pair
		alg  string
		want string
	}{
		{"an EC algorithm for an RSA key", rsaPair(), dsig.ECDSASHA256, "does not fit"},
		{"an RSA algorithm for an EC key", p256Pair(), dsig.RSASHA256, "does not fit"},
		{"S14 SHA-1", rsaPair(), "http://www.w3.org/2000/09/xmldsig#rsa-sha1", "not known"},
		{"S14 a short RSA key", newRSA(1024), "", "has 1024 bits"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			_, err := dsig.NewSigner(row.pair.key, row.pair.cert, row.alg)
			refused(t, err, row.want)
		})
	}
}

func TestSignedQueriesVerify(t *testing.T) {
	t.Parallel()
	for _, p := range []pair{rsaPair(), p256Pair(), p521Pair()} {
		query, err := wire.EncodeRedirect("SAMLRequest", []byte("<a/>"), "to/here?x=1")
		if err != nil {
			t.Fatal(err)
		}
		if query, err = mustSigner(t, p, "").SignQuery(query); err != nil {
			t.Fatal(err)
		}
		m, err := wire.DecodeRedirect(query)
		if err != nil {
			t.Fatal(err)
		}
		if err := dsig.VerifyQuery(m, keys(otherPair(), p)); err != nil {
			t.Errorf("%v: %s", err, query)
		}
		refused(t, dsig.VerifyQuery(m, keys(otherPair())), "not made over this request")
		refused(t, dsig.VerifyQuery(m, nil), "not made over this request")
	}
}

// S03: each octet counts; peers that write lower-case escapes verify, others' order too.
func TestS03DetachedSignaturesCoverTheOctets(t *testing.T) {
	t.Parallel()
	p := rsaPair()
	query, err := wire.EncodeRedirect("SAMLRequest", []byte("<a/>"), "a+b/c")
	if err != nil {
		t.Fatal(err)
	}
	lower := strings.NewReplacer("%2B", "%2b", "%2F", "%2f", "%3D", "%3d").Replace(query)
	signed, err := mustSigner(t, p, "").SignQuery(lower)
	if err != nil {
		t.Fatal(err)
	}
	_, signature, _ := strings.Cut(signed, "&Signature=")
	sigAlg := "&SigAlg=" + url.QueryEscape(dsig.RSASHA256)
	rows := []struct{ name, query, want string }{
		{"as signed", signed, ""},
		{"re-ordered, with strangers", "Signature=" + signature + "&x=1" + sigAlg + "&" + lower, ""},
		{"escaped in upper case", strings.Replace(signed, "%2b", "%2B", 1), "not made over this request"},
		{"another RelayState", strings.Replace(signed, "RelayState=a", "RelayState=b", 1), "not made over this request"},
		{"RelayState dropped", strings.Replace(signed, "&RelayState=a%2bb%2fc", "", 1), "not made over this request"},
		{"another message", strings.Replace(signed, "SAMLRequest=", "SAMLResponse=", 1), "not made over this request"},
		{"S02 signature dropped", lower, "The request is not signed"},
		{"S14 rsa-sha1", strings.Replace(signed, url.QueryEscape(dsig.RSASHA256), url.QueryEscape("http://www.w3.org/2000/09/xmldsig#rsa-sha1"), 1), "SigAlg names an algorithm that is not accepted"},
		{"S14 hmac", strings.Replace(signed, url.QueryEscape(dsig.RSASHA256), url.QueryEscape("http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"), 1), "SigAlg names an algorithm"},
		{"S14 ECDSA named for an RSA key", strings.Replace(signed, "rsa-sha256", "ecdsa-sha256", 1), "not made over this request"},
		{"S14 another hash", strings.Replace(signed, "rsa-sha256", "rsa-sha512", 1), "not made over this request"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			m, err := wire.DecodeRedirect(row.query)
			if err != nil {
				t.Fatal(err)
			}
			if err := dsig.VerifyQuery(m, keys(p)); row.want != "" {
				refused(t, err, row.want)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// S14: the key decides what kind of signature it verifies, not the message.
func TestS14AKeyServesItsOwnAlgorithmsOnly(t *testing.T) {
	t.Parallel()
	p := p256Pair()
	query, err := wire.EncodeRedirect("SAMLRequest", []byte("<a/>"), "")
	if err != nil {
		t.Fatal(err)
	}
	if query, err = mustSigner(t, p, "").SignQuery(query); err != nil {
		t.Fatal(err)
	}
	rows := map[string]func(*wire.Message){
		"an EC signature under the name of an RSA algorithm": func(m *wire.Message) { m.SigAlg = dsig.RSASHA256 },
		"an EC signature with a byte too many":               func(m *wire.Message) { m.Signature = append(m.Signature, 0) },
		"an EC signature with a byte too few":                func(m *wire.Message) { m.Signature = m.Signature[1:] },
		"an EC signature of zeros":                           func(m *wire.Message) { clear(m.Signature) },
	}
	for name, change := range rows {
		m, err := wire.DecodeRedirect(query)
		if err != nil {
			t.Fatal(err)
		}
		change(m)
		if dsig.VerifyQuery(m, keys(p)) == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func BenchmarkSignResponse(b *testing.B) {
	signer := mustSigner(b, p256Pair(), "")
	b.ReportAllocs()
	for b.Loop() {
		w := wire.NewWriter()
		w.Start("samlp:Response", wire.A("ID", "_r"))
		w.Element("saml:Issuer", "https://idp")
		sig := signer.Begin(w, "_r")
		w.End()
		if err := sig.Finish(); err != nil {
			b.Fatal(err)
		}
	}
}

func TestSigningAllocatesLittle(t *testing.T) {
	signer := mustSigner(t, rsaPair(), "")
	got := testing.AllocsPerRun(5, func() {
		w := wire.NewWriter()
		w.Start("samlp:Response", wire.A("ID", "_r"))
		sig := signer.Begin(w, "_r")
		w.End()
		if err := sig.Finish(); err != nil {
			t.Fatal(err)
		}
		if doc, err := w.Bytes(); err != nil || !bytes.Contains(doc, []byte("ds:SignatureValue>")) {
			t.Fatal(err)
		}
	})
	if got > 40 {
		t.Errorf("%v allocations for a signature, want at most 40", got)
	}
}
