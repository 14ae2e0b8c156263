package api_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/memory"
	"cloudsso/keys"
)

// ownRing gives a test keys that it may change.
func ownRing(t *testing.T) func(*api.Options) {
	return func(o *api.Options) {
		kek, err := keys.LoadKEK("", func(name string) string {
			return map[string]string{"CLOUDSSO_KEK": base64.StdEncoding.EncodeToString(make([]byte, 32))}[name]
		})
		if err != nil {
			t.Fatal(err)
		}
		if o.Ring, err = keys.Open(t.Context(), o.Records.(*memory.Store), kek, o.Now); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSecretsRotateInTwoSteps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.call("POST", clients, wiki()).want(http.StatusCreated)
	at := clients + "/" + made.str("client_id") + "/secrets"
	a := w.call("GET", at, nil).want(http.StatusOK)
	if len(a.items()) != 1 || strings.Contains(a.raw, made.str("client_secret")) || strings.Contains(a.raw, "hash") {
		t.Errorf("got %s", a.raw)
	}
	first := a.items()[0]["id"].(string)
	w.advance(30 * time.Minute)
	next := w.call("POST", at, `{"expire_older_in":86400}`).want(http.StatusCreated)
	if len(next.str("client_secret")) != 43 || next.str("use") != "client_secret" || next.body["shared_signing_key"] != nil || next.body["expires_at"] != nil {
		t.Errorf("got %s", next.raw)
	}
	if a = w.call("GET", at, nil); len(a.items()) != 2 || a.items()[0]["expires_at"] != "2026-11-22T12:30:00Z" || strings.Contains(a.raw, next.str("client_secret")) {
		t.Errorf("got %s", a.raw)
	}
	if got := w.call("POST", at, `{}`).problem(); got != "409 The client has 2 live secrets already, and cannot have more. Delete one first, or let the older ones expire." {
		t.Error(got)
	}
	w.call("DELETE", at+"/"+first, nil).want(http.StatusNoContent)
	if got := w.call("DELETE", at+"/"+first, nil).problem(); got != `404 The client has no secret "`+first+`". List its secrets to see which there are.` {
		t.Error(got)
	}
	if got := w.call("DELETE", at+"/"+next.str("id"), nil).problem(); got != "409 It is the only one that the client has: without it, the client stops working. Make another first." {
		t.Error(got)
	}
	third := w.call("POST", at, `{"expire_older_in":0}`).want(http.StatusCreated)
	c, err := w.store.Client(t.Context(), made.str("client_id"))
	if err != nil {
		t.Fatal(err)
	}
	if live := c.LiveSecrets(idp.SecretAuthenticates, w.now()); len(live) != 1 || live[0].ID != third.str("id") || !idp.SecretMatches(third.str("client_secret"), strings.TrimPrefix(live[0].Hash, "s256:")) || live[0].Sealed != nil {
		t.Errorf("left: %+v", live)
	}
	names := ""
	events, err := w.store.Events(t.Context(), idp.EventFilter{}, idp.Page{Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		names += e.Name + " "
		for _, value := range e.Detail {
			if value == third.str("client_secret") {
				t.Error("an Event has the secret")
			}
		}
	}
	if names != "client.secret.created client.secret.deleted client.secret.created client.created admin_token.created " {
		t.Error(names)
	}
}

func TestSecretsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	public := w.call("POST", clients, with(wiki(), "token_endpoint_auth_method", "none")).want(http.StatusCreated).str("client_id")
	plain := w.call("POST", clients, wiki()).want(http.StatusCreated).str("client_id")
	for _, c := range []struct{ path, body, want string }{
		{"/nobody/secrets", `{}`, `404 There is no client "nobody".`},
		{"/" + public + "/secrets", `{}`, "422 This client has no client_secret: it authenticates by none. pointer=#/use"},
		{"/" + plain + "/secrets", `{"use":"shared_signing_key"}`, "422 This client has no signing key of its own: that needs an HS* algorithm and hs_key dedicated. pointer=#/use"},
		{"/" + plain + "/secrets", `{"use":"x"}`, "422 Expected value to be one of \"client_secret, shared_signing_key\". pointer=#/use"},
		{"/" + plain + "/secrets", `{"expire_older_in":-1}`, "422 Expected number >= 0. pointer=#/expire_older_in"},
		{"/" + plain + "/secrets", `{"client_secret":"mine"}`, "422 There is no member of this name; check its spelling. pointer=#/client_secret"},
	} {
		if got := w.call("POST", clients+c.path, c.body).problem(); got != c.want {
			t.Errorf("%s %s: %s", c.path, c.body, got)
		}
	}
}

// sealedOf opens what is sealed with a client.
func (w *world) sealedOf(t *testing.T, id, use string) (out []string) {
	t.Helper()
	c, err := w.store.Client(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range c.LiveSecrets(use, w.now()) {
		if len(s.Sealed) == 0 {
			out = append(out, "")
			continue
		}
		plain, err := w.admin.Ring.Open(s.Purpose(id), s.Sealed)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(s.Sealed), string(plain)) {
			t.Error("it is not sealed")
		}
		out = append(out, string(plain))
	}
	return out
}

func TestSecretsThatAreKeysAreLongAndSealed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ownRing(t))
	a := w.call("POST", clients, with(wiki(), "id_token_signed_response_alg", "HS512")).want(http.StatusCreated)
	if secret := a.str("client_secret"); len(secret) != 86 || a.str("hs_key") != "client_secret" || w.sealedOf(t, a.str("client_id"), "")[0] != secret {
		t.Errorf("got %s", a.raw)
	}
	a = w.call("POST", clients, with(wiki(), "id_token_signed_response_alg", "HS256", "hs_key", "dedicated")).want(http.StatusCreated)
	if len(a.str("client_secret")) != 43 || len(a.str("shared_signing_key")) != 86 || w.sealedOf(t, a.str("client_id"), idp.SecretSigns)[0] != a.str("shared_signing_key") || w.sealedOf(t, a.str("client_id"), "")[0] != "" {
		t.Errorf("got %s", a.raw)
	}
	at := clients + "/" + a.str("client_id")
	if again := w.call("GET", at, nil); strings.Contains(again.raw, a.str("shared_signing_key")) {
		t.Error("it is shown twice")
	}
	next := w.call("POST", at+"/secrets", `{"use":"shared_signing_key"}`).want(http.StatusCreated)
	if len(next.str("shared_signing_key")) != 86 || next.body["client_secret"] != nil || len(w.call("GET", at+"/secrets", nil).items()) != 3 {
		t.Errorf("got %s", next.raw)
	}
	w.call("PATCH", at, `{"id_token_signed_response_alg":null,"hs_key":null}`).want(http.StatusOK)
	if left := w.sealedOf(t, a.str("client_id"), idp.SecretSigns); len(left) != 0 {
		t.Error("the key is still there")
	}
	if got := w.call("POST", clients, with(wiki(), "id_token_signed_response_alg", "HS512", "client_secret", strings.Repeat("s", 63))).problem(); got != "422 The client secret is also the key of the client's HS* signatures, which needs 64 bytes at least. Leave it out to have one made, or choose hs_key dedicated. pointer=#/client_secret" {
		t.Error(got)
	}
	long := strings.Repeat("s", 64)
	a = w.call("POST", clients, with(wiki(), "token_endpoint_auth_method", "client_secret_jwt", "client_secret", long)).want(http.StatusCreated)
	if a.body["client_secret"] != nil || w.sealedOf(t, a.str("client_id"), "")[0] != long {
		t.Errorf("got %s", a.raw)
	}
}

func TestAClientThatComesToShareAKeyGetsOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ownRing(t))
	a := w.call("POST", clients, wiki()).want(http.StatusCreated)
	at := clients + "/" + a.str("client_id")
	b := w.call("PATCH", at, `{"id_token_signed_response_alg":"HS256"}`).want(http.StatusOK)
	if len(b.str("client_secret")) != 86 || len(w.sealedOf(t, a.str("client_id"), "")) != 2 {
		t.Errorf("the old secret cannot be had back, and there is no new one: %s", b.raw)
	}
	if c := w.call("PATCH", at, `{"id_token_signed_response_alg":"HS512"}`).want(http.StatusOK); c.body["client_secret"] != nil {
		t.Errorf("it is long enough already: %s", c.raw)
	}
	pub, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	jwks := `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"` + base64.RawURLEncoding.EncodeToString(pub) + `","x5t":"kept"}]}`
	d := w.call("PATCH", at, `{"token_endpoint_auth_method":"private_key_jwt","hs_key":null,"jwks":`+jwks+`}`).want(http.StatusOK)
	if len(d.str("shared_signing_key")) != 86 || d.body["client_secret"] != nil || len(w.sealedOf(t, a.str("client_id"), "")) != 0 {
		t.Errorf("got %s", d.raw)
	}
	if kept, _ := json.Marshal(d.body["jwks"]); !strings.Contains(string(kept), `"x5t":"kept"`) {
		t.Errorf("jwks %s", kept)
	}
	if got := w.call("PATCH", at, `{"jwks":{"keys":[{"kty":"OKP","crv":"X25519"}]}}`).problem(); got != "422 The key cannot be used: of the type OKP, only Ed25519 with an x of 32 bytes is supported. pointer=#/jwks/keys/0" {
		t.Error(got)
	}
	if got := w.call("POST", clients, with(wiki(), "token_endpoint_auth_method", "private_key_jwt", "jwks_uri", "https://rp.example/jwks", "client_secret", strings.Repeat("s", 20))).problem(); got != "422 A client that authenticates by private_key_jwt has no secret. pointer=#/client_secret" {
		t.Error(got)
	}
}

