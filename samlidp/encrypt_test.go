package samlidp_test

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/crewjam/saml"

	"cloudsso/idp"
	"cloudsso/samlidp"
)

func b64(raw []byte) string { return base64.StdEncoding.EncodeToString(raw) }

// secretive registers an application with a key to encrypt to.
func secretive(t testing.TB, change ...func(*idp.ServiceProvider)) func(*idp.ServiceProvider) {
	return func(sp *idp.ServiceProvider) {
		sp.EncryptionCerts, sp.Encrypt = [][]byte{certificate(t, "sp").Raw}, "required"
		for _, c := range change {
			c(sp)
		}
	}
}

// decrypted is what xmlsec1 makes of a document with the application's key.
func decrypted(t testing.TB, doc string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "doc.xml")
	must(t, os.WriteFile(file, []byte(doc), 0o600))
	out, err := exec.CommandContext(t.Context(), "xmlsec1", "--decrypt", "--privkey-pem", "testdata/sp-key.pem", file).Output()
	if err != nil {
		t.Fatalf("xmlsec1 cannot decrypt (%v):\n%s", err, doc)
	}
	return string(out)
}

func TestIIP_IDP09_EncryptedAssertionIsReadByXmlsec1(t *testing.T) {
	t.Parallel()
	for _, sign := range []string{"response", "assertion", "both"} {
		for cipher, uri := range map[string]string{
			"": "xmlenc11#aes256-gcm", "aes128-gcm": "xmlenc11#aes128-gcm", "aes192-gcm": "xmlenc11#aes192-gcm",
			"aes128-cbc": "xmlenc#aes128-cbc", "aes192-cbc": "xmlenc#aes192-cbc", "aes256-cbc": "xmlenc#aes256-cbc",
		} {
			t.Run(sign+" "+cipher, func(t *testing.T) {
				t.Parallel()
				h := newHouse(t)
				h.register(secretive(t, func(sp *idp.ServiceProvider) { sp.Sign, sp.EncryptionAlgorithm = sign, cipher }))
				h.signedIn()
				doc := document(t, h.send(authnRequest()))
				if strings.Contains(doc, "alice@example.org") || strings.Contains(doc, "<saml:Assertion") || !strings.Contains(doc, uri) {
					t.Fatalf("not what was asked for:\n%s", doc)
				}
				schemaValid(t, doc)
				if sign != "assertion" {
					verifiedWith(t, doc, "idp", onResponse)
				}
				plain := decrypted(t, doc)
				if !strings.Contains(plain, "alice@example.org") {
					t.Errorf("inside is\n%s", plain)
				}
				if sign != "response" {
					verifiedWith(t, plain, "idp", "/*/*/*[local-name()='Assertion']/*[local-name()='Signature']")
				}
			})
		}
	}
}

func TestEncryptedNameIDIsReadByXmlsec1(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change  func(*idp.ServiceProvider)
		request string
	}{
		"by policy":                 {func(sp *idp.ServiceProvider) { sp.NameID.Encrypt, sp.Encrypt = true, "never" }, authnRequest()},
		"by request":                {func(sp *idp.ServiceProvider) { sp.Encrypt = "never" }, with(`<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:encrypted"/>`)},
		"inside what is signed":     {func(sp *idp.ServiceProvider) { sp.NameID.Encrypt, sp.Encrypt, sp.Sign = true, "never", "both" }, authnRequest()},
		"in an encrypted assertion": {func(sp *idp.ServiceProvider) { sp.NameID.Encrypt = true }, authnRequest()},
		"of a format that was chosen": {func(sp *idp.ServiceProvider) {
			sp.NameID.Encrypt, sp.Encrypt, sp.NameID.Format = true, "never", "emailAddress"
		}, authnRequest()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.register(secretive(t, c.change))
			h.signedIn()
			doc := document(t, h.send(c.request))
			schemaValid(t, doc)
			verifiedWith(t, doc, "idp", onResponse)
			if strings.Contains(doc, "<saml:NameID") {
				t.Errorf("a NameID in the clear:\n%s", doc)
			}
			plain := decrypted(t, doc)
			if name == "in an encrypted assertion" {
				plain = decrypted(t, plain)
			}
			if !strings.Contains(plain, "<saml:EncryptedID><saml:NameID") {
				t.Errorf("inside is\n%s", plain)
			}
		})
	}
}

