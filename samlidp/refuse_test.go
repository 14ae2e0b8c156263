package samlidp_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"cloudsso/idp"
)

const (
	ppt      = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
	password = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
	anyClass = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"
	x509cls  = "urn:oasis:names:tc:SAML:2.0:ac:classes:X509"
	mfa      = "https://refeds.org/profile/mfa"
)

// Until the answer's address is established, a refusal is a page, with the sentence.
func TestRefusedByAPage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		doc    string
		status int
		text   string
	}{
		"not XML":                          {"hello", 400, "Line 1, column 1"},
		"another message":                  {`<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_a" Version="2.0" IssueInstant="2026-11-21T12:00:00Z"/>`, 400, "this address takes an AuthnRequest of SAML 2.0"},
		"the right name in SAML 1.1":       {authnRequest("SAML:2.0:protocol", "SAML:1.0:protocol"), 400, "this address takes an AuthnRequest of SAML 2.0"},
		"no ID":                            {authnRequest(` ID="_request1"`, ""), 400, "the attribute ID is missing."},
		"an ID longer than honest ones":    {authnRequest("_request1", "_"+strings.Repeat("a", 300)), 400, "the attribute ID is longer than 256 bytes."},
		"no IssueInstant":                  {authnRequest(` IssueInstant="2026-11-21T12:00:00Z"`, ""), 400, "the attribute IssueInstant is missing."},
		"version 1.1":                      {authnRequest(`Version="2.0"`, `Version="1.1"`), 400, "the attribute Version must be 2.0."},
		"no version":                       {authnRequest(` Version="2.0"`, ""), 400, "the attribute Version must be 2.0."},
		"no Issuer":                        {authnRequest("<saml:Issuer>"+spEntity+"</saml:Issuer>", ""), 400, "the Issuer is missing."},
		"an empty Issuer":                  {authnRequest(spEntity, " "), 400, "this element is empty."},
		"an Issuer with an element in it":  {authnRequest(spEntity, "<saml:Issuer/>"), 400, "only text may stand here"},
		"two Issuers":                      {with("<saml:Issuer>" + spEntity + "</saml:Issuer>"), 400, "this element may not stand here."},
		"an Issuer that is a person":       {authnRequest("<saml:Issuer>", `<saml:Issuer Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">`), 400, "the Format of the Issuer must be absent"},
		"an Issuer of 2 KB":                {authnRequest(spEntity, "urn:"+strings.Repeat("x", 2000)), 400, "at most 1024 bytes"},
		"an application nobody registered": {authnRequest(spEntity, "urn:unknown"), 403, `calls itself "urn:unknown"`},
		"an application in other letters":  {authnRequest(spEntity, "https://WIKI.example/saml"), 403, "it is not registered, or it is switched off"},
		"text between elements":            {with("<samlp:NameIDPolicy>text</samlp:NameIDPolicy>"), 400, "there is text between the child elements."},
		"elements out of order":            {with(`<samlp:Scoping/><samlp:NameIDPolicy/>`), 400, "this element may not stand here."},
		"an element nobody knows":          {with(`<samlp:Wish/>`), 400, "this element may not stand here. AuthnRequest may hold, in this order: Issuer, Signature, Extensions, Subject"},
		"a boolean that is none":           {attrs(`ForceAuthn="yes"`), 400, "the attribute ForceAuthn must be true or false."},
		"an index that is none":            {attrs(`AttributeConsumingServiceIndex="-1"`), 400, "must be a whole number from 0 to 65535"},
		"a comparison that is none":        {with(`<samlp:RequestedAuthnContext Comparison="best"><saml:AuthnContextClassRef>` + ppt + `</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>`), 400, "must be exact, minimum, maximum or better"},
		"an empty RequestedAuthnContext":   {with(`<samlp:RequestedAuthnContext/>`), 400, "this must hold AuthnContextClassRef elements"},
		"an IDPEntry without a name":       {with(`<samlp:Scoping><samlp:IDPList><samlp:IDPEntry/></samlp:IDPList></samlp:Scoping>`), 400, "the attribute ProviderID is missing."},
		"another Destination":              {authnRequest(ssoURL, "https://idp.example/saml/sso/"), 400, "the Destination is not our address, which is https://idp.example/saml/sso."},
		"too old":                          {authnRequest("12:00:00Z", "11:54:59Z"), 410, "more than 5 minutes old"},
		"an ACS of its own":                {authnRequest(spACS, "https://evil.example/acs"), 400, `"https://evil.example/acs" is not registered for this application`},
		"an ACS by an unknown index":       {authnRequest(` AssertionConsumerServiceURL="`+spACS+`" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"`, ` AssertionConsumerServiceIndex="7"`), 400, "no AssertionConsumerService with the index 7"},
		"an ACS by index and URL":          {attrs(`AssertionConsumerServiceIndex="1"`), 400, "AssertionConsumerServiceIndex excludes"},
		"an ACS of the artifact binding":   {authnRequest(` AssertionConsumerServiceURL="`+spACS+`" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"`, ` AssertionConsumerServiceIndex="2"`), 400, "does not take urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"},
		"an answer by artifact":            {authnRequest("bindings:HTTP-POST", "bindings:HTTP-Artifact"), 400, "answers to this application are sent by urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST only"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.register()
			h.signedIn()
			h.wantPage(h.send(c.doc), c.status, c.text)
		})
	}
}

