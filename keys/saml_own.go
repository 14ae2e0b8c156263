package keys

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"cloudsso/idp"
)

// ownPrefix stands before the app in the use of a key that signs for one application only.
const ownPrefix = idp.KeyUseSAML + ":"

// wayBack is how long the metadata of an application goes on to show the shared
// certificate after its own key began to sign, for [Ring.Deactivate].
const wayBack = 30 * 24 * time.Hour

// SAMLUse is the use of the keys that sign SAML messages for one application only, and
// with "" of those that it shares with others.
func SAMLUse(app string) string {
	if app == "" {
		return idp.KeyUseSAML
	}
	return ownPrefix + app
}

func isSAML(use string) bool {
	_, own := appOf(use)
	return own || use == idp.KeyUseSAML
}

// appOf returns the application that a use belongs to.
func appOf(use string) (app string, own bool) {
	if app, own = strings.CutPrefix(use, ownPrefix); !own {
		return "", false
	}
	return app, app != ""
}

// SAMLApp is an application as far as the ring must know it.
type SAMLApp struct {
	App string // its slug
	Key string // kid or slot of the key that it is pinned to; "": its own while that is active, else the shared one
	Alg string // RS256 or ES256: the kind of key that signs for it
}

// SAMLKeyOf returns the key that signs for an application. A pin that leads nowhere any
// more (retired, another application's, of another algorithm) counts as none: the
// application is not locked out by it. With events nil, an EC key that is not there yet is not made.
func (r *Ring) SAMLKeyOf(ctx context.Context, events Recorder, a SAMLApp) (SAMLKey, error) {
	if k := r.snapshot.Load().signerOf(a, r.now()); k != nil {
		return SAMLKey{Signer: k.signer, Certificate: k.cert}, nil
	}
	if events == nil {
		return SAMLKey{}, fmt.Errorf("%w: no SAML key for %s", ErrNoKey, a.Alg)
	}
	return r.SAMLKeyFor(ctx, events, a.Alg)
}

// SAMLKeyID is the kid of the key that signs for an application, "" if there is none yet.
func (r *Ring) SAMLKeyID(a SAMLApp) string {
	if k := r.snapshot.Load().signerOf(a, r.now()); k != nil {
		return k.ID
	}
	return ""
}

// SAMLCertificatesOf returns what the metadata for an application publishes, in the order
// of roles: the certificate that signs for it now, those that are to sign next, those before.
func (r *Ring) SAMLCertificatesOf(a SAMLApp) []*x509.Certificate {
	s, now := r.snapshot.Load(), r.now()
	signing := s.signerOf(a, now)
	if signing == nil {
		return nil
	}
	out := []*x509.Certificate{signing.cert}
	own, shared := s.of(kind{SAMLUse(a.App), a.Alg}), s.of(kind{idp.KeyUseSAML, a.Alg})
	active := s.signing(kind{SAMLUse(a.App), a.Alg}, now)
	candidates := own
	if a.App == "" || active == nil || a.Key != "" || now.Before(active.ActivateAt.Add(wayBack)) {
		candidates = append(candidates, shared...)
	}
	for _, want := range []State{Next, Active, Retiring} {
		for _, k := range candidates {
			if k != signing && k.state(now) == want {
				out = append(out, k.cert)
			}
		}
	}
	return slices.CompactFunc(out, (*x509.Certificate).Equal)
}

// signerOf is the one place that decides which key signs for an application.
func (s *snapshot) signerOf(a SAMLApp, now time.Time) *key {
	if k := s.pinned(a, now); k != nil {
		return k
	}
	if k := s.signing(kind{SAMLUse(a.App), a.Alg}, now); k != nil {
		return k
	}
	return s.signing(kind{idp.KeyUseSAML, a.Alg}, now)
}

func (s *snapshot) pinned(a SAMLApp, now time.Time) *key {
	if a.Key == "" {
		return nil
	}
	k, err := s.find(a.Key)
	if err != nil || k.state(now) == Retired || k.Alg != a.Alg || k.Use != idp.KeyUseSAML && k.Use != SAMLUse(a.App) {
		return nil
	}
	return k
}

// signing is the key of a kind that signs now. An application's own key does so only while
// it is active: there is the shared one to fall back on.
func (s *snapshot) signing(k kind, now time.Time) *key {
	best := s.pick(k.use, k.alg, now)
	if _, own := appOf(k.use); own && best != nil && best.state(now) != Active {
		return nil
	}
	return best
}

// CheckSAMLPin refuses a pin that would not take effect.
func (r *Ring) CheckSAMLPin(a SAMLApp) error {
	if a.Key == "" || r.snapshot.Load().pinned(a, r.now()) != nil {
		return nil
	}
	return idp.Errorf(idp.Invalid, "There is no published SAML key %.100q for this application with the algorithm %s. List the keys to see which there are.", a.Key, a.Alg).On("signing_key")
}

// Deactivate lets an application's own key sign no more; it stays published. The key
// before it signs again, the shared one if it was the first: the way back from
// [Ring.Activate]. id is a kid or a slot.
func (r *Ring) Deactivate(ctx context.Context, events Recorder, id string) (Info, error) {
	return r.change(ctx, events, func(s *snapshot, now time.Time) (step, error) {
		k, err := s.find(id)
		if err != nil {
			return step{}, err
		}
		if _, own := appOf(k.Use); !own {
			return step{}, idp.Errorf(idp.Conflict, "Only an application's own key can be deactivated. Activate the key that should sign instead of %s.", k.ID)
		}
		if s.signing(k.kind(), now) != k {
			return step{}, idp.Errorf(idp.Conflict, "The key %s does not sign now.", k.ID)
		}
		to := k.Times()
		to.RetireAt = now
		return step{kid: k.ID, event: idp.EventKeyDeactivated, moves: []idp.KeyMove{k.move(to)}}, nil
	})
}

// Publish puts a SAML key that was retired into the metadata again, without signing: the
// way back from [Ring.Retire]. id is a kid or a slot.
func (r *Ring) Publish(ctx context.Context, events Recorder, id string) (Info, error) {
	return r.change(ctx, events, func(s *snapshot, now time.Time) (step, error) {
		k, err := s.find(id)
		switch {
		case err != nil:
			return step{}, err
		case !isSAML(k.Use):
			return step{}, idp.Errorf(idp.Conflict, "Only SAML keys can be published again. Rotate instead.")
		case k.state(now) != Retired:
			return step{}, idp.Errorf(idp.Conflict, "The key %s is published.", k.ID)
		case s.waiting(k.kind(), now) != nil && k.ActivateAt.IsZero():
			return step{}, alreadyWaiting(s.waiting(k.kind(), now))
		}
		to := k.Times()
		to.ExpireAt = time.Time{}
		if !to.ActivateAt.IsZero() && to.RetireAt.IsZero() {
			to.RetireAt = now
		}
		return step{kid: k.ID, event: idp.EventKeyPublished, moves: []idp.KeyMove{k.move(to)}}, nil
	})
}
