package dsig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/url"

	"cloudsso/idp"
	"cloudsso/samlidp/wire"
)

// Signer signs with one key and one algorithm. It is safe for concurrent use if its key is.
type Signer struct {
	key  crypto.Signer
	cert []byte
	alg  algorithm
	size int // bytes of a signature value
}

// NewSigner returns a Signer; cert (DER) goes into KeyInfo. alg "" is rsa-sha256 for an
// RSA key and ecdsa-sha256 for an EC key. It refuses an algorithm that does not fit
// the key and RSA keys under 2048 bits.
func NewSigner(key crypto.Signer, cert []byte, alg string) (*Signer, error) {
	public := key.Public()
	if err := strong(public); err != nil {
		return nil, err
	}
	if alg == "" {
		alg = RSASHA256
		if _, ok := public.(*ecdsa.PublicKey); ok {
			alg = ECDSASHA256
		}
	}
	a, ok := algorithmOf(alg)
	if !ok || !a.fits(public) {
		return nil, idp.Errorf(idp.Invalid, "The signature algorithm %s is not known or does not fit the signing key.", alg)
	}
	return &Signer{key: key, cert: cert, alg: a, size: signatureSize(public)}, nil
}

func signatureSize(key crypto.PublicKey) int {
	if key, ok := key.(*ecdsa.PublicKey); ok {
		return 2 * fieldSize(key)
	}
	return key.(*rsa.PublicKey).Size()
}

// fieldSize is the length of r and of s.
func fieldSize(key *ecdsa.PublicKey) int { return (key.Curve.Params().N.BitLen() + 7) / 8 }

// Pending is a signature whose element is written but not computed yet.
type Pending struct {
	signer  *Signer
	w       *wire.Writer
	element int // handle of the signed element
	from    int // the Signature element, which the digest leaves out
	to      int
	info    int // the SignedInfo element
	infoEnd int
	digest  int // reserved places
	value   int
}

// Begin writes the ds:Signature of the innermost open element of w, whose ID must be
// id. Call it right after the element's Issuer was written: that is its schema position.
func (s *Signer) Begin(w *wire.Writer, id string) *Pending {
	p := &Pending{signer: s, w: w, element: w.Enclosing(), from: w.Len()}
	w.Start("ds:Signature")
	p.info = w.Len()
	p.signedInfo(id)
	p.infoEnd = w.Len()
	w.Start("ds:SignatureValue")
	p.value = w.Reserve(base64.StdEncoding.EncodedLen(s.size))
	w.End()
	w.Start("ds:KeyInfo")
	w.Start("ds:X509Data")
	w.Start("ds:X509Certificate")
	w.Base64(s.cert)
	for range 4 {
		w.End()
	}
	p.to = w.Len()
	return p
}

func (p *Pending) signedInfo(id string) {
	w, alg := p.w, p.signer.alg
	w.Start("ds:SignedInfo")
	method(w, "ds:CanonicalizationMethod", excC14N)
	method(w, "ds:SignatureMethod", alg.uri)
	w.Start("ds:Reference", wire.A("URI", "#"+id))
	w.Start("ds:Transforms")
	method(w, "ds:Transform", enveloped)
	method(w, "ds:Transform", excC14N)
	w.End()
	method(w, "ds:DigestMethod", alg.digestURI())
	w.Start("ds:DigestValue")
	p.digest = w.Reserve(base64.StdEncoding.EncodedLen(alg.hash.Size()))
	for range 3 {
		w.End()
	}
}

func method(w *wire.Writer, name, uri string) {
	w.Start(name, wire.A("Algorithm", uri))
	w.End()
}

// Finish computes digest and signature and puts them in. Call it right after the
// signed element was closed with [wire.Writer.End]; inner signatures before outer ones.
func (p *Pending) Finish() error {
	h := p.signer.alg.hash.New()
	if err := p.w.Canonical(h, p.element, p.from, p.to); err != nil {
		return err
	}
	p.w.Fill(p.digest, encode(h.Sum(nil)))

	// Canonicalised on its own, SignedInfo declares the prefix that its parent declares
	// on the wire.
	const onWire, alone = `<ds:SignedInfo>`, `<ds:SignedInfo xmlns:ds="` + wire.NSDSig + `">`
	h.Reset()
	h.Write([]byte(alone))
	h.Write(p.w.Slice(p.info+len(onWire), p.infoEnd))
	value, err := p.signer.sign(h.Sum(nil))
	if err != nil {
		return err
	}
	p.w.Fill(p.value, encode(value))
	return nil
}

func encode(raw []byte) []byte { return base64.StdEncoding.AppendEncode(nil, raw) }

// sign returns the signature value as XML signatures want it: ECDSA as r and s side by
// side (XMLDSig §6.4.3), not in ASN.1.
func (s *Signer) sign(digest []byte) ([]byte, error) {
	value, err := s.key.Sign(rand.Reader, digest, s.alg.hash)
	if err != nil {
		return nil, fmt.Errorf("sign with %s: %w", s.alg.uri, err)
	}
	if !s.alg.ecdsa {
		return value, nil
	}
	var rs struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(value, &rs); err != nil {
		return nil, fmt.Errorf("sign with %s: %w", s.alg.uri, err)
	}
	raw := make([]byte, s.size)
	rs.R.FillBytes(raw[:s.size/2])
	rs.S.FillBytes(raw[s.size/2:])
	return raw, nil
}

// SignQuery appends SigAlg and Signature to the query of a redirect (Bindings §3.4.4.1).
func (s *Signer) SignQuery(query string) (string, error) {
	query += "&SigAlg=" + url.QueryEscape(s.alg.uri)
	h := s.alg.hash.New()
	h.Write([]byte(query))
	value, err := s.sign(h.Sum(nil))
	if err != nil {
		return "", err
	}
	return query + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(value)), nil
}
