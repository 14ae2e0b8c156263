package wire_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"cloudsso/samlidp/wire"
)

func TestWriterDeclaresAndOrdersCanonically(t *testing.T) {
	t.Parallel()
	w := wire.NewWriter()
	w.Start("samlp:Response", wire.A("Version", "2.0"), wire.A("ID", "_r"), wire.Opt("InResponseTo", ""), wire.Opt("Destination", "https://sp/acs?a&b"))
	w.Element("saml:Issuer", "https://idp")
	w.Start("saml:Assertion", wire.A("ID", "_a"), wire.A("xmlns:xs", ""))
	w.Start("saml:AttributeValue", wire.A("xsi:type", "xs:string"))
	w.Text("a<b>&\"'\r\n\t")
	w.End()
	w.Start("saml:AttributeValue", wire.A("xml:lang", "en"), wire.A("z", "\"<>&'\t\r\n"))
	w.End()
	w.End()
	w.End()
	got, err := w.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	want := `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" Destination="https://sp/acs?a&amp;b" ID="_r" Version="2.0">` +
		`<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://idp</saml:Issuer>` +
		`<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:xs="http://www.w3.org/2001/XMLSchema" ID="_a">` +
		`<saml:AttributeValue xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string">a&lt;b&gt;&amp;"'&#xD;` + "\n\t" + `</saml:AttributeValue>` +
		`<saml:AttributeValue z="&quot;&lt;>&amp;'&#x9;&#xD;&#xA;" xml:lang="en"></saml:AttributeValue>` +
		`</saml:Assertion></samlp:Response>`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// canonicalOf closes the innermost element and returns its canonical form as a digest sees it.
func canonicalOf(t *testing.T, w *wire.Writer) string {
	t.Helper()
	start := w.Enclosing()
	w.End()
	var b bytes.Buffer
	if err := w.Canonical(&b, start, start, start); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The bytes a digest is made of must be what a verifier computes from the wire, for
// the document and for every element in it that has an ID.
func TestWriterDigestInputIsTheCanonicalFormOfTheWire(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name  string
		write func(w *wire.Writer, sign func(id string))
	}{
		{"a prefix that only xsi:type needs, on the root", func(w *wire.Writer, sign func(string)) {
			w.Start("samlp:Response", wire.A("ID", "r"), wire.A("xmlns:xs", ""))
			w.Start("saml:Assertion", wire.A("ID", "a"))
			w.Start("saml:AttributeValue", wire.A("xsi:type", "xs:string"))
			w.End()
			sign("a")
			sign("r")
		}},
		{"the same on each value", func(w *wire.Writer, sign func(string)) {
			w.Start("saml:Assertion", wire.A("ID", "a"))
			for range 3 {
				w.Element("saml:AttributeValue", "v", wire.A("xsi:type", "xs:string"), wire.A("xmlns:xs", ""))
			}
			sign("a")
		}},
		{"a declared prefix that is then used visibly", func(w *wire.Writer, sign func(string)) {
			w.Start("saml:Assertion", wire.A("ID", "a"), wire.A("xmlns:ds", ""))
			w.Element("ds:KeyName", "k")
			w.Start("ds:KeyValue", wire.A("xmlns:ds", ""))
			w.End()
			sign("a")
		}},
		{"messages inside messages that share prefixes", func(w *wire.Writer, sign func(string)) {
			w.Start("samlp:ArtifactResponse", wire.A("ID", "x"))
			w.Element("saml:Issuer", "i")
			w.Start("samlp:Response", wire.A("ID", "r"))
			w.Element("saml:Issuer", "i")
			w.Start("samlp:Status")
			w.Start("samlp:StatusDetail", wire.A("ID", "d"))
			w.Start("samlp:More")
			w.End()
			sign("d")
			w.End()
			w.Start("saml:Assertion", wire.A("ID", "a"), wire.A("xsi:nil", "1"))
			w.Start("samlp:Odd", wire.A("xsi:nil", "1"), wire.A("xmlns:xs", ""))
			w.Start("saml:Advice", wire.A("ID", "b"), wire.A("xsi:nil", "1"))
			w.Element("samlp:Odd", "")
			sign("b")
			w.End()
			sign("a")
			sign("r")
			sign("x")
		}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := wire.NewWriter()
			inputs := make(map[string]string)
			row.write(w, func(id string) { inputs[id] = canonicalOf(t, w) })
			doc, err := w.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			found := 0
			for e := range mustParse(t, string(doc)).All() {
				id, ok := e.Attr("ID")
				if !ok {
					continue
				}
				found++
				if got, want := inputs[id], string(wire.Canonicalize(e, nil)); got != want {
					t.Errorf("digest input of %s is\n%s\na verifier sees\n%s\nin\n%s", id, got, want, doc)
				}
			}
			if found != len(inputs) {
				t.Errorf("%d elements with ID, %d digests", found, len(inputs))
			}
		})
	}
}

