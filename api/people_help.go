package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"time"

	"cloudsso/idp"
)

// Unlocker forgets wrong tries at a password.
type Unlocker interface {
	// Unlock lets the account with this login try again at once.
	Unlock(ctx context.Context, login string) error
}

// Tickets keep what is valid for a short while.
type Tickets = idp.Tickets

// signInLinkTTL is short: a link is a password that lies in somebody's mailbox.
const signInLinkTTL = 30 * time.Minute

// SignInLink is the answer to POST /people/{id}/sign-in-link.
type SignInLink struct {
	URL       string    `json:"url" doc:"Shown once. It signs one browser in, once."`
	ExpiresAt time.Time `json:"expires_at"`
}

// Ended says how much was ended.
type Ended struct {
	Count int `json:"count"`
}

// helped finds the person that an operation is about. Attack: a help desk makes a
// sign-in link for an owner, and is one. Decision: nobody is helped who may do more than
// the helper.
func (o PeopleHelper) helped(ctx context.Context, subject string) error {
	if _, _, err := o.Records.SubjectOwner(ctx, subject); err != nil {
		return missing(err, "person", subject)
	}
	a, err := o.Records.Admin(ctx, subject)
	if errors.Is(err, idp.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if r, _ := roleOf(a.Role); r.rights&^o.rights != 0 {
		return idp.Errorf(idp.Forbidden, "This person is an administrator who may do more than you. Ask an owner.")
	}
	return nil
}

// Unlock lets a person try their password again at once.
func (o PeopleHelper) Unlock(ctx context.Context, subject string) error {
	if err := o.helped(ctx, subject); err != nil {
		return err
	}
	p, err := o.person(ctx, subject)
	if err != nil {
		return missing(err, "person", subject)
	}
	if err := o.record(ctx, idp.Event{Name: idp.EventPersonUnlocked, Subject: subject}); err != nil {
		return err
	}
	for _, login := range []string{p.Login, p.Attributes.First("email")} {
		if login == "" {
			continue
		}
		if err := o.Limits.Unlock(ctx, login); err != nil {
			return err
		}
	}
	return nil
}

// EndSessions signs a person out of every browser, and ends the grants that came of it.
func (o PeopleHelper) EndSessions(ctx context.Context, subject string) (Ended, error) {
	if err := o.helped(ctx, subject); err != nil {
		return Ended{}, err
	}
	sessions, err := o.Sessions.SessionsOf(ctx, subject)
	if err != nil {
		return Ended{}, err
	}
	// The sessions first: none of them must make another grant meanwhile.
	if err := o.endSessions(ctx, sessions, "admin"); err != nil {
		return Ended{}, err
	}
	for _, s := range sessions {
		if _, err := o.Records.RevokeGrants(ctx, idp.GrantFilter{SessionID: s.ID}, "session_ended", o.now()); err != nil {
			return Ended{}, err
		}
	}
	return Ended{len(sessions)}, nil
}

// RevokeGrants ends what a person allowed apps: all of them, or one client. Tokens die
// with it; the person stays signed in here.
func (o PeopleHelper) RevokeGrants(ctx context.Context, subject, clientID string) (Ended, error) {
	if err := o.helped(ctx, subject); err != nil {
		return Ended{}, err
	}
	n, err := o.Records.RevokeGrants(ctx, idp.GrantFilter{Subject: subject, ClientID: clientID}, "admin", o.now())
	if err != nil {
		return Ended{}, err
	}
	return Ended{n}, o.record(ctx, idp.Event{
		Name: idp.EventGrantRevoked, Subject: subject, App: clientID, Detail: map[string]string{"reason": "admin", "count": strconv.Itoa(n)},
	})
}

// SignInLink makes a link that signs a person in once, for somebody who has lost their
// password. We keep a hash of it.
func (o PeopleHelper) SignInLink(ctx context.Context, subject string) (SignInLink, error) {
	if err := o.helped(ctx, subject); err != nil {
		return SignInLink{}, err
	}
	p, err := o.person(ctx, subject)
	if err != nil {
		return SignInLink{}, missing(err, "person", subject)
	}
	if p.Status != idp.Active {
		return SignInLink{}, idp.Errorf(idp.Conflict, "This account is not active (%s), so a link would not sign it in.", p.Status)
	}
	data, err := json.Marshal(idp.SignInLink{Subject: subject, By: o.actor})
	if err != nil {
		return SignInLink{}, err
	}
	if err := o.record(ctx, idp.Event{Name: idp.EventSignInLink, Subject: subject}); err != nil {
		return SignInLink{}, err
	}
	secret, end := idp.NewSecret(), o.now().Add(signInLinkTTL)
	t := idp.Ticket{Kind: idp.TicketSignInLink, ID: idp.HashSecret(secret), Data: data, CreatedAt: o.now(), ExpiresAt: end}
	return SignInLink{o.Issuer + "/login/link?" + url.Values{"key": {secret}}.Encode(), end}, o.Tickets.CreateTicket(ctx, t)
}
