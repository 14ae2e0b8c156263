package msg_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"cloudsso/samlidp/msg"
	"cloudsso/samlidp/wire"
)

const open = `<p:AuthnRequest xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion" ID="_1" Version="2.0" IssueInstant="2026-11-21T12:00:00Z"`

func decode(t testing.TB, doc string) (*msg.AuthnRequest, error) {
	t.Helper()
	root, err := wire.Parse([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	return msg.DecodeAuthnRequest(root)
}

func TestDecodeEverything(t *testing.T) {
	t.Parallel()
	m, err := decode(t, open+` Destination="https://idp" ForceAuthn="1" IsPassive=" false " AssertionConsumerServiceURL="https://sp" AssertionConsumerServiceIndex="65535" ProtocolBinding="urn:b">
		<a:Issuer>
			urn:sp
		</a:Issuer>
		<p:Extensions><anything xmlns="urn:x"/></p:Extensions>
		<a:Subject><a:NameID Format="urn:f">me</a:NameID></a:Subject>
		<p:NameIDPolicy Format="urn:n" SPNameQualifier="urn:q" AllowCreate="0"/>
		<a:Conditions/>
		<p:RequestedAuthnContext Comparison="better"><a:AuthnContextClassRef>urn:1</a:AuthnContextClassRef><a:AuthnContextClassRef>urn:2</a:AuthnContextClassRef></p:RequestedAuthnContext>
		<p:Scoping><p:IDPList><p:IDPEntry ProviderID="urn:i"/></p:IDPList><p:RequesterID>x</p:RequesterID></p:Scoping>
	</p:AuthnRequest>`)
	if err != nil {
		t.Fatal(err)
	}
	index, no := 65535, false
	want := &msg.AuthnRequest{
		Header:     msg.Header{ID: "_1", Version: "2.0", IssueInstant: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC), Destination: "https://idp", Issuer: "urn:sp"},
		ForceAuthn: true, ACSURL: "https://sp", ACSIndex: &index, ProtocolBinding: "urn:b",
		Subject:               &msg.Subject{NameID: "me", Format: "urn:f"},
		NameIDPolicy:          &msg.NameIDPolicy{Format: "urn:n", SPNameQualifier: "urn:q", AllowCreate: &no},
		RequestedAuthnContext: &msg.RequestedAuthnContext{Comparison: "better", ClassRefs: []string{"urn:1", "urn:2"}},
		Scoping:               &msg.Scoping{IDPs: []string{"urn:i"}},
	}
	if !reflect.DeepEqual(m, want) {
		t.Errorf("got %+v\nwant %+v", m, want)
	}
}

// Attributes count by expanded name: one in a namespace is not SAML's.
func TestForeignAttributesDoNotCount(t *testing.T) {
	t.Parallel()
	m, err := decode(t, open+` xmlns:x="urn:x" x:ForceAuthn="true" x:AssertionConsumerServiceURL="https://evil"><a:Issuer>urn:sp</a:Issuer></p:AuthnRequest>`)
	if err != nil || m.ForceAuthn || m.ACSURL != "" {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	const issuer = `<a:Issuer>urn:sp</a:Issuer>`
	for name, c := range map[string]struct{ in, want string }{
		"an element twice":              {`>` + issuer + `<p:NameIDPolicy/><p:NameIDPolicy/>`, "line 1, column 214, in <p:NameIDPolicy>: this element may not stand here"},
		"an element in another's place": {`>` + issuer + `<p:NameIDPolicy/><p:Extensions/>`, "this element may not stand here"},
		"an Issuer of the protocol":     {`><p:Issuer>urn:sp</p:Issuer>`, "this element may not stand here"},
		"two NameIDs":                   {`>` + issuer + `<a:Subject><a:NameID>a</a:NameID><a:NameID>b</a:NameID></a:Subject>`, "this element may not stand here"},
		"an empty NameID":               {`>` + issuer + `<a:Subject><a:NameID/></a:Subject>`, "this element is empty"},
		"something in a NameIDPolicy":   {`>` + issuer + `<p:NameIDPolicy><a:NameID>a</a:NameID></p:NameIDPolicy>`, "this element may not stand here"},
		"AllowCreate that is none":      {`>` + issuer + `<p:NameIDPolicy AllowCreate="maybe"/>`, "the attribute AllowCreate must be true or false"},
		"classes and declarations":      {`>` + issuer + `<p:RequestedAuthnContext><a:AuthnContextClassRef>x</a:AuthnContextClassRef><a:AuthnContextDeclRef>y</a:AuthnContextDeclRef></p:RequestedAuthnContext>`, "not both and not none"},
		"an index too large":            {` AssertionConsumerServiceIndex="65536">` + issuer, "from 0 to 65535"},
		"a long ACS URL":                {` AssertionConsumerServiceURL="` + strings.Repeat("a", 2049) + `">` + issuer, "longer than 2048 bytes"},
		"a long binding":                {` ProtocolBinding="` + strings.Repeat("a", 300) + `">` + issuer, "longer than 256 bytes"},
		"a long Destination":            {` Destination="` + strings.Repeat("a", 3000) + `">` + issuer, "longer than 2048 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := decode(t, open+c.in+`</p:AuthnRequest>`)
			if err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(c.want)) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}
