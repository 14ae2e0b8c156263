package postgres

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"cloudsso/idp/sqlstore"
)

const (
	tries     = 6
	firstWait = 10 * time.Millisecond // doubled each time: under half a second in all
)

// unsent is an error from before anything was sent: no connection was to be had. The
// driver's own word for it (driver.ErrBadConn, pgconn.SafeToRetry) is not believed: pgx
// 5.12 also says so when the answer to a COMMIT was lost.
type unsent struct{ error }

// Unwrap lets callers see the cause.
func (u unsent) Unwrap() error { return u.error }

// persist does it again while again allows it. The waits are random, so that those who
// met in a deadlock do not meet again.
func (d *database) persist(ctx context.Context, again func(error) bool, do func() error) error {
	wait := firstWait
	for try := 1; ; try++ {
		err := do()
		if try == tries || !again(err) {
			return err
		}
		select {
		case <-time.After(wait/2 + rand.N(wait)):
		case <-ctx.Done():
			return err
		}
		wait *= 2
	}
}

// undone reports whether whatever was tried has certainly changed nothing, and another
// try may do better.
func undone(err error) bool {
	if sqlstore.Sentinel(err) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	var before unsent
	switch state(err) {
	case serializationFailure, deadlock, featureNotSupported, noSuchStatement:
		return true
	case "", tooManyConnections, startingUp, adminShutdown, crashShutdown:
		return errors.As(err, &before)
	}
	return false
}

// harmless reports whether reading again may do better: also after a lost connection.
func harmless(err error) bool { return undone(err) || broken(err) }

// broken reports whether the connection was lost while something was under way.
func broken(err error) bool {
	switch state(err) {
	case adminShutdown, crashShutdown, startingUp:
		return true
	case "":
		return !sqlstore.Sentinel(err) && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
	}
	return false
}
