package samlidp_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/samlidp"
)

func TestIIP_SSO02_SSO03_SDP_IDP02_IDP08_SignedInPersonGoesThroughAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register()
	h.signedIn()
	w := h.get(redirect(authnRequest()) + "&RelayState=" + url.QueryEscape("/pages?a=1&b=ö+%"))
	f := posted(t, w)
	if f.Action != spACS {
		t.Errorf("the form goes to %q", f.Action)
	}
	if got := f.Fields.Get("RelayState"); got != "/pages?a=1&b=ö+%" {
		t.Errorf("RelayState = %q", got)
	}
	if cc := w.Header().Get("Cache-Control"); !strings.Contains(cc, "no-store") {
		t.Errorf("Cache-Control = %q", cc)
	}
	checkWiki(t, response(t, w), "_request1")
}

// checkWiki compares everything that an assertion for Alice at the wiki says.
func checkWiki(t *testing.T, r *result, inResponseTo string) {
	t.Helper()
	a := r.Assertion
	if a == nil {
		t.Fatalf("no assertion: %+v", r.Status)
	}
	eq := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s = %q, want %q", what, got, want)
		}
	}
	eq("Status", r.Status.Code.Value, "urn:oasis:names:tc:SAML:2.0:status:Success")
	eq("Destination", r.Destination, spACS)
	eq("Issuer", r.Issuer, entityID)
	eq("Assertion Issuer", a.Issuer, entityID)
	if r.Signature == nil || a.Signature != nil {
		t.Error("want one signature, on the response")
	}
	if r.InResponseTo == nil || *r.InResponseTo != inResponseTo {
		t.Errorf("InResponseTo = %v", r.InResponseTo)
	}
	id := a.Subject.NameID
	eq("NameID format", id.Format, samlidp.FormatPersistent)
	eq("NameQualifier", id.NameQualifier, entityID)
	eq("SPNameQualifier", id.SPNameQualifier, spEntity)
	if len(id.Value) != 26 || strings.Trim(id.Value, "abcdefghijklmnopqrstuvwxyz234567") != "" {
		t.Errorf("persistent id %q is not 128 bits of lower-case base32", id.Value)
	}
	eq("Method", a.Subject.Confirmation.Method, "urn:oasis:names:tc:SAML:2.0:cm:bearer")
	for name, want := range map[string]string{"Recipient": spACS, "InResponseTo": inResponseTo, "NotOnOrAfter": "2026-11-21T12:05:00.000Z"} {
		got, _ := r.confirmed(name)
		eq(name, got, want)
	}
	for _, name := range []string{"Address", "NotBefore"} {
		if _, ok := r.confirmed(name); ok {
			t.Errorf("SubjectConfirmationData has %s", name)
		}
	}
	c := a.Conditions
	if !c.NotBefore.Equal(noon.Add(-time.Minute)) || !c.NotOnOrAfter.Equal(noon.Add(5*time.Minute)) {
		t.Errorf("Conditions from %s to %s", c.NotBefore, c.NotOnOrAfter)
	}
	if !slices.Equal(c.Audiences, []string{spEntity}) {
		t.Errorf("Audiences = %q", c.Audiences)
	}
	if !a.Authn.Instant.Equal(noon.Add(-10 * time.Minute)) {
		t.Errorf("AuthnInstant = %s", a.Authn.Instant)
	}
	eq("SessionIndex", a.Authn.Index, index("sid-1", "wiki"))
	eq("class", a.Authn.Class, "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport")
	var rows []string
	for _, row := range a.Statements[0].Attributes {
		eq("NameFormat", row.NameFormat, "urn:oasis:names:tc:SAML:2.0:attrname-format:uri")
		eq("xsi:type", row.Values[0].Type, "xs:string")
		rows = append(rows, row.Name+" "+row.FriendlyName+"="+row.Values[0].Text)
	}
	want := []string{
		"urn:oid:0.9.2342.19200300.100.1.3 mail=alice@example.org", "urn:oid:2.5.4.42 givenName=Alice", "urn:oid:2.5.4.4 sn=Ånström & Sons",
		"urn:oid:2.16.840.1.113730.3.1.241 displayName=Alice Ånström", "urn:oid:0.9.2342.19200300.100.1.1 uid=alice",
	}
	if !slices.Equal(rows, want) {
		t.Errorf("attributes:\n%s\nwant\n%s", strings.Join(rows, "\n"), strings.Join(want, "\n"))
	}
}

