// Package tokenapp signs people in to applications that take one signed token in their
// address or by a form: inSided's token scheme, Zendesk's and Freshworks' JWT,
// DiscourseConnect.
//
//	GET /token/{app}            [Provider.Start]: the request is checked and becomes a flow
//	    …                       the login: session, password, who may use the app
//	GET /token/{app}/continue   [Provider.Continue]: the stored request is checked again
//	    answer.go               the directory is asked again, the Event is written
//	    token.go, discourse.go  the token is made and signed
//	    deliver.go              303 to return_url, or a form that sends itself
//
// # Schemes
//
// jwt: a JWT with iss, sub, aud, iat, exp, jti and what the app's mapping says. Whoever
// opens our link is signed in at the app as themselves. These schemes are started here by
// their nature: an app that sends no nonce cannot tell a token that it asked for from one
// that a stranger has got for their own account and planted in somebody's browser (login
// CSRF). nonce_param closes that for apps that can; the lint says so of the others.
//
// discourse: the app asks with sso (base64 of nonce and return_sso_url) and sig (HMAC-SHA256
// of it, hex), and is answered the same way, once per nonce.
//
// # Where it may lead
//
// The token goes to return_url and nowhere else. return_to_param of the link goes along if
// [idp.TokenApp.MayReturnTo] lets it; otherwise the sign-in is refused on a page of ours.
//
// There is no sign-out in these schemes: the app's own session lives on when ours ends.
package tokenapp
