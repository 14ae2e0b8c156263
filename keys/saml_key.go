package keys

import (
	"context"
	"crypto"
	"fmt"

	"cloudsso/idp"
)

// SAMLKeyFor returns the key that signs SAML messages now with a key of this algorithm's
// kind: RS256 for RSA, ES256 for EC on P-256; the hash is the message's business. The EC key is made
// the first time that somebody asks for it, and signs at once: there is no older one whose
// certificate a service provider could know. When several nodes ask, all get the same.
func (r *Ring) SAMLKeyFor(ctx context.Context, events Recorder, alg string) (SAMLKey, error) {
	if k := r.samlKey(alg); k.Signer != nil {
		return k, nil
	}
	if alg != ES256 {
		return SAMLKey{}, fmt.Errorf("%w: no SAML key for %s", ErrNoKey, alg)
	}
	if err := r.ensure(ctx, events, kind{idp.KeyUseSAML, ES256}); err != nil {
		return SAMLKey{}, fmt.Errorf("create a SAML key: %w", err)
	}
	if k := r.samlKey(alg); k.Signer != nil {
		return k, nil
	}
	return SAMLKey{}, fmt.Errorf("%w: the SAML key for %s does not sign", ErrNoKey, alg)
}

func (r *Ring) samlKey(alg string) SAMLKey {
	if k := r.snapshot.Load().pick(idp.KeyUseSAML, alg, r.now()); k != nil {
		return SAMLKey{Signer: k.signer, Certificate: k.cert}
	}
	return SAMLKey{}
}

// SAMLDecrypters returns the keys that open what service providers encrypt to a
// certificate of our metadata, the one that signs now first.
func (r *Ring) SAMLDecrypters() []crypto.Decrypter {
	s, now := r.snapshot.Load(), r.now()
	signing := s.pick(idp.KeyUseSAML, RS256, now)
	var out []crypto.Decrypter
	for _, k := range s.of(kind{idp.KeyUseSAML, RS256}) {
		d, ok := k.signer.(crypto.Decrypter)
		switch {
		case !ok || k.state(now) == Retired:
		case k == signing:
			out = append([]crypto.Decrypter{d}, out...)
		default:
			out = append(out, d)
		}
	}
	return out
}
