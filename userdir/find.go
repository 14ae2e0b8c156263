package userdir

import (
	"context"
	"errors"

	"cloudsso/idp"
)

// Find returns the person who is this subject or, if nobody is, has this login, with
// status and attributes as they are now, for an admin who looks at them: no password is
// asked for. Somebody who never signed in gets their subject now. [ErrNotFound] if there is nobody.
func (u *Users) Find(ctx context.Context, who string) (idp.Person, error) {
	if p, err := u.Person(ctx, who); !errors.Is(err, ErrNotFound) {
		return p, err
	}
	login := Username(who)
	if !plausibleLogin(login) {
		return idp.Person{}, ErrNotFound
	}
	for _, d := range u.route(login) {
		user, err := d.Lookup(ctx, Ref{Login: login, Fresh: true})
		switch {
		case errors.Is(err, ErrNotFound):
			continue
		case err != nil:
			return idp.Person{}, err
		}
		return u.register(ctx, d.Info().ID, user)
	}
	return idp.Person{}, ErrNotFound
}