// The keys of an algorithm are there when its first client is; the placeholder of a shared
// one goes with its last enabled client.
func TestKeysFollowTheClients(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ownRing(t))
	ring := w.admin.Ring.(*keys.Ring)
	w.call("POST", clients, with(wiki(), "id_token_signed_response_alg", "EdDSA")).want(http.StatusCreated)
	if _, err := ring.SignJWT("EdDSA", "", []byte(`{}`)); err != nil {
		t.Error(err)
	}
	var ids []string
	for range 2 {
		ids = append(ids, w.call("POST", clients, with(wiki(), "id_token_signed_response_alg", "HS512")).want(http.StatusCreated).str("client_id"))
	}
	shown := func() bool {
		body, _ := ring.JWKS()
		return strings.Contains(string(body), `"alg":"HS512","k":"AA","kty":"oct"`)
	}
	for _, step := range []struct {
		method, id, body string
		want             bool
	}{
		{"PATCH", ids[0], `{"client_name":"x"}`, true},
		{"PATCH", ids[0], `{"disabled":true}`, true},
		{"PATCH", ids[1], `{"disabled":true}`, false},
		{"PATCH", ids[1], `{"disabled":null}`, true},
		{"PATCH", ids[1], `{"id_token_signed_response_alg":"RS256"}`, false},
		{"PATCH", ids[0], `{"disabled":null}`, true},
		{"DELETE", ids[0], "", false},
	} {
		var body any
		if step.body != "" {
			body = step.body
		}
		if a := w.call(step.method, clients+"/"+step.id, body); a.status >= 300 {
			t.Fatalf("%s %s: %s", step.method, step.body, a.raw)
		}
		if shown() != step.want {
			t.Errorf("after %s %s: shown = %v", step.method, step.body, !step.want)
		}
	}
}
