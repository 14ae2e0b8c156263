package oauth_test

import (
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
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"cloudsso/idp"
)

const (
	assertionRefused = "The client is not authenticated: the client is unknown or registered for another method, or the client_assertion is not signed by one of its keys with an algorithm that it may use."
	jwtBearer        = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
)

// clientKey is a key pair of a test's clients, one of each type.
var clientKey = sync.OnceValue(func() map[string]crypto.Signer {
	out := map[string]crypto.Signer{}
	out["RSA"], _ = rsa.GenerateKey(rand.Reader, 2048)
	out["ES256"], _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	out["ES384"], _ = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	out["ES512"], _ = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	_, out["EdDSA"], _ = ed25519.GenerateKey(rand.Reader)
	out["stranger"], _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return out
})

func keyFor(alg string) crypto.Signer {
	if k, ok := clientKey()[alg]; ok {
		return k
	}
	return clientKey()["RSA"]
}

func jwksOf(kids map[string]crypto.Signer) string {
	set := jose.JSONWebKeySet{}
	for kid, k := range kids {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: k.Public(), KeyID: kid})
	}
	data, err := json.Marshal(set)
	if err != nil {
		panic(err)
	}
	return string(data)
}

// asserts makes a client_assertion; nil takes a claim out.
func (h *house) asserts(client, alg string, key any, header map[string]any, change map[string]any) string {
	now := h.now().Unix()
	claims := map[string]any{"iss": client, "sub": client, "aud": h.issuer, "iat": now, "exp": now + 60, "jti": idp.NewID()}
	maps.Copy(claims, change)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	body, _ := json.Marshal(claims)
	o := &jose.SignerOptions{}
	for name, value := range header {
		o.WithHeader(jose.HeaderKey(name), value)
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: key}, o)
	if err != nil {
		panic(err)
	}
	jws, err := s.Sign(body)
	if err != nil {
		panic(err)
	}
	raw, err := jws.CompactSerialize()
	if err != nil {
		panic(err)
	}
	return raw
}

func assertionForm(raw string, more ...string) url.Values {
	return with(url.Values{"client_assertion_type": {jwtBearer}, "client_assertion": {raw}}, more...)
}

// keyed is a client that proves who it is with a key of its own.
func keyed(c *idp.Client) {
	c.TokenEndpointAuthMethod, c.Secrets = "private_key_jwt", nil
	c.JWKS = json.RawMessage(jwksOf(map[string]crypto.Signer{"one": keyFor("ES256")}))
	c.GrantTypes = append(c.GrantTypes, "client_credentials")
}

// machineToken asks for a token in the client's own name.
func (h *house) machineToken(raw string, more ...string) answer {
	return h.send(http.MethodPost, "/oauth2/token", assertionForm(raw, append([]string{"grant_type", "client_credentials"}, more...)...).Encode())
}

// F1 for both methods and every algorithm, with and without a registered one.
func TestConformance_F01_ClientAssertions(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, alg := range everyAlg() {
		for _, registered := range []string{"", alg} {
			id := "app" + alg + registered
			var key any = keyFor(alg)
			h.client(id, func(c *idp.Client) {
				keyed(c)
				c.TokenEndpointAuthAlg = registered
				c.JWKS = json.RawMessage(jwksOf(map[string]crypto.Signer{"one": keyFor(alg)}))
				if strings.HasPrefix(alg, "HS") {
					c.TokenEndpointAuthMethod, c.JWKS = "client_secret_jwt", nil
					h.shared(c, idp.SecretAuthenticates, longSecret("s"))
					key = []byte(longSecret("s"))
				}
			})
			for name, header := range map[string]map[string]any{"a kid": {"kid": "one"}, "F9 no kid": nil, "typ": {"typ": "JWT"}, "the new typ": {"typ": "client-authentication+jwt"}} {
				if strings.HasPrefix(alg, "HS") {
					delete(header, "kid")
				}
				if a := h.machineToken(h.asserts(id, alg, key, header, nil)); a.status != 200 {
					t.Errorf("%s, registered %q, %s: %s", alg, registered, name, a.body)
				}
			}
		}
	}
}

