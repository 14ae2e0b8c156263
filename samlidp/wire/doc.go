// Package wire is the boundary between bytes from strangers and SAML: it reads
// messages strictly and writes them canonically. It knows XML and the HTTP
// bindings, and nothing of what a message means.
//
// # In
//
// [DecodeRedirect] and [DecodePost] take a message out of a request under caps on
// every size. [Parse] reads it once into an immutable tree of [Element]. Everything
// later (signature check, decoding, look-ups) works on that one tree: attacks on
// SAML live in the difference between two parsers, so there is no second one, and
// the one there is refuses whatever two parsers could read differently: DOCTYPE,
// processing instructions, comments, CDATA, duplicate attributes and IDs, undeclared
// prefixes, relative namespace names, names outside ASCII.
//
// [Canonicalize] gives the exclusive canonical form of a parsed element, which is
// what a signature covers.
//
// # Out
//
// [Writer] emits a document that is its own exclusive canonical form, in one pass
// and without a tree, so that the digest of a signature is a hash over ranges of the
// bytes that go on the wire.
//
// # Attacks by number
//
// Comments and tests of the SAML packages number the attacks they answer: S01 signature wrapping, S02
// signature exclusion, S03 confusion of redirect parameters, S04 DTDs and entities, S05
// bombs, S06 comments and CDATA that split a text, S07 markup in our own output, S08
// a substituted consumer address, S09 scripts in addresses, S10 RelayState, S14
// downgrade of algorithms, S15 parsers that read differently, S16 transforms that compute, S17
// keys and addresses in KeyInfo, S19 poisoned or stale metadata, S25 names that look alike.
package wire
