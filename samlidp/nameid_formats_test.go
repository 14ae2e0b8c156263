package samlidp_test

import (
	"fmt"
	"strings"
	"testing"

	"cloudsso/idp"
	"cloudsso/samlidp"
)

// Every format that the directory fills, fixed by the admin or asked for by the request.
func TestNameIDFormatsFromTheDirectory(t *testing.T) {
	t.Parallel()
	const eight = "urn:oasis:names:tc:SAML:1.1:nameid-format:"
	for short, c := range map[string]struct {
		urn  string
		good []string
		bad  []string
	}{
		"unspecified":  {samlidp.FormatUnspecified, []string{"4711", "Ada Lovelace"}, nil},
		"emailAddress": {samlidp.FormatEmail, []string{"a@b.example", "o'neil+x@b.example"}, []string{"ada", "a@b@c", "@b", "a@", "Ada <a@b.example>", "a@b.example,c@d.example"}},
		"X509SubjectName": {eight + "X509SubjectName", []string{"CN=Ada Lovelace,O=Example\\, Inc.,C=GB", "UID=ada+CN=Ada,DC=example", "CN=a=b"},
			[]string{"Ada", "CN=Ada,", "CN=Ada,Example", "=Ada", "CN=", "CN=Ada\\"}},
		"WindowsDomainQualifiedName": {eight + "WindowsDomainQualifiedName", []string{`EXAMPLE\ada`, "ada"}, []string{`EXAMPLE\`, `\ada`, `A\B\ada`, "ada@example.com", "a*b", `EX/AMPLE\ada`}},
		"kerberos":                   {samlidp.FormatKerberos, []string{"ada@EXAMPLE.COM", "host/www.example.com@EXAMPLE.COM"}, []string{"ada", "ada@", "@EXAMPLE.COM", "ada@A@B", "a da@EXAMPLE.COM"}},
		"entity":                     {samlidp.FormatEntity, []string{"https://unit.example/saml", "urn:example:unit"}, []string{"unit", "/unit", "https://u.example/" + strings.Repeat("a", 1024)}},
	} {
		t.Run(short, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.register(func(sp *idp.ServiceProvider) { sp.NameID = idp.NameIDCfg{Format: short, From: "account"} })
			h.register(func(sp *idp.ServiceProvider) {
				sp.App, sp.EntityID, sp.NameID.Sources = "open", "urn:open", map[string]string{short: "account"}
			})
			h.signedIn()
			n := 0
			send := func(entity, value string) *result {
				n++
				h.people[alice].Attributes["account"] = []any{value}
				doc := strings.Replace(with(`<samlp:NameIDPolicy Format="`+c.urn+`"/>`), "_request1", fmt.Sprint("_r", n), 1)
				return response(t, h.send(strings.Replace(doc, ">"+spEntity, ">"+entity, 1)))
			}
			for _, value := range c.good {
				for _, entity := range []string{spEntity, "urn:open"} {
					r := send(entity, value)
					want := c.urn
					if r.Assertion == nil {
						t.Fatalf("%s: %+v", value, r.Status)
					}
					if short == "unspecified" && entity == "urn:open" { // leaves the choice to us
						want, value = samlidp.FormatPersistent, r.Assertion.Subject.NameID.Value
					}
					if id := r.Assertion.Subject.NameID; id.Value != value || id.Format != want {
						t.Errorf("%s: %+v", entity, id)
					}
				}
			}
			for _, value := range c.bad {
				r := send(spEntity, value)
				wantStatus(t, r, "Responder", "RequestDenied")
				if !strings.Contains(r.Status.Message, `The person's "account" cannot be used as NameID: `) || !strings.Contains(r.Status.Message, "is wanted") {
					t.Errorf("%q: message %q", value, r.Status.Message)
				}
			}
			delete(h.people[alice].Attributes, "account")
			r := response(t, h.send(with(`<samlp:NameIDPolicy Format="`+c.urn+`"/>`)))
			wantStatus(t, r, "Responder", "RequestDenied")
			if want := `"account" as NameID, and the directory has none for this person.`; !strings.Contains(r.Status.Message, want) || !strings.Contains(h.events.last().Detail["reason"], want) {
				t.Errorf("message %q, event %+v", r.Status.Message, h.events.last())
			}
		})
	}
}

// Core §8.3.6: an entity's name has no qualifiers.
func TestAnEntityHasNoQualifiers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register(func(sp *idp.ServiceProvider) {
		sp.NameID = idp.NameIDCfg{Format: "entity", From: "account", NameQualifier: "urn:a", SPNameQualifier: "urn:b"}
	})
	h.signedIn()
	h.people[alice].Attributes["account"] = []any{"urn:unit"}
	if id := response(t, h.send(authnRequest())).Assertion.Subject.NameID; id.Value != "urn:unit" || id.NameQualifier != "" || id.SPNameQualifier != "" {
		t.Errorf("%+v", id)
	}
}

