package idp

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Rehearsal stands in for the login, for what lives minutes and for the audit log while a
// sign-in is rehearsed that nobody waits for. All of it is in memory and goes with it: what was
// handed out in a rehearsal is worth nothing anywhere else. It is safe for concurrent use.
type Rehearsal struct {
	Answer Answer // of the login, whatever is asked
	// Keys takes the Events of keys that are made on the way: those stay.
	Keys interface {
		Record(ctx context.Context, e Event) error
	}

	mu      sync.Mutex
	tickets map[[2]string]Ticket
	counts  map[string]int
}

// Begin settles f at once: with the answer, and with consent to all that is asked for.
func (r *Rehearsal) Begin(_ http.ResponseWriter, _ *http.Request, f *Flow) (ready bool, err error) {
	f.Answer = r.Answer
	if f.Answer.Outcome == SignedIn {
		f.Answer.Scopes = f.Ask.Scopes
	}
	return true, nil
}

// Resume knows no flow: none is ever stored.
func (*Rehearsal) Resume(http.ResponseWriter, *http.Request, string) (Flow, error) {
	return Flow{}, ErrNotFound
}

// Joined notes nothing: no session hears of the app.
func (*Rehearsal) Joined(context.Context, string, SessionApp) error { return nil }

// Record drops all Events but those of keys.
func (r *Rehearsal) Record(ctx context.Context, e Event) error {
	if strings.HasPrefix(e.Name, "key.") {
		return r.Keys.Record(ctx, e)
	}
	return nil
}

// Complete leaves e as it is: nobody will read it.
func (*Rehearsal) Complete(_ context.Context, e Event) Event { return e }

// Logged does nothing.
func (*Rehearsal) Logged(context.Context, Event) {}

// CreateTicket is [Tickets]'s.
func (r *Rehearsal) CreateTicket(_ context.Context, t Ticket) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tickets == nil {
		r.tickets = make(map[[2]string]Ticket)
	}
	r.tickets[[2]string{t.Kind, t.ID}] = t
	return nil
}

// Ticket is [Tickets]'s.
func (r *Rehearsal) Ticket(_ context.Context, kind, id string) (Ticket, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t, ok := r.tickets[[2]string{kind, id}]
	if !ok {
		return Ticket{}, ErrNotFound
	}
	return t, nil
}

// UpdateTicket is [Tickets]'s.
func (r *Rehearsal) UpdateTicket(ctx context.Context, t Ticket) error {
	if _, err := r.Ticket(ctx, t.Kind, t.ID); err != nil {
		return err
	}
	return r.CreateTicket(ctx, t)
}

// TakeTicket is [Tickets]'s.
func (r *Rehearsal) TakeTicket(_ context.Context, kind, id string) (Ticket, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := [2]string{kind, id}
	t, ok := r.tickets[key]
	if !ok {
		return Ticket{}, ErrNotFound
	}
	delete(r.tickets, key)
	return t, nil
}

// CreateFlow stores nothing: a rehearsal never waits for a person.
func (*Rehearsal) CreateFlow(context.Context, Flow) error { return nil }

// TakeFlow finds nothing.
func (*Rehearsal) TakeFlow(context.Context, string) (Flow, error) { return Flow{}, ErrNotFound }

// SeenOnce is [Marks]'s; a rehearsal is over before a mark could be.
func (r *Rehearsal) SeenOnce(ctx context.Context, key string, _ time.Time) error {
	if n, _ := r.Count(ctx, "seen/"+key, 0); n > 1 {
		return ErrReplayed
	}
	return nil
}

// Count is [Marks]'s.
func (r *Rehearsal) Count(_ context.Context, key string, _ time.Duration) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil {
		r.counts = make(map[string]int)
	}
	r.counts[key]++
	return r.counts[key], nil
}

// Counted is [Marks]'s.
func (r *Rehearsal) Counted(_ context.Context, key string) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts[key], nil
}
