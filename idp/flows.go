package idp

import (
	"context"
	"time"
)

// Flows is the port for what lives minutes to hours. Losing it signs people out; it
// never loses an account or a grant. The rules of [Records] hold here too. What has
// expired by the store's clock is gone (ErrNotFound), swept or not.
type Flows interface {
	LoginFlows
	Sessions
	Tickets
	Marks

	Ping(ctx context.Context) error
	Sweep(ctx context.Context, now time.Time, limit int) (int, error)
	Close() error
}

// LoginFlows keeps [Flow] records.
type LoginFlows interface {
	// CreateFlow stores f with Version 1.
	CreateFlow(ctx context.Context, f Flow) error
	Flow(ctx context.Context, id string) (Flow, error)
	// UpdateFlow replaces the flow whose Version is f.Version and counts it up.
	// ErrConflict if somebody else was faster, ErrNotFound if it is gone.
	UpdateFlow(ctx context.Context, f Flow) error
	// TakeFlow returns the flow and deletes it. Exactly one caller wins; later callers get ErrNotFound.
	TakeFlow(ctx context.Context, id string) (Flow, error)
}

// Sessions keeps [Session] records.
type Sessions interface {
	CreateSession(ctx context.Context, s Session) error
	Session(ctx context.Context, id string) (Session, error)
	// UpdateSession is as UpdateFlow.
	UpdateSession(ctx context.Context, s Session) error
	// DeleteSession returns the session and deletes it. Exactly one caller wins.
	DeleteSession(ctx context.Context, id string) (Session, error)
	// SessionsOf returns the live sessions of a subject, newest first.
	SessionsOf(ctx context.Context, subject string) ([]Session, error)
}

// Tickets keeps [Ticket] records, by (Kind, ID).
type Tickets interface {
	// CreateTicket stores t with Version 1. ErrConflict if there is such a ticket; one that
	// is over is in nobody's way.
	CreateTicket(ctx context.Context, t Ticket) error
	Ticket(ctx context.Context, kind, id string) (Ticket, error)
	// UpdateTicket is as UpdateFlow.
	UpdateTicket(ctx context.Context, t Ticket) error
	// TakeTicket returns the ticket and deletes it. Exactly one caller wins; later callers get ErrNotFound.
	TakeTicket(ctx context.Context, kind, id string) (Ticket, error)
}

// Marks keeps replay marks and counters.
type Marks interface {
	// SeenOnce records key until the given time. Exactly one caller gets nil; everybody
	// else gets ErrReplayed until then.
	SeenOnce(ctx context.Context, key string, until time.Time) error
	// Count adds one to the counter and returns its new value. The first count opens a
	// window; when it is over, the counter starts again.
	Count(ctx context.Context, key string, window time.Duration) (int, error)
	// Counted returns the value of the counter in its window, 0 if there is none. It
	// changes nothing.
	Counted(ctx context.Context, key string) (int, error)
	// ClearCount forgets the counter.
	ClearCount(ctx context.Context, key string) error
}