func TestIIP_IDP11_ASubjectWithoutNameStillSignsIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register(func(sp *idp.ServiceProvider) { sp.NameID.Format, sp.SubjectID = "none", "pairwise-id" })
	h.signedIn()
	a := response(t, h.send(authnRequest())).Assertion
	if a.Subject.NameID.Value != "" || a.Subject.Confirmation.Method == "" || len(h.login.joined) != 1 {
		t.Errorf("%+v", a.Subject)
	}
	wantStatus(t, response(t, h.send(strings.Replace(with(`<samlp:NameIDPolicy Format="`+samlidp.FormatTransient+`"/>`), "_request1", "_r2", 1))), "Requester", "InvalidNameIDPolicy")
	wantStatus(t, response(t, h.send(strings.Replace(with(`<saml:Subject><saml:NameID>alice</saml:NameID></saml:Subject>`), "_request1", "_r3", 1))), "Responder", "UnknownPrincipal")
}

// AllowCreate="false" is respected, and makes nothing.
func TestAllowCreateFalseMakesNoPersistentID(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register()
	h.signedIn()
	ask := func(id, allow string) *result {
		return response(t, h.send(strings.Replace(with(`<samlp:NameIDPolicy Format="`+samlidp.FormatPersistent+`"`+allow+`/>`), "_request1", id, 1)))
	}
	for _, id := range []string{"_a", "_b"} { // twice: the first refusal made none
		r := ask(id, ` AllowCreate="false"`)
		wantStatus(t, r, "Requester", "InvalidNameIDPolicy")
		if !strings.Contains(r.Status.Message, "AllowCreate") {
			t.Errorf("message %q", r.Status.Message)
		}
	}
	made := ask("_c", "").Assertion.Subject.NameID.Value
	if got := ask("_d", ` AllowCreate="0"`); got.Assertion == nil || got.Assertion.Subject.NameID.Value != made {
		t.Errorf("%+v", got)
	}
	transient := response(t, h.send(strings.Replace(with(`<samlp:NameIDPolicy Format="`+samlidp.FormatTransient+`" AllowCreate="false"/>`), "_request1", "_e", 1)))
	if transient.Assertion == nil {
		t.Errorf("a transient id is not created in that sense: %+v", transient.Status)
	}
}

func TestSDP_IDP13_IDP16_IDP17_SubjectIdentifiers(t *testing.T) {
	t.Parallel()
	const prefix = "urn:oasis:names:tc:SAML:attribute:"
	for name, c := range map[string]struct {
		policy, metadata string
		want             string
	}{
		"nobody asks":                      {"", "", ""},
		"the metadata asks":                {"", "subject-id", "subject-id"},
		"the metadata asks for pairwise":   {"", "pairwise-id", "pairwise-id"},
		"the metadata takes either":        {"", "any", "pairwise-id"},
		"the metadata wants none":          {"", "none", ""},
		"the admin says so":                {"subject-id", "", "subject-id"},
		"the admin against the metadata":   {"none", "subject-id", ""},
		"the admin instead of the wish":    {"pairwise-id", "subject-id", "pairwise-id"},
		"the scope is the configured one":  {"subject-id", "", "subject-id"},
		"a row of the admin's name stands": {"subject-id", "", "subject-id"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scope := "idp.example"
			h := newHouse(t, func(o *samlidp.Options) {
				if strings.Contains(name, "scope") {
					o.Scope, scope = "example.org", "example.org"
				}
			})
			h.register(func(sp *idp.ServiceProvider) {
				sp.SubjectID, sp.SubjectIDReq = c.policy, c.metadata
				if strings.Contains(name, "row") {
					sp.Attributes = []idp.Mapping{{Name: prefix + "subject-id", From: "email", Format: "uri"}}
				}
			})
			h.signedIn()
			found := map[string]string{}
			a := response(t, h.send(authnRequest())).Assertion
			for _, row := range a.Statements[0].Attributes {
				if short, ok := strings.CutPrefix(row.Name, prefix); ok {
					found[short] = row.Values[0].Text
					if !strings.HasSuffix(row.NameFormat, ":uri") || len(row.Values) != 1 {
						t.Errorf("%+v", row)
					}
				}
			}
			switch want := found[c.want]; {
			case c.want == "" && len(found) > 0, c.want != "" && len(found) != 1:
				t.Errorf("found %v", found)
			case strings.Contains(name, "row"):
				if want != "alice@example.org" {
					t.Errorf("found %v", found)
				}
			case c.want == "subject-id" && want != alice+"@"+scope:
				t.Errorf("found %v", found)
			case c.want == "pairwise-id" && want != a.Subject.NameID.Value+"@"+scope:
				t.Errorf("found %v, NameID %s", found, a.Subject.NameID.Value)
			}
		})
	}
}
