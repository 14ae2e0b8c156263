package api_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloudsso/api"
	"cloudsso/idp"
)

const sps = "/api/v1/service-providers"

func crm() map[string]any {
	return map[string]any{"metadata_xml": metadata("https://crm.example/saml", "https://crm.example/acs")}
}

func TestAServiceProviderComesFromItsMetadata(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.call("POST", sps, with(crm(), "name", "CRM")).want(http.StatusCreated)
	for member, want := range map[string]string{
		"app": "crm-example-saml", "entity_id": "https://crm.example/saml", "name": "CRM", "sign": "response",
		"metadata_url": issuer + "/saml/metadata/crm-example-saml",
	} {
		if a.str(member) != want {
			t.Errorf("%s = %q, want %q", member, a.str(member), want)
		}
	}
	if a.body["idp_initiated_url"] != nil || a.body["launch_url"] != nil {
		t.Errorf("links that do not work: %s", a.raw)
	}
	cert, _ := a.body["signing_certificate"].(map[string]any)
	block, _ := pem.Decode([]byte(cert["pem"].(string)))
	sum := sha256.Sum256(block.Bytes)
	if cert["sha256"] != hex.EncodeToString(sum[:]) || len(cert["sha1"].(string)) != 40 {
		t.Errorf("certificate %v", cert)
	}
	if a.header.Get("Location") != issuer+sps+"/crm-example-saml" || a.header.Get("ETag") != `"1"` {
		t.Errorf("Location %q", a.header.Get("Location"))
	}
	if ws, _ := a.body["warnings"].([]any); len(ws) != 1 {
		t.Errorf("warnings %v", a.body["warnings"])
	}
	if got := w.call("GET", sps+"/crm-example-saml", nil).want(http.StatusOK); got.str("entity_id") != "https://crm.example/saml" {
		t.Error(got.raw)
	}
	if l := w.call("GET", sps, nil).want(http.StatusOK); len(l.items()) != 1 {
		t.Error(l.raw)
	}
}

func TestAServiceProviderThatAllowsItHasALink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.call("POST", sps, with(crm(), "app", "crm", "allow_idp_initiated", true)).want(http.StatusCreated)
	if a.str("idp_initiated_url") != issuer+"/saml/init/crm" || a.str("launch_url") != issuer+"/saml/init/crm" {
		t.Errorf("%s", a.raw)
	}
	if a = w.call("PATCH", sps+"/crm", `{"disabled":true}`).want(http.StatusOK); a.body["idp_initiated_url"] != nil {
		t.Error("a disabled app has a link")
	}
}

func TestMetadataIsFetchedFromItsAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fetcher.doc = metadata("https://crm.example/saml", "https://crm.example/acs")
	a := w.call("POST", sps, map[string]any{"metadata_url": "https://crm.example/metadata"}).want(http.StatusCreated)
	if a.str("entity_id") != "https://crm.example/saml" || len(w.fetcher.urls) != 1 || w.fetcher.urls[0] != "https://crm.example/metadata" {
		t.Errorf("%v %s", w.fetcher.urls, a.raw)
	}
	w.fetcher.err = idp.Errorf(idp.Invalid, "10.0.0.1 is not on the public internet.")
	if a := w.call("POST", sps, map[string]any{"metadata_url": "https://10.0.0.1/"}); a.problem() != "422 10.0.0.1 is not on the public internet. pointer=#/metadata_url" {
		t.Error(a.problem())
	}
	w.fetcher.err = idp.Errorf(idp.Unavailable, "crm.example cannot be reached.")
	if a := w.call("POST", sps, map[string]any{"metadata_url": "https://crm.example/"}); a.problem() != "503 crm.example cannot be reached. pointer=#/metadata_url" {
		t.Error(a.problem())
	}
}

func TestAServiceProviderCanBeSetUpByHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	theirs := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ring().SAMLKey().Certificate.Raw}))
	a := w.call("POST", sps, map[string]any{
		"entity_id": "https://hand.example", "app": "hand",
		"acs":                     []any{"https://hand.example/acs", map[string]any{"location": "https://hand.example/acs2", "is_default": true}, map[string]any{"location": "https://hand.example/acs3", "index": 9}},
		"slo":                     []any{map[string]any{"location": "https://hand.example/slo", "response_location": "https://hand.example/bye"}, map[string]any{"location": "https://hand.example/soap", "binding": "SOAP"}},
		"sp_signing_certificates": []string{theirs},
		"slo_binding":             "soap",
	}).want(http.StatusCreated)
	sp, err := w.store.ServiceProvider(t.Context(), "hand")
	if err != nil || len(sp.ACS) != 3 || len(sp.SigningCerts) != 1 {
		t.Fatalf("%+v %v", sp, err)
	}
	for i, want := range []idp.Endpoint{
		{Location: "https://hand.example/acs", Index: 0}, {Location: "https://hand.example/acs2", Index: 1, IsDefault: true}, {Location: "https://hand.example/acs3", Index: 9},
	} {
		want.Binding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
		if sp.ACS[i] != want {
			t.Errorf("acs %d: %+v", i, sp.ACS[i])
		}
	}
	for i, want := range []idp.Endpoint{
		{Location: "https://hand.example/slo", ResponseLocation: "https://hand.example/bye"},
		{Location: "https://hand.example/soap", Index: 1, Binding: "SOAP"},
	} {
		if sp.SLO[i] != want {
			t.Errorf("slo %d: %+v", i, sp.SLO[i])
		}
	}
	if !strings.Contains(a.raw, `"sp_signing_certificates":[{"pem":`) {
		t.Errorf("their certificate is not shown: %s", a.raw)
	}
}

func TestBadServiceProvidersAreRefusedByPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const oneOf = "422 Give one of: metadata_xml, metadata_url, mdq_url together with entity_id, or entity_id together with acs."
	for _, c := range []struct {
		name string
		body map[string]any
		want string
	}{
		{"nothing", map[string]any{}, oneOf},
		{"metadata twice", with(crm(), "metadata_url", "https://crm.example/"), oneOf},
		{"metadata and another entity ID", with(crm(), "entity_id", "https://crm.example/"), "422 Another entity ID. pointer=#/metadata_xml"},
		{"metadata and endpoints", with(crm(), "acs", []string{"https://crm.example/"}), oneOf},
		{"an entity ID without endpoints", map[string]any{"entity_id": "x"}, oneOf},
		{"no metadata at all", map[string]any{"metadata_xml": "hello"}, "422 Line 1: this is not SAML metadata. pointer=#/metadata_xml"},
		{"a bad slug", with(crm(), "app", "Not A Slug"), "422 Expected string to match pattern ^[a-z0-9][a-z0-9-]{0,39}$. pointer=#/app"},
		{"an http endpoint", map[string]any{"entity_id": "x", "acs": []string{"https://a.example", "http://a.example"}}, "422 An ACS address must be https. pointer=#/acs/1/location"},
		{"an endpoint that is a number", map[string]any{"entity_id": "x", "acs": []any{1}}, "422 Expected value to match exactly one schema but matched none. pointer=#/acs/0"},
		{"an unknown member of an endpoint", map[string]any{"entity_id": "x", "acs": []any{map[string]any{"location": "https://a.example", "url": "x"}}}, "422 Expected value to match exactly one schema but matched none. pointer=#/acs/0"},
		{"a member of an endpoint in other case", map[string]any{"entity_id": "x", "acs": []any{map[string]any{"location": "https://a.example", "Location": "x"}}}, `422 There is no member "Location" here; upper and lower case matter. pointer=#`},
		{"metadata and a logout address by hand", map[string]any{"metadata_xml": "<x/>", "slo": []any{map[string]any{"location": "https://a.example"}}}, "422 Give one of: metadata_xml, metadata_url, mdq_url together with entity_id, or entity_id together with acs."},
		{"a certificate that is none", map[string]any{"entity_id": "x", "acs": []any{"https://a.example"}, "sp_signing_certificates": []string{"MIIB"}}, "422 Expected one X.509 certificate in PEM form. pointer=#/sp_signing_certificates/0"},
		{"an unknown member", with(crm(), "sgin", "both"), "422 There is no member of this name; check its spelling. pointer=#/sgin"},
		{"an unknown choice", with(crm(), "sign", "everything"), `422 Expected value to be one of "response, assertion, both". pointer=#/sign`},
		{"an encryption certificate that is none", map[string]any{"entity_id": "x", "acs": []any{"https://a.example"}, "sp_encryption_certificates": []string{"MIIB"}}, "422 Expected one X.509 certificate in PEM form. pointer=#/sp_encryption_certificates/0"},
		{"encryption certificates beside metadata", with(crm(), "sp_encryption_certificates", []string{}, "entity_id", "x"), oneOf},
		{"a signature algorithm nobody knows", with(crm(), "signature_algorithm", "md5"), `422 Expected value to be one of "rsa-sha256, rsa-sha384, rsa-sha512, ecdsa-sha256, ecdsa-sha384, ecdsa-sha512, rsa-sha1". pointer=#/signature_algorithm`},
		{"an end of SHA-1 that is no day", with(crm(), "legacy_until", "soon"), "422 Expected string to be RFC 3339 date. pointer=#/legacy_until"},
		{"a clock skew of an hour", with(crm(), "clock_skew", 3600), "422 Expected number <= 600. pointer=#/clock_skew"},
		{"an unknown member of nameid", with(crm(), "nameid", map[string]any{"fromat": "x"}), "422 There is no member of this name; check its spelling. pointer=#/nameid/fromat"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if a := w.call("POST", sps, c.body); a.problem() != c.want {
				t.Errorf("got  %s\nwant %s", a.problem(), c.want)
			}
		})
	}
	if l := w.call("GET", sps, nil).want(http.StatusOK); len(l.items()) != 0 {
		t.Errorf("a refused one was stored: %s", l.raw)
	}
}

