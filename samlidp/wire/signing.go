package wire

import (
	"bytes"
	"errors"
	"io"
)

// What the package dsig needs of a Writer, beside the elements that it writes itself.

// Enclosing returns where the innermost open element starts, as a handle for
// [Writer.Canonical]; -1 if none is open.
func (w *Writer) Enclosing() int {
	if len(w.open) == 0 {
		return -1
	}
	return w.open[len(w.open)-1].start
}

// Len is the number of bytes written so far.
func (w *Writer) Len() int { return len(w.buf) }

// Slice returns the bytes written between two values of [Writer.Len]. They are the
// Writer's own: read only, until the next write.
func (w *Writer) Slice(from, to int) []byte { return w.buf[from:to] }

// Reserve writes n placeholder characters and returns where they start. The document
// does not come out of [Writer.Bytes] before [Writer.Fill] has replaced them.
func (w *Writer) Reserve(n int) int {
	at := len(w.buf)
	if w.inside() {
		w.buf = append(w.buf, bytes.Repeat([]byte{'='}, n)...)
		w.reserved++
	}
	return at
}

// Fill replaces what [Writer.Reserve] wrote at a place; data must have its length.
func (w *Writer) Fill(at int, data []byte) {
	if w.err == nil {
		copy(w.buf[at:], data)
		w.reserved--
	}
}

// Canonical writes the exclusive canonical form of the element that starts at start
// and was closed just now, leaving out the bytes between from and to: the
// enveloped signature.
func (w *Writer) Canonical(dst io.Writer, start, from, to int) error {
	if err := w.justClosed(start); err != nil {
		return err
	}
	pos := start
	for _, h := range w.holes { // in document order
		if h.from < start || h.outer < start {
			continue
		}
		if h.from >= to && pos < to {
			pos = skip(dst, w.buf, pos, from, to)
		}
		if h.from >= from && h.from < to {
			continue
		}
		pos = skip(dst, w.buf, pos, h.from, h.to)
	}
	if pos < to {
		pos = skip(dst, w.buf, pos, from, to)
	}
	_, err := dst.Write(w.buf[pos:])
	return err
}

func (w *Writer) justClosed(start int) error {
	if w.err == nil && w.closed != start {
		return errors.New("wire: the element to be signed was not closed just now")
	}
	return w.err
}

// Snapshot returns a copy of the document so far, with all that is open closed. The element
// that starts at start must have been closed just now.
func (w *Writer) Snapshot(start int) ([]byte, error) {
	if err := w.justClosed(start); err != nil {
		return nil, err
	}
	doc := bytes.Clone(w.buf)
	for i := len(w.open) - 1; i >= 0; i-- {
		doc = append(append(append(doc, "</"...), w.open[i].name...), '>')
	}
	return doc, nil
}

// skip writes buf from pos up to from, and returns to.
func skip(dst io.Writer, buf []byte, pos, from, to int) int {
	dst.Write(buf[pos:from]) // to a hash: never fails
	return to
}
