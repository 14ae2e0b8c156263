package login

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"cloudsso/idp"
)

// Tickets is what this package needs of [idp.Tickets].
type Tickets interface {
	CreateTicket(ctx context.Context, t idp.Ticket) error
	Ticket(ctx context.Context, kind, id string) (idp.Ticket, error)
	UpdateTicket(ctx context.Context, t idp.Ticket) error
	TakeTicket(ctx context.Context, kind, id string) (idp.Ticket, error)
}

const (
	ticketLogout = "logout"
	logoutTTL    = 15 * time.Minute
)

// farewelled is one app of a running logout.
type farewelled struct {
	AppResult
	Visit   string   `json:"visit,omitempty"`
	Through []string `json:"through,omitempty"`
	Answers bool     `json:"answers,omitempty"`
}

// logout is the state of a running logout: the session has ended, apps are being told.
type logout struct {
	Ended  bool         `json:"ended"`
	Return string       `json:"return,omitempty"` // where the browser goes afterwards
	Apps   []farewelled `json:"apps,omitempty"`
	Report bool         `json:"report,omitempty"`
	Shown  bool         `json:"shown,omitempty"` // the page that opens the visits was
}

// result is honest about visits: without the page nobody was visited, and an app that
// answers has not been told until it says so.
func (l logout) result() Result {
	out := Result{Ended: l.Ended}
	for _, a := range l.Apps {
		if a.Outcome == Waiting {
			a.Outcome = Failed
			if l.Shown && !a.Answers {
				a.Outcome = Visited
			}
		}
		out.Apps = append(out.Apps, a.AppResult)
	}
	return out
}

func (h *Handler) createLogout(ctx context.Context, id string, l logout) error {
	data, err := json.Marshal(l)
	if err != nil {
		return err
	}
	now := h.now()
	return h.tickets.CreateTicket(ctx, idp.Ticket{Kind: ticketLogout, ID: idp.HashSecret(id), Data: data, CreatedAt: now, ExpiresAt: now.Add(logoutTTL)})
}

func (h *Handler) logout(ctx context.Context, id string) (logout, idp.Ticket, error) {
	var l logout
	if len(id) != secretLength {
		return l, idp.Ticket{}, idp.ErrNotFound
	}
	t, err := h.tickets.Ticket(ctx, ticketLogout, idp.HashSecret(id))
	if err != nil {
		return l, t, err
	}
	return l, t, json.Unmarshal(t.Data, &l)
}

// changeLogout lets change work on the current state until nobody was faster. change
// reports whether there is anything to write.
func (h *Handler) changeLogout(ctx context.Context, id string, change func(*logout) bool) (logout, error) {
	for range 4 * maxVisits { // writers are the frames of one page
		l, t, err := h.logout(ctx, id)
		if err != nil || !change(&l) {
			return l, err
		}
		if t.Data, err = json.Marshal(l); err != nil {
			return l, err
		}
		if err := h.tickets.UpdateTicket(ctx, t); !errors.Is(err, idp.ErrConflict) {
			return l, err
		}
	}
	return logout{}, idp.ErrConflict
}

// Told records the answer of an app that was visited; that it is the app's is the
// caller's to check. cause nil: the app ended its session. ErrNotFound: there is no such
// logout, or the app was not asked for an answer in it.
func (h *Handler) Told(ctx context.Context, id, protocol, app string, cause error) error {
	asked := false
	_, err := h.changeLogout(ctx, id, func(l *logout) bool {
		for i := range l.Apps {
			a := &l.Apps[i]
			if a.Protocol == protocol && a.App == app && a.Answers {
				asked = true
				if a.Outcome == Waiting {
					a.Outcome = outcome(cause)
					return true
				}
			}
		}
		return false
	})
	if err == nil && !asked {
		return idp.ErrNotFound
	}
	return err
}

// outcome is that of telling one app by Send or by an answered visit.
func outcome(err error) Outcome {
	switch {
	case err == nil:
		return Told
	case errors.Is(err, ErrQueued):
		return Queued
	}
	return Failed
}

// Ended is the result of a logout so far: apps that were to answer and have not count as
// not told. ErrNotFound if there is no such logout, or it is longer ago than 15 minutes.
func (h *Handler) Ended(ctx context.Context, id string) (Result, error) {
	l, _, err := h.logout(ctx, id)
	return l.result(), err
}
