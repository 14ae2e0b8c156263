// Package oauth is the OpenID Connect and OAuth 2 side of the provider: discovery, the
// authorization code flow with PKCE, the implicit and hybrid flows, refresh tokens, client
// credentials, the password and device grants, userinfo, introspection, revocation and
// logout.
//
// # The main path
//
//	authorize.go          GET|POST /oauth2/authorize: read the form, run the ordered list of checks,
//	authorize_checks.go   hand the question to the login as an idp.Flow
//	authorize_respond.go  …/continue: the same checks again, then the answer in the response mode
//	response_type.go      which of code, access token and ID token the answer has, and where it stands
//	code.go               one Grant row with the hash of the code
//	token.go              POST /oauth2/token: everything checked, tokens minted, then one compare-and-swap
//	id_token.go           what the ID token says; keys.Ring signs it
//	userinfo.go           the access token resolves through its Grant on every use
//
// Beside it:
//
//	client_assertion.go   clients that prove who they are with a signed JWT; client_keys.go: with whose keys
//	sign.go               what is signed for a client, with its algorithm and, for HS*, its key
//	par.go                POST /oauth2/par: the request comes from the client, the browser brings its name
//	request_object.go     the request as a signed JWT, by value or by reference; nothing beside it counts
//	resource.go           whom access tokens are for; access_token_jwt.go: those that can be read
//	pairwise.go           what a person is called towards one client; scope.go: the operator's own scopes
//	register.go           clients that register themselves; register_manage.go: and look after themselves
//	claims_parameter.go   claims asked for by name; acr.go: the kind of sign-in asked for
//	client_credentials.go a client that acts for itself: a Grant without a person
//	password_grant.go     legacy: the application sends the password, the login checks it
//	device.go             POST /oauth2/device: the codes of a device without a browser, in one ticket
//	device_page.go        GET|POST /device: a person types the user code in, signs in and agrees;
//	device_visit.go       nobody tries codes for long
//	device_grant.go       the device polls, and gets its Grant once
//	token_lookup.go       what a token that somebody holds up stands for, and whether it may
//	introspect.go         …say so to its client or to a resource server
//	revoke.go             …end its Grant at its client's word
//	end_session.go        an application signs people out: checked here, done by the login
//	farewell.go           whom to tell that a session has ended, and what ends with it:
//	                      frontchannel_logout.go, and backchannel_logout.go with its retries
//	check_session.go      session_state, and the frame that says whether it still holds
//	initiate_login.go     a sign-in that starts at our side
//	preview.go            what a client would be told; rehearse.go: a whole sign-in of which nothing stays
//
// # The core and what stands around it
//
// github.com/ory/fosite runs the two pipelines: at authorize it checks the prepared
// request once more and issues code and tokens through its code, PKCE, implicit and hybrid
// handlers, at the token endpoint it runs the code, refresh, PKCE and ID token handlers of
// the grant type at hand (config.go). It is replaced through its own seams where its defaults are wrong:
//
//   - unit.go is its storage: one unit of work per request, rebuilt from the one Grant row.
//     Nothing is written before every token is signed, so a failure to sign burns no code,
//     and the PKCE challenge cannot be deleted before it was verified.
//   - client_auth.go authenticates clients: exactly one method, the registered one. There is
//     one function for all endpoints: authenticate.
//   - token_format.go makes codes and tokens, id_token.go ID tokens.
//   - client.go shows fosite only the redirect URI that idp.Client.MatchRedirect accepted.
//   - errors.go writes every error; fosite's writers are never called.
//
// Written here without fosite, because no seam makes them right: the authorization
// request's own checks (fosite raises some before it knows redirect_uri, refuses short
// states, ignores max_age=0 and echoes input; its OpenID Connect handlers see neither
// max_age nor prompt, which the login decides), the password grant (fosite's has no place
// for limits), the device grant (fosite's never says slow_down, refuses clients that
// authenticate by Basic, and revokes the wrong grant on reuse; direct_grant.go makes the
// tokens of both), scope narrowing on refresh (fosite ignores it), and the grace window for
// a refresh whose answer was lost.
//
// # Tokens
//
// A Grant owns its code, refresh tokens and access tokens; revoking it kills them all.
// Access tokens are opaque to applications and carry a MAC, so that a forged one costs no
// read; those in JWT form (RFC 9068) are looked up in the same way wherever we are asked. A refresh token is derived from the grant and a sequence number: within the grace
// window the previous one gets the same successor again, later it is reuse and ends the
// family.
package oauth
