package samlidp_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/samlidp"
)

func TestCompleteFillsDefaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in        idp.ServiceProvider
		app, name string
	}{
		"from the name":                  {idp.ServiceProvider{Name: "  The Wiki & more! ", EntityID: "https://wiki.example/saml"}, "the-wiki-more", "The Wiki & more!"},
		"from the host":                  {idp.ServiceProvider{EntityID: "https://Hub.Influitive.com/saml"}, "hub-influitive-com", "Hub.Influitive.com"},
		"from a URN":                     {idp.ServiceProvider{EntityID: "urn:deepfactor:saml"}, "urn-deepfactor-saml", "urn:deepfactor:saml"},
		"from a bare word":               {idp.ServiceProvider{EntityID: "Influitive-AdvocateHub"}, "influitive-advocatehub", "Influitive-AdvocateHub"},
		"a name without a Latin letter":  {idp.ServiceProvider{Name: "ウィキ", EntityID: "https://wiki.example"}, "wiki-example", "ウィキ"},
		"a long name":                    {idp.ServiceProvider{Name: strings.Repeat("ab ", 30), EntityID: "urn:x"}, "ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-a", strings.TrimSpace(strings.Repeat("ab ", 30))},
		"a long name that ends a word":   {idp.ServiceProvider{Name: strings.Repeat("a", 39) + " b", EntityID: "urn:x"}, strings.Repeat("a", 39), strings.Repeat("a", 39) + " b"},
		"an app id of the admin's":       {idp.ServiceProvider{App: "my-app-2", Name: "Wiki", EntityID: "urn:x"}, "my-app-2", "Wiki"},
		"endpoints with a short binding": {idp.ServiceProvider{Name: "W", EntityID: "urn:x", ACS: []idp.Endpoint{{Location: "https://a.example", Binding: "HTTP-POST"}, {Location: "https://b.example"}}}, "w", "W"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sp := c.in
			if sp.ACS == nil {
				sp.ACS = []idp.Endpoint{{Location: "https://a.example/acs"}}
			}
			must(t, samlidp.CompleteServiceProvider(&sp, false))
			if sp.App != c.app || sp.Name != c.name {
				t.Errorf("app %q, name %q", sp.App, sp.Name)
			}
			if sp.Sign != "response" || sp.Lifetime != 300 || sp.NameID.Format != "" {
				t.Errorf("policy %+v", sp.ServiceProviderPolicy)
			}
			for i, e := range sp.ACS {
				if e.Index != i || e.Binding != "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" {
					t.Errorf("endpoint %+v", e)
				}
			}
			again := sp
			must(t, samlidp.CompleteServiceProvider(&again, false))
			if again.App != sp.App || again.Name != sp.Name {
				t.Errorf("completing twice changes it: %+v", again)
			}
		})
	}
}

