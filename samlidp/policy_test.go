package samlidp_test

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cloudsso/idp"
)

// document is the Response on the auto-post page, as sent.
func document(t testing.TB, w *httptest.ResponseRecorder) string {
	t.Helper()
	return string(mustDecode(t, posted(t, w).Fields.Get("SAMLResponse")))
}

// verifiedWith has xmlsec1 verify every signature of a document with one of our certificates.
func verifiedWith(t testing.TB, doc, key string, nodes ...string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "doc.xml")
	must(t, os.WriteFile(file, []byte(doc), 0o600))
	for _, node := range nodes {
		tool(t, "xmlsec1", "xmlsec1", nil, "--verify", "--pubkey-cert-pem", "testdata/"+key+"-cert.pem", "--enabled-key-data", "key-name",
			"--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:protocol:Response", "--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion",
			"--node-xpath", node, file)
	}
}

// schemaValid wants a protocol message.
func schemaValid(t testing.TB, doc string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "doc.xml")
	must(t, os.WriteFile(file, []byte(doc), 0o600))
	valid(t, "saml-schema-protocol-2.0.xsd", file)
}

const (
	onResponse  = "/*/*[local-name()='Signature']"
	onAssertion = "/*/*[local-name()='Assertion']/*[local-name()='Signature']"
)

// Each knob and the difference it makes on the wire.
func TestEachPolicyFieldShowsInTheAssertion(t *testing.T) {
	t.Parallel()
	n := func(i int) *int { return &i }
	skew := func(i int64) *int64 { return &i }
	usual := `<saml:AudienceRestriction><saml:Audience>` + spEntity + `</saml:Audience></saml:AudienceRestriction></saml:Conditions>`
	for name, c := range map[string]struct {
		change  func(*idp.ServiceProvider)
		with    []string
		without []string
	}{
		"nothing": {func(*idp.ServiceProvider) {}, []string{
			`NotBefore="2026-11-21T11:59:00.000Z"`, `NotOnOrAfter="2026-11-21T12:05:00.000Z"`, usual, `Recipient="` + spACS + `"`, `xsi:type="xs:string"`, `:PasswordProtectedTransport<`,
		}, []string{"OneTimeUse", "ProxyRestriction", "SessionNotOnOrAfter", "Encrypted"}},
		"lifetime":             {func(sp *idp.ServiceProvider) { sp.Lifetime = 60 }, []string{`NotOnOrAfter="2026-11-21T12:01:00.000Z"`}, []string{`12:05:00`}},
		"clock_skew":           {func(sp *idp.ServiceProvider) { sp.ClockSkew = skew(120) }, []string{`NotBefore="2026-11-21T11:58:00.000Z"`}, nil},
		"no clock_skew":        {func(sp *idp.ServiceProvider) { sp.ClockSkew = skew(0) }, []string{`NotBefore="2026-11-21T12:00:00.000Z"`}, nil},
		"audiences":            {func(sp *idp.ServiceProvider) { sp.Audiences = []string{"urn:two"} }, []string{`<saml:Audience>` + spEntity + `</saml:Audience><saml:Audience>urn:two</saml:Audience>`}, nil},
		"omit_entity_audience": {func(sp *idp.ServiceProvider) { sp.Audiences, sp.OmitEntityAudience = []string{"urn:two"}, true }, []string{`<saml:AudienceRestriction><saml:Audience>urn:two</saml:Audience></saml:AudienceRestriction>`}, []string{"<saml:Audience>" + spEntity}},
		"recipient":            {func(sp *idp.ServiceProvider) { sp.Recipient = "https://inside.example/acs" }, []string{`Recipient="https://inside.example/acs"`, `Destination="` + spACS + `"`}, []string{`Recipient="` + spACS}},
		"session_lifetime":     {func(sp *idp.ServiceProvider) { sp.SessionLifetime = 3600 }, []string{`SessionNotOnOrAfter="2026-11-21T13:00:00.000Z"`}, nil},
		"authn_context":        {func(sp *idp.ServiceProvider) { sp.AuthnContext = anyClass }, []string{`<saml:AuthnContextClassRef>` + anyClass + `<`}, []string{":PasswordProtectedTransport"}},
		"one_time_use":         {func(sp *idp.ServiceProvider) { sp.OneTimeUse = true }, []string{`</saml:AudienceRestriction><saml:OneTimeUse></saml:OneTimeUse></saml:Conditions>`}, nil},
		"proxy_restriction": {func(sp *idp.ServiceProvider) {
			sp.ProxyRestriction = &idp.ProxyRestriction{Count: n(0), Audiences: []string{"urn:a", "urn:b"}}
		}, []string{`<saml:ProxyRestriction Count="0"><saml:Audience>urn:a</saml:Audience><saml:Audience>urn:b</saml:Audience></saml:ProxyRestriction>`}, nil},
		"proxy_restriction without count": {func(sp *idp.ServiceProvider) { sp.ProxyRestriction = &idp.ProxyRestriction{} }, []string{`<saml:ProxyRestriction></saml:ProxyRestriction>`}, nil},
		"attribute_type none":             {func(sp *idp.ServiceProvider) { sp.AttributeType = "none" }, []string{`<saml:AttributeValue>alice@example.org<`}, []string{"xsi:type", "xmlns:xs", "xmlns:xsi"}},
		"omit_certificate":                {func(sp *idp.ServiceProvider) { sp.OmitCertificate = true }, []string{"</ds:SignatureValue></ds:Signature>"}, []string{"KeyInfo"}},
		"NameQualifier":                   {func(sp *idp.ServiceProvider) { sp.NameID.NameQualifier = "urn:q" }, []string{`NameQualifier="urn:q" SPNameQualifier="` + spEntity + `"`}, nil},
		"no qualifiers": {func(sp *idp.ServiceProvider) {
			sp.NameID.NameQualifier, sp.NameID.SPNameQualifier = "none", "none"
		}, nil, []string{"NameQualifier"}},
		"nameid none": {func(sp *idp.ServiceProvider) { sp.NameID.Format = "none" }, []string{`<saml:Subject><saml:SubjectConfirmation `}, []string{"<saml:NameID"}},
		"NameFormat per attribute": {func(sp *idp.ServiceProvider) {
			sp.Attributes = []idp.Mapping{{Name: "urn:oid:2.5.4.42", From: "given_name"}, {Name: "mail", From: "email", Format: "unspecified"}, {Name: "n", From: "name"}}
		}, []string{
			`Name="urn:oid:2.5.4.42" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri"`, `Name="mail" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"`,
			`Name="n" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:basic"`,
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.register(c.change)
			h.signedIn()
			doc := document(t, h.send(authnRequest()))
			for _, s := range c.with {
				if !strings.Contains(doc, s) {
					t.Errorf("%s is not in\n%s", s, doc)
				}
			}
			for _, s := range c.without {
				if strings.Contains(doc, s) {
					t.Errorf("%s is in\n%s", s, doc)
				}
			}
			if name == "omit_certificate" { // goxmldsig wants one
				verifiedWith(t, doc, "idp", onResponse)
				schemaValid(t, doc)
				return
			}
			judged(t, []byte(doc))
		})
	}
}

