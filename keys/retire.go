package keys

import (
	"context"
	"time"

	"cloudsso/idp"
)

// Retire takes a key that does not sign out of what is published: the old one at the
// end of a SAML rollover, or the next one, whose rotation is called off thereby. id is
// a kid or a slot. What may still be verified with the key keeps it, unless force is
// set: then everything that it signed is worthless at once. The key that signs is never
// retired; another has to be activated first.
func (r *Ring) Retire(ctx context.Context, events Recorder, id string, force bool) (Info, error) {
	return r.change(ctx, events, func(s *snapshot, now time.Time) (step, error) {
		k, err := s.find(id)
		if err != nil {
			return step{}, err
		}
		if err := s.mayRetire(k, now, force); err != nil {
			return step{}, err
		}
		to := k.Times()
		to.ExpireAt = now
		return step{
			kid: k.ID, event: idp.EventKeyRetired,
			moves: append(s.callOff(k, now), k.move(to)),
		}, nil
	})
}

func (s *snapshot) mayRetire(k *key, now time.Time, force bool) error {
	state, signing := k.state(now), s.signing(k.kind(), now)
	switch {
	case state == Retired:
		return idp.Errorf(idp.Conflict, "The key %s is retired already.", k.ID)
	case signing == k:
		return idp.Errorf(idp.Conflict, "The key %s is the one that signs: without it, nobody could sign in. Activate another first.", k.ID)
	case force:
		return nil
	case state == Next && !k.ActivateAt.IsZero() && k.ActivateAt.Sub(now) < MinLead:
		return idp.Errorf(idp.Conflict, "The key %s takes over at %s, too soon to call it off on every node. Wait until then and activate the old key again.",
			k.ID, k.ActivateAt.Format(time.RFC3339))
	}
	if needed := k.neededUntil(signing); state != Next && now.Before(needed) {
		return idp.Errorf(idp.Conflict, "What the key %s signed is in use until %s. Wait until then; with \"now\" it becomes worthless at once.", k.ID, needed.Format(time.RFC3339))
	}
	return nil
}

// neededUntil is when the last thing that a retiring key may have signed is over. SAML
// messages are read at once; only another node may not know yet that it has stopped.
func (k *key) neededUntil(signing *key) time.Time {
	stopped := k.RetireAt
	if stopped.IsZero() && signing != nil {
		stopped = signing.ActivateAt
	}
	if isSAML(k.Use) {
		return stopped.Add(MinLead)
	}
	return k.kind().until(k.ActivateAt, stopped).ExpireAt
}

// callOff lets the keys that would have made way for k go on, up to the next change
// that is planned besides.
func (s *snapshot) callOff(k *key, now time.Time) (moves []idp.KeyMove) {
	if k.state(now) != Next {
		return nil
	}
	kind := k.kind()
	for _, o := range s.of(kind) {
		if o.state(now) == Active && !o.RetireAt.IsZero() {
			moves = append(moves, o.move(kind.until(o.ActivateAt, s.planned(kind, now, k))))
		}
	}
	return moves
}
