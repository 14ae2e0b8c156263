package api_test

import (
	"bytes"
	"compress/flate"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/samlidp"
)

// realSAML reads metadata as the product does.
func realSAML(o *api.Options) {
	o.SAML = api.SAML{Find: samlidp.FindServiceProvider, Entities: samlidp.MetadataEntities, Complete: samlidp.CompleteServiceProvider}
}

func spXML(entityID string) string {
	return `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + entityID + `"><SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://app.example/acs" index="0"/></SPSSODescriptor></EntityDescriptor>`
}

const idpXML = `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://login.example/"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"/></EntityDescriptor>`

func testCertificate(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return certificateOf(t, key)
}

func certificateOf(t *testing.T, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "crm.example"}, NotAfter: time.Date(2028, 1, 2, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func deflated(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression)
	_, err := w.Write([]byte(text))
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return url.QueryEscape(base64.StdEncoding.EncodeToString(b.Bytes()))
}

func TestWhateverIsPastedIsRecognised(t *testing.T) {
	t.Parallel()
	der := testCertificate(t)
	certificate := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	request := `<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" AssertionConsumerServiceURL="https://app.example/acs"><saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">urn:example:app</saml:Issuer></samlp:AuthnRequest>`
	for name, c := range map[string]struct {
		paste   string
		doc     string // at the address
		what    string
		preset  string
		answers map[string]string
		missing string
		known   string
	}{
		"metadata of a service provider": {paste: " \n" + spXML("https://app.example/md"), what: "the metadata of the SAML app https://app.example/md.", preset: "saml-metadata",
			answers: map[string]string{"metadata": spXML("https://app.example/md")}},
		"its address": {paste: "https://app.example/saml/metadata", doc: spXML("https://app.example/md"), what: "At this address is a document. This is the metadata of the SAML app", preset: "saml-metadata-url",
			answers: map[string]string{"url": "https://app.example/saml/metadata"}},
		"metadata that is broken":          {paste: `<EntityDescriptor entityID="x"><SPSSODescriptor></EntityDescriptor>`, what: "cannot be read.", preset: "saml-metadata", missing: "by hand"},
		"metadata that is known":           {paste: spXML("https://crm.example/md"), what: "registered already", known: "crm"},
		"a collection":                     {paste: `<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">` + spXML("urn:a") + spXML("urn:b") + `</EntitiesDescriptor>`, what: "it describes 2 apps", preset: "saml-metadata", missing: "Choose which one"},
		"metadata of an identity provider": {paste: idpXML, what: "the metadata of an identity provider (https://login.example/)", missing: "service provider (SP)"},
		"our own metadata":                 {paste: strings.ReplaceAll(idpXML, "https://login.example/", issuer+"/saml/metadata"), what: "our own metadata", missing: "Ask for the metadata of the app"},
		"other XML":                        {paste: "<note/>", what: `its root is "note"`, missing: "metadata"},
		"a web page":                       {paste: "<!doctype html><html></html>", what: "a web page", missing: "metadata"},
		"a SAML response":                  {paste: `<Response xmlns="urn:oasis:names:tc:SAML:2.0:protocol"/>`, what: "Nothing of it was kept", missing: "metadata"},
		"a SAML request":                   {paste: request, what: "a sign-in request of the SAML app urn:example:app", preset: "saml-app", answers: map[string]string{"entity": "urn:example:app", "acs": "https://app.example/acs"}},
		"a link with a SAML request":       {paste: issuer + "/saml/sso?SAMLRequest=" + deflated(t, request), what: "a sign-in request of the SAML app urn:example:app", preset: "saml-app", answers: map[string]string{"acs": "https://app.example/acs"}},
		"client metadata": {paste: `{"client_name":"Wiki","redirect_uris":["https://wiki.example/a","https://wiki.example/b"],"logo_uri":"https://wiki.example/logo.png","software_id":"x"}`,
			what: "(RFC 7591). Left out, because nothing here depends on it: software_id.", preset: "web-app", answers: map[string]string{"redirects": "https://wiki.example/a\nhttps://wiki.example/b"}},
		"client metadata of a machine":    {paste: `{"grant_types":["client_credentials"]}`, what: "RFC 7591", preset: "machine"},
		"client metadata of a browser":    {paste: `{"token_endpoint_auth_method":"none","redirect_uris":["https://spa.example/"]}`, what: "RFC 7591", preset: "single-page-app"},
		"client metadata of a phone":      {paste: `{"application_type":"native","client_name":"X"}`, what: "RFC 7591", preset: "native-app", missing: "The redirect URIs"},
		"client metadata that is known":   {paste: `{"client_id":"wiki","client_name":"Wiki"}`, what: "registered already", known: "wiki"},
		"a discovery document":            {paste: `{"issuer":"https://login.example","authorization_endpoint":"https://login.example/a","token_endpoint":"https://login.example/t"}`, what: "the discovery document of https://login.example: of an identity provider", missing: "redirect URI"},
		"its discovery address":           {paste: "https://login.example/.well-known/openid-configuration", doc: `{"issuer":"https://login.example","token_endpoint":"https://login.example/t"}`, what: "At this address is a document. This is the discovery document", missing: "redirect URI"},
		"our own discovery document":      {paste: `{"issuer":"` + issuer + `","token_endpoint":"x"}`, what: "our own discovery document", missing: "redirect URI"},
		"our own discovery address":       {paste: issuer + "/.well-known/openid-configuration", what: "an address of ours", missing: "redirect URI"},
		"a key set":                       {paste: `{"keys":[{"kty":"EC","crv":"P-256","x":"a","y":"b"}]}`, what: "a key set with 1 keys", preset: "web-app", missing: "The redirect URI"},
		"other JSON":                      {paste: `{"a":1}`, what: "JSON with the members a", missing: "redirect_uris"},
		"JSON that was cut off":           {paste: `{"redirect_uris":["ht`, what: "cannot be read", missing: "whole document"},
		"a certificate":                   {paste: certificate, what: "a certificate of CN=crm.example, which ends on 2028-01-02", preset: "saml-app", missing: "entity ID"},
		"a certificate as a file":         {paste: string(der), what: "a certificate of CN=crm.example", preset: "saml-app", missing: "entity ID"},
		"a public key":                    {paste: "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", what: "a public key without a certificate", missing: "certificate"},
		"a fingerprint":                   {paste: "AA:BB:" + strings.Repeat("00:", 17) + "FF", what: "the fingerprint of a certificate", missing: "certificate itself"},
		"a redirect URI":                  {paste: "https://wiki.example/callback", what: "taken for a redirect URI", preset: "web-app", answers: map[string]string{"redirects": "https://wiki.example/callback"}},
		"redirect URIs":                   {paste: "https://wiki.example/a\nhttps://wiki.example/b\n", what: "redirect URIs", preset: "web-app", answers: map[string]string{"redirects": "https://wiki.example/a\nhttps://wiki.example/b"}},
		"a redirect URI of a phone":       {paste: "com.example.app:/callback", what: "on a phone or a computer", preset: "native-app"},
		"a redirect URI of a program":     {paste: "http://127.0.0.1:8765/cb", what: "on somebody's computer", preset: "native-app"},
		"an ACS URL":                      {paste: "https://crm.example/saml/acs", what: "the ACS URL of a SAML app", preset: "saml-app", answers: map[string]string{"acs": "https://crm.example/saml/acs"}, missing: "entity ID"},
		"an entity ID that is an address": {paste: "https://app.example/metadata", what: "the entity ID of a SAML app", preset: "saml-app", answers: map[string]string{"entity": "https://app.example/metadata"}, missing: "ACS URL"},
		"an OpenID Connect request":       {paste: "https://sso.other.example/authorize?client_id=x&redirect_uri=https%3A%2F%2Fwiki.example%2Fcb", what: "a sign-in request of an OpenID Connect app", preset: "web-app", answers: map[string]string{"redirects": "https://wiki.example/cb"}},
		"an app's address":                {paste: "https://wiki.example/", doc: "<html></html>", what: "the address of an app", preset: "web-app", answers: map[string]string{"start": "https://wiki.example/"}, missing: "redirect URI"},
		"a URN":                           {paste: "urn:example:app", what: "an entity ID", preset: "saml-app", answers: map[string]string{"entity": "urn:example:app"}, missing: "ACS URL"},
		"a URN that is known":             {paste: "urn:example:known", what: "registered already", known: "known"},
		"a word":                          {paste: "hello", what: "nothing that is known here", missing: "client metadata (JSON)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, realSAML)
			w.fetcher.doc = c.doc
			if c.known != "" {
				register(t, w)
			}
			r, err := w.owner().Recognise(t.Context(), c.paste)
			if err != nil || !strings.Contains(r.What, c.what) || !strings.Contains(r.Missing, c.missing) || c.missing == "" && r.Missing != "" && r.Known == "" || r.Known != c.known {
				t.Fatalf("recognised %+v, %v", r, err)
			}
			if c.preset == "" {
				if r.App != nil {
					t.Errorf("makes %+v of it", r.App)
				}
				return
			}
			if r.App == nil || r.App.Preset != c.preset {
				t.Fatalf("the form is %+v, want %s", r.App, c.preset)
			}
			for id, want := range c.answers {
				if r.App.Answers[id] != want {
					t.Errorf("answer %s is %q, want %q", id, r.App.Answers[id], want)
				}
			}
		})
	}
}

