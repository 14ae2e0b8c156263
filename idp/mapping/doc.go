// Package mapping is the attribute engine: it makes the claims and SAML attributes of
// one app out of what a directory says about a person.
//
// # The main path
//
//	Check, CheckClaims  when an admin saves rows: what cannot work is refused there
//	Standard            the OpenID Connect claims of the granted scopes, with exact types
//	Claims              an app's own rows as claims; a dotted name becomes nested objects
//	Attributes          an app's own rows as SAML attributes
//
// A row takes its values from a directory attribute. Always there are groups, username,
// subject and directory; a directory attribute named groups or username wins over ours,
// one named subject or directory does not: nobody's directory says who they are to us.
// "address.locality" is the attribute of that name or, without one, the member of a
// structured attribute "address".
//
// Nothing empty ever comes out: no null, no "", no "null", no empty list or object. What
// has no value is left out, or, if the row is required, is a [MissingError].
package mapping
