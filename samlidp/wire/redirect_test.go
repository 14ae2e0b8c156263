package wire_test

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"cloudsso/samlidp/wire"
)

const smallRequest = `<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_1"/>`

func deflated(t testing.TB, doc string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	w.Write([]byte(doc))
	w.Close()
	return b.Bytes()
}

func encoded(raw []byte) string { return url.QueryEscape(base64.StdEncoding.EncodeToString(raw)) }

func TestDecodeRedirectTakesTheMessageOut(t *testing.T) {
	t.Parallel()
	request := encoded(deflated(t, smallRequest))
	rows := []struct {
		name, query string
		want        wire.Message
	}{
		{"a request alone", "SAMLRequest=" + request, wire.Message{}},
		{"a response", "SAMLResponse=" + request, wire.Message{Response: true}},
		{"with RelayState", "RelayState=a%2Fb+c%20d&SAMLRequest=" + request, wire.Message{RelayState: "a/b c d", Relayed: true}},
		{"with an empty RelayState", "SAMLRequest=" + request + "&RelayState=", wire.Message{Relayed: true}},
		{"with a RelayState without =", "SAMLRequest=" + request + "&RelayState", wire.Message{Relayed: true}},
		{"with others' parameters", "utm=1&utm=2&%zz=1&SAMLRequest=" + request + "&lang=de", wire.Message{}},
		{"with the default encoding named", "SAMLRequest=" + request + "&SAMLEncoding=urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE", wire.Message{}},
		{"with line breaks in the base64, as old ruby-saml", "SAMLRequest=" + request[:20] + "%0A" + request[20:] + "%0D%0A", wire.Message{}},
		{"RelayState of the most that is echoed", "SAMLRequest=" + request + "&RelayState=" + strings.Repeat("x", 2048), wire.Message{Relayed: true, RelayState: strings.Repeat("x", 2048)}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			m, err := wire.DecodeRedirect(row.query)
			if err != nil {
				t.Fatal(err)
			}
			if string(m.XML) != smallRequest || m.Binding != wire.BindingRedirect {
				t.Errorf("got %s by %s", m.XML, m.Binding)
			}
			if m.Response != row.want.Response || m.RelayState != row.want.RelayState || m.Relayed != row.want.Relayed {
				t.Errorf("got %+v", m)
			}
			if m.SigAlg != "" || m.Signature != nil || m.Signed != "" {
				t.Error("it is not signed")
			}
		})
	}
}

// S03: what is verified is what was sent, octet by octet, in the order of the specification.
func TestS03SignedOctetsAreThoseReceived(t *testing.T) {
	t.Parallel()
	plain := base64.StdEncoding.EncodeToString(deflated(t, smallRequest))
	lower := strings.NewReplacer("+", "%2b", "/", "%2f", "=", "%3d").Replace(plain)
	rows := []struct{ name, query, signed string }{
		{"in order", "SAMLRequest=" + lower + "&RelayState=a%20b&SigAlg=urn%3ax&Signature=QUJD",
			"SAMLRequest=" + lower + "&RelayState=a%20b&SigAlg=urn%3ax"},
		{"out of order, with strangers in between", "Signature=QUJD&SigAlg=urn:x&x=1&RelayState=a+b&y&SAMLRequest=" + lower,
			"SAMLRequest=" + lower + "&RelayState=a+b&SigAlg=urn:x"},
		{"without RelayState", "SAMLRequest=" + lower + "&SigAlg=urn%3Ax&Signature=QUJD", "SAMLRequest=" + lower + "&SigAlg=urn%3Ax"},
		{"with an empty RelayState", "SAMLRequest=" + lower + "&RelayState=&SigAlg=urn%3Ax&Signature=QUJD", "SAMLRequest=" + lower + "&RelayState=&SigAlg=urn%3Ax"},
		{"a response", "SAMLResponse=" + lower + "&SigAlg=urn%3Ax&Signature=QUJD", "SAMLResponse=" + lower + "&SigAlg=urn%3Ax"},
		{"more escaped than needed", "SAMLRequest=" + lower + "&RelayState=%61%7E~&SigAlg=urn%3Ax&Signature=QUJD", "SAMLRequest=" + lower + "&RelayState=%61%7E~&SigAlg=urn%3Ax"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			m, err := wire.DecodeRedirect(row.query)
			if err != nil {
				t.Fatal(err)
			}
			if m.Signed != row.signed || string(m.Signature) != "ABC" || m.SigAlg != "urn:x" {
				t.Errorf("signed octets are\n%s\nwant\n%s (%q by %s)", m.Signed, row.signed, m.Signature, m.SigAlg)
			}
		})
	}
}

