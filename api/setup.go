package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"time"

	"cloudsso/idp"
	"cloudsso/userdir"
)

// ticketSetUp is the kind of a set-up link: ID is the HashSecret of its key.
const ticketSetUp = "setup"

const setUpTTL = 24 * time.Hour

// SetUp says what a set-up link is for.
type SetUp struct {
	// Recovery: there is, or was, an owner, and somebody who holds the data folder makes
	// another one. Otherwise the link is for the first owner, and dead once there is one.
	Recovery bool `json:"recovery"`
}

// SetUpLink is a new set-up link.
type SetUpLink struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}

// FirstOwner is what the page of a set-up link asks for.
type FirstOwner struct {
	Username string
	Email    string
	Password string
}

// NewSetUpLink makes a link with which somebody becomes an owner, once. We keep a hash.
func (o AdminsWriter) NewSetUpLink(ctx context.Context, s SetUp) (SetUpLink, error) {
	if o.Issuer == "" {
		return SetUpLink{}, idp.Errorf(idp.Invalid, "The address of the server is not known here. Name it with --issuer.").On("issuer")
	}
	data, err := json.Marshal(s)
	if err != nil {
		return SetUpLink{}, err
	}
	if err := o.record(ctx, idp.Event{Name: idp.EventAdminSetup, Detail: map[string]string{"step": "link made"}}); err != nil {
		return SetUpLink{}, err
	}
	key, end := idp.NewSecret(), o.now().Add(setUpTTL)
	t := idp.Ticket{Kind: ticketSetUp, ID: idp.HashSecret(key), Data: data, CreatedAt: o.now(), ExpiresAt: end}
	return SetUpLink{o.Issuer + "/admin/setup?" + url.Values{"key": {key}}.Encode(), end}, o.Tickets.CreateTicket(ctx, t)
}

// Untouched reports whether nobody has set anything up here: there is no admin, no token,
// no built-in user and no app.
func (a *Admin) Untouched(ctx context.Context) (bool, error) {
	one := idp.Page{Limit: 1}
	admins, err1 := a.Records.Admins(ctx, one)
	tokens, err2 := a.Records.AdminTokens(ctx, one)
	users, err3 := a.Records.Users(ctx, one)
	clients, err4 := a.Records.Clients(ctx, one)
	sps, err5 := a.Records.ServiceProviders(ctx, one)
	return len(admins)+len(tokens)+len(users)+len(clients)+len(sps) == 0, errors.Join(err1, err2, err3, err4, err5)
}

var errNoSetUp = idp.Errorf(idp.Expired, "This set-up link has been used already, or its time is over. On the machine that runs the server, \"cloudsso admin recover\" makes a new one.")

// SetUpLink checks the key of a set-up link and says what it is for. It uses nothing up.
func (a *Admin) SetUpLink(ctx context.Context, key string) (SetUp, error) {
	t, err := a.Tickets.Ticket(ctx, ticketSetUp, idp.HashSecret(key))
	if errors.Is(err, idp.ErrNotFound) {
		err = errNoSetUp
	}
	if err != nil {
		return SetUp{}, err
	}
	return a.setUpOf(ctx, t)
}

// setUpOf reads a ticket. Attack: the link of the first start lies in a log, and is used
// after the installation has its owner. Decision: then it is worth nothing any more.
func (a *Admin) setUpOf(ctx context.Context, t idp.Ticket) (s SetUp, err error) {
	if err := json.Unmarshal(t.Data, &s); err != nil || s.Recovery {
		return s, err
	}
	owned, err := a.Local("set-up link").owners(ctx, "")
	if err == nil && owned {
		err = errNoSetUp
	}
	return s, err
}

// SetUp uses a set-up link up: it creates a built-in user and makes them an owner. What
// is wrong with the input leaves the link as it is.
func (a *Admin) SetUp(ctx context.Context, key string, in FirstOwner) (subject string, err error) {
	if _, err := a.SetUpLink(ctx, key); err != nil {
		return "", err
	}
	o := a.Local("set-up link")
	user := NewUser{Username: userdir.Username(in.Username), Email: in.Email, Password: in.Password}
	if in.Password == "" {
		return "", idp.Errorf(idp.Invalid, "Choose a password.").On("password")
	}
	if err := o.fill(&idp.User{}, user); err != nil {
		return "", err
	}
	if _, err := o.Records.UserByUsername(ctx, user.Username); err == nil {
		return "", taken(idp.ErrConflict)
	} else if !errors.Is(err, idp.ErrNotFound) {
		return "", err
	}
	t, err := a.Tickets.TakeTicket(ctx, ticketSetUp, idp.HashSecret(key))
	if errors.Is(err, idp.ErrNotFound) {
		return "", errNoSetUp
	}
	if err != nil {
		return "", err
	}
	if _, err := a.setUpOf(ctx, t); err != nil {
		return "", err
	}
	if subject, err = o.firstOwner(ctx, user); err != nil {
		return "", errors.Join(err, a.Tickets.CreateTicket(ctx, t)) // nothing came of it: try again
	}
	return subject, nil
}

func (o *Owner) firstOwner(ctx context.Context, in NewUser) (string, error) {
	u, err := o.CreateUser(ctx, in)
	if err != nil {
		return "", err
	}
	subject, err := o.subjectOf(ctx, u.ID)
	if err == nil {
		_, err = o.CreateAdmin(ctx, NewAdmin{Subject: subject, AdminSettings: AdminSettings{Role: RoleOwner}})
	}
	if err != nil {
		return "", errors.Join(err, o.DeleteUser(ctx, u.ID, ""))
	}
	return subject, nil
}
