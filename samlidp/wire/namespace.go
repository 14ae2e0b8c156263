package wire

import (
	"net/url"
	"strings"
)

// declare takes the namespace declarations out of the start tag.
func (p *parser) declare(e *Element) error {
	for _, a := range p.tag {
		prefix, ok := declared(a.qname)
		if !ok {
			continue
		}
		if err := p.checkDecl(e, prefix, a); err != nil {
			return err
		}
		e.decls = append(e.decls, decl{prefix: prefix, uri: a.value})
	}
	p.scope += len(e.decls)
	if p.scope > p.limits.Attrs {
		return p.fail(e.pos, "more than %d namespace declarations are in force here, which is not accepted.", p.limits.Attrs)
	}
	return nil
}

// declared returns the prefix that an attribute of this name declares.
func declared(qname string) (prefix string, ok bool) {
	if qname == "xmlns" {
		return "", true
	}
	return strings.CutPrefix(qname, "xmlns:")
}

func (p *parser) checkDecl(e *Element, prefix string, a rawAttr) error {
	const nsXMLNS = "http://www.w3.org/2000/xmlns/"
	for _, d := range e.decls {
		if d.prefix == prefix {
			return p.fail(a.pos, "%s is declared twice in one element. Remove one.", clip(a.qname))
		}
	}
	switch {
	case prefix == "xml" || prefix == "xmlns" || a.value == NSXML || a.value == nsXMLNS:
		return p.fail(a.pos, "the prefixes xml and xmlns belong to XML itself and may not be declared. Remove the declaration.")
	case a.value == "" && prefix == "":
		return nil
	case !absolute(a.value):
		return p.fail(a.pos, `%s="%s" is not an absolute URI. Namespace names of SAML start with urn: or http:.`, clip(a.qname), clip(a.value))
	}
	return nil
}

// absolute reports whether s is an absolute URI in plain ASCII. Canonicalisers give
// up on a relative namespace name, some with an empty result that then carries a valid
// digest of nothing ("void canonicalization", CVE-2025-66568), so it never gets that far. Nor does an
// ampersand, which libxml2 writes into its canonical form unescaped.
func absolute(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`"'&<>\^{|}[]%`+"`", c) >= 0 {
			return false
		}
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" || len(s) == len(u.Scheme)+1 || strings.Count(s, "#") > 1 {
		return false
	}
	if !strings.HasPrefix(s[len(u.Scheme)+1:], "//") {
		return true
	}
	host, port, colon := strings.Cut(u.Host, ":")
	return host != "" && u.User == nil && colon == (port != "") && len(port) <= 5
}

// expand resolves the prefix of a name. The default namespace is for elements only.
func (p *parser) expand(e *Element, qname string, at int, element bool) (prefix string, n Name, err error) {
	prefix, local, ok := strings.Cut(qname, ":")
	if !ok {
		prefix, local = "", qname
	}
	if prefix == "" && !element {
		return "", Name{Local: local}, nil
	}
	uri, ok := e.Namespace(prefix)
	if !ok || prefix == "xmlns" {
		return "", Name{}, p.fail(at, `the prefix "%s" is not declared. Declare it with xmlns:%s="…".`, clip(prefix), clip(prefix))
	}
	return prefix, Name{Space: uri, Local: local}, nil
}

// attributes resolves and checks the attributes of the start tag.
func (p *parser) attributes(e *Element) error {
	if n := len(p.tag) - len(e.decls); n > 0 {
		e.attrs = make([]Attr, 0, n)
	}
	for _, a := range p.tag {
		if _, ok := declared(a.qname); ok {
			continue
		}
		prefix, name, err := p.expand(e, a.qname, a.pos, false)
		if err != nil {
			return err
		}
		if _, twice := e.AttrNS(name.Space, name.Local); twice {
			return p.fail(a.pos, "the attribute %s stands twice in one element. Remove one.", clip(a.qname))
		}
		if err := p.checkAttr(name, a); err != nil {
			return err
		}
		e.attrs = append(e.attrs, Attr{Name: name, Prefix: prefix, Value: a.value})
	}
	return nil
}

// checkAttr refuses duplicate and ill-formed IDs, so that "#id" can mean one element
// only (S01), and the xml: attributes that change what others mean.
func (p *parser) checkAttr(n Name, a rawAttr) error {
	switch {
	case n.Space == NSXML && n.Local != "lang" && n.Local != "space":
		return p.fail(a.pos, "the attribute %s is not accepted. Remove it.", clip(a.qname))
	case n.Space != "" || !strings.EqualFold(n.Local, "id"):
		return nil
	case a.value == "" || nameLen(a.value) != len(a.value):
		return p.fail(a.pos, `%s="%s" is not a valid ID. It must start with a letter or "_" and go on with letters, digits, ".", "-", "_".`, clip(a.qname), clip(a.value))
	case p.ids[a.value]:
		return p.fail(a.pos, `the ID "%s" stands twice in this document. Every ID must be unique.`, clip(a.value))
	}
	if p.ids == nil {
		p.ids = make(map[string]bool)
	}
	p.ids[a.value] = true
	return nil
}
