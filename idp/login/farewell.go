package login

import (
	"context"
	"errors"

	"cloudsso/idp"
)

// Farewell is how one app is told that a session has ended. At least one of Send and
// Visit is set; with both, both are used.
type Farewell struct {
	Protocol, App string
	Name          string // for people
	// Send tells the app from server to server. ctx carries its time limit. An error that
	// wraps [ErrQueued] says that the protocol goes on trying by itself.
	Send func(ctx context.Context) error
	// Visit is the address that a frame of the progress page opens by GET: absolute, of the
	// app or of ours. It must work in a frame whose cookies the browser may hold back.
	Visit string
	// Through are further origins ("https://sp.example.com") that the frame goes through
	// after Visit's own, such as the target of a form that sends itself. Ours is always
	// allowed. Whatever is not named, the browser does not load there.
	Through []string
	// Answers: the visit reports back, and [Handler.Told] is called. Otherwise that it was
	// opened is all that can be known. The last page in the frame is [web.Pages.Told].
	Answers bool
}

// ErrQueued is what [Farewell.Send] wraps when the app was not reached, and will be tried
// again without anybody waiting for it.
var ErrQueued = errors.New("delivery goes on in the background")

// Farewells is what a protocol implements: whom to tell that s, which has ended already,
// is over, and whatever else of the protocol's must end with it. id names this logout, in
// Visit addresses that report back; it is a secret of the browser, or empty if there is no
// browser to open a Visit. except is the app that asked for it: it knows, and a protocol
// may leave it out; its Protocol is empty if no app asked.
type Farewells interface {
	Farewells(ctx context.Context, id string, s idp.Session, except idp.SessionApp) ([]Farewell, error)
}

// Outcome says what became of telling one app.
type Outcome string

// The outcomes.
const (
	Told    Outcome = "told"    // it confirmed
	Visited Outcome = "visited" // its address was opened in the browser; whether that worked cannot be known
	Queued  Outcome = "queued"  // not reached yet; it is tried again in the background
	Waiting Outcome = "waiting" // to be visited, or visited and to answer yet
	Failed  Outcome = "failed"  // not told
)

// AppResult is what became of telling one app.
type AppResult struct {
	Protocol string  `json:"protocol"`
	App      string  `json:"app"`
	Name     string  `json:"name"`
	Outcome  Outcome `json:"outcome"`
}

// Result is what became of a logout.
type Result struct {
	Ended bool        // there was a session, and it has ended; false: nobody was signed in
	Apps  []AppResult // all that the session was known to, but the one that asked
}

// Complete reports whether every app was told. Otherwise a SAML answer says PartialLogout.
func (r Result) Complete() bool {
	for _, a := range r.Apps {
		if a.Outcome != Told && a.Outcome != Visited {
			return false
		}
	}
	return true
}
