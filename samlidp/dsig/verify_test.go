package dsig_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"testing"

	"cloudsso/samlidp/dsig"
	"cloudsso/samlidp/wire"
)

// What another implementation signs in any of the allowed ways, we accept.
func TestIIP_ALG01_ALG02_ALG03_VerifyAcceptsWhatXmlsec1Signs(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name string
		sig  template
		pair pair
	}{
		{"the usual way", template{}, rsaPair()},
		{"rsa-sha384 and sha384", template{alg: dsig.RSASHA384, digest: "http://www.w3.org/2001/04/xmldsig-more#sha384"}, rsaPair()},
		{"rsa-sha512 and sha512", template{alg: dsig.RSASHA512, digest: "http://www.w3.org/2001/04/xmlenc#sha512"}, rsaPair()},
		{"ecdsa-sha256", template{alg: dsig.ECDSASHA256}, p256Pair()},
		{"ecdsa-sha384 on P-384", template{alg: dsig.ECDSASHA384}, p384Pair()},
		{"ecdsa-sha512 on P-521", template{alg: dsig.ECDSASHA512}, p521Pair()},
		{"SignedInfo by Canonical XML 1.0, as .NET does", template{c14n: c14n10}, rsaPair()},
		{"SignedInfo by Canonical XML 1.1", template{c14n: c14n11}, rsaPair()},
		{"everything by Canonical XML 1.0", template{c14n: c14n10, transforms: enveloped + transform(c14n10, "")}, rsaPair()},
		{"everything by Canonical XML 1.1", template{c14n: c14n11, transforms: enveloped + transform(c14n11, "")}, rsaPair()},
		{"enveloped only, as in Influitive's sample", template{c14n: c14n10, transforms: enveloped}, rsaPair()},
		{"with a PrefixList, as OpenSAML does", template{transforms: enveloped + transform(excC14N, "xs")}, rsaPair()},
		{"with #default in the PrefixList", template{transforms: enveloped + transform(excC14N, "#default xs samlp")}, rsaPair()},
		{"with prefixes nobody declares", template{transforms: enveloped + transform(excC14N, "nope xs")}, rsaPair()},
		{"with a PrefixList for SignedInfo too", template{prefixes: "xs #default", transforms: enveloped + transform(excC14N, "saml")}, rsaPair()},
		{"with a KeyName", template{keyInfo: "<ds:KeyInfo><ds:KeyName>x</ds:KeyName></ds:KeyInfo>"}, rsaPair()},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			doc := xmlsecSign(t, request(row.sig.String()), row.pair)
			if err := dsig.Verify(mustParse(t, doc), keys(otherPair(), row.pair)); err != nil {
				t.Errorf("%v\n%s", err, doc)
			}
			changed := strings.Replace(doc, "sp.example", "sp.exampel", 1)
			refused(t, dsig.Verify(mustParse(t, changed), keys(row.pair)), "changed after it was signed")
			refused(t, dsig.Verify(mustParse(t, doc), keys(otherPair())), "not made by a signing key that is registered")
		})
	}
}

func TestVerifyAcceptsSpellingsOfTheSame(t *testing.T) {
	t.Parallel()
	doc := signedRequest(t, rsaPair(), "")
	rows := []struct{ name, doc string }{
		{"SignatureValue in lines, indented", wrapValue(doc)},
		{"a declaration before it", `<?xml version="1.0"?>` + "\n" + doc},
		{"other quotes", strings.Replace(doc, `Version="2.0"`, `Version='2.0'`, 1)},
		{"other order of attributes", strings.Replace(doc, ` ID="_req" IssueInstant="2026-11-21T11:00:00Z"`, ` IssueInstant="2026-11-21T11:00:00Z" ID="_req"`, 1)},
		{"KeyInfo left out", cut(doc, "<ds:KeyInfo>", "</ds:KeyInfo>")},
		{"KeyInfo empty", cut(doc, "<ds:X509Data>", "</ds:X509Data>")},
		{"S17 a stranger's certificate in KeyInfo", strings.Replace(doc, b64(rsaPair().cert), b64(otherPair().cert), 1)},
		{"S17 an address in KeyInfo", strings.Replace(doc, "<ds:X509Data>", `<ds:RetrievalMethod URI="http://169.254.169.254/"></ds:RetrievalMethod><ds:X509Data>`, 1)},
		{"an empty element closed in one", strings.Replace(doc, "></samlp:NameIDPolicy>", "/>", 1)},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if err := dsig.Verify(mustParse(t, row.doc), keys(rsaPair())); err != nil {
				t.Fatalf("%v\n%s", err, row.doc)
			}
			if err := xmlsecVerify(t, row.doc, rsaPair()); err != nil {
				t.Errorf("we accept what xmlsec1 refuses: %v", err)
			}
		})
	}
}

