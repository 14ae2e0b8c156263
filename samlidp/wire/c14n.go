package wire

import (
	"slices"
	"strings"
)

// Canonicalize returns the exclusive canonical form of e without comments
// (https://www.w3.org/TR/xml-exc-c14n/). skip, if not nil, is left out with all that
// is in it: the enveloped-signature transform. inclusive is the PrefixList of
// InclusiveNamespaces, with #default for the default namespace.
func Canonicalize(e, skip *Element, inclusive ...string) []byte {
	c := canon{apex: e, skip: skip, inclusive: inclusive}
	c.element(e)
	return c.out
}

// CanonicalizeInclusive returns the canonical form of e without comments by Canonical
// XML 1.0, which many signers use for SignedInfo (https://www.w3.org/TR/xml-c14n). Version 1.1 gives
// the same: it differs only in xml:id and xml:base, which [Parse] refuses.
func CanonicalizeInclusive(e, skip *Element) []byte {
	c := canon{apex: e, skip: skip, all: true}
	c.element(e)
	return c.out
}

type canon struct {
	out       []byte
	apex      *Element
	skip      *Element
	inclusive []string
	all       bool   // Canonical XML 1.0: every declaration in scope, and inherited xml: attributes
	rendered  []decl // declarations in force in the output, innermost last
}

func (c *canon) element(e *Element) {
	if e == c.skip {
		return
	}
	mark := len(c.rendered)
	c.out = append(c.out, '<')
	c.name(e.prefix, e.name.Local)
	c.declarations(e)
	c.attributes(e)
	c.out = append(c.out, '>')
	for _, n := range e.nodes {
		if n.elem != nil {
			c.element(n.elem)
		} else {
			c.out = appendText(c.out, n.text)
		}
	}
	c.out = append(c.out, '<', '/')
	c.name(e.prefix, e.name.Local)
	c.out = append(c.out, '>')
	c.rendered = c.rendered[:mark]
}

func (c *canon) name(prefix, local string) {
	if prefix != "" {
		c.out = append(append(c.out, prefix...), ':')
	}
	c.out = append(c.out, local...)
}

// declarations writes what e's own tag makes visible use of, and what the PrefixList
// asks for, unless the output has it in force already.
func (c *canon) declarations(e *Element) {
	mark := len(c.rendered)
	if c.all {
		c.needAll(e)
	} else {
		c.needVisible(e)
	}
	fresh := c.rendered[mark:]
	if len(fresh) > 1 {
		slices.SortFunc(fresh, func(a, b decl) int { return strings.Compare(a.prefix, b.prefix) })
	}
	for _, d := range fresh {
		c.out = append(c.out, " xmlns"...)
		if d.prefix != "" {
			c.out = append(append(c.out, ':'), d.prefix...)
		}
		c.out = append(appendAttr(append(c.out, `="`...), d.uri), '"')
	}
}

func (c *canon) needVisible(e *Element) {
	c.need(e, e.prefix)
	for _, a := range e.attrs {
		if a.Prefix != "" {
			c.need(e, a.Prefix)
		}
	}
	for _, p := range c.inclusive {
		c.need(e, strings.TrimPrefix(p, "#default"))
	}
}

// needAll asks for every declaration in scope: the first element's ancestors have
// theirs not in the output.
func (c *canon) needAll(e *Element) {
	for from := e; from != nil; from = from.parent {
		for _, d := range from.decls {
			c.need(e, d.prefix)
		}
		if e != c.apex {
			return
		}
	}
}

func (c *canon) need(e *Element, prefix string) {
	uri, ok := e.Namespace(prefix)
	if !ok || prefix == "xml" {
		return
	}
	inForce := ""
	for i := len(c.rendered) - 1; i >= 0; i-- {
		if c.rendered[i].prefix == prefix {
			inForce = c.rendered[i].uri
			break
		}
	}
	if inForce != uri {
		c.rendered = append(c.rendered, decl{prefix: prefix, uri: uri})
	}
}

func (c *canon) attributes(e *Element) {
	attrs := e.attrs
	if c.all && e == c.apex {
		attrs = inherit(e)
	}
	if !slices.IsSortedFunc(attrs, compareAttrs) {
		attrs = slices.SortedFunc(slices.Values(attrs), compareAttrs)
	}
	for _, a := range attrs {
		c.out = append(c.out, ' ')
		c.name(a.Prefix, a.Name.Local)
		c.out = append(appendAttr(append(c.out, `="`...), a.Value), '"')
	}
}

// inherit adds the xml: attributes that hold for e by its ancestors (Canonical XML §2.4).
func inherit(e *Element) []Attr {
	attrs := slices.Clip(e.attrs)
	for from := e.parent; from != nil; from = from.parent {
		for _, a := range from.attrs {
			same := func(b Attr) bool { return a.Name == b.Name }
			if a.Name.Space == NSXML && !slices.ContainsFunc(attrs, same) {
				attrs = append(attrs, a)
			}
		}
	}
	return attrs
}

func compareAttrs(a, b Attr) int {
	if n := strings.Compare(a.Name.Space, b.Name.Space); n != 0 {
		return n
	}
	return strings.Compare(a.Name.Local, b.Name.Local)
}

// What Canonical XML §2.3 wants escaped in character data, and in an attribute value in
// double quotes.
const (
	textSpecials = "&<>\r"
	attrSpecials = "&<\"\t\n\r"
)

func appendText(dst []byte, s string) []byte { return appendEscaped(dst, s, textSpecials) }

func appendAttr(dst []byte, s string) []byte { return appendEscaped(dst, s, attrSpecials) }

func appendEscaped(dst []byte, s, specials string) []byte {
	for {
		i := strings.IndexAny(s, specials)
		if i < 0 {
			return append(dst, s...)
		}
		dst = append(dst, s[:i]...)
		switch s[i] {
		case '&':
			dst = append(dst, "&amp;"...)
		case '<':
			dst = append(dst, "&lt;"...)
		case '>':
			dst = append(dst, "&gt;"...)
		case '"':
			dst = append(dst, "&quot;"...)
		case '\t':
			dst = append(dst, "&#x9;"...)
		case '\n':
			dst = append(dst, "&#xA;"...)
		default:
			dst = append(dst, "&#xD;"...)
		}
		s = s[i+1:]
	}
}