// S07: whatever a person is called, the message keeps its shape and the value its bytes.
func TestS07ValuesCannotBreakOut(t *testing.T) {
	t.Parallel()
	for _, value := range []string{
		"</saml:AttributeValue><saml:AttributeValue>admin", "]]>", "<![CDATA[x]]>", "<!-- x -->", "&amp;", "&#x41;", "&", "<?pi?>",
		`" Name="x`, "'", "\r", "\n", "\r\n", "\t", " ", "  a  ", "\u0085\u2028", "\U0001F600", "e\u0301", "a\u200db", "\uFFFD",
	} {
		w := wire.NewWriter()
		w.Element("saml:AttributeValue", value, wire.A("Name", value))
		doc, err := w.Bytes()
		if err != nil {
			t.Fatalf("%q: %v", value, err)
		}
		root := mustParse(t, string(doc))
		name, _ := root.Attr("Name")
		if root.Text() != value || name != value || len(root.Elements()) != 0 || len(root.Attrs()) != 1 {
			t.Errorf("%q became %q and %q", value, root.Text(), name)
		}
		if got := wire.Canonicalize(root, nil); !bytes.Equal(got, doc) {
			t.Errorf("%q is not canonical:\n%s\n%s", value, doc, got)
		}
	}
}

// S07, S25: what XML cannot carry is refused and never changed.
func TestS07IllegalCharactersAreRefused(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"a\x00b", "\x01", "\x0b", "\x1f", "\uFFFE", "\uFFFF", "\xff", "a\xc3", "\xed\xa0\x80"} {
		refused(t, wire.CheckText(value), "which XML cannot carry")
		w := wire.NewWriter()
		w.Element("saml:NameID", value)
		_, err := w.Bytes()
		refused(t, err, "which XML cannot carry")
		w = wire.NewWriter()
		w.Start("saml:NameID", wire.A("SPNameQualifier", value))
		w.End()
		_, err = w.Bytes()
		refused(t, err, "which XML cannot carry")
		refused(t, w.Err(), "which XML cannot carry")
	}
	if err := wire.CheckText("Ünïcödé \U0001F600\r\n\t\uFFFD"); err != nil {
		t.Error(err)
	}
}

func TestWriterReportsMistakes(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name  string
		write func(w *wire.Writer)
		want  string
	}{
		{"nothing written", func(*wire.Writer) {}, "not finished"},
		{"an element left open", func(w *wire.Writer) { w.Start("saml:Issuer") }, "not finished"},
		{"one End too many", func(w *wire.Writer) { w.Element("saml:Issuer", ""); w.End() }, "no element is open"},
		{"two roots", func(w *wire.Writer) { w.Element("saml:Issuer", ""); w.Element("saml:Issuer", "") }, "one root"},
		{"text outside", func(w *wire.Writer) { w.Text("x") }, "outside of the root"},
		{"a prefix nobody knows", func(w *wire.Writer) { w.Element("foo:Issuer", "") }, `prefix "foo"`},
		{"an attribute prefix nobody knows", func(w *wire.Writer) { w.Element("saml:Issuer", "", wire.A("foo:x", "1")) }, `prefix "foo"`},
		{"an attribute twice", func(w *wire.Writer) { w.Element("saml:Issuer", "", wire.A("x", "1"), wire.A("x", "2")) }, "attribute x twice"},
		{"a place that was not filled", func(w *wire.Writer) { w.Start("saml:Issuer"); w.Reserve(4); w.End() }, "not finished"},
		{"base64 outside", func(w *wire.Writer) { w.Base64([]byte("x")) }, "outside of the root"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := wire.NewWriter()
			row.write(w)
			doc, err := w.Bytes()
			if err == nil || !strings.Contains(err.Error(), row.want) || doc != nil {
				t.Errorf("got %q and %v, want %s", doc, err, row.want)
			}
		})
	}
}