func TestTheSameEntityIDIsAConflictAndPutReplacesAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.call("POST", sps, with(crm(), "app", "crm", "sign", "both", "name", "CRM")).want(http.StatusCreated)
	a := w.call("POST", sps, with(crm(), "app", "other"))
	if a.problem() != "409 The entity ID https://crm.example/saml is registered already, as app crm. PUT /api/v1/service-providers/crm replaces it. pointer=#/entity_id" {
		t.Error(a.problem())
	}
	w.advance(time.Minute)
	a = w.call("PUT", sps+"/crm", map[string]any{"metadata_xml": metadata("https://crm.example/saml", "https://new.example/acs"), "lifetime": 60}).want(http.StatusOK)
	if !strings.Contains(a.raw, "new.example") || a.str("sign") != "response" || a.body["lifetime"] != float64(60) || a.header.Get("ETag") != `"2"` {
		t.Errorf("after PUT: %s", a.raw)
	}
	sp, _ := w.store.ServiceProvider(t.Context(), "crm")
	if sp.UpdatedAt.Equal(sp.CreatedAt) || sp.App != "crm" {
		t.Errorf("%+v", sp)
	}
	w.call("PUT", sps+"/crm", crm(), "If-Match", `"1"`).want(http.StatusPreconditionFailed)
	if a := w.call("PUT", sps+"/crm", with(crm(), "app", "renamed")); a.problem() != "422 The slug of an app never changes. Leave app out, or make a new service provider. pointer=#/app" {
		t.Error(a.problem())
	}
}

func TestPutCannotTakeTheEntityIDOfAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.call("POST", sps, with(crm(), "app", "crm")).want(http.StatusCreated)
	w.call("POST", sps, map[string]any{"app": "hr", "metadata_xml": metadata("https://hr.example", "https://hr.example/acs")}).want(http.StatusCreated)
	if a := w.call("PUT", sps+"/hr", crm()); a.problem() != "409 The entity ID https://crm.example/saml belongs to app crm. pointer=#/entity_id" {
		t.Error(a.problem())
	}
}

