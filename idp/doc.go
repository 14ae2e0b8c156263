// Package idp is the kernel: the types, ports and errors that every other
// package speaks in. It imports the standard library only and nothing of ours.
//
// # Words
//
// The words are the field's own; code, pages and documents use them in this sense.
//
//   - Client: a relying party that speaks OpenID Connect or OAuth 2.
//   - ServiceProvider: a relying party that speaks SAML 2.0.
//   - App: either of them, as an admin sees it. Its id is the client_id or the
//     service provider's slug.
//   - Flow: one login in progress, between the protocol's question and its answer.
//   - Session: one browser, signed in.
//   - Grant: what one person (or client) was allowed. It owns the code, the
//     refresh-token family and the access tokens.
//   - Subject: our stable id for a person, independent of the directory.
//   - Person: what a directory says about a subject right now.
//   - Directory: who exists, and whether the password is right.
//   - Event: one audit record.
//   - Ticket: one short-lived thing that somebody holds: a device code, a one-time link.
//   - Delivery: one message that must reach an app.
//
// # Ports
//
// [Records] is what must survive (a person cannot redo it); [Flows] is what lives
// minutes (losing it signs people out). Both have atomic verbs, not CRUD: whoever
// must be the only one to win asks the store, and the store says who won.
//
// # One login
//
//	GET /oauth2/authorize   oauth: checks, client and redirect_uri first → Flow
//	/login?flow=…           idp/login: session? password? consent? → Flow settled
//	GET …/continue          oauth: the same checks again → Grant with hashed code
//	POST /oauth2/token      oauth: client authentication → one compare-and-swap → keys.Ring signs
//
// SAML replaces only the two ends. Steps never call each other: they meet in the
// stored Flow.
package idp
