package memory

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"cloudsso/idp"
)

// Store is [idp.Records] and [idp.Flows] in memory.
type Store struct {
	now func() time.Time
	mu  sync.Mutex

	clients    table[idp.Client]
	sps        table[idp.ServiceProvider]
	tokenApps  table[idp.TokenApp]
	users      table[idp.User]
	groups     table[idp.Group] // by folded name
	grants     map[string]idp.Grant
	consents   map[[2]string]idp.Consent
	nameIDs    map[[2]string]idp.PersistentID
	subjects   map[idp.SubjectLink]string   // who a person is: born, or moved there
	links      map[string][]idp.SubjectLink // by subject, for ever: who is bound to it or was, oldest first
	keys       []idp.KeyRecord
	admins     table[idp.Admin]
	tokens     map[string]idp.AdminToken // by hash
	deliveries []idp.Delivery            // oldest first
	events     []idp.Event               // oldest first
	eventAt    map[string]int            // index in events, by ID

	flows    table[idp.Flow]
	sessions table[idp.Session]
	tickets  table[idp.Ticket] // by ticketKey
	marks    map[string]time.Time
	counters map[string]counter
}

var (
	_ idp.Records = (*Store)(nil)
	_ idp.Flows   = (*Store)(nil)
)

// New returns an empty store that lives by the clock now.
func New(now func() time.Time) *Store {
	return &Store{
		now:       now,
		clients:   newTable(func(c *idp.Client) *int64 { return &c.Version }),
		sps:       newTable(func(sp *idp.ServiceProvider) *int64 { return &sp.Version }),
		tokenApps: newTable(func(a *idp.TokenApp) *int64 { return &a.Version }),
		admins:    newTable(func(a *idp.Admin) *int64 { return &a.Version }),
		users:     newTable(func(u *idp.User) *int64 { return &u.Version }),
		groups:    newTable(func(g *idp.Group) *int64 { return &g.Version }),
		grants:    map[string]idp.Grant{},
		consents:  map[[2]string]idp.Consent{},
		nameIDs:   map[[2]string]idp.PersistentID{},
		subjects:  map[idp.SubjectLink]string{},
		links:     map[string][]idp.SubjectLink{},
		tokens:    map[string]idp.AdminToken{},
		eventAt:   map[string]int{},
		flows:     newTable(func(f *idp.Flow) *int64 { return &f.Version }),
		sessions:  newTable(func(s *idp.Session) *int64 { return &s.Version }),
		tickets:   newTable(func(t *idp.Ticket) *int64 { return &t.Version }),
		marks:     map[string]time.Time{},
		counters:  map[string]counter{},
	}
}

// begin locks the store, unless the caller has given up already.
func (s *Store) begin(ctx context.Context) (unlock func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", idp.ErrUnavailable, err)
	}
	s.mu.Lock()
	return s.mu.Unlock, nil
}

// Ping fails only for a caller that has given up.
func (s *Store) Ping(ctx context.Context) error {
	unlock, err := s.begin(ctx)
	if err == nil {
		unlock()
	}
	return err
}

// Close does nothing: the collector frees the maps.
func (s *Store) Close() error { return nil }

// Sweep deletes what is over at now, of Records and Flows alike.
func (s *Store) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer unlock()
	left := limit
	sweep(s.grants, &left, func(g idp.Grant) bool { return !g.ExpiresAt.IsZero() && over(g.ExpiresAt, now) })
	sweep(s.tokens, &left, func(t idp.AdminToken) bool { return over(t.ExpiresAt, now) })
	s.deliveries = slices.DeleteFunc(s.deliveries, func(d idp.Delivery) bool {
		gone := left > 0 && over(d.ExpiresAt, now)
		if gone {
			left--
		}
		return gone
	})
	sweep(s.flows.rows, &left, func(f idp.Flow) bool { return over(f.ExpiresAt, now) })
	sweep(s.sessions.rows, &left, func(v idp.Session) bool { return over(v.ExpiresAt, now) })
	sweep(s.tickets.rows, &left, func(t idp.Ticket) bool { return over(t.ExpiresAt, now) })
	sweep(s.marks, &left, func(until time.Time) bool { return over(until, now) })
	sweep(s.counters, &left, func(c counter) bool { return over(c.until, now) })
	return limit - left, nil
}

func sweep[K comparable, V any](rows map[K]V, left *int, gone func(V) bool) {
	for k, v := range rows {
		if *left <= 0 {
			return
		}
		if gone(v) {
			delete(rows, k)
			*left--
		}
	}
}

// over: a thing lives until its end, and at its end no more.
func over(end, now time.Time) bool { return !now.Before(end) }
