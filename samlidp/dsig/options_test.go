package dsig_test

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"cloudsso/samlidp/dsig"
	"cloudsso/samlidp/wire"
)

// nested is a signed assertion in a signed response.
func nested(t testing.TB, p pair, o dsig.Options) string {
	t.Helper()
	signer, err := dsig.NewSignerWith(p.key, p.cert, o)
	if err != nil {
		t.Fatal(err)
	}
	w := wire.NewWriter()
	w.Start("samlp:Response", wire.A("ID", "_res"), wire.A("Version", "2.0"))
	w.Element("saml:Issuer", "https://idp")
	outer := signer.Begin(w, "_res")
	w.Start("saml:Assertion", wire.A("ID", "_ass"))
	w.Element("saml:Issuer", "https://idp")
	inner := signer.Begin(w, "_ass")
	w.Start("saml:AttributeStatement", wire.A("xmlns:xs", ""))
	for _, v := range []string{"Ada", "a\r\nb\tc", "</saml:Assertion>]]>&<>\"'", "\U0001F600 \u00e9"} {
		w.Element("saml:AttributeValue", v, wire.A("xsi:type", "xs:string"), wire.A("Odd", v))
	}
	w.End()
	w.End()
	if err := inner.Finish(); err != nil {
		t.Fatal(err)
	}
	w.End()
	if err := outer.Finish(); err != nil {
		t.Fatal(err)
	}
	doc, err := w.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return string(doc)
}

func TestInclusiveSignaturesVerifyEverywhere(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		pair pair
		o    dsig.Options
	}{
		"RSA":                     {rsaPair(), dsig.Options{Inclusive: true}},
		"EC":                      {p256Pair(), dsig.Options{Inclusive: true}},
		"SHA-1, as the guides do": {rsaPair(), dsig.Options{Inclusive: true, SHA1: true, Algorithm: dsig.RSASHA1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := nested(t, c.pair, c.o)
			for _, at := range []string{"/*/*[local-name()='Signature']", "/*/*/*[local-name()='Signature']"} {
				if err := xmlsecVerify(t, doc, c.pair, "--node-xpath", at); err != nil {
					t.Errorf("%s: %v\n%s", at, err, doc)
				}
			}
			if strings.Contains(doc, excC14N) || strings.Count(doc, c14n10) != 2 {
				t.Errorf("the method is not inclusive only:\n%s", doc)
			}
			if c.pair.key == rsaPair().key {
				goxmldsigVerify(t, doc, c.pair)
			}
		})
	}
}

func TestAnInclusiveSignatureWantsTheSignedElementClosed(t *testing.T) {
	t.Parallel()
	signer, err := dsig.NewSignerWith(p256Pair().key, p256Pair().cert, dsig.Options{Inclusive: true})
	if err != nil {
		t.Fatal(err)
	}
	w := wire.NewWriter()
	w.Start("samlp:Response", wire.A("ID", "_r"))
	if sig := signer.Begin(w, "_r"); sig.Finish() == nil {
		t.Error("signed an element that is still open")
	}
}

func TestTheCertificateCanBeLeftOut(t *testing.T) {
	t.Parallel()
	p := rsaPair()
	doc := nested(t, p, dsig.Options{OmitCertificate: true})
	if strings.Contains(doc, "KeyInfo") {
		t.Errorf("there is a KeyInfo:\n%s", doc)
	}
	if err := xmlsecVerify(t, doc, p, "--node-xpath", "/*/*[local-name()='Signature']"); err != nil {
		t.Error(err)
	}
}

// S14: SHA-1 only where an admin said so, in either direction.
func TestAttack_S14_SHA1OnlyByName(t *testing.T) {
	t.Parallel()
	p := rsaPair()
	if _, err := dsig.NewSigner(p.key, p.cert, dsig.RSASHA1); err == nil {
		t.Error("signs with SHA-1 without being told to")
	}
	if _, err := dsig.NewSignerWith(p256Pair().key, nil, dsig.Options{SHA1: true, Algorithm: dsig.RSASHA1}); err == nil {
		t.Error("an EC key signs as RSA")
	}
	signer, err := dsig.NewSignerWith(p.key, p.cert, dsig.Options{SHA1: true, Algorithm: dsig.RSASHA1})
	if err != nil {
		t.Fatal(err)
	}
	w := wire.NewWriter()
	w.Start("samlp:AuthnRequest", wire.A("ID", "_r"))
	w.Element("saml:Issuer", "urn:sp")
	sig := signer.Begin(w, "_r")
	w.End()
	if err := sig.Finish(); err != nil {
		t.Fatal(err)
	}
	doc, err := w.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if err := xmlsecVerify(t, string(doc), p); err != nil {
		t.Errorf("xmlsec1: %v", err)
	}
	root := mustParse(t, string(doc))
	refused(t, dsig.Verify(root, keys(p)), "signature algorithm is not accepted")
	if err := (dsig.Rules{SHA1: true}).Verify(root, keys(p)); err != nil {
		t.Errorf("by name: %v", err)
	}
	if err := (dsig.Rules{SHA1: true}).Verify(root, keys(otherPair())); err == nil {
		t.Error("another's key")
	}

	query, err := signer.SignQuery("SAMLRequest=" + url.QueryEscape("fVLB"))
	if err != nil {
		t.Fatal(err)
	}
	m := detached(t, query)
	refused(t, dsig.VerifyQuery(m, keys(p)), "algorithm that is not accepted")
	if err := (dsig.Rules{SHA1: true}).VerifyQuery(m, keys(p)); err != nil {
		t.Errorf("by name: %v", err)
	}
}

// detached takes the signature off a query.
func detached(t testing.TB, query string) *wire.Message {
	t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	signed, _, _ := strings.Cut(query, "&Signature=")
	return &wire.Message{SigAlg: values.Get("SigAlg"), Signature: bits(t, values.Get("Signature")), Signed: signed}
}

func bits(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
