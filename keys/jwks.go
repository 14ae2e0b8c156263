package keys

import (
	"crypto/sha256"
	"encoding/json"
	"time"

	"cloudsso/idp"
)

// keySet is a rendered JWKS and the time at which it must be rendered again.
type keySet struct {
	body  []byte
	etag  string
	until time.Time // zero: never
}

// JWKS returns the JSON Web Key Set (RFC 7517 §5) with the public half of every key
// that may have signed a token or soon will, and its strong ETag; a symmetric algorithm
// that a client uses has a placeholder (placeholder.go). The caller must not
// change body.
func (r *Ring) JWKS() (body []byte, etag string) {
	s, now := r.snapshot.Load(), r.now()
	set := s.jwks.Load()
	if set == nil || !set.until.IsZero() && !now.Before(set.until) {
		set = s.render(now)
		s.jwks.Store(set)
	}
	return set.body, set.etag
}

func (s *snapshot) render(now time.Time) *keySet {
	set := new(keySet)
	doc := struct {
		Keys []jwk `json:"keys"`
	}{Keys: []jwk{}}
	for _, k := range s.jwtKeys(now) {
		doc.Keys = append(doc.Keys, k.jwk)
		for _, at := range []time.Time{k.ActivateAt, k.RetireAt, k.ExpireAt} {
			if at.After(now) && (set.until.IsZero() || at.Before(set.until)) {
				set.until = at
			}
		}
	}
	for _, alg := range s.placeholders(now) {
		doc.Keys = append(doc.Keys, placeholder(alg))
	}
	set.body, _ = json.Marshal(doc) // strings only
	sum := sha256.Sum256(set.body)
	set.etag = `"` + b64(sum[:16]) + `"`
	return set
}

// jwtKeys returns the published keys of JWTs, RS256 first and of each algorithm the one
// that signs: careless relying parties take the first key of the set.
func (s *snapshot) jwtKeys(now time.Time) []*key {
	var out []*key
	for _, alg := range idp.AsymmetricAlgs() {
		signing := s.pick(idp.KeyUseSign, alg, now)
		if signing != nil {
			out = append(out, signing)
		}
		for _, k := range s.keys {
			if k.Use == idp.KeyUseSign && k.Alg == alg && k != signing && k.state(now) != Retired {
				out = append(out, k)
			}
		}
	}
	return out
}

// Algs returns the algorithms that have a key to sign JWTs with now, RS256 first.
func (r *Ring) Algs() []string {
	var out []string
	s, now := r.snapshot.Load(), r.now()
	for _, alg := range idp.AsymmetricAlgs() {
		if s.pick(idp.KeyUseSign, alg, now) != nil {
			out = append(out, alg)
		}
	}
	return out
}
