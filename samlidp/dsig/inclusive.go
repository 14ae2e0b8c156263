package dsig

import (
	"errors"
	"io"

	"cloudsso/samlidp/wire"
)

// Canonical XML 1.0 of a part depends on everything around it, so what was written so far
// is read again and canonicalised as a verifier would do it. That costs a parse; only old
// applications ask for it.

func (s *Signer) c14n() string {
	if s.options.Inclusive {
		return c14n10
	}
	return excC14N
}

func (p *Pending) inclusive(dst io.Writer) error {
	e, sig, err := p.reread()
	if err != nil {
		return err
	}
	_, err = dst.Write(wire.CanonicalizeInclusive(e, sig))
	return err
}

func (p *Pending) inclusiveInfo(dst io.Writer) error {
	_, sig, err := p.reread()
	if err != nil {
		return err
	}
	_, err = dst.Write(wire.CanonicalizeInclusive(sig.Child(wire.NSDSig, "SignedInfo"), nil))
	return err
}

// reread parses the document as it stands and finds the signed element and its signature.
func (p *Pending) reread() (e, sig *wire.Element, err error) {
	doc, err := p.w.Snapshot(p.element)
	if err != nil {
		return nil, nil, err
	}
	own := wire.Limits{Bytes: 64 << 20, Elements: 1 << 20, Depth: 24, Attrs: 64} // we wrote it
	root, err := own.Parse(doc)
	if err != nil {
		return nil, nil, err
	}
	for e := range root.All() {
		if id, _ := e.Attr("ID"); id == p.id {
			return e, e.Child(wire.NSDSig, "Signature"), nil
		}
	}
	return nil, nil, errors.New("dsig: the element to be signed is not there")
}
