package md_test

import (
	"reflect"
	"strings"
	"testing"

	"cloudsso/idp"
	"cloudsso/samlidp/md"
)

func TestParseSPReadsWhatToEncryptWith(t *testing.T) {
	t.Parallel()
	key := func(use, methods string) string {
		return `<md:KeyDescriptor` + use + `><ds:KeyInfo>` + x509Data(b64(rsaCert())) + `</ds:KeyInfo>` + methods + `</md:KeyDescriptor>`
	}
	const gcm = `<md:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes256-gcm"/>`
	const oaep = `<md:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#rsa-oaep"><ds:DigestMethod Algorithm="urn:d"/><x:MGF xmlns:x="http://www.w3.org/2009/xmlenc11#" Algorithm="urn:m"/></md:EncryptionMethod>`
	want := []idp.EncryptionMethod{{Algorithm: "http://www.w3.org/2009/xmlenc11#aes256-gcm"}, {Algorithm: "http://www.w3.org/2009/xmlenc11#rsa-oaep", Digest: "urn:d", MGF: "urn:m"}}
	for name, c := range map[string]struct {
		content string
		want    []idp.EncryptionMethod
		keys    int
	}{
		"with their parameters, each once":   {key(` use="encryption"`, gcm+oaep+gcm), want, 1},
		"of a key for both uses":             {key("", gcm+oaep), want, 1},
		"not of a key that only signs":       {key(` use="signing"`, gcm), nil, 0},
		"more than there are":                {key(` use="encryption"`, strings.Repeat(gcm, 1)+many(100)), nil, 1},
		"one without a name is none":         {key(` use="encryption"`, `<md:EncryptionMethod/>`), nil, 1},
		"two keys share what either can":     {key(` use="encryption"`, gcm) + key(` use="encryption"`, oaep), want, 1},
		"a signing key beside an encryption": {key(` use="signing"`, oaep) + key(` use="encryption"`, gcm), want[:1], 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := md.ToServiceProvider(mustParse(t, sp(c.content)))
			if len(got.EncryptionCerts) != c.keys {
				t.Errorf("%d keys", len(got.EncryptionCerts))
			}
			if strings.Contains(name, "more than") {
				if len(got.EncryptionMethods) != 40 {
					t.Errorf("%d methods", len(got.EncryptionMethods))
				}
				return
			}
			if !reflect.DeepEqual(got.EncryptionMethods, c.want) {
				t.Errorf("got %+v", got.EncryptionMethods)
			}
		})
	}
}

func many(n int) (s string) {
	for i := range n {
		s += `<md:EncryptionMethod Algorithm="urn:` + strings.Repeat("x", i+1) + `"/>`
	}
	return s
}

func TestSDP_IDP15_ParseSPReadsTheSubjectIDItWants(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{"subject-id": "subject-id", " pairwise-id ": "pairwise-id", "none": "none", "any": "any", "urn:other": "", "": ""} {
		extensions := `<md:Extensions><m:EntityAttributes xmlns:m="urn:oasis:names:tc:SAML:metadata:attribute" xmlns:s="urn:oasis:names:tc:SAML:2.0:assertion">` +
			`<s:Attribute Name="http://macedir.org/entity-category"><s:AttributeValue>urn:c</s:AttributeValue></s:Attribute>` +
			`<s:Attribute Name="urn:oasis:names:tc:SAML:profiles:subject-id:req"><s:AttributeValue>` + value + `</s:AttributeValue></s:Attribute></m:EntityAttributes></md:Extensions>`
		got := mustParse(t, head+extensions+role+acs+tail)
		if got.SubjectIDReq != want || (want == "") != (len(got.Warnings) > 0) {
			t.Errorf("%q gives %q, warnings %v", value, got.SubjectIDReq, got.Warnings)
		}
	}
	if got := mustParse(t, sp("")); got.SubjectIDReq != "" {
		t.Errorf("nothing said gives %q", got.SubjectIDReq)
	}
}

func TestAnAttributeServiceWithoutItsOwnIndexIsLeftOut(t *testing.T) {
	t.Parallel()
	service := func(index string) string {
		return `<md:AttributeConsumingService ` + index + `><md:ServiceName xml:lang="en">s</md:ServiceName><md:RequestedAttribute Name="a"/></md:AttributeConsumingService>`
	}
	got := mustParse(t, head+role+acs+service(`index="3"`)+service(`index="3"`)+service(`index="x"`)+service("")+tail)
	if len(got.AttributeServices) != 1 || got.AttributeServices[0].Index != 3 || len(got.Warnings) != 3 {
		t.Errorf("%+v, warnings %v", got.AttributeServices, got.Warnings)
	}
}
