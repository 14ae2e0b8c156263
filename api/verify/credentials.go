package verify

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"cloudsso/idp"
)

// Keys are made for one test. They stand in for those of the client, which we do not have.
type Keys struct{ byAlg map[string]jose.JSONWebKey }

// NewKeys makes the keys that a client with these settings signs with: none, for most.
func NewKeys(c idp.Client) (Keys, error) {
	k := Keys{make(map[string]jose.JSONWebKey)}
	for _, alg := range []string{assertionAlg(c), objectAlg(c)} {
		if alg == "" || strings.HasPrefix(alg, "HS") {
			continue
		}
		signer, err := newSigner(alg)
		if err != nil {
			return k, err
		}
		k.byAlg[alg] = jose.JSONWebKey{Key: signer, KeyID: "test-" + alg, Algorithm: alg, Use: "sig"}
	}
	return k, nil
}

// Public is the key set to register for the time of the test; nil if there are no keys.
func (k Keys) Public() (json.RawMessage, error) {
	if len(k.byAlg) == 0 {
		return nil, nil
	}
	var set jose.JSONWebKeySet
	for _, alg := range slices.Sorted(maps.Keys(k.byAlg)) {
		key := k.byAlg[alg]
		set.Keys = append(set.Keys, key.Public())
	}
	return json.Marshal(set)
}

func newSigner(alg string) (crypto.Signer, error) {
	switch alg {
	case "ES256":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "ES512":
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "EdDSA":
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	}
	return rsa.GenerateKey(rand.Reader, 2048)
}

// assertionAlg is what the client signs its assertions with, "" if it has none.
func assertionAlg(c idp.Client) string {
	switch c.TokenEndpointAuthMethod {
	case "private_key_jwt":
		return cmp.Or(c.TokenEndpointAuthAlg, "ES256")
	case "client_secret_jwt":
		return cmp.Or(c.TokenEndpointAuthAlg, "HS256")
	}
	return ""
}

// objectAlg is what it signs its requests with, "" if it need not.
func objectAlg(c idp.Client) string {
	if !c.RequireSignedRequestObject {
		return ""
	}
	return cmp.Or(c.RequestObjectSigningAlg, "ES256")
}

// authenticate adds what the client shows itself by, in its registered way.
func (rp *RelyingParty) authenticate(form url.Values) (http.Header, error) {
	header := http.Header{}
	switch c := rp.Client; c.TokenEndpointAuthMethod {
	case "client_secret_basic":
		r := http.Request{Header: header}
		r.SetBasicAuth(url.QueryEscape(c.ID), url.QueryEscape(rp.Secret)) // RFC 6749 §2.3.1
	case "client_secret_post":
		form.Set("client_id", c.ID)
		form.Set("client_secret", rp.Secret)
	case "client_secret_jwt", "private_key_jwt":
		now := rp.Now()
		assertion, err := rp.sign(assertionAlg(c), "JWT", map[string]any{
			"iss": c.ID, "sub": c.ID, "aud": rp.Issuer, "jti": idp.NewID(), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
		})
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", assertion)
		return header, err
	default:
		form.Set("client_id", c.ID)
	}
	return header, nil
}

// sign makes a JWT of the client.
func (rp *RelyingParty) sign(alg, typ string, claims map[string]any) (string, error) {
	key := any([]byte(rp.Secret))
	if !strings.HasPrefix(alg, "HS") {
		key = rp.Keys.byAlg[alg]
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: key}, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		return "", err
	}
	return jwt.Signed(signer).Claims(claims).Serialize()
}
