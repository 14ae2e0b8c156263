package samlidp_test

import (
	"bytes"
	"crypto/rsa"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"

	"cloudsso/samlidp"
)

// crewjam's service provider, which shares no code with us, accepts what we send.
func TestIIP_MD06_SSO01_SDP_IDP01_IndependentServiceProviderAcceptsUs(t *testing.T) {
	t.Parallel()
	for _, sign := range []string{"response", "assertion", "both"} {
		for _, binding := range []string{saml.HTTPRedirectBinding, saml.HTTPPostBinding} {
			for _, signed := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/signed=%v", sign, binding[strings.LastIndex(binding, ":")+1:], signed), func(t *testing.T) {
					t.Parallel()
					h := newHouse(t)
					h.clock = time.Now().UTC()
					sp := stranger(t, h, signed)
					var doc bytes.Buffer
					must(t, xml.NewEncoder(&doc).Encode(sp.Metadata()))
					record, warnings, err := samlidp.ServiceProvider(doc.Bytes(), h.now())
					must(t, err)
					t.Log(warnings)
					record.Sign = sign
					must(t, samlidp.CompleteServiceProvider(&record, false))
					must(t, h.store.CreateServiceProvider(t.Context(), record))
					h.signedIn()
					h.login.session.AuthTime = h.now()
					ask(t, h, sp, binding)
				})
			}
		}
	}
}

// stranger is a service provider that knows us by our metadata alone.
func stranger(t *testing.T, h *house, signed bool) *saml.ServiceProvider {
	t.Helper()
	idpMetadata := new(saml.EntityDescriptor)
	must(t, xml.Unmarshal(h.get(issuer+"/saml/metadata").Body.Bytes(), idpMetadata))
	sp := &saml.ServiceProvider{
		EntityID: "https://stranger.example/saml/metadata", Key: privateKey(t, "sp").(*rsa.PrivateKey), Certificate: certificate(t, "sp"),
		MetadataURL: parsed(t, "https://stranger.example/saml/metadata"), AcsURL: parsed(t, "https://stranger.example/saml/acs"),
		IDPMetadata: idpMetadata, AuthnNameIDFormat: saml.PersistentNameIDFormat,
	}
	if signed {
		sp.SignatureMethod = dsig.RSASHA256SignatureMethod
	}
	return sp
}

func ask(t *testing.T, h *house, sp *saml.ServiceProvider, binding string) {
	t.Helper()
	req, err := sp.MakeAuthenticationRequest(sp.GetSSOBindingLocation(binding), binding, saml.HTTPPostBinding)
	must(t, err)
	var w *httptest.ResponseRecorder
	if binding == saml.HTTPRedirectBinding {
		u, err := req.Redirect("relay", sp)
		must(t, err)
		w = h.get(u.String())
	} else {
		doc, err := samlXML(req)
		must(t, err)
		w = h.follow(h.post(url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString(doc)}, "RelayState": {"relay"}}))
	}
	f := posted(t, w)
	r := httptest.NewRequest("POST", sp.AcsURL.String(), strings.NewReader(f.Fields.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	must(t, r.ParseForm())
	a, err := sp.ParseResponse(r, []string{req.ID})
	if err != nil {
		t.Fatalf("%v: %v", err, err.(*saml.InvalidResponseError).PrivateErr)
	}
	if a.Subject.NameID.Format != samlidp.FormatPersistent || a.AttributeStatements[0].Attributes[0].Values[0].Value != "alice@example.org" {
		t.Errorf("assertion %+v", a)
	}
	judged(t, mustDecode(t, f.Fields.Get("SAMLResponse")))
}

func samlXML(req *saml.AuthnRequest) ([]byte, error) {
	tree := etree.NewDocument()
	tree.SetRoot(req.Element())
	return tree.WriteToBytes()
}

func mustDecode(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	must(t, err)
	return b
}

func parsed(t testing.TB, s string) url.URL {
	t.Helper()
	u, err := url.Parse(s)
	must(t, err)
	return *u
}
