package idp

import "time"

// MaxTicketData is how much a [Ticket] may carry.
const MaxTicketData = 256 << 10

// Ticket is one short-lived thing that somebody holds: a pushed request, a device code, a
// one-time link, a trace. Whoever uses it knows its kind and what is in its Data; the
// stores know neither.
type Ticket struct {
	Kind string // a constant of whoever uses it: "par", "device"; tickets of two kinds may share an ID
	ID   string // what is looked up: the [HashSecret] of a secret, or a number without meaning
	Data []byte // JSON, at most MaxTicketData bytes

	Version   int64 // compare-and-swap counter, owned by the store
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Check refuses a ticket whose Data is too long; every store does so before it writes.
func (t Ticket) Check() error {
	if len(t.Data) > MaxTicketData {
		return Errorf(Invalid, "There is too much to remember: at most %d KiB can be stored.", MaxTicketData>>10)
	}
	return nil
}
