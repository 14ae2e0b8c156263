package keys_test

import (
	"context"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/memory"
	"cloudsso/keys"
)

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// clock is a time that a test moves.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: start} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = t
}

func noEnv(string) string { return "" }

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

const (
	secretA = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	secretB = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
)

func loadKEK(t testing.TB, secret string) *keys.KEK {
	t.Helper()
	k, err := keys.LoadKEK(t.TempDir(), env("CLOUDSSO_KEK", secret))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func openRing(t testing.TB, store idp.Keys, now func() time.Time) *keys.Ring {
	t.Helper()
	r, err := keys.Open(t.Context(), store, loadKEK(t, secretA), now)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// sentence fails unless err is an *idp.Error whose public sentence contains every part.
func sentence(t *testing.T, err error, parts ...string) {
	t.Helper()
	var e *idp.Error
	if !errors.As(err, &e) {
		t.Fatalf("error = %v, want an *idp.Error", err)
	}
	for _, p := range parts {
		if !strings.Contains(e.Public, p) {
			t.Errorf("sentence %q does not say %q", e.Public, p)
		}
	}
}

func TestLoadKEKSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	file := func(text string, mode os.FileMode) string {
		path := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil { // whatever the umask
			t.Fatal(err)
		}
		return path
	}
	for name, c := range map[string]struct {
		env  []string
		says string
	}{
		"both variables":               {[]string{"CLOUDSSO_KEK", secretA, "CLOUDSSO_KEK_FILE", "/x"}, "both set"},
		"not base64":                   {[]string{"CLOUDSSO_KEK", "correct horse battery staple"}, "CLOUDSSO_KEK is not the base64 form of 32 bytes"},
		"too short":                    {[]string{"CLOUDSSO_KEK", base64.StdEncoding.EncodeToString(make([]byte, 16))}, "32 bytes"},
		"too long":                     {[]string{"CLOUDSSO_KEK", base64.StdEncoding.EncodeToString(make([]byte, 33))}, "32 bytes"},
		"the file is not there":        {[]string{"CLOUDSSO_KEK_FILE", "/nowhere/kek"}, "/nowhere/kek cannot be read"},
		"the file is empty":            {[]string{"CLOUDSSO_KEK_FILE", file("", 0o600)}, "32 bytes"},
		"the group may read the file":  {[]string{"CLOUDSSO_KEK_FILE", file(secretA, 0o640)}, "chmod 600"},
		"others may read the file":     {[]string{"CLOUDSSO_KEK_FILE", file(secretA, 0o604)}, "chmod 600"},
		"the group may write the file": {[]string{"CLOUDSSO_KEK_FILE", file(secretA, 0o620)}, "chmod 600"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := keys.LoadKEK(t.TempDir(), env(c.env...))
			sentence(t, err, c.says)
			if strings.Contains(err.Error(), "correct horse") || strings.Contains(err.Error(), secretA) {
				t.Error("the error repeats the secret")
			}
		})
	}
	t.Run("a line break after the key does no harm", func(t *testing.T) {
		if _, err := keys.LoadKEK(t.TempDir(), env("CLOUDSSO_KEK_FILE", file(secretA+"\n", 0o400))); err != nil {
			t.Fatal(err)
		}
	})
}

func TestFirstStartWritesThePrivateKEKFile(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	kek, err := keys.LoadKEK(dir, noEnv)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kek.Seal("x", []byte("y")); err == nil {
		t.Error("a key that is not on disk yet sealed something")
	}
	path := filepath.Join(dir, "kek")
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("LoadKEK alone wrote a file: %v", err)
	}
	store := memory.New(newClock().now)
	first, err := keys.Open(t.Context(), store, kek, newClock().now)
	if err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(path)
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Fatalf("kek file: %v %v, want mode 0600", st.Mode(), err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("files left in the data directory: %v", left)
	}
	again, err := keys.LoadKEK(dir, noEnv)
	if err != nil {
		t.Fatal(err)
	}
	second, err := keys.Open(t.Context(), store, again, newClock().now)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := first.JWKS()
	b, _ := second.JWKS()
	if string(a) != string(b) {
		t.Error("the second start has other keys")
	}
}

