package keys

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"cloudsso/idp"
)

// ErrBadJWT is wrapped by every error of [Ring.VerifyJWT]. The text beside it is for the log.
var ErrBadJWT = errors.New("not a valid token of this provider")

// ErrNoKey is wrapped by the error of [Ring.SignJWT] if the algorithm has no key (yet).
var ErrNoKey = errors.New("there is no key to sign with")

const maxJWT = 16 << 10 // bytes; ours are far smaller

// joseHeader is all that our tokens have in their header.
type joseHeader struct {
	Alg string `json:"alg"`
	Kid string `json:"kid"`
	Typ string `json:"typ"`
}

// SignJWT returns claims, a JSON object, as a compact JWS (RFC 7515 §7.1) signed by the
// key of alg that signs now. typ is the header's type; "" means "JWT".
func (r *Ring) SignJWT(alg, typ string, claims []byte) (string, error) {
	k := r.snapshot.Load().pick(idp.KeyUseSign, alg, r.now())
	if k == nil {
		return "", fmt.Errorf("%w: %q", ErrNoKey, alg)
	}
	if typ == "" {
		typ = "JWT"
	}
	header, err := k.header(typ)
	if err != nil {
		return "", err
	}
	payload := base64.RawURLEncoding.EncodedLen(len(claims))
	jws := make([]byte, 0, len(header)+payload+len("..")+700) // base64 of an RSA-4096 signature
	jws = append(append(jws, header...), '.')
	jws = base64.RawURLEncoding.AppendEncode(jws, claims)
	sig, err := k.method.sign(k.signer, jws)
	if err != nil {
		return "", fmt.Errorf("sign with %s: %w", k.Slot, err)
	}
	return string(base64.RawURLEncoding.AppendEncode(append(jws, '.'), sig)), nil
}

// VerifyJWT returns the claims of a token that this ring signed, now or with a key that
// still verifies. It checks the signature, and that the header's typ is one of typ if
// any are given; issuer, audience and times are the caller's. Errors wrap [ErrBadJWT].
func (r *Ring) VerifyJWT(raw string, typ ...string) ([]byte, error) {
	claims, err := r.verify(raw, typ)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadJWT, err)
	}
	return claims, nil
}

func (r *Ring) verify(raw string, typ []string) ([]byte, error) {
	header, payload, sig, err := splitJWS(raw, maxJWT)
	if err != nil {
		return nil, err
	}
	h, err := parseHeader(header)
	if err != nil {
		return nil, err
	}
	// Attack: the header chooses how it is checked (alg none, HS256 keyed with our public
	// RSA key, a key of the attacker in jwk, jku or x5u). Decision: kid only selects one
	// of our keys, the key knows its algorithm, and no other member is looked at (RFC 8725 §3.1).
	k := r.snapshot.Load().byKID[h.Kid]
	switch {
	case k == nil || k.state(r.now()) == Retired:
		return nil, errors.New("unknown kid")
	case h.Alg != k.Alg:
		return nil, errors.New("alg is not the key's")
	case len(typ) > 0 && !slices.Contains(typ, h.Typ):
		return nil, errors.New("typ is another one") // RFC 8725 §3.11
	}
	signed := raw[:strings.LastIndexByte(raw, '.')]
	if !k.method.verify(k.signer.Public(), []byte(signed), sig) {
		return nil, errors.New("the signature does not match")
	}
	return payload, nil
}

func splitJWS(raw string, most int) (header, payload, sig []byte, err error) {
	if len(raw) > most {
		return nil, nil, nil, errors.New("too long")
	}
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return nil, nil, nil, errors.New("not three parts")
	}
	var decoded [3][]byte
	for i, p := range parts {
		// RFC 7515 §2: no padding, line breaks or other additions. Go's decoder skips line
		// breaks, so they are refused by hand.
		if p == "" || strings.ContainsAny(p, "\r\n") {
			return nil, nil, nil, errors.New("not base64url")
		}
		if decoded[i], err = base64.RawURLEncoding.Strict().DecodeString(p); err != nil {
			return nil, nil, nil, errors.New("not base64url")
		}
	}
	return decoded[0], decoded[1], decoded[2], nil
}

// parseHeader reads a JOSE header without encoding/json's leniency: a name that comes
// twice, or only ignoring case, means one thing to us and another to the next reader
// (RFC 7515 §4).
func parseHeader(data []byte) (h joseHeader, err error) {
	fields := map[string]*string{"alg": &h.Alg, "kid": &h.Kid, "typ": &h.Typ}
	seen := make(map[string]bool)
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return h, errors.New("the header is not an object")
	}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok || seen[name] {
			return h, errors.New("the header is malformed or has a member twice")
		}
		seen[name] = true
		var value any
		if err := d.Decode(&value); err != nil {
			return h, errors.New("the header is malformed")
		}
		if field := fields[name]; field != nil {
			if *field, ok = value.(string); !ok {
				return h, fmt.Errorf("%s is not a string", name)
			}
		}
	}
	if seen["crit"] { // RFC 7515 §4.1.11: we understand no extension
		return h, errors.New("crit is not supported")
	}
	if _, err := d.Token(); err != nil { // the closing brace
		return h, errors.New("the header is malformed")
	}
	if _, err := d.Token(); err != io.EOF {
		return h, errors.New("something follows the header")
	}
	return h, nil
}