// F9: no kids on either side.
func TestConformance_F09_KeysWithoutKid(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("app", func(c *idp.Client) {
		keyed(c)
		c.JWKS = json.RawMessage(jwksOf(map[string]crypto.Signer{"": keyFor("ES256")}))
	})
	for _, header := range []map[string]any{nil, {"kid": "mine"}} {
		if a := h.machineToken(h.asserts("app", "ES256", keyFor("ES256"), header, nil)); a.status != 200 {
			t.Errorf("%v: %s", header, a.body)
		}
	}
}

func TestClientAssertionsAreRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("app", keyed)
	h.client("strict", func(c *idp.Client) { keyed(c); c.TokenEndpointAuthAlg = "PS256" })
	h.client("secret", func(c *idp.Client) {
		keyed(c)
		c.TokenEndpointAuthMethod, c.JWKS = "client_secret_jwt", nil
		h.shared(c, idp.SecretAuthenticates, longSecret("s"))
	})
	h.client("short", func(c *idp.Client) {
		keyed(c)
		c.TokenEndpointAuthMethod, c.JWKS = "client_secret_jwt", nil
		h.shared(c, idp.SecretAuthenticates, "short")
	})
	h.client("basic", nil)
	h.client("spa", public)
	es, now := keyFor("ES256"), h.now().Unix()
	good := func(change map[string]any) string { return h.asserts("app", "ES256", es, nil, change) }
	type m = map[string]any
	const (
		aud    = "The aud of the client_assertion must be the issuer %s or the address of this endpoint, and nothing else."
		both   = "The iss and the sub of the client_assertion must both be the client_id."
		exp    = "The client_assertion has expired, or has no exp: it must be a time in the future."
		far    = "The exp of the client_assertion is too far ahead: it may live for one hour at most."
		future = "The client_assertion is from the future: its nbf or iat is more than a minute ahead."
		jti    = "The client_assertion needs a jti of 1 to 256 bytes, another one each time."
		shape  = "The parameter client_assertion must be a signed JWT whose sub is the client_id."
		more   = "The client authenticates in more than one way: use exactly one."
	)
	for name, c := range map[string]struct {
		raw  string
		more []string
		text string
	}{
		"a stranger's key":                          {h.asserts("app", "ES256", clientKey()["stranger"], m{"kid": "one"}, nil), nil, assertionRefused},
		"a stranger's key in its own header":        {h.asserts("app", "ES256", clientKey()["stranger"], m{"jwk": jose.JSONWebKey{Key: clientKey()["stranger"].Public()}}, nil), nil, assertionRefused},
		"an unknown kid":                            {h.asserts("app", "ES256", es, m{"kid": "two"}, nil), nil, assertionRefused},
		"an unknown client":                         {h.asserts("nobody", "ES256", es, nil, nil), nil, assertionRefused},
		"a client of another method":                {h.asserts("basic", "ES256", es, nil, nil), nil, assertionRefused},
		"a public client":                           {h.asserts("spa", "ES256", es, nil, nil), nil, "This client is public: it sends its client_id in the body, and no secret."},
		"another algorithm than the registered one": {h.asserts("strict", "ES256", es, nil, nil), nil, assertionRefused},
		"a MAC where a key is registered":           {h.asserts("app", "HS256", []byte(longSecret("s")), nil, nil), nil, assertionRefused},
		"a key where a secret is registered":        {h.asserts("secret", "ES256", es, nil, nil), nil, assertionRefused},
		"the wrong secret":                          {h.asserts("secret", "HS256", []byte(longSecret("x")), nil, nil), nil, assertionRefused},
		"a secret that is too short for a key":      {hs256("short", "short", h), nil, assertionRefused},
		"an ID token's type":                        {h.asserts("app", "ES256", es, m{"typ": "at+jwt"}, nil), nil, assertionRefused},
		"a request object (RFC 9101)":               {h.asserts("app", "ES256", es, m{"typ": "oauth-authz-req+jwt"}, nil), nil, assertionRefused},
		"alg none":                                  {b64.EncodeToString([]byte(`{"alg":"none"}`)) + "." + strings.Split(good(nil), ".")[1] + ".", nil, assertionRefused},
		"another iss":                               {good(m{"iss": "basic"}), nil, both},
		"no iss":                                    {good(m{"iss": nil}), nil, both},
		"no sub":                                    {good(m{"sub": nil}), nil, shape},
		"no aud":                                    {good(m{"aud": nil}), nil, aud},
		"an empty list as aud":                      {good(m{"aud": []string{}}), nil, aud},
		"another provider's aud":                    {good(m{"aud": "https://other.example"}), nil, aud},
		"ours and another's aud (CVE-2025-27370)":   {good(m{"aud": []string{h.issuer, "https://other.example"}}), nil, aud},
		"the issuer with a slash":                   {good(m{"aud": h.issuer + "/"}), nil, aud},
		"another endpoint of ours":                  {good(m{"aud": h.issuer + "/oauth2/revoke"}), nil, aud},
		"aud that is a number":                      {good(m{"aud": 1}), nil, shape},
		"no exp":                                    {good(m{"exp": nil}), nil, exp},
		"T2 expired":                                {good(m{"exp": now}), nil, exp},
		"exp as text":                               {good(m{"exp": "soon"}), nil, shape},
		"exp in two hours":                          {good(m{"exp": now + 7200}), nil, far},
		"exp beyond all calendars":                  {good(m{"exp": 1e300}), nil, far},
		"T3 nbf 61 s ahead":                         {good(m{"nbf": now + 61}), nil, future},
		"T3 iat 61 s ahead":                         {good(m{"iat": now + 61}), nil, future},
		"no jti":                                    {good(m{"jti": nil}), nil, jti},
		"a long jti":                                {good(m{"jti": strings.Repeat("j", 257)}), nil, jti},
		"T4 another client_id beside it":            {good(nil), []string{"client_id", "basic"}, "The client_id is not the sub of the client_assertion."},
		"not a JWT":                                 {"x", nil, shape},
		"five parts":                                {"a.b.c.d.e", nil, shape},
		"empty":                                     {"", nil, shape},
		"another assertion type":                    {good(nil), []string{"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"}, "The parameter client_assertion_type must be " + jwtBearer + "."},
		"no assertion type":                         {good(nil), []string{"client_assertion_type", "-"}, "The parameter client_assertion_type must be " + jwtBearer + "."},
		"a secret beside it":                        {good(nil), []string{"client_secret", "x"}, more},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, code, text := 401, "invalid_client", c.text
			if text == more {
				status, code = 400, "invalid_request"
			}
			if text == aud {
				text = strings.Replace(aud, "%s", h.issuer, 1)
			}
			wantError(t, h.machineToken(c.raw, c.more...), status, code, text)
		})
	}
	a := h.send(http.MethodPost, "/oauth2/token", assertionForm(good(nil), "grant_type", "client_credentials").Encode(), basic("basic")...)
	wantError(t, a, 400, "invalid_request", more)
	for name, change := range map[string]m{
		"the token endpoint as aud": {"aud": h.issuer + "/oauth2/token"}, "the issuer in a list": {"aud": []string{h.issuer}},
		"both of ours":                       {"aud": []string{h.issuer, h.issuer + "/oauth2/token"}},
		"T3 8 s ahead":                       {"nbf": now + 8, "iat": now + 8},
		"half seconds":                       {"exp": float64(now) + 30.5},
		"no iat":                             {"iat": nil},
		"claims that nobody here reads":      {"foo": "bar"},
		"the jti of a refused one is unused": {"jti": "again"},
	} {
		h.machineToken(good(m{"jti": "again", "aud": "https://other.example"}))
		if a := h.machineToken(good(change)); a.status != 200 {
			t.Errorf("%s: %s", name, a.body)
		}
	}
}

