package oauth_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"cloudsso/idp"
)

const (
	keysAt     = "https://rp.example/jwks"
	unreadable = "The keys at the jwks_uri of the client cannot be read, so its client_assertion cannot be checked: the address must answer with a JSON Web Key Set."
)

func hmacSHA256(key, signed string) []byte {
	m := hmac.New(sha256.New, []byte(key))
	m.Write([]byte(signed))
	return m.Sum(nil)
}

func keyedByURI(c *idp.Client) {
	keyed(c)
	c.JWKS, c.JWKSURI = nil, keysAt
}

// prove authenticates with a key under a kid.
func (h *house) prove(kid string, k crypto.Signer) answer {
	var header map[string]any
	if kid != "" {
		header = map[string]any{"kid": kid}
	}
	return h.machineToken(h.asserts("app", "ES256", k, header, nil))
}

// G7: a key that appears at the jwks_uri is taken within a minute, and not by asking at
// each request.
func TestConformance_G07_TheKeysOfAClientRotate(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("app", keyedByURI)
	old, next := keyFor("ES256"), clientKey()["stranger"]
	h.fetch.set(keysAt, jwksOf(map[string]crypto.Signer{"old": old}))
	for range 3 {
		if a := h.prove("old", old); a.status != 200 {
			t.Fatal(a.body)
		}
	}
	if h.fetch.count() != 1 {
		t.Errorf("%d readings for three requests", h.fetch.count())
	}
	wantError(t, h.prove("new", next), 401, "invalid_client", assertionRefused)
	h.fetch.set(keysAt, jwksOf(map[string]crypto.Signer{"old": old, "new": next}))
	wantError(t, h.prove("new", next), 401, "invalid_client", assertionRefused) // too soon to ask again
	if h.fetch.count() != 1 {
		t.Errorf("%d readings within ten seconds", h.fetch.count())
	}
	h.move(10 * time.Second)
	if a := h.prove("new", next); a.status != 200 {
		t.Fatalf("after ten seconds: %s", a.body)
	}
	for range 20 {
		h.prove("nobody", old)
	}
	if h.fetch.count() != 2 {
		t.Errorf("%d readings: unknown kids make us ask at each request", h.fetch.count())
	}
	// A key that is taken back is worth nothing after ten minutes.
	h.fetch.set(keysAt, jwksOf(map[string]crypto.Signer{"new": next}))
	h.move(10 * time.Minute)
	wantError(t, h.prove("old", old), 401, "invalid_client", assertionRefused)
	if a := h.prove("new", next); a.status != 200 {
		t.Error(a.body)
	}
}

// Keys without kid: one that is not known is looked for as well.
func TestConformance_G07_WithoutKid(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("app", keyedByURI)
	h.fetch.set(keysAt, jwksOf(map[string]crypto.Signer{"": keyFor("ES256")}))
	h.prove("", keyFor("ES256"))
	h.fetch.set(keysAt, jwksOf(map[string]crypto.Signer{"": clientKey()["stranger"]}))
	h.move(time.Minute)
	if a := h.prove("", clientKey()["stranger"]); a.status != 200 {
		t.Error(a.body)
	}
}

func TestAKeySetThatCannotBeRead(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("app", keyedByURI)
	k := keyFor("ES256")
	good := jwksOf(map[string]crypto.Signer{"one": k})
	for _, page := range []string{"", "<html>", "{}", `{"keys":[]}`, `{"keys":[{"kty":"oct","k":"AA"}]}`} {
		h.fetch.set(keysAt, page)
		wantError(t, h.prove("one", k), 401, "invalid_client", unreadable)
		h.move(10 * time.Second)
	}
	n := h.fetch.count()
	h.fetch.set(keysAt, "nothing")
	h.prove("one", k)
	h.fetch.set(keysAt, good)
	for range 5 {
		wantError(t, h.prove("one", k), 401, "invalid_client", unreadable) // it is remembered for ten seconds
	}
	if got := h.fetch.count() - n; got != 1 {
		t.Errorf("%d readings of an address that does not answer", got)
	}
	h.move(10 * time.Second)
	if a := h.prove("one", k); a.status != 200 {
		t.Fatal(a.body)
	}
	// It goes away again: what was read serves for an hour.
	h.fetch.err = idp.Errorf(idp.Unavailable, "rp.example cannot be reached.")
	h.move(59 * time.Minute)
	if a := h.prove("one", k); a.status != 200 {
		t.Errorf("the client's own server is down: %s", a.body)
	}
	h.move(2 * time.Minute)
	wantError(t, h.prove("one", k), 401, "invalid_client", unreadable)
}

// What a key set has beside the keys that we know does no harm (RFC 7517 §5).
func TestUnknownKeysOfASetArePassedOver(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("app", keyedByURI)
	var set map[string][]any
	if err := json.Unmarshal([]byte(jwksOf(map[string]crypto.Signer{"one": keyFor("ES256")})), &set); err != nil {
		t.Fatal(err)
	}
	set["keys"] = append([]any{map[string]any{"kty": "AKP", "alg": "ML-DSA-44"}, map[string]any{"kty": "RSA", "n": "AQ", "e": "AQAB"}}, set["keys"]...)
	page, _ := json.Marshal(set)
	h.fetch.set(keysAt, string(page))
	if a := h.prove("one", keyFor("ES256")); a.status != 200 {
		t.Error(a.body)
	}
}

// Many requests of a client whose keys are not there yet wait for one reading.
func TestOneReadingServesAllWhoWait(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("app", keyedByURI)
	h.fetch.set(keysAt, jwksOf(map[string]crypto.Signer{"one": keyFor("ES256")}))
	h.fetch.block = make(chan struct{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if a := h.prove("one", keyFor("ES256")); a.status != 200 {
				t.Error(a.body)
			}
		})
	}
	close(h.fetch.block)
	wg.Wait()
	if h.fetch.count() != 1 {
		t.Errorf("%d readings", h.fetch.count())
	}
}

// A client that proves itself with its secret is not asked for keys, whatever it registered.
func TestASecretNeedsNoKeySet(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("app", func(c *idp.Client) {
		keyedByURI(c)
		c.TokenEndpointAuthMethod = "client_secret_jwt"
		h.shared(c, idp.SecretAuthenticates, longSecret("s"))
	})
	if a := h.machineToken(h.asserts("app", "HS256", []byte(longSecret("s")), nil, nil)); a.status != 200 || h.fetch.count() != 0 {
		t.Errorf("%d readings: %s", h.fetch.count(), a.body)
	}
}
