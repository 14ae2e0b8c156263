package idp

import "bytes"

// Mangled reports whether encoding/json wrote U+FFFD in doc in place of bytes that are not
// UTF-8; a U+FFFD of the caller's own is written as itself, never escaped. A backend that
// keeps records as JSON refuses such a document: it would store another text than it was given.
func Mangled(doc []byte) bool {
	for {
		i := bytes.IndexByte(doc, '\\')
		if i < 0 {
			return false
		}
		if bytes.HasPrefix(doc[i:], []byte(`\ufffd`)) {
			return true
		}
		doc = doc[i+2:]
	}
}