// hs256 signs with a secret that go-jose refuses to use.
func hs256(client, secret string, h *house) string {
	now := h.now().Unix()
	body, _ := json.Marshal(map[string]any{"iss": client, "sub": client, "aud": h.issuer, "exp": now + 60, "jti": "1"})
	signed := b64.EncodeToString([]byte(`{"alg":"HS256"}`)) + "." + b64.EncodeToString(body)
	return signed + "." + b64.EncodeToString(hmacSHA256(secret, signed))
}

func TestAnAssertionWorksOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("app", keyed)
	h.client("app2", keyed)
	const used = "The client_assertion was used before: make a new one, with another jti, for each request."
	raw := h.asserts("app", "ES256", keyFor("ES256"), nil, map[string]any{"jti": "one"})
	if a := h.machineToken(raw); a.status != 200 {
		t.Fatal(a.body)
	}
	wantError(t, h.machineToken(raw), 401, "invalid_client", used)
	wantError(t, h.machineToken(h.asserts("app", "ES256", keyFor("ES256"), nil, map[string]any{"jti": "one"})), 401, "invalid_client", used)
	h.move(59 * time.Second) // to the end of its life
	wantError(t, h.machineToken(raw), 401, "invalid_client", used)
	if a := h.machineToken(h.asserts("app2", "ES256", keyFor("ES256"), nil, map[string]any{"jti": "one"})); a.status != 200 {
		t.Errorf("another client's jti: %s", a.body)
	}
	const racers = 8
	raw = h.asserts("app", "ES256", keyFor("ES256"), nil, nil)
	var wg sync.WaitGroup
	status := make(chan int, racers)
	for range racers {
		wg.Go(func() { status <- h.machineToken(raw).status })
	}
	wg.Wait()
	won := 0
	for range racers {
		if <-status == 200 {
			won++
		}
	}
	if won != 1 {
		t.Errorf("one assertion worked %d times", won)
	}
}

