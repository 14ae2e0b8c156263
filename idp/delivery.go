package idp

import "time"

// Delivery is one message that must reach an app (back-channel logout): leased to one
// worker at a time, tried again until it is done or over, and kept as a receipt.
type Delivery struct {
	ID      string // NewID
	Kind    string // what the message is
	App     string // client_id or slug
	Subject string
	SID     string // Session.SID, may be empty
	URL     string // where it goes

	Attempts  int       // how often it was claimed; whoever settles it must have made the last one
	NextAt    time.Time // due from then on, until it is done or over
	DoneAt    time.Time // zero until somebody settled it for good, whatever came of it
	Result    string    // of the last attempt, for admins
	CreatedAt time.Time
	ExpiresAt time.Time // not tried any more from then on; the row may be swept
}

// Delivered is the Result of a delivery that reached its app.
const Delivered = "delivered"

// Delivered reports whether the app has taken the message.
func (d Delivery) Delivered() bool { return !d.DoneAt.IsZero() && d.Result == Delivered }