// wantPage wants a page of ours, and nothing issued.
func (h *house) wantPage(w *httptest.ResponseRecorder, status int, text string) {
	h.t.Helper()
	if got := pageText(w); w.Code != status || !strings.Contains(got, text) {
		h.t.Errorf("status %d, want %d with %q:\n%s", w.Code, status, text, got)
	}
	if f, ok := formOf(w); ok {
		h.t.Errorf("a form was sent to %s", f.Action)
	}
	if h.events.issued() != 0 {
		h.t.Error("an assertion was issued")
	}
}

// From then on the application hears a SAML status at its registered address.
func TestIIP_SSO03_IDP05_RefusedByAStatus(t *testing.T) {
	t.Parallel()
	refs := func(comparison string, classes ...string) string {
		s := `<samlp:RequestedAuthnContext Comparison="` + comparison + `">`
		for _, c := range classes {
			s += `<saml:AuthnContextClassRef>` + c + `</saml:AuthnContextClassRef>`
		}
		return with(s + `</samlp:RequestedAuthnContext>`)
	}
	for name, c := range map[string]struct {
		doc, code, sub, text string
	}{
		"a NameID format we cannot make":     {with(`<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos"/>`), "Requester", "InvalidNameIDPolicy", "for which an administrator chose a directory attribute"},
		"an affiliation":                     {with(`<samlp:NameIDPolicy SPNameQualifier="urn:group"/>`), "Requester", "InvalidNameIDPolicy", "or the affiliation that is registered"},
		"another identity provider":          {with(`<samlp:Scoping><samlp:IDPList><samlp:IDPEntry ProviderID="urn:other"/></samlp:IDPList></samlp:Scoping>`), "Responder", "NoSupportedIDP", "does not contain this identity provider"},
		"a Subject in cipher":                {with(`<saml:Subject><saml:EncryptedID/></saml:Subject>`), "Requester", "RequestUnsupported", "there is no <EncryptedData> in it"},
		"exactly a certificate":              {refs("exact", x509cls), "Responder", "NoAuthnContext", "exact"},
		"exactly something unknown":          {refs("exact", "urn:what"), "Responder", "NoAuthnContext", "exact"},
		"at least multi-factor":              {refs("minimum", mfa), "Responder", "NoAuthnContext", "minimum"},
		"better than a password over TLS":    {refs("better", password, ppt), "Responder", "NoAuthnContext", "better"},
		"better than something unknown":      {refs("better", password, "urn:what"), "Responder", "NoAuthnContext", "better"},
		"at most something unknown":          {refs("maximum", "urn:what"), "Responder", "NoAuthnContext", "maximum"},
		"a declaration instead of a class":   {with(`<samlp:RequestedAuthnContext><saml:AuthnContextDeclRef>urn:d</saml:AuthnContextDeclRef></samlp:RequestedAuthnContext>`), "Responder", "NoAuthnContext", "exact"},
		"a passive request without session":  {attrs(`IsPassive="true"`), "Responder", "NoPassive", "IsPassive"},
		"passive, and forced to show a page": {attrs(`IsPassive="1" ForceAuthn="1"`), "Responder", "NoPassive", "IsPassive"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.register()
			w := h.get(redirect(c.doc) + "&RelayState=rs")
			r := response(t, w)
			wantStatus(t, r, c.code, c.sub)
			if !strings.Contains(r.Status.Message, c.text) {
				t.Errorf("message %q, want %q", r.Status.Message, c.text)
			}
			if f := posted(t, w); f.Action != spACS || f.Fields.Get("RelayState") != "rs" || *r.InResponseTo != "_request1" || r.Destination != spACS {
				t.Errorf("delivered to %s: %+v", f.Action, r)
			}
			if e := h.events.last(); e.Name != idp.EventSAMLRefused || e.App != "wiki" || !strings.Contains(e.Detail["reason"], c.text) {
				t.Errorf("event %+v", e)
			}
		})
	}
}