func b64(raw []byte) string { return base64.StdEncoding.EncodeToString(raw) }

// cut takes a piece out of s, with its two ends.
func cut(s, from, to string) string {
	i, j := strings.Index(s, from), strings.Index(s, to)
	return s[:i] + s[j+len(to):]
}

func wrapValue(doc string) string {
	i := strings.Index(doc, "<ds:SignatureValue>") + len("<ds:SignatureValue>")
	return doc[:i] + "\n    " + doc[i:i+64] + "\r\n\t " + doc[i+64:i+100] + " " + doc[i+100:]
}

// Each row signs something real in a way that must not be accepted, or changes a good
// signature.
func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	good := signedRequest(t, rsaPair(), "")
	signature := piece(good, "<ds:Signature ", "</ds:Signature>")
	info := piece(good, "<ds:SignedInfo>", "</ds:SignedInfo>")
	reference := piece(good, "<ds:Reference ", "</ds:Reference>")
	value := piece(good, "<ds:SignatureValue>", "</ds:SignatureValue>")
	swap := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%s is not in it", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	signedBy := func(s template) string { return xmlsecSign(t, request(s.String()), rsaPair()) }
	notBase64 := "not valid base64"
	rows := []struct{ name, doc, want string }{
		{"S02 no signature", swap(signature, ""), "there is no signature in its place"},
		{"S02 an empty signature", swap(signature, `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/>`), "<SignedInfo> is missing"},
		{"S02 garbage as value", swap(value, "<ds:SignatureValue>QUJD</ds:SignatureValue>"), "not made by a signing key"},
		{"S02 an empty value", swap(value, "<ds:SignatureValue></ds:SignatureValue>"), notBase64},
		{"S02 no value", swap(value, ""), "<SignatureValue> is missing"},
		{"S02 a value with an element in it", swap(value, "<ds:SignatureValue><x/></ds:SignatureValue>"), notBase64},
		{"S02 no reference", swap(reference, ""), "<Reference> is missing"},
		{"S02 no SignedInfo", swap(info, ""), "<SignedInfo> is missing"},
		{"S02 signed by another key, its certificate in KeyInfo", signedRequest(t, otherPair(), ""), "not made by a signing key"},
		{"an attribute changed", swap(`Version="2.0"`, `Version="2.1"`), "changed after it was signed"},
		{"an attribute added", swap(`Version="2.0"`, `Version="2.0" ForceAuthn="true"`), "changed after it was signed"},
		{"an element added at the end", swap("</samlp:AuthnRequest>", "<x/></samlp:AuthnRequest>"), "changed after it was signed"},
		{"white space added", swap("</samlp:AuthnRequest>", " </samlp:AuthnRequest>"), "changed after it was signed"},
		{"a prefix renamed", strings.ReplaceAll(good, "samlp:", "samlq:"), "is not declared"},
		{"the signature moved to the end", strings.Replace(swap(signature, ""), "</samlp:AuthnRequest>", signature+"</samlp:AuthnRequest>", 1), "no signature in its place"},
		{"the signature moved before the Issuer", strings.Replace(swap(signature, ""), "<saml:Issuer", signature+"<saml:Issuer", 1), "the Issuer must come first"},
		{"no Issuer", swap(piece(good, "<saml:Issuer", "</saml:Issuer>"), ""), "the Issuer must come first"},
		{"the signature moved into another element", strings.Replace(swap(signature, ""), "</samlp:NameIDPolicy>", signature+"</samlp:NameIDPolicy>", 1), "no signature in its place"},
		{"S01 the signature twice", swap(signature, signature+signature), "more than one signature"},
		{"S01 a second signature deep inside", swap("</samlp:NameIDPolicy>", signature+"</samlp:NameIDPolicy>"), "more than one signature"},
		{"S01 a signature inside the signature", swap("<ds:KeyInfo>", "<ds:KeyInfo>"+signature), "more than one signature"},
		{"S01 two references", swap(reference, reference+reference), "not accepted here in a signature"},
		{"S01 an Object", swap("</ds:KeyInfo>", "</ds:KeyInfo><ds:Object/>"), "not accepted here in a signature"},
		{"S01 two values", swap(value, value+value), "not accepted here in a signature"},
		{"S01 two SignedInfo", swap(info, info+info), "<SignatureValue> is missing or out of order"},
		{"S01 a foreign element in SignedInfo", swap("<ds:SignedInfo>", `<ds:SignedInfo><x/>`), "<CanonicalizationMethod> is missing"},
		{"S01 reference to another ID", swap(`URI="#_req"`, `URI="#_other"`), "must cover the whole message"},
		{"S01 empty URI", xmlsecSign(t, request(strings.Replace(template{}.String(), `URI="#_req"`, `URI=""`, 1)), rsaPair()), "must cover the whole message"},
		{"S01 URI by XPointer", swap(`URI="#_req"`, `URI="#xpointer(id('_req'))"`), "must cover the whole message"},
		{"S01 no URI", swap(` URI="#_req"`, ""), "must cover the whole message"},
		{"S01 no ID on the root", swap(` ID="_req"`, ""), "must cover the whole message"},
		{"S01 empty ID and URI", strings.Replace(swap(` ID="_req"`, ""), `URI="#_req"`, `URI="#"`, 1), "must cover the whole message"},
		{"S15 void canonicalization", swap(excC14N+`"></ds:CanonicalizationMethod>`, `x:void"></ds:CanonicalizationMethod>`), "this transform is not accepted"},
		{"S15 with comments", swap(excC14N+`"></ds:CanonicalizationMethod>`, excC14N+`WithComments"></ds:CanonicalizationMethod>`), "this transform is not accepted"},
		{"S15 no canonicalization named", swap(` Algorithm="`+excC14N+`"></ds:CanonicalizationMethod>`, "></ds:CanonicalizationMethod>"), "this transform is not accepted"},
		{"S15 the Algorithm in a namespace of its own", swap(`<ds:SignatureMethod Algorithm=`, `<ds:SignatureMethod ds:Algorithm=`), "the signature algorithm is not accepted"},
		{"S14 rsa-sha1", strings.Replace(good, dsig.RSASHA256, "http://www.w3.org/2000/09/xmldsig#rsa-sha1", 1), "the signature algorithm is not accepted"},
		{"S14 rsa-md5", strings.Replace(good, dsig.RSASHA256, "http://www.w3.org/2001/04/xmldsig-more#rsa-md5", 1), "the signature algorithm is not accepted"},
		{"S14 hmac", strings.Replace(good, dsig.RSASHA256, "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256", 1), "the signature algorithm is not accepted"},
		{"S14 dsa", strings.Replace(good, dsig.RSASHA256, "http://www.w3.org/2009/xmldsig11#dsa-sha256", 1), "the signature algorithm is not accepted"},
		{"S14 no algorithm", strings.Replace(good, dsig.RSASHA256, "", 1), "the signature algorithm is not accepted"},
		{"S14 ECDSA named for an RSA key", strings.Replace(good, dsig.RSASHA256, dsig.ECDSASHA256, 1), "not made by a signing key"},
		{"S14 another hash", strings.Replace(good, dsig.RSASHA256, dsig.RSASHA512, 1), "not made by a signing key"},
		{"S14 parameters of the algorithm", swap("</ds:SignatureMethod>", "<ds:HMACOutputLength>0</ds:HMACOutputLength></ds:SignatureMethod>"), "parameters of a signature algorithm"},
		{"S14 sha1 digest, really signed", signedBy(template{digest: "http://www.w3.org/2000/09/xmldsig#sha1"}), "the digest algorithm is not accepted"},
		{"S14 no digest algorithm", strings.Replace(good, sha256URI, "", 1), "the digest algorithm is not accepted"},
		{"S14 an empty digest", cutInside(good, "<ds:DigestValue>", "</ds:DigestValue>"), notBase64},
		{"no enveloped transform", signedBy(template{transforms: transform(excC14N, "")}), "the first transform must be enveloped-signature"},
		{"transforms in the other order", swap(piece(good, "<ds:Transforms>", "</ds:Transforms>"), "<ds:Transforms>"+transform(excC14N, "")+enveloped+"</ds:Transforms>"), "the first transform must be"},
		{"the enveloped transform twice", signedBy(template{transforms: enveloped + enveloped}), "this transform is not accepted"},
		{"three transforms", signedBy(template{transforms: enveloped + transform(excC14N, "") + transform(excC14N, "")}), "not accepted here in a signature"},
		{"S16 a transform by XPath", signedBy(template{transforms: enveloped + `<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>self::text()</ds:XPath></ds:Transform>`}), "this transform is not accepted"},
		{"S16 a transform by XSLT", swap(`<ds:Transform Algorithm="`+excC14N+`">`, `<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116">`), "this transform is not accepted"},
		{"no transforms", swap(piece(good, "<ds:Transforms>", "</ds:Transforms>"), ""), "<Transforms> is missing"},
		{"empty transforms", swap(piece(good, "<ds:Transforms>", "</ds:Transforms>"), "<ds:Transforms/>"), "<Transform> is missing"},
		{"a parameter of enveloped", swap(`enveloped-signature">`, `enveloped-signature"><x/>`), "must be enveloped-signature"},
		{"an odd PrefixList", swap(`<ds:Transform Algorithm="`+excC14N+`">`, `<ds:Transform Algorithm="`+excC14N+`"><ec:InclusiveNamespaces xmlns:ec="`+excC14N+`" PrefixList="xml"/>`), "not a prefix"},
		{"a PrefixList with two blanks", swap(`<ds:Transform Algorithm="`+excC14N+`">`, `<ds:Transform Algorithm="`+excC14N+`"><ec:InclusiveNamespaces xmlns:ec="`+excC14N+`" PrefixList="a  b"/>`), "not a prefix"},
		{"a long PrefixList", swap(`<ds:Transform Algorithm="`+excC14N+`">`, `<ds:Transform Algorithm="`+excC14N+`"><ec:InclusiveNamespaces xmlns:ec="`+excC14N+`" PrefixList="`+strings.Repeat("a ", 16)+`a"/>`), "more than 16"},
		{"another parameter of a transform", swap(`<ds:Transform Algorithm="`+excC14N+`">`, `<ds:Transform Algorithm="`+excC14N+`"><x/>`), "parameter of a transform"},
		{"the signature in another namespace", strings.Replace(good, `xmlns:ds="http://www.w3.org/2000/09/xmldsig#"`, `xmlns:ds="http://www.w3.org/2000/09/xmldsig"`, 1), "no signature in its place"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			root, err := wire.Parse([]byte(row.doc))
			if err == nil {
				err = dsig.Verify(root, keys(rsaPair(), p256Pair()))
			}
			refused(t, err, row.want)
		})
	}
}

