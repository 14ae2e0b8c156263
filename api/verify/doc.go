// Package verify is a strict relying party, a strict service provider and a strict application that
// takes signed tokens: each signs in to an app of this provider with exactly the app's settings
// and says of each thing that an application has to check whether it is right. It shares no code
// with what it checks: JSON Web Tokens go through go-oidc and go-jose, XML signatures through
// goxmldsig.
//
// Whoever calls it hands over the endpoints to ask, as an [http.Handler]: nothing leaves the process, and
// no answer reaches the application.
//
//	report.go        the check list that comes out
//	endpoints.go     HTTP without a network
//	relyingparty.go  OpenID Connect and OAuth 2: request, answer, tokens
//	credentials.go   how the client shows who it is
//	jwt.go           signatures and claims of tokens
//	tokens.go        userinfo, introspection, refresh, revocation
//	serviceprovider.go  SAML: metadata, request, answer
//	assertion.go     what the answer and its assertion say
//	dsig.go          XML signatures
//	tokenapp.go      signed tokens: request, delivery, what has to be refused
//	tokenapp_jwt.go  what the JWT says
//	discourse.go     DiscourseConnect: request and payload
//	form.go          the form of a page that sends itself
package verify
