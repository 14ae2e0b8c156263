package wire

import (
	"strings"
	"unicode/utf8"

	"cloudsso/idp"
)

// Limits bound what one parse may cost.
type Limits struct {
	Bytes    int
	Elements int
	Depth    int
	Attrs    int // per element, namespace declarations included; also the declarations in force at one place
	// Prose lets through what people and tools leave in metadata files, and no message
	// needs: a byte order mark, comments and processing instructions between elements,
	// CDATA. None of them may split a text.
	Prose bool
}

// MessageLimits are those of [Parse]: a SAML protocol message.
func MessageLimits() Limits { return Limits{Bytes: 256 << 10, Elements: 2_000, Depth: 24, Attrs: 64} }

// MetadataLimits suit a metadata document given by an admin.
func MetadataLimits() Limits {
	return Limits{Bytes: 4 << 20, Elements: 20_000, Depth: 24, Attrs: 64, Prose: true}
}

// AggregateLimits suit a collection of metadata, as federations publish them.
func AggregateLimits() Limits {
	return Limits{Bytes: 16 << 20, Elements: 400_000, Depth: 32, Attrs: 64, Prose: true}
}

// Parse reads one protocol message under [MessageLimits]. Errors are [idp.Invalid]
// with line, column, what is wrong and what to do.
func Parse(doc []byte) (*Element, error) { return MessageLimits().Parse(doc) }

// Parse reads one document under these limits. Errors are as those of the function [Parse].
func (l Limits) Parse(doc []byte) (*Element, error) {
	if len(doc) > l.Bytes {
		return nil, idp.Errorf(idp.Invalid, "The document has %d bytes; at most %d are accepted. Send a smaller one.", len(doc), l.Bytes)
	}
	p := &parser{doc: &document{src: string(doc)}, limits: l}
	p.src = p.doc.src
	if err := p.run(); err != nil {
		return nil, err
	}
	return p.root, nil
}

// parser reads one document from front to back. There is no DTD in it (S04), so the
// grammar is small enough to be written out here, stricter than XML wherever two
// readers are known to disagree (S15).
type parser struct {
	doc    *document
	src    string
	pos    int
	limits Limits

	root  *Element
	open  *Element // innermost element that is not closed yet
	depth int
	count int
	scope int // namespace declarations in force
	ids   map[string]bool
	tag   []rawAttr // scratch: the start tag being read
	slab  []Element
}

// fail makes the error for the input at byte offset at.
func (p *parser) fail(at int, format string, args ...any) error {
	line, column := p.doc.position(at)
	e := idp.Errorf(idp.Invalid, format, args...)
	return idp.Errorf(idp.Invalid, "Line %d, column %d: %s", line, column, e.Public)
}

func (p *parser) run() error {
	if err := p.characters(); err != nil {
		return err
	}
	if err := p.declaration(); err != nil {
		return err
	}
	for p.pos < len(p.src) {
		if err := p.next(); err != nil {
			return err
		}
	}
	if p.open != nil {
		return p.fail(len(p.src), "the document ends inside <%s>. Send all of it.", clip(p.open.QName()))
	}
	if p.root == nil {
		return p.fail(0, "there is no XML element here. Send the SAML document itself.")
	}
	return nil
}

// next reads one piece of content: text, a tag, or prose.
func (p *parser) next() error {
	rest := p.src[p.pos:]
	switch {
	case rest[0] != '<':
		return p.text()
	case strings.HasPrefix(rest, "</"):
		return p.endTag()
	case strings.HasPrefix(rest, "<!--"):
		return p.comment()
	case strings.HasPrefix(rest, "<![CDATA["):
		return p.cdata()
	case strings.HasPrefix(rest, "<!"):
		return p.fail(p.pos, "a DOCTYPE or another <! declaration is not accepted (it can name files and expand entities). Remove it.")
	case strings.HasPrefix(rest, "<?"):
		return p.instruction()
	}
	return p.startTag()
}

// characters refuses what is not XML text in UTF-8 before anything else looks at it.
func (p *parser) characters() error {
	if strings.HasPrefix(p.src, "\uFEFF") && p.limits.Prose {
		p.pos = len("\uFEFF")
	}
	for i, r := range p.src[p.pos:] {
		if r == utf8.RuneError && !strings.HasPrefix(p.src[p.pos+i:], "\uFFFD") {
			return p.fail(p.pos+i, "this is not UTF-8. Save or send the document in the encoding UTF-8.")
		}
		if !legal(r) || r == '\uFEFF' && i == 0 {
			return p.fail(p.pos+i, "the character U+%04X is not accepted here. Remove it.", r)
		}
	}
	return nil
}

// legal reports whether XML 1.0 can carry r at all (§2.2).
func legal(r rune) bool {
	if r < 0x20 {
		return r == '\t' || r == '\n' || r == '\r'
	}
	return r < 0xD800 || r > 0xDFFF && r != 0xFFFE && r != 0xFFFF && r <= utf8.MaxRune
}

// text reads character data up to the next tag.
func (p *parser) text() error {
	at := p.pos
	end := strings.IndexByte(p.src[at:], '<')
	if end < 0 {
		end = len(p.src) - at
	}
	raw := p.src[at : at+end]
	p.pos += end
	if i := strings.Index(raw, "]]>"); i >= 0 {
		return p.fail(at+i, "the characters ]]> may not stand in text. Write ]]&gt; instead.")
	}
	if p.open == nil {
		if i := strings.IndexFunc(raw, notSpace); i >= 0 {
			return p.fail(at+i, "there is text outside of the root element. Remove it.")
		}
		return nil
	}
	s, err := p.unescape(at, raw, false)
	if err != nil {
		return err
	}
	return p.addText(at, s)
}

// addText gives the open element a piece of text. No element of SAML mixes text and
// elements, and readers disagree about what the text of such an element is (S06).
func (p *parser) addText(at int, s string) error {
	e := p.open
	e.nodes = append(e.nodes, node{text: s})
	if strings.IndexFunc(s, notSpace) < 0 {
		return nil
	}
	e.worded = true
	return p.unmixed(at, e)
}

func (p *parser) unmixed(at int, e *Element) error {
	switch {
	case !e.worded:
		return nil
	case len(e.elems) > 0:
		return p.fail(at, "<%s> holds text and elements at once. Remove one or the other.", clip(e.QName()))
	case e.split:
		return p.fail(at, "a comment stands inside the text of <%s>. Remove the comment.", clip(e.QName()))
	}
	return nil
}

func notSpace(r rune) bool { return r != ' ' && r != '\t' && r != '\n' && r != '\r' }
