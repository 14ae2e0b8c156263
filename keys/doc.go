// Package keys holds the provider's keys: the [Ring] that signs and publishes, and
// the key-encryption key ([KEK]) that seals them at rest.
//
// # The main path
//
//	LoadKEK    where the key-encryption key comes from: CLOUDSSO_KEK, CLOUDSSO_KEK_FILE, or <data>/kek
//	Open       reads the rows, unseals them; on the first start makes what is missing
//	SignJWT    the newest active key of the algorithm signs
//	JWKS       the public halves, rendered once
//	VerifyJWT  our own tokens back: kid chooses the key, the key says the algorithm
//	MAC        keyed hashes for opaque tokens and cookies, one key per purpose
//	SAMLKey    the key and certificate that sign SAML messages; SAMLKeyFor makes an EC one on demand
//	Ensure     makes the first key of an algorithm when somebody needs it; RS256 and ES256 are there from the start
//	SignMAC    a JWT under a key that is shared with one client; placeholder.go: what the JWKS shows of it
//	Foreign    checks tokens that somebody else signed
//	Tick       every minute: reads the rows again, rotates what is due, warns of certificates
//	Rotate     makes the next key; Activate and Retire are the steps that are taken by hand
//
// A row carries times, not a state: next → active → retiring → retired follow from the
// clock, so that all nodes switch together ([Info.State]). The ring reads the clock at
// each use and the store only in [Open], [Ring.Reload] and the operations that change keys.
//
// # Rotation
//
// A JWT key and a token root rotate by the clock. Rotate publishes the next key; after
// the lead it signs and the old one verifies only, until all that it signed has
// expired. Retiring the next key before that calls the rotation off.
//
// A SAML key waits for people, since service providers hold copies of its certificate:
// Rotate publishes the next one beside the old, Activate signs with it, Retire takes
// the old one out of the metadata. Until then, activating the old key again is the way
// back.
//
// A service provider may have SAML keys of its own (use "saml:" and its slug; saml_own.go),
// made here or brought along (saml_import.go). They go the same way, and while one is
// active it signs for that service provider instead of the shared key; Deactivate is the way back
// to that. A service provider can be pinned to one key, shared or its own.
package keys
