package samlidp

import (
	"crypto"
	"net/url"
	"strings"
	"time"

	"cloudsso/idp"
	"cloudsso/samlidp/dsig"
	"cloudsso/samlidp/wire"
)

// maxDecode is the longest text that [Decode] looks at.
const maxDecode = 2 << 20

// Decoded is a SAML message made readable, for an admin's eyes: it decides nothing.
type Decoded struct {
	Kind       string      `json:"kind"` // AuthnRequest, Response, EntityDescriptor, …
	Binding    string      `json:"binding"`
	RelayState string      `json:"relay_state,omitempty"`
	Facts      []Fact      `json:"facts"`
	Signatures []Signature `json:"signatures"`
	Notes      []string    `json:"notes,omitempty"` // what the reader should know
	XML        string      `json:"xml"`             // indented
}

// Fact is something that the message says.
type Fact struct {
	Name string `json:"name"`
	Text string `json:"text"`
	Note string `json:"note,omitempty"` // what it means now
}

// Signature is one signature of a message.
type Signature struct {
	Of        string `json:"of"` // the signed element, or "query"
	Algorithm string `json:"algorithm"`
	Verified  bool   `json:"verified"`
	Problem   string `json:"problem,omitempty"` // why it is not verified
}

// Decode reads a SAML message in whatever form somebody has it: XML, base64, a query or form,
// or the whole address; or metadata. keys are those that may have signed it, none: nothing
// is verified. Errors are [idp.Invalid].
func Decode(input string, keys []crypto.PublicKey, now time.Time) (*Decoded, error) {
	if len(input) > maxDecode {
		return nil, idp.Errorf(idp.Invalid, "There are more than %d MB: that is no SAML message.", maxDecode>>20)
	}
	m, err := unpack(strings.TrimSpace(input))
	if err != nil {
		return nil, err
	}
	root, err := wire.MetadataLimits().Parse(m.XML)
	if err != nil {
		return nil, err
	}
	d := &Decoded{Kind: root.Name().Local, Binding: m.Binding, RelayState: m.RelayState}
	if root.Is(wire.NSSOAP, "Envelope") {
		if root, err = wire.ParseSOAP(m.XML); err != nil {
			return nil, err
		}
		d.Kind, d.Binding = root.Name().Local, wire.BindingSOAP
	}
	d.explain(root, now)
	d.verify(m, root, keys)
	d.XML = indented(root)
	return d, nil
}

// unpack finds the message in what somebody has copied. Exactly one reading is tried.
func unpack(input string) (*wire.Message, error) {
	if input == "" {
		return nil, idp.Errorf(idp.Invalid, "There is nothing to decode.")
	}
	if strings.HasPrefix(strings.TrimPrefix(input, "\ufeff"), "<") {
		return &wire.Message{XML: []byte(input)}, nil
	}
	if !strings.Contains(input, "SAMLRequest=") && !strings.Contains(input, "SAMLResponse=") {
		return wire.DecodePost(url.Values{"SAMLResponse": {alone(input)}})
	}
	if i := strings.IndexAny(input, "?#"); i >= 0 {
		input = input[i+1:]
	}
	if deflates(input) {
		return wire.DecodeRedirect(input)
	}
	form, err := url.ParseQuery(input)
	if err != nil {
		return nil, idp.Errorf(idp.Invalid, "The percent-encoding is broken. Copy the form or the address whole.").Because(err)
	}
	return wire.DecodePost(form)
}

// deflates: a query of HTTP-Redirect is signed beside the message, or the message does not
// begin as XML does.
func deflates(query string) bool {
	form, err := url.ParseQuery(query)
	value := form.Get("SAMLRequest") + form.Get("SAMLResponse")
	begins := len(value) > 1 && value[0] == 'P' && 'A' <= value[1] && value[1] <= 'P' // "<" in base64
	return err != nil || form.Has("SigAlg") || !begins && !strings.HasPrefix(value, "77u/")
}

// alone undoes what copying does to base64: percent-encoding and line breaks.
func alone(input string) string {
	if strings.Contains(input, "%") {
		if plain, err := url.PathUnescape(input); err == nil {
			input = plain
		}
	}
	return strings.Join(strings.Fields(input), "")
}

// verify checks every signature. Signed parts are taken out in canonical form and
// verified as a document of their own, as the one who reads the part would.
func (d *Decoded) verify(m *wire.Message, root *wire.Element, keys []crypto.PublicKey) {
	d.Signatures = []Signature{}
	if m.SigAlg != "" {
		d.sign(Signature{Of: "query", Algorithm: m.SigAlg}, keys, func(r dsig.Rules) error { return r.VerifyQuery(m, keys) })
	}
	for e := range root.All() {
		sig := e.Child(wire.NSDSig, "Signature")
		if sig == nil {
			continue
		}
		d.sign(Signature{Of: e.Name().Local, Algorithm: signatureAlgorithmOf(sig)}, keys, func(r dsig.Rules) error {
			part, err := wire.MetadataLimits().Parse(wire.Canonicalize(e, nil, prefixes(sig)...))
			if err != nil {
				return err
			}
			return r.Verify(part, keys)
		})
	}
	if len(d.Signatures) == 0 {
		d.Notes = append(d.Notes, "It is not signed: anybody can have written it.")
	}
}

func (d *Decoded) sign(s Signature, keys []crypto.PublicKey, verify func(dsig.Rules) error) {
	rules := dsig.Rules{Nested: true}
	err := error(idp.Errorf(idp.Invalid, "It was not checked: no key was given to check it with."))
	if len(keys) > 0 {
		if err = verify(rules); err != nil {
			rules.SHA1 = true
			if verify(rules) == nil {
				err = nil
				d.Notes = append(d.Notes, "The signature of "+s.Of+" uses SHA-1, which is broken: it is taken here for showing only.")
			}
		}
	}
	if s.Verified = err == nil; err != nil {
		s.Problem = idp.AsError(err).Public
	}
	d.Signatures = append(d.Signatures, s)
}

// prefixes are those that a signature counts although nothing visible uses them.
func prefixes(sig *wire.Element) (list []string) {
	for e := range sig.All() {
		if e.Name().Local == "InclusiveNamespaces" {
			names, _ := e.Attr("PrefixList")
			list = append(list, strings.Fields(names)...)
		}
	}
	return list
}