func TestCompleteRefuses(t *testing.T) {
	t.Parallel()
	acs := func(e ...idp.Endpoint) func(*idp.ServiceProvider) {
		return func(sp *idp.ServiceProvider) { sp.ACS = e }
	}
	for name, c := range map[string]struct {
		change func(*idp.ServiceProvider)
		field  string
		text   string
	}{
		"no entity ID":                    {func(sp *idp.ServiceProvider) { sp.EntityID = "" }, "/entity_id", "The entity ID is missing"},
		"an entity ID with a space":       {func(sp *idp.ServiceProvider) { sp.EntityID = "urn:x " }, "/entity_id", "without spaces around it"},
		"an entity ID with an invisible":  {func(sp *idp.ServiceProvider) { sp.EntityID = "urn:\u200bx" }, "/entity_id", "without spaces around it"},
		"an entity ID of 2 KB":            {func(sp *idp.ServiceProvider) { sp.EntityID = strings.Repeat("x", 2000) }, "/entity_id", "at most 1024 bytes"},
		"an assignment to nobody's name":  {func(sp *idp.ServiceProvider) { sp.Assigned = &idp.Assignment{Users: []string{"a", ""}} }, "/assigned/users/1", "The entry is empty."},
		"a name with NUL":                 {func(sp *idp.ServiceProvider) { sp.Name = "a\x00" }, "/name", "ordinary text"},
		"an app id in capitals":           {func(sp *idp.ServiceProvider) { sp.App = "Wiki" }, "/app", "a to z, 0 to 9"},
		"an app id with a slash":          {func(sp *idp.ServiceProvider) { sp.App = "a/b" }, "/app", "a to z, 0 to 9"},
		"an app id of 41 letters":         {func(sp *idp.ServiceProvider) { sp.App = strings.Repeat("a", 41) }, "/app", "at most 40"},
		"no endpoint":                     {acs(), "/acs", "At least one AssertionConsumerService"},
		"no endpoint for POST":            {acs(idp.Endpoint{Binding: "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact", Location: "https://a.example"}), "/acs", "At least one AssertionConsumerService"},
		"an http endpoint":                {acs(idp.Endpoint{Location: "http://a.example"}), "/acs/0/location", "complete https:// address"},
		"an http endpoint on loopback":    {acs(idp.Endpoint{Location: "http://127.0.0.1/acs"}), "/acs/0/location", "complete https:// address"},
		"a script as endpoint":            {acs(idp.Endpoint{Location: "javascript:alert(1)"}), "/acs/0/location", "complete https:// address"},
		"a path as endpoint":              {acs(idp.Endpoint{Location: "/acs"}), "/acs/0/location", "complete https:// address"},
		"an endpoint with user name":      {acs(idp.Endpoint{Location: "https://u:p@a.example"}), "/acs/0/location", "without user name"},
		"an endpoint with fragment":       {acs(idp.Endpoint{Location: "https://a.example/#x"}), "/acs/0/location", "fragment"},
		"a bad second endpoint":           {acs(idp.Endpoint{Location: "https://a.example"}, idp.Endpoint{Location: "ftp://a.example"}), "/acs/1/location", "complete https:// address"},
		"an index twice":                  {acs(idp.Endpoint{Location: "https://a.example", Index: 1}, idp.Endpoint{Location: "https://b.example", Index: 1}), "/acs/1/index", "1 is used twice"},
		"an index out of range":           {acs(idp.Endpoint{Location: "https://a.example", Index: 70000}), "/acs/0/index", "0 to 65535"},
		"a logout address in clear":       {func(sp *idp.ServiceProvider) { sp.SLO = []idp.Endpoint{{Location: "http://a.example"}} }, "/slo/0/location", "complete https:// address"},
		"signing that does not exist":     {func(sp *idp.ServiceProvider) { sp.Sign = "none" }, "/sign", "response, assertion or both"},
		"a NameID that does not exist":    {func(sp *idp.ServiceProvider) { sp.NameID.Format = "passport" }, "/nameid/format", "unspecified, emailAddress, persistent, transient, X509SubjectName"},
		"kerberos out of nowhere":         {func(sp *idp.ServiceProvider) { sp.NameID.Format = "kerberos" }, "/nameid/from", "which directory attribute holds the NameID of the format kerberos"},
		"a source for a format unknown":   {func(sp *idp.ServiceProvider) { sp.NameID.Sources = map[string]string{"passport": "x"} }, "/nameid/sources", `"passport" is none of them`},
		"a source for a persistent id":    {func(sp *idp.ServiceProvider) { sp.NameID.Sources = map[string]string{"persistent": "x"} }, "/nameid/sources", "is none of them"},
		"a source that is empty":          {func(sp *idp.ServiceProvider) { sp.NameID.Sources = map[string]string{"kerberos": ""} }, "/nameid/sources", "The directory attribute for kerberos"},
		"no name, from somewhere":         {func(sp *idp.ServiceProvider) { sp.NameID = idp.NameIDCfg{Format: "none", From: "email"} }, "/nameid/from", "Leave from out"},
		"an encrypted NameID without key": {func(sp *idp.ServiceProvider) { sp.NameID.Encrypt = true }, "/nameid/encrypt", "There is no encryption certificate"},
		"encryption without a key":        {func(sp *idp.ServiceProvider) { sp.Encrypt = "required" }, "/encrypt", "There is no encryption certificate"},
		"encryption with a broken key":    {func(sp *idp.ServiceProvider) { sp.Encrypt, sp.EncryptionCerts = "required", [][]byte{{1}} }, "/encrypt", "neither a certificate nor a public key"},
		"encryption by 3DES only": {func(sp *idp.ServiceProvider) {
			sp.Encrypt, sp.EncryptionCerts = "required", [][]byte{pemBlock(t, "sp-cert")}
			sp.EncryptionMethods = []idp.EncryptionMethod{{Algorithm: "http://www.w3.org/2001/04/xmlenc#tripledes-cbc"}}
		}, "/encrypt", "offers no cipher that is known here"},
		"a level of encryption unknown": {func(sp *idp.ServiceProvider) { sp.Encrypt = "maybe" }, "/encrypt", "encrypt must be never, optional or required."},
		"a cipher unknown":              {func(sp *idp.ServiceProvider) { sp.EncryptionAlgorithm = "rot13" }, "/encryption_algorithm", "aes128-gcm"},
		"inclusive and encrypted":       {func(sp *idp.ServiceProvider) { sp.Canonicalization, sp.Encrypt = "inclusive", "optional" }, "/canonicalization", "the signature would break"},
		"a canonicalization unknown":    {func(sp *idp.ServiceProvider) { sp.Canonicalization = "c14n11" }, "/canonicalization", "canonicalization must be exclusive or inclusive."},
		"a signature algorithm unknown": {func(sp *idp.ServiceProvider) { sp.SignatureAlgorithm = "md5" }, "/signature_algorithm", "rsa-sha256, rsa-sha384"},
		"SHA-1 without an end":          {func(sp *idp.ServiceProvider) { sp.SignatureAlgorithm = "rsa-sha1" }, "/legacy_until", "SHA-1 is broken."},
		"SHA-1 requests without an end": {func(sp *idp.ServiceProvider) { sp.AllowSHA1Requests = true }, "/legacy_until", "SHA-1 is broken."},
		"an end that is no day":         {func(sp *idp.ServiceProvider) { sp.LegacyUntil = "soon" }, "/legacy_until", "a day such as 2027-06-30"},
		"a day that does not exist":     {func(sp *idp.ServiceProvider) { sp.LegacyUntil = "2027-02-30" }, "/legacy_until", "a day such as 2027-06-30"},
		"a binding unknown":             {func(sp *idp.ServiceProvider) { sp.ResponseBinding = "pigeon" }, "/response_binding", "post or redirect"},
		"redirect without an address":   {func(sp *idp.ServiceProvider) { sp.ResponseBinding = "redirect" }, "/acs", "bindings:HTTP-Redirect is needed"},
		"redirect to a SAMLResponse": {func(sp *idp.ServiceProvider) {
			sp.ResponseBinding, sp.ACS = "redirect", []idp.Endpoint{{Binding: "HTTP-Redirect", Location: "https://a.example/?SAMLResponse=x"}}
		}, "/acs/0/location", "already has parameters of the redirect binding"},
		"a type unknown":                   {func(sp *idp.ServiceProvider) { sp.AttributeType = "integer" }, "/attribute_type", "string or none"},
		"a subject identifier unknown":     {func(sp *idp.ServiceProvider) { sp.SubjectID = "any" }, "/subject_id", "none, subject-id or pairwise-id"},
		"an assertion for nobody":          {func(sp *idp.ServiceProvider) { sp.OmitEntityAudience = true }, "/omit_entity_audience", "is for everybody"},
		"a proxy count below zero":         {func(sp *idp.ServiceProvider) { sp.ProxyRestriction = &idp.ProxyRestriction{Count: new(-1)} }, "/proxy_restriction/count", "from 0 to 10"},
		"a proxy audience with spaces":     {func(sp *idp.ServiceProvider) { sp.ProxyRestriction = &idp.ProxyRestriction{Audiences: []string{"a b"}} }, "/proxy_restriction/audiences/0", "one word"},
		"a clock skew of an hour":          {func(sp *idp.ServiceProvider) { sp.ClockSkew = new(int64(3600)) }, "/clock_skew", "0 to 600"},
		"a session of a second":            {func(sp *idp.ServiceProvider) { sp.SessionLifetime = 1 }, "/session_lifetime", "60 to 2592000"},
		"a recipient that is no address":   {func(sp *idp.ServiceProvider) { sp.Recipient = "acs" }, "/recipient", "a complete address"},
		"a context that is no URI":         {func(sp *idp.ServiceProvider) { sp.AuthnContext = "Password" }, "/authn_context", "absolute URI"},
		"a context that claims too much":   {func(sp *idp.ServiceProvider) { sp.AuthnContext = mfa }, "/authn_context", "claims more than that"},
		"a persistent id from somewhere":   {func(sp *idp.ServiceProvider) { sp.NameID = idp.NameIDCfg{Format: "persistent", From: "email"} }, "/nameid/from", "Leave from out"},
		"a qualifier with spaces":          {func(sp *idp.ServiceProvider) { sp.NameID.NameQualifier = "a b" }, "/nameid/name_qualifier", "one word"},
		"an SP qualifier with spaces":      {func(sp *idp.ServiceProvider) { sp.NameID.SPNameQualifier = "a b" }, "/nameid/sp_name_qualifier", "one word"},
		"a lifetime of 29 seconds":         {func(sp *idp.ServiceProvider) { sp.Lifetime = 29 }, "/lifetime", "30 to 86400"},
		"a lifetime of two days":           {func(sp *idp.ServiceProvider) { sp.Lifetime = 172800 }, "/lifetime", "30 to 86400"},
		"an empty audience":                {func(sp *idp.ServiceProvider) { sp.Audiences = []string{"urn:a", ""} }, "/audiences/1", "one word"},
		"a RelayState of 3 KB":             {func(sp *idp.ServiceProvider) { sp.DefaultRelayState = strings.Repeat("a", 3000) }, "/default_relay_state", "at most 2048 bytes"},
		"signing demanded without a key":   {func(sp *idp.ServiceProvider) { sp.WantAuthnRequestsSigned = true }, "/want_authn_requests_signed", "need a signing certificate"},
		"signing promised without a key":   {func(sp *idp.ServiceProvider) { sp.SignsRequests = true }, "/metadata_xml", "need a signing certificate"},
		"a mapping row without a source":   {func(sp *idp.ServiceProvider) { sp.Attributes = []idp.Mapping{{Name: "a", From: "b"}, {Name: "x"}} }, "/attributes/1/from", "mapping row"},
		"a mapping row that is not in XML": {func(sp *idp.ServiceProvider) { sp.Attributes = []idp.Mapping{{Name: "a\ufffe", From: "b"}} }, "/attributes/0", "XML cannot carry"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sp := idp.ServiceProvider{EntityID: "urn:x", Name: "Wiki", ACS: []idp.Endpoint{{Location: "https://a.example/acs"}}}
			c.change(&sp)
			err := samlidp.CompleteServiceProvider(&sp, false)
			var e *idp.Error
			if !errors.As(err, &e) || e.Code != idp.Invalid || e.Field != c.field || !strings.Contains(e.Public, c.text) {
				t.Errorf("got %v, want %s: %s", err, c.field, c.text)
			}
		})
	}
}

