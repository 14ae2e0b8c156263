package samlidp_test

import (
	"net/http"
	"strings"
	"testing"

	"cloudsso/idp"
	"cloudsso/samlidp"
)

// The answer goes to an endpoint of the registration: by address, by index, or the default.
func TestIIP_IDP12_SDP_IDP06_TheAddressForTheAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ asks, want string }{
		"by its address":               {` AssertionConsumerServiceURL="` + spACS + `/second"`, spACS + "/second"},
		"by its address and binding":   {` AssertionConsumerServiceURL="` + spACS + `/second" ProtocolBinding="` + postBinding + `"`, spACS + "/second"},
		"by its index":                 {` AssertionConsumerServiceIndex="1"`, spACS + "/second"},
		"the default, by binding":      {` ProtocolBinding="` + postBinding + `"`, spACS},
		"the default":                  {"", spACS},
		"no address of another's":      {` AssertionConsumerServiceURL="https://evil.example/acs"`, ""},
		"no address in other letters":  {` AssertionConsumerServiceURL="` + strings.ToUpper(spACS) + `"`, ""},
		"no index that is not there":   {` AssertionConsumerServiceIndex="9"`, ""},
		"no binding that is not there": {` ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:PAOS"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.imports(wikiMetadata("", ""))
			w := h.send(authnRequest(anywhere, c.asks))
			if c.want == "" {
				h.wantPage(w, http.StatusBadRequest, "")
				return
			}
			if r := response(t, w); posted(t, w).Action != c.want || r.Destination != c.want {
				t.Errorf("it went to %s, Destination %s", posted(t, w).Action, r.Destination)
			}
		})
	}
}

// Unsigned requests are taken, but not from an application whose metadata says that it signs.
func TestSDP_IDP04_UnsignedRequests(t *testing.T) {
	t.Parallel()
	for says, ok := range map[string]bool{"": true, `AuthnRequestsSigned="false"`: true, `AuthnRequestsSigned="0"`: true, `AuthnRequestsSigned="true"`: false, `AuthnRequestsSigned="1"`: false} {
		h := newHouse(t)
		h.imports(wikiMetadata(says, keyFor("signing", certificate(t, "sp").Raw)))
		if !ok {
			h.wantPage(h.send(authnRequest()), http.StatusBadRequest, "The request is not signed, and this application's requests must be.")
		} else {
			checkWiki(t, response(t, h.send(authnRequest())), "_request1")
		}
		checkWiki(t, response(t, h.get(signedRedirect(t, authnRequest("_request1", "_signed"), ""))), "_signed")
	}
}

// A passive request shows nobody a page: it succeeds by the session, or comes back.
func TestIIP_IDP07_IsPassive(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register()
	for _, value := range []string{"true", "1"} {
		wantStatus(t, response(t, h.send(authnRequest(" ID=", ` IsPassive="`+value+`" ID=`, "_request1", "_r"+value))), "Responder", "NoPassive")
	}
	h.signedIn()
	checkWiki(t, response(t, h.send(attrs(`IsPassive="true"`))), "_request1")
	h.login.session = nil
	if w := h.send(authnRequest(" ID=", ` IsPassive="false" ID=`, "_request1", "_active")); w.Code != http.StatusSeeOther {
		t.Errorf("an active request without a session: status %d", w.Code)
	}
}

// Any text may be an attribute's name, and any URI say what kind of name that is.
func TestIIP_IDP01_AnyNameOfAnyKind(t *testing.T) {
	t.Parallel()
	for name, format := range map[string]string{
		"mail": "urn:oasis:names:tc:SAML:2.0:attrname-format:basic", "https://wiki.example/claims/mail": "http://schemas.xmlsoap.org/ws/2005/05/identity/claims",
		"Straße & <Nº>": "urn:mace:shibboleth:1.0:attributeNamespace:uri", "urn:oid:0.9.2342.19200300.100.1.3": "urn:example:none",
	} {
		h := newHouse(t)
		h.register(func(sp *idp.ServiceProvider) {
			sp.Attributes = []idp.Mapping{{Name: name, From: "email", Format: format}}
		})
		h.signedIn()
		row := response(t, h.send(authnRequest())).Assertion.Statements[0].Attributes[0]
		if row.Name != name || row.NameFormat != format || row.Values[0].Text != email {
			t.Errorf("%+v", row)
		}
	}
	for _, format := range []string{"Basic", "urn:with space", "/relative", "urn:" + strings.Repeat("x", 253)} {
		sp := idp.ServiceProvider{EntityID: "urn:x", ACS: []idp.Endpoint{{Location: spACS}}}
		sp.Attributes = []idp.Mapping{{Name: "a", From: "email", Format: format}}
		if err := samlidp.CompleteServiceProvider(&sp, false); err == nil || !strings.Contains(err.Error(), "an absolute URI of at most 256 bytes") {
			t.Errorf("%s: %v", format, err)
		}
	}
}

// Which attributes an application hears, and which of their values, is decided for each.
func TestIIP_IDP02_AttributesByApplication(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	person := h.people[alice]
	person.Groups = []string{"staff", "choir"}
	h.people[alice] = person
	h.register(func(sp *idp.ServiceProvider) {
		sp.Attributes = []idp.Mapping{{Name: "mail", From: "email"}, {Name: "role", From: "groups", Map: map[string]string{"staff": "member"}}}
	})
	h.register(func(sp *idp.ServiceProvider) {
		sp.App, sp.EntityID = "chat", "urn:chat"
		sp.Attributes = []idp.Mapping{{Name: "role", From: "groups", Map: map[string]string{"choir": "singer"}}}
	})
	h.signedIn()
	for entity, want := range map[string]string{spEntity: "mail=alice@example.org role=member", "urn:chat": "role=singer"} {
		var got []string
		for _, row := range response(t, h.send(authnRequest(">"+spEntity, ">"+entity))).Assertion.Statements[0].Attributes {
			for _, v := range row.Values {
				got = append(got, row.Name+"="+v.Text)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s hears %q, want %q", entity, got, want)
		}
	}
}

// One assertion with one AuthnStatement, and at most one AttributeStatement.
func TestSDP_IDP10_OneOfEach(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rows       []idp.Mapping
		statements int
	}{"with attributes": {nil, 1}, "without any": {[]idp.Mapping{{Name: "none", From: "nothing"}}, 0}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.register(func(sp *idp.ServiceProvider) { sp.Attributes = c.rows })
			h.signedIn()
			doc := document(t, h.send(authnRequest()))
			for element, want := range map[string]int{"Assertion": 1, "AuthnStatement": 1, "AttributeStatement": c.statements} {
				if n := strings.Count(doc, "</saml:"+element+">"); n != want {
					t.Errorf("%d of %s, want %d", n, element, want)
				}
			}
		})
	}
}

// Each value is an element of its own, with nothing but text in it.
func TestSDP_IDP19_IDP20_EachValueIsAnElement(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	person := h.people[alice]
	person.Groups = []string{"red,green", "blue;white", "<b/>"}
	h.people[alice] = person
	h.register(func(sp *idp.ServiceProvider) { sp.Attributes = []idp.Mapping{{Name: "groups", From: "groups"}} })
	h.signedIn()
	w := h.send(authnRequest())
	var got []string
	for _, v := range response(t, w).Assertion.Statements[0].Attributes[0].Values {
		got = append(got, v.Text)
	}
	equal(t, "values", got, person.Groups)
	if strings.Contains(document(t, w), "<b") {
		t.Error("a value became an element")
	}
}
