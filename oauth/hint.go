package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"cloudsso/idp"
	"cloudsso/keys"
)

// hint is what an id_token_hint says.
type hint struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience audience `json:"aud"`
	SID      string   `json:"sid"`
	Issued   float64  `json:"iat"`
}

// readHint accepts an ID token that we issued, also an expired one. Whom it was issued
// to is the caller's to check.
func (p *Provider) readHint(ctx context.Context, raw string) (hint, error) {
	var h hint
	claims, err := p.Ring.VerifyJWT(raw, "JWT")
	if err != nil {
		claims, err = p.verifyShared(ctx, raw)
	}
	if err != nil {
		return h, err
	}
	if err := json.Unmarshal(claims, &h); err != nil {
		return h, err
	}
	if h.Issuer != p.Issuer || h.Subject == "" || h.Issued == 0 { // a signed userinfo answer has no iat
		return h, errors.New("another issuer, nobody, or no ID token")
	}
	return h, nil
}

// verifyShared returns the claims of an ID token that was signed with the key that its
// client shares with us. Attack: anybody can sign with the placeholder that the JWKS
// shows, and each such client can sign for the others if its own word says whose key it
// is. Decision: the keys of the one client in aud, which must be registered for the
// algorithm; a short or missing key verifies nothing.
func (p *Provider) verifyShared(ctx context.Context, raw string) ([]byte, error) {
	var h hint
	if err := unverified(raw, &h); err != nil {
		return nil, err
	}
	if len(h.Audience) != 1 {
		return nil, errors.New("not issued to one client")
	}
	c, err := p.Records.Client(ctx, h.Audience[0])
	if err != nil {
		return nil, err
	}
	if !shared(c.IDTokenSignedResponseAlg) {
		return nil, errors.New("the client shares no key")
	}
	f := keys.Foreign{Algs: []string{c.IDTokenSignedResponseAlg}}
	if f.Secrets, err = p.sharedKeys(&c); err != nil {
		return nil, err
	}
	return f.Verify(raw, "jwt")
}

func shared(alg string) bool { return slices.Contains(idp.SymmetricAlgs(), alg) }

// audience is one string or several (RFC 7519 §4.1.3).
type audience []string

func (a *audience) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(a))
}

// MarshalJSON writes one as a string: that is what most readers expect.
func (a audience) MarshalJSON() ([]byte, error) { return json.Marshal(oneOrMany(a)) }
