package redis

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"cloudsso/idp"
)

// A ticket's document is "<created> <data>": the data are JSON of whoever uses it, and
// need no JSON around them.

// CreateTicket is [idp.Tickets]'s.
func (s *Store) CreateTicket(ctx context.Context, t idp.Ticket) error {
	if err := t.Check(); err != nil {
		return err
	}
	n, err := s.number(ctx, createScript, []string{s.ticketKey(t.Kind, t.ID)}, s.ticketArgs(t)...)
	return created(n, err)
}

// Ticket is [idp.Tickets]'s.
func (s *Store) Ticket(ctx context.Context, kind, id string) (idp.Ticket, error) {
	e, err := s.entry(ctx, s.ticketKey(kind, id))
	return s.ticket(ctx, kind, id, e, err)
}

// UpdateTicket is [idp.Tickets]'s.
func (s *Store) UpdateTicket(ctx context.Context, t idp.Ticket) error {
	if err := t.Check(); err != nil {
		return err
	}
	n, err := s.number(ctx, updateScript, []string{s.ticketKey(t.Kind, t.ID)}, append(s.ticketArgs(t), "", "", t.Version)...)
	return updated(n, err)
}

// TakeTicket is [idp.Tickets]'s. A lost answer is as [Store.TakeFlow]'s.
func (s *Store) TakeTicket(ctx context.Context, kind, id string) (idp.Ticket, error) {
	e, err := s.taken(ctx, s.ticketKey(kind, id))
	return s.ticket(ctx, kind, id, e, err)
}

// ticketKey is another one for every (kind, id): the quotes end the kind.
func (s *Store) ticketKey(kind, id string) string {
	return s.key("ticket", strconv.Quote(kind)+id)
}

func (s *Store) ticketArgs(t idp.Ticket) []any {
	return append(lifetime(s.now(), t.ExpiresAt), strconv.FormatInt(t.CreatedAt.UnixMicro(), 10)+" "+string(t.Data))
}

func (s *Store) ticket(ctx context.Context, kind, id string, e entry, err error) (idp.Ticket, error) {
	if err != nil {
		return idp.Ticket{}, err
	}
	createdAt, data, found := strings.Cut(e.document, " ")
	micros, err := strconv.ParseInt(createdAt, 10, 64)
	if err != nil || !found {
		return idp.Ticket{}, s.fault(ctx, errors.Join(errForeign, err))
	}
	return idp.Ticket{Kind: kind, ID: id, Data: []byte(data), Version: e.version, CreatedAt: instant(micros), ExpiresAt: e.expires}, nil
}
