package idp

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"
)

// TraceKind is the kind of the [Ticket] that keeps a [Recording]. Its ID is the support code.
const TraceKind = "trace"

// Result is how a [Step] ended.
type Result string

// The results.
const (
	Received Result = "received" // something came in
	Passed   Result = "passed"   // a check, or a question to a directory
	Failed   Result = "failed"
	Noted    Result = "noted"    // a decision that is neither right nor wrong
	Answered Result = "answered" // what went out
)

// Step is one line of a trace. All texts are cut to a bounded length, and whatever in
// them looks like a secret is cut to its first letters. Never hand in a password or a code of
// few letters: nothing tells those from other words.
type Step struct {
	At       time.Time `json:"at,omitzero"` // filled in
	Name     string    `json:"name"`        // what was done or looked at: "redirect_uri", "directory"
	Result   Result    `json:"result"`
	Expected string    `json:"expected,omitempty"`
	Received string    `json:"received,omitempty"`
	Text     string    `json:"text,omitempty"`  // what the person or the application was told
	Cause    string    `json:"cause,omitempty"` // what only the log was told
	Values   []Value   `json:"values,omitempty"`
}

// Value is one parameter, claim or attribute of a [Step].
type Value struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// Unseen is the text of a value that no trace shows.
const Unseen = "[not shown]"

// About says whose trace it is. Empty fields leave what is known already.
type About struct {
	Protocol string `json:"protocol,omitempty"` // one of the Protocol… constants
	App      string `json:"app,omitempty"`      // client_id or slug
	Subject  string `json:"subject,omitempty"`
}

// Recording is the trace of one sign-in or sign-out: the steps of all its requests, in order.
type Recording struct {
	Support string `json:"support_code"`
	About
	StartedAt time.Time `json:"started_at"`
	Steps     []Step    `json:"steps"`
	LeftOut   int       `json:"left_out,omitempty"` // steps that went missing in the middle, for want of room
}

// Trace adds steps to the trace of the request that ctx carries. Whether the trace is kept
// is decided when the request is over: if a step failed, or if [KeepTrace] was called.
func Trace(ctx context.Context, steps ...Step) {
	r := RequestOf(ctx)
	at := r.clock()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range steps {
		s.At = at
		r.trace.add(s.presentable())
	}
}

// TraceFailed adds the step that err ended, with its public and its private words.
func TraceFailed(ctx context.Context, s Step, err error) {
	e := AsError(err)
	s.Result, s.Text = Failed, e.Public
	if e.Cause != nil {
		s.Cause = e.Cause.Error()
	}
	Trace(ctx, s)
}

// TraceDirectory says what the directory answered about the person of a grant or an
// assertion: of what it knows the names only, since the values are shown where they are
// issued. Whoever asked decides whether err is a fault.
func TraceDirectory(ctx context.Context, person Person, err error) {
	step := Step{Name: "directory", Result: Noted, Expected: "an active account", Received: string(person.Status), Values: []Value{
		{Name: "directory", Text: person.Directory},
		{Name: "attributes", Text: strings.Join(slices.Sorted(maps.Keys(person.Attributes)), " ")},
	}}
	if err != nil {
		step.Cause = err.Error()
	}
	Trace(ctx, step)
}

// TraceAbout says whose the trace is, as soon as somebody knows.
func TraceAbout(ctx context.Context, a About) {
	r := RequestOf(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trace.about(a)
}

// KeepTrace says that the request is part of a sign-in or sign-out: its trace is kept
// even if all went well.
func KeepTrace(ctx context.Context) {
	r := RequestOf(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keep = true
}

// JoinTrace says that the request goes on with what the request with this support code
// began: from here on it goes by that code, on pages, in Events and in the log, so that one
// sign-in has one. support must come from a record of ours. "" changes nothing.
func JoinTrace(ctx context.Context, support string) {
	r := RequestOf(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	if support != "" && support != r.Support {
		r.Support, r.joined = support, true
	}
}

// Recording returns the trace so far: keep says whether it is worth keeping, joined
// whether an earlier request may have begun it.
func (r *Request) Recording() (rec Recording, keep, joined bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rec, keep = r.trace, r.keep
	rec.Support = r.Support
	rec.Steps = append([]Step(nil), rec.Steps...)
	for _, s := range rec.Steps {
		keep = keep || s.Result == Failed
	}
	return rec, keep && len(rec.Steps) > 0, r.joined
}

// Append adds the steps of a later request. Whose trace it is stays as it is: other
// applications are heard of later, when somebody signs out. Who the person is may change.
func (rec *Recording) Append(later Recording) {
	later.About = About{cmp.Or(rec.Protocol, later.Protocol), cmp.Or(rec.App, later.App), cmp.Or(later.Subject, rec.Subject)}
	rec.about(later.About)
	rec.LeftOut += later.LeftOut
	for _, s := range later.Steps {
		rec.add(s)
	}
}

func (rec *Recording) about(a About) {
	for _, f := range []struct{ known, said *string }{{&rec.Protocol, &a.Protocol}, {&rec.App, &a.App}, {&rec.Subject, &a.Subject}} {
		if *f.said != "" {
			*f.known = clip(*f.said)
		}
	}
}

// Bounds of a trace. The first steps say what was asked for, the last ones how it ended:
// what has no room goes missing between them.
const (
	maxSteps   = 150
	firstSteps = 50
	maxValues  = 60
	maxText    = 300 // bytes
)

func (rec *Recording) add(s Step) {
	if len(rec.Steps) >= maxSteps {
		rec.drop(firstSteps)
	}
	rec.Steps = append(rec.Steps, s)
}

// Shrink leaves out one step after the first third of what is there.
func (rec *Recording) Shrink() {
	if len(rec.Steps) > 0 {
		rec.drop(len(rec.Steps) / 3)
	}
}

func (rec *Recording) drop(i int) {
	rec.Steps = append(rec.Steps[:i], rec.Steps[i+1:]...)
	rec.LeftOut++
}
