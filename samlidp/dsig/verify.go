package dsig

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"math/big"

	"cloudsso/idp"
	"cloudsso/samlidp/wire"
)

// Signed reports whether there is a ds:Signature anywhere in the document. If so, it must
// verify: the caller goes on with [Verify], whatever its policy (S02, SDP-IDP05).
func Signed(root *wire.Element) bool {
	for e := range root.All() {
		if e.Is(wire.NSDSig, "Signature") {
			return true
		}
	}
	return false
}

// Rules says what a verifier accepts beyond the allow-list.
type Rules struct {
	SHA1   bool // rsa-sha1, and SHA-1 as digest
	Nested bool // parts may be signed besides, such as the Assertion in a Response: for showing, never for deciding
}

// Verify says nil only if root carries exactly one signature, in its schema position, that
// covers all of root and was made by one of keys. root must be the root of its document, or
// the message that [wire.ParseSOAP] returned.
// Errors are [idp.Invalid].
//
// The signature is looked up by its place, never by name or ID, and its reference must be to
// root itself, so nothing can be wrapped around or beside what was signed (S01).
// KeyInfo is not looked at: its content is the sender's word (S17).
func Verify(root *wire.Element, keys []crypto.PublicKey) error { return Rules{}.Verify(root, keys) }

// Verify is the function [Verify] under these rules.
func (r Rules) Verify(root *wire.Element, keys []crypto.PublicKey) error {
	sig, err := locate(root, r)
	if err != nil {
		return err
	}
	s, err := parseSignature(root, sig, r)
	if err != nil {
		return err
	}
	h := s.alg.hash.New()
	h.Write(s.signedInfo)
	if !anyVerifies(keys, s.alg, h.Sum(nil), s.value) {
		return sig.Errorf("the signature was not made by a signing key that is registered for this application. If the application changed its key, an administrator must register its new metadata.")
	}
	d := s.digestHash.New()
	d.Write(s.transform(root, sig))
	if !bytes.Equal(d.Sum(nil), s.digest) {
		return sig.Errorf("the message was changed after it was signed. Send it exactly as signed.")
	}
	return nil
}

// locate finds the one signature: a child of root right behind the Issuer (Core §3.2.1); in
// metadata, where there is no Issuer, the first child (Metadata §2.3.2).
func locate(root *wire.Element, r Rules) (*wire.Element, error) {
	if !wire.Whole(root) {
		return nil, root.Errorf("only the root of a document, or the one message in a SOAP envelope, can be verified.")
	}
	children := root.Elements()
	if len(children) > 0 && root.Name().Space != wire.NSMetadata {
		if !children[0].Is(wire.NSAssertion, "Issuer") {
			return nil, children[0].Errorf("the Issuer must come first in a signed message.")
		}
		children = children[1:]
	}
	if len(children) == 0 || !children[0].Is(wire.NSDSig, "Signature") {
		return nil, root.Errorf("there is no signature in its place, right behind the Issuer. Sign the message itself.")
	}
	for e := range root.All() {
		if e.Is(wire.NSDSig, "Signature") && e != children[0] && !r.Nested {
			return nil, e.Errorf("there is more than one signature. Sign the message once.")
		}
	}
	return children[0], nil
}

// VerifyQuery verifies the signature of a redirect over the octets as received. A message
// that is not signed (empty Signature) is an error.
func VerifyQuery(m *wire.Message, keys []crypto.PublicKey) error {
	return Rules{}.VerifyQuery(m, keys)
}

// VerifyQuery is the function [VerifyQuery] under these rules.
func (r Rules) VerifyQuery(m *wire.Message, keys []crypto.PublicKey) error {
	alg, ok := algorithmOf(m.SigAlg, r.SHA1)
	switch {
	case len(m.Signature) == 0:
		return idp.Errorf(idp.Invalid, "The request is not signed. The application must sign it.").On("Signature")
	case !ok:
		return idp.Errorf(idp.Invalid, "SigAlg names an algorithm that is not accepted. Use RSA or ECDSA with SHA-256, SHA-384 or SHA-512.").On("SigAlg")
	}
	h := alg.hash.New()
	h.Write([]byte(m.Signed))
	if !anyVerifies(keys, alg, h.Sum(nil), m.Signature) {
		return idp.Errorf(idp.Invalid, "The signature was not made over this request by a signing key that is registered for this application. If the application changed its key, an administrator must register its new metadata.").On("Signature")
	}
	return nil
}

// anyVerifies tries every key: during a change of keys there are two (IIP-MD07).
func anyVerifies(keys []crypto.PublicKey, alg algorithm, digest, value []byte) bool {
	for _, key := range keys {
		if alg.fits(key) && strong(key) == nil && verifies(key, alg, digest, value) {
			return true
		}
	}
	return false
}

func verifies(key crypto.PublicKey, alg algorithm, digest, value []byte) bool {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, alg.hash, digest, value) == nil
	case *ecdsa.PublicKey:
		n := fieldSize(key)
		return len(value) == 2*n && ecdsa.Verify(key, digest, new(big.Int).SetBytes(value[:n]), new(big.Int).SetBytes(value[n:]))
	}
	return false
}