func TestCompleteInDevelopment(t *testing.T) {
	t.Parallel()
	for location, ok := range map[string]bool{
		"http://localhost:8080/acs": true, "http://127.0.0.1/acs": true, "http://[::1]:3000/acs": true, "http://sp.localhost/acs": true,
		"http://192.168.0.1/acs": false, "http://localhost.example/acs": false, "http://127.0.0.1.example/": false, "https://a.example/acs": true,
	} {
		sp := idp.ServiceProvider{EntityID: "urn:x", ACS: []idp.Endpoint{{Location: location}}}
		if err := samlidp.CompleteServiceProvider(&sp, true); (err == nil) != ok {
			t.Errorf("%s: %v", location, err)
		}
	}
}

// The sample of the Influitive guide, as published.
const influitive = `<?xml version='1.0' encoding='UTF-8'?><md:EntityDescriptor ID='_3414ef40-e3c3-0133-63bb-22000b76a0ca' entityID='Influitive-AdvocateHub' xmlns:md='urn:oasis:names:tc:SAML:2.0:metadata'><md:SPSSODescriptor AuthnRequestsSigned='false' WantAssertionsSigned='true' protocolSupportEnumeration='urn:oasis:names:tc:SAML:2.0:protocol'><md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</md:NameIDFormat><md:AssertionConsumerService Binding='urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST' Location='https://hub.influitive.com/saml/consume' index='0' isDefault='true'/></md:SPSSODescriptor></md:EntityDescriptor>`

