package keys

import (
	"context"
	"time"

	"cloudsso/idp"
)

// Activate lets a published key sign from now on, and the one that signed before only
// verify. It is the second step of a SAML rollover, and the way back from any: the old
// key is activated again while it is still published. id is a kid or a slot. A key that
// was not published long enough, or is not any more, is refused unless force is set:
// whoever has not read it would refuse what it signs.
func (r *Ring) Activate(ctx context.Context, events Recorder, id string, force bool) (Info, error) {
	return r.change(ctx, events, func(s *snapshot, now time.Time) (step, error) {
		k, err := s.find(id)
		if err != nil {
			return step{}, err
		}
		if err := s.mayActivate(k, now, force); err != nil {
			return step{}, err
		}
		return s.takeOver(k, now), nil
	})
}

func (s *snapshot) mayActivate(k *key, now time.Time, force bool) error {
	known := k.CreatedAt.Add(k.kind().patience())
	switch state := k.state(now); {
	case s.signing(k.kind(), now) == k && state == Active:
		return idp.Errorf(idp.Conflict, "The key %s signs already.", k.ID)
	case force:
		return nil
	case state == Retired:
		return idp.Errorf(idp.Conflict, "The key %s is not published any more, so nobody would accept what it signs. Rotate instead; with \"now\" it is used all the same.", k.ID)
	case state == Next && now.Before(known):
		return idp.Errorf(idp.Conflict, "The key %s is not published long enough: whoever has not read it yet would refuse what it signs. Wait until %s; with \"now\" it is used all the same.",
			k.ID, known.Format(time.RFC3339))
	}
	return nil
}

func (k kind) patience() time.Duration {
	if isSAML(k.use) {
		return SAMLLead
	}
	return MinLead
}

// takeOver lets k sign now, up to the next change that is planned.
func (s *snapshot) takeOver(k *key, now time.Time) step {
	kind := k.kind()
	return step{
		kid: k.ID, event: idp.EventKeyActivated,
		moves: append(s.makeWay(kind, now, now, k), k.move(kind.until(now, s.planned(kind, now, k)))),
	}
}
