package idp_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func tracing(t *testing.T) (context.Context, *idp.Request) {
	t.Helper()
	r := &idp.Request{Support: "AAAA-BBBB", Now: func() time.Time { return noon }}
	return idp.WithRequest(t.Context(), r), r
}

func TestATraceKeepsItsStepsInOrder(t *testing.T) {
	t.Parallel()
	ctx, r := tracing(t)
	idp.Trace(ctx, idp.Step{Name: "one", Result: idp.Received}, idp.Step{Name: "two", Result: idp.Passed})
	if _, keep, _ := r.Recording(); keep {
		t.Error("a request in which nothing failed is kept, and nobody said so")
	}
	idp.TraceFailed(ctx, idp.Step{Name: "three"}, idp.Errorf(idp.Invalid, "Said aloud.").Because(errors.New("the cause")))
	idp.TraceFailed(ctx, idp.Step{Name: "four"}, errors.New("internals"))
	idp.TraceAbout(ctx, idp.About{App: "wiki"})
	idp.TraceAbout(ctx, idp.About{Subject: "alice"})
	rec, keep, joined := r.Recording()
	if !keep || joined || rec.Support != "AAAA-BBBB" || rec.App != "wiki" || rec.Subject != "alice" {
		t.Errorf("keep %v, joined %v, %+v", keep, joined, rec)
	}
	want := "one received  ; two passed  ; three failed Said aloud. the cause; four failed Something went wrong on our side. internals; "
	got := ""
	for _, s := range rec.Steps {
		if !s.At.Equal(noon) {
			t.Errorf("%s at %v", s.Name, s.At)
		}
		got += fmt.Sprintf("%s %s %s %s; ", s.Name, s.Result, s.Text, s.Cause)
	}
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestATraceWithoutStepsIsNotKept(t *testing.T) {
	t.Parallel()
	ctx, r := tracing(t)
	idp.KeepTrace(ctx)
	if _, keep, _ := r.Recording(); keep {
		t.Error("an empty trace is kept")
	}
	idp.Trace(t.Context(), idp.Step{Name: "outside of any request"}) // goes nowhere
}

func TestALaterRequestGoesByTheCodeOfTheFirst(t *testing.T) {
	t.Parallel()
	ctx, r := tracing(t)
	idp.JoinTrace(ctx, "")
	idp.JoinTrace(ctx, "AAAA-BBBB")
	if _, _, joined := r.Recording(); joined || r.Support != "AAAA-BBBB" {
		t.Error("joined with itself")
	}
	idp.JoinTrace(ctx, "FIRS-TONE")
	rec, _, joined := r.Recording()
	if !joined || rec.Support != "FIRS-TONE" || r.Support != "FIRS-TONE" {
		t.Errorf("joined %v, code %s and %s", joined, rec.Support, r.Support)
	}
}

// Attack: whatever somebody sends ends in the trace, and its reader signs in with it.
func TestAttack_TracesConcealWhatLooksLikeASecret(t *testing.T) {
	t.Parallel()
	secret, shared := idp.NewSecret(), idp.NewSharedKey()
	base64 := strings.Repeat("aB3+/x9=", 20)
	for name, c := range map[string]struct{ in, want string }{
		"plain words":              {"the address https://wiki.example.org/callback is not registered", "the address https://wiki.example.org/callback is not registered"},
		"a secret alone":           {secret, secret[:6] + "…[43 characters]"},
		"a secret in an address":   {"https://x.example/cb?code=" + secret + "&state=1", "https://x.example/cb?code=" + secret[:6] + "…[43 characters]&state=1"},
		"a key of 86 characters":   {"k=" + shared, "k=" + shared[:6] + "…[86 characters]"},
		"a token with a prefix":    {"cat_" + secret, "cat_" + secret[:2] + "…[47 characters]"},
		"standard base64":          {"<" + base64 + ">", "<" + base64[:6] + "…[160 characters]>"},
		"an id of ours":            {strings.Repeat("a", 26), strings.Repeat("a", 26)},
		"a line break and a NUL":   {"a\nb\x00c\xff", "a b c "},
		"a long text is cut":       {strings.Repeat("word ", 100), strings.Repeat("word ", 60) + "…"},
		"cut between runes":        {strings.Repeat("a ", 149) + "aé", strings.Repeat("a ", 149) + "a…"},
		"a secret across the edge": {strings.Repeat("word ", 58) + secret, strings.Repeat("word ", 58) + secret[:6] + "…" + "…"},
	} {
		ctx, r := tracing(t)
		idp.Trace(ctx, idp.Step{Name: c.in, Expected: c.in, Received: c.in, Text: c.in, Cause: c.in, Values: []idp.Value{{Name: c.in, Text: c.in}}})
		rec, _, _ := r.Recording()
		s := rec.Steps[0]
		for _, got := range []string{s.Name, s.Expected, s.Received, s.Text, s.Cause, s.Values[0].Name, s.Values[0].Text} {
			if got != c.want && name != "a secret across the edge" {
				t.Errorf("%s: %q, want %q", name, got, c.want)
			}
			if strings.Contains(got, secret[:8]) || len(got) > 304 {
				t.Errorf("%s: %q", name, got)
			}
		}
	}
}

func TestATraceIsBounded(t *testing.T) {
	t.Parallel()
	ctx, r := tracing(t)
	for i := range 500 {
		idp.Trace(ctx, idp.Step{Name: fmt.Sprint(i), Values: make([]idp.Value, 100)})
	}
	rec, _, _ := r.Recording()
	if len(rec.Steps) != 150 || rec.LeftOut != 350 || rec.Steps[49].Name != "49" || rec.Steps[50].Name != "400" || rec.Steps[149].Name != "499" {
		t.Errorf("%d steps, %d left out, in the middle %s and %s", len(rec.Steps), rec.LeftOut, rec.Steps[49].Name, rec.Steps[50].Name)
	}
	if v := rec.Steps[0].Values; len(v) != 61 || v[60].Text != "and 40 more" {
		t.Errorf("%d values", len(v))
	}
	first := idp.Recording{About: idp.About{App: "wiki"}, LeftOut: 1, Steps: []idp.Step{{Name: "first"}}}
	rec.App, rec.Subject = "another", "alice"
	first.Append(rec)
	if first.App != "wiki" || first.Subject != "alice" || len(first.Steps) != 150 || first.LeftOut != 352 || first.Steps[0].Name != "first" {
		t.Errorf("%+v, %d steps, %d left out", first.About, len(first.Steps), first.LeftOut)
	}
	first.Shrink()
	if len(first.Steps) != 149 || first.LeftOut != 353 || first.Steps[0].Name != "first" || first.Steps[148].Name != "499" {
		t.Error("shrinking takes from an end")
	}
	(&idp.Recording{}).Shrink()
}