// A clock that may differ more, or not at all, is measured so for requests too.
func TestTheClockSkewOfAnApplicationHoldsForItsRequests(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		skew   int64
		ahead  string
		status int
	}{{600, "12:09:59Z", 200}, {600, "12:10:01Z", 400}, {0, "12:00:01Z", 400}, {0, "12:00:00Z", 200}} {
		h := newHouse(t)
		h.register(func(sp *idp.ServiceProvider) { sp.ClockSkew = &c.skew })
		h.signedIn()
		if w := h.send(authnRequest("12:00:00Z", c.ahead)); w.Code != c.status {
			t.Errorf("a skew of %d, a request of %s: status %d", c.skew, c.ahead, w.Code)
		}
	}
}

func TestTheSignatureIsMadeAsTheApplicationWantsIt(t *testing.T) {
	t.Parallel()
	const more, sha256 = "http://www.w3.org/2001/04/xmldsig-more#", "http://www.w3.org/2001/04/xmlenc#sha256"
	for alg, c := range map[string]struct{ key, uri, digest string }{
		"":             {"idp", more + "rsa-sha256", sha256},
		"rsa-sha256":   {"idp", more + "rsa-sha256", sha256},
		"rsa-sha384":   {"idp", more + "rsa-sha384", more + "sha384"},
		"rsa-sha512":   {"idp", more + "rsa-sha512", "http://www.w3.org/2001/04/xmlenc#sha512"},
		"ecdsa-sha256": {"idp-ec", more + "ecdsa-sha256", sha256},
		"ecdsa-sha384": {"idp-ec", more + "ecdsa-sha384", more + "sha384"},
		"ecdsa-sha512": {"idp-ec", more + "ecdsa-sha512", "http://www.w3.org/2001/04/xmlenc#sha512"},
		"rsa-sha1":     {"idp", "http://www.w3.org/2000/09/xmldsig#rsa-sha1", "http://www.w3.org/2000/09/xmldsig#sha1"},
	} {
		for _, c14n := range []string{"exclusive", "inclusive"} {
			t.Run(alg+" "+c14n, func(t *testing.T) {
				t.Parallel()
				h := newHouse(t)
				h.register(func(sp *idp.ServiceProvider) {
					sp.Sign, sp.SignatureAlgorithm, sp.Canonicalization, sp.LegacyUntil = "both", alg, c14n, "2027-01-01"
				})
				h.signedIn()
				doc := document(t, h.send(authnRequest()))
				verifiedWith(t, doc, c.key, onResponse, onAssertion)
				schemaValid(t, doc)
				if strings.Count(doc, `<ds:SignatureMethod Algorithm="`+c.uri+`">`) != 2 || strings.Count(doc, `<ds:DigestMethod Algorithm="`+c.digest+`">`) != 2 {
					t.Errorf("other algorithms in\n%s", doc)
				}
				if got := strings.Contains(doc, "REC-xml-c14n-20010315"); got != (c14n == "inclusive") {
					t.Errorf("canonicalization in\n%s", doc)
				}
				if got := h.events.last().Detail["answer_signature"]; (got == "sha1") != (alg == "rsa-sha1") {
					t.Errorf("the event says %q", got)
				}
			})
		}
	}
}