func TestImportFromMetadata(t *testing.T) {
	t.Parallel()
	sp, _, err := samlidp.ServiceProvider([]byte(influitive), noon)
	must(t, err)
	must(t, samlidp.CompleteServiceProvider(&sp, false))
	if sp.App != "influitive-advocatehub" || !sp.WantsAssertionsSigned || sp.SignsRequests || sp.NameIDFormats[0] != samlidp.FormatEmail || sp.ACS[0].Location != "https://hub.influitive.com/saml/consume" {
		t.Errorf("%+v", sp)
	}
	h := newHouse(t)
	must(t, h.store.CreateServiceProvider(t.Context(), sp))
	h.signedIn()
	r := response(t, h.send(authnRequest(">"+spEntity, ">Influitive-AdvocateHub", spACS, "https://hub.influitive.com/saml/consume")))
	if r.Assertion.Signature == nil || r.Assertion.Subject.NameID.Value != "alice@example.org" {
		t.Errorf("%+v", r.Assertion)
	}
	_, _, err = samlidp.ServiceProvider([]byte("<md:EntityDescriptor>"), noon)
	var e *idp.Error
	if !errors.As(err, &e) || e.Code != idp.Invalid || !strings.Contains(e.Public, "Line 1") {
		t.Errorf("not metadata: %v", err)
	}
	_, _, err = samlidp.ServiceProvider([]byte(strings.Replace(influitive, " entityID", " validUntil='2020-01-01T00:00:00Z' entityID", 1)), noon.Add(time.Hour))
	if err == nil {
		t.Error("expired metadata was taken")
	}
}
