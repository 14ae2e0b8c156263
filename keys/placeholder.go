package keys

import (
	"context"
	"slices"
	"time"

	"cloudsso/idp"
)

// placeholder stands in the JWKS for a symmetric algorithm that a client uses. Some
// relying parties want an entry of every algorithm that they meet; the key itself is
// known to that client and to us only. Its k is one zero byte, which is shorter than any
// key may be: whoever verifies with it can be told anything by anybody, and nothing here
// ever does ([SignMAC], [Foreign]).
func placeholder(alg string) jwk { return jwk{Kty: "oct", Alg: alg, Use: "sig", K: "AA"} }

// placeholders are the symmetric algorithms that have a row.
func (s *snapshot) placeholders(now time.Time) (algs []string) {
	for _, alg := range idp.SymmetricAlgs() {
		if s.alive(kind{idp.KeyUseShared, alg}, now) {
			algs = append(algs, alg)
		}
	}
	return algs
}

// Placeholders returns the symmetric algorithms that the JWKS shows.
func (r *Ring) Placeholders() []string { return r.snapshot.Load().placeholders(r.now()) }

// DropPlaceholders takes the placeholders out of the JWKS whose algorithm is not used any
// more. [Ring.Ensure] puts them in.
func (r *Ring) DropPlaceholders(ctx context.Context, events Recorder, used []string) error {
	for _, alg := range r.Placeholders() {
		if slices.Contains(used, alg) {
			continue
		}
		_, err := r.change(ctx, events, func(s *snapshot, now time.Time) (step, error) {
			st := step{event: idp.EventKeyRetired}
			for _, k := range s.of(kind{idp.KeyUseShared, alg}) {
				if to := k.Times(); k.state(now) != Retired {
					st.kid, to.ExpireAt = k.ID, now
					st.moves = append(st.moves, k.move(to))
				}
			}
			return st, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
