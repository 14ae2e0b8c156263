package idp_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
)

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func ecJWK(t *testing.T, curve elliptic.Curve, name string) map[string]any {
	t.Helper()
	k, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := k.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	half := (len(point) - 1) / 2
	return map[string]any{"kty": "EC", "crv": name, "x": b64(point[1 : 1+half]), "y": b64(point[1+half:])}
}

func rsaJWK(bits int) map[string]any {
	n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
	n.Add(n, big.NewInt(1)) // as good as a real one to who only looks at it
	return map[string]any{"kty": "RSA", "n": b64(n.Bytes()), "e": "AQAB"}
}

func okpJWK() map[string]any {
	pub, _, _ := ed25519.GenerateKey(rand.Reader)
	return map[string]any{"kty": "OKP", "crv": "Ed25519", "x": b64(pub)}
}

func plus(k map[string]any, members ...any) map[string]any {
	for i := 0; i < len(members); i += 2 {
		k[members[i].(string)] = members[i+1]
	}
	return k
}

func setOf(keys ...map[string]any) json.RawMessage {
	data, _ := json.Marshal(map[string]any{"keys": keys})
	return data
}

func TestParseJWKSTakesKeysThatVerify(t *testing.T) {
	t.Parallel()
	real, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := idp.ParseJWKS(setOf(
		plus(map[string]any{"kty": "RSA", "n": b64(real.N.Bytes()), "e": "AQAB"}, "kid", "rsa", "alg", "PS256", "x5c", []string{"x"}),
		ecJWK(t, elliptic.P256(), "P-256"), ecJWK(t, elliptic.P384(), "P-384"), ecJWK(t, elliptic.P521(), "P-521"), okpJWK(),
		map[string]any{"kty": "RSA", "use": "enc", "n": "AQ", "e": "AQ"}, // not ours to judge
	))
	if err != nil || len(keys) != 5 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	if keys[0].KID != "rsa" || keys[0].Alg != "PS256" || !real.PublicKey.Equal(keys[0].Key) {
		t.Errorf("got %+v", keys[0])
	}
}

func TestParseJWKSNamesBadKeys(t *testing.T) {
	t.Parallel()
	off := ecJWK(t, elliptic.P256(), "P-256")
	off["x"] = b64(make([]byte, 32))
	for name, c := range map[string]struct {
		key  map[string]any
		says string
	}{
		"a short RSA key":              {rsaJWK(2047), "2048 to 8192 bits"},
		"an endless RSA key":           {rsaJWK(8193), "2048 to 8192 bits"},
		"an even exponent":             {plus(rsaJWK(2048), "e", "Ag"), "n and e"},
		"the exponent 1":               {plus(rsaJWK(2048), "e", "AQ"), "n and e"},
		"a modulus with padding":       {plus(rsaJWK(2048), "n", "AAAA=="), "base64url"},
		"no modulus":                   {map[string]any{"kty": "RSA", "e": "AQAB"}, "2048"},
		"a private RSA key":            {plus(rsaJWK(2048), "d", "AQ"), "secret member d"},
		"a private EC key":             {plus(ecJWK(t, elliptic.P256(), "P-256"), "d", "AQ"), "secret member d"},
		"a symmetric key":              {map[string]any{"kty": "oct", "k": "AA"}, "secret member k"},
		"a point that is not on curve": {off, "not a point"},
		"a coordinate cut short":       {plus(ecJWK(t, elliptic.P256(), "P-256"), "x", "AA"), "as long as"},
		"a point of another curve":     {plus(ecJWK(t, elliptic.P384(), "P-384"), "crv", "P-256"), "as long as"},
		"secp256k1":                    {map[string]any{"kty": "EC", "crv": "secp256k1"}, "crv must be"},
		"X25519":                       {map[string]any{"kty": "OKP", "crv": "X25519", "x": b64(make([]byte, 32))}, "only Ed25519"},
		"an unknown type":              {map[string]any{"kty": "AKP"}, "kty must be"},
		"a type in lower case":         {map[string]any{"KTY": "RSA"}, "kty must be"},
		"the same kid twice":           {plus(okpJWK(), "kid", "one"), "the same kid"},
	} {
		keys, err := idp.ParseJWKS(setOf(plus(okpJWK(), "kid", "one"), c.key))
		var e *idp.Error
		if !errors.As(err, &e) || e.Field != "keys[1]" || !strings.Contains(e.Public, c.says) || len(keys) != 1 {
			t.Errorf("%s: %d keys, %v", name, len(keys), err)
		}
	}
	for _, doc := range []string{"", "null", "[]", "{}", `{"keys":[]}`, `{"keys":{}}`, `{"keys":[1]}`, `"x"`, strings.Repeat(" ", 64<<10) + `{"keys":[]}`} {
		if keys, err := idp.ParseJWKS([]byte(doc)); err == nil || keys != nil {
			t.Errorf("%.20q: %v", doc, keys)
		}
	}
	if keys, err := idp.ParseJWKS(setOf(slices.Repeat([]map[string]any{okpJWK()}, 51)...)); err == nil || keys != nil {
		t.Error("51 keys")
	}
}

func TestCompleteSigningDefaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		m    idp.ClientMetadata
		want string // hs_key
		auth int    // least bytes of a client_secret, 0: a hash is enough
		sign int    // of a signing key
	}{
		"nothing special":              {idp.ClientMetadata{}, "", 0, 0},
		"a leftover of HS512":          {idp.ClientMetadata{HSKey: "dedicated"}, "", 0, 0},
		"HS512 by the secret":          {idp.ClientMetadata{IDTokenSignedResponseAlg: "HS512"}, "client_secret", 64, 0},
		"two algorithms by the secret": {idp.ClientMetadata{IDTokenSignedResponseAlg: "HS256", UserInfoSignedResponseAlg: "HS384"}, "client_secret", 48, 0},
		"a key of its own":             {idp.ClientMetadata{IDTokenSignedResponseAlg: "HS256", HSKey: "dedicated"}, "dedicated", 0, 32},
		"private_key_jwt":              {idp.ClientMetadata{IntrospectionSignedResponseAlg: "HS384", TokenEndpointAuthMethod: "private_key_jwt", JWKSURI: "https://rp.example/jwks"}, "dedicated", 0, 48},
		"client_secret_jwt":            {idp.ClientMetadata{TokenEndpointAuthMethod: "client_secret_jwt"}, "", 32, 0},
		"client_secret_jwt by HS512":   {idp.ClientMetadata{TokenEndpointAuthMethod: "client_secret_jwt", TokenEndpointAuthAlg: "HS512"}, "", 64, 0},
		"both":                         {idp.ClientMetadata{TokenEndpointAuthMethod: "client_secret_jwt", IDTokenSignedResponseAlg: "HS384", HSKey: "dedicated"}, "dedicated", 32, 48},
		"unsigned":                     {idp.ClientMetadata{IDTokenSignedResponseAlg: "none"}, "", 0, 0},
		"jwks null":                    {idp.ClientMetadata{JWKS: json.RawMessage("null")}, "", 0, 0},
	} {
		m := c.m
		m.RedirectURIs = []string{"https://rp.example/cb"}
		if err := m.Complete(false); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if m.HSKey != c.want || m.SharedKeyBytes(idp.SecretAuthenticates) != c.auth || m.SharedKeyBytes(idp.SecretSigns) != c.sign || m.JWKS != nil {
			t.Errorf("%s: hs_key %q, %d and %d bytes", name, m.HSKey, m.SharedKeyBytes(idp.SecretAuthenticates), m.SharedKeyBytes(idp.SecretSigns))
		}
	}
}

