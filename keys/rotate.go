package keys

import (
	"context"
	"errors"
	"strings"
	"time"

	"cloudsso/idp"
)

// Recorder puts Events on record.
type Recorder interface {
	Record(ctx context.Context, e idp.Event) error
}

// How long applications and other nodes are given to learn of a key. A node reads the
// keys every few seconds, a JWKS is fresh for five minutes; the rest is for clocks that differ.
const (
	// MinLead is the shortest time between the publication of a key and its first signature.
	MinLead = 10 * time.Minute
	// DefaultLead is the usual one: there are relying parties that read a JWKS once a day.
	DefaultLead = 24 * time.Hour
	// SAMLLead must pass before a SAML key is activated: service providers read metadata rarely.
	SAMLLead = 24 * time.Hour
)

// How long a key verifies after its last signature: the longest life of what it signs
// that a client may have (idp.ClientMetadata), and slack.
const (
	jwtLife  = 24*time.Hour + startSlack
	rootLife = 365*24*time.Hour + 24*time.Hour
)

// Plan says which key is rotated, and how.
type Plan struct {
	Use  string        // "": idp.KeyUseSign; [SAMLUse] for the own key of an application
	Alg  string        // one of idp.AsymmetricAlgs; "": RS256, of a token root HS256
	Lead time.Duration // 0: DefaultLead; at least MinLead
	// Now signs with the new key at once. Whoever has not read it yet refuses what it
	// signs: relying parties for up to five minutes, other nodes for one, and service
	// providers until they read the metadata again.
	Now bool
}

func (p Plan) kind() (kind, error) {
	if p.Use == "" {
		p.Use = idp.KeyUseSign
	}
	if p.Alg == "" {
		p.Alg = RS256
		if p.Use == idp.KeyUseToken {
			p.Alg = HS256
		}
	}
	if _, own := appOf(p.Use); own && (p.Alg == RS256 || p.Alg == ES256) {
		return kind{p.Use, p.Alg}, nil
	}
	field, known := "use", make([]string, 0, len(kinds()))
	for _, k := range kinds() {
		if k == (kind{p.Use, p.Alg}) {
			return k, nil
		}
		if k.use == p.Use {
			field = "alg"
		}
		known = append(known, k.use+" "+k.alg)
	}
	return kind{}, idp.Errorf(idp.Invalid, "There are no keys for the use %q with the algorithm %q. There are: %s.", p.Use, p.Alg, strings.Join(known, ", ")).On(field)
}

func (p Plan) lead() (time.Duration, error) {
	switch {
	case p.Lead == 0:
		return DefaultLead, nil
	case p.Lead < MinLead:
		return 0, idp.Errorf(idp.Invalid, "A new key must be published at least %d minutes before it signs.", int(MinLead/time.Minute)).On("lead")
	}
	return p.Lead, nil
}

// Rotate makes the next key of a kind. It is published at once. A JWT key and a token
// root take over after the lead, by their times in the store, so on all nodes together;
// what the key before has signed verifies until it has expired. A SAML key waits for
// [Ring.Activate]. The answer is the new key; with Now it is the one that was waiting,
// if there was one. Of nodes that rotate together, one makes the key and the others get
// an *idp.Error of code Conflict.
func (r *Ring) Rotate(ctx context.Context, events Recorder, p Plan) (Info, error) {
	kind, err := p.kind()
	if err != nil {
		return Info{}, err
	}
	lead, err := p.lead()
	if err != nil {
		return Info{}, err
	}
	return r.change(ctx, events, func(s *snapshot, now time.Time) (step, error) {
		if waiting := s.waiting(kind, now); waiting != nil {
			if p.Now {
				return s.takeOver(waiting, now), nil
			}
			return step{}, alreadyWaiting(waiting)
		}
		at := now.Add(lead)
		if p.Now {
			at = now
		} else if isSAML(kind.use) {
			at = time.Time{}
		}
		return r.successor(s, kind, at, now)
	})
}

// successor makes a key that takes over at a time; zero: later, by hand.
func (r *Ring) successor(s *snapshot, k kind, at, now time.Time) (step, error) {
	made, err := newRecord(r.kek, kindSlot{k, k.slot(s.generation(k) + 1)}, now)
	if err != nil {
		return step{}, err
	}
	made.ActivateAt = at
	st := step{kid: made.ID, made: &made, event: idp.EventKeyCreated}
	if !at.IsZero() {
		st.moves = s.makeWay(k, at, now, nil)
	}
	return st, nil
}

// makeWay lets every key that may sign stop at a time.
func (s *snapshot) makeWay(k kind, at, now time.Time, except *key) (moves []idp.KeyMove) {
	for _, o := range s.of(k) {
		if o != except && o.state(now) == Active {
			moves = append(moves, o.move(k.until(o.ActivateAt, at)))
		}
	}
	return moves
}

// until is the rest of a key's life if it signs from one time to another; zero: open.
func (k kind) until(from, to time.Time) idp.KeyTimes {
	t := idp.KeyTimes{ActivateAt: from, RetireAt: to}
	switch {
	case to.IsZero() || isSAML(k.use): // published until somebody retires it
	case k.use == idp.KeyUseToken:
		t.ExpireAt = to.Add(rootLife)
	default:
		t.ExpireAt = to.Add(jwtLife)
	}
	return t
}

func (k *key) move(to idp.KeyTimes) idp.KeyMove {
	return idp.KeyMove{ID: k.ID, From: k.Times(), To: to}
}

func alreadyWaiting(k *key) error {
	if k.ActivateAt.IsZero() {
		return idp.Errorf(idp.Conflict, "The next key %s is published already and waits to be activated. Activate or retire it first.", k.ID)
	}
	return idp.Errorf(idp.Conflict, "The next key %s is published already and takes over at %s. Retire it first if you want another.", k.ID, k.ActivateAt.Format(time.RFC3339))
}

// step is one change of the keys in the store.
type step struct {
	kid   string // what it is about
	made  *idp.KeyRecord
	moves []idp.KeyMove
	event string
}

// change plans on what the store holds now, and does it unless somebody else was faster.
func (r *Ring) change(ctx context.Context, events Recorder, plan func(s *snapshot, now time.Time) (step, error)) (Info, error) {
	if err := r.Reload(ctx); err != nil {
		return Info{}, err
	}
	st, err := plan(r.snapshot.Load(), r.now().UTC().Truncate(time.Microsecond))
	if err != nil {
		return Info{}, err
	}
	err = r.store.RotateKeys(ctx, st.made, st.moves)
	if errors.Is(err, idp.ErrConflict) {
		return Info{}, idp.Errorf(idp.Conflict, "Somebody else changed the keys at the same moment. List the keys, and try again if that is still needed.").Because(err)
	}
	if err != nil {
		return Info{}, err
	}
	if err := r.Reload(ctx); err != nil {
		return Info{}, err
	}
	info := r.infoOf(st.kid)
	return info, events.Record(ctx, eventOf(st.event, info))
}

func eventOf(name string, i Info) idp.Event {
	e := idp.Event{Name: name, App: i.App, Detail: map[string]string{"kid": i.KID, "slot": i.Slot}}
	for member, at := range map[string]time.Time{"activate_at": i.ActivateAt, "retire_at": i.RetireAt, "expire_at": i.ExpireAt, "not_after": i.NotAfter} {
		if !at.IsZero() {
			e.Detail[member] = at.Format(time.RFC3339)
		}
	}
	return e
}