func TestSignInThroughTheLoginPage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register()
	w := h.get(redirect(authnRequest()) + "&RelayState=deep")
	h.advance(20 * time.Minute) // the person takes their time: the request's age was measured when it came
	h.signedIn()
	next := h.login.settle(w, *h.login.session)
	w = h.get(next)
	if f := posted(t, w); f.Fields.Get("RelayState") != "deep" {
		t.Errorf("RelayState = %q", f.Fields.Get("RelayState"))
	}
	r := response(t, w)
	if got := r.Assertion.Conditions.NotBefore; !got.Equal(noon.Add(19 * time.Minute)) {
		t.Errorf("NotBefore = %s: not our clock of now", got)
	}
	if w := h.get(next); w.Code != http.StatusGone {
		t.Errorf("the second use of the flow: status %d, want 410", w.Code)
	}
	if e := h.events.last(); e.Name != idp.EventSAMLIssued || e.Subject != alice || e.App != "wiki" || e.Detail["assertion_id"] != r.Assertion.ID {
		t.Errorf("event %+v", e)
	}
	joined := h.login.joined
	if len(joined) != 1 || joined[0].NameID != r.Assertion.Subject.NameID.Value || joined[0].SessionIndex != index("sid-1", "wiki") || joined[0].NameIDFormat != samlidp.FormatPersistent {
		t.Errorf("session told: %+v", joined)
	}
}

// A cross-site POST carries no SameSite=Lax cookie, so the session can be found only
// after a navigation of our own.
func TestIIP_SSO02_PostComesBackByGet(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register()
	h.signedIn()
	w := h.post(url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString([]byte(authnRequest()))}, "RelayState": {"r s"}, "extra": {"ignored"}})
	if len(h.login.asked) != 0 {
		t.Error("the login was asked while the browser's cookie could not be there")
	}
	location := w.Header().Get("Location")
	if !strings.HasPrefix(location, issuer+"/saml/sso/continue?request=") {
		t.Fatalf("status %d to %q", w.Code, location)
	}
	w = h.follow(w)
	if f := posted(t, w); f.Fields.Get("RelayState") != "r s" {
		t.Errorf("RelayState = %q", f.Fields.Get("RelayState"))
	}
	checkWiki(t, response(t, w), "_request1")
	if w := h.get(location); w.Code != http.StatusGone || !strings.Contains(pageText(w), "Start again at the application") {
		t.Errorf("the second use: status %d: %s", w.Code, pageText(w))
	}
}

func TestPostSetAsideExpires(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register()
	w := h.post(url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString([]byte(authnRequest()))}})
	h.advance(6 * time.Minute)
	if w := h.follow(w); w.Code != http.StatusGone {
		t.Errorf("status %d", w.Code)
	}
}

// The id of a login flow must not work where the id of a request set aside belongs: using it
// up would end somebody's sign-in.
func TestFlowIsNotTakenForARequest(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register()
	w := h.send(authnRequest())
	h.signedIn()
	next := h.login.settle(w, *h.login.session)
	if w := h.get(strings.Replace(next, "?flow=", "?request=", 1)); w.Code != http.StatusGone {
		t.Errorf("status %d", w.Code)
	}
	response(t, h.get(next))
}

func TestRegistrationIsReadAgainWhenThePersonIsThrough(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*idp.ServiceProvider)
		want   string
	}{
		"switched off":      {func(sp *idp.ServiceProvider) { sp.Disabled = true }, "switched off"},
		"moved elsewhere":   {func(sp *idp.ServiceProvider) { sp.ACS = sp.ACS[1:] }, "is not registered for this application"},
		"signing demanded":  {func(sp *idp.ServiceProvider) { sp.WantAuthnRequestsSigned = true }, "The request is not signed"},
		"renamed in effect": {func(sp *idp.ServiceProvider) { sp.EntityID = "urn:other" }, "is not registered"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			sp := h.register()
			w := h.send(authnRequest())
			sp.Version = 1
			c.change(&sp)
			must(t, h.store.UpdateServiceProvider(t.Context(), sp))
			h.signedIn()
			w = h.get(h.login.settle(w, *h.login.session))
			if w.Code < 400 || !strings.Contains(pageText(w), c.want) {
				t.Errorf("status %d: %s", w.Code, pageText(w))
			}
			if h.events.issued() != 0 {
				t.Error("an assertion was issued")
			}
		})
	}
}

func TestIIP_SSO04_SDP_IDP09_WhatIsSigned(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sign                string
		wants               bool
		response, assertion bool
	}{
		"by default the response": {"", false, true, false},
		"the response":            {"response", false, true, false},
		"the assertion":           {"assertion", false, false, true},
		"both":                    {"both", false, true, true},
		"the assertion too when the metadata wants it": {"", true, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.register(func(sp *idp.ServiceProvider) { sp.Sign, sp.WantsAssertionsSigned = c.sign, c.wants })
			h.signedIn()
			r := response(t, h.send(authnRequest()))
			if got := r.Signature != nil; got != c.response {
				t.Errorf("response signed: %v", got)
			}
			if got := r.Assertion.Signature != nil; got != c.assertion {
				t.Errorf("assertion signed: %v", got)
			}
		})
	}
}

