package wire

import (
	"fmt"
	"iter"
	"strings"

	"cloudsso/idp"
)

// Name is an expanded name: two elements are the same kind of element when their
// expanded names are equal, whatever their prefixes.
type Name struct{ Space, Local string }

// Attr is one attribute of a parsed [Element]; namespace declarations are not among them.
type Attr struct {
	Name   Name
	Prefix string
	Value  string // normalised as XML 1.0 §3.3.3 says, references resolved
}

// Element is one element of a parsed document. It never changes.
type Element struct {
	doc    *document
	name   Name
	prefix string
	attrs  []Attr
	decls  []decl // namespace declarations in its own start tag
	nodes  []node
	elems  []*Element
	parent *Element
	pos    int  // byte offset of its "<"
	worded bool // while parsing: there is text in it that is not white space
	split  bool // while parsing: there is a comment or processing instruction in it
}

// document is what all elements of one parse share.
type document struct{ src string }

// decl binds a prefix ("" is the default namespace) to a namespace name.
type decl struct{ prefix, uri string }

// node is one piece of content: an element, or text when elem is nil.
type node struct {
	elem *Element
	text string
}

// Name returns the expanded name.
func (e *Element) Name() Name { return e.name }

// QName returns the name as written, with its prefix: for people only.
func (e *Element) QName() string { return qname(e.prefix, e.name.Local) }

// Is reports whether e has this expanded name. A nil e is nothing.
func (e *Element) Is(space, local string) bool {
	return e != nil && e.name.Local == local && e.name.Space == space
}

// Attr returns the value of an attribute without namespace, as SAML's own all are.
func (e *Element) Attr(local string) (value string, ok bool) { return e.AttrNS("", local) }

// AttrNS returns the value of the attribute with this expanded name.
func (e *Element) AttrNS(space, local string) (value string, ok bool) {
	for i := range e.attrs {
		if a := &e.attrs[i]; a.Name.Local == local && a.Name.Space == space {
			return a.Value, true
		}
	}
	return "", false
}

// Attrs returns all attributes in document order. The slice is shared: read only.
func (e *Element) Attrs() []Attr { return e.attrs }

// Elements returns the child elements in document order. The slice is shared: read only.
func (e *Element) Elements() []*Element { return e.elems }

// Child returns the first child element with this expanded name, nil if there is none.
func (e *Element) Child(space, local string) *Element {
	for _, c := range e.elems {
		if c.Is(space, local) {
			return c
		}
	}
	return nil
}

// Text returns the character data directly inside e, exactly: nothing is trimmed.
func (e *Element) Text() string {
	switch len(e.nodes) {
	case 0:
		return ""
	case 1:
		return e.nodes[0].text
	}
	var b strings.Builder
	for _, n := range e.nodes {
		b.WriteString(n.text)
	}
	return b.String()
}

// Parent returns the enclosing element, nil for the root.
func (e *Element) Parent() *Element { return e.parent }

// All walks e and everything inside it in document order.
func (e *Element) All() iter.Seq[*Element] {
	return func(yield func(*Element) bool) { e.walk(yield) }
}

func (e *Element) walk(yield func(*Element) bool) bool {
	if !yield(e) {
		return false
	}
	for _, c := range e.elems {
		if !c.walk(yield) {
			return false
		}
	}
	return true
}

// Namespace resolves a prefix at this place ("" is the default namespace), for
// QNames in content such as xsi:type.
func (e *Element) Namespace(prefix string) (uri string, ok bool) {
	if prefix == "xml" {
		return NSXML, true
	}
	for ; e != nil; e = e.parent {
		for _, d := range e.decls {
			if d.prefix == prefix {
				return d.uri, d.uri != "" || prefix == ""
			}
		}
	}
	return "", prefix == ""
}

// Position returns line and column of the start tag, counted from 1; columns are
// characters.
func (e *Element) Position() (line, column int) { return e.doc.position(e.pos) }

// Errorf is an [idp.Invalid] error whose sentence starts with the place of e:
// "Line 3, column 7, in <saml:Issuer>: …".
func (e *Element) Errorf(format string, args ...any) *idp.Error {
	line, column := e.Position()
	return idp.Errorf(idp.Invalid, "Line %d, column %d, in <%s>: %s", line, column, clip(e.QName()), fmt.Sprintf(format, args...))
}

func qname(prefix, local string) string {
	if prefix == "" {
		return local
	}
	return prefix + ":" + local
}
