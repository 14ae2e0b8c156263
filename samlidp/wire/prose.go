package wire

import "strings"

// declaration reads the XML declaration, which is optional and says nothing new.
func (p *parser) declaration() error {
	if !strings.HasPrefix(p.src[p.pos:], "<?xml") || !strings.ContainsAny(p.at(p.pos+5), " \t\r\n") {
		return nil
	}
	at := p.pos
	p.pos += len("<?xml")
	if _, err := p.attributesUntil("?>"); err != nil {
		return err
	}
	rest := p.tag
	if len(rest) == 0 || !rest[0].is("version", "1.0") {
		return p.fail(at, `the XML declaration must say version="1.0". Correct it or leave the declaration out.`)
	}
	rest = rest[1:]
	if len(rest) > 0 && rest[0].is("encoding", "utf-8") {
		rest = rest[1:]
	}
	if len(rest) > 0 && (rest[0].is("standalone", "yes") || rest[0].is("standalone", "no")) {
		rest = rest[1:]
	}
	if len(rest) > 0 {
		return p.fail(at, `the XML declaration says %s="%s", which is not accepted. Use the encoding UTF-8, or leave the declaration out.`, clip(rest[0].qname), clip(rest[0].value))
	}
	return nil
}

// at returns the byte at offset i as a string, "" behind the end.
func (p *parser) at(i int) string {
	if i >= len(p.src) {
		return ""
	}
	return p.src[i : i+1]
}

// comment skips a comment where prose is allowed. In messages comments are refused:
// readers that take an element's first text node see only what stands before one (S06,
// CVE-2017-11427 and its family).
func (p *parser) comment() error {
	if !p.limits.Prose {
		return p.fail(p.pos, "a comment is not accepted in a SAML message. Send the message without it.")
	}
	at := p.pos
	end := strings.Index(p.src[at+4:], "--")
	if end < 0 {
		return p.fail(at, "this comment never ends. Close it with -->.")
	}
	p.pos = at + 4 + end
	if !strings.HasPrefix(p.src[p.pos:], "-->") {
		return p.fail(p.pos, "two hyphens may not stand inside a comment. Remove the comment.")
	}
	p.pos += len("-->")
	return p.splits(at)
}

// instruction skips a processing instruction where prose is allowed.
func (p *parser) instruction() error {
	at := p.pos
	target := p.src[at+2 : at+2+nameLen(p.src[at+2:])]
	switch {
	case strings.EqualFold(target, "xml"):
		return p.fail(at, "the XML declaration must be the very first thing. Remove what stands before it, blanks too.")
	case !p.limits.Prose:
		return p.fail(at, "a processing instruction is not accepted in a SAML message. Send the message without it.")
	case target == "":
		return p.fail(at, "this processing instruction has no name. Remove it.")
	}
	end := strings.Index(p.src[at:], "?>")
	body := at + 2 + len(target)
	if end < 0 || at+end < body || at+end > body && notSpace(rune(p.src[body])) {
		return p.fail(at, "this processing instruction is malformed. Remove it.")
	}
	p.pos = at + end + len("?>")
	return p.splits(at)
}

// splits records that prose stands inside the open element.
func (p *parser) splits(at int) error {
	if p.open == nil {
		return nil
	}
	p.open.split = true
	return p.unmixed(at, p.open)
}

func (p *parser) cdata() error {
	at := p.pos
	if !p.limits.Prose {
		return p.fail(at, "a CDATA section is not accepted in a SAML message. Send plain text with & and < escaped.")
	}
	if p.open == nil {
		return p.fail(at, "there is text outside of the root element. Remove it.")
	}
	start := at + len("<![CDATA[")
	end := strings.Index(p.src[start:], "]]>")
	if end < 0 {
		return p.fail(at, "this CDATA section never ends. Close it with ]]>.")
	}
	p.pos = start + end + len("]]>")
	return p.addText(at, lineEnds(p.src[start:start+end]))
}
