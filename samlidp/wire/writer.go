package wire

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strings"
)

// Arg is one attribute to be written.
type Arg struct {
	Name, Value string
	omit        bool
}

// A is an attribute that is always written.
func A(name, value string) Arg { return Arg{Name: name, Value: value} }

// Opt is an attribute that is left out when its value is empty.
func Opt(name, value string) Arg { return Arg{Name: name, Value: value, omit: value == ""} }

// Writer emits one XML document that is its own exclusive canonical form. Names carry
// one of the fixed prefixes (samlp, saml, ds, md, mdui, xenc, xs, xsi, …), or none where a
// format has names without namespace (SOAP's faultcode);
// namespaces are declared where canonicalisation wants them and attributes are put in
// its order, so callers write in any order and never write xmlns, with one exception:
// A("xmlns:xs", "") declares a prefix that only a value such as xsi:type="xs:string" needs;
// it goes on the wire and is left out of digests, as exclusive canonicalisation does.
//
// An element with an attribute ID can be signed on its own: it declares everything
// that it uses itself.
//
// The first error sticks: it makes the rest a no-op and comes out of [Writer.Bytes].
type Writer struct {
	buf      []byte
	open     []frame
	decls    []inForce // what canonicalisation has rendered and is in force, innermost last
	holes    []hole
	closed   int // where the element that was closed last starts, -1 after anything else
	reserved int // places that Reserve made and Fill has not filled
	err      error
}

// frame is an open element.
type frame struct {
	name  string
	start int // offset of its "<"
	decls int // len(Writer.decls) before it
	apex  int // declarations below this index do not count inside: they are outside of the signed element
}

// inForce is a declaration in force, and where the element stands that carries it.
type inForce struct {
	prefix string
	at     int
}

// hole is a declaration that goes on the wire and not into the canonical form of
// elements that start at or before outer: they have it in force already, or have no
// visible use of it (outer is never then).
type hole struct{ from, to, outer int }

const never = math.MaxInt

// NewWriter returns an empty Writer.
func NewWriter() *Writer {
	return &Writer{buf: make([]byte, 0, 8<<10), open: make([]frame, 0, 12), decls: make([]inForce, 0, 16), closed: -1}
}

// Start opens an element.
func (w *Writer) Start(name string, attrs ...Arg) {
	if w.err != nil {
		return
	}
	if len(w.open) == 0 && len(w.buf) > 0 {
		w.fail(errors.New("wire: a document has one root"))
		return
	}
	f := frame{name: name, start: len(w.buf), decls: len(w.decls)}
	if len(w.open) > 0 {
		f.apex = w.open[len(w.open)-1].apex
	}
	for i := range attrs {
		if attrs[i].Name == "ID" {
			f.apex = len(w.decls)
		}
	}
	w.open = append(w.open, f)
	w.closed = -1
	w.buf = append(append(w.buf, '<'), name...)
	w.declare(&f, attrs)
	w.attributes(attrs)
	w.buf = append(w.buf, '>')
}

// End closes the innermost open element.
func (w *Writer) End() {
	if w.err != nil {
		return
	}
	if len(w.open) == 0 {
		w.fail(errors.New("wire: no element is open"))
		return
	}
	f := w.open[len(w.open)-1]
	w.open = w.open[:len(w.open)-1]
	w.decls = w.decls[:f.decls]
	w.buf = append(append(append(w.buf, "</"...), f.name...), '>')
	w.closed = f.start
}

// Text writes character data.
func (w *Writer) Text(s string) {
	if w.err != nil {
		return
	}
	if err := CheckText(s); err != nil {
		w.fail(err)
		return
	}
	if w.inside() {
		w.buf = appendText(w.buf, s)
	}
}

// inside says that text is about to be written, and whether it may be.
func (w *Writer) inside() bool {
	if w.err == nil && len(w.open) == 0 {
		w.fail(errors.New("wire: text outside of the root element"))
	}
	w.closed = -1
	return w.err == nil
}

// Base64 writes data as character data in base64 without line breaks.
func (w *Writer) Base64(data []byte) {
	if w.inside() {
		w.buf = base64.StdEncoding.AppendEncode(w.buf, data)
	}
}

// Element writes an element that holds only text.
func (w *Writer) Element(name, text string, attrs ...Arg) {
	w.Start(name, attrs...)
	w.Text(text)
	w.End()
}