func TestASlugThatWeChoseGivesWayAndOneThatIsWantedDoesNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one := metadata("https://crm.example/saml", "https://crm.example/acs")
	two := metadata("https://crm.example.saml", "https://crm.example/acs") // the same slug
	w.call("POST", sps, map[string]any{"metadata_xml": one}).want(http.StatusCreated)
	if a := w.call("POST", sps, map[string]any{"metadata_xml": two}).want(http.StatusCreated); a.str("app") != "crm-example-saml-2" {
		t.Errorf("app %q", a.str("app"))
	}
	three := metadata("https://three.example", "https://crm.example/acs")
	if a := w.call("POST", sps, map[string]any{"metadata_xml": three, "app": "crm-example-saml"}); a.problem() != "409 There is an app called crm-example-saml already. Choose another name in app. pointer=#/app" {
		t.Error(a.problem())
	}
}

func TestAPatchChangesPolicyAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.call("POST", sps, with(crm(), "app", "crm", "nameid", map[string]any{"format": "emailAddress", "from": "mail"})).want(http.StatusCreated)
	a := w.call("PATCH", sps+"/crm", `{"sign":"both","nameid":{"from":null},"attributes":[{"name":"FirstName","from":"given_name"}]}`).want(http.StatusOK)
	nameid, _ := a.body["nameid"].(map[string]any)
	if a.str("sign") != "both" || nameid["format"] != "emailAddress" || nameid["from"] != nil || !strings.Contains(a.raw, "FirstName") {
		t.Errorf("after the patch: %s", a.raw)
	}
	for _, c := range []struct{ body, want string }{
		{`{"entity_id":"x"}`, "422 There is no member of this name; check its spelling. pointer=#/entity_id"},
		{`{"metadata_xml":"x"}`, "422 There is no member of this name; check its spelling. pointer=#/metadata_xml"},
		{`{"lifetime":1}`, "422 Expected number >= 30. pointer=#/lifetime"},
		{`{"attributes":[{"name":"x"}]}`, "422 Expected required property from to be present. pointer=#/attributes/0"},
	} {
		if a := w.call("PATCH", sps+"/crm", c.body); a.problem() != c.want {
			t.Errorf("%s: %s", c.body, a.problem())
		}
	}
}

func TestADeletedServiceProviderIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.call("POST", sps, with(crm(), "app", "crm")).want(http.StatusCreated)
	w.call("DELETE", sps+"/crm", nil, "If-Match", `"9"`).want(http.StatusPreconditionFailed)
	w.call("DELETE", sps+"/crm", nil).want(http.StatusNoContent)
	w.call("GET", sps+"/crm", nil).want(http.StatusNotFound)
	names := w.eventNames()
	if names[len(names)-1] != idp.EventSPDeleted {
		t.Errorf("events %v", names)
	}
}

func TestWithoutAnIssuerThereAreNoLinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *api.Options) { o.Issuer = "" })
	sp, err := w.owner().ImportServiceProvider(t.Context(), api.NewServiceProvider{MetadataXML: metadata("https://a.example", "https://a.example/acs")})
	if err != nil || sp.MetadataURL != "" || sp.LaunchURL != "" {
		t.Errorf("%+v, %v", sp, err)
	}
}

func TestWhatWeEncryptToCanBeGivenByHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	theirs := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ring().SAMLKey().Certificate.Raw}))
	a := w.call("POST", sps, map[string]any{
		"entity_id": "https://hand.example", "app": "hand", "acs": []any{"https://hand.example/acs"}, "sp_encryption_certificates": []string{theirs},
	}).want(http.StatusCreated)
	sp, err := w.store.ServiceProvider(t.Context(), "hand")
	if err != nil || len(sp.EncryptionCerts) != 1 || len(sp.SigningCerts) != 0 || !strings.Contains(a.raw, `"sp_encryption_certificates":[{"pem":`) {
		t.Fatalf("%+v %v %s", sp, err, a.raw)
	}
}
