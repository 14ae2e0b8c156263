package samlidp_test

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"

	"cloudsso/idp"
	"cloudsso/idp/mapping"
	"cloudsso/samlidp"
)

func tenAttributes() (out []mapping.Attribute) {
	for i := range 10 {
		out = append(out, mapping.Attribute{Name: fmt.Sprint("urn:oid:2.5.4.", i), Format: mapping.FormatURI, Values: []string{fmt.Sprint("value & number ", i)}})
	}
	return out
}

// BenchmarkResponse builds and signs one Response with ten attributes.
func BenchmarkResponse(b *testing.B) {
	h := newHouse(b)
	rows := tenAttributes()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.saml.WriteResponse(rows); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkResponseECDSA is the same with a key on P-256.
func BenchmarkResponseECDSA(b *testing.B) {
	ring := newRing(b)
	ring.key = ring.ec
	h := newHouse(b, func(o *samlidp.Options) { o.Ring = ring })
	rows := tenAttributes()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.saml.WriteResponse(rows); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkResponseEncrypted encrypts the assertion too.
func BenchmarkResponseEncrypted(b *testing.B) {
	h := newHouse(b)
	rows := tenAttributes()
	sp := idp.ServiceProvider{EncryptionCerts: [][]byte{certificate(b, "sp").Raw}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.saml.WriteEncrypted(sp, rows); err != nil {
			b.Fatal(err)
		}
	}
}

// A sign-in by SAML allocates little beside what the signature itself does.
func TestBuildingAResponseAllocatesLittle(t *testing.T) {
	h := newHouse(t)
	rows := tenAttributes()
	got := testing.AllocsPerRun(50, func() {
		if _, err := h.saml.WriteResponse(rows); err != nil {
			t.Fatal(err)
		}
	})
	if got > 60 {
		t.Errorf("%v allocations for one Response, at most 60 are wanted", got)
	}
}

// BenchmarkRawRSA is the floor: one bare signature with the same key.
func BenchmarkRawRSA(b *testing.B) {
	key, sum := privateKey(b, "idp"), sha256.Sum256(nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := key.Sign(rand.Reader, sum[:], crypto.SHA256); err != nil {
			b.Fatal(err)
		}
	}
}

// crewjam is the library's own identity provider, on the same input.
type crewjam struct {
	provider *saml.IdentityProvider
	session  *saml.Session
	r        *http.Request
}

func newCrewjam(t testing.TB) crewjam {
	c := crewjam{
		provider: &saml.IdentityProvider{
			Key: privateKey(t, "idp"), Certificate: certificate(t, "idp"), MetadataURL: parsed(t, entityID), SSOURL: parsed(t, ssoURL),
			SignatureMethod: dsig.RSASHA256SignatureMethod,
		},
		session: &saml.Session{ID: "sid", Index: "sid", NameID: "abc", CreateTime: noon},
		r:       httptest.NewRequest("GET", ssoURL, nil),
	}
	for _, a := range tenAttributes() {
		c.session.CustomAttributes = append(c.session.CustomAttributes, saml.Attribute{Name: a.Name, NameFormat: a.Format, Values: []saml.AttributeValue{{Type: "xs:string", Value: a.Values[0]}}})
	}
	return c
}

func (c crewjam) respond() error {
	acs := saml.IndexedEndpoint{Binding: saml.HTTPPostBinding, Location: spACS}
	sp := saml.SPSSODescriptor{AssertionConsumerServices: []saml.IndexedEndpoint{acs}}
	req := &saml.IdpAuthnRequest{
		IDP: c.provider, Now: noon, Request: saml.AuthnRequest{ID: "_request1", IssueInstant: noon}, ACSEndpoint: &acs, SPSSODescriptor: &sp,
		ServiceProviderMetadata: &saml.EntityDescriptor{EntityID: spEntity, SPSSODescriptors: []saml.SPSSODescriptor{sp}}, HTTPRequest: c.r,
	}
	if err := (saml.DefaultAssertionMaker{}).MakeAssertion(req, c.session); err != nil {
		return err
	}
	return req.MakeResponse()
}

// BenchmarkCrewjam is the same for comparison.
func BenchmarkCrewjam(b *testing.B) {
	c := newCrewjam(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := c.respond(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSSO is the whole way: request in, checks, response out.
func BenchmarkSSO(b *testing.B) {
	h := newHouse(b)
	h.register()
	h.signedIn()
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		n++
		b.StopTimer()
		target := redirect(authnRequest("_request1", fmt.Sprint("_b", n)))
		b.StartTimer()
		if w := h.get(target); w.Code != 200 {
			b.Fatal(pageText(w))
		}
	}
}
