package keys_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"cloudsso/idp"
	"cloudsso/idp/memory"
	"cloudsso/keys"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden is what an installation of today leaves behind: rows of the store, something
// sealed, a signed token and a MAC. Every later version must be able to use all of it.
type golden struct {
	Rows   []idp.KeyRecord
	Sealed string // base64; "seed" for the purpose "totp/ann"
	Token  string // claims {"sub":"ann"}, typ at+jwt
	MAC    string // hex; purpose "refresh token", parts "grant", "1"
}

const goldenFile = "testdata/installation.json"

func TestAnOldInstallationStillOpens(t *testing.T) {
	t.Parallel()
	if *update {
		writeGolden(t)
	}
	data, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	store := memory.New(newClock().now)
	for _, row := range g.Rows {
		if err := store.CreateKey(t.Context(), row); err != nil {
			t.Fatal(err)
		}
	}
	r := openRing(t, store, newClock().now)
	if rows, _ := store.Keys(t.Context()); len(rows) != len(g.Rows) {
		t.Errorf("%d rows after the start, want the %d that were there", len(rows), len(g.Rows))
	}
	if claims, err := r.VerifyJWT(g.Token, "at+jwt"); err != nil || string(claims) != `{"sub":"ann"}` {
		t.Errorf("the old token: %s, %v", claims, err)
	}
	if got := hex.EncodeToString(r.MAC("refresh token").Sum([]byte("grant"), []byte("1"))); got != g.MAC {
		t.Errorf("MAC = %s, want %s: every token and cookie outside would be void", got, g.MAC)
	}
	sealed, err := base64.StdEncoding.DecodeString(g.Sealed)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := loadKEK(t, secretA).Open("totp/ann", sealed); err != nil || string(plain) != "seed" {
		t.Errorf("the old sealed value: %q, %v", plain, err)
	}
}

func writeGolden(t *testing.T) {
	t.Helper()
	store := memory.New(newClock().now)
	r := openRing(t, store, newClock().now)
	g := golden{MAC: hex.EncodeToString(r.MAC("refresh token").Sum([]byte("grant"), []byte("1")))}
	var err error
	if g.Rows, err = store.Keys(t.Context()); err != nil {
		t.Fatal(err)
	}
	if g.Token, err = r.SignJWT(keys.ES256, "at+jwt", []byte(`{"sub":"ann"}`)); err != nil {
		t.Fatal(err)
	}
	sealed, err := loadKEK(t, secretA).Seal("totp/ann", []byte("seed"))
	if err != nil {
		t.Fatal(err)
	}
	g.Sealed = base64.StdEncoding.EncodeToString(sealed)
	data, err := json.MarshalIndent(g, "", "  ")
	if err == nil {
		err = os.WriteFile(goldenFile, append(data, '\n'), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func FuzzVerifyJWT(f *testing.F) {
	r := openRing(f, memory.New(newClock().now), newClock().now)
	good, err := r.SignJWT(keys.ES256, "at+jwt", []byte(`{"sub":"ann"}`))
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{good, "", "..", "e30.e30.e30", "bnVsbA.e30.AA", b64.EncodeToString([]byte(`{"alg":"ES256","kid":null}`)) + ".e30.AA"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if claims, err := r.VerifyJWT(raw); err == nil && raw != good {
			t.Errorf("%q was taken: %s", raw, claims)
		}
	})
}
