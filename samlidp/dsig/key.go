package dsig

import (
	"crypto"
	"crypto/x509"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"cloudsso/idp"
)

// PublicKey returns the key of a DER certificate, or of a bare DER
// SubjectPublicKeyInfo. The certificate's dates, issuer and signature do not matter: metadata
// vouches for the key (IIP-MD12). Keys that are too weak are an error.
func PublicKey(der []byte) (crypto.PublicKey, error) {
	key, err := parseKey(der)
	if err != nil {
		return nil, idp.Errorf(idp.Invalid, "This is neither a certificate nor a public key that can be read.").Because(err)
	}
	return key, strong(key)
}

func parseKey(der []byte) (crypto.PublicKey, error) {
	if cert, err := x509.ParseCertificate(der); err == nil && cert.PublicKey != nil {
		return cert.PublicKey, nil
	}
	if spki := innerKey(der); spki != nil {
		return x509.ParsePKIXPublicKey(spki)
	}
	return x509.ParsePKIXPublicKey(der)
}

// innerKey takes the SubjectPublicKeyInfo out of a certificate that crypto/x509
// refuses for something else, such as a negative serial number: old tools made many of those, and
// only the key counts here (RFC 5280 §4.1).
func innerKey(der []byte) []byte {
	var cert, tbs, spki cryptobyte.String
	in := cryptobyte.String(der)
	context0 := asn1.Tag(0).Constructed().ContextSpecific()
	ok := in.ReadASN1(&cert, asn1.SEQUENCE) && in.Empty() &&
		cert.ReadASN1(&tbs, asn1.SEQUENCE) &&
		tbs.SkipOptionalASN1(context0) && // version
		tbs.SkipASN1(asn1.INTEGER) && // serialNumber
		tbs.SkipASN1(asn1.SEQUENCE) && // signature
		tbs.SkipASN1(asn1.SEQUENCE) && // issuer
		tbs.SkipASN1(asn1.SEQUENCE) && // validity
		tbs.SkipASN1(asn1.SEQUENCE) && // subject
		tbs.ReadASN1Element(&spki, asn1.SEQUENCE)
	if !ok {
		return nil
	}
	return spki
}

// PublicKeys returns the keys of several DER values as [PublicKey] does. What does not
// parse or is too weak is left out; an error means that none is left.
func PublicKeys(ders [][]byte) ([]crypto.PublicKey, error) {
	var keys []crypto.PublicKey
	var cause error
	for _, der := range ders {
		key, err := PublicKey(der)
		if err != nil {
			cause = err
			continue
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, idp.Errorf(idp.Invalid, "No usable signing key is registered for this application, so its signature cannot be verified. An administrator must register its metadata with its signing certificate.").Because(cause)
	}
	return keys, nil
}
