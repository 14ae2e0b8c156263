package dsig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"net/url"

	"cloudsso/idp"
	"cloudsso/samlidp/wire"
)

// Options of a [Signer].
type Options struct {
	Algorithm       string // "": rsa-sha256 for an RSA key, ecdsa-sha256 for an EC key
	SHA1            bool   // Algorithm may be rsa-sha1
	Inclusive       bool   // Canonical XML 1.0, for readers that know nothing else
	OmitCertificate bool   // no KeyInfo
}

// Signer signs with one key and one algorithm. It is safe for concurrent use if its key is.
type Signer struct {
	key     crypto.Signer
	cert    []byte
	alg     algorithm
	size    int // bytes of a signature value
	options Options
}

// NewSigner is [NewSignerWith] for an algorithm alone.
func NewSigner(key crypto.Signer, cert []byte, alg string) (*Signer, error) {
	return NewSignerWith(key, cert, Options{Algorithm: alg})
}

// NewSignerWith returns a Signer; cert (DER) goes into KeyInfo. It refuses an algorithm
// that does not fit the key and RSA keys under 2048 bits.
func NewSignerWith(key crypto.Signer, cert []byte, o Options) (*Signer, error) {
	public := key.Public()
	if err := strong(public); err != nil {
		return nil, err
	}
	if o.Algorithm == "" {
		o.Algorithm = RSASHA256
		if _, ok := public.(*ecdsa.PublicKey); ok {
			o.Algorithm = ECDSASHA256
		}
	}
	a, ok := algorithmOf(o.Algorithm, o.SHA1)
	if !ok || !a.fits(public) {
		return nil, idp.Errorf(idp.Invalid, "The signature algorithm %s is not known or does not fit the signing key.", o.Algorithm)
	}
	return &Signer{key: key, cert: cert, alg: a, size: signatureSize(public), options: o}, nil
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
	id      string
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
	p := &Pending{signer: s, w: w, id: id, element: w.Enclosing(), from: w.Len()}
	w.Start("ds:Signature")
	p.info = w.Len()
	p.signedInfo(id)
	p.infoEnd = w.Len()
	w.Start("ds:SignatureValue")
	p.value = w.Reserve(base64.StdEncoding.EncodedLen(s.size))
	w.End()
	if !s.options.OmitCertificate {
		w.KeyInfo(s.cert)
	}
	w.End()
	p.to = w.Len()
	return p
}

func (p *Pending) signedInfo(id string) {
	w, alg := p.w, p.signer.alg
	w.Start("ds:SignedInfo")
	method(w, "ds:CanonicalizationMethod", p.signer.c14n())
	method(w, "ds:SignatureMethod", alg.uri)
	w.Start("ds:Reference", wire.A("URI", "#"+id))
	w.Start("ds:Transforms")
	method(w, "ds:Transform", enveloped)
	if !p.signer.options.Inclusive { // Core §5.4.4 names no other transform; without one, Canonical XML 1.0 is meant
		method(w, "ds:Transform", excC14N)
	}
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
	write, writeInfo := p.canonical, p.signedInfoAlone
	if p.signer.options.Inclusive {
		write, writeInfo = p.inclusive, p.inclusiveInfo
	}
	if err := write(h); err != nil {
		return err
	}
	p.w.Fill(p.digest, encode(h.Sum(nil)))
	h.Reset()
	if err := writeInfo(h); err != nil {
		return err
	}
	value, err := p.signer.sign(h.Sum(nil))
	if err != nil {
		return err
	}
	p.w.Fill(p.value, encode(value))
	return nil
}

func (p *Pending) canonical(dst io.Writer) error {
	return p.w.Canonical(dst, p.element, p.from, p.to)
}

// signedInfoAlone: canonicalised on its own, SignedInfo declares the prefix that its parent
// declares on the wire.
func (p *Pending) signedInfoAlone(dst io.Writer) error {
	const onWire, alone = `<ds:SignedInfo>`, `<ds:SignedInfo xmlns:ds="` + wire.NSDSig + `">`
	if _, err := io.WriteString(dst, alone); err != nil {
		return err
	}
	_, err := dst.Write(p.w.Slice(p.info+len(onWire), p.infoEnd))
	return err
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
