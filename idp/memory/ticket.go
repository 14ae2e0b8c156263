package memory

import (
	"context"
	"strconv"

	"cloudsso/idp"
)

// CreateTicket is [idp.Tickets]'s.
func (s *Store) CreateTicket(ctx context.Context, t idp.Ticket) error {
	if err := t.Check(); err != nil {
		return err
	}
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := s.liveTicket(t.Kind, t.ID); err == nil {
		return idp.ErrConflict
	}
	key := ticketKey(t.Kind, t.ID)
	delete(s.tickets.rows, key)
	return s.tickets.create(key, t)
}

// Ticket is [idp.Tickets]'s.
func (s *Store) Ticket(ctx context.Context, kind, id string) (idp.Ticket, error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return idp.Ticket{}, err
	}
	defer unlock()
	return s.liveTicket(kind, id)
}

// UpdateTicket is [idp.Tickets]'s.
func (s *Store) UpdateTicket(ctx context.Context, t idp.Ticket) error {
	if err := t.Check(); err != nil {
		return err
	}
	unlock, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := s.liveTicket(t.Kind, t.ID); err != nil {
		return err
	}
	return s.tickets.update(ticketKey(t.Kind, t.ID), t)
}

// TakeTicket is [idp.Tickets]'s.
func (s *Store) TakeTicket(ctx context.Context, kind, id string) (idp.Ticket, error) {
	unlock, err := s.begin(ctx)
	if err != nil {
		return idp.Ticket{}, err
	}
	defer unlock()
	t, err := s.liveTicket(kind, id)
	if err == nil {
		delete(s.tickets.rows, ticketKey(kind, id))
	}
	return t, err
}

func (s *Store) liveTicket(kind, id string) (idp.Ticket, error) {
	t, err := s.tickets.read(ticketKey(kind, id))
	if err == nil && over(t.ExpiresAt, s.now()) {
		return idp.Ticket{}, idp.ErrNotFound
	}
	return t, err
}

// ticketKey is another one for every (kind, id): the quotes end the kind.
func ticketKey(kind, id string) string { return strconv.Quote(kind) + id }