// KeyInfo writes a ds:KeyInfo that holds one certificate (DER).
func (w *Writer) KeyInfo(cert []byte) {
	w.Start("ds:KeyInfo")
	w.Start("ds:X509Data")
	w.Start("ds:X509Certificate")
	w.Base64(cert)
	for range 3 {
		w.End()
	}
}

// Err returns the error that stuck, if one did.
func (w *Writer) Err() error { return w.err }

// Bytes returns the finished document: an error if something could not be written, an
// element is still open, or a signature was begun and not finished. A value that XML
// cannot carry is an [idp.Invalid] error; all others are mistakes of the caller.
func (w *Writer) Bytes() ([]byte, error) {
	switch {
	case w.err != nil:
		return nil, w.err
	case len(w.open) > 0 || len(w.buf) == 0:
		return nil, errors.New("wire: the document is not finished")
	case w.reserved > 0:
		return nil, errors.New("wire: a signature was begun and not finished")
	}
	return w.buf, nil
}

func (w *Writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// declare writes the namespace declarations of a start tag, sorted by prefix.
func (w *Writer) declare(f *frame, attrs []Arg) {
	prefix, _ := split(f.name)
	last := "" // prefixes are written in ascending order: this one was the last
	for {
		next, visible := "", false
		consider := func(p string, seen bool) {
			if p > last && (next == "" || p < next) {
				next, visible = p, seen
			} else if p == next {
				visible = visible || seen
			}
		}
		consider(prefix, true)
		for i := range attrs {
			if attrs[i].omit {
				continue
			}
			if p, ok := strings.CutPrefix(attrs[i].Name, "xmlns:"); ok {
				consider(p, false)
			} else if p, _, ok := strings.Cut(attrs[i].Name, ":"); ok && p != "xml" {
				consider(p, true)
			}
		}
		if next == "" {
			return
		}
		w.declaration(f, next, visible)
		last = next
	}
}

func (w *Writer) declaration(f *frame, prefix string, visible bool) {
	outer := -1
	for i := len(w.decls) - 1; i >= 0; i-- {
		if w.decls[i].prefix != prefix {
			continue
		}
		if i >= f.apex {
			return
		}
		outer = w.decls[i].at
		break
	}
	uri := namespaceOf(prefix)
	if uri == "" {
		w.fail(fmt.Errorf("wire: the prefix %q is not one of the Writer's", prefix))
		return
	}
	from := len(w.buf)
	w.buf = append(append(append(append(append(w.buf, " xmlns:"...), prefix...), `="`...), uri...), '"')
	switch {
	case !visible:
		w.holes = append(w.holes, hole{from: from, to: len(w.buf), outer: never})
		return
	case outer >= 0:
		w.holes = append(w.holes, hole{from: from, to: len(w.buf), outer: outer})
	}
	w.decls = append(w.decls, inForce{prefix: prefix, at: f.start})
}

// attributes writes attributes in canonical order: by namespace name, then local name.
func (w *Writer) attributes(attrs []Arg) {
	var few [12]Arg
	sorted := few[:0]
	for _, a := range attrs {
		if a.omit || strings.HasPrefix(a.Name, "xmlns:") {
			continue
		}
		if err := CheckText(a.Value); err != nil {
			w.fail(err)
			return
		}
		i := len(sorted)
		sorted = append(sorted, a)
		for ; i > 0 && before(a.Name, sorted[i-1].Name); i-- {
			sorted[i] = sorted[i-1]
		}
		sorted[i] = a
	}
	for i, a := range sorted {
		if i > 0 && a.Name == sorted[i-1].Name {
			w.fail(fmt.Errorf("wire: attribute %s twice", a.Name))
		}
		w.buf = append(append(append(w.buf, ' '), a.Name...), `="`...)
		w.buf = append(appendAttr(w.buf, a.Value), '"')
	}
}

func before(a, b string) bool {
	pa, la := split(a)
	pb, lb := split(b)
	if pa != pb {
		return attrSpace(pa) < attrSpace(pb)
	}
	return la < lb
}

func split(name string) (prefix, local string) {
	if p, l, ok := strings.Cut(name, ":"); ok {
		return p, l
	}
	return "", name
}

func attrSpace(prefix string) string {
	if prefix == "xml" {
		return NSXML
	}
	return namespaceOf(prefix)
}
