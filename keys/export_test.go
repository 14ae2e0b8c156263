package keys

import (
	"time"

	"cloudsso/idp"
)

// NewRecord makes the row of one more generation, as a rotation will.
func NewRecord(kek *KEK, use, alg string, generation int, now time.Time) (idp.KeyRecord, error) {
	k := kind{use, alg}
	return newRecord(kek, kindSlot{k, k.slot(generation)}, now)
}
