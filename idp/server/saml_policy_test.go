package server_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/url"
	"strings"
	"testing"

	"cloudsso/api"
	"cloudsso/idp/config"
	"cloudsso/idp/idptest"
)

// An admin's policy reaches the wire through the whole product.
func TestThePolicyOfAServiceProviderHolds(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{Config: func(c *config.Config) { c.SAML.Scope = "example.org" }})
	s.AddUser(t, ada)
	sp, b := newServiceProvider(t, s), idptest.NewBrowser(t)
	patch := func(doc string) api.ServiceProvider {
		t.Helper()
		got, err := s.Owner.PatchServiceProvider(t.Context(), sp.app.App, json.RawMessage(doc), "")
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	patch(`{"sign":"both","signature_algorithm":"rsa-sha512","canonicalization":"inclusive","one_time_use":true,"attribute_type":"none","subject_id":"subject-id"}`)
	page := signIn(b.Open(sp.front.URL+"/wiki"), "ada", password)
	doc := answerOn(t, page)
	for _, want := range []string{"rsa-sha512", "REC-xml-c14n-20010315", "<saml:OneTimeUse>", "@example.org<", "urn:oasis:names:tc:SAML:attribute:subject-id"} {
		if !strings.Contains(doc, want) {
			t.Errorf("%s is not in\n%s", want, doc)
		}
	}
	arrived(t, page.Form(0).Submit(""), "ada@example.com")

	// The elliptic key is made when it is first chosen, and its metadata follows.
	changed := patch(`{"signature_algorithm":"ecdsa-sha256","canonicalization":"exclusive","allow_idp_initiated":true,"name":"Wiki"}`)
	block, _ := pem.Decode([]byte(changed.SigningCertificate.PEM))
	if cert, err := x509.ParseCertificate(block.Bytes); err != nil || cert.PublicKeyAlgorithm != x509.ECDSA {
		t.Errorf("the admin is shown another certificate than the one that signs: %v", err)
	}
	page = b.Open(s.Issuer + "/saml/init?providerId=" + url.QueryEscape(sp.app.EntityID) + "&target=deep")
	if doc = answerOn(t, page); !strings.Contains(doc, "ecdsa-sha256") || page.Form(0).Value("RelayState") != "deep" {
		t.Errorf("RelayState %q in\n%s", page.Form(0).Value("RelayState"), doc)
	}

	// crewjam's application has an elliptic key, offers none to encrypt to, and none will do.
	if _, err := s.Owner.PatchServiceProvider(t.Context(), sp.app.App, json.RawMessage(`{"encrypt":"required"}`), ""); err == nil || !strings.Contains(err.Error(), "There is no encryption certificate of the application") {
		t.Errorf("encryption required: %v", err)
	}
}

func answerOn(t *testing.T, page *idptest.Page) string {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(page.Form(0).Value("SAMLResponse"))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