func TestAMissingKEKIsNeverReplacedByANewOne(t *testing.T) {
	t.Parallel()
	store := memory.New(newClock().now)
	openRing(t, store, newClock().now)
	dir := t.TempDir()
	kek, err := keys.LoadKEK(dir, noEnv)
	if err != nil {
		t.Fatal(err)
	}
	_, err = keys.Open(t.Context(), store, kek, newClock().now)
	sentence(t, err, "there is none in "+filepath.Join(dir, "kek"), "backup", "not lost")
	row, _ := store.Keys(t.Context())
	if _, err := kek.Open("x", row[0].Sealed); !errors.Is(err, keys.ErrWrongKEK) {
		t.Errorf("a key that is not on disk yet opened something: %v", err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 0 {
		t.Errorf("a file was written: %v", files)
	}
}

func TestAWrongKEKStopsTheStart(t *testing.T) {
	t.Parallel()
	store := memory.New(newClock().now)
	openRing(t, store, newClock().now)
	before, _ := store.Keys(t.Context())
	_, err := keys.Open(t.Context(), store, loadKEK(t, secretB), newClock().now)
	sentence(t, err, "CLOUDSSO_KEK is not the one that sealed", "backup", "not lost")
	if !errors.Is(err, keys.ErrWrongKEK) {
		t.Errorf("error = %v, want ErrWrongKEK", err)
	}
	if after, _ := store.Keys(t.Context()); len(after) != len(before) {
		t.Error("the failed start created keys")
	}
}

func TestNodesThatStartTogetherShareTheFirstKeys(t *testing.T) {
	t.Parallel()
	store, dir := memory.New(newClock().now), t.TempDir()
	const nodes = 4
	var rings [nodes]*keys.Ring
	var wg sync.WaitGroup
	for i := range nodes {
		wg.Go(func() {
			kek, err := keys.LoadKEK(dir, noEnv) // each makes its own and one file wins
			if err == nil {
				rings[i], err = keys.Open(t.Context(), store, kek, newClock().now)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	if rows, _ := store.Keys(t.Context()); len(rows) != 4 {
		t.Fatalf("%d rows, want 4", len(rows))
	}
	token, err := rings[0].SignJWT(keys.ES256, "", []byte(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	mac := rings[0].MAC("test").Sum([]byte("a"))
	for i, r := range rings {
		if _, err := r.VerifyJWT(token); err != nil {
			t.Errorf("node %d: %v", i, err)
		}
		if !r.MAC("test").Verify(mac, []byte("a")) {
			t.Errorf("node %d has another token root", i)
		}
		if !r.SAMLKey().Certificate.Equal(rings[0].SAMLKey().Certificate) {
			t.Errorf("node %d has another SAML certificate", i)
		}
	}
}

func TestAStartThatWasCutOffIsCompleted(t *testing.T) {
	t.Parallel()
	store := memory.New(newClock().now)
	row, err := keys.NewRecord(loadKEK(t, secretA), idp.KeyUseSign, keys.ES256, 1, start)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.CreateKey(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	r := openRing(t, store, newClock().now)
	if got := r.Keys(); len(got) != 4 {
		t.Fatalf("%d keys, want 4: %v", len(got), got)
	}
	token, err := r.SignJWT(keys.ES256, "", []byte(`{}`))
	if err != nil || headerOf(t, token)["kid"] != row.ID {
		t.Errorf("the ES256 key that was there does not sign: %v", err)
	}
}

func TestRowsThatWereTamperedWithStopTheStart(t *testing.T) {
	t.Parallel()
	kek := loadKEK(t, secretA)
	record := func(use, alg string) idp.KeyRecord {
		r, err := keys.NewRecord(kek, use, alg, 1, start)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	sign, saml, other := record(idp.KeyUseSign, keys.RS256), record(idp.KeyUseSAML, keys.RS256), record(idp.KeyUseSAML, keys.RS256)
	for name, change := range map[string]func() idp.KeyRecord{
		"the sealed key of another row":          func() idp.KeyRecord { r := sign; r.Sealed = saml.Sealed; return r },
		"a SAML key relabelled to sign JWTs":     func() idp.KeyRecord { r := saml; r.Use = idp.KeyUseSign; return r },
		"another algorithm":                      func() idp.KeyRecord { r := sign; r.Alg = keys.ES256; return r },
		"another id":                             func() idp.KeyRecord { r := sign; r.ID = saml.ID; return r },
		"another generation":                     func() idp.KeyRecord { r := sign; r.Slot = "sig/RS256/9"; return r },
		"another key's certificate":              func() idp.KeyRecord { r := saml; r.Certificate = other.Certificate; return r },
		"no certificate":                         func() idp.KeyRecord { r := saml; r.Certificate = nil; return r },
		"one bit of the sealed key":              func() idp.KeyRecord { r := sign; r.Sealed = flip(r.Sealed, len(r.Sealed)-1); return r },
		"one bit of the nonce":                   func() idp.KeyRecord { r := sign; r.Sealed = flip(r.Sealed, 6); return r },
		"the version of the sealed form":         func() idp.KeyRecord { r := sign; r.Sealed = flip(r.Sealed, 0); return r },
		"an empty sealed key":                    func() idp.KeyRecord { r := sign; r.Sealed = nil; return r },
		"only the head of the sealed key":        func() idp.KeyRecord { r := sign; r.Sealed = r.Sealed[:5]; return r },
		"a signing key that is called symmetric": func() idp.KeyRecord { r := sign; r.Use = idp.KeyUseToken; return r },
	} {
		t.Run(name, func(t *testing.T) {
			store := memory.New(newClock().now)
			if err := store.CreateKey(t.Context(), change()); err != nil {
				t.Fatal(err)
			}
			_, err := keys.Open(t.Context(), store, kek, newClock().now)
			sentence(t, err, "changed outside cloudsso", "backup")
			if !errors.Is(err, keys.ErrTampered) {
				t.Errorf("error = %v, want ErrTampered", err)
			}
		})
	}
}

func flip(b []byte, i int) []byte {
	c := append([]byte(nil), b...)
	c[i] ^= 1
	return c
}

func TestSealedValuesOpenOnlyForTheirPurpose(t *testing.T) {
	t.Parallel()
	kek := loadKEK(t, secretA)
	seal := func() []byte {
		s, err := kek.Seal("totp/ann", []byte("seed"))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	sealed := seal()
	if plain, err := kek.Open("totp/ann", sealed); err != nil || string(plain) != "seed" {
		t.Fatalf("Open = %q, %v", plain, err)
	}
	if string(sealed) == string(seal()) {
		t.Error("the same value sealed twice looks the same")
	}
	if _, err := kek.Open("totp/bob", sealed); !errors.Is(err, keys.ErrTampered) {
		t.Errorf("another row: %v, want ErrTampered", err)
	}
	if _, err := loadKEK(t, secretB).Open("totp/ann", sealed); !errors.Is(err, keys.ErrWrongKEK) {
		t.Errorf("another key: %v, want ErrWrongKEK", err)
	}
}

// TestNodesWithoutASharedKEK: two machines on one database, each with its own data
// directory. Who comes second must be told, not left with keys that nobody else has.
func TestNodesWithoutASharedKEK(t *testing.T) {
	t.Parallel()
	store := memory.New(newClock().now)
	first, second := loadNewKEK(t, t.TempDir()), loadNewKEK(t, t.TempDir())
	if _, err := keys.Open(t.Context(), emptyOnce(store), first, newClock().now); err != nil {
		t.Fatal(err)
	}
	_, err := keys.Open(t.Context(), emptyOnce(store), second, newClock().now)
	sentence(t, err, "is not the one that sealed")
	if rows, _ := store.Keys(t.Context()); len(rows) != 4 {
		t.Errorf("%d rows, want the 4 of the first node", len(rows))
	}
}

func loadNewKEK(t *testing.T, dir string) *keys.KEK {
	t.Helper()
	k, err := keys.LoadKEK(dir, noEnv)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// early is a store as a node sees it that looked before the other one wrote.
type early struct {
	*memory.Store
	looked bool
}

func emptyOnce(store *memory.Store) idp.Keys { return &early{Store: store} }

func (e *early) Keys(ctx context.Context) ([]idp.KeyRecord, error) {
	if !e.looked {
		e.looked = true
		return nil, nil
	}
	return e.Store.Keys(ctx)
}

func TestAKEKThatCannotBeWrittenStopsTheFirstStart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	store := memory.New(newClock().now)
	kek, err := keys.LoadKEK(filepath.Join(file, "data"), noEnv)
	if err == nil {
		_, err = keys.Open(t.Context(), store, kek, newClock().now)
	}
	sentence(t, err, filepath.Join(file, "data", "kek"))
	if rows, _ := store.Keys(t.Context()); len(rows) != 0 {
		t.Error("keys were made that nobody will be able to open")
	}
}

// down is a store that does not answer.
type down struct{}

func (down) CreateKey(context.Context, idp.KeyRecord) error { return idp.ErrUnavailable }
func (down) Keys(context.Context) ([]idp.KeyRecord, error)  { return nil, idp.ErrUnavailable }
func (down) RotateKeys(context.Context, *idp.KeyRecord, []idp.KeyMove) error {
	return idp.ErrUnavailable
}

func TestAStoreThatIsDownIsSaidSo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	kek, err := keys.LoadKEK(dir, noEnv)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Open(t.Context(), down{}, kek, newClock().now); !errors.Is(err, idp.ErrUnavailable) {
		t.Errorf("error = %v, want ErrUnavailable", err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 0 {
		t.Error("a key file was written although nobody knows what the store holds")
	}
}
