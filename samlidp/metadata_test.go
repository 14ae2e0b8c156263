package samlidp_test

import (
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crewjam/saml"

	"cloudsso/idp"
	"cloudsso/keys"
	"cloudsso/samlidp"
)

func TestMetadata(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register(func(sp *idp.ServiceProvider) {
		sp.NameID.Format, sp.WantAuthnRequestsSigned, sp.SigningCerts = "emailAddress", true, [][]byte{certificate(t, "sp").Raw}
	})
	var etags []string
	for _, target := range []string{"/saml/metadata", "/saml/metadata/wiki"} {
		w := h.get(issuer + target)
		if ct := w.Header().Get("Content-Type"); w.Code != http.StatusOK || ct != "application/samlmetadata+xml" {
			t.Fatalf("%s: status %d, %q", target, w.Code, ct)
		}
		file := filepath.Join(t.TempDir(), "metadata.xml")
		must(t, os.WriteFile(file, w.Body.Bytes(), 0o600))
		valid(t, "saml-schema-metadata-2.0.xsd", file)
		var e saml.EntityDescriptor
		must(t, xml.Unmarshal(w.Body.Bytes(), &e))
		if e.EntityID != entityID || len(e.IDPSSODescriptors) != 1 || len(e.IDPSSODescriptors[0].SingleSignOnServices) != 2 {
			t.Errorf("%s: %+v", target, e)
		}
		for _, s := range e.IDPSSODescriptors[0].SingleSignOnServices {
			if s.Location != ssoURL {
				t.Errorf("SSO at %s", s.Location)
			}
		}
		etags = append(etags, w.Header().Get("ETag"))
		r := httptest.NewRequest(http.MethodGet, issuer+target, nil)
		r.Header.Set("If-None-Match", etags[len(etags)-1])
		if w := h.do(r); w.Code != http.StatusNotModified || w.Body.Len() != 0 {
			t.Errorf("%s again: status %d", target, w.Code)
		}
	}
	if etags[0] == etags[1] {
		t.Error("the app's metadata is not its own")
	}
	app := h.get(issuer + "/saml/metadata/wiki").Body.String()
	if !strings.Contains(app, `WantAuthnRequestsSigned="true"`) || strings.Count(app, "NameIDFormat>") != 2 || !strings.Contains(app, samlidp.FormatEmail) {
		t.Errorf("the app's policy does not show:\n%s", app)
	}
	if w := h.get(issuer + "/saml/metadata/nothing"); w.Code != http.StatusNotFound {
		t.Errorf("unknown app: status %d", w.Code)
	}
}

// What is published follows the key ring, and so does the signature.
func TestMetadataAndSignatureFollowTheRing(t *testing.T) {
	t.Parallel()
	ring := &turningRing{newRing(t)}
	h := newHouse(t, func(o *samlidp.Options) { o.Ring = ring })
	h.register(func(sp *idp.ServiceProvider) {
		sp.SignsRequests, sp.SigningCerts = true, [][]byte{certificate(t, "sp").Raw}
	})
	before := h.get(issuer + "/saml/metadata")
	if again := h.get(issuer + "/saml/metadata"); again.Header().Get("ETag") != before.Header().Get("ETag") {
		t.Error("the same keys, another document")
	}
	h.signedIn()
	posted(t, h.get(signedRedirect(t, authnRequest(), "")))
	ring.key = keys.SAMLKey{Signer: privateKey(t, "other"), Certificate: certificate(t, "other")}
	if after := h.get(issuer + "/saml/metadata"); after.Header().Get("ETag") == before.Header().Get("ETag") {
		t.Error("another key, the same document")
	}
	w := h.get(signedRedirect(t, authnRequest("_request1", "_request2"), ""))
	doc := string(mustDecode(t, posted(t, w).Fields.Get("SAMLResponse")))
	if !strings.Contains(doc, base64.StdEncoding.EncodeToString(certificate(t, "other").Raw)) {
		t.Error("the old certificate is sent with the new key")
	}
	ring.key = keys.SAMLKey{}
	if w := h.get(signedRedirect(t, authnRequest("_request1", "_request3"), "")); w.Code != http.StatusInternalServerError {
		t.Errorf("without a key: status %d", w.Code)
	}
}

type turningRing struct{ fakeRing }

func TestMetadataOfAnAppSwitchedOff(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register(func(sp *idp.ServiceProvider) { sp.Disabled = true })
	h.wantPage(h.get(issuer+"/saml/metadata/wiki"), http.StatusNotFound, "There is no application at this address")
}

func TestNewWantsEverything(t *testing.T) {
	t.Parallel()
	if _, err := samlidp.New(samlidp.Options{Issuer: issuer}); err == nil {
		t.Error("a provider without parts")
	}
	if got := newHouse(t).saml.EntityID(); got != entityID {
		t.Errorf("entity ID %q", got)
	}
}
