package wire

import (
	"strings"
)

// rawAttr is an attribute as it stands in a start tag, before its prefix is resolved.
type rawAttr struct {
	qname string
	value string
	pos   int
}

func (a rawAttr) is(name, value string) bool {
	return a.qname == name && strings.EqualFold(a.value, value)
}

// startTag reads <name attr="value"…> or <name…/>.
func (p *parser) startTag() error {
	at := p.pos
	p.pos++
	name, err := p.qname()
	if err != nil {
		return err
	}
	if err := p.room(at); err != nil {
		return err
	}
	end, err := p.attributesUntil(">", "/>")
	if err != nil {
		return err
	}
	if err := p.begin(at, name); err != nil {
		return err
	}
	if end == "/>" {
		p.close()
	}
	return nil
}

// attributesUntil reads attributes into p.tag up to and with one of the ends.
func (p *parser) attributesUntil(ends ...string) (end string, err error) {
	p.tag = p.tag[:0]
	for {
		at := p.pos
		p.space()
		for _, end := range ends {
			if strings.HasPrefix(p.src[p.pos:], end) {
				p.pos += len(end)
				return end, nil
			}
		}
		if err := p.attribute(p.pos > at); err != nil {
			return "", err
		}
		if len(p.tag) > p.limits.Attrs {
			return "", p.fail(at, "there are more than %d attributes in one element, which is not accepted.", p.limits.Attrs)
		}
	}
}

// room checks where one more element may stand, and the caps.
func (p *parser) room(at int) error {
	p.count++
	switch {
	case p.root != nil && p.open == nil:
		return p.fail(at, "there is a second root element. Send one document with one root.")
	case p.depth == p.limits.Depth:
		return p.fail(at, "elements are nested more than %d deep, which is not accepted.", p.limits.Depth)
	case p.count > p.limits.Elements:
		return p.fail(at, "there are more than %d elements, which is not accepted.", p.limits.Elements)
	}
	return nil
}

// attribute reads name="value". There must have been white space before it.
func (p *parser) attribute(spaced bool) error {
	pos := p.pos
	name, err := p.qname()
	if err != nil {
		return err
	}
	if !spaced {
		return p.fail(pos, "there must be a blank before the attribute %s. Add it.", clip(name))
	}
	p.space()
	if p.at(p.pos) != "=" {
		return p.fail(p.pos, `the attribute %s needs ="value" behind it. Add it.`, clip(name))
	}
	p.pos++
	p.space()
	value, err := p.quoted(name)
	p.tag = append(p.tag, rawAttr{qname: name, value: value, pos: pos})
	return err
}

func (p *parser) quoted(name string) (string, error) {
	quote := p.at(p.pos)
	if quote != `"` && quote != "'" {
		return "", p.fail(p.pos, "the value of the attribute %s must stand in quotes. Add them.", clip(name))
	}
	at := p.pos + 1
	end := strings.IndexByte(p.src[at:], quote[0])
	lt := strings.IndexByte(p.src[at:], '<')
	if lt >= 0 && (end < 0 || lt < end) {
		return "", p.fail(at+lt, `the value of the attribute %s contains the character "<". If a placeholder such as <your-host> stands there, put the real value in its place; otherwise write &lt; instead.`, clip(name))
	}
	if end < 0 {
		return "", p.fail(p.pos, "the value of the attribute %s never ends. Close it with %s.", clip(name), quote)
	}
	p.pos = at + end + 1
	return p.unescape(at, p.src[at:at+end], true)
}

func (p *parser) space() {
	for p.pos < len(p.src) && !notSpace(rune(p.src[p.pos])) {
		p.pos++
	}
}

// qname reads a name with at most one prefix. Only ASCII names are accepted: SAML has
// no others, and look-alikes have no honest use.
func (p *parser) qname() (string, error) {
	at := p.pos
	n := nameLen(p.src[at:])
	if n == 0 {
		return "", p.fail(at, `a name is expected here (letters, digits, ".", "-", "_"). If the character "<" is meant as text, write &lt; instead.`)
	}
	if p.at(at+n) == ":" {
		local := nameLen(p.src[at+n+1:])
		if local == 0 {
			return "", p.fail(at+n+1, "a name is expected behind the colon. Correct it.")
		}
		n += 1 + local
	}
	if c := p.at(at + n); c == ":" || c >= "\x80" {
		return "", p.fail(at+n, "this character may not stand in a name. Correct it.")
	}
	p.pos += n
	return p.src[at : at+n], nil
}

// nameLen is the length of the NCName, in ASCII, that s begins with.
func nameLen(s string) int {
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '.' && c != '-') {
			return i
		}
	}
	return len(s)
}

// begin opens the element whose start tag has just been read.
func (p *parser) begin(at int, name string) error {
	e := p.alloc()
	e.doc, e.parent, e.pos = p.doc, p.open, at
	if err := p.declare(e); err != nil {
		return err
	}
	var err error
	if e.prefix, e.name, err = p.expand(e, name, at, true); err != nil {
		return err
	}
	if err := p.attributes(e); err != nil {
		return err
	}
	if e.parent == nil {
		p.root = e
	} else {
		e.parent.nodes = append(e.parent.nodes, node{elem: e})
		e.parent.elems = append(e.parent.elems, e)
		if err := p.unmixed(at, e.parent); err != nil {
			return err
		}
	}
	p.open = e
	p.depth++
	return nil
}

// alloc takes elements from a slab: one allocation for many.
func (p *parser) alloc() *Element {
	if len(p.slab) == 0 {
		p.slab = make([]Element, 16)
	}
	e := &p.slab[0]
	p.slab = p.slab[1:]
	return e
}

func (p *parser) close() {
	p.scope -= len(p.open.decls)
	p.open = p.open.parent
	p.depth--
}

func (p *parser) endTag() error {
	at := p.pos
	p.pos += len("</")
	name, err := p.qname()
	if err != nil {
		return err
	}
	p.space()
	if p.at(p.pos) != ">" {
		return p.fail(p.pos, "the end tag </%s is not closed. Close it with >.", clip(name))
	}
	p.pos++
	if p.open == nil {
		return p.fail(at, "</%s> closes an element that is not open. Remove it.", clip(name))
	}
	if open := p.open.QName(); open != name {
		return p.fail(at, "</%s> stands where </%s> is expected. Close elements in the reverse order of opening.", clip(name), clip(open))
	}
	p.close()
	return nil
}
