package api

import (
	"context"
	"errors"
	"strings"
	"time"

	"cloudsso/idp"
)

// Roles of admin tokens.
const (
	RoleOwner        = "owner"        // everything
	RoleRegistration = "registration" // registering clients at the registration endpoint, nothing else
)

// tokenPrefix lets people and secret scanners recognise an admin token, and lets us
// refuse anything else without a read.
const tokenPrefix = "cloudsso_admin_"

const (
	minTokenTTL = time.Minute
	maxTokenTTL = 365 * 24 * time.Hour
)

// Actor is an authenticated caller. Only [Admin.Authenticate] makes one.
type Actor struct {
	admin *Admin
	id    string
	role  string
}

// Owner is the handle to every operation, bound to who is acting. Other packages
// cannot make one: the field that does the work has no exported name.
type Owner struct {
	*admin
	actor string // as Events name it
}

type admin = Admin

// Authenticate finds the caller of a bearer token. Whatever is wrong with the token,
// the answer is the same.
func (a *Admin) Authenticate(ctx context.Context, token string) (Actor, error) {
	refused := idp.Errorf(idp.Unauthorized, "The admin token is unknown or has expired. \"cloudsso token create\" makes a new one.")
	if !strings.HasPrefix(token, tokenPrefix) || len(token) > 200 {
		return Actor{}, refused
	}
	t, err := a.Records.AdminToken(ctx, idp.HashSecret(token))
	if errors.Is(err, idp.ErrNotFound) || err == nil && !t.ExpiresAt.After(a.now()) {
		return Actor{}, refused
	}
	if err != nil {
		return Actor{}, err
	}
	return Actor{admin: a, id: "token:" + t.ID, role: t.Role}, nil
}

// Owner is the actor's handle to the operations. Forbidden unless their role is owner.
func (a Actor) Owner() (*Owner, error) {
	if a.admin == nil || a.role != RoleOwner {
		return nil, idp.Errorf(idp.Forbidden, "This token's role does not allow that. A token with the role owner is needed.")
	}
	return &Owner{admin: a.admin, actor: a.id}, nil
}

// Registrar names the actor, for whoever lets clients register. Forbidden unless their
// role allows that.
func (a Actor) Registrar() (string, error) {
	if a.admin == nil || a.role != RoleOwner && a.role != RoleRegistration {
		return "", idp.Errorf(idp.Forbidden, "This token's role does not allow to register clients.")
	}
	return a.id, nil
}

// Local is the handle for a program that works on the data folder: who can read that
// folder owns the provider already. who names it in Events.
func (a *Admin) Local(who string) *Owner { return &Owner{admin: a, actor: who} }

// Token is a new admin token. Secret is shown once; only its hash is kept.
type Token struct {
	ID        string    `json:"id"`
	Secret    string    `json:"token"`
	Role      string    `json:"role"`
	ExpiresAt time.Time `json:"expires_at"`
}

// CreateToken makes an admin token that lives for ttl.
func (o *Owner) CreateToken(ctx context.Context, role string, ttl time.Duration) (Token, error) {
	switch {
	case role != RoleOwner && role != RoleRegistration:
		return Token{}, idp.Errorf(idp.Invalid, "The role %q is unknown. Expected owner or registration.", role).On("role")
	case ttl < minTokenTTL || ttl > maxTokenTTL:
		return Token{}, idp.Errorf(idp.Invalid, "A token lives between one minute and 365 days.").On("ttl")
	}
	t := Token{ID: idp.NewID(), Secret: tokenPrefix + idp.NewSecret(), Role: role, ExpiresAt: o.now().Add(ttl)}
	row := idp.AdminToken{ID: t.ID, Hash: idp.HashSecret(t.Secret), Role: role, CreatedAt: o.now(), ExpiresAt: t.ExpiresAt}
	// The Event comes first: a token that is on no record must not exist.
	if err := o.record(ctx, idp.Event{Name: idp.EventTokenCreated, Detail: map[string]string{"id": t.ID, "role": role}}); err != nil {
		return Token{}, err
	}
	return t, o.Records.CreateAdminToken(ctx, row)
}

// record puts a change on record in the owner's name.
func (o *Owner) record(ctx context.Context, e idp.Event) error {
	e.Actor = o.actor
	return o.Audit.Record(ctx, e)
}