func piece(s, from, to string) string {
	i, j := strings.Index(s, from), strings.Index(s, to)
	return s[i : j+len(to)]
}

func cutInside(s, from, to string) string {
	i, j := strings.Index(s, from), strings.Index(s, to)
	return s[:i+len(from)] + s[j:]
}

// The eight ways of wrapping a signed message in or beside a forged one (Somorovsky et
// al., "On Breaking SAML"), turned on requests.
func TestS01SignatureWrapping(t *testing.T) {
	t.Parallel()
	good := signedRequest(t, rsaPair(), "")
	signature := piece(good, "<ds:Signature ", "</ds:Signature>")
	bare := strings.Replace(good, signature, "", 1)
	evil := strings.NewReplacer(`ID="_req"`, `ID="_evil"`, "https://sp.example/metadata", "https://evil.example/metadata").Replace(bare)
	into := func(doc, place, what string) string {
		if !strings.Contains(doc, place) {
			t.Fatalf("%s is not in it", place)
		}
		return strings.Replace(doc, place, what+place, 1)
	}
	const end, policy = "</samlp:AuthnRequest>", "<samlp:NameIDPolicy"
	inSignature := func(content string) string {
		return strings.Replace(signature, "</ds:Signature>", "<ds:Object>"+content+"</ds:Object></ds:Signature>", 1)
	}
	extensions := func(content string) string { return "<samlp:Extensions>" + content + "</samlp:Extensions>" }
	sameID := strings.Replace(evil, `ID="_evil"`, `ID="_req"`, 1)
	rows := []struct{ name, doc string }{
		{"1: forged root, signature in place, original inside the signature", into(evil, policy, inSignature(bare))},
		{"2: forged root, signature detached before the original inside", into(evil, policy, signature+extensions(bare))},
		{"3: forged root, the signed original whole as a child", into(evil, policy, good)},
		{"3b: the same in Extensions", into(evil, policy, extensions(good))},
		{"4: the forged one inside the original, wrapped around", into(good, end, evil)},
		{"5: forged root, signature in place, original at the end", into(into(evil, policy, signature), end, bare)},
		{"6: forged root, original inside the signature at the end", into(evil, end, inSignature(bare))},
		{"7: original in Extensions beside a copy of the signature", into(evil, policy, signature+extensions(good))},
		{"8: original in an Object of a second signature", into(evil, policy, signature+"<samlp:Extensions>"+inSignature(bare)+"</samlp:Extensions>")},
		{"same ID twice, forged first", into(sameID, policy, signature+extensions(bare))},
		{"same ID twice, original first", into(good, end, sameID)},
		{"the ID in another spelling", into(strings.Replace(evil, `ID="_evil"`, `ID="_evil" Id="_req"`, 1), policy, signature)},
		{"forged root that takes the original's place by URI", into(strings.Replace(evil, `ID="_evil"`, `ID="_req"`, 1), policy, signature)},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			root, err := wire.Parse([]byte(row.doc))
			if err == nil {
				err = dsig.Verify(root, keys(rsaPair()))
			}
			refused(t, err, "")
		})
	}
}