func TestDecodeRedirectRefuses(t *testing.T) {
	t.Parallel()
	good := deflated(t, smallRequest)
	request := "SAMLRequest=" + encoded(good)
	var zlibbed bytes.Buffer
	z := zlib.NewWriter(&zlibbed)
	z.Write([]byte(smallRequest))
	z.Close()
	rows := []struct{ name, query, want string }{
		{"nothing", "", "There is no SAMLRequest"},
		{"an empty message", "SAMLRequest=", "not valid base64"},
		{"S03 the message twice", request + "&" + request, "SAMLRequest was sent twice"},
		{"S03 the message twice, once in disguise", request + "&SAML%52equest=x", "must not be percent-encoded"},
		{"S03 request and response", request + "&SAMLResponse=x", "sent together"},
		{"S03 RelayState twice", request + "&RelayState=a&RelayState=b", "RelayState was sent twice"},
		{"S03 SigAlg twice", request + "&SigAlg=a&SigAlg=a&Signature=QUJD", "SigAlg was sent twice"},
		{"S03 Signature twice", request + "&SigAlg=a&Signature=QUJD&Signature=QUJD", "Signature was sent twice"},
		{"S02 Signature without SigAlg", request + "&Signature=QUJD", "sent together, or neither"},
		{"S02 SigAlg without Signature", request + "&SigAlg=x", "sent together, or neither"},
		{"S02 empty Signature", request + "&SigAlg=x&Signature=", "sent together, or neither"},
		{"S02 empty SigAlg", request + "&SigAlg=&Signature=QUJD", "sent together, or neither"},
		{"S02 both empty", request + "&SigAlg=&Signature=", "sent together, or neither"},
		{"a Signature that is not base64", request + "&SigAlg=x&Signature=%25", "Signature is not valid base64"},
		{"an artifact", "SAMLart=x", "artifact"},
		{"an artifact beside a request", request + "&SAMLart=x", "artifact"},
		{"another encoding", request + "&SAMLEncoding=x", "Only DEFLATE"},
		{"an empty encoding", request + "&SAMLEncoding=", "Only DEFLATE"},
		{"broken percent-encoding", "SAMLRequest=%zz", "percent-encoding of SAMLRequest is broken"},
		{"broken percent-encoding of RelayState", request + "&RelayState=%", "percent-encoding of RelayState is broken"},
		{"a plus that was not encoded", "SAMLRequest=ab+c", "did not encode the character +"},
		{"the URL variant of base64", "SAMLRequest=ab-_", "URL variant"},
		{"base64 without padding", "SAMLRequest=QQ", "not valid base64"},
		{"base64 with loose bits", "SAMLRequest=QR%3D%3D", "not valid base64"},
		{"XML that is not compressed", "SAMLRequest=" + encoded([]byte(smallRequest)), "not valid DEFLATE"},
		{"a zlib header", "SAMLRequest=" + encoded(zlibbed.Bytes()), "zlib header"},
		{"a message that breaks off", "SAMLRequest=" + encoded(good[:len(good)-4]), "not valid DEFLATE"},
		{"S15 bytes behind the message", "SAMLRequest=" + encoded(append(bytes.Clone(good), 'x')), "bytes behind the compressed message"},
		{"S05 a bomb by ratio", "SAMLRequest=" + encoded(deflated(t, strings.Repeat("\x00", 200<<10))), "inflates to more"},
		{"S05 a bomb by size", "SAMLRequest=" + encoded(deflated(t, strings.Repeat(noise(8<<10), 40))), "inflates to more"},
		{"S05 10 MB of zeros", "SAMLRequest=" + encoded(deflated(t, strings.Repeat("\x00", 10<<20))), "inflates to more"},
		{"S05 a long query", request + "&x=" + strings.Repeat("x", 64<<10), "at most 65536"},
		{"S10 a long RelayState", request + "&RelayState=" + strings.Repeat("x", 2049), "RelayState has 2049 bytes; at most 2048"},
		{"S10 a line break in RelayState", request + "&RelayState=a%0D%0Ab", "control characters"},
		{"S10 NUL in RelayState", request + "&RelayState=%00", "control characters"},
		{"S10 RelayState that is not UTF-8", request + "&RelayState=%ff", "not UTF-8"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			m, err := wire.DecodeRedirect(row.query)
			refused(t, err, row.want)
			if m != nil {
				t.Error("a message comes with the error")
			}
		})
	}
}

// noise compresses about four to one.
func noise(n int) string {
	const digits = "0123456789abcdef"
	b := make([]byte, n)
	x := uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = digits[x>>28]
		if i%2 == 1 {
			b[i] = ' '
		}
	}
	return string(b)
}

func TestEncodeRedirectIsUndoneByDecode(t *testing.T) {
	t.Parallel()
	for _, relay := range []string{"", "a b&c=d/ü+%"} {
		query, err := wire.EncodeRedirect("SAMLResponse", []byte(smallRequest), relay)
		if err != nil {
			t.Fatal(err)
		}
		m, err := wire.DecodeRedirect(query)
		if err != nil || string(m.XML) != smallRequest || m.RelayState != relay || m.Relayed != (relay != "") || !m.Response {
			t.Errorf("%q: got %+v, %v", relay, m, err)
		}
	}
}

