package keys

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"cloudsso/idp"
)

// DefaultEvery is how long a JWT key signs before it is replaced.
const DefaultEvery = 90 * 24 * time.Hour

// warnings are the days before the end of a certificate that are spoken of.
func warnings() []int { return []int{0, 1, 7, 30, 60, 90} }

// Marks lets one node of many speak.
type Marks interface {
	// SeenOnce gives nil to exactly one caller, and idp.ErrReplayed to the others until then.
	SeenOnce(ctx context.Context, key string, until time.Time) error
}

// Schedule says what [Ring.Tick] does by itself.
type Schedule struct {
	Every  time.Duration // how long a JWT key signs; 0: DefaultEvery, negative: until somebody rotates it
	Lead   time.Duration // as in Plan
	Events Recorder
	Marks  Marks
}

// Tick is housekeeping, for every node and every minute: it reads the keys again, rotates
// each JWT key that has signed long enough, and puts on record, once for all nodes,
// which keys the clock has switched and that a published certificate comes to its end
// (90, 60, 30, 7, 1 and 0 days before). SAML keys and token roots are
// rotated by people only.
func (r *Ring) Tick(ctx context.Context, s Schedule) error {
	if err := r.Reload(ctx); err != nil {
		return err
	}
	now := r.snapshot.Load()
	before := r.ticked.Swap(now)
	return errors.Join(r.tellSwitches(ctx, s, before, now), r.warn(ctx, s, now), r.rotateDue(ctx, s, now))
}

func (r *Ring) rotateDue(ctx context.Context, s Schedule, now *snapshot) error {
	every, lead := s.Every, s.Lead
	if every < 0 {
		return nil
	}
	if every == 0 {
		every = DefaultEvery
	}
	if lead == 0 {
		lead = DefaultLead
	}
	var errs []error
	for _, alg := range idp.AsymmetricAlgs() {
		kind := kind{idp.KeyUseSign, alg}
		if len(now.of(kind)) == 0 {
			continue // nobody has needed it yet
		}
		if now.waiting(kind, now.at) != nil || now.at.Before(now.lastChange(kind).Add(every-lead)) {
			continue
		}
		_, err := r.Rotate(ctx, s.Events, Plan{Use: kind.use, Alg: kind.alg, Lead: lead})
		if idpErr := new(idp.Error); errors.As(err, &idpErr) && idpErr.Code == idp.Conflict {
			continue // another node does it
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("rotate %s: %w", alg, err))
		}
	}
	return errors.Join(errs...)
}

// lastChange is when a kind began to sign with another key or, if that was called off,
// would have begun: a tick does not insist.
func (s *snapshot) lastChange(k kind) (last time.Time) {
	for _, o := range s.of(k) {
		for _, at := range []time.Time{o.CreatedAt, o.ActivateAt} {
			if at.After(last) {
				last = at
			}
		}
	}
	return last
}

// tellSwitches tells what came about by a plan that the last tick saw already. What
// people did since then was put on record with their names.
func (r *Ring) tellSwitches(ctx context.Context, s Schedule, before, now *snapshot) error {
	if before == nil {
		return nil
	}
	var errs []error
	for _, k := range now.keys {
		i := slices.IndexFunc(before.keys, func(o *key) bool { return o.ID == k.ID && o.Times() == k.Times() })
		if i < 0 {
			continue
		}
		was, is := before.keys[i].state(before.at), k.state(now.at)
		switch {
		case was == Next && is == Active:
			errs = append(errs, r.tell(ctx, s, idp.EventKeyActivated, k, now, k.ActivateAt))
		case was != Retired && is == Retired:
			errs = append(errs, r.tell(ctx, s, idp.EventKeyRetired, k, now, k.ExpireAt))
		}
	}
	return errors.Join(errs...)
}

func (r *Ring) tell(ctx context.Context, s Schedule, event string, k *key, now *snapshot, at time.Time) error {
	return once(ctx, s, fmt.Sprintf("%s/%s/%d", event, k.ID, at.Unix()), now.at.Add(48*time.Hour), eventOf(event, k.info(now.at, false)))
}

// warn speaks of the ends of the certificates that are published.
func (r *Ring) warn(ctx context.Context, s Schedule, now *snapshot) error {
	var errs []error
	for _, k := range now.keys {
		if k.cert != nil && k.state(now.at) != Retired {
			errs = append(errs, r.warnOf(ctx, s, now, k))
		}
	}
	return errors.Join(errs...)
}

// warnOf speaks of a certificate's end once per warning, and of the nearest one only.
func (r *Ring) warnOf(ctx context.Context, s Schedule, now *snapshot, k *key) error {
	left := k.cert.NotAfter.Sub(now.at)
	for _, days := range warnings() {
		if left > time.Duration(days)*24*time.Hour {
			continue
		}
		e := eventOf(idp.EventKeyExpiring, k.info(now.at, k == now.signing(k.kind(), now.at)))
		e.Detail["days_left"] = strconv.Itoa(max(0, int(left/(24*time.Hour))))
		return once(ctx, s, fmt.Sprintf("%s/%s/%d", e.Name, k.ID, days), now.at.AddDate(1, 0, 0), e)
	}
	return nil
}

func once(ctx context.Context, s Schedule, mark string, until time.Time, e idp.Event) error {
	err := s.Marks.SeenOnce(ctx, mark, until)
	if errors.Is(err, idp.ErrReplayed) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.Events.Record(ctx, e)
}