// S06: what other parsers drop or split does not get that far.
func TestS06CommentsAndCDATACannotChangeASignedText(t *testing.T) {
	t.Parallel()
	good := signedRequest(t, rsaPair(), "")
	for _, change := range []string{"https://sp.example<!-- -->/metadata", "<![CDATA[https://sp.example]]>/metadata", "https://sp.example<?x?>/metadata"} {
		doc := strings.Replace(good, "https://sp.example/metadata", change, 1)
		_, err := wire.Parse([]byte(doc))
		refused(t, err, "not accepted in a SAML message")
	}
}

func TestVerifyIsForTheRootOnly(t *testing.T) {
	t.Parallel()
	root := mustParse(t, "<a>"+signedRequest(t, p256Pair(), "")+"</a>")
	refused(t, dsig.Verify(root.Elements()[0], keys(p256Pair())), "only the root")
	refused(t, dsig.Verify(root, keys(p256Pair())), "the Issuer must come first")
}

func TestSignedSeesASignatureAnywhere(t *testing.T) {
	t.Parallel()
	const ds = `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/>`
	for doc, want := range map[string]bool{
		"<a/>":                                false,
		"<a><Signature/></a>":                 false,
		"<a>" + ds + "</a>":                   true,
		"<a><b><c/><d>" + ds + "</d></b></a>": true,
		ds:                                    true,
		`<a><Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/></a>`: true,
	} {
		if got := dsig.Signed(mustParse(t, doc)); got != want {
			t.Errorf("Signed(%s) = %v", doc, got)
		}
	}
}

