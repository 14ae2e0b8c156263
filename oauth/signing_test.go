package oauth_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"hash"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"cloudsso/idp"
	"cloudsso/idp/memory"
	"cloudsso/keys"
)

var b64 = base64.RawURLEncoding

// everyHouse has a ring of its own with a key of each algorithm: the rows of the package
// keys' own tests, since RSA keys of 4096 bits take seconds to make.
func everyHouse(t *testing.T) *house {
	t.Helper()
	data, err := os.ReadFile("../keys/testdata/every_alg.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []idp.KeyRecord
	if err := json.Unmarshal(data, &rows); err != nil {
		t.Fatal(err)
	}
	store := memory.New(time.Now)
	for _, row := range rows {
		if err := store.CreateKey(t.Context(), row); err != nil {
			t.Fatal(err)
		}
	}
	kek, err := keys.LoadKEK("", func(name string) string {
		return map[string]string{"CLOUDSSO_KEK": base64.StdEncoding.EncodeToString(make([]byte, 32))}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	ring, err := keys.Open(t.Context(), store, kek, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return openHouse(t, ring)
}

// shared gives the client one more secret of a use that can be had back.
func (h *house) shared(c *idp.Client, use, value string) {
	s := idp.ClientSecret{ID: idp.NewID(), Use: use, CreatedAt: h.now()}
	if use == idp.SecretAuthenticates {
		s.Hash = "s256:" + idp.HashSecret(value)
	}
	var err error
	if s.Sealed, err = h.ring.Seal(s.Purpose(c.ID), []byte(value)); err != nil {
		panic(err)
	}
	c.Secrets = append(c.Secrets, s)
}

func longSecret(id string) string { return strings.Repeat(id, 64) }

func basicOf(id, secret string) []string {
	return []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))}
}

// checked verifies a JWT as a careful relying party does.
func (h *house) checked(t testing.TB, raw any, alg string, secret string) map[string]any {
	t.Helper()
	token, _ := raw.(string)
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
	if err != nil {
		t.Fatalf("%s: %v in %s", alg, err, token)
	}
	var key any = []byte(secret)
	if !strings.HasPrefix(alg, "HS") {
		set := new(jose.JSONWebKeySet)
		if err := json.Unmarshal([]byte(h.send(http.MethodGet, "/oauth2/jwks", "").body), set); err != nil {
			t.Fatal(err)
		}
		named := set.Key(jws.Signatures[0].Protected.KeyID)
		if len(named) != 1 || named[0].Algorithm != alg {
			t.Fatalf("%s: the kid names %d keys", alg, len(named))
		}
		key = named[0]
	}
	payload, err := jws.Verify(key)
	if err != nil {
		t.Fatalf("%s: %v", alg, err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func everyAlg() []string { return slices.Concat(idp.AsymmetricAlgs(), idp.SymmetricAlgs()) }

// H1, H6, I9 and RFC 9701 §4 for every algorithm: what is signed is signed as registered.
func TestConformance_H01_H06_I09_EveryAlgorithm(t *testing.T) {
	t.Parallel()
	h := everyHouse(t)
	for _, alg := range everyAlg() {
		id, secret := "app-"+alg, longSecret(alg)
		h.client(id, func(c *idp.Client) {
			c.IDTokenSignedResponseAlg, c.UserInfoSignedResponseAlg, c.IntrospectionSignedResponseAlg = alg, alg, alg
			c.Secrets = nil
			h.shared(c, idp.SecretAuthenticates, secret)
		})
		a := h.send(http.MethodPost, "/oauth2/token", exchangeForm(h.code(t, id, "scope", "openid email")).Encode(), basicOf(id, secret)...)
		if a.status != http.StatusOK {
			t.Fatalf("%s: %s", alg, a.body)
		}
		body := a.json(t)
		claims := h.checked(t, body["id_token"], alg, secret)
		access := body["access_token"].(string)
		if claims["at_hash"] != hashBeside(alg, access) || claims["aud"] != id || claims["iss"] != h.issuer {
			t.Errorf("H6 %s: %v", alg, claims)
		}
		info := h.userinfo(access)
		said := h.checked(t, info.body, alg, secret)
		if info.header.Get("Content-Type") != "application/jwt" || info.header.Get("Cache-Control") != "no-store" {
			t.Errorf("I9 %s: %v", alg, info.header)
		}
		if said["iss"] != h.issuer || said["aud"] != id || said["sub"] != anna || said["email"] != "anna@example.org" || said["nonce"] != nil {
			t.Errorf("I9 %s: %v", alg, said)
		}
		about := h.send(http.MethodPost, "/oauth2/introspect", url.Values{"token": {access}}.Encode(),
			append(basicOf(id, secret), "Accept", "application/token-introspection+jwt")...)
		if h.checked(t, about.body, alg, secret)["token_introspection"].(map[string]any)["active"] != true {
			t.Errorf("introspection %s: %s", alg, about.body)
		}
		// N10: any of them is a hint afterwards.
		if a := h.authorize(request(id, "id_token_hint", body["id_token"].(string))); a.params(t).Get("code") == "" {
			t.Errorf("%s as id_token_hint: %v", alg, a.header)
		}
	}
}

func hashBeside(alg, value string) string {
	hashes := map[string]func() hash.Hash{"256": sha256.New, "384": sha512.New384, "512": sha512.New, "DSA": sha512.New}
	sum := hashes[alg[len(alg)-3:]]()
	sum.Write([]byte(value))
	all := sum.Sum(nil)
	return b64.EncodeToString(all[:len(all)/2])
}

// The first sign-in with an algorithm makes its key; the JWKS has it at once.
func TestTheFirstUseOfAnAlgorithmMakesItsKey(t *testing.T) {
	t.Parallel()
	h := openHouse(t, newRing(time.Now))
	h.client("wiki", func(c *idp.Client) { c.IDTokenSignedResponseAlg = "EdDSA" })
	if claims := h.checked(t, h.signIn(t, "wiki")["id_token"], "EdDSA", ""); claims["sub"] != anna {
		t.Errorf("got %v", claims)
	}
	h.wantEvent(t, idp.EventKeyCreated)
}

// H9: without a signature only if that was registered; the hint is worth nothing then.
func TestConformance_H09_AlgNone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", func(c *idp.Client) { c.IDTokenSignedResponseAlg = "none" })
	raw := h.signIn(t, "wiki")["id_token"].(string)
	header, _ := b64.DecodeString(strings.Split(raw, ".")[0])
	if string(header) != `{"alg":"none"}` || !strings.HasSuffix(raw, ".") {
		t.Errorf("got %s", raw)
	}
	if claims := claimsOf(t, raw); claims["aud"] != "wiki" || claims["at_hash"] != nil {
		t.Errorf("got %v", claims)
	}
	a := h.authorize(request("wiki", "id_token_hint", raw))
	if got := a.params(t); got.Get("error") != "invalid_request" || got.Get("error_description") != badHint {
		t.Errorf("an unsigned hint: %v", got)
	}
	h.client("careful", nil)
	if header, _ := b64.DecodeString(strings.Split(h.signIn(t, "careful")["id_token"].(string), ".")[0]); !strings.Contains(string(header), `"RS256"`) {
		t.Errorf("H1: %s", header)
	}
}

const badHint = "The id_token_hint is not an ID token that this provider issued to this client."

// A16, L3: the placeholder is in the JWKS from the first use, and never the key.
func TestConformance_A16_ThePlaceholderIsNotTheKey(t *testing.T) {
	t.Parallel()
	h := openHouse(t, newRing(time.Now))
	before := h.send(http.MethodGet, "/oauth2/jwks", "")
	if strings.Contains(before.body, "oct") {
		t.Fatalf("nobody uses a shared key: %s", before.body)
	}
	secret := longSecret("s")
	h.client("wiki", func(c *idp.Client) {
		c.IDTokenSignedResponseAlg, c.Secrets = "HS512", nil
		h.shared(c, idp.SecretAuthenticates, secret)
	})
	a := h.send(http.MethodPost, "/oauth2/token", exchangeForm(h.code(t, "wiki")).Encode(), basicOf("wiki", secret)...)
	h.checked(t, a.json(t)["id_token"], "HS512", secret)
	after := h.send(http.MethodGet, "/oauth2/jwks", "", "If-None-Match", before.header.Get("ETag"))
	set := after.json(t)["keys"].([]any)
	last, _ := json.Marshal(set[len(set)-1])
	if string(last) != `{"alg":"HS512","k":"AA","kty":"oct","use":"sig"}` || len(set) != 3 {
		t.Errorf("got %s", after.body)
	}
	if strings.Contains(after.body, secret) || strings.Contains(after.body, b64.EncodeToString([]byte(secret))) {
		t.Error("the key itself is published")
	}
}

// forgedHS makes an ID token with an HMAC under any key.
func forgedHS(key string, claims map[string]any) string {
	body, _ := json.Marshal(claims)
	signed := b64.EncodeToString([]byte(`{"alg":"HS512","typ":"JWT"}`)) + "." + b64.EncodeToString(body)
	m := hmac.New(sha512.New, []byte(key))
	m.Write([]byte(signed))
	return signed + "." + b64.EncodeToString(m.Sum(nil))
}

// TestATokenUnderThePlaceholderIsRefusedEverywhere: whoever reads our JWKS can sign with
// the one zero byte that stands there, and with nothing.
func TestATokenUnderThePlaceholderIsRefusedEverywhere(t *testing.T) {
	t.Parallel()
	h := everyHouse(t)
	secret := longSecret("s")
	share := func(c *idp.Client) {
		c.IDTokenSignedResponseAlg, c.Secrets = "HS512", nil
		h.shared(c, idp.SecretAuthenticates, secret)
	}
	h.client("hs", share)
	h.client("rs", nil)
	h.client("bare", func(c *idp.Client) { c.IDTokenSignedResponseAlg = "HS512" }) // its secret is a hash only
	h.client("jwt", func(c *idp.Client) { share(c); c.TokenEndpointAuthMethod = "client_secret_jwt" })
	h.client("other", func(c *idp.Client) {
		c.IDTokenSignedResponseAlg, c.Secrets = "HS512", nil
		h.shared(c, idp.SecretAuthenticates, longSecret("o"))
	})
	claims := func(client string) map[string]any {
		now := h.now().Unix()
		return map[string]any{"iss": h.issuer, "sub": anna, "aud": client, "iat": now, "exp": now + 600}
	}
	good := forgedHS(secret, claims("hs"))
	if a := h.authorize(request("hs", "id_token_hint", good)); a.params(t).Get("code") == "" {
		t.Fatalf("the real key: %v", a.params(t))
	}
	for name, key := range map[string]string{
		"one zero byte": "\x00", "nothing": "", "64 zero bytes": strings.Repeat("\x00", 64), "the text of the placeholder": "AA",
		"the hash of the secret": idp.HashSecret(secret), "another client's key": longSecret("o"),
	} {
		for _, client := range []string{"hs", "rs", "bare"} {
			a := h.authorize(request(client, "id_token_hint", forgedHS(key, claims(client)))).params(t)
			if a.Get("error") != "invalid_request" || a.Get("error_description") != badHint {
				t.Errorf("%s as id_token_hint of %s: %v", name, client, a)
			}
		}
		h.send(http.MethodGet, "/oauth2/logout?id_token_hint="+forgedHS(key, claims("hs")), "")
		if last := h.out.asked[len(h.out.asked)-1]; last.Sure {
			t.Errorf("%s as id_token_hint at logout: %+v", name, last)
		}
		c := claims("jwt")
		c["iss"], c["sub"], c["aud"], c["jti"] = "jwt", "jwt", h.issuer, idp.NewID()
		a := h.send(http.MethodPost, "/oauth2/token", with(assertionForm(forgedHS(key, c)), "grant_type", "client_credentials").Encode())
		wantError(t, a, 401, "invalid_client", assertionRefused)
		if info := h.userinfo(forgedHS(key, claims("hs"))); info.status != 401 {
			t.Errorf("%s as access token: %d", name, info.status)
		}
	}
	// One client cannot sign in another's name.
	stolen := claims("hs")
	stolen["aud"] = []string{"hs", "other"}
	for _, raw := range []string{forgedHS(longSecret("o"), stolen), forgedHS(longSecret("o"), claims("hs"))} {
		if a := h.authorize(request("hs", "id_token_hint", raw)).params(t); a.Get("error_description") != badHint {
			t.Errorf("signed by another client: %v", a)
		}
	}
	// Nor does an ID token of ours under RS256 pass once the client has moved to HS512, and back.
	h.change("hs", func(c *idp.Client) { c.IDTokenSignedResponseAlg = "RS256" })
	if a := h.authorize(request("hs", "id_token_hint", good)).params(t); a.Get("error_description") != badHint {
		t.Errorf("an algorithm that the client no longer has: %v", a)
	}
}

// A signed userinfo answer has everything that a hint is asked for, but is none.
func TestASignedUserinfoAnswerIsNoHint(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", func(c *idp.Client) { c.UserInfoSignedResponseAlg = "ES256" })
	info := h.userinfo(h.signIn(t, "wiki")["access_token"])
	if a := h.authorize(request("wiki", "id_token_hint", info.body)).params(t); a.Get("error_description") != badHint {
		t.Errorf("got %v", a)
	}
}

// A mapping row cannot speak as the provider in a signed answer either.
func TestTheSignedAnswersFrameIsOurs(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", func(c *idp.Client) {
		c.UserInfoSignedResponseAlg = "ES256"
		c.ClaimsMapping = []idp.Mapping{{Name: "iss", From: "email"}, {Name: "aud", From: "email"}, {Name: "sub", From: "email"}}
	})
	said := h.checked(t, h.userinfo(h.signIn(t, "wiki")["access_token"]).body, "ES256", "")
	if said["iss"] != h.issuer || said["aud"] != "wiki" || said["sub"] != anna {
		t.Errorf("got %v", said)
	}
}

// The key of HS* tokens while a client moves from one secret to the next: what it asked
// with is what it can check the answer with.
func TestASharedKeyRotatesWithoutAnOutage(t *testing.T) {
	t.Parallel()
	h := everyHouse(t)
	older, newer := longSecret("a"), longSecret("b")
	h.client("wiki", func(c *idp.Client) {
		c.IDTokenSignedResponseAlg, c.UserInfoSignedResponseAlg, c.Secrets = "HS512", "HS256", nil
		h.shared(c, idp.SecretAuthenticates, older)
	})
	ask := func(secret string) answer {
		return h.send(http.MethodPost, "/oauth2/token", exchangeForm(h.code(t, "wiki")).Encode(), basicOf("wiki", secret)...)
	}
	early := ask(older).json(t)
	h.change("wiki", func(c *idp.Client) {
		c.Secrets[0].ExpiresAt = h.now().Add(time.Hour)
		h.shared(c, idp.SecretAuthenticates, newer)
	})
	for _, secret := range []string{older, newer} {
		body := ask(secret).json(t)
		h.checked(t, body["id_token"], "HS512", secret)
		h.checked(t, h.userinfo(body["access_token"]).body, "HS256", older) // nobody authenticates there
		for _, hint := range []any{early["id_token"], body["id_token"]} {
			if a := h.authorize(request("wiki", "id_token_hint", hint.(string))); a.params(t).Get("code") == "" {
				t.Errorf("a hint of either key: %v", a.params(t))
			}
		}
	}
	h.move(time.Hour)
	wantError(t, ask(older), 401, "invalid_client", notAuthenticated)
	body := ask(newer).json(t)
	h.checked(t, body["id_token"], "HS512", newer)
	h.checked(t, h.userinfo(body["access_token"]).body, "HS256", newer)
	if a := h.authorize(request("wiki", "id_token_hint", early["id_token"].(string))); a.params(t).Get("error_description") != badHint {
		t.Errorf("a hint of a key that is over: %v", a.params(t))
	}
}

// A client that came from HS256 has a secret that is too short for HS512.
func TestAShortSecretIsPassedOver(t *testing.T) {
	t.Parallel()
	h := everyHouse(t)
	h.client("wiki", func(c *idp.Client) {
		c.IDTokenSignedResponseAlg, c.Secrets = "HS512", nil
		h.shared(c, idp.SecretAuthenticates, strings.Repeat("k", 43))
		h.shared(c, idp.SecretAuthenticates, longSecret("k"))
	})
	a := h.send(http.MethodPost, "/oauth2/token", exchangeForm(h.code(t, "wiki")).Encode(), basicOf("wiki", strings.Repeat("k", 43))...)
	h.checked(t, a.json(t)["id_token"], "HS512", longSecret("k"))
}

func TestADedicatedKeySignsAndDoesNotAuthenticate(t *testing.T) {
	t.Parallel()
	h := everyHouse(t)
	key := longSecret("k")
	h.client("wiki", func(c *idp.Client) {
		c.IDTokenSignedResponseAlg, c.HSKey = "HS384", idp.HSKeyDedicated
		h.shared(c, idp.SecretSigns, key)
		c.Secrets[1].Hash = "s256:" + idp.HashSecret(key) // even if a row had one
	})
	h.checked(t, h.signIn(t, "wiki")["id_token"], "HS384", key)
	a := h.send(http.MethodPost, "/oauth2/token", exchangeForm(h.code(t, "wiki")).Encode(), basicOf("wiki", key)...)
	wantError(t, a, 401, "invalid_client", notAuthenticated)
}

// A key that was sealed for another client, or is gone, fails closed: no code is burnt.
func TestAnUnusableSharedKeySignsNothing(t *testing.T) {
	t.Parallel()
	h := everyHouse(t)
	for name, change := range map[string]func(*idp.Client){
		"sealed for another": func(c *idp.Client) { c.ID = "x"; h.shared(c, idp.SecretSigns, longSecret("x")); c.ID = "another" },
		"none":               func(*idp.Client) {},
		"too short":          func(c *idp.Client) { h.shared(c, idp.SecretSigns, strings.Repeat("k", 63)) },
		"expired":            func(c *idp.Client) { h.shared(c, idp.SecretSigns, longSecret("k")); c.Secrets[1].ExpiresAt = h.now() },
	} {
		id := strings.ReplaceAll(name, "sealed for ", "")
		id = strings.ReplaceAll(id, " ", "-")
		h.client(id, func(c *idp.Client) { c.IDTokenSignedResponseAlg, c.HSKey = "HS512", idp.HSKeyDedicated; change(c) })
		code := h.code(t, id)
		wantError(t, h.token(id, exchangeForm(code)), 500, "server_error", "Something went wrong on our side.")
		h.change(id, func(c *idp.Client) { c.IDTokenSignedResponseAlg = "RS256" })
		if a := h.token(id, exchangeForm(code)); a.status != 200 {
			t.Errorf("%s: the code is gone: %s", name, a.body)
		}
	}
}
