package md

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"slices"
	"strings"

	"cloudsso/idp"
	"cloudsso/samlidp/dsig"
	"cloudsso/samlidp/wire"
)

// keys reads the KeyDescriptors. One without "use" serves both (Metadata §2.4.1.1). A
// key that cannot be used is left out with a warning; nothing is switched off by that:
// a signed request without a key for it is refused.
func (r *reader) keys(sp *wire.Element) error {
	for _, c := range sp.Elements() {
		if !c.Is(wire.NSMetadata, "KeyDescriptor") {
			continue
		}
		use, given := c.Attr("use")
		if given && use != "signing" && use != "encryption" {
			return c.Errorf(`use="%.40s" is neither signing nor encryption. Correct it or leave it out.`, use)
		}
		if use != "signing" {
			r.methods(c)
		}
		for _, der := range r.keyInfo(c) {
			if use != "encryption" {
				r.sp.SigningCerts = add(r.sp.SigningCerts, der)
			}
			if use != "signing" {
				r.sp.EncryptionCerts = add(r.sp.EncryptionCerts, der)
			}
		}
	}
	if r.sp.AuthnRequestsSigned && len(r.sp.SigningCerts) == 0 {
		r.warn(sp, "The application says that it signs its requests, but there is no usable signing key in its metadata: every request will be refused until there is one.")
	}
	return nil
}

// methods reads the ciphers and key transports that go with an encryption key.
func (r *reader) methods(descriptor *wire.Element) {
	for _, c := range descriptor.Elements() {
		uri, _ := c.Attr("Algorithm")
		if !c.Is(wire.NSMetadata, "EncryptionMethod") || uri == "" || len(r.sp.EncryptionMethods) == maxMethods {
			continue
		}
		m := idp.EncryptionMethod{Algorithm: uri, Digest: algorithm(c.Child(wire.NSDSig, "DigestMethod")), MGF: algorithm(c.Child(wire.NSEnc11, "MGF"))}
		if !slices.Contains(r.sp.EncryptionMethods, m) {
			r.sp.EncryptionMethods = append(r.sp.EncryptionMethods, m)
		}
	}
}

// maxMethods: there are not that many ciphers.
const maxMethods = 40

func algorithm(e *wire.Element) string {
	if e == nil {
		return ""
	}
	uri, _ := e.Attr("Algorithm")
	return uri
}

func add(ders [][]byte, der []byte) [][]byte {
	if slices.ContainsFunc(ders, func(d []byte) bool { return bytes.Equal(d, der) }) {
		return ders
	}
	return append(ders, der)
}

// keyInfo returns the certificates of a KeyDescriptor, or the bare key where there is
// no certificate. RetrievalMethod and the like are never followed (S17).
func (r *reader) keyInfo(descriptor *wire.Element) [][]byte {
	var ders [][]byte
	info := descriptor.Child(wire.NSDSig, "KeyInfo")
	if info == nil {
		r.warn(descriptor, "The <KeyDescriptor> has no <KeyInfo> and was left out.")
		return nil
	}
	for e := range info.All() {
		if e.Is(wire.NSDSig, "X509Certificate") {
			ders = r.usable(e, ders, certificate(e))
		}
	}
	if value := info.Child(wire.NSDSig, "KeyValue"); value != nil && len(ders) == 0 {
		ders = r.usable(value, ders, keyValue(value))
	}
	if len(ders) == 0 {
		r.warn(info, "There is no usable certificate or key in this <KeyInfo>.")
	}
	return ders
}

// usable adds der if its key can be read and is strong enough, and warns if not.
func (r *reader) usable(e *wire.Element, ders [][]byte, der []byte) [][]byte {
	if _, err := dsig.PublicKey(der); err != nil {
		r.warn(e, "A certificate or key was left out: %s", public(err))
		return ders
	}
	return append(ders, der)
}

// certificate reads base64 as people leave it: in lines, indented, with PEM's header.
func certificate(e *wire.Element) []byte {
	text := strings.NewReplacer("-----BEGIN CERTIFICATE-----", "", "-----END CERTIFICATE-----", "").Replace(e.Text())
	return bits(text)
}

// bits decodes base64 with white space in it; nil if it is not base64.
func bits(text string) []byte {
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil
	}
	return raw
}

// keyValue makes a SubjectPublicKeyInfo of a bare key (XMLDSig §4.5.2); nil if it cannot.
func keyValue(e *wire.Element) []byte {
	var key any
	if v := e.Child(wire.NSDSig, "RSAKeyValue"); v != nil {
		key = rsaKey(v)
	} else if v := e.Child(wire.NSDSig11, "ECKeyValue"); v != nil {
		key = ecKey(v)
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil
	}
	return der
}

func rsaKey(e *wire.Element) any {
	modulus, exponent := e.Child(wire.NSDSig, "Modulus"), e.Child(wire.NSDSig, "Exponent")
	if modulus == nil || exponent == nil {
		return nil
	}
	n, exp := bits(modulus.Text()), new(big.Int).SetBytes(bits(exponent.Text()))
	if len(n) == 0 || exp.BitLen() < 2 || exp.BitLen() > 31 {
		return nil
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exp.Int64())}
}

func ecKey(e *wire.Element) any {
	named, point := e.Child(wire.NSDSig11, "NamedCurve"), e.Child(wire.NSDSig11, "PublicKey")
	if named == nil || point == nil {
		return nil
	}
	var curve elliptic.Curve
	switch uri, _ := named.Attr("URI"); uri {
	case "urn:oid:1.2.840.10045.3.1.7":
		curve = elliptic.P256()
	case "urn:oid:1.3.132.0.34":
		curve = elliptic.P384()
	case "urn:oid:1.3.132.0.35":
		curve = elliptic.P521()
	default:
		return nil
	}
	key, err := ecdsa.ParseUncompressedPublicKey(curve, bits(point.Text()))
	if err != nil {
		return nil
	}
	return key
}
