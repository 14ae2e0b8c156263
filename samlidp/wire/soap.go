package wire

import "cloudsso/idp"

// ParseSOAP reads a SOAP 1.1 envelope under [MessageLimits] and returns the one message in
// its Body (Bindings §3.2). Errors are [idp.Invalid], with a position where there is one.
func ParseSOAP(doc []byte) (*Element, error) {
	envelope, err := Parse(doc)
	if err != nil {
		return nil, err
	}
	if !envelope.Is(NSSOAP, "Envelope") {
		return nil, envelope.Errorf("this address takes a SOAP 1.1 Envelope (namespace %s).", NSSOAP)
	}
	parts := envelope.Elements()
	if len(parts) > 0 && parts[0].Is(NSSOAP, "Header") {
		if err := understood(parts[0]); err != nil {
			return nil, err
		}
		parts = parts[1:]
	}
	if len(parts) != 1 || !parts[0].Is(NSSOAP, "Body") || len(parts[0].Elements()) != 1 {
		return nil, envelope.Errorf("the Envelope must hold at most one Header, then one Body with one SAML message in it, and nothing else.")
	}
	return parts[0].Elements()[0], nil
}

// ErrMustUnderstand is the cause of the error about a header block that insists on being
// understood: SOAP has a fault code of its own for that (SOAP 1.1 §4.4.1).
var ErrMustUnderstand = idp.Errorf(idp.Invalid, "A header block of the SOAP envelope is not understood here.")

// understood refuses header blocks that insist. Everything else in the Header is
// ignored: it is not part of the message (Bindings §3.2.2.1).
func understood(header *Element) error {
	for _, block := range header.Elements() {
		if v, ok := block.AttrNS(NSSOAP, "mustUnderstand"); ok && v != "0" && v != "false" {
			return block.Errorf("this header block must be understood (mustUnderstand), and no header blocks are understood here. Send the message without it.").Because(ErrMustUnderstand)
		}
	}
	return nil
}

// Whole reports whether e is a message by its position: the root of its document, or the
// only element in the Body of a SOAP envelope that is the root.
func Whole(e *Element) bool {
	body := e.Parent()
	if body == nil {
		return true
	}
	return body.Is(NSSOAP, "Body") && len(body.Elements()) == 1 && body.Parent().Is(NSSOAP, "Envelope") && body.Parent().Parent() == nil
}
