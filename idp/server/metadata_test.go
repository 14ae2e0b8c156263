package server_test

import (
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/config"
	"cloudsso/idp/idptest"
	"cloudsso/keys"
)

// source is a web server with one document; what asks for more is written down.
type source struct {
	*httptest.Server
	doc, asked atomic.Value
}

func newSource(t *testing.T, doc string) *source {
	t.Helper()
	s := &source{}
	s.doc.Store(doc)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Store(r.URL.EscapedPath())
		if s.doc.Load() == "" {
			http.Error(w, "down", http.StatusBadGateway)
			return
		}
		io.WriteString(w, s.doc.Load().(string))
	}))
	t.Cleanup(s.Close)
	return s
}

func entity(id, acs string) string {
	return `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + id + `"><md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` +
		`<md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="` + acs + `" index="1"/></md:SPSSODescriptor></md:EntityDescriptor>`
}

func eventsOf(t *testing.T, s *idptest.Server, name string) []idp.Event {
	t.Helper()
	list, err := s.Records.Events(t.Context(), idp.EventFilter{Name: name}, idp.Page{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// What a source says is applied with an Event that says what changed; what it fails to say
// changes nothing but is told.
func TestMetadataIsReadAgainByItself(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	src := newSource(t, entity("urn:crm", "https://crm.example/acs"))
	sp, err := s.Owner.ImportServiceProvider(t.Context(), api.NewServiceProvider{App: "crm", MetadataURL: src.URL, ServiceProviderSettings: api.ServiceProviderSettings{Name: "CRM"}})
	if err != nil || sp.MetadataSource == nil {
		t.Fatalf("%+v %v", sp, err)
	}
	refresh := func(doc string) idp.ServiceProvider {
		t.Helper()
		src.doc.Store(doc)
		s.Clock.Advance(7 * time.Hour)
		if err := s.Product.Admin().RefreshMetadata(t.Context()); err != nil {
			t.Fatal(err)
		}
		row, err := s.Records.ServiceProvider(t.Context(), "crm")
		if err != nil {
			t.Fatal(err)
		}
		return row
	}
	row := refresh(entity("urn:crm", "https://new.example/acs"))
	if row.ACS[0].Location != "https://new.example/acs" || row.Name != "CRM" {
		t.Errorf("not applied: %+v", row)
	}
	told := eventsOf(t, s, idp.EventSPRefreshed)
	if len(told) != 1 || told[0].Detail["changed"] != "acs" || !strings.Contains(told[0].Detail["acs"], "-1 HTTP-POST https://crm.example/acs; +1 HTTP-POST https://new.example/acs") {
		t.Fatalf("told %+v", told)
	}
	refresh(entity("urn:crm", "https://new.example/acs"))
	if len(eventsOf(t, s, idp.EventSPRefreshed)) != 1 {
		t.Error("nothing changed, and it is told")
	}
	for _, c := range []struct{ name, doc, fault string }{
		{"S19 another entity's metadata", entity("urn:evil", "https://evil.example/acs"), "does not describe the entity ID"},
		{"the source is down", "", "answered with status 502"},
		{"S09 a script", entity("urn:crm", "javascript:alert(1)"), "Line 1, column "},
		{"not https", entity("urn:crm", "http://evil.example/acs"), "must be a complete https:// address"},
	} {
		row := refresh(c.doc)
		if row.ACS[0].Location != "https://new.example/acs" || !strings.Contains(row.Source.Fault, c.fault) {
			t.Errorf("%s: %s, %q", c.name, row.ACS[0].Location, row.Source.Fault)
		}
	}
	refresh("") // the fault before was another
	refresh("")
	if stale := eventsOf(t, s, idp.EventSPStale); len(stale) != 5 || !strings.Contains(stale[0].Detail["fault"], "502") {
		t.Errorf("%d Events of faults: %+v", len(stale), stale)
	}
	if row := refresh(entity("urn:crm", "https://new.example/acs")); row.Source.Fault != "" || row.Source.Failures != 0 {
		t.Errorf("recovered: %+v", row.Source)
	}
}

// IIP-MD01: the entity is asked for by its name, or by the hash of it.
func TestIIP_MD01_MetadataQuery(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	src := newSource(t, entity("https://crm.example/saml", "https://crm.example/acs"))
	for base, want := range map[string]string{
		src.URL + "/":                "/entities/https%3A%2F%2Fcrm.example%2Fsaml",
		src.URL + "/entities/{sha1}": "/entities/%7Bsha1%7D",
	} {
		p, err := s.Owner.PreviewServiceProvider(t.Context(), api.NewServiceProvider{MDQURL: base, EntityID: "https://crm.example/saml"})
		if err != nil || p.ServiceProvider == nil || len(p.Changes) == 0 || !strings.HasPrefix(src.asked.Load().(string), want) {
			t.Errorf("%s: asked for %v: %+v %v", base, src.asked.Load(), p, err)
		}
	}
	if _, err := s.Records.ServiceProvider(t.Context(), "crm-example"); err == nil {
		t.Error("a preview saves")
	}
}

// A preview lists a collection, and compares with what is registered.
func TestAPreviewOfMetadata(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{})
	doc := `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">` + entity("urn:a", "https://a.example/acs") + entity("urn:b", "https://b.example/acs") + `</md:EntitiesDescriptor>`
	in := api.NewServiceProvider{MetadataXML: doc}
	if p, err := s.Owner.PreviewServiceProvider(t.Context(), in); err != nil || len(p.Entities) != 2 || p.ServiceProvider != nil {
		t.Fatalf("%+v %v", p, err)
	}
	in.EntityID = "urn:b"
	if _, err := s.Owner.ImportServiceProvider(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	in.MetadataXML = entity("urn:b", "https://new.example/acs")
	p, err := s.Owner.PreviewServiceProvider(t.Context(), in)
	if err != nil || p.App == "" || len(p.Changes) != 1 || p.Changes[0].Field != "acs" || !strings.Contains(p.Changes[0].Added[0], "https://new.example/acs") {
		t.Errorf("%+v %v", p, err)
	}
}

// Our metadata: on request signed, with who runs it, and per application with the
// certificate that is its own.
func TestOurMetadataForAnApplication(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Options{Config: func(c *config.Config) {
		c.Organisation = config.Organisation{Name: "Ada", URL: "https://ada.example", SupportURL: "https://ada.example/help", TechnicalEmail: "sso@ada.example", LogoURL: "https://ada.example/l.png", LogoWidth: 1, LogoHeight: 1}
		c.SAML.Scope = "ada.example"
	}})
	if _, err := s.Owner.ImportServiceProvider(t.Context(), api.NewServiceProvider{App: "crm", MetadataXML: entity("urn:crm", "https://crm.example/acs")}); err != nil {
		t.Fatal(err)
	}
	get := func(path string) (string, *http.Response) {
		t.Helper()
		resp, err := http.Get(s.Issuer + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return string(body), resp
	}
	plain, first := get("/saml/metadata/crm")
	for _, want := range []string{`errorURL="https://ada.example/help"`, "<md:OrganizationURL", "mailto:sso@ada.example", "ada.example</shibmd:Scope>", `cacheDuration="PT6H"`} {
		if !strings.Contains(plain, want) {
			t.Errorf("%s is not in\n%s", want, plain)
		}
	}
	signed, resp := get("/saml/metadata/crm?signed")
	if !strings.Contains(signed, "<ds:SignatureValue>") || !strings.Contains(signed, "validUntil=") || !strings.HasPrefix(resp.Header.Get("ETag"), `W/"`) {
		t.Errorf("not signed:\n%s", signed)
	}
	own, err := s.Owner.RotateKey(t.Context(), api.KeyRotation{Use: idp.KeyUseSAML, App: "crm"})
	if err != nil {
		t.Fatal(err)
	}
	if after, resp := get("/saml/metadata/crm"); strings.Count(after, `use="signing"`) != strings.Count(plain, `use="signing"`)+1 || resp.Header.Get("ETag") == first.Header.Get("ETag") {
		t.Error("the certificate to come is not published")
	}
	users, err := s.Owner.KeyUsers(t.Context(), own.KID)
	if err != nil || len(users.Items) != 1 || !users.Items[0].Seen || users.Items[0].Signs {
		t.Errorf("%+v %v", users, err)
	}
	if _, err := s.Owner.ActivateKey(t.Context(), own.KID, api.KeyStep{Now: true}); err != nil {
		t.Fatal(err)
	}
	text, _ := get("/saml/metadata/crm/certificate.pem")
	block, _ := pem.Decode([]byte(text))
	if block == nil || string(block.Bytes) != string(own.Certificate) {
		t.Errorf("another certificate: %s", text)
	}
	der, _ := get("/saml/metadata/crm/certificate.der")
	if _, err := x509.ParseCertificate([]byte(der)); err != nil {
		t.Error(err)
	}
	if line, _ := get("/saml/metadata/crm/certificate.txt"); strings.ContainsAny(line, "\n-") {
		t.Errorf("not one line: %s", line)
	}
	if _, resp := get("/saml/metadata/crm/key.pem"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("status %d", resp.StatusCode)
	}
	if _, err := s.Owner.PatchServiceProvider(t.Context(), "crm", []byte(`{"signing_key":"saml/RS256/1"}`), ""); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Owner.RotateKey(t.Context(), api.KeyRotation{Use: idp.KeyUseSAML, Now: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Owner.RetireKey(t.Context(), "saml/RS256/1", api.KeyStep{}); err == nil || !strings.Contains(err.Error(), "pinned to the key") {
		t.Errorf("a pinned key is retired: %v", err)
	}
	if err := s.Owner.DeleteServiceProvider(t.Context(), "crm", ""); err != nil {
		t.Fatal(err)
	}
	for _, k := range s.Owner.Keys().Items {
		if k.App == "crm" && k.State != keys.Retired {
			t.Error("the own key outlives its application")
		}
	}
}