// SHA-1 ends on its day: nobody gets in by it, and the application hears why, in a stronger signature.
func TestLegacySigningEndsOnItsDay(t *testing.T) {
	t.Parallel()
	for day, ok := range map[string]bool{"2026-11-22": true, "2026-11-21": false, "2025-01-01": false} {
		h := newHouse(t)
		h.register(func(sp *idp.ServiceProvider) { sp.SignatureAlgorithm, sp.LegacyUntil = "rsa-sha1", day })
		h.signedIn()
		w := h.send(authnRequest())
		if ok {
			verifiedWith(t, document(t, w), "idp", onResponse)
			continue
		}
		r := response(t, w) // verified by goxmldsig and xmlsec1, with SHA-256
		wantStatus(t, r, "Responder", "RequestUnsupported")
		if !strings.Contains(r.Status.Message, "signed with SHA-1 until "+day) || strings.Contains(document(t, w), "rsa-sha1") || len(h.login.asked) != 0 {
			t.Errorf("until %s: %q", day, r.Status.Message)
		}
		if e := h.events.last(); e.Name != idp.EventSAMLRefused || e.Detail["answer_signature"] != "sha1" {
			t.Errorf("event %+v", e)
		}
	}
}

func TestMetadataForAnApplicationShowsTheKeyThatSignsForIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register()
	h.register(func(sp *idp.ServiceProvider) {
		sp.App, sp.EntityID, sp.SignatureAlgorithm = "curved", "urn:curved", "ecdsa-sha256"
	})
	rsa, ec := b64(certificate(t, "idp").Raw), b64(certificate(t, "idp-ec").Raw)
	signing := `<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>`
	for path, c := range map[string]struct{ rsa, ec bool }{"": {true, true}, "/wiki": {true, false}, "/curved": {false, true}} {
		doc := h.get(issuer + "/saml/metadata" + path).Body.String()
		if strings.Contains(doc, signing+rsa) != c.rsa || strings.Contains(doc, signing+ec) != c.ec {
			t.Errorf("%s:\n%s", path, doc)
		}
		if !strings.Contains(doc, `use="encryption"`) || strings.Count(doc, rsa) < 1 {
			t.Errorf("%s has no key to encrypt to:\n%s", path, doc)
		}
		file := filepath.Join(t.TempDir(), "md.xml")
		must(t, os.WriteFile(file, []byte(doc), 0o600))
		valid(t, "saml-schema-metadata-2.0.xsd", file)
	}
}
