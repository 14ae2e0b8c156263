package idp

import "time"

// Uses of a [KeyRecord].
const (
	KeyUseSign  = "sig"   // signs JWTs; published in the JWKS
	KeyUseSAML  = "saml"  // signs SAML messages; published in metadata with its certificate
	KeyUseToken = "token" // symmetric root for opaque tokens and cookies; never published
)

// KeyRecord is one key of the ring as it lies in the store. Its state follows from
// the times in the row, so that all nodes switch together: published from CreatedAt,
// signing from ActivateAt, verifying only from RetireAt, gone after ExpireAt.
// Zero RetireAt or ExpireAt: not planned.
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