func TestIIP_IDP08_AuthnContextThatCanBeReached(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		comparison string
		refs       []string
		want       string
	}{
		"exactly a password over TLS":          {"exact", []string{ppt}, ppt},
		"the first we can of a list":           {"exact", []string{mfa, password, ppt}, password},
		"exactly unspecified":                  {"exact", []string{anyClass}, anyClass},
		"at least a password":                  {"minimum", []string{password}, ppt},
		"at least one of a weak and a strong":  {"minimum", []string{mfa, anyClass}, ppt},
		"better than a password":               {"better", []string{password, anyClass}, ppt},
		"at most a certificate":                {"maximum", []string{x509cls}, ppt},
		"at most a password":                   {"maximum", []string{password}, password},
		"at most unspecified":                  {"maximum", []string{anyClass}, anyClass},
		"at most one of a weak and a stronger": {"maximum", []string{anyClass, password}, password},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.register()
			h.signedIn()
			s := `<samlp:RequestedAuthnContext Comparison="` + c.comparison + `">`
			for _, ref := range c.refs {
				s += "\n<saml:AuthnContextClassRef>" + ref + "\n</saml:AuthnContextClassRef>"
			}
			r := response(t, h.send(with(s+`</samlp:RequestedAuthnContext>`)))
			if r.Assertion == nil || r.Assertion.Authn.Class != c.want {
				t.Errorf("got %+v", r)
			}
		})
	}
}

func TestIIP_SSO07_EXT01_RequestsThatAreFine(t *testing.T) {
	t.Parallel()
	for name, doc := range map[string]string{
		"no address at all":             authnRequest(` AssertionConsumerServiceURL="`+spACS+`" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"`, ""),
		"the binding only":              authnRequest(` AssertionConsumerServiceURL="`+spACS+`"`, ""),
		"index 0":                       authnRequest(` AssertionConsumerServiceURL="`+spACS+`" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"`, ` AssertionConsumerServiceIndex="0"`),
		"no Destination":                authnRequest(` Destination="`+ssoURL+`"`, ""),
		"time with fractions":           authnRequest("12:00:00Z", "12:00:00.1234567Z"),
		"a clock two minutes ahead":     authnRequest("12:00:00Z", "12:02:00Z"),
		"an offset instead of UTC":      authnRequest("12:00:00Z", "13:00:00+01:00"),
		"an Issuer with a line break":   authnRequest(spEntity, "\n  "+spEntity+"\n"),
		"an Issuer that says it is one": authnRequest("<saml:Issuer>", `<saml:Issuer Format="urn:oasis:names:tc:SAML:2.0:nameid-format:entity">`),
		"a list that names us": with(`<samlp:Extensions><x:e xmlns:x="urn:x"/></samlp:Extensions><samlp:NameIDPolicy AllowCreate="true" Format="urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified" SPNameQualifier="` + spEntity + `"/>` +
			`<saml:Conditions NotOnOrAfter="2026-11-21T12:00:00Z"/><samlp:Scoping ProxyCount="0"><samlp:IDPList><samlp:IDPEntry ProviderID="urn:other"/><samlp:IDPEntry ProviderID="` + entityID + `"/><samlp:GetComplete>https://x.example</samlp:GetComplete></samlp:IDPList><samlp:RequesterID>urn:r</samlp:RequesterID></samlp:Scoping>`),
		"everything that may be there and does not matter": attrs(`ProviderName="Wiki" Consent="urn:oasis:names:tc:SAML:2.0:consent:unspecified" IsPassive="0" ForceAuthn="false" AttributeConsumingServiceIndex="1"`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.register()
			h.signedIn()
			checkWiki(t, response(t, h.send(doc)), "_request1")
		})
	}
}

// Without a default and without a wish, the first that takes POST gets the answer.
func TestFirstACSIsTheDefault(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register(func(sp *idp.ServiceProvider) {
		sp.ACS[0], sp.ACS[2], sp.ACS[1].IsDefault = sp.ACS[2], sp.ACS[0], false
		sp.ACS[2].IsDefault = false
	})
	h.signedIn()
	if f := posted(t, h.send(authnRequest(` AssertionConsumerServiceURL="`+spACS+`"`, ""))); f.Action != spACS+"/second" {
		t.Errorf("the answer went to %s", f.Action)
	}
}