func TestWriterFillsReservedPlaces(t *testing.T) {
	t.Parallel()
	w := wire.NewWriter()
	w.Start("ds:DigestValue")
	at := w.Reserve(4)
	w.End()
	w.Fill(at, []byte("QUJD"))
	doc, err := w.Bytes()
	if err != nil || !strings.Contains(string(doc), ">QUJD<") {
		t.Errorf("got %s, %v", doc, err)
	}
}

func TestCanonicalWantsTheElementThatWasJustClosed(t *testing.T) {
	t.Parallel()
	w := wire.NewWriter()
	w.Start("samlp:Response", wire.A("ID", "r"))
	w.Start("saml:Assertion", wire.A("ID", "a"))
	inner := w.Enclosing()
	w.End()
	w.Start("samlp:More")
	w.End()
	var b bytes.Buffer
	if err := w.Canonical(&b, inner, inner, inner); err == nil {
		t.Error("digested an element and what follows it")
	}
}

func FuzzWriter(f *testing.F) {
	f.Add("https://idp", "a<b", "\r\n")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		w := wire.NewWriter()
		w.Start("saml:Assertion", wire.A("ID", "x"), wire.A("b", b), wire.A("xsi:a", a), wire.Opt("c", c))
		w.Element("saml:Issuer", a, wire.A("Format", c))
		w.Start("samlp:Odd", wire.A("xmlns:xs", ""))
		w.Text(b)
		w.Text(c)
		w.End()
		form := ""
		if w.Err() == nil {
			form = canonicalOf(t, w)
		}
		doc, err := w.Bytes()
		bad := wire.CheckText(a) != nil || wire.CheckText(b) != nil || wire.CheckText(c) != nil
		if bad != (err != nil) {
			t.Fatalf("bad %v, but %v: %s", bad, err, hex.EncodeToString([]byte(a+b+c)))
		}
		if err != nil || len(doc) > 256<<10 {
			return
		}
		root := mustParse(t, string(doc))
		if got := string(wire.Canonicalize(root, nil)); got != form {
			t.Fatalf("got\n%s\nwant\n%s", got, form)
		}
		if got := root.Elements()[1].Text(); got != b+c {
			t.Fatalf("%q became %q", b+c, got)
		}
	})
}

// writeResponse is the shape of an ordinary response.
func writeResponse(w *wire.Writer) {
	w.Start("samlp:Response", wire.A("ID", "_r"), wire.A("Version", "2.0"), wire.A("IssueInstant", "2026-11-21T11:00:00Z"), wire.A("Destination", "https://sp.example/acs"))
	w.Element("saml:Issuer", "https://idp.example/saml/metadata")
	w.Start("samlp:Status")
	w.Element("samlp:StatusCode", "", wire.A("Value", "urn:oasis:names:tc:SAML:2.0:status:Success"))
	w.End()
	w.Start("saml:Assertion", wire.A("ID", "_a"), wire.A("Version", "2.0"), wire.A("xmlns:xs", ""))
	w.Element("saml:Issuer", "https://idp.example/saml/metadata")
	w.Start("saml:AttributeStatement")
	for range 10 {
		w.Start("saml:Attribute", wire.A("Name", "urn:oid:2.5.4.42"), wire.A("NameFormat", "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"))
		w.Element("saml:AttributeValue", "Ada", wire.A("xsi:type", "xs:string"))
		w.End()
	}
	w.End()
	w.End()
	w.End()
}

func BenchmarkWriteResponse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		w := wire.NewWriter()
		writeResponse(w)
		if _, err := w.Bytes(); err != nil {
			b.Fatal(err)
		}
	}
}

func TestWritingAResponseAllocatesLittle(t *testing.T) {
	got := testing.AllocsPerRun(50, func() {
		w := wire.NewWriter()
		writeResponse(w)
		if _, err := w.Bytes(); err != nil {
			t.Fatal(err)
		}
	})
	if got > 20 {
		t.Errorf("%v allocations per response, want at most 20", got)
	}
}
