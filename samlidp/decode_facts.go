package samlidp

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"time"

	"cloudsso/idp"
	"cloudsso/samlidp/dsig"
	"cloudsso/samlidp/wire"
)

// maxFacts bounds the list: metadata of a federation has millions.
const maxFacts = 500

// explain lists what a message says, in document order.
func (d *Decoded) explain(root *wire.Element, now time.Time) {
	d.Facts = []Fact{}
	for e := range root.All() {
		if e.Name().Space == wire.NSDSig || e.Name().Space == wire.NSEnc {
			continue
		}
		for _, a := range e.Attrs() {
			if shownAttribute(a.Name.Local) {
				d.fact(e.Name().Local+" "+a.Name.Local, a.Value, meaning(a.Name.Local, a.Value, now))
			}
		}
		if text := strings.TrimSpace(e.Text()); text != "" && len(e.Elements()) == 0 {
			d.fact(factName(e), text, "")
		}
		if strings.HasPrefix(e.Name().Local, "Encrypted") {
			d.Notes = append(d.Notes, "The "+e.Name().Local+" can be read only with the key of whom it is for.")
		}
	}
	if len(d.Facts) > maxFacts {
		d.Notes = append(d.Notes, fmt.Sprintf("%d more facts are not listed.", len(d.Facts)-maxFacts))
		d.Facts = d.Facts[:maxFacts]
	}
}

func (d *Decoded) fact(name, text, note string) { d.Facts = append(d.Facts, Fact{name, text, note}) }

// factName names a value by its attribute, where it has one.
func factName(e *wire.Element) string {
	if p := e.Parent(); p != nil && e.Is(wire.NSAssertion, "AttributeValue") {
		name, _ := p.Attr("Name")
		return "Attribute " + name
	}
	return e.Name().Local
}

// shownAttribute leaves out what only repeats a schema or belongs to a value that is listed.
func shownAttribute(name string) bool {
	return !slices.Contains([]string{"Version", "type", "Name", "NameFormat", "FriendlyName", "schemaLocation", "lang"}, name)
}

// meaning says what a time or an identifier comes to.
func meaning(name, value string, now time.Time) string {
	switch name {
	case "IssueInstant", "AuthnInstant", "NotBefore", "NotOnOrAfter", "SessionNotOnOrAfter", "validUntil":
		at, err := time.Parse(time.RFC3339, value)
		if err != nil {
			return "no time that can be read"
		}
		return timeMeaning(name, at, now)
	case "Value", "Format", "Algorithm", "Comparison", "Method", "Binding", "ProtocolBinding":
		if i := strings.LastIndexAny(value, ":#/"); i >= 0 && i < len(value)-1 {
			return value[i+1:]
		}
	}
	return ""
}

func timeMeaning(name string, at, now time.Time) string {
	switch ends := name != "IssueInstant" && name != "AuthnInstant" && name != "NotBefore"; {
	case ends && !now.Before(at):
		return "over since " + rounded(now.Sub(at))
	case ends:
		return "for " + rounded(at.Sub(now)) + " more"
	case at.After(now):
		return "in the future, by " + rounded(at.Sub(now))
	}
	return rounded(now.Sub(at)) + " ago"
}

func rounded(d time.Duration) string { return d.Round(time.Second).String() }

// indented writes e for people. It is not what was signed.
func indented(e *wire.Element) string {
	in := xml.NewDecoder(bytes.NewReader(wire.Canonicalize(e, nil)))
	var out strings.Builder
	depth, open := 0, false // open: a start tag was the last thing written
	for {
		token, err := in.RawToken()
		if err != nil {
			return out.String()
		}
		switch t := token.(type) {
		case xml.StartElement:
			line(&out, depth)
			writeStart(&out, t)
			depth, open = depth+1, true
		case xml.CharData:
			if text := strings.TrimSpace(string(t)); text != "" {
				_ = xml.EscapeText(&out, []byte(text)) // to memory
			}
		case xml.EndElement:
			if depth--; !open {
				line(&out, depth)
			}
			out.WriteString("</" + qualified(t.Name) + ">")
			open = false
		}
	}
}

func line(out *strings.Builder, depth int) {
	if out.Len() > 0 {
		out.WriteString("\n" + strings.Repeat("  ", depth))
	}
}

func writeStart(out *strings.Builder, t xml.StartElement) {
	out.WriteString("<" + qualified(t.Name))
	for _, a := range t.Attr {
		out.WriteString(" " + qualified(a.Name) + `="`)
		_ = xml.EscapeText(out, []byte(a.Value))
		out.WriteString(`"`)
	}
	out.WriteString(">")
}

func qualified(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}

// SigningCertificates are the certificates in a metadata document, of whatever role, that
// signatures are checked with; in DER. Errors are [idp.Invalid].
func SigningCertificates(metadata []byte) ([][]byte, error) {
	root, err := wire.MetadataLimits().Parse(metadata)
	if err != nil {
		return nil, err
	}
	var out [][]byte
	for e := range root.All() {
		if use, _ := e.Attr("use"); !e.Is(wire.NSMetadata, "KeyDescriptor") || use == "encryption" {
			continue
		}
		for c := range e.All() {
			if der, ok := base64Text(c); ok && c.Is(wire.NSDSig, "X509Certificate") {
				out = append(out, der)
			}
		}
	}
	if _, err := dsig.PublicKeys(out); err != nil {
		return nil, idp.Errorf(idp.Invalid, "The metadata holds no certificate that signatures could be checked with.").Because(err)
	}
	return out, nil
}

func base64Text(e *wire.Element) ([]byte, bool) {
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(e.Text()), ""))
	return der, err == nil && len(der) > 0
}
