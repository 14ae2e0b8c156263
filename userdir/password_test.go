package userdir_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-crypt/crypt/algorithm/argon2"
	xargon2 "golang.org/x/crypto/argon2"

	"cloudsso/idp"
	"cloudsso/userdir"
)

var b64 = base64.RawStdEncoding

// phcOf hashes with any costs, as another product would.
func phcOf(password string, memory, time uint32, threads uint8) string {
	salt := []byte("0123456789abcdef")
	sum := xargon2.IDKey([]byte(password), salt, time, memory, threads, 32)
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", memory, time, threads, b64.EncodeToString(salt), b64.EncodeToString(sum))
}

func TestHashPasswordMakesWhatOthersVerify(t *testing.T) {
	t.Parallel()
	h, err := userdir.HashPassword("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	digest, err := argon2.Decode(h)
	if err != nil || !digest.Match("correct horse") || digest.Match("wrong horse") {
		t.Errorf("go-crypt does not agree about %s: %v", h, err)
	}
	other, err := userdir.HashPassword("correct horse")
	if err != nil || other == h {
		t.Error("two hashes of one password are the same")
	}
	for _, bad := range []string{"", strings.Repeat("x", 1025)} {
		if _, err := userdir.HashPassword(bad); err == nil {
			t.Errorf("a password of %d bytes was hashed", len(bad))
		}
	}
}

func TestVerifyPassword(t *testing.T) {
	t.Parallel()
	today := hash(t, "correct horse")
	for name, c := range map[string]struct {
		phc, password string
		ok, rehash    bool
	}{
		"right":                             {today, "correct horse", true, false},
		"wrong":                             {today, "wrong horse", false, false},
		"empty":                             {today, "", false, false},
		"too long":                          {today, strings.Repeat("x", 1025), false, false},
		"imported with less memory":         {phcOf("correct horse", 8<<10, 2, 1), "correct horse", true, true},
		"imported with one pass":            {phcOf("correct horse", 32<<10, 1, 1), "correct horse", true, true},
		"imported and stronger":             {phcOf("correct horse", 32<<10, 3, 4), "correct horse", true, false},
		"imported, weak, and wrong":         {phcOf("correct horse", 8<<10, 1, 1), "wrong horse", false, false},
		"broken UTF-8 is compared as it is": {phcOf("caf\xe9 au lait", 19<<10, 2, 1), "caf\xe9 au lait", true, false},
	} {
		ok, rehash, err := userdir.VerifyPassword(c.phc, c.password)
		if ok != c.ok || rehash != c.rehash || err != nil {
			t.Errorf("%s: %v, %v, %v; want %v, %v", name, ok, rehash, err, c.ok, c.rehash)
		}
	}
}

func TestVerifyPasswordRefusesHostileHashesBeforeAnyWork(t *testing.T) {
	t.Parallel()
	good := phcOf("x", 64, 1, 1)
	with := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	long := b64.EncodeToString(make([]byte, 65))
	for name, phc := range map[string]string{
		"empty":                      "",
		"plain text":                 "correct horse",
		"bcrypt that takes days":     "$2a$31$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
		"an old version":             with("v=19", "v=16"),
		"four terabytes":             with("m=64", "m=4294967295"),
		"more than 256 MiB":          with("m=64", "m=262145"),
		"256 MiB five times":         with("m=64,t=1", "m=262144,t=5"),
		"a million passes":           with("t=1", "t=1000000"),
		"memory × time overflows":    with("m=64,t=1", "m=262144,t=16384"),
		"no pass":                    with("t=1", "t=0"),
		"no thread":                  with("p=1", "p=0"),
		"too many threads":           with("m=64,t=1,p=1", "m=65536,t=1,p=255"),
		"less memory than threads":   with("m=64", "m=7"),
		"a negative cost":            with("m=64", "m=-64"),
		"a cost that does not fit":   with("m=64", "m=18446744073709551680"),
		"a cost with a sign":         with("m=64", "m=+64"),
		"costs in another order":     with("m=64,t=1,p=1", "t=1,m=64,p=1"),
		"one cost more":              with("p=1", "p=1,x=1"),
		"padding":                    good + "=",
		"a line break":               good[:60] + "\n" + good[60:],
		"no salt":                    with(b64.EncodeToString([]byte("0123456789abcdef")), ""),
		"a salt of 65 bytes":         with(b64.EncodeToString([]byte("0123456789abcdef")), long),
		"a sum of no bytes":          good[:strings.LastIndexByte(good, '$')+1],
		"a sum that matches by luck": good[:strings.LastIndexByte(good, '$')+1] + "AA",
		"a sum of 65 bytes":          good[:strings.LastIndexByte(good, '$')+1] + long,
		"something after it":         good + "$x",
	} {
		p := userdir.NewPasswords(1)
		ok, rehash, err := p.Verify(t.Context(), phc, "x")
		if ok || rehash || err == nil {
			t.Errorf("%s: %v, %v, %v; want an error", name, ok, rehash, err)
		}
		if p.Evaluations() != 0 {
			t.Errorf("%s: it was computed", name)
		}
		if err != nil && len(phc) > 40 && strings.Contains(err.Error(), phc[30:40]) {
			t.Errorf("%s: the error repeats the hash", name)
		}
	}
}

func TestPasswordsWaitForTheirTurnOnlyAsLongAsTheCaller(t *testing.T) {
	t.Parallel()
	p := userdir.NewPasswords(1)
	slow := phcOf("x", 32<<10, 4, 1)
	done := make(chan error)
	go func() {
		_, _, err := p.Verify(t.Context(), slow, "x")
		done <- err
	}()
	for p.Evaluations() == 0 { // until the only slot is taken
		time.Sleep(time.Millisecond)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Hash(ctx, "y"); !errors.Is(err, context.Canceled) {
		t.Errorf("Hash = %v, want the end of the context", err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if p.Evaluations() != 1 {
		t.Errorf("%d hashes, want 1: who gave up must not be computed", p.Evaluations())
	}
}

func TestCheckPassword(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		"eightchr", "correct horse battery staple", "пароль надёжный", "        x", "日本語のパスワード", strings.Repeat("ab", 512), "12345678 90",
	} {
		if err := userdir.CheckPassword(good, "ann", "ann@example.com"); err != nil {
			t.Errorf("%.20q: %v", good, err)
		}
	}
	for name, c := range map[string]struct{ password, says string }{
		"empty":                         {"", "at least 8"},
		"seven characters":              {"sevench", "at least 8"},
		"seven characters of two bytes": {"ééééééé", "at least 8"},
		"eight runes, four characters":  {"e\u0301e\u0301e\u0301e\u0301", "at least 8"},
		"1025 bytes":                    {strings.Repeat("a", 1025), "at most 1024"},
		"a common one":                  {"password1", "first that an attacker tries"},
		"a common one in capitals":      {"PassWord1", "first that an attacker tries"},
		"the product":                   {"CloudSSO", "first that an attacker tries"},
		"the username":                  {"Annabelle", "name of the account"},
		"the email address":             {"annabelle.smith@example.com", "name of the account"},
		"the address before the @":      {"annabelle.smith", "name of the account"},
		"a line break":                  {"correct\nhorse", "cannot be typed"},
		"broken UTF-8":                  {"correct horse\xff", "cannot be typed"},
	} {
		err := userdir.CheckPassword(c.password, "annabelle", "annabelle.smith@example.com")
		var e *idp.Error
		if !errors.As(err, &e) || e.Code != idp.Invalid || e.Field != "password" || !strings.Contains(e.Public, c.says) {
			t.Errorf("%s: %v; want one on the field password that says %q", name, err, c.says)
			continue
		}
		if len(c.password) > 8 && strings.Contains(e.Error(), c.password) {
			t.Errorf("%s: the error repeats the password", name)
		}
	}
}

func BenchmarkVerifyPassword(b *testing.B) {
	h := hash(b, "correct horse")
	b.ReportAllocs()
	for b.Loop() {
		if ok, _, err := userdir.VerifyPassword(h, "correct horse"); !ok || err != nil {
			b.Fatal(err)
		}
	}
}

func TestHashingIsBounded(t *testing.T) {
	t.Parallel()
	p := userdir.NewPasswords(1)
	h := phcOf("x", 1<<10, 1, 1)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if ok, _, err := p.Verify(t.Context(), h, "x"); !ok || err != nil {
				t.Errorf("a waiting check ended with %v, %v", ok, err)
			}
		})
	}
	wg.Wait()
	if p.Evaluations() != 8 {
		t.Errorf("%d hashes, want 8", p.Evaluations())
	}
}

func FuzzVerifyPassword(f *testing.F) {
	good := phcOf("x", 64, 1, 1)
	for _, seed := range []string{good, "", "$argon2id$v=19$m=,t=,p=$$", "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, phc string) {
		if strings.Contains(phc, "m=") && !strings.Contains(phc, "m=64,") && !strings.Contains(phc, "m=8,") {
			return // the costs have a table of their own; here they only take time
		}
		if ok, _, err := userdir.VerifyPassword(phc, "x"); ok && (err != nil || !strings.HasPrefix(phc, "$argon2id$v=19$")) {
			t.Errorf("%q was taken: %v", phc, err)
		}
	})
}
