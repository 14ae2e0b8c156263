package keys

import (
	"crypto/hmac"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cloudsso/idp"
)

// ErrUnknownKey is wrapped, beside [ErrBadJWT], if no key of the set is the one that the
// token names, or the token names none and none fits: a newer set may have it.
var ErrUnknownKey = errors.New("not signed by a known key")

const maxForeign = 64 << 10 // bytes

// Foreign checks tokens that somebody else made, such as a client's assertion.
type Foreign struct {
	Algs    []string        // what the token may be signed with
	Keys    []idp.PublicJWK // of its maker, for asymmetric algorithms
	Secrets [][]byte        // shared with its maker, for symmetric ones; a short one verifies nothing
}

// Verify returns the claims of a token that is signed by one of the keys and has one of
// these types, given in lower case; "" stands for none. Issuer, audience and times are
// the caller's. Errors wrap [ErrBadJWT].
func (f Foreign) Verify(raw string, typ ...string) ([]byte, error) {
	claims, err := f.verify(raw, typ)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadJWT, err)
	}
	return claims, nil
}

func (f Foreign) verify(raw string, typ []string) ([]byte, error) {
	header, payload, sig, err := splitJWS(raw, maxForeign)
	if err != nil {
		return nil, err
	}
	h, err := parseHeader(header)
	if err != nil {
		return nil, err
	}
	h.Alg = polymorphic(h.Alg)
	switch {
	case !slices.Contains(f.Algs, h.Alg): // RFC 8725 §3.1: the verifier chooses
		return nil, errors.New("alg is not one that is agreed on")
	case !slices.Contains(typ, strings.TrimPrefix(strings.ToLower(h.Typ), "application/")): // RFC 7515 §4.1.9
		return nil, errors.New("typ is another one")
	}
	signed := []byte(raw[:strings.LastIndexByte(raw, '.')])
	if slices.Contains(idp.SymmetricAlgs(), h.Alg) {
		return payload, f.checkMAC(h.Alg, signed, sig)
	}
	return payload, f.checkSignature(h, signed, sig)
}

// polymorphic is the name that we know an algorithm by: RFC 9864 §2.2 has a new one for
// EdDSA on Ed25519, which some software sends already. The signature is the same.
func polymorphic(alg string) string {
	if alg == "Ed25519" {
		return EdDSA
	}
	return alg
}

// checkMAC uses the shared secrets only. Attack: a token with an HMAC keyed with a public
// key of the maker, which anybody has. Decision: keys and secrets never meet.
func (f Foreign) checkMAC(alg string, signed, sig []byte) error {
	for _, secret := range f.Secrets {
		if sum, err := macOf(alg, secret); err == nil && hmac.Equal(sig, sum(signed)) {
			return nil
		}
	}
	return errors.New("the MAC does not match")
}

func (f Foreign) checkSignature(h joseHeader, signed, sig []byte) error {
	method, ok := algorithmOf(h.Alg)
	if !ok {
		return errors.New("unknown alg")
	}
	named := f.candidates(h, method)
	for _, k := range named {
		if method.verify(k.Key, signed, sig) {
			return nil
		}
	}
	if len(named) == 0 || h.Kid == "" {
		return ErrUnknownKey
	}
	return errors.New("the signature does not match")
}

// candidates are the keys that may have signed: those of the kid, or those without one if
// none has it, or all if the token names none.
func (f Foreign) candidates(h joseHeader, method algorithm) []idp.PublicJWK {
	var named, unnamed []idp.PublicJWK
	for _, k := range f.Keys {
		switch {
		case !method.takes(k.Key) || k.Alg != "" && polymorphic(k.Alg) != h.Alg:
		case k.KID == "" || h.Kid == "":
			unnamed = append(unnamed, k)
		case k.KID == h.Kid:
			named = append(named, k)
		}
	}
	if len(named) > 0 {
		return named
	}
	return unnamed
}
