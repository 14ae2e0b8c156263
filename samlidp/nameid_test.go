package samlidp_test

import (
	"fmt"
	"strings"
	"testing"

	"cloudsso/idp"
	"cloudsso/samlidp"
)

func TestIIP_IDP10_NameIDFormat(t *testing.T) {
	t.Parallel()
	const kerberos = "urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos"
	for name, c := range map[string]struct {
		fixed    string
		asked    string
		metadata []string
		want     string // "" means InvalidNameIDPolicy
		value    string
	}{
		"nobody says anything":                     {"", "", nil, samlidp.FormatPersistent, ""},
		"the metadata says email":                  {"", "", []string{kerberos, samlidp.FormatEmail, samlidp.FormatTransient}, samlidp.FormatEmail, "alice@example.org"},
		"the metadata says nothing we can":         {"", "", []string{kerberos}, samlidp.FormatPersistent, ""},
		"the request says transient":               {"", samlidp.FormatTransient, []string{samlidp.FormatEmail}, samlidp.FormatTransient, ""},
		"the request leaves it to us":              {"", samlidp.FormatUnspecified, []string{samlidp.FormatEmail}, samlidp.FormatEmail, "alice@example.org"},
		"the admin says unspecified":               {"unspecified", "", []string{samlidp.FormatEmail}, samlidp.FormatUnspecified, "alice"},
		"the admin and the request agree":          {"emailAddress", samlidp.FormatEmail, nil, samlidp.FormatEmail, "alice@example.org"},
		"the admin fixed it, the request is open":  {"email", samlidp.FormatUnspecified, nil, samlidp.FormatEmail, "alice@example.org"},
		"the admin and the request contradict":     {"persistent", samlidp.FormatEmail, nil, "", ""},
		"the admin's unspecified is not an email":  {"unspecified", samlidp.FormatEmail, nil, "", ""},
		"the request says what is not in metadata": {"", samlidp.FormatPersistent, []string{samlidp.FormatEmail}, samlidp.FormatPersistent, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.register(func(sp *idp.ServiceProvider) { sp.NameID.Format, sp.NameIDFormats = c.fixed, c.metadata })
			h.signedIn()
			doc := authnRequest()
			if c.asked != "" {
				doc = with(`<samlp:NameIDPolicy Format="` + c.asked + `"/>`)
			}
			r := response(t, h.send(doc))
			if c.want == "" {
				wantStatus(t, r, "Requester", "InvalidNameIDPolicy")
				return
			}
			if id := r.Assertion.Subject.NameID; id.Format != c.want || c.value != "" && id.Value != c.value {
				t.Errorf("NameID %+v", id)
			}
		})
	}
}

// A persistent id stays, and two applications cannot compare theirs.
func TestIIP_SSO05_IDP21_PersistentIsPairwiseAndOfOneCase(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register()
	h.register(func(sp *idp.ServiceProvider) { sp.App, sp.EntityID = "chat", "urn:chat" })
	h.signedIn()
	at := func(entity string, i int) string {
		return response(t, h.send(authnRequest(">"+spEntity, ">"+entity, "_request1", fmt.Sprint("_r", i)))).Assertion.Subject.NameID.Value
	}
	first, again, elsewhere := at(spEntity, 1), at(spEntity, 2), at("urn:chat", 3)
	if first != again || first == elsewhere || strings.Contains(first, alice) || first != strings.ToLower(first) {
		t.Errorf("%q, %q, %q", first, again, elsewhere)
	}
}

func TestIIP_SSO05_TransientIsNewEachTime(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register(func(sp *idp.ServiceProvider) { sp.NameID.Format = "transient" })
	h.signedIn()
	a := response(t, h.send(authnRequest("_request1", "_r1"))).Assertion.Subject.NameID
	b := response(t, h.send(authnRequest("_request1", "_r2"))).Assertion.Subject.NameID
	if a.Value == b.Value || len(a.Value) < 20 || a.NameQualifier != entityID || a.SPNameQualifier != spEntity {
		t.Errorf("%+v, %+v", a, b)
	}
}

func TestNameIDFromAnotherAttribute(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register(func(sp *idp.ServiceProvider) {
		sp.NameID = idp.NameIDCfg{Format: "unspecified", From: "employee", SPNameQualifier: "urn:q"}
	})
	h.signedIn()
	h.people[alice].Attributes["employee"] = []any{float64(4711)}
	if id := response(t, h.send(with(`<samlp:NameIDPolicy SPNameQualifier="urn:q"/>`))).Assertion.Subject.NameID; id.Value != "4711" || id.SPNameQualifier != "urn:q" {
		t.Errorf("NameID %+v", id)
	}
}
