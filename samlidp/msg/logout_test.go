package msg_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"cloudsso/samlidp/msg"
	"cloudsso/samlidp/wire"
)

const (
	namespaces   = ` xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:as="urn:oasis:names:tc:SAML:2.0:protocol:ext:async-slo"`
	openRequest  = `<p:LogoutRequest` + namespaces + ` ID="_1" Version="2.0" IssueInstant="2026-11-21T12:00:00Z"`
	openResponse = `<p:LogoutResponse` + namespaces + ` ID="_1" Version="2.0" IssueInstant="2026-11-21T12:00:00Z"`
	from         = `<a:Issuer>urn:sp</a:Issuer>`
	success      = "urn:oasis:names:tc:SAML:2.0:status:Success"
)

func parse(t testing.TB, doc string) *wire.Element {
	t.Helper()
	root, err := wire.Parse([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func TestDecodeLogoutRequest(t *testing.T) {
	t.Parallel()
	m, err := msg.DecodeLogoutRequest(parse(t, openRequest+` Destination="https://idp" NotOnOrAfter="2026-11-21T12:05:00Z" Reason="urn:oasis:names:tc:SAML:2.0:logout:user">
		`+from+`
		<p:Extensions><other xmlns="urn:x"/><as:Asynchronous/></p:Extensions>
		<a:NameID Format="urn:f" NameQualifier="urn:nq" SPNameQualifier="urn:sq" SPProvidedID="x">
			me
		</a:NameID>
		<p:SessionIndex>one</p:SessionIndex><p:SessionIndex> two </p:SessionIndex>
	</p:LogoutRequest>`))
	if err != nil {
		t.Fatal(err)
	}
	noon := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	want := &msg.LogoutRequest{
		Header:       msg.Header{ID: "_1", Version: "2.0", IssueInstant: noon, Destination: "https://idp", Issuer: "urn:sp"},
		NotOnOrAfter: noon.Add(5 * time.Minute), Reason: "urn:oasis:names:tc:SAML:2.0:logout:user",
		NameID:         &msg.NameID{Value: "me", Format: "urn:f", NameQualifier: "urn:nq", SPNameQualifier: "urn:sq"},
		SessionIndexes: []string{"one", "two"}, Asynchronous: true,
	}
	if !reflect.DeepEqual(m, want) {
		t.Errorf("got %+v\nwant %+v", m, want)
	}
}

func TestDecodeLogoutRequestKeepsWhatItCannotRead(t *testing.T) {
	t.Parallel()
	m, err := msg.DecodeLogoutRequest(parse(t, openRequest+`>`+from+`<a:EncryptedID><x xmlns="urn:x"/></a:EncryptedID></p:LogoutRequest>`))
	if err != nil || m.EncryptedID == nil || m.NameID != nil || m.Asynchronous {
		t.Errorf("%+v, %v", m, err)
	}
	m, err = msg.DecodeLogoutRequest(parse(t, openRequest+`>`+from+`<a:BaseID/></p:LogoutRequest>`))
	if err != nil || !m.BaseID {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestDecodeLogoutRequestRefuses(t *testing.T) {
	t.Parallel()
	const me = `<a:NameID>me</a:NameID>`
	for name, c := range map[string]struct{ in, want string }{
		"nobody":                      {`>` + from, "there must be one NameID or one EncryptedID"},
		"two people":                  {`>` + from + me + `<a:NameID>you</a:NameID>`, "may not stand here"},
		"two kinds of name":           {`>` + from + me + `<a:EncryptedID/>`, "there must be one NameID or one EncryptedID"},
		"no Issuer":                   {`>` + me, "the Issuer is missing"},
		"the Issuer behind":           {`>` + me + from, "may not stand here"},
		"an index before the name":    {`>` + from + `<p:SessionIndex>1</p:SessionIndex>` + me, "may not stand here"},
		"an empty index":              {`>` + from + me + `<p:SessionIndex/>`, "this element is empty"},
		"an index of the assertion":   {`>` + from + me + `<a:SessionIndex>1</a:SessionIndex>`, "may not stand here"},
		"a long index":                {`>` + from + me + `<p:SessionIndex>` + strings.Repeat("x", 1025) + `</p:SessionIndex>`, "longer than 1024 bytes"},
		"an element in the name":      {`>` + from + `<a:NameID><b/></a:NameID>`, "only text may stand here"},
		"a long name":                 {`>` + from + `<a:NameID>` + strings.Repeat("x", 1025) + `</a:NameID>`, "longer than 1024 bytes"},
		"a long qualifier":            {`>` + from + `<a:NameID NameQualifier="` + strings.Repeat("x", 1025) + `">me</a:NameID>`, "longer than 1024 bytes"},
		"a long reason":               {` Reason="` + strings.Repeat("x", 1025) + `">` + from + me, "longer than 1024 bytes"},
		"NotOnOrAfter that is none":   {` NotOnOrAfter="soon">` + from + me, "must be a time in UTC"},
		"an Issuer that is no entity": {`><a:Issuer Format="urn:x">urn:sp</a:Issuer>` + me, "the Format of the Issuer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := msg.DecodeLogoutRequest(parse(t, openRequest+c.in+`</p:LogoutRequest>`))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
	_, err := msg.DecodeLogoutRequest(parse(t, open+`>`+from+`</p:AuthnRequest>`))
	if err == nil || !strings.Contains(err.Error(), "takes a LogoutRequest") {
		t.Errorf("an AuthnRequest: %v", err)
	}
}

func TestDecodeLogoutResponse(t *testing.T) {
	t.Parallel()
	m, err := msg.DecodeLogoutResponse(parse(t, openResponse+` InResponseTo="_2">`+from+`<p:Extensions/><p:Status><p:StatusCode Value="`+success+`">
		<p:StatusCode Value="urn:sub"><p:StatusCode Value="urn:subsub"/></p:StatusCode></p:StatusCode>
		<p:StatusMessage>not quite</p:StatusMessage><p:StatusDetail><x xmlns="urn:x"/></p:StatusDetail></p:Status></p:LogoutResponse>`))
	if err != nil {
		t.Fatal(err)
	}
	if m.InResponseTo != "_2" || m.Issuer != "urn:sp" || m.Status != (msg.Status{Code: success, Sub: "urn:sub", Message: "not quite"}) {
		t.Errorf("got %+v", m)
	}
}

func TestDecodeLogoutResponseRefuses(t *testing.T) {
	t.Parallel()
	const status = `<p:Status><p:StatusCode Value="` + success + `"/></p:Status>`
	for name, c := range map[string]struct{ in, want string }{
		"no answer to anything": {`>` + from + status, "InResponseTo is missing"},
		"no status":             {` InResponseTo="_2">` + from, "the Status is missing"},
		"no status code":        {` InResponseTo="_2">` + from + `<p:Status/>`, "the StatusCode is missing"},
		"an empty status code":  {` InResponseTo="_2">` + from + `<p:Status><p:StatusCode Value=""/></p:Status>`, "the StatusCode is missing"},
		"two statuses":          {` InResponseTo="_2">` + from + status + status, "may not stand here"},
		"two status codes":      {` InResponseTo="_2">` + from + `<p:Status><p:StatusCode Value="a"/><p:StatusCode Value="b"/></p:Status>`, "may not stand here"},
		"markup in the message": {` InResponseTo="_2">` + from + `<p:Status><p:StatusCode Value="a"/><p:StatusMessage><b/></p:StatusMessage></p:Status>`, "only text may stand here"},
		"no Issuer":             {` InResponseTo="_2">` + status, "the Issuer is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := msg.DecodeLogoutResponse(parse(t, openResponse+c.in+`</p:LogoutResponse>`))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
	_, err := msg.DecodeLogoutResponse(parse(t, openRequest+`>`+from+`</p:LogoutRequest>`))
	if err == nil || !strings.Contains(err.Error(), "must be a LogoutResponse") {
		t.Errorf("a LogoutRequest: %v", err)
	}
}

// An application that could not tell its own applications has not ended everything.
func TestStatusFailure(t *testing.T) {
	t.Parallel()
	const prefix = "urn:oasis:names:tc:SAML:2.0:status:"
	for name, c := range map[string]struct {
		status msg.Status
		fails  bool
	}{
		"success":               {msg.Status{Code: success}, false},
		"success in some way":   {msg.Status{Code: success, Sub: "urn:x"}, false},
		"success in part":       {msg.Status{Code: success, Sub: prefix + "PartialLogout"}, true},
		"the application's":     {msg.Status{Code: prefix + "Responder"}, true},
		"something like it":     {msg.Status{Code: "Success"}, true},
		"success as a sub only": {msg.Status{Code: prefix + "Requester", Sub: success}, true},
	} {
		if err := c.status.Failure(); (err != nil) != c.fails {
			t.Errorf("%s: %v", name, err)
		}
	}
}
