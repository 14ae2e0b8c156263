package samlidp_test

import (
	"encoding/base64"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"testing"

	"cloudsso/idp"
	"cloudsso/samlidp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The bytes on the wire: a fixed clock, fixed ids and a deterministic signature.
func TestResponseWireBytes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*idp.ServiceProvider)
		send   func(h *house) *httptest.ResponseRecorder
	}{
		"response": {func(*idp.ServiceProvider) {}, func(h *house) *httptest.ResponseRecorder { return h.send(authnRequest()) }},
		"both":     {func(sp *idp.ServiceProvider) { sp.Sign = "both" }, func(h *house) *httptest.ResponseRecorder { return h.send(authnRequest()) }},
		"influitive": {func(sp *idp.ServiceProvider) {
			sp.Sign, sp.AllowIDPInitiated, sp.Lifetime = "assertion", true, 60
			sp.NameID = idp.NameIDCfg{Format: "emailAddress", NameQualifier: "Influitive-AdvocateHub"}
			sp.Attributes = []idp.Mapping{{Name: "FirstName", From: "given_name"}, {Name: "LastName", From: "family_name"}, {Name: "Email", From: "email"}}
		}, func(h *house) *httptest.ResponseRecorder { return h.get(issuer + "/saml/init/wiki") }},
		"influitive-legacy": {func(sp *idp.ServiceProvider) { // to the letter of the guide's sample
			skew := int64(0)
			sp.Sign, sp.Lifetime, sp.ClockSkew, sp.Canonicalization = "response", 60, &skew, "inclusive"
			sp.SignatureAlgorithm, sp.LegacyUntil = "rsa-sha1", "2027-06-30"
			sp.Audiences, sp.OmitEntityAudience = []string{"Influitive-AdvocateHub"}, true
			sp.AuthnContext = anyClass
			sp.NameID = idp.NameIDCfg{Format: "emailAddress", NameQualifier: "Influitive-AdvocateHub"}
			sp.Attributes = []idp.Mapping{{Name: "FirstName", From: "given_name"}, {Name: "LastName", From: "family_name"}, {Name: "Email", From: "email"}}
		}, func(h *house) *httptest.ResponseRecorder { return h.send(authnRequest()) }},
		"refusal": {func(*idp.ServiceProvider) {}, func(h *house) *httptest.ResponseRecorder {
			h.login.session = nil
			return h.send(attrs(`IsPassive="true"`))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.register(func(sp *idp.ServiceProvider) { sp.NameID.Format = "transient" }, c.change)
			h.signedIn()
			n := 0
			h.saml.FixIDs(func() string { n++; return fmt.Sprintf("_id%d", n) })
			w := c.send(h)
			got, err := base64.StdEncoding.DecodeString(posted(t, w).Fields.Get("SAMLResponse"))
			must(t, err)
			judged(t, got)
			file := "testdata/golden/" + name + ".xml"
			if *update {
				must(t, os.MkdirAll("testdata/golden", 0o755))
				must(t, os.WriteFile(file, got, 0o644))
			}
			want, err := os.ReadFile(file)
			must(t, err)
			if string(got) != string(want) {
				t.Errorf("the bytes changed (go test -update writes them anew):\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// The bytes of logout, in each binding's form.
func TestLogoutWireBytes(t *testing.T) {
	t.Parallel()
	persistent := func(sp *idp.ServiceProvider) {
		sp.NameID.Format, sp.NameID.NameQualifier = "unspecified", "Hub&Co"
		sp.SLO = []idp.Endpoint{{Binding: postBinding, Location: spSLO}, {Binding: soapBinding, Location: "https://wiki.example/soap"}}
	}
	for name, message := range map[string]func(t *testing.T, h *house, app *appServer) []byte{
		"logout_request_post": func(t *testing.T, h *house, _ *appServer) []byte {
			doc, err := base64.StdEncoding.DecodeString(posted(t, h.get(h.farewell("one", "wiki", "").Visit)).Fields.Get("SAMLRequest"))
			must(t, err)
			return doc
		},
		"logout_request_redirect": func(t *testing.T, h *house, _ *appServer) []byte {
			return inRedirect(t, h.farewell("one", "blog", "wiki").Visit, blogSLO, "SAMLRequest").doc
		},
		"logout_request_soap": func(t *testing.T, h *house, app *appServer) []byte {
			must(t, h.farewell("", "wiki", "").Send(t.Context()))
			return app.requests[0].doc
		},
		"logout_response_redirect": func(t *testing.T, h *house, _ *appServer) []byte {
			h.logout.incomplete = true
			return answered(t, h.follow(h.get(bySP(t, "other", "SAMLRequest", logoutRequest(spEntity, blogEntity), ""))), blogSLO).doc
		},
		"logout_response_soap": func(t *testing.T, h *house, _ *appServer) []byte {
			return judgedLogout(t, h.soap(bySOAP(t, "sp", email, "nobody")).Body.Bytes()).doc
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := &appServer{answer: func(id string) (int, string) { return 200, soapEnvelope(logoutResponse(id, spEntity)) }}
			h := newHouse(t, func(o *samlidp.Options) { o.Post = app.post(t) })
			h.two(persistent)
			n := 0
			h.saml.FixIDs(func() string { n++; return fmt.Sprintf("_id%d", n) })
			golden(t, name, message(t, h, app))
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := "testdata/golden/" + name + ".xml"
	if *update {
		must(t, os.WriteFile(file, got, 0o644))
	}
	want, err := os.ReadFile(file)
	must(t, err)
	if string(got) != string(want) {
		t.Errorf("the bytes changed (go test -update writes them anew):\n%s\nwant\n%s", got, want)
	}
}
