package wire_test

import (
	"errors"
	"strings"
	"testing"

	"cloudsso/idp"
	"cloudsso/samlidp/wire"
)

// authnRequest is an ordinary request, as mod_auth_mellon writes it.
const authnRequest = `<?xml version="1.0" encoding="UTF-8"?>
<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"
    ID="_3f9c" Version="2.0" IssueInstant="2026-11-21T11:00:00Z" Destination="https://idp.example/saml/sso"
    AssertionConsumerServiceURL="https://sp.example/acs?a=1&amp;b=2" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST">
  <saml:Issuer>https://sp.example/metadata</saml:Issuer>
  <samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" AllowCreate="true"/>
</samlp:AuthnRequest>`

func TestParseReadsAnAuthnRequest(t *testing.T) {
	t.Parallel()
	root, err := wire.Parse([]byte(authnRequest))
	if err != nil {
		t.Fatal(err)
	}
	if !root.Is(wire.NSProtocol, "AuthnRequest") || root.QName() != "samlp:AuthnRequest" || root.Parent() != nil {
		t.Errorf("root is %v %s", root.Name(), root.QName())
	}
	if acs, ok := root.Attr("AssertionConsumerServiceURL"); !ok || acs != "https://sp.example/acs?a=1&b=2" {
		t.Errorf("ACS = %q, %v", acs, ok)
	}
	if len(root.Attrs()) != 6 {
		t.Errorf("%d attributes; declarations must not be among them", len(root.Attrs()))
	}
	issuer := root.Child(wire.NSAssertion, "Issuer")
	if issuer.Text() != "https://sp.example/metadata" || issuer.Parent() != root {
		t.Errorf("Issuer = %q", issuer.Text())
	}
	if line, column := issuer.Position(); line != 5 || column != 3 {
		t.Errorf("Issuer stands at %d:%d, want 5:3", line, column)
	}
	if _, ok := root.Child(wire.NSProtocol, "NameIDPolicy").Attr("SPNameQualifier"); ok {
		t.Error("found an attribute that is not there")
	}
	var names []string
	for e := range root.All() {
		names = append(names, e.Name().Local)
	}
	if got := strings.Join(names, " "); got != "AuthnRequest Issuer NameIDPolicy" {
		t.Errorf("All walks %s", got)
	}
}

func TestParseNormalisesAsXMLSays(t *testing.T) {
	t.Parallel()
	root, err := wire.Parse([]byte("<a one='a\tb\r\nc\nd&#10;e&quot;&apos;' two=\"&#x41;&#65;&gt;\">x\r\ny\rz&#13;&lt;&amp;&#x1F600;</a>"))
	if err != nil {
		t.Fatal(err)
	}
	one, _ := root.Attr("one")
	two, _ := root.Attr("two")
	if one != "a b c d\ne\"'" || two != "AA>" {
		t.Errorf("attributes are %q and %q", one, two)
	}
	if got, want := root.Text(), "x\ny\nz\r<&\U0001F600"; got != want {
		t.Errorf("text is %q, want %q", got, want)
	}
}

func TestParseResolvesPrefixesByPlace(t *testing.T) {
	t.Parallel()
	root, err := wire.Parse([]byte(`<p:a xmlns:p="urn:one" xmlns="urn:d" x="1"><b p:x="2" x="3"><p:c xmlns:p="urn:two" xmlns=""><d/></p:c></b></p:a>`))
	if err != nil {
		t.Fatal(err)
	}
	b := root.Child("urn:d", "b")
	if v, _ := b.AttrNS("urn:one", "x"); v != "2" {
		t.Errorf("p:x = %q", v)
	}
	if v, _ := b.Attr("x"); v != "3" {
		t.Errorf("x = %q", v)
	}
	c := b.Child("urn:two", "c")
	if c.Child("", "d") == nil {
		t.Error(`xmlns="" does not take the default namespace away`)
	}
	if uri, ok := c.Namespace("p"); uri != "urn:two" || !ok {
		t.Errorf("p is %q inside", uri)
	}
	if uri, ok := b.Namespace(""); uri != "urn:d" || !ok {
		t.Errorf("default is %q", uri)
	}
	if _, ok := c.Namespace("q"); ok {
		t.Error("an undeclared prefix resolves")
	}
	if uri, _ := c.Namespace("xml"); uri != wire.NSXML {
		t.Errorf("xml is %q", uri)
	}
}

