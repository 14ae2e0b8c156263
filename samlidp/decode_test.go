package samlidp_test

import (
	"crypto"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/samlidp"
)

func keyOf(t testing.TB, name string) []crypto.PublicKey {
	t.Helper()
	return []crypto.PublicKey{certificate(t, name).PublicKey}
}

func decoded(t *testing.T, input string, keys []crypto.PublicKey) *samlidp.Decoded {
	t.Helper()
	d, err := samlidp.Decode(input, keys, noon.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (h *house) answered(t *testing.T) string {
	t.Helper()
	return posted(t, h.send(authnRequest())).Fields.Get("SAMLResponse")
}

func TestDecodeReadsEveryFormOfAMessage(t *testing.T) {
	t.Parallel()
	doc := authnRequest()
	encoded := base64.StdEncoding.EncodeToString([]byte(doc))
	for name, c := range map[string]struct{ input, binding, relay string }{
		"XML":                             {doc, "", ""},
		"XML with blanks around it":       {"\n " + doc + "\n", "", ""},
		"a whole address":                 {redirect(doc) + "&RelayState=deep", "HTTP-Redirect", "deep"},
		"a whole address with a fragment": {strings.Replace(redirect(doc), "?", "#", 1), "HTTP-Redirect", ""},
		"a query":                         {"SAMLRequest=" + url.QueryEscape(deflated(doc)), "HTTP-Redirect", ""},
		"a form":                          {url.Values{"SAMLRequest": {encoded}, "RelayState": {"r s"}}.Encode(), "HTTP-POST", "r s"},
		"base64":                          {encoded, "HTTP-POST", ""},
		"base64 in lines":                 {encoded[:60] + "\r\n" + encoded[60:], "HTTP-POST", ""},
		"base64, percent-encoded":         {url.QueryEscape(encoded), "HTTP-POST", ""},
		"base64 of a compressed message":  {deflated(doc), "HTTP-POST", ""},
		"SOAP":                            {`<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>` + doc + `</soap:Body></soap:Envelope>`, "SOAP", ""},
	} {
		d := decoded(t, c.input, nil)
		if d.Kind != "AuthnRequest" || !strings.HasSuffix(d.Binding, c.binding) || d.RelayState != c.relay {
			t.Errorf("%s: %s by %q, RelayState %q", name, d.Kind, d.Binding, d.RelayState)
		}
		for _, want := range []samlidp.Fact{{Name: "Issuer", Text: spEntity}, {Name: "AuthnRequest ID", Text: "_request1"}, {Name: "AuthnRequest IssueInstant", Text: "2026-11-21T12:00:00Z", Note: "1m0s ago"}} {
			if !slices.Contains(d.Facts, want) {
				t.Errorf("%s: no %v in %v", name, want, d.Facts)
			}
		}
		if len(d.Signatures) != 0 || !slices.Contains(d.Notes, "It is not signed: anybody can have written it.") {
			t.Errorf("%s: signatures %v, notes %q", name, d.Signatures, d.Notes)
		}
		if !strings.Contains(d.XML, ">"+spEntity+"</saml:Issuer>\n</samlp:AuthnRequest>") {
			t.Errorf("%s: %s", name, d.XML)
		}
	}
}

func TestDecodeVerifies(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register()
	h.signedIn()
	response := h.answered(t)
	raw, err := base64.StdEncoding.DecodeString(response)
	must(t, err)
	const changed = "the message was changed after it was signed"
	const other = "was not made"
	for name, c := range map[string]struct {
		input   string
		key     string
		of      []string
		problem string // "": verified
	}{
		"a signed query":               {signedRedirect(t, authnRequest(), "deep"), "sp", []string{"query"}, ""},
		"a signed query, changed":      {strings.Replace(signedRedirect(t, authnRequest(), "deep"), "deep", "deeq", 1), "sp", []string{"query"}, other},
		"a signed query, another key":  {signedRedirect(t, authnRequest(), ""), "other", []string{"query"}, other},
		"a signed message":             {text(t, enveloped(t, authnRequest(), "sp", "")), "sp", []string{"AuthnRequest"}, ""},
		"a signed message, changed":    {strings.Replace(text(t, enveloped(t, authnRequest(), "sp", "")), "_request1", "_request1\" IsPassive=\"true", 1), "sp", []string{"AuthnRequest"}, changed},
		"an answer of ours":            {response, "idp", nil, ""},
		"an answer of ours, changed":   {strings.Replace(string(raw), "alice", "mallory", 1), "idp", nil, changed},
		"an answer of ours, other key": {response, "other", nil, other},
	} {
		d := decoded(t, c.input, keyOf(t, c.key))
		if len(d.Signatures) == 0 {
			t.Errorf("%s: no signature", name)
		}
		for i, s := range d.Signatures {
			if c.of != nil && s.Of != c.of[i] || s.Algorithm == "" || s.Verified != (c.problem == "") || !strings.Contains(s.Problem, c.problem) {
				t.Errorf("%s: %+v", name, s)
			}
		}
	}
	if s := decoded(t, response, nil).Signatures[0]; s.Verified || s.Problem != "It was not checked: no key was given to check it with." {
		t.Errorf("without a key: %+v", s)
	}
}

func TestDecodeVerifiesAPartInASignedWhole(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register(func(sp *idp.ServiceProvider) { sp.Sign = "both" })
	h.signedIn()
	d := decoded(t, h.answered(t), keyOf(t, "idp"))
	var of []string
	for _, s := range d.Signatures {
		if of = append(of, s.Of); !s.Verified {
			t.Errorf("%+v", s)
		}
	}
	if !slices.Equal(of, []string{"Response", "Assertion"}) {
		t.Errorf("signatures of %q", of)
	}
}

func TestDecodeSaysWhatItCannotRead(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register(func(sp *idp.ServiceProvider) {
		sp.Encrypt, sp.EncryptionCerts = "required", [][]byte{certificate(t, "sp").Raw}
	})
	h.signedIn()
	d := decoded(t, h.answered(t), nil)
	if !slices.Contains(d.Notes, "The EncryptedAssertion can be read only with the key of whom it is for.") {
		t.Errorf("%q", d.Notes)
	}
	sha1 := text(t, envelopedWith(t, authnRequest(), "sp", "http://www.w3.org/2000/09/xmldsig#rsa-sha1", crypto.SHA1))
	d = decoded(t, sha1, keyOf(t, "sp"))
	if !d.Signatures[0].Verified || !slices.Contains(d.Notes, "The signature of AuthnRequest uses SHA-1, which is broken: it is taken here for showing only.") {
		t.Errorf("%+v, %q", d.Signatures, d.Notes)
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ input, want string }{
		"nothing":            {" \n", "There is nothing to decode."},
		"a word":             {"hello!", "SAMLResponse is not valid base64"},
		"base64 of no XML":   {"aGVsbG8gd29ybGQ=", "SAMLResponse is not valid DEFLATE data"},
		"a broken document":  {"<a><b></a>", "Line 1, column 7: </a> stands where </b> is expected"},
		"a DOCTYPE":          {`<!DOCTYPE a [<!ENTITY x "y">]><a/>`, "Line 1, column 1: a DOCTYPE"},
		"two messages":       {"https://x.example/?SAMLRequest=a&SAMLResponse=b", "were sent together"},
		"too much":           {strings.Repeat("a", 3<<20), "There are more than 2 MB"},
		"broken percent":     {"SAMLRequest=PD%zz", "The percent-encoding of SAMLRequest is broken"},
		"a billion elements": {"<a>" + strings.Repeat("<b/>", 200_000) + "</a>", ""},
	} {
		_, err := samlidp.Decode(c.input, nil, noon)
		if err == nil && c.want == "" {
			continue // the parser's bounds for metadata let it through: it is quick all the same
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSigningCertificatesComeFromMetadataOfAnyRole(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ders, err := samlidp.SigningCertificates(h.get(issuer + "/saml/metadata").Body.Bytes())
	must(t, err)
	if len(ders) == 0 || !slices.Equal(ders[0], certificate(t, "idp").Raw) {
		t.Errorf("%d certificates", len(ders))
	}
	if _, err := samlidp.SigningCertificates([]byte("<a/>")); err == nil || !strings.Contains(err.Error(), "The metadata holds no certificate") {
		t.Errorf("%v", err)
	}
}

// FuzzDecode: whatever somebody pastes is read or refused, and nothing verifies that was not
// signed by the key.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{authnRequest(), redirect(authnRequest()), signedRedirect(f, authnRequest(), "a"), text(f, enveloped(f, authnRequest(), "sp", "")), "PD94", "SAMLResponse=PD94", "<a b='&#10;'>x</a>", "<"} {
		f.Add(s)
	}
	other := keyOf(f, "other") // has signed nothing here
	f.Fuzz(func(t *testing.T, input string) {
		d, err := samlidp.Decode(input, other, noon)
		if err != nil {
			if e := idp.AsError(err); e.Code == idp.Internal {
				t.Fatalf("a fault of ours: %v", err)
			}
			return
		}
		for _, s := range d.Signatures {
			if s.Verified {
				t.Fatalf("verified: %+v", s)
			}
		}
		if d.XML == "" {
			t.Fatal("nothing is shown")
		}
	})
}
