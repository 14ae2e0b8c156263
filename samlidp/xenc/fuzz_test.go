package xenc_test

import (
	"crypto"
	"testing"

	"cloudsso/samlidp/wire"
	"cloudsso/samlidp/xenc"
)

// FuzzOpen: whatever a stranger encrypts, we answer with an element or an error.
func FuzzOpen(f *testing.F) {
	for _, cipher := range ciphers() {
		f.Add([]byte(sealed(f, cipher)))
	}
	keys := []crypto.Decrypter{key(f, "sp")}
	f.Fuzz(func(t *testing.T, doc []byte) {
		e, err := wire.Parse(doc)
		if err != nil {
			return
		}
		inner, err := xenc.Open(e, keys, true)
		if (inner == nil) == (err == nil) {
			t.Errorf("element %v, error %v", inner, err)
		}
	})
}
