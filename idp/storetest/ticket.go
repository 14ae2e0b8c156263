package storetest

import (
	"bytes"
	"context"
	"testing"
	"time"

	"cloudsso/idp"
)

func ticketKind(s idp.Flows, c *clock, kind string) versioned[idp.Ticket] {
	return versioned[idp.Ticket]{
		fresh: func(id string) idp.Ticket {
			t := Filled[idp.Ticket](id)
			t.Kind, t.ID, t.ExpiresAt = kind, id, c.Now().Add(time.Hour)
			t.Data = []byte(`{"id":"` + id + `"}`)
			return t
		},
		id:      func(t *idp.Ticket) *string { return &t.ID },
		version: func(t *idp.Ticket) *int64 { return &t.Version },
		create:  s.CreateTicket, update: s.UpdateTicket,
		read: func(ctx context.Context, id string) (idp.Ticket, error) { return s.Ticket(ctx, kind, id) },
	}
}

func tickets(t *testing.T, s idp.Flows, c *clock) { ticketKind(s, c, "kind").test(t) }

func takeTicket(t *testing.T, s idp.Flows, c *clock) {
	k := ticketKind(s, c, "device")
	take := func(ctx context.Context, id string) (idp.Ticket, error) { return s.TakeTicket(ctx, "device", id) }
	for _, id := range []string{"taken", "TAKEN", "late"} {
		ok(t, s.CreateTicket(t.Context(), k.fresh(id)))
	}
	read(t, k.first(k.fresh("taken")), take, "taken")
	expired(t, "taken", take, k.read)
	fails(t, s.UpdateTicket(t.Context(), k.first(k.fresh("taken"))), idp.ErrNotFound)
	read(t, k.first(k.fresh("TAKEN")), k.read, "TAKEN")
	ok(t, s.CreateTicket(t.Context(), k.fresh("taken")))

	late := k.first(k.fresh("late"))
	c.forward(time.Hour - time.Second)
	read(t, late, k.read, "late")
	c.forward(time.Second)
	expired(t, "late", k.read, take)
	fails(t, s.UpdateTicket(t.Context(), late), idp.ErrNotFound)
}

// A short code is used again one day: the row of the last one may still be there.
func overTicket(t *testing.T, s idp.Flows, c *clock) {
	k := ticketKind(s, c, "user_code")
	old := k.fresh("BCDF-GHJK")
	ok(t, s.CreateTicket(t.Context(), old))
	old.Version = 1
	ok(t, s.UpdateTicket(t.Context(), old))
	fails(t, s.CreateTicket(t.Context(), k.fresh("BCDF-GHJK")), idp.ErrConflict)
	c.forward(time.Hour)
	next := k.fresh("BCDF-GHJK")
	next.Data = []byte(`{"next":true}`)
	ok(t, s.CreateTicket(t.Context(), next))
	read(t, k.first(next), k.read, "BCDF-GHJK")
	fails(t, s.CreateTicket(t.Context(), next), idp.ErrConflict)

	// An update may move the end, either way.
	next.Version, next.ExpiresAt = 1, c.Now().Add(2*time.Hour)
	ok(t, s.UpdateTicket(t.Context(), next))
	c.forward(2*time.Hour - time.Second)
	next.Version = 2
	read(t, next, k.read, "BCDF-GHJK")
	next.ExpiresAt = c.Now()
	ok(t, s.UpdateTicket(t.Context(), next))
	expired(t, "BCDF-GHJK", k.read)
}

func ticketKinds(t *testing.T, s idp.Flows, c *clock) {
	end := c.Now().Add(time.Hour)
	all := [][2]string{{"a", "bc"}, {"ab", "c"}, {"A", "bc"}, {"a", "BC"}, {"a\"", "bc"}, {"a", "\"bc"}, {"", "abc"}, {"abc", ""}, {"a:b", "c"}, {"a", "b:c"}}
	for i, key := range all {
		ok(t, s.CreateTicket(t.Context(), idp.Ticket{Kind: key[0], ID: key[1], Data: []byte{byte('0' + i)}, ExpiresAt: end}))
	}
	for i, key := range all {
		got, err := s.TakeTicket(t.Context(), key[0], key[1])
		ok(t, err)
		same(t, got, idp.Ticket{Kind: key[0], ID: key[1], Data: []byte{byte('0' + i)}, Version: 1, ExpiresAt: end})
	}
}

func ticketSize(t *testing.T, s idp.Flows, c *clock) {
	most := idp.Ticket{Kind: "trace", ID: "most", Data: bytes.Repeat([]byte("\x00\xff"), idp.MaxTicketData/2), ExpiresAt: c.Now().Add(time.Hour)}
	ok(t, s.CreateTicket(t.Context(), most))
	most.Version = 1
	got, err := s.Ticket(t.Context(), "trace", "most")
	ok(t, err)
	same(t, got, most)

	more := most
	more.ID, more.Data = "more", append(bytes.Clone(most.Data), '!')
	if err := s.CreateTicket(t.Context(), more); !invalid(err) {
		t.Fatalf("a ticket with too much: %v, want a refusal", err)
	}
	more.ID = "most"
	if err := s.UpdateTicket(t.Context(), more); !invalid(err) {
		t.Fatalf("an update with too much: %v, want a refusal", err)
	}
	got, err = s.Ticket(t.Context(), "trace", "most")
	ok(t, err)
	same(t, got, most)
	_, err = s.Ticket(t.Context(), "trace", "more")
	fails(t, err, idp.ErrNotFound)
}
