package idp

import "time"

// Uses of a [KeyRecord].
const (
	KeyUseSign  = "sig"   // signs JWTs; published in the JWKS
	KeyUseSAML  = "saml"  // signs SAML messages; published in metadata with its certificate
	KeyUseToken = "token" // symmetric root for opaque tokens and cookies; never published

	// KeyUseShared is no key: the row says that some client has its tokens signed with a
	// key that it shares with us, so that the JWKS has a placeholder for the algorithm.
	KeyUseShared = "oct"
)

// KeyRecord is one key of the ring as it lies in the store. Its state follows from
// the times in the row, so that all nodes switch together: published from CreatedAt,
// signing from ActivateAt, verifying only from RetireAt, gone after ExpireAt.
// A zero ActivateAt, RetireAt or ExpireAt: not planned.
type KeyRecord struct {
	ID          string // RFC 7638 thumbprint for asymmetric keys, NewID otherwise
	Slot        string // unique: use, algorithm and generation ("sig/RS256/1"); who loses the race to fill it reads the winner's
	Use         string // KeyUse…
	Alg         string // JWA name
	Sealed      []byte // private or secret key, AES-256-GCM under the key-encryption key
	Certificate []byte // DER, KeyUseSAML only
	CreatedAt   time.Time
	ActivateAt  time.Time
	RetireAt    time.Time
	ExpireAt    time.Time
}

// Times returns when the key changes its state.
func (k KeyRecord) Times() KeyTimes { return KeyTimes{k.ActivateAt, k.RetireAt, k.ExpireAt} }

// KeyTimes are all of a [KeyRecord] that ever changes.
type KeyTimes struct{ ActivateAt, RetireAt, ExpireAt time.Time }

// KeyMove gives the key ID the times To if it still has the times From.
type KeyMove struct {
	ID       string
	From, To KeyTimes
}
