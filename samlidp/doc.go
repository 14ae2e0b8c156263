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
//	GET  /saml/init?providerId=…   [Provider.InitByName]: the same with Shibboleth's parameters
//
// accept.go works in two parts; wishes.go is what a request may ask for. Until the answer's address is established, a refusal is a page of ours, because
// nobody who is not registered may make us send a browser anywhere. From then on a refusal
// is a SAML Response with a status, signed, at that address.
//
// issue.go asks the directory again who the person is, decides NameID and attributes,
// records the Event, and only then writes and signs the Response (response.go, assertion.go), encrypts
// it if the policy says so (encrypt.go), and has the browser carry it (deliver.go).
//
// Every check of a sign-in or logout goes into the trace of its support code, without
// signatures and RelayState (trace.go, slo_trace.go). [Decode] shows an admin any message that
// somebody sends in; it decides nothing (decode.go).
//
// What is known about an application comes from its metadata ([FindServiceProvider]): given once, or read
// again from an address, a collection or a metadata query service by package api. If a signature
// vouches for it, its validUntil ends sign-ins (accept.go).
//
// What an admin may decide about an application is [idp.ServiceProviderPolicy];
// complete.go and complete_policy.go refuse what could not work before it is saved.
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
// itself, or an index: each application is told a SessionIndex of its own. Who has that name is remembered beside the session (slo_names.go), for an application that
// asks without the person's browser.
//
// # Rules
//
// One strict parse (wire), one tree, one signature check on that tree (dsig), one decoding
// from it (msg). Times in an assertion come from our clock alone. Nothing derived from a request is an
// address: addresses come from the registration and are compared character by character.
//
// # Attacks, and the tests that show what becomes of them
//
//	S01 signature wrapping             TestS01_SignatureWrapping; dsig: TestS01SignatureWrapping
//	S02 signature exclusion            TestS02_SDP_IDP05_SignatureExclusion
//	S03 confusion of parameters        TestS03_ParameterPollution, TestAttack_S03_EncodingsOfTheSame
//	S04 DTDs and entities              TestS04_Entities
//	S05 bombs                          TestS05_Bombs; wire: TestS05WorstMessagesStaySmall
//	S06 comments and CDATA             TestS06_CommentsAndCDATA
//	S07 markup in our own output       TestS07_InjectionIntoOurAssertion
//	S08 a substituted address          TestS08_ACSSubstitution
//	S09 scripts in addresses           TestS09_ScriptInThePost
//	S10 RelayState                     TestS10_RelayState
//	S11 Destination and Host           TestS11_DestinationAndHost
//	S12 replay                         TestS12_Replay
//	S13 time                           TestS13_Time
//	S14 downgrade of algorithms        TestAttack_S14_SHA1Requests, TestLegacySigningEndsOnItsDay; dsig: TestAttack_S14_SHA1OnlyByName, TestS14AKeyServesItsOwnAlgorithmsOnly
//	S15 parsers that read differently  TestAttack_S15_AmbiguousDocuments; wire and dsig: TestS15…
//	S16 encryption as an oracle        TestAttack_S16_CBCInAnUnsignedRequest; xenc: TestAttack_S16_PaddingOracle
//	S17 KeyInfo                        TestAttack_S17_KeyInfo
//	S18 requests that we are made do   package outbound; server: TestMetadataIsReadAgainByItself
//	S19 poisoned metadata              md: TestParseSPRefuses, TestAttack_S19_PoisonedMetadata
//	S20 a way around the login         TestAttack_S20_NoECP
//	S21 unsolicited answers            TestS21_IdPInitiated, TestAttack_S21_ParametersOfALink
//	S23 artifacts                      TestAttack_S23_Artifact
//	S24 who is registered              TestAttack_S24_UnknownAndSwitchedOffLookTheSame
//	S25 names that look alike          TestS25_NameIDLookAlikes, TestNameIDFormatsFromTheDirectory
//	S26 shapes nobody expects          TestS26_Delta
//	S27 a stolen key                   TestAttack_S27_RotateDrill, TestMetadataAndSignatureFollowTheRing
//	S28 answers that are kept          TestAttack_S28_AnswersAreNotKept
package samlidp
