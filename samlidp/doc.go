// Package samlidp is the SAML 2.0 identity provider: Web Browser SSO by Redirect and
// POST, IdP-initiated sign-in, single logout by Redirect, POST and SOAP, and metadata.
//
// # One sign-in
//
//	GET  /saml/sso?SAMLRequest=…   [Provider.SSO]: receive → accept (the ordered checks in accept.go) → Login.Begin
//	POST /saml/sso                 the same checks, then the request is put aside and the browser comes back by GET:
//	                               a cross-site POST carries no SameSite=Lax cookie
//	GET  /saml/sso/continue        [Provider.SSOContinue]: the same checks again on the stored request → issue.go
//	GET  /saml/init/{app}          [Provider.Init]: no request; everything comes from the registration
//
// accept.go works in two parts. Until the answer's address is established, a refusal is a page of ours, because
// nobody who is not registered may make us send a browser anywhere. From then on a refusal
// is a SAML Response with a status, signed, at that address.
//
// issue.go asks the directory again who the person is, decides NameID and attributes,
// records the Event, and only then writes and signs the Response (response.go).
//
// # One logout
//
//	GET  /saml/slo?SAMLRequest=…   [Provider.SLO]: an application asks. accept (slo_accept.go) → which sessions (slo_names.go) → they end → …
//	POST /saml/slo                 the same, and the browser comes back by GET as above
//	GET  /saml/slo/continue        [Provider.SLOContinue]: … every other application was told → LogoutResponse
//	POST /saml/soap/slo            [Provider.SOAPLogout]: the same without a browser
//
//	[Provider.Farewells]           how applications are told, whoever ended the session: SOAP, or a frame of the login's page that
//	                               opens their address or GET /saml/slo/send ([Provider.SLOSend]), which posts
//	GET, POST /saml/slo            SAMLResponse=…: their answer, in that frame (slo_hear.go)
//
// The session always ends first, and only then is anybody told. No request is chained
// through one application to the next: each is told on its own, so that one that is broken
// stops nobody, and the answer to the one that asked says PartialLogout. In a frame a browser may hold
// all cookies back, so that everything there hangs on the ID of our request.
//
// An application ends only sessions in which it takes part, under a name that it was told
// itself. Who has that name is remembered beside the session (slo_names.go), for an application that
// asks without the person's browser.
//
// # Rules
//
// One strict parse (wire), one tree, one signature check on that tree (dsig), one decoding
// from it (msg). Times in an assertion come from our clock alone. Nothing derived from a request is an
// address: addresses come from the registration and are compared character by character.
package samlidp