// At every endpoint that clients authenticate at, whose address is an audience there.
func TestAssertionsAtEveryEndpoint(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("app", keyed)
	token := h.machineToken(h.asserts("app", "ES256", keyFor("ES256"), nil, nil)).json(t)["access_token"].(string)
	for _, path := range []string{"/oauth2/introspect", "/oauth2/revoke"} {
		for _, aud := range []string{h.issuer, h.issuer + path, h.issuer + "/oauth2/token"} {
			raw := h.asserts("app", "ES256", keyFor("ES256"), nil, map[string]any{"aud": aud})
			if a := h.send(http.MethodPost, path, assertionForm(raw, "token", token).Encode()); a.status != 200 {
				t.Errorf("%s, aud %s: %s", path, aud, a.body)
			}
			wantError(t, h.send(http.MethodPost, path, assertionForm(raw, "token", token).Encode()), 401, "invalid_client",
				"The client_assertion was used before: make a new one, with another jti, for each request.")
		}
	}
}

// A whole sign-in with client and answer on keys: code, refresh and all.
func TestASignInByPrivateKeyJWT(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("app", func(c *idp.Client) { keyed(c); c.IDTokenSignedResponseAlg = "ES256" })
	prove := func() string { return h.asserts("app", "ES256", keyFor("ES256"), map[string]any{"kid": "one"}, nil) }
	form := exchangeForm(h.code(t, "app", "scope", "openid offline_access"), "client_assertion_type", jwtBearer, "client_assertion", prove())
	body := h.send(http.MethodPost, "/oauth2/token", form.Encode()).json(t)
	h.checked(t, body["id_token"], "ES256", "")
	refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {body["refresh_token"].(string)}}
	wantError(t, h.send(http.MethodPost, "/oauth2/token", refresh.Encode()), 401, "invalid_client",
		"The client did not authenticate: send its client_id and secret by the method that is registered for it.")
	refresh.Set("client_assertion_type", jwtBearer)
	refresh.Set("client_assertion", prove())
	if a := h.send(http.MethodPost, "/oauth2/token", refresh.Encode()); a.status != 200 {
		t.Error(a.body)
	}
	wantError(t, h.token("app", with(exchangeForm("x"), "client_id", "app")), 401, "invalid_client", notAuthenticated)
	wantError(t, h.token("app", exchangeForm("x")), 401, "invalid_client", notAuthenticated)
}

// The store that remembers assertions is down: nobody gets in, and it is said so.
func TestAssertionsWhileTheMarksAreDown(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.marks.fail(idp.ErrUnavailable)
	h.client("app", keyed)
	raw := h.asserts("app", "ES256", keyFor("ES256"), nil, nil)
	wantError(t, h.machineToken(raw), 503, "temporarily_unavailable", "A service that is needed for this does not answer. Nothing was used up: please try again in a moment.")
	h.marks.fail(nil)
	if a := h.machineToken(raw); a.status != 200 {
		t.Errorf("it was used up: %s", a.body)
	}
}
