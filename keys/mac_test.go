package keys_test

import (
	"bytes"
	"testing"

	"cloudsso/idp/memory"
	"cloudsso/keys"
)

func TestMACVerifiesOnlyWhatItSummed(t *testing.T) {
	t.Parallel()
	store := memory.New(newClock().now)
	r := openRing(t, store, newClock().now)
	m := r.MAC("access token")
	parts := func(p ...string) (out [][]byte) {
		for _, s := range p {
			out = append(out, []byte(s))
		}
		return out
	}
	sum := m.Sum(parts("ab", "c")...)
	if len(sum) != 32 {
		t.Fatalf("%d bytes, want 32", len(sum))
	}
	for name, c := range map[string]struct {
		mac   []byte
		by    *keys.MAC
		parts [][]byte
		want  bool
	}{
		"the same":                        {sum, m, parts("ab", "c"), true},
		"cut to 16 bytes":                 {sum[:16], m, parts("ab", "c"), true},
		"after a restart":                 {sum, openRing(t, store, newClock().now).MAC("access token"), parts("ab", "c"), true},
		"cut too short":                   {sum[:15], m, parts("ab", "c"), false},
		"empty":                           {nil, m, parts("ab", "c"), false},
		"too long":                        {append(bytes.Clone(sum), 0), m, parts("ab", "c"), false},
		"the last bytes instead of first": {sum[16:], m, parts("ab", "c"), false},
		"one bit":                         {flip(sum, 31), m, parts("ab", "c"), false},
		"a byte moved between parts":      {sum, m, parts("a", "bc"), false},
		"the parts as one":                {sum, m, parts("abc"), false},
		"an empty part more":              {sum, m, parts("ab", "c", ""), false},
		"the parts swapped":               {sum, m, parts("c", "ab"), false},
		"another purpose":                 {sum, r.MAC("refresh token"), parts("ab", "c"), false},
		"another provider":                {sum, openRing(t, memory.New(newClock().now), newClock().now).MAC("access token"), parts("ab", "c"), false},
	} {
		if got := c.by.Verify(c.mac, c.parts...); got != c.want {
			t.Errorf("%s: Verify = %v, want %v", name, got, c.want)
		}
	}
}