func register(t *testing.T, w *world) {
	t.Helper()
	for app, entityID := range map[string]string{"crm": "https://crm.example/md", "known": "urn:example:known"} {
		_, err := w.owner().ImportServiceProvider(t.Context(), api.NewServiceProvider{App: app, EntityID: entityID, ACS: []api.ACSEndpoint{{Location: "https://crm.example/acs", Index: -1}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.owner().CreateClient(t.Context(), api.NewClient{ClientID: "wiki", ClientMetadata: idp.ClientMetadata{RedirectURIs: []string{"https://wiki.example/cb"}}})
	if err != nil {
		t.Fatal(err)
	}
}

// What is recognised with nothing missing makes an app that has all of what was pasted.
func TestTheFormThatIsFilledInMakesTheApp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, realSAML)
	r, err := w.owner().Recognise(t.Context(), `{"client_id":"theirs","client_name":"Wiki","redirect_uris":["https://wiki.example/cb"],"backchannel_logout_uri":"https://wiki.example/bye","token_endpoint_auth_method":"client_secret_post","default_max_age":600}`)
	if err != nil || r.Missing != "" {
		t.Fatalf("%+v, %v", r, err)
	}
	app, err := w.owner().CreateApp(t.Context(), *r.App, false)
	if err != nil {
		t.Fatal(err)
	}
	c := app.Client
	if c.ClientID == "theirs" || c.ClientName != "Wiki" || c.BackchannelLogoutURI != "https://wiki.example/bye" || c.TokenEndpointAuthMethod != "client_secret_post" || *c.DefaultMaxAge != 600 || c.ClientSecret == "" {
		t.Errorf("made %+v", c)
	}
	w.fetcher.doc = spXML("urn:example:fetched")
	if r, err = w.owner().Recognise(t.Context(), "https://app.example/md"); err != nil {
		t.Fatal(err)
	}
	if app, err = w.owner().CreateApp(t.Context(), *r.App, false); err != nil || app.ServiceProvider.MetadataSource == nil {
		t.Errorf("made %+v, %v", app.ServiceProvider, err)
	}
	r, err = w.owner().Recognise(t.Context(), string(testCertificate(t)))
	if err != nil {
		t.Fatal(err)
	}
	r.App.Answers = map[string]string{"entity": "urn:example:signs", "acs": "https://app.example/acs"}
	if app, err = w.owner().CreateApp(t.Context(), *r.App, true); err != nil || len(app.ServiceProvider.SPSigningCertificates) != 1 {
		t.Errorf("would make %+v, %v", app.ServiceProvider, err)
	}
}

// A certificate in DER ends in a signature, which may end in any byte, also in one that
// is a space in a text.
func TestACertificateIsKnownWhateverItsLastByte(t *testing.T) {
	t.Parallel()
	w := newWorld(t, realSAML)
	for seen := map[bool]bool{}; !seen[true] || !seen[false]; {
		der := testCertificate(t)
		blank := len(bytes.TrimSpace(der)) < len(der)
		if seen[blank] {
			continue
		}
		seen[blank] = true
		r, err := w.owner().Recognise(t.Context(), string(der))
		if err != nil || r.App == nil || r.App.Settings["sp_signing_certificates"] == nil {
			t.Errorf("the last byte is %#x: %+v, %v", der[len(der)-1], r, err)
		}
	}
}

// Attack, or accident: what is pasted must not be kept, shown again or sent anywhere.
func TestSecretsThatArePastedAreNotRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, paste := range map[string]string{
		"a private key":             "-----BEGIN PRIVATE KEY-----\nMIIEsecret\n-----END PRIVATE KEY-----",
		"a key with a certificate":  string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: testCertificate(t)})) + "-----BEGIN RSA PRIVATE KEY-----\nMIIEsecret\n-----END RSA PRIVATE KEY-----",
		"a private JSON Web Key":    `{"kty":"EC","crv":"P-256","x":"a","y":"b","d":"MIIEsecret"}`,
		"a private key in a set":    `{"keys":[{"kty":"EC"},{"kty":"oct","k":"MIIEsecret"}]}`,
		"a token":                   "eyJhbGciOiJub25lIn0.MIIEsecret.x",
		"a client with its secret":  `{"client_name":"x","client_secret":"MIIEsecret"}`,
		"a response about a person": `<Response xmlns="urn:oasis:names:tc:SAML:2.0:protocol">MIIEsecret</Response>`,
	} {
		r, err := w.owner().Recognise(t.Context(), paste)
		if err != nil || strings.Contains(r.What+r.Missing, "MIIEsecret") {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
		if r.App != nil && strings.Contains(r.App.SettingsText(), "MIIEsecret") {
			t.Errorf("%s: the form has it: %s", name, r.App.SettingsText())
		}
	}
	if len(w.fetcher.urls) > 0 {
		t.Errorf("fetched %q", w.fetcher.urls)
	}
}

