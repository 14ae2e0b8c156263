package idp

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// presentable is s as it may stand in a trace. Everything that enters one passes here.
func (s Step) presentable() Step {
	for _, text := range []*string{&s.Name, &s.Expected, &s.Received, &s.Text, &s.Cause} {
		*text = clip(*text)
	}
	values := make([]Value, 0, min(len(s.Values), maxValues+1))
	for i, v := range s.Values {
		if i == maxValues {
			values = append(values, Value{"", fmt.Sprintf("and %d more", len(s.Values)-i)})
			break
		}
		values = append(values, Value{clip(v.Name), clip(v.Text)})
	}
	s.Values = values
	return s
}

// clip makes one bounded line of text without secrets. The secrets go first: the cut must
// not make one look harmless.
func clip(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, conceal(text))
	if len(text) <= maxText {
		return text
	}
	cut := maxText
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// What secrets look like. Codes, tokens, cookies, keys and hashes of this service are runs
// of at least 40 letters, as base64url has them; base64 of signatures and messages has more
// signs, but then is long.
const (
	longRun  = 40
	wideRun  = 100
	showHead = 6 // enough to recognise it by, far too little to guess the rest
)

// conceal shortens runs of letters that may be secrets. Attack: an error message,
// a redirect URI or a claim carries a code or a token into the trace, whose reader then signs in with it.
// Decision: no text gets in unseen, whoever wrote it; names of more than 40 letters suffer.
func conceal(text string) string {
	return shorten(shorten(text, wideRun, wide), longRun, narrow)
}

func narrow(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}

func wide(c byte) bool { return narrow(c) || c == '+' || c == '/' || c == '=' || c == '%' }

func shorten(text string, most int, of func(byte) bool) string {
	if len(text) < most {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		end := i
		for end < len(text) && of(text[end]) {
			end++
		}
		switch run := text[i:end]; {
		case len(run) >= most:
			fmt.Fprintf(&b, "%s…[%d characters]", run[:showHead], len(run))
		case run == "":
			end = i + 1
			b.WriteByte(text[i])
		default:
			b.WriteString(run)
		}
		i = end
	}
	return b.String()
}