func TestWeakKeysVerifyNothing(t *testing.T) {
	t.Parallel()
	weak := newRSA(1024)
	doc := xmlsecSign(t, request(template{}.String()), weak)
	refused(t, dsig.Verify(mustParse(t, doc), keys(weak)), "not made by a signing key")
	_, err := dsig.PublicKeys([][]byte{weak.cert})
	refused(t, err, "No usable signing key is registered")
	p224 := newEC(elliptic.P224())
	_, err = dsig.PublicKey(p224.cert)
	refused(t, err, "The curve P-224 is not accepted")
}

func TestPublicKeysReadsWhatMetadataHolds(t *testing.T) {
	t.Parallel()
	p := p256Pair()
	spki, err := x509.MarshalPKIXPublicKey(p.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	got, err := dsig.PublicKeys([][]byte{[]byte("garbage"), nil, p.cert, spki, rsaPair().cert, negativeSerial(t, rsaPair().cert)})
	if err != nil || len(got) != 4 {
		t.Fatalf("%d keys, %v", len(got), err)
	}
	type equaler interface{ Equal(crypto.PublicKey) bool }
	for i, want := range keys(p, p, rsaPair(), rsaPair()) {
		if !got[i].(equaler).Equal(want) {
			t.Errorf("key %d is another", i)
		}
	}
	for _, none := range [][][]byte{nil, {nil}, {[]byte("x")}, {p.cert[:100]}} {
		_, err := dsig.PublicKeys(none)
		refused(t, err, "No usable signing key is registered")
	}
}

// negativeSerial turns a certificate's serial number, 1 in ours, into -1: crypto/x509
// refuses it, old tools made many.
func negativeSerial(t *testing.T, cert []byte) []byte {
	t.Helper()
	changed := []byte(strings.Replace(string(cert), "\x02\x01\x01\x30", "\x02\x01\xff\x30", 1))
	if _, err := x509.ParseCertificate(changed); err == nil {
		t.Fatal("crypto/x509 accepts it, so it proves nothing")
	}
	return changed
}

// The differential rule: what we accept, xmlsec1 accepts. Every byte of a signed request
// is replaced and preceded by something once; what still verifies goes to xmlsec1.
func TestS15WhatWeAcceptXmlsec1Accepts(t *testing.T) {
	t.Parallel()
	good := cut(signedRequest(t, p256Pair(), ""), "<ds:KeyInfo>", "</ds:KeyInfo>")
	accepted := make(map[string]bool)
	changes := []string{"", " ", "<x/>", "&#x20;", "=", "\n", "A"}
	for i := range good {
		change := changes[i%len(changes)]
		for _, doc := range []string{good[:i] + change + good[i+1:], good[:i] + change + good[i:]} {
			root, err := wire.Parse([]byte(doc))
			if err == nil && doc != good && dsig.Verify(root, keys(p256Pair())) == nil {
				accepted[doc] = true
			}
		}
	}
	if len(accepted) == 0 {
		t.Fatal("no changed document was accepted; white space in a tag should be")
	}
	checked := 0
	for doc := range accepted {
		if checked++; checked > 40 { // the map's order samples them
			break
		}
		if err := xmlsecVerify(t, doc, p256Pair()); err != nil {
			t.Errorf("we accept what xmlsec1 refuses: %v\n%s", err, doc)
		}
	}
}

// fuzzPair has the same key in every process: fuzzing workers are processes of their own.
func fuzzPair() pair {
	return newPair(ecdsa.ParseRawPrivateKey(elliptic.P256(), bytes.Repeat([]byte{7}, 32)))
}

// Whatever is accepted must be what was signed: the seeds are the only documents with
// a signature by this key, so everything accepted has the canonical content of one of them.
func FuzzVerify(f *testing.F) {
	p := fuzzPair()
	good := signedRequest(f, p, "")
	content := func(t testing.TB, doc string) string {
		root := mustParse(t, doc)
		return string(wire.Canonicalize(root, root.Elements()[1]))
	}
	want := content(f, good)
	f.Add([]byte(good))
	f.Add([]byte(wrapValue(good)))
	f.Add([]byte(cut(good, "<ds:KeyInfo>", "</ds:KeyInfo>")))
	f.Fuzz(func(t *testing.T, doc []byte) {
		root, err := wire.Parse(doc)
		if err != nil || dsig.Verify(root, keys(p)) != nil {
			return
		}
		if got := content(t, string(doc)); got != want {
			t.Fatalf("accepted\n%s\nwhich was never signed; that was\n%s", got, want)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	root := mustParse(b, signedRequest(b, rsaPair(), ""))
	b.ReportAllocs()
	for b.Loop() {
		if err := dsig.Verify(root, keys(rsaPair())); err != nil {
			b.Fatal(err)
		}
	}
}
