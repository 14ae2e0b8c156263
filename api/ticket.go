package api

import (
	"context"
	"encoding/json"
	"errors"

	"cloudsso/idp"
)

// ticketWith reads a ticket and what it holds. That there is none, or that it has
// expired, is the error gone; with gone nil it is no error, and both are zero.
func ticketWith[T any](ctx context.Context, tickets Tickets, kind, id string, gone error) (t idp.Ticket, held T, err error) {
	t, err = tickets.Ticket(ctx, kind, id)
	if errors.Is(err, idp.ErrNotFound) {
		return idp.Ticket{}, held, gone
	}
	if err == nil {
		err = json.Unmarshal(t.Data, &held)
	}
	return t, held, err
}