// Every row is one way in which two readers could disagree, or one could be hurt.
func TestParseRefuses(t *testing.T) {
	t.Parallel()
	rows := []struct{ name, doc, want string }{
		{"nothing", "", "Line 1, column 1: there is no XML element here."},
		{"only white space", " \n ", "there is no XML element here"},
		{"text only", "hello", "Line 1, column 1: there is text outside of the root element."},
		{"a document that breaks off", "<a><b>", "Line 1, column 7: the document ends inside <b>."},
		{"an end tag too many", "<a/></a>", "</a> closes an element that is not open"},
		{"crossing tags", "<a><b></a></b>", "Line 1, column 7: </a> stands where </b> is expected"},
		{"an end tag in other case", "<a></A>", "</A> stands where </a> is expected"},
		{"an end tag with the other prefix of the same namespace", `<p:a xmlns:p="urn:x" xmlns:q="urn:x"></q:a>`, "stands where </p:a> is expected"},
		{"an end tag with an attribute", "<a></a b='c'>", "is not closed"},
		{"two roots", "<a/>\n<b/>", "Line 2, column 1: there is a second root element"},
		{"text behind the root", "<a/>x", "text outside of the root"},
		{"a reference behind the root", "<a/>&#32;", "text outside of the root"},
		{"S04 DOCTYPE", "<!DOCTYPE a><a/>", "Line 1, column 1: a DOCTYPE"},
		{"S04 billion laughs", `<!DOCTYPE lolz [<!ENTITY lol "lol">]><a>&lol;</a>`, "DOCTYPE"},
		{"S04 external entity", `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>`, "DOCTYPE"},
		{"S04 DOCTYPE inside", "<a><!DOCTYPE a></a>", "DOCTYPE"},
		{"S04 unknown entity", "<a>&nbsp;</a>", "Line 1, column 4: the entity &nbsp; is not known"},
		{"S04 UTF-16 with byte order mark", "\xff\xfe<\x00a\x00/\x00>\x00", "this is not UTF-8"},
		{"S04 UTF-16 without mark", "<\x00a\x00/\x00>\x00", "U+0000"},
		{"S04 UTF-7", "<?xml version='1.0' encoding='UTF-7'?><a/>", `says encoding="UTF-7"`},
		{"other encoding", "<?xml version='1.0' encoding='ISO-8859-1'?><a/>", "encoding"},
		{"byte order mark in a message", "\uFEFF<a/>", "U+FEFF"},
		{"XML 1.1", "<?xml version='1.1'?><a/>", `must say version="1.0"`},
		{"a declaration without version", "<?xml encoding='UTF-8'?><a/>", "version"},
		{"a declaration with more", "<?xml version='1.0' foo='bar'?><a/>", `foo="bar"`},
		{"a declaration behind a blank", " <?xml version='1.0'?><a/>", "very first thing"},
		{"a declaration that never ends", "<?xml version='1.0'", "a name is expected"},
		{"S06 comment", "<a>urn:<!-- x -->sp</a>", "Line 1, column 8: a comment is not accepted"},
		{"S06 comment before the root", "<!-- x --><a/>", "a comment is not accepted"},
		{"S06 comment behind the root", "<a/><!-- x -->", "a comment is not accepted"},
		{"S06 processing instruction", "<a>urn:<?x y?>sp</a>", "a processing instruction is not accepted"},
		{"S06 CDATA", "<a><![CDATA[urn:sp]]></a>", "a CDATA section is not accepted"},
		{"S06 text before an element", "<a>urn:sp<b/></a>", "<a> holds text and elements at once"},
		{"S06 text behind an element", "<a><b/>urn:sp</a>", "<a> holds text and elements at once"},
		{"duplicate attribute", "<a x='1' x='2'/>", "Line 1, column 10: the attribute x stands twice"},
		{"S15 duplicate attribute by expanded name", `<a xmlns:p="urn:x" xmlns:q="urn:x" p:x="1" q:x="2"/>`, "the attribute q:x stands twice"},
		{"duplicate declaration", `<a xmlns:p="urn:x" xmlns:p="urn:y"/>`, "xmlns:p is declared twice"},
		{"undeclared prefix of an element", "<p:a/>", `the prefix "p" is not declared`},
		{"undeclared prefix of an attribute", "<a p:x='1'/>", `the prefix "p" is not declared`},
		{"a prefix declared elsewhere", `<a><b xmlns:p="urn:x"/><p:c/></a>`, `the prefix "p" is not declared`},
		{"a prefix taken away", `<a xmlns:p="urn:x"><b xmlns:p=""/></a>`, "not an absolute URI"},
		{"S15 relative namespace name", `<a xmlns="ns"/>`, "not an absolute URI"},
		{"S15 namespace name without anything behind the scheme", `<a xmlns:p="x:"/>`, "not an absolute URI"},
		{"S15 namespace name with a blank", `<a xmlns:p="urn:x y"/>`, "not an absolute URI"},
		{"S15 namespace name outside ASCII", `<a xmlns:p="urn:ä"/>`, "not an absolute URI"},
		{"S15 namespace name with an ampersand", `<a xmlns:p="urn:x?a&amp;b"/>`, "not an absolute URI"},
		{"S15 namespace name with a percent sign", `<a xmlns:p="urn:x%zz"/>`, "not an absolute URI"},
		{"S15 namespace name with an empty port", `<a xmlns:p="http://x:/y"/>`, "not an absolute URI"},
		{"S15 namespace name without host", `<a xmlns:p="http:///y"/>`, "not an absolute URI"},
		{"S15 namespace name with a user", `<a xmlns:p="http://u@x/y"/>`, "not an absolute URI"},
		{"S15 namespace name with two fragments", `<a xmlns:p="urn:x#y#z"/>`, "not an absolute URI"},
		{"S15 declaring xml", `<a xmlns:xml="http://www.w3.org/XML/1998/namespace"/>`, "belong to XML itself"},
		{"S15 declaring xmlns", `<a xmlns:xmlns="urn:x"/>`, "belong to XML itself"},
		{"S15 another prefix for xml", `<a xmlns:y="http://www.w3.org/XML/1998/namespace"/>`, "belong to XML itself"},
		{"S15 xmlns as the prefix of an element", `<xmlns:a/>`, "is not declared"},
		{"S15 two colons", `<p:q:a xmlns:p="urn:x"/>`, "may not stand in a name"},
		{"S15 colon first", "<:a/>", "a name is expected"},
		{"S15 colon last", "<a: />", "a name is expected behind the colon"},
		{"S15 name outside ASCII", "<ä/>", "a name is expected"},
		{"S15 name that goes on outside ASCII", "<aä/>", "may not stand in a name"},
		{"xml:base", "<a xml:base='urn:x'/>", "xml:base is not accepted"},
		{"xml:id", "<a xml:id='x'/>", "xml:id is not accepted"},
		{"S01 duplicate ID", `<a ID="x"><b ID="x"/></a>`, `Line 1, column 14: the ID "x" stands twice`},
		{"S01 duplicate ID in other spelling", `<a ID="x"><b Id="x"/></a>`, `stands twice`},
		{"S01 ID and id in one element", `<a ID="x" id="x"/>`, `stands twice`},
		{"ID that starts with a digit", `<a ID="1x"/>`, `ID="1x" is not a valid ID`},
		{"empty ID", `<a ID=""/>`, "is not a valid ID"},
		{"ID with a colon", `<a ID="x:y"/>`, "is not a valid ID"},
		{"ID with an XPointer", `<a ID="xpointer(/)"/>`, "is not a valid ID"},
		{"no blank between attributes", "<a x='1'y='2'/>", "there must be a blank before the attribute y"},
		{"attribute without value", "<a x/>", "the attribute x needs"},
		{"attribute without quotes", "<a x=1/>", "must stand in quotes"},
		{"attribute that never ends", "<a x='1", "never ends"},
		{"attribute with <", "<a x='<'/>", `contains the character "<"`},
		{"tag that never ends", "<a ", "a name is expected"},
		{"slash without end", "<a / >", "a name is expected"},
		{"an element that ends like an instruction", "<a ?>", "a name is expected"},
		{"a declaration that ends like an element", "<?xml version='1.0'/><a/>", "a name is expected"},
		{"blank before the name", "< a/>", "a name is expected"},
		{"lone ampersand", "<a>a & b</a>", `the character "&" stands alone`},
		{"ampersand at the end", "<a>&</a>", `stands alone`},
		{"reference to NUL", "<a>&#0;</a>", "&#0; is not a character"},
		{"reference to a surrogate", "<a>&#xD800;</a>", "is not a character"},
		{"reference to U+FFFE", "<a>&#xFFFE;</a>", "is not a character"},
		{"reference beyond Unicode", "<a>&#x110000;</a>", "is not a character"},
		{"reference that overflows", "<a>&#x1000041;</a>", "is not a character"},
		{"reference with capital X", "<a>&#X41;</a>", "is not a character"},
		{"reference with sign", "<a>&#+65;</a>", "is not a character"},
		{"reference with underscore", "<a>&#x4_1;</a>", "is not a character"},
		{"reference without digits", "<a>&#;</a>", "is not a character"},
		{"S25 control character", "<a>x\x01</a>", "U+0001"},
		{"S25 U+FFFF", "<a>\uFFFF</a>", "U+FFFF"},
		{"S25 broken UTF-8", "<a>\xc3</a>", "this is not UTF-8"},
		{"S25 UTF-8 of a surrogate", "<a>\xed\xa0\x80</a>", "this is not UTF-8"},
		{"S25 overlong UTF-8", "<a>\xc0\xbc</a>", "this is not UTF-8"},
		{"]]> in text", "<a>x]]>y</a>", "]]> may not stand in text"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			_, err := wire.Parse([]byte(row.doc))
			refused(t, err, row.want)
		})
	}
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
	if len(e.Public) > 400 || !strings.HasSuffix(e.Public, ".") {
		t.Errorf("this is not a short sentence: %s", e.Public)
	}
}