func TestWhenThereIsNoKeyToEncryptTo(t *testing.T) {
	t.Parallel()
	withoutKey := func(t *testing.T, h *house) { // the key was taken away after the registration was saved
		sp, err := h.store.ServiceProvider(t.Context(), "wiki")
		must(t, err)
		sp.EncryptionCerts = nil
		must(t, h.store.UpdateServiceProvider(t.Context(), sp))
	}
	t.Run("required: nothing leaves", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t)
		h.register(secretive(t))
		withoutKey(t, h)
		h.signedIn()
		r := response(t, h.send(authnRequest()))
		wantStatus(t, r, "Responder", "RequestUnsupported")
		if !strings.Contains(r.Status.Message, "must be encrypted, and that is not possible: There is no encryption certificate") {
			t.Errorf("message %q", r.Status.Message)
		}
	})
	t.Run("optional: in the clear", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t)
		h.register(secretive(t, func(sp *idp.ServiceProvider) { sp.Encrypt = "optional" }))
		withoutKey(t, h)
		h.signedIn()
		checkWiki(t, response(t, h.send(authnRequest())), "_request1")
	})
	t.Run("a key alone is no wish to be sent cipher", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t)
		h.register(secretive(t, func(sp *idp.ServiceProvider) { sp.Encrypt = "" }))
		h.signedIn()
		checkWiki(t, response(t, h.send(authnRequest())), "_request1")
	})
	t.Run("an encrypted NameID that was asked for", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t)
		h.register()
		h.signedIn()
		wantStatus(t, response(t, h.send(with(`<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:encrypted"/>`))), "Requester", "InvalidNameIDPolicy")
	})
}

// crewjam's service provider says in its metadata what it can read, and reads it.
func TestCrewjamsServiceProviderReadsWhatIsEncryptedForIt(t *testing.T) {
	t.Parallel()
	for _, cipher := range []string{"", "aes128-cbc", "aes128-gcm"} {
		t.Run(fmt.Sprintf("cipher %q", cipher), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.clock = time.Now().UTC()
			sp := stranger(t, h, true)
			var doc bytes.Buffer
			must(t, xml.NewEncoder(&doc).Encode(sp.Metadata()))
			record, _, err := samlidp.ServiceProvider(doc.Bytes(), h.now())
			must(t, err)
			if len(record.EncryptionCerts) != 1 || len(record.EncryptionMethods) == 0 {
				t.Fatalf("keys %d, methods %v", len(record.EncryptionCerts), record.EncryptionMethods)
			}
			record.Encrypt, record.EncryptionAlgorithm = "required", cipher
			must(t, samlidp.CompleteServiceProvider(&record, false))
			must(t, h.store.CreateServiceProvider(t.Context(), record))
			h.signedIn()
			h.login.session.AuthTime = h.now()
			sent := askSealed(t, h, sp)
			if strings.Contains(sent, "<saml:Assertion") || !strings.Contains(sent, "<saml:EncryptedAssertion ") {
				t.Errorf("not encrypted:\n%s", sent)
			}
		})
	}
}

// askSealed is one sign-in at a service provider of crewjam's, which must accept the answer.
func askSealed(t *testing.T, h *house, sp *saml.ServiceProvider) string {
	t.Helper()
	req, err := sp.MakeAuthenticationRequest(sp.GetSSOBindingLocation(saml.HTTPRedirectBinding), saml.HTTPRedirectBinding, saml.HTTPPostBinding)
	must(t, err)
	u, err := req.Redirect("relay", sp)
	must(t, err)
	sent := posted(t, h.get(u.String())).Fields.Get("SAMLResponse")
	a, err := sp.ParseXMLResponse(mustDecode(t, sent), []string{req.ID}, sp.AcsURL)
	if err != nil {
		t.Fatalf("%v: %v", err, err.(*saml.InvalidResponseError).PrivateErr)
	}
	if a.AttributeStatements[0].Attributes[0].Values[0].Value != "alice@example.org" {
		t.Errorf("assertion %+v", a)
	}
	return string(mustDecode(t, sent))
}
