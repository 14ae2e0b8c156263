package dsig

import (
	"crypto"
	"encoding/base64"
	"slices"
	"strings"

	"cloudsso/samlidp/wire"
)

// signature is a ds:Signature whose structure has been checked.
type signature struct {
	rules      Rules
	alg        algorithm
	value      []byte
	signedInfo []byte // canonical form
	digestHash crypto.Hash
	digest     []byte
	c14n       canonicalization // of what is signed
}

// canonicalization is a method with its PrefixList.
type canonicalization struct {
	uri      string
	prefixes []string
}

func (c canonicalization) apply(e, skip *wire.Element) []byte {
	if c.uri == excC14N {
		return wire.Canonicalize(e, skip, c.prefixes...)
	}
	return wire.CanonicalizeInclusive(e, skip)
}

// transform gives the octets that the digest is over.
func (s *signature) transform(root, sig *wire.Element) []byte { return s.c14n.apply(root, sig) }

// shape takes the children of an element one after another: exactly the expected ones
// in the expected order, so that there is no second place where something could hide.
type shape struct {
	parent *wire.Element
	rest   []*wire.Element
	err    error
}

func shapeOf(e *wire.Element) *shape { return &shape{parent: e, rest: e.Elements()} }

// next returns the next child, which must have this name.
func (s *shape) next(local string) *wire.Element {
	if s.err == nil && (len(s.rest) == 0 || !s.rest[0].Is(wire.NSDSig, local)) {
		s.err = s.parent.Errorf("<%s> is missing or out of order in this signature.", local)
	}
	if s.err != nil {
		return s.parent
	}
	e := s.rest[0]
	s.rest = s.rest[1:]
	return e
}

func (s *shape) done() error {
	if s.err == nil && len(s.rest) > 0 {
		return s.rest[0].Errorf("this element is not accepted here in a signature. Remove it.")
	}
	return s.err
}

func parseSignature(root, sig *wire.Element, rules Rules) (*signature, error) {
	parts := shapeOf(sig)
	info, value := parts.next("SignedInfo"), parts.next("SignatureValue")
	if len(parts.rest) > 0 && parts.rest[0].Is(wire.NSDSig, "KeyInfo") {
		parts.rest = parts.rest[1:]
	}
	if err := parts.done(); err != nil {
		return nil, err
	}
	s := &signature{rules: rules}
	if err := s.parseInfo(root, info); err != nil {
		return nil, err
	}
	var err error
	s.value, err = decode(value)
	return s, err
}

func (s *signature) parseInfo(root, info *wire.Element) error {
	parts := shapeOf(info)
	c14n, method, ref := parts.next("CanonicalizationMethod"), parts.next("SignatureMethod"), parts.next("Reference")
	if err := parts.done(); err != nil {
		return err
	}
	c, err := parseC14N(c14n)
	if err != nil {
		return err
	}
	s.signedInfo = c.apply(info, nil)
	uri, _ := method.Attr("Algorithm")
	var ok bool
	if s.alg, ok = algorithmOf(uri, s.rules.SHA1); !ok {
		return method.Errorf("the signature algorithm is not accepted. Use RSA or ECDSA with SHA-256, SHA-384 or SHA-512.")
	}
	if len(method.Elements()) > 0 {
		return method.Errorf("parameters of a signature algorithm are not accepted. Remove them.")
	}
	return s.parseReference(root, ref)
}

func (s *signature) parseReference(root, ref *wire.Element) error {
	id, _ := root.Attr("ID")
	if uri, _ := ref.Attr("URI"); id == "" || uri != "#"+id {
		return ref.Errorf(`the signature must cover the whole message: its Reference must have URI="#…" with the ID of the root element.`)
	}
	parts := shapeOf(ref)
	transforms, method, value := parts.next("Transforms"), parts.next("DigestMethod"), parts.next("DigestValue")
	if err := parts.done(); err != nil {
		return err
	}
	if err := s.parseTransforms(transforms); err != nil {
		return err
	}
	uri, _ := method.Attr("Algorithm")
	var ok bool
	if s.digestHash, ok = digestOf(uri, s.rules.SHA1); !ok || len(method.Elements()) > 0 {
		return method.Errorf("the digest algorithm is not accepted. Use SHA-256, SHA-384 or SHA-512.")
	}
	var err error
	s.digest, err = decode(value)
	return err
}

// parseTransforms accepts the two that Core §5.4.4 allows, in the one order that makes
// sense. Without the second one, Canonical XML 1.0 is what XMLDSig §4.4.3.2 says.
func (s *signature) parseTransforms(e *wire.Element) error {
	parts := shapeOf(e)
	first := parts.next("Transform")
	if uri, _ := first.Attr("Algorithm"); parts.err == nil && (uri != enveloped || len(first.Elements()) > 0) {
		return first.Errorf("the first transform must be enveloped-signature.")
	}
	s.c14n = canonicalization{uri: c14n10}
	if len(parts.rest) > 0 {
		var err error
		if s.c14n, err = parseC14N(parts.next("Transform")); err != nil {
			return err
		}
	}
	return parts.done()
}

func parseC14N(e *wire.Element) (canonicalization, error) {
	var c canonicalization
	c.uri, _ = e.Attr("Algorithm")
	if c.uri != excC14N && c.uri != c14n10 && c.uri != c14n11 {
		return c, e.Errorf("this transform is not accepted. Use exclusive canonicalization, %s.", excC14N)
	}
	children := e.Elements()
	if len(children) == 0 {
		return c, nil
	}
	list, ok := children[0].Attr("PrefixList")
	if c.uri != excC14N || len(children) > 1 || !ok || !children[0].Is(excC14N, "InclusiveNamespaces") {
		return c, children[0].Errorf("this parameter of a transform is not accepted. Remove it.")
	}
	if c.prefixes = prefixes(list); len(c.prefixes) > 16 || slices.ContainsFunc(c.prefixes, odd) {
		return c, children[0].Errorf("the PrefixList has more than 16 entries, or one that is not a prefix.")
	}
	return c, nil
}

func prefixes(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, " ")
}

// odd reports an entry that canonicalisers are known to read differently.
func odd(prefix string) bool {
	return prefix == "" || prefix == "xml" || prefix == "xmlns" || strings.ContainsAny(prefix, "\t\r\n")
}

// decode reads base64, which signers break into lines and indent.
func decode(e *wire.Element) ([]byte, error) {
	text := strings.Map(func(r rune) rune {
		if r == ' ' || r == '\t' || r == '\r' || r == '\n' {
			return -1
		}
		return r
	}, e.Text())
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) == 0 || len(e.Elements()) > 0 {
		return nil, e.Errorf("this is not valid base64.")
	}
	return raw, nil
}
