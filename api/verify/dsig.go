package verify

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"math/big"
	"net/url"
	"strings"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"
)

// sealed verifies the signature over e and returns its algorithm, by the last part of its URI. Certificates are tried
// one by one: a signature may not say which it is. Their dates are checked elsewhere: many
// applications look at none.
func sealed(e *etree.Element, certificates []*x509.Certificate) (alg string, err error) {
	method := e.FindElement("./Signature/SignedInfo/SignatureMethod")
	if method == nil {
		return "", errors.New("there is no signature")
	}
	if len(certificates) == 0 {
		return "", errors.New("there is no certificate")
	}
	for _, c := range certificates {
		alone, detachErr := detach(e)
		if detachErr != nil {
			return "", detachErr
		}
		if err := derived(alone, c); err != nil {
			return "", err
		}
		rules := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{c}})
		rules.Clock = dsig.NewFakeClockAt(within(c))
		_, fault := rules.Validate(alone)
		if fault == nil {
			return algorithm(attr(method, "Algorithm")), nil
		}
		err = errors.Join(err, fault)
	}
	return "", err
}

// derived writes an elliptic signature of e as goxmldsig wants it, in DER: XML has its two numbers one behind the
// other (RFC 6931 §2.3.6). What is signed stays as it is.
func derived(e *etree.Element, c *x509.Certificate) error {
	key, elliptic := c.PublicKey.(*ecdsa.PublicKey)
	value := e.FindElement("./Signature/SignatureValue")
	if !elliptic || value == nil {
		return nil
	}
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(value.Text()), ""))
	if size := (key.Curve.Params().BitSize + 7) / 8; err != nil || len(raw) != 2*size {
		return nil // not by this key, as will be found out
	}
	r, s := new(big.Int).SetBytes(raw[:len(raw)/2]), new(big.Int).SetBytes(raw[len(raw)/2:])
	der, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
	value.SetText(base64.StdEncoding.EncodeToString(der))
	return err
}

func within(c *x509.Certificate) time.Time { return c.NotBefore.Add(c.NotAfter.Sub(c.NotBefore) / 2) }

// detach copies e out of its document, with the namespaces that it inherits.
func detach(e *etree.Element) (*etree.Element, error) {
	around, err := etreeutils.NSBuildParentContext(e)
	if err != nil {
		return nil, err
	}
	return etreeutils.NSDetatch(around, e)
}

// algorithm shortens the URI of an algorithm to the word that the settings have for it.
func algorithm(uri string) string { return uri[strings.LastIndexByte(uri, '#')+1:] }

// sealedQuery verifies the signature of a redirect (Bindings §3.4.4.1).
func sealedQuery(query string, certificates []*x509.Certificate) (alg string, err error) {
	signed, last, found := strings.Cut(query, "&Signature=")
	values, err := url.ParseQuery(query)
	if err != nil || !found || strings.Contains(last, "&") {
		return "", errors.New("there is no signature at the end of the query")
	}
	signature, err := base64.StdEncoding.DecodeString(values.Get("Signature"))
	if err != nil {
		return "", err
	}
	alg = algorithm(values.Get("SigAlg"))
	hash, ok := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512, "ha1": crypto.SHA1}[alg[max(0, len(alg)-3):]]
	if !ok {
		return alg, errors.New("the algorithm is unknown")
	}
	h := hash.New()
	h.Write([]byte(signed))
	for _, c := range certificates {
		if madeBy(c.PublicKey, hash, h.Sum(nil), signature) {
			return alg, nil
		}
	}
	return alg, errors.New("no certificate of the metadata verifies it")
}

func madeBy(key any, hash crypto.Hash, sum, signature []byte) bool {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, hash, sum, signature) == nil
	case *ecdsa.PublicKey:
		n := len(signature) / 2
		return n > 0 && ecdsa.Verify(key, sum, new(big.Int).SetBytes(signature[:n]), new(big.Int).SetBytes(signature[n:]))
	}
	return false
}

func attr(e *etree.Element, name string) string {
	if e == nil {
		return ""
	}
	return e.SelectAttrValue(name, "")
}

// shown writes an element for people: indented, without what makes it worth anything.
func shown(e *etree.Element) string {
	doc := etree.NewDocument()
	doc.SetRoot(e.Copy())
	for _, secret := range []string{"SignatureValue", "CipherValue"} {
		for _, found := range doc.FindElements("//" + secret) {
			found.SetText("[not shown]")
		}
	}
	doc.Indent(2)
	text, err := doc.WriteToString()
	if err != nil {
		return err.Error()
	}
	return text
}
