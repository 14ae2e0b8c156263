// Package httpdir is a directory of people behind somebody's HTTP API.
//
// # Two shapes
//
//	Open      a contract of ours that anybody can put in front of their data
//	OpenIMIS  the iMIS REST API: token endpoint and a named query
//
// # The contract of Open
//
//	POST verify {"login","password"}          → 200 person | 401 wrong | 404 nobody | 403 {"status"} | 423 locked
//	GET  profile?id=…|login=…[&profile=…]     → 200 person | 404 nobody
//	person   {"id","login","email","status","groups":[…],"attributes":{…}}
//	status   active, disabled, locked, password_expired; in a 403 also second_factor
//
// id must be stable and never be given to somebody else. An attribute is one value or a
// list of them; values are text, numbers, booleans and objects; names are kept, dots and
// urn:oid: included. A 403 or 423 means that the password was right.
//
// # Decisions
//
// Redirects are not followed: they would carry a password to where nobody configured.
// Answers over 1 MiB, and answers that lack a field, are userdir.ErrMalformed, which
// names the field. One try costs one local password hash beside the call, as an unknown login
// does (see userdir). Time limits are the caller's: userdir.Guard, and the http.Client.
package httpdir
