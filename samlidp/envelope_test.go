package samlidp_test

import (
	"crypto"
	"crypto/tls"
	"encoding/base64"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// enveloped signs a message with goxmldsig and puts the signature into its schema position.
func enveloped(t testing.TB, doc, key, method string) *etree.Document {
	t.Helper()
	return envelopedWith(t, doc, key, method, crypto.SHA256)
}

func envelopedWith(t testing.TB, doc, key, method string, hash crypto.Hash) *etree.Document {
	t.Helper()
	tree := etree.NewDocument()
	must(t, tree.ReadFromString(doc))
	ctx := dsig.NewDefaultSigningContext(dsig.TLSCertKeyStore(tls.Certificate{Certificate: [][]byte{certificate(t, key).Raw}, PrivateKey: privateKey(t, key)}))
	ctx.IdAttribute, ctx.Hash = "ID", hash
	ctx.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if method != "" {
		must(t, ctx.SetSignatureMethod(method))
	}
	sig, err := ctx.ConstructSignature(tree.Root(), true)
	must(t, err)
	tree.Root().InsertChildAt(1, sig)
	return tree
}

func text(t testing.TB, tree *etree.Document) string {
	t.Helper()
	s, err := tree.WriteToString()
	must(t, err)
	return s
}

// sendPost sends a request by POST and follows to our own GET.
func (h *house) sendPost(doc string) *httptest.ResponseRecorder {
	w := h.post(url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString([]byte(doc))}})
	if w.Code == 303 {
		return h.follow(w)
	}
	return w
}
