package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"cloudsso/idp"
	"cloudsso/keys"
)

// unsigned is the algorithm of a token without a signature (RFC 7518 §3.6).
const unsigned = "none"

// sign makes a JWT for a client with one of the algorithms that it registered. The first
// use of an algorithm makes its key.
func (p *Provider) sign(ctx context.Context, c *idp.Client, alg, typ string, claims any) (string, error) {
	body, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	if shared(alg) {
		return p.signShared(ctx, c, alg, typ, body)
	}
	token, err := p.Ring.SignJWT(alg, typ, body)
	if errors.Is(err, keys.ErrNoKey) {
		if err := p.Ring.Ensure(ctx, p.Events, alg); err != nil {
			return "", err
		}
		return p.Ring.SignJWT(alg, typ, body)
	}
	return token, err
}

// signShared signs with the key that the client and we share, and sees to it that the
// JWKS shows that there is one.
func (p *Provider) signShared(ctx context.Context, c *idp.Client, alg, typ string, claims []byte) (string, error) {
	all, err := p.sharedKeys(c)
	if err != nil {
		return "", err
	}
	if len(all) == 0 {
		return "", errors.New("the client has no key for " + alg)
	}
	if err := p.Ring.Ensure(ctx, p.Events, alg); err != nil {
		return "", err
	}
	return keys.SignMAC(alg, typ, all[0], claims)
}

// signUnsigned is the JWT of a client that registered for ID tokens without a signature;
// idp.ClientMetadata says who may.
func signUnsigned(claims any) (string, error) {
	body, err := json.Marshal(claims)
	return encoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + encoding.EncodeToString(body) + ".", err
}

// sharedKeys are the keys that HS* tokens of the client are signed with, the first one
// signs: the secret that the client has just authenticated with, otherwise the oldest
// that lives. So a client that is on its way from one secret to the next can check what
// it gets. A secret from before the client shared a key may be too short for one.
func (p *Provider) sharedKeys(c *idp.Client) ([][]byte, error) {
	use := idp.SecretAuthenticates
	if c.HSKey == idp.HSKeyDedicated {
		use = idp.SecretSigns
	}
	all, err := p.openSecrets(c, use)
	// One from before the client shared a key may be too short for it.
	return slices.DeleteFunc(all, func(key []byte) bool { return len(key) < c.SharedKeyBytes(use) }), err
}

// openSecrets returns the live secrets of one use that can be had back.
func (p *Provider) openSecrets(c *idp.Client, use string) (out [][]byte, err error) {
	for _, s := range c.LiveSecrets(use, p.now()) {
		if len(s.Sealed) == 0 {
			continue
		}
		plain, err := p.Ring.Open(s.Purpose(c.ID), s.Sealed)
		if err != nil {
			return nil, err
		}
		out = append(out, plain)
	}
	return out, nil
}
