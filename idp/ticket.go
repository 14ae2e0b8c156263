package idp

import (
	"context"
	"time"
)

// Ticket is one short-lived thing that somebody holds: a pushed request, a device code, a
// one-time link, a trace.
type Ticket struct {
	Kind, ID  string
	Data      []byte // JSON, at most 256 KiB
	Version   int64  // compare-and-swap counter, owned by the store
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Tickets keeps [Ticket] records.
type Tickets interface {
	// CreateTicket stores t with Version 1. ErrConflict if (Kind, ID) is taken.
	CreateTicket(ctx context.Context, t Ticket) error
	Ticket(ctx context.Context, kind, id string) (Ticket, error)
	// UpdateTicket is as UpdateFlow.
	UpdateTicket(ctx context.Context, t Ticket) error
	// TakeTicket returns the ticket and deletes it. Exactly one caller wins.
	TakeTicket(ctx context.Context, kind, id string) (Ticket, error)
}
