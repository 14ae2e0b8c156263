package samlidp

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"cloudsso/idp"
	"cloudsso/samlidp/msg"
)

// ticketName finds whose a NameID is, for an application that speaks of a session without
// the person's browser.
const ticketName = "saml-name"

const (
	maxHolders    = 20 // people of one name at one application: an address that has changed hands
	rememberTries = 8
)

// holders are the subjects that were told to an application under one name.
type holders struct {
	Subjects []string `json:"subjects"`
}

func nameKey(app, value string) string {
	sum := sha256.Sum256([]byte(app + "\x00" + value))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// sessionIndex is what one application is told as the name of the session sid: another than
// every other application, so that two of them cannot find out by it that they speak of the
// same person (Core §2.7.2), and none that can be worked out from the sid of tokens. It stays
// when the person proves again who they are.
func (p *Provider) sessionIndex(sid, app string) string {
	return base64.RawURLEncoding.EncodeToString(p.mac.Sum([]byte(sid), []byte(app))[:16])
}

// indexesOf are the names of the session s at a's application under a's NameID: more than one
// when the key of [Provider.sessionIndex] has changed meanwhile.
func indexesOf(s idp.Session, a idp.SessionApp) (list []string) {
	for _, other := range s.Apps {
		if other.Protocol == a.Protocol && other.App == a.App && nameOf(other) == nameOf(a) && other.SessionIndex != "" && !slices.Contains(list, other.SessionIndex) {
			list = append(list, other.SessionIndex)
		}
	}
	return list
}

// remember notes that sp knows subject as name, for at least as long as a session that
// exists now can live. An application that signs nothing can ask for no logout, and
// costs nothing here, nor does one that hears no name.
func (p *Provider) remember(ctx context.Context, sp idp.ServiceProvider, name, subject string) error {
	if len(sp.SigningCerts) == 0 || name == "" {
		return nil
	}
	key := nameKey(sp.App, name)
	for range rememberTries {
		now := p.now().UTC()
		t, err := p.tickets.Ticket(ctx, ticketName, key)
		fresh := errors.Is(err, idp.ErrNotFound)
		if err != nil && !fresh {
			return err
		}
		if t, err = noted(t, fresh, key, subject, now, p.sessionTTL); err != nil || t.Kind == "" {
			return err
		}
		if fresh {
			err = p.tickets.CreateTicket(ctx, t)
		} else {
			err = p.tickets.UpdateTicket(ctx, t)
		}
		if !errors.Is(err, idp.ErrConflict) && !errors.Is(err, idp.ErrNotFound) {
			return err
		}
	}
	return idp.ErrConflict
}

// noted is t with subject in it; without a Kind if there is nothing to write. A ticket lives
// twice as long as it must, so that it is not written at every sign-in.
func noted(t idp.Ticket, fresh bool, key, subject string, now time.Time, ttl time.Duration) (idp.Ticket, error) {
	var h holders
	if fresh {
		t = idp.Ticket{Kind: ticketName, ID: key, CreatedAt: now}
	} else if err := json.Unmarshal(t.Data, &h); err != nil {
		return t, err
	}
	known := slices.Contains(h.Subjects, subject)
	if known && t.ExpiresAt.After(now.Add(ttl)) {
		return idp.Ticket{}, nil
	}
	if !known {
		h.Subjects = append(h.Subjects[max(0, len(h.Subjects)-maxHolders+1):], subject)
	}
	var err error
	t.ExpiresAt = now.Add(2 * ttl)
	t.Data, err = json.Marshal(h)
	return t, err
}

// called returns the subjects that app knows under name.
func (p *Provider) called(ctx context.Context, app, name string) ([]string, error) {
	t, err := p.tickets.Ticket(ctx, ticketName, nameKey(app, name))
	if errors.Is(err, idp.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var h holders
	return h.Subjects, json.Unmarshal(t.Data, &h)
}

// named returns the sessions that t is about: those of the person in which the application
// takes part under that very name, and of these the ones it lists, if it lists any. Another
// application's NameID or SessionIndex selects nothing (S22). known: somebody has that name
// there, whether or not a session is left; to say so of a name that only resembles the one that was
// told would report a logout that did not happen. own is this browser's session, if there
// is a browser with one.
func (p *Provider) named(ctx context.Context, sp idp.ServiceProvider, t logoutTask, own *idp.Session) (sessions []idp.Session, known bool, err error) {
	subjects, err := p.called(ctx, sp.App, t.Name.Value)
	if err != nil {
		return nil, false, err
	}
	if own != nil && p.takesPart(*own, sp, t) && !slices.Contains(subjects, own.Subject) {
		subjects = append(subjects, own.Subject)
	}
	resembles := false
	for _, subject := range subjects {
		all, err := p.sessions.SessionsOf(ctx, subject)
		if err != nil {
			return nil, false, err
		}
		for _, s := range all {
			if p.takesPart(s, sp, t) {
				sessions = append(sessions, s)
			}
			resembles = resembles || p.resembles(s, sp, t)
		}
	}
	return sessions, len(sessions) > 0 || len(subjects) > 0 && !resembles, nil
}

// resembles reports whether the application knows the session under a name that differs
// from t's in format or qualifier alone.
func (p *Provider) resembles(s idp.Session, sp idp.ServiceProvider, t logoutTask) bool {
	return slices.ContainsFunc(s.Apps, func(a idp.SessionApp) bool {
		return a.Protocol == idp.ProtocolSAML && a.App == sp.App && a.NameID == t.Name.Value && !p.sameName(a, sp, t.Name)
	})
}

func (p *Provider) takesPart(s idp.Session, sp idp.ServiceProvider, t logoutTask) bool {
	return slices.ContainsFunc(s.Apps, func(a idp.SessionApp) bool {
		return a.Protocol == idp.ProtocolSAML && a.App == sp.App && p.sameName(a, sp, t.Name) &&
			(len(t.Indexes) == 0 || slices.Contains(t.Indexes, a.SessionIndex))
	})
}

// sameName compares what was sent with what came back (Core §3.3.4). A qualifier that is left out means the
// one that is implied (Core §2.2.2), and a format that is left out means any.
func (p *Provider) sameName(a idp.SessionApp, sp idp.ServiceProvider, n msg.NameID) bool {
	return a.NameID == n.Value &&
		(n.Format == "" || n.Format == FormatUnspecified || n.Format == a.NameIDFormat) &&
		firstOf(a.NameQualifier, p.entityID) == firstOf(n.NameQualifier, p.entityID) &&
		firstOf(a.SPNameQualifier, sp.EntityID) == firstOf(n.SPNameQualifier, sp.EntityID)
}