func TestParseAccepts(t *testing.T) {
	t.Parallel()
	rows := []struct{ name, doc string }{
		{"an empty element", "<a/>"},
		{"white space around", "\n<a/>\r\n "},
		{"a declaration in single quotes", "<?xml version='1.0' encoding='utf-8' standalone='no' ?><a/>"},
		{"single quotes and blanks, as ruby-saml writes", "<a x = '1'  y='2' ></a >"},
		{"> in attributes and text", `<a x="a>b">a>b ]] ></a>`},
		{"all names that SAML needs", `<saml2p:a-b_c.d xmlns:saml2p="urn:x" xml:lang="de-AT" xml:space="preserve"/>`},
		{"a namespace taken over by default", `<a xmlns="urn:x"><b xmlns=""/></a>`},
		{"namespace names with port and query", `<a xmlns:p="http://localhost:8080/ns?v=1#a"/>`},
		{"the replacement character itself", "<a>\uFFFD</a>"},
		{"white space among elements", "<a>\n <b/>\t<c/>\r\n</a>"},
		{"text of white space by reference", "<a>&#32;&#9;<b/></a>"},
		{"ids that differ in case", `<a ID="x"><b ID="X"/></a>`},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if _, err := wire.Parse([]byte(row.doc)); err != nil {
				t.Error(err)
			}
		})
	}
}

