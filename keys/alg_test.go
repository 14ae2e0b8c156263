package keys_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha512"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"cloudsso/idp"
	"cloudsso/idp/memory"
	"cloudsso/keys"
)

// everyFile holds the rows of a ring with a key of each algorithm: RSA keys of 4096 bits
// take seconds to make.
const everyFile = "testdata/every_alg.json"

func everyRing(t *testing.T) *keys.Ring {
	t.Helper()
	store := memory.New(newClock().now)
	if *update {
		r := openRing(t, store, newClock().now)
		if err := r.Ensure(t.Context(), &log{}, append(idp.AsymmetricAlgs(), idp.SymmetricAlgs()...)...); err != nil {
			t.Fatal(err)
		}
		rows, _ := store.Keys(t.Context())
		data, err := json.MarshalIndent(rows, "", "  ")
		if err == nil {
			err = os.WriteFile(everyFile, append(data, '\n'), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	data, err := os.ReadFile(everyFile)
	if err != nil {
		t.Fatal(err)
	}
	var rows []idp.KeyRecord
	if err := json.Unmarshal(data, &rows); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if err := store.CreateKey(t.Context(), row); err != nil {
			t.Fatal(err)
		}
	}
	return openRing(t, store, newClock().now)
}

func TestEveryAlgorithmVerifiesWithGoJOSE(t *testing.T) {
	t.Parallel()
	r := everyRing(t)
	set := publishedKeys(t, r)
	kids := map[string]bool{}
	for _, alg := range idp.AsymmetricAlgs() {
		raw, err := r.SignJWT(alg, "", []byte(`{"sub":"ann"}`))
		if err != nil {
			t.Fatal(err)
		}
		jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
		if err != nil {
			t.Fatal(err)
		}
		kid := headerOf(t, raw)["kid"]
		if kids[kid] {
			t.Errorf("%s shares the key %s with another algorithm", alg, kid)
		}
		kids[kid] = true
		k := set.Key(kid)[0]
		if payload, err := jws.Verify(k); err != nil || string(payload) != `{"sub":"ann"}` || k.Algorithm != alg {
			t.Errorf("%s: %s, %v, alg of the key %s", alg, payload, err, k.Algorithm)
		}
		if _, err := r.VerifyJWT(raw, "JWT"); err != nil {
			t.Errorf("%s: %v", alg, err)
		}
		least := map[string]int{"RS384": 3072, "PS384": 3072, "RS512": 4096, "PS512": 4096}[alg]
		if pub, ok := k.Key.(*rsa.PublicKey); ok && pub.N.BitLen() < max(least, 2048) {
			t.Errorf("%s: a key of %d bits", alg, pub.N.BitLen())
		}
	}
}

// publishedKeys is the JWKS as an ordinary reader sees it, without placeholders.
func publishedKeys(t *testing.T, r *keys.Ring) *jose.JSONWebKeySet {
	t.Helper()
	body, _ := r.JWKS()
	set := new(jose.JSONWebKeySet)
	if err := json.Unmarshal(body, set); err != nil {
		t.Fatal(err)
	}
	set.Keys = slices.DeleteFunc(set.Keys, func(k jose.JSONWebKey) bool { return !k.IsPublic() })
	return set
}

// A token of one algorithm with the kid of another is refused, also where the key would fit.
func TestKidAndAlgorithmAreBound(t *testing.T) {
	t.Parallel()
	r := everyRing(t)
	kid := map[string]string{}
	for _, alg := range idp.AsymmetricAlgs() {
		kid[alg] = headerOf(t, sign(t, r, alg))["kid"]
	}
	for _, alg := range idp.AsymmetricAlgs() {
		parts := strings.Split(sign(t, r, alg), ".")
		for other, id := range kid {
			if other == alg {
				continue
			}
			header := b64.EncodeToString([]byte(`{"alg":"` + alg + `","kid":"` + id + `","typ":"JWT"}`))
			if _, err := r.VerifyJWT(header + "." + parts[1] + "." + parts[2]); !errors.Is(err, keys.ErrBadJWT) || !strings.Contains(err.Error(), "alg is not the key's") {
				t.Errorf("%s with the kid of %s: %v", alg, other, err)
			}
		}
	}
}

func TestThumbprintOfTheRFC8037Example(t *testing.T) {
	t.Parallel()
	x, err := b64.DecodeString("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := keys.Thumbprint(ed25519.PublicKey(x)); err != nil || got != "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" {
		t.Errorf("Thumbprint = %s, %v", got, err)
	}
}

func TestAFirstStartMakesNoSlowKeys(t *testing.T) {
	t.Parallel()
	if got := newCluster(t, 1).nodes[0].Algs(); !slices.Equal(got, []string{"RS256", "ES256"}) {
		t.Errorf("Algs = %v", got)
	}
}

func TestAKeyIsMadeWhenItIsNeededOnceForAllNodes(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 4)
	if _, err := c.nodes[0].SignJWT(keys.ES384, "", []byte(`{}`)); !errors.Is(err, keys.ErrNoKey) {
		t.Fatalf("error = %v, want ErrNoKey", err)
	}
	var wg sync.WaitGroup
	for _, r := range c.nodes {
		for range 2 {
			wg.Go(func() {
				if err := r.Ensure(t.Context(), c.log, keys.ES384, keys.EdDSA, keys.RS256); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	c.logged("key.created sig/ES384/1", "key.created sig/EdDSA/1")
	kid := headerOf(t, sign(t, c.nodes[0], keys.ES384))["kid"]
	for i, r := range c.nodes {
		raw := sign(t, r, keys.ES384)
		if got := headerOf(t, raw)["kid"]; got != kid {
			t.Errorf("node %d signs with %s, node 0 with %s", i, got, kid)
		}
		if !strings.Contains(string(first(r.JWKS())), kid) {
			t.Errorf("node %d signs with a key that it does not publish", i)
		}
	}
}

func first[A, B any](a A, _ B) A { return a }

func TestWhatIsNoAlgorithmGetsNoKey(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	for _, alg := range []string{"", "none", "RS1", "es256", "HS1"} {
		if err := c.nodes[0].Ensure(t.Context(), c.log, alg); !errors.Is(err, keys.ErrNoKey) {
			t.Errorf("%q: %v", alg, err)
		}
	}
	c.logged()
}

// With "keys rotate" a new algorithm can be published before its first client is there.
func TestANewAlgorithmIsPublishedAheadByRotate(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	r := c.nodes[0]
	next := c.must(r.Rotate(t.Context(), c.log, keys.Plan{Alg: keys.ES512}))
	if next.State != keys.Next || !next.ActivateAt.Equal(start.Add(keys.DefaultLead)) {
		t.Errorf("%s from %s", next.State, next.ActivateAt)
	}
	c.log.names()
	if err := r.Ensure(t.Context(), c.log, keys.ES512); err != nil {
		t.Fatal(err)
	}
	c.logged() // it is there
	if kid := headerOf(t, sign(t, r, keys.ES512))["kid"]; kid != next.KID {
		t.Errorf("signed by %s", kid)
	}
}

func TestOnlyAlgorithmsInUseRotateByTheCalendar(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	if err := c.nodes[0].Ensure(t.Context(), c.log, keys.EdDSA); err != nil {
		t.Fatal(err)
	}
	c.log.names()
	c.advance(90 * day)
	c.tick(0)
	c.logged("key.created sig/ES256/2", "key.created sig/EdDSA/2", "key.created sig/RS256/2")
}

func TestThePlaceholderIsThereWhileSomebodyUsesIt(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	a, b := c.nodes[0], c.nodes[1]
	_, before := a.JWKS()
	if err := a.Ensure(t.Context(), c.log, keys.HS512, keys.HS256); err != nil {
		t.Fatal(err)
	}
	c.reload(b)
	for _, r := range c.nodes {
		body, tag := r.JWKS()
		var doc struct{ Keys []map[string]string }
		if err := json.Unmarshal(body, &doc); err != nil {
			t.Fatal(err)
		}
		for i, alg := range []string{"HS256", "HS512"} {
			k, _ := json.Marshal(doc.Keys[2+i])
			if want := `{"alg":"` + alg + `","k":"AA","kty":"oct","use":"sig"}`; string(k) != want {
				t.Errorf("%s, want %s", k, want)
			}
		}
		if tag == before {
			t.Error("the JWKS changed and its ETag did not")
		}
		if len(r.Keys()) != 4 || !slices.Equal(r.Placeholders(), []string{"HS256", "HS512"}) {
			t.Errorf("%d keys, placeholders %v", len(r.Keys()), r.Placeholders())
		}
	}
	c.log.names()
	if err := b.DropPlaceholders(t.Context(), c.log, []string{"HS256"}); err != nil {
		t.Fatal(err)
	}
	c.logged("key.retired oct/HS512/1")
	c.reload(a)
	if got := a.Placeholders(); !slices.Equal(got, []string{"HS256"}) {
		t.Errorf("placeholders %v", got)
	}
	if err := a.DropPlaceholders(t.Context(), c.log, nil); err != nil {
		t.Fatal(err)
	}
	if _, tag := a.JWKS(); tag != before {
		t.Error("the JWKS is not what it was before")
	}
	if err := a.Ensure(t.Context(), c.log, keys.HS512); err != nil || !slices.Equal(a.Placeholders(), []string{"HS512"}) {
		t.Errorf("the second time: %v, %v", a.Placeholders(), err)
	}
}

// Placeholders are no keys: nobody can activate or retire them, and their rows are sealed
// like others.
func TestPlaceholdersAreNoKeys(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	r := c.nodes[0]
	if err := r.Ensure(t.Context(), c.log, keys.HS256); err != nil {
		t.Fatal(err)
	}
	_, err := r.Activate(t.Context(), c.log, "oct/HS256/1", true)
	sentence(t, err, `There is no key "oct/HS256/1"`)
	_, err = r.Rotate(t.Context(), c.log, keys.Plan{Use: "oct", Alg: "HS256"})
	sentence(t, err, `There are no keys for the use "oct"`)
	row, err := keys.NewRecord(loadKEK(t, secretA), idp.KeyUseToken, "HS256", 9, start)
	if err != nil {
		t.Fatal(err)
	}
	row.Use, row.Slot = idp.KeyUseShared, "oct/HS256/9"
	if err := c.store.CreateKey(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	if err := r.Reload(t.Context()); !errors.Is(err, keys.ErrTampered) {
		t.Errorf("a token root relabelled as placeholder: %v", err)
	}
}

func TestSignMACAgreesWithGoJOSE(t *testing.T) {
	t.Parallel()
	key := []byte(idp.NewSharedKey())
	for _, alg := range idp.SymmetricAlgs() {
		raw, err := keys.SignMAC(alg, "JWT", key, []byte(`{"sub":"ann"}`))
		if err != nil {
			t.Fatal(err)
		}
		jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
		if err != nil {
			t.Fatal(err)
		}
		if payload, err := jws.Verify(key); err != nil || string(payload) != `{"sub":"ann"}` {
			t.Errorf("%s: %s, %v", alg, payload, err)
		}
		if h := headerOf(t, raw); h["alg"] != alg || h["typ"] != "JWT" || len(h) != 2 {
			t.Errorf("header %v", h)
		}
	}
}

func TestSharedKeysAreAsLongAsTheHash(t *testing.T) {
	t.Parallel()
	for alg, least := range map[string]int{"HS256": 32, "HS384": 48, "HS512": 64} {
		if _, err := keys.SignMAC(alg, "JWT", bytes.Repeat([]byte("k"), least), []byte(`{}`)); err != nil {
			t.Errorf("%s: %v", alg, err)
		}
		for _, n := range []int{0, 1, least - 1} {
			if raw, err := keys.SignMAC(alg, "JWT", make([]byte, n), []byte(`{}`)); err == nil {
				t.Errorf("%s with %d bytes: %s", alg, n, raw)
			}
		}
	}
	if _, err := keys.SignMAC("none", "JWT", make([]byte, 64), []byte(`{}`)); err == nil {
		t.Error("signed with none")
	}
}

// TestThePlaceholderVerifiesNothing: anybody can key an HMAC with what the JWKS shows.
func TestThePlaceholderVerifiesNothing(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	r := c.nodes[0]
	if err := r.Ensure(t.Context(), c.log, keys.HS512); err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string][]byte{"one zero byte": {0}, "nothing": {}, "64 zero bytes": make([]byte, 64)} {
		for _, header := range []string{`{"alg":"HS512","typ":"JWT"}`, `{"alg":"HS512","kid":"","typ":"JWT"}`} {
			signed := b64.EncodeToString([]byte(header)) + "." + b64.EncodeToString([]byte(`{"sub":"ann"}`))
			m := hmac.New(sha512.New, key)
			m.Write([]byte(signed))
			raw := signed + "." + b64.EncodeToString(m.Sum(nil))
			if claims, err := r.VerifyJWT(raw); err == nil {
				t.Errorf("%s: the ring took %s", name, claims)
			}
			for _, secrets := range [][][]byte{nil, {nil}, {{}}, {{0}}} {
				f := keys.Foreign{Algs: idp.SymmetricAlgs(), Secrets: secrets}
				if claims, err := f.Verify(raw, "jwt"); err == nil {
					t.Errorf("%s with the secrets %v: took %s", name, secrets, claims)
				}
			}
		}
	}
}

func TestRecordsAreSealedForTheirPlace(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	sealed, err := c.nodes[0].Seal("client secret/a/1", []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := c.nodes[1].Open("client secret/a/1", sealed); err != nil || string(plain) != "secret" {
		t.Errorf("on another node: %q, %v", plain, err)
	}
	if _, err := c.nodes[0].Open("client secret/b/1", sealed); !errors.Is(err, keys.ErrTampered) {
		t.Errorf("of another client: %v", err)
	}
	if _, err := loadKEK(t, secretA).Open("client secret/a/1", sealed); !errors.Is(err, keys.ErrTampered) {
		t.Errorf("as something that is no record: %v", err)
	}
}

func TestAKeyThatCannotBeStoredIsNotUsed(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	store := &failing{Store: c.store}
	r := openRing(t, store, c.now)
	store.err = idp.ErrUnavailable
	if err := r.Ensure(t.Context(), c.log, keys.EdDSA); !errors.Is(err, idp.ErrUnavailable) {
		t.Errorf("error = %v", err)
	}
	if _, err := r.SignJWT(keys.EdDSA, "", []byte(`{}`)); !errors.Is(err, keys.ErrNoKey) {
		t.Errorf("signed with a key that is nowhere: %v", err)
	}
	c.logged()
}
