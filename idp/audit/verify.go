package audit

import (
	"context"
	"errors"
	"slices"
	"time"

	"cloudsso/idp"
)

// Verified is what a check of the log found in order.
type Verified struct {
	Seals  int       `json:"seals"`
	Events int       `json:"events"`      // that a seal covers
	Hash   string    `json:"hash"`        // of the newest seal: keep it elsewhere, and ask for it another time
	At     time.Time `json:"at,omitzero"` // when that was made
}

// Verify computes every seal again, the oldest first, and answers with an *idp.Error that
// names the first place that is not as it was sealed. kept is a hash of the newest seal of
// another day, which must be there still; "" if there is none.
func Verify(ctx context.Context, events idp.Events, kept string) (Verified, error) {
	seals, err := allSeals(ctx, events)
	if err != nil {
		return Verified{}, err
	}
	var v Verified
	var before seal
	found := kept == ""
	for _, s := range seals {
		if err := check(ctx, events, before, s); err != nil {
			return v, err
		}
		found = found || s.hash == kept
		v = Verified{v.Seals + 1, v.Events + s.count, s.hash, s.event.Time}
		before = s
	}
	if !found {
		return v, idp.Errorf(idp.Conflict, "No seal has the hash that you kept. The log was cut short, or all of it was written anew.")
	}
	return v, nil
}

func allSeals(ctx context.Context, events idp.Events) (seals []seal, err error) {
	for after := ""; ; {
		rows, err := events.Events(ctx, idp.EventFilter{Name: idp.EventAuditSeal}, idp.Page{After: after, Limit: sealPage})
		if err != nil {
			return nil, err
		}
		for _, e := range rows {
			s, err := readSeal(e)
			if err != nil {
				return nil, changed(e)
			}
			seals = append(seals, s)
		}
		if len(rows) < sealPage {
			slices.Reverse(seals)
			return seals, nil
		}
		after = rows[len(rows)-1].ID
	}
}

// check computes one seal again.
func check(ctx context.Context, events idp.Events, before, s seal) error {
	switch {
	case s.prev != before.hash:
		return idp.Errorf(idp.Conflict, "A seal between %s and %s is missing: the seal %s does not follow the one before it.", clock(before.event), clock(s.event), s.event.ID)
	case s.below != before.next || s.event.ID != sealID(before.event.ID):
		return changed(s.event)
	}
	covered, count, err := emptyCover(), 0, error(nil)
	if s.below != "" {
		covered, count, err = cover(ctx, events, s.below, before.below)
	}
	switch {
	case errors.Is(err, idp.ErrNotFound):
		return idp.Errorf(idp.Conflict, "The event at which the seal %s of %s begins or ends is missing (%s or %s).", s.event.ID, clock(s.event), s.below, before.below)
	case err != nil:
		return err
	case count < s.count:
		return idp.Errorf(idp.Conflict, "Between %s and %s, %d of %d events are missing.", clock(before.event), clock(s.event), s.count-count, s.count)
	case count > s.count:
		return idp.Errorf(idp.Conflict, "Between %s and %s, events were added after the seal: there are %d instead of %d.", clock(before.event), clock(s.event), count, s.count)
	case s.hash != s.sum(covered):
		return idp.Errorf(idp.Conflict, "Between %s and %s, an event, or the seal %s itself, was changed.", clock(before.event), clock(s.event), s.event.ID)
	}
	return nil
}

func changed(e idp.Event) error {
	return idp.Errorf(idp.Conflict, "The seal %s of %s was changed.", e.ID, clock(e))
}

func clock(e idp.Event) string {
	if e.ID == "" {
		return "the first event"
	}
	return e.Time.UTC().Format(time.RFC3339)
}
