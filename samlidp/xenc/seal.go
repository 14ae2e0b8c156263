package xenc

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"fmt"

	"cloudsso/idp"
	"cloudsso/samlidp/wire"
)

// Method is an md:EncryptionMethod of the reader's metadata.
type Method struct{ Algorithm, Digest, MGF string }

// Sealer encrypts for one reader. It is safe for concurrent use.
type Sealer struct {
	key       *rsa.PublicKey
	cert      []byte // DER, nil: only a bare key is known
	block     block
	transport transport
}

// NewSealer chooses the algorithms for a reader with this key: cipher if that is set,
// else the first GCM of methods, else the first CBC; without any block cipher in methods
// AES-256-GCM. The key transport is the first OAEP of methods, else rsa-oaep-mgf1p with SHA-1, the
// one that every reader knows. cert (DER) goes into KeyInfo. Errors are [idp.Invalid].
func NewSealer(key crypto.PublicKey, cert []byte, methods []Method, cipher string) (*Sealer, error) {
	public, ok := key.(*rsa.PublicKey)
	if !ok || public.N.BitLen() < 2048 {
		return nil, idp.Errorf(idp.Invalid, "The application's encryption key is not an RSA key of at least 2048 bits, and nothing can be encrypted to any other.")
	}
	s := &Sealer{key: public, cert: cert}
	if s.block, ok = chooseBlock(methods, cipher); !ok {
		return nil, idp.Errorf(idp.Invalid, "The application's metadata offers no cipher that is known here. AES in GCM or CBC mode is.")
	}
	if s.transport, ok = chooseTransport(methods); !ok {
		return nil, idp.Errorf(idp.Invalid, "The application's metadata offers no key transport that is accepted here. RSA-OAEP is; PKCS #1 v1.5 is broken.")
	}
	return s, nil
}

func chooseBlock(methods []Method, cipher string) (block, bool) {
	if cipher != "" {
		return blockOf(cipher)
	}
	var cbc *block
	listed := false
	for _, m := range methods {
		if isTransport(m.Algorithm) {
			continue
		}
		listed = true
		b, ok := blockOf(m.Algorithm)
		switch {
		case ok && b.gcm:
			return b, true
		case ok && cbc == nil:
			cbc = &b
		}
	}
	if cbc != nil {
		return *cbc, true
	}
	b, _ := blockOf(AES256GCM)
	return b, !listed
}

func chooseTransport(methods []Method) (transport, bool) {
	listed := false
	for _, m := range methods {
		if !isTransport(m.Algorithm) {
			continue
		}
		listed = true
		if t, ok := transportOf(m.Algorithm, m.Digest, m.MGF); ok {
			return t, true
		}
	}
	t, _ := transportOf(OAEPMGF1P, "", "")
	return t, !listed
}

func isTransport(uri string) bool {
	return uri == OAEP || uri == OAEPMGF1P || uri == "http://www.w3.org/2001/04/xmlenc#rsa-1_5"
}

// Cipher is the block cipher that was chosen.
func (s *Sealer) Cipher() string { return s.block.uri }

// Write writes the xenc:EncryptedData of element, the octets of one XML element that
// declares all its namespaces itself.
func (s *Sealer) Write(w *wire.Writer, element []byte) error {
	key := make([]byte, s.block.key)
	rand.Read(key)
	sealed, err := s.block.seal(key, element)
	if err != nil {
		return err
	}
	carried, err := rsa.EncryptOAEPWithOptions(rand.Reader, s.key, key, &rsa.OAEPOptions{Hash: s.transport.digest, MGFHash: s.transport.mgf})
	if err != nil {
		return fmt.Errorf("encrypt to the application's key: %w", err)
	}
	w.Start("xenc:EncryptedData", wire.A("Type", wire.NSEnc+"Element"))
	w.Start("xenc:EncryptionMethod", wire.A("Algorithm", s.block.uri))
	w.End()
	w.Start("ds:KeyInfo")
	w.Start("xenc:EncryptedKey")
	s.transport.write(w)
	if s.cert != nil {
		w.KeyInfo(s.cert) // which of its keys the reader needs
	}
	cipherValue(w, carried)
	w.End()
	w.End()
	cipherValue(w, sealed)
	w.End()
	return w.Err()
}

func (t transport) write(w *wire.Writer) {
	w.Start("xenc:EncryptionMethod", wire.A("Algorithm", t.uri))
	w.Start("ds:DigestMethod", wire.A("Algorithm", digestURI(t.digest)))
	w.End()
	if t.uri == OAEP {
		w.Start("xenc11:MGF", wire.A("Algorithm", mgfURI(t.mgf)))
		w.End()
	}
	w.End()
}

func cipherValue(w *wire.Writer, data []byte) {
	w.Start("xenc:CipherData")
	w.Start("xenc:CipherValue")
	w.Base64(data)
	w.End()
	w.End()
}
