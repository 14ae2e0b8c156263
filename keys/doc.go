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
//	SAMLKey    the key and certificate that sign SAML messages
//
// A row carries times, not a state: next → active → retiring → retired follow from the
// clock, so that all nodes switch together ([Info.State]). The ring reads the clock at
// each use and the store only in [Open] and [Ring.Reload].
package keys
