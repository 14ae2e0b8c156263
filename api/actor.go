package api

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"cloudsso/idp"
)

// tokenPrefix lets people and secret scanners recognise an admin token, and lets us
// refuse anything else without a read.
const tokenPrefix = "cloudsso_admin_"

// touchEvery is how exact LastUsedAt of a token is: not every call is a write.
const touchEvery = 5 * time.Minute

// Actor is an authenticated caller. Only [Admin.Authenticate], [Admin.Person] and
// [Admin.Local] make one that may do anything.
type Actor struct {
	admin   *Admin
	id      string // as Events name them
	subject string // of a person
	role    role
	own     appSet
}

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
	a.touch(ctx, t)
	r, _ := roleOf(t.Role) // of a younger version: no rights
	return Actor{admin: a, id: "token:" + t.ID, role: r, own: newAppSet(r, t.Apps)}, nil
}

// touch notes that a token is in use. That a store cannot write is no reason not to let
// an admin read.
func (a *Admin) touch(ctx context.Context, t idp.AdminToken) {
	if a.now().Sub(t.LastUsedAt) < touchEvery {
		return
	}
	if err := a.Records.TouchAdminToken(ctx, t.ID, a.now()); err != nil {
		idp.Note(ctx, slog.String("touch", err.Error()))
	}
}

// Person is the actor that a signed-in person is. Whoever calls it has just made sure
// that they are signed in and that their directory still lets them. Forbidden if they
// are no admin.
func (a *Admin) Person(ctx context.Context, subject string) (Actor, error) {
	record, err := a.Records.Admin(ctx, subject)
	if errors.Is(err, idp.ErrNotFound) {
		return Actor{}, idp.Errorf(idp.Forbidden, "This account is not an administrator's.")
	}
	if err != nil {
		return Actor{}, err
	}
	r, _ := roleOf(record.Role)
	return Actor{admin: a, id: "person:" + subject, subject: subject, role: r, own: newAppSet(r, record.Apps)}, nil
}

// Local is the handle for a program that works on the data folder: who can read that
// folder owns the provider already. who names it in Events.
func (a *Admin) Local(who string) *Owner {
	r, _ := roleOf(RoleOwner)
	o, _ := Actor{admin: a, id: who, role: r}.Owner()
	return o
}

// Role is the name of the actor's role.
func (a Actor) Role() string { return a.role.name }

// may is the one way to a handle.
func (a Actor) may(need right) (acting, error) {
	if a.admin == nil || a.role.rights&need != need {
		return acting{}, idp.Errorf(idp.Forbidden, "The role %s does not allow that. It takes one of: %s.", a.role.name, strings.Join(rolesWith(need), ", "))
	}
	return acting{core: a.admin.core, actor: a.id, subject: a.subject, rights: a.role.rights, own: a.own}, nil
}

// acting is somebody at work. Every handle holds one; what several handles need is its
// methods.
type acting struct {
	*core
	actor   string
	subject string
	rights  right
	own     appSet
}

// record puts a change on record in the actor's name.
func (o acting) record(ctx context.Context, e idp.Event) error {
	e.Actor = o.actor
	return o.Audit.Record(ctx, e)
}