// S05: caps, and that reaching one costs little.
func TestS05LimitsHold(t *testing.T) {
	t.Parallel()
	many := func(n int, s string) string { return strings.Repeat(s, n) }
	rows := []struct {
		name, fits, tooMuch, want string
	}{
		{"depth", many(24, "<a>") + many(24, "</a>"), many(25, "<a>") + many(25, "</a>"), "more than 24 deep"},
		{"elements", "<a>" + many(1999, "<b/>") + "</a>", "<a>" + many(2000, "<b/>") + "</a>", "more than 2000 elements"},
		{"attributes", "<a" + attrs(64) + "/>", "<a" + attrs(65) + "/>", "more than 64 attributes"},
		{"bytes", "<a>" + many(256<<10-7, "x") + "</a>", "<a>" + many(256<<10-6, "x") + "</a>", "at most 262144 are accepted"},
		{"declarations in force", "<a" + decls(60, "p") + "><b" + decls(4, "q") + "/></a>", "<a" + decls(60, "p") + "><b" + decls(5, "q") + "/></a>", "more than 64 namespace declarations"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if _, err := wire.Parse([]byte(row.fits)); err != nil {
				t.Errorf("what just fits: %v", err)
			}
			_, err := wire.Parse([]byte(row.tooMuch))
			refused(t, err, row.want)
		})
	}
}

func TestS05DeclarationsOutOfScopeDoNotCount(t *testing.T) {
	t.Parallel()
	doc := "<a>" + strings.Repeat("<b"+decls(60, "p")+"/>", 5) + "</a>"
	if _, err := wire.Parse([]byte(doc)); err != nil {
		t.Error(err)
	}
}

