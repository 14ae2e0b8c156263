package keys_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"cloudsso/idp"
	"cloudsso/keys"
)

// makers are key pairs of somebody else, one of each type.
var makers = sync.OnceValue(func() map[string]crypto.Signer {
	out := map[string]crypto.Signer{}
	out["RSA"], _ = rsa.GenerateKey(rand.Reader, 2048)
	out["P-256"], _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	out["P-384"], _ = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	out["P-521"], _ = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	_, out["Ed25519"], _ = ed25519.GenerateKey(rand.Reader)
	return out
})

func makerOf(alg string) crypto.Signer {
	return makers()[map[string]string{"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "EdDSA": "Ed25519"}[alg]+map[bool]string{true: "RSA"}[alg[1] == 'S' && alg[0] != 'E']]
}

func foreignJWT(t *testing.T, alg string, key any, headers map[string]any) string {
	t.Helper()
	o := &jose.SignerOptions{}
	for name, value := range headers {
		o.WithHeader(jose.HeaderKey(name), value)
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: key}, o)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := s.Sign([]byte(`{"sub":"app"}`))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func jwks(t *testing.T, list ...jose.JSONWebKey) []idp.PublicJWK {
	t.Helper()
	data, err := json.Marshal(jose.JSONWebKeySet{Keys: list})
	if err != nil {
		t.Fatal(err)
	}
	out, err := idp.ParseJWKS(data)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestForeignTokensOfEveryAlgorithmVerify(t *testing.T) {
	t.Parallel()
	for _, alg := range idp.AsymmetricAlgs() {
		signer := makerOf(alg)
		set := jwks(t, jose.JSONWebKey{Key: signer.Public(), KeyID: "one"})
		f := keys.Foreign{Algs: []string{alg}, Keys: set}
		for name, headers := range map[string]map[string]any{"with kid": {"kid": "one"}, "F9 without kid": nil} {
			if claims, err := f.Verify(foreignJWT(t, alg, signer, headers), ""); err != nil || string(claims) != `{"sub":"app"}` {
				t.Errorf("%s %s: %s, %v", alg, name, claims, err)
			}
		}
	}
	secret := []byte(idp.NewSharedKey())
	for _, alg := range idp.SymmetricAlgs() {
		f := keys.Foreign{Algs: []string{alg}, Secrets: [][]byte{[]byte(idp.NewSharedKey()), secret}}
		if _, err := f.Verify(foreignJWT(t, alg, secret, nil), ""); err != nil {
			t.Errorf("%s: %v", alg, err)
		}
	}
}

// openid-client 6 signs its assertions under the name of RFC 9864.
func TestForeignTokensUnderTheNewNameOfEdDSAVerify(t *testing.T) {
	t.Parallel()
	signer := makers()["Ed25519"]
	signed := func(alg string) string {
		body := b64.EncodeToString([]byte(`{"alg":"`+alg+`","kid":"one"}`)) + "." + b64.EncodeToString([]byte(`{"sub":"app"}`))
		return body + "." + b64.EncodeToString(ed25519.Sign(signer.(ed25519.PrivateKey), []byte(body)))
	}
	for _, named := range []string{"", "EdDSA", "Ed25519"} {
		f := keys.Foreign{Algs: []string{"EdDSA"}, Keys: jwks(t, jose.JSONWebKey{Key: signer.Public(), KeyID: "one", Algorithm: named})}
		for _, alg := range []string{"EdDSA", "Ed25519"} {
			if claims, err := f.Verify(signed(alg), ""); err != nil || string(claims) != `{"sub":"app"}` {
				t.Errorf("%s under a key for %q: %s, %v", alg, named, claims, err)
			}
		}
		for _, alg := range []string{"Ed448", "ed25519", "Ed25519 "} {
			if _, err := f.Verify(signed(alg), ""); !errors.Is(err, keys.ErrBadJWT) {
				t.Errorf("%s passes: %v", alg, err)
			}
		}
		f.Algs = []string{"ES256", "RS256"}
		if _, err := f.Verify(signed("Ed25519"), ""); err == nil || !strings.Contains(err.Error(), "alg is not") {
			t.Errorf("Ed25519 passes where EdDSA is not agreed on: %v", err)
		}
	}
}

func TestForeignTokensAreRefused(t *testing.T) {
	t.Parallel()
	rsaKey, ec, other := makers()["RSA"], makers()["P-256"], makers()["P-384"]
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pkix, err := x509.MarshalPKIXPublicKey(rsaKey.Public())
	if err != nil {
		t.Fatal(err)
	}
	asPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pkix})
	set := jwks(t, jose.JSONWebKey{Key: rsaKey.Public(), KeyID: "rsa", Algorithm: "PS256"}, jose.JSONWebKey{Key: ec.Public(), KeyID: "ec"})
	f := keys.Foreign{Algs: append(idp.AsymmetricAlgs(), idp.SymmetricAlgs()...), Keys: set, Secrets: [][]byte{[]byte("short")}}
	good := strings.Split(foreignJWT(t, "ES256", ec, map[string]any{"kid": "ec"}), ".")
	for name, c := range map[string]struct {
		raw     string
		says    string
		unknown bool // a newer key set may help
	}{
		"a stranger's key under a known kid":      {foreignJWT(t, "ES256", stranger, map[string]any{"kid": "ec"}), "does not match", false},
		"a stranger's key without kid":            {foreignJWT(t, "ES256", stranger, nil), "known key", true},
		"an unknown kid":                          {foreignJWT(t, "ES256", stranger, map[string]any{"kid": "new"}), "known key", true},
		"an algorithm that no key is for":         {foreignJWT(t, "ES384", other, nil), "known key", true},
		"a key that is for another algorithm":     {foreignJWT(t, "RS256", rsaKey, map[string]any{"kid": "rsa"}), "known key", true},
		"HS256 keyed with a public key":           {foreignJWT(t, "HS256", asPEM, map[string]any{"kid": "rsa"}), "MAC does not match", false},
		"the right secret, but too short":         {shortHS256("short"), "MAC does not match", false},
		"alg none":                                {b64.EncodeToString([]byte(`{"alg":"none"}`)) + "." + good[1] + ".", "base64url", false},
		"alg none with a signature":               {b64.EncodeToString([]byte(`{"alg":"none"}`)) + "." + good[1] + "." + good[2], "alg is not", false},
		"another payload":                         {good[0] + "." + b64.EncodeToString([]byte(`{"sub":"bob"}`)) + "." + good[2], "does not match", false},
		"a critical extension":                    {b64.EncodeToString([]byte(`{"alg":"ES256","kid":"ec","crit":["x"],"x":1}`)) + "." + good[1] + "." + good[2], "crit", false},
		"an ID token where none is expected":      {foreignJWT(t, "ES256", ec, map[string]any{"kid": "ec", "typ": "at+jwt"}), "typ", false},
		"more than 64 KiB":                        {good[0] + "." + strings.Repeat("A", 64<<10) + "." + good[2], "too long", false},
		"a signature in DER":                      {good[0] + "." + good[1] + "." + b64.EncodeToString(make([]byte, 70)), "does not match", false},
		"an encrypted token":                      {"a.b.c.d.e", "three parts", false},
		"a key of its own in the header":          {foreignJWT(t, "ES256", stranger, map[string]any{"kid": "ec", "jwk": jose.JSONWebKey{Key: stranger.Public()}}), "does not match", false},
		"a key in the header and no kid (jwk)":    {foreignJWT(t, "ES256", stranger, map[string]any{"jwk": jose.JSONWebKey{Key: stranger.Public()}}), "known key", true},
		"an address of a key in the header (jku)": {foreignJWT(t, "ES256", stranger, map[string]any{"kid": "ec", "jku": "http://127.0.0.1/"}), "does not match", false},
	} {
		t.Run(name, func(t *testing.T) {
			claims, err := f.Verify(c.raw, "", "jwt")
			if !errors.Is(err, keys.ErrBadJWT) || !strings.Contains(err.Error(), c.says) || errors.Is(err, keys.ErrUnknownKey) != c.unknown {
				t.Errorf("Verify = %s, %v", claims, err)
			}
		})
	}
	if _, err := f.Verify(foreignJWT(t, "ES256", ec, map[string]any{"kid": "ec", "typ": "application/JWT"}), "jwt"); err != nil {
		t.Errorf("the long form of the type: %v", err)
	}
}

// shortHS256 signs with a key that go-jose would refuse as well.
func shortHS256(secret string) string {
	signed := b64.EncodeToString([]byte(`{"alg":"HS256"}`)) + "." + b64.EncodeToString([]byte(`{"sub":"app"}`))
	return signed + "." + b64.EncodeToString(hmacSHA256([]byte(secret), signed))
}

// Two keys of one set may be told apart by the token's algorithm alone.
func TestKeysWithoutKidAreTriedInTurn(t *testing.T) {
	t.Parallel()
	one, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	two := makers()["P-256"]
	f := keys.Foreign{Algs: []string{"ES256"}, Keys: jwks(t, jose.JSONWebKey{Key: one.Public()}, jose.JSONWebKey{Key: two.Public()})}
	for _, headers := range []map[string]any{nil, {"kid": "named in the token only"}} {
		if _, err := f.Verify(foreignJWT(t, "ES256", two, headers), ""); err != nil {
			t.Errorf("%v: %v", headers, err)
		}
	}
}

func hmacSHA256(key []byte, signed string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(signed))
	return m.Sum(nil)
}