func TestRelayStateIsThereOnlyIfOneCame(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register()
	h.signedIn()
	if f := posted(t, h.send(authnRequest())); f.Fields.Has("RelayState") {
		t.Error("a RelayState appeared")
	}
	if f := posted(t, h.get(redirect(authnRequest("_request1", "_request2"))+"&RelayState=")); !f.Fields.Has("RelayState") {
		t.Error("an empty RelayState went missing")
	}
}

func TestPolicyShapesTheAssertion(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register(func(sp *idp.ServiceProvider) { // what guides for SaaS applications ask for
		sp.Lifetime, sp.Audiences = 60, []string{"Influitive-AdvocateHub"}
		sp.NameID = idp.NameIDCfg{Format: "emailAddress", NameQualifier: "Influitive-AdvocateHub"}
		sp.Attributes = []idp.Mapping{{Name: "FirstName", From: "given_name"}, {Name: "df_access", From: "groups"}, {Name: "roles", From: "groups", Join: ",", Format: "unspecified"}, {Name: "none", From: "nothing"}}
	})
	person := h.people[alice]
	person.Groups = []string{"red:admin", "blue:<user>"}
	h.people[alice] = person
	h.signedIn()
	a := response(t, h.send(authnRequest())).Assertion
	if !a.Conditions.NotOnOrAfter.Equal(noon.Add(time.Minute)) || !slices.Equal(a.Conditions.Audiences, []string{spEntity, "Influitive-AdvocateHub"}) {
		t.Errorf("conditions %+v", a.Conditions)
	}
	if n := a.Subject.NameID; n.Value != "alice@example.org" || n.Format != samlidp.FormatEmail || n.NameQualifier != "Influitive-AdvocateHub" || n.SPNameQualifier != "" {
		t.Errorf("NameID %+v", n)
	}
	rows := a.Statements[0].Attributes
	if len(rows) != 3 || len(rows[1].Values) != 2 || rows[1].Values[1].Text != "blue:<user>" || rows[2].Values[0].Text != "red:admin,blue:<user>" {
		t.Errorf("attributes %+v", rows)
	}
	if !strings.HasSuffix(rows[0].NameFormat, ":basic") || !strings.HasSuffix(rows[2].NameFormat, ":unspecified") {
		t.Errorf("formats %+v", rows)
	}
}

func TestNoEmptyAttributeStatement(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register(func(sp *idp.ServiceProvider) { sp.Attributes = []idp.Mapping{{Name: "none", From: "nothing"}} })
	h.signedIn()
	if s := response(t, h.send(authnRequest())).Assertion.Statements; len(s) != 0 {
		t.Errorf("an AttributeStatement without attributes: %+v", s)
	}
}

func TestIIP_IDP06_SDP_IDP07_ForceAuthn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register()
	h.signedIn()
	stale := *h.login.session
	w := h.send(attrs(`ForceAuthn="1"`))
	if !h.login.asked[0].Login {
		t.Error("the login was not told to ask again")
	}
	fresh := stale
	fresh.AuthTime = noon.Add(time.Minute)
	if a := response(t, h.get(h.login.settle(w, fresh))).Assertion; !a.Authn.Instant.Equal(fresh.AuthTime) {
		t.Errorf("AuthnInstant = %s", a.Authn.Instant)
	}
	w = h.send(authnRequest(" ID=", ` ForceAuthn="true" ID=`, "_request1", "_request2"))
	wantStatus(t, response(t, h.get(h.login.settle(w, stale))), "Responder", "AuthnFailed")
}

func TestSubjectIsALoginHintAndMustMatch(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register(func(sp *idp.ServiceProvider) { sp.NameID.Format = "emailAddress" })
	h.signedIn()
	subject := func(value string) string {
		return with(`<saml:Subject><saml:NameID Format="` + samlidp.FormatEmail + `">` + value + `</saml:NameID></saml:Subject>`)
	}
	if r := response(t, h.send(subject("alice@example.org"))); r.Assertion == nil {
		t.Errorf("status %+v", r.Status)
	}
	if got := h.login.asked[0].LoginHint; got != "alice@example.org" {
		t.Errorf("login hint %q", got)
	}
	wantStatus(t, response(t, h.send(strings.Replace(subject("bob@example.org"), "_request1", "_request2", 1))), "Responder", "UnknownPrincipal")
}

func wantStatus(t testing.TB, r *result, code, sub string) {
	t.Helper()
	const prefix = "urn:oasis:names:tc:SAML:2.0:status:"
	if r.Assertion != nil {
		t.Error("there is an assertion")
	}
	if r.Status.Code.Value != prefix+code || r.Status.Code.Sub == nil || r.Status.Code.Sub.Value != prefix+sub {
		t.Errorf("status %+v, want %s/%s", r.Status, code, sub)
	}
}
