// Package samlidp is the SAML 2.0 identity provider: Web Browser SSO by Redirect and
// POST, IdP-initiated sign-in, and metadata.
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
// # Rules
//
// One strict parse (wire), one tree, one signature check on that tree (dsig), one decoding
// from it (msg). Times in an assertion come from our clock alone. Nothing derived from a request is an
// address: addresses come from the registration and are compared character by character.
package samlidp
