package sqlstore

import (
	"errors"
	"testing"
	"time"

	"cloudsso/idp"
)

func TestDocumentsAreKeptOrRefused(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		v    any
		want string // "": refused
	}{
		{"plain", "a", `"a"`},
		{"a replacement character of the caller's own", "\ufffd", "\"\ufffd\""},
		{"the escape of one, spelt out", `\ufffd`, `"\\ufffd"`},
		{"a backslash before broken bytes", "\\\xff", ""},
		{"two backslashes before the letters", `\\ufffd`, `"\\\\ufffd"`},
		{"broken bytes", "a\xff", ""},
		{"a broken key", map[string]int{"\xff": 1}, ""},
		{"no number", map[string]any{"x": func() float64 { z := 0.0; return z / z }()}, ""},
		{"a NUL, which JSON writes as letters", "\x00", `"\u0000"`},
	} {
		doc, err := document(row.v)
		var refused *idp.Error
		if doc != row.want || (row.want == "") != (errors.As(err, &refused) && refused.Code == idp.Invalid) {
			t.Errorf("%s: %s, %v", row.name, doc, err)
		}
	}
}

func TestTimesComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	for _, at := range []time.Time{{}, time.Unix(0, 0).UTC(), time.Date(1969, 7, 20, 20, 17, 40, 123456000, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC)} {
		for _, stored := range []any{micros(at), maybe(at)} {
			got := time.Now()
			if err := (instant{&got}).Scan(stored); err != nil || got != at {
				t.Errorf("%v came back from %v as %v, %v", at, stored, got, err)
			}
		}
	}
	var got time.Time
	if err := (instant{&got}).Scan("2026-01-01"); err == nil {
		t.Error("a text was taken for a time")
	}
}

func TestTextThatNoDatabaseKeepsIsRefused(t *testing.T) {
	t.Parallel()
	for s, fine := range map[string]bool{"": true, "ß\U0001F600": true, "\ufffd": true, "a\x00": false, "\xff": false, "\xed\xa0\x80": false} {
		if err := text([]any{1, nil, []byte{0xff, 0}, s}); (err == nil) != fine {
			t.Errorf("%q: %v", s, err)
		}
	}
}