// Attack: an address inside our network is pasted. What fetches refuses it; the sentence
// says so and nothing of an answer.
func TestAnAddressThatMayNotBeReadIsSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fetcher.err = idp.Errorf(idp.Invalid, "The address is not on the public internet.")
	r, err := w.owner().Recognise(t.Context(), "https://10.0.0.1/metadata")
	if err != nil || !strings.Contains(r.What, "The address is not on the public internet.") {
		t.Errorf("%+v, %v", r, err)
	}
	for name, paste := range map[string]string{"nothing": " \n ", "too much": strings.Repeat("x", 1<<20+1)} {
		if r, err := w.owner().Recognise(t.Context(), paste); err == nil || api.Faults(err)[0].Field != "paste" {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

// Attack: a request that inflates to gigabytes. What comes after the cap is not read.
func TestADeflateBombStopsEarly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for padding, read := range map[int]bool{1: true, 8 << 20: false} {
		bomb := "https://sso.other.example/saml?SAMLRequest=" + deflated(t, "<AuthnRequest>"+strings.Repeat(" ", padding)+"<Issuer>https://late.example</Issuer></AuthnRequest>")
		r, err := w.owner().Recognise(t.Context(), bomb)
		if err != nil || !strings.Contains(r.What, "sign-in request") {
			t.Fatalf("%+v, %v", r, err)
		}
		if told, err := json.Marshal(r); err != nil || strings.Contains(string(told), "late.example") != read {
			t.Errorf("after %d bytes: %s, %v", padding, told, err)
		}
	}
}