func TestSecondACS(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register()
	h.signedIn()
	w := h.send(authnRequest(` AssertionConsumerServiceURL="`+spACS+`" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"`, ` AssertionConsumerServiceIndex="1"`))
	r := response(t, w)
	if got, _ := r.confirmed("Recipient"); got != spACS+"/second" || r.Destination != got || posted(t, w).Action != got {
		t.Errorf("recipient %q, destination %q", got, r.Destination)
	}
}

func TestPersonMayNotSignIn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change    func(h *house, p *idp.Person)
		sub, text string
	}{
		"disabled meanwhile": {func(_ *house, p *idp.Person) { p.Status = idp.Disabled }, "RequestDenied", "The person may not sign in at the moment."},
		"unassigned meanwhile": {func(h *house, _ *idp.Person) {
			sp, err := h.store.ServiceProvider(h.t.Context(), "wiki")
			must(h.t, err)
			sp.Assigned = &idp.Assignment{Users: []string{"bob"}}
			must(h.t, h.store.UpdateServiceProvider(h.t.Context(), sp))
		}, "RequestDenied", "The person is not assigned to this application."},
		"gone from the directory":    {func(_ *house, p *idp.Person) { p.Status = idp.Gone }, "RequestDenied", "The person may not sign in at the moment."},
		"without an email address":   {func(_ *house, p *idp.Person) { delete(p.Attributes, "email") }, "RequestDenied", `"email" as NameID, and the directory has none`},
		"without a required surname": {func(_ *house, p *idp.Person) { delete(p.Attributes, "family_name") }, "RequestDenied", `The attribute "LastName" is required`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.register(func(sp *idp.ServiceProvider) {
				sp.NameID.Format = "emailAddress"
				sp.Attributes = []idp.Mapping{{Name: "LastName", From: "family_name", Required: true}}
			})
			h.signedIn()
			person := h.people[alice]
			c.change(h, &person)
			h.people[alice] = person
			r := response(t, h.send(authnRequest()))
			wantStatus(t, r, "Responder", c.sub)
			if !strings.Contains(r.Status.Message, c.text) {
				t.Errorf("message %q", r.Status.Message)
			}
		})
	}
}

func TestUnknownSubjectIsDenied(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register()
	h.signedIn()
	delete(h.people, alice)
	wantStatus(t, response(t, h.send(authnRequest())), "Responder", "RequestDenied")
}

func TestPersonCancels(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register()
	w := h.send(authnRequest())
	wantStatus(t, response(t, h.get(h.login.settle(w, idp.Answer{Outcome: idp.Denied}))), "Responder", "AuthnFailed")
}

// What is wrong on our side is a page: a status would tell the application that it was its fault.
func TestOurOwnTroubles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*house)
		status int
	}{
		"the directory is down":       {func(h *house) { h.people[alice] = idp.Person{Status: "down"} }, 503},
		"the audit log is full":       {func(h *house) { h.events.full = true }, 500},
		"the session ended meanwhile": {func(h *house) { h.login.joinErr = idp.ErrNotFound }, http.StatusGone},
		"the session store is down":   {func(h *house) { h.login.joinErr = idp.ErrUnavailable }, 503},
		"the login is not settled":    {func(h *house) { h.login.session.Outcome = idp.Pending }, 500},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.register()
			h.signedIn()
			c.change(h)
			h.wantPage(h.send(authnRequest()), c.status, "")
		})
	}
}

func TestEmptyVisit(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.wantPage(h.get(ssoURL), 400, "It does nothing on its own: start at the application.")
	h.wantPage(h.get(issuer+"/saml/sso/continue?request=post-unknown"), 410, "Start again at the application")
	h.wantPage(h.do(httptest.NewRequest(http.MethodHead, redirect(authnRequest()), nil)), 400, "")
	h.wantPage(h.post(nil), 400, "There is no SAMLRequest.")
	if n := len(h.events.all); n != 0 {
		t.Errorf("%d events for junk from nowhere", n)
	}
}

// An unsigned refusal could be anybody's, so refusals are signed where otherwise only the
// assertion is.
func TestRefusalIsSignedWhateverThePolicy(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register(func(sp *idp.ServiceProvider) { sp.Sign = "assertion" })
	r := response(t, h.send(attrs(`IsPassive="true"`)))
	wantStatus(t, r, "Responder", "NoPassive")
	if r.Signature == nil {
		t.Error("the refusal is not signed")
	}
}
