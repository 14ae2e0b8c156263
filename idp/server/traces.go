package server

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"cloudsso/idp"
)

const (
	traceTries   = 4               // writers of one trace are the requests of one browser
	traceTime    = 2 * time.Second // for all of it
	maxTrace     = 64 << 10        // bytes
	strangerTTL  = 24 * time.Hour  // of a trace in which nobody was recognised
	strangerMost = 120             // such traces a minute, of one network, at this node
	maxNetworks  = 10_000
)

// traces keeps what requests record. Losing a trace is harmless, and a store that
// fails or is slow must not fail a sign-in.
type traces struct {
	store idp.Tickets
	now   func() time.Time
	ttl   time.Duration // 0: none are kept

	mu       sync.Mutex
	minute   int64
	networks map[string]int
}

func newTraces(store idp.Tickets, now func() time.Time, ttl time.Duration) *traces {
	return &traces{store: store, now: now, ttl: ttl}
}

// keep stores the trace of a request that is over. Most requests have none that is worth it:
// what programs ask for all day and get costs nothing.
func (t *traces) keep(ctx context.Context, r *idp.Request, start time.Time) {
	rec, worth, joined := r.Recording()
	if !worth || t.ttl <= 0 || rec.Support == "" {
		return
	}
	if rec.Subject == "" && !t.admit(r.Network()) {
		return
	}
	rec.StartedAt = start.UTC()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), traceTime) // the browser may be gone
	defer cancel()
	if err := t.write(ctx, rec, joined); err != nil {
		idp.Note(ctx, slog.String("trace", err.Error()))
	}
}

func (t *traces) write(ctx context.Context, rec idp.Recording, joined bool) error {
	for range traceTries {
		err := idp.ErrNotFound
		if joined {
			err = t.extend(ctx, rec)
		}
		if errors.Is(err, idp.ErrNotFound) {
			err, joined = t.create(ctx, rec), true
		}
		if !errors.Is(err, idp.ErrConflict) {
			return err
		}
	}
	return idp.ErrConflict
}

func (t *traces) create(ctx context.Context, rec idp.Recording) error {
	return t.put(ctx, idp.Ticket{Kind: idp.TraceKind, ID: rec.Support, CreatedAt: t.now().UTC()}, rec, t.store.CreateTicket)
}

func (t *traces) extend(ctx context.Context, later idp.Recording) error {
	ticket, err := t.store.Ticket(ctx, idp.TraceKind, later.Support)
	if err != nil {
		return err
	}
	var rec idp.Recording
	if err := json.Unmarshal(ticket.Data, &rec); err != nil {
		return err
	}
	rec.Append(later)
	return t.put(ctx, ticket, rec, t.store.UpdateTicket)
}

// put writes rec. It lives for a time from its first request on, longer once somebody
// was recognised: strangers can begin as many sign-ins as they like.
func (t *traces) put(ctx context.Context, ticket idp.Ticket, rec idp.Recording, write func(context.Context, idp.Ticket) error) error {
	ttl := t.ttl
	if rec.Subject == "" {
		ttl = min(ttl, strangerTTL)
	}
	ticket.ExpiresAt = ticket.CreatedAt.Add(ttl)
	for {
		var err error
		if ticket.Data, err = json.Marshal(rec); err != nil {
			return err
		}
		if len(ticket.Data) <= maxTrace || len(rec.Steps) == 0 {
			return write(ctx, ticket)
		}
		rec.Shrink()
	}
}

// admit bounds what strangers can store. Attack: somebody sends requests that fail, each with
// another trace, until the store is full. Decision: so many a minute of one network. Sign-ins
// in which somebody was recognised do not count and are always kept.
func (t *traces) admit(network string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if minute := t.now().Unix() / 60; minute != t.minute || len(t.networks) >= maxNetworks {
		t.minute, t.networks = minute, make(map[string]int)
	}
	t.networks[network]++
	return t.networks[network] <= strangerMost
}