func TestDecodePostTakesTheMessageOut(t *testing.T) {
	t.Parallel()
	plain := base64.StdEncoding.EncodeToString([]byte(authnRequest))
	rows := []struct {
		name string
		form url.Values
		want string
	}{
		{"a request", url.Values{"SAMLRequest": {plain}}, authnRequest},
		{"base64 in lines", url.Values{"SAMLRequest": {plain[:76] + "\r\n" + plain[76:] + "\n"}}, authnRequest},
		{"deflated, as node-saml posts", url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString(deflated(t, authnRequest))}}, authnRequest},
		{"white space before the XML", url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString([]byte("\n <a/>"))}}, "\n <a/>"},
		{"with others' fields", url.Values{"SAMLRequest": {plain}, "csrf": {"1", "2"}}, authnRequest},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			row.form.Set("RelayState", "x=1&y")
			m, err := wire.DecodePost(row.form)
			if err != nil {
				t.Fatal(err)
			}
			if string(m.XML) != row.want || m.Binding != wire.BindingPost || m.RelayState != "x=1&y" || !m.Relayed || m.Response {
				t.Errorf("got %+v %s", m, m.XML)
			}
		})
	}
}

func TestDecodePostRefuses(t *testing.T) {
	t.Parallel()
	plain := base64.StdEncoding.EncodeToString([]byte(smallRequest))
	bomb := base64.StdEncoding.EncodeToString(deflated(t, strings.Repeat("\x00", 10<<20)))
	rows := []struct {
		name string
		form url.Values
		want string
	}{
		{"nothing", url.Values{}, "There is no SAMLRequest"},
		{"an empty message", url.Values{"SAMLRequest": {""}}, "not valid base64"},
		{"the message twice", url.Values{"SAMLRequest": {plain, plain}}, "SAMLRequest was sent twice"},
		{"request and response", url.Values{"SAMLRequest": {plain}, "SAMLResponse": {plain}}, "sent together"},
		{"RelayState twice", url.Values{"SAMLRequest": {plain}, "RelayState": {"", ""}}, "RelayState was sent twice"},
		{"S02 SimpleSign", url.Values{"SAMLRequest": {plain}, "Signature": {"x"}, "SigAlg": {"y"}}, "HTTP-POST-SimpleSign"},
		{"S02 an empty Signature field", url.Values{"SAMLRequest": {plain}, "Signature": {""}}, "HTTP-POST-SimpleSign"},
		{"an artifact", url.Values{"SAMLart": {"x"}}, "artifact"},
		{"blanks in the base64", url.Values{"SAMLRequest": {"ab c"}}, "did not encode the character +"},
		{"neither XML nor DEFLATE", url.Values{"SAMLRequest": {"eHh4eA=="}}, "SAMLRequest is compressed with a zlib header"},
		{"only white space", url.Values{"SAMLRequest": {"ICAg"}}, "XML"},
		{"S05 a bomb", url.Values{"SAMLRequest": {bomb}}, "inflates to more"},
		{"S05 large base64", url.Values{"SAMLRequest": {strings.Repeat("A", 600<<10)}}, "larger than"},
		{"S05 large XML", url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString([]byte("<" + strings.Repeat("a", 256<<10)))}}, "larger than"},
		{"S10 a long RelayState", url.Values{"SAMLRequest": {plain}, "RelayState": {strings.Repeat("x", 2049)}}, "at most 2048"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			m, err := wire.DecodePost(row.form)
			if row.name == "only white space" { // left to Parse, which says it better
				if err == nil {
					_, err = wire.Parse(m.XML)
				}
				refused(t, err, row.want)
				return
			}
			refused(t, err, row.want)
			if m != nil {
				t.Error("a message comes with the error")
			}
		})
	}
}

func FuzzDecodeRedirect(f *testing.F) {
	request := encoded(deflated(f, smallRequest))
	f.Add("SAMLRequest=" + request)
	f.Add("SAMLRequest=" + request + "&RelayState=a%2fb&SigAlg=x&Signature=QUJD")
	f.Add("SAMLResponse=" + request + "&SAMLEncoding=x&&=&%53igAlg=")
	f.Fuzz(func(t *testing.T, query string) {
		m, err := wire.DecodeRedirect(query)
		if err != nil {
			refused(t, err, "")
			return
		}
		if len(m.XML) > 256<<10 || len(m.RelayState) > wire.MaxRelayState {
			t.Fatal("larger than the caps")
		}
		if (m.Signature == nil) != (m.SigAlg == "") || (m.Signature == nil) != (m.Signed == "") {
			t.Fatalf("half a signature: %+v", m)
		}
		for part := range strings.SplitSeq(m.Signed, "&") { // nothing is signed that was not sent
			if !strings.Contains(query, part) && part != "RelayState=" {
				t.Fatalf("%q is not part of %q", part, query)
			}
		}
		_, _ = wire.Parse(m.XML)
	})
}