func attrs(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(" a" + strings.Repeat("x", i) + "='1'")
	}
	return b.String()
}

func decls(n int, prefix string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(" xmlns:" + prefix + strings.Repeat("x", i) + "='urn:x'")
	}
	return b.String()
}

func TestMetadataLimitsLetProseThrough(t *testing.T) {
	t.Parallel()
	doc := "\uFEFF<?xml version='1.0'?>\n<!-- exported --><?xml-stylesheet href='x'?>\n<a><!-- one --><b>text</b><?pi?><c><![CDATA[a<b]]></c></a><!-- end -->"
	root, err := wire.MetadataLimits().Parse([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	if root.Child("", "b").Text() != "text" || root.Child("", "c").Text() != "a<b" {
		t.Error("texts are not what they were")
	}
	for _, row := range []struct{ name, doc, want string }{
		{"a comment inside of text", "<a>urn:<!-- x -->sp</a>", "a comment stands inside the text of <a>"},
		{"a comment before text", "<a><!-- x -->sp</a>", "a comment stands inside the text"},
		{"an instruction inside of text", "<a>urn:<?x y?>sp</a>", "inside the text of <a>"},
		{"a comment with two hyphens", "<a><!-- x -- y --></a>", "two hyphens"},
		{"a comment that never ends", "<a><!-- x", "never ends"},
		{"a comment that ends in three hyphens", "<a><!-- x ---></a>", "two hyphens"},
		{"an instruction without name", "<a><? x?></a>", "has no name"},
		{"an instruction that never ends", "<a><?x", "malformed"},
		{"an instruction with a bad name", "<a><?x:y?></a>", "malformed"},
		{"a second declaration", "<a><?XML version='1.0'?></a>", "very first thing"},
		{"CDATA outside", "<![CDATA[x]]><a/>", "outside of the root"},
		{"CDATA that never ends", "<a><![CDATA[x</a>", "never ends"},
		{"CDATA beside an element", "<a><b/><![CDATA[x]]></a>", "text and elements at once"},
		{"DOCTYPE", "<!DOCTYPE a><a/>", "DOCTYPE"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := wire.MetadataLimits().Parse([]byte(row.doc))
			refused(t, err, row.want)
		})
	}
}

func TestErrorfNamesThePlace(t *testing.T) {
	t.Parallel()
	_, err := wire.Parse([]byte("<a>\n  <ä/></a>"))
	refused(t, err, "Line 2, column 4")
	root, err := wire.Parse([]byte("<a x='äöü'>\n  <p:b xmlns:p='urn:x'/></a>"))
	if err != nil {
		t.Fatal(err)
	}
	got := root.Elements()[0].Errorf("no %s here.", "thing").Public
	if want := "Line 2, column 3, in <p:b>: no thing here."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLongInputIsClippedInSentences(t *testing.T) {
	t.Parallel()
	_, err := wire.Parse([]byte("<" + strings.Repeat("x", 5000) + ">"))
	refused(t, err, "the document ends inside <xxx")
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(authnRequest))
	f.Add([]byte("<a one='a\tb' xmlns:p='urn:x' p:x='1'>x\r\ny&#13;<p:b xmlns=''/></a>"))
	f.Add([]byte("<a x='&#10;&#13;&#9;' xml:lang='en'>&gt;]]&gt;</a>"))
	f.Fuzz(func(t *testing.T, doc []byte) {
		root, err := wire.Parse(doc)
		if err != nil {
			refused(t, err, "")
			return
		}
		// Canonical form is a fixed point: nothing is lost or read differently.
		first := wire.Canonicalize(root, nil)
		again, err := wire.Parse(first)
		if err != nil {
			if len(first) > 256<<10 {
				return // escaping made it longer
			}
			t.Fatalf("the canonical form does not parse: %v\n%s", err, first)
		}
		if second := wire.Canonicalize(again, nil); string(second) != string(first) {
			t.Fatalf("canonical form changes:\n%s\n%s", first, second)
		}
		inclusive := wire.CanonicalizeInclusive(root, nil)
		if again, err := wire.Parse(inclusive); err == nil && string(wire.Canonicalize(again, nil)) != string(first) {
			t.Fatalf("inclusive and exclusive forms differ in content:\n%s\n%s", first, inclusive)
		}
	})
}

func BenchmarkParseAuthnRequest(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := wire.Parse([]byte(authnRequest)); err != nil {
			b.Fatal(err)
		}
	}
}