func TestCompleteRefusesBadKeysAndAlgorithms(t *testing.T) {
	t.Parallel()
	private := func(m *idp.ClientMetadata) {
		m.TokenEndpointAuthMethod, m.JWKS = "private_key_jwt", setOf(okpJWK())
	}
	type change = func(*idp.ClientMetadata)
	for name, c := range map[string]struct {
		change      change
		field, says string
	}{
		"private_key_jwt without keys":        {func(m *idp.ClientMetadata) { m.TokenEndpointAuthMethod = "private_key_jwt" }, "token_endpoint_auth_method", "give jwks or jwks_uri"},
		"K10 both kinds of keys":              {func(m *idp.ClientMetadata) { private(m); m.JWKSURI = "https://rp.example/jwks" }, "jwks_uri", "not both"},
		"keys over http":                      {func(m *idp.ClientMetadata) { m.JWKSURI = "http://rp.example/jwks" }, "jwks_uri", "must be https"},
		"an address of keys with a user name": {func(m *idp.ClientMetadata) { m.JWKSURI = "https://a@rp.example/jwks" }, "jwks_uri", "user name"},
		"an address of keys with a fragment":  {func(m *idp.ClientMetadata) { m.JWKSURI = "https://rp.example/jwks#x" }, "jwks_uri", "fragment"},
		"a weak key":                          {func(m *idp.ClientMetadata) { m.JWKS = setOf(okpJWK(), rsaJWK(1024)) }, "jwks.keys[1]", "2048 to 8192 bits"},
		"a private key":                       {func(m *idp.ClientMetadata) { m.JWKS = setOf(plus(okpJWK(), "d", "AQ")) }, "jwks.keys[0]", "make a new key"},
		"keys for encryption only":            {func(m *idp.ClientMetadata) { m.JWKS = setOf(plus(okpJWK(), "use", "enc")) }, "jwks", "no key that signatures"},
		"keys that are no set":                {func(m *idp.ClientMetadata) { m.JWKS = json.RawMessage(`[]`) }, "jwks.keys", "not a JSON Web Key Set"},
		"an algorithm for a plain secret":     {func(m *idp.ClientMetadata) { m.TokenEndpointAuthAlg = "RS256" }, "token_endpoint_auth_signing_alg", "signs nothing"},
		"an algorithm of the other kind":      {func(m *idp.ClientMetadata) { private(m); m.TokenEndpointAuthAlg = "HS256" }, "token_endpoint_auth_signing_alg", "one of RS256"},
		"an algorithm of the other kind, secret": {func(m *idp.ClientMetadata) {
			m.TokenEndpointAuthMethod, m.TokenEndpointAuthAlg = "client_secret_jwt", "RS256"
		}, "token_endpoint_auth_signing_alg", "HS256, HS384 or HS512"},
		"assertions by none":              {func(m *idp.ClientMetadata) { private(m); m.TokenEndpointAuthAlg = "none" }, "token_endpoint_auth_signing_alg", "one of RS256"},
		"unsigned userinfo":               {func(m *idp.ClientMetadata) { m.UserInfoSignedResponseAlg = "none" }, "userinfo_signed_response_alg", "one of RS256"},
		"unsigned introspection":          {func(m *idp.ClientMetadata) { m.IntrospectionSignedResponseAlg = "none" }, "introspection_signed_response_alg", "one of RS256"},
		"H9 unsigned for a public client": {func(m *idp.ClientMetadata) { m.TokenEndpointAuthMethod, m.IDTokenSignedResponseAlg = "none", "none" }, "id_token_signed_response_alg", "clients that authenticate"},
		"a shared key of a public client": {func(m *idp.ClientMetadata) { m.TokenEndpointAuthMethod, m.IDTokenSignedResponseAlg = "none", "HS256" }, "id_token_signed_response_alg", "public client cannot keep"},
		"a shared userinfo key, public":   {func(m *idp.ClientMetadata) { m.TokenEndpointAuthMethod, m.UserInfoSignedResponseAlg = "none", "HS256" }, "userinfo_signed_response_alg", "public client cannot keep"},
		"a key that is neither":           {func(m *idp.ClientMetadata) { m.IDTokenSignedResponseAlg, m.HSKey = "HS256", "mine" }, "hs_key", "client_secret or dedicated"},
		"a secret that there is none of": {func(m *idp.ClientMetadata) {
			private(m)
			m.IDTokenSignedResponseAlg, m.HSKey = "HS256", "client_secret"
		}, "hs_key", "choose dedicated"},
		"an algorithm in lower case": {func(m *idp.ClientMetadata) { m.IDTokenSignedResponseAlg = "rs256" }, "id_token_signed_response_alg", "one of RS256"},
	} {
		m := idp.ClientMetadata{RedirectURIs: []string{"https://rp.example/cb"}}
		c.change(&m)
		var e *idp.Error
		if err := m.Complete(false); !errors.As(err, &e) || e.Field != c.field || !strings.Contains(e.Public, c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSecretsOfAClient(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	c := idp.Client{ID: "a", Secrets: []idp.ClientSecret{
		{ID: "1", ExpiresAt: now}, {ID: "2", ExpiresAt: now.Add(1)}, {ID: "3", Use: idp.SecretSigns}, {ID: "4"},
	}}
	var live []string
	for _, s := range c.LiveSecrets(idp.SecretAuthenticates, now) {
		live = append(live, s.ID)
	}
	if !slices.Equal(live, []string{"2", "4"}) || len(c.Secrets) != 4 {
		t.Errorf("live: %v", live)
	}
	seen := map[string]bool{}
	for _, s := range c.Secrets {
		seen[s.Purpose("a")], seen[s.Purpose("b")] = true, true
	}
	if len(seen) != 8 {
		t.Errorf("%d purposes of 8 places", len(seen))
	}
	if key := idp.NewSharedKey(); len(key) != 86 || key == idp.NewSharedKey() {
		t.Errorf("a shared key of %d characters", len(key))
	}
}
