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

// FindAll returns the people, in whatever status, whom directories know by this login, in
// the order of the directories. It gives each their subject, as their first sign-in would.
// Without anybody found, the first fault is the answer.
func (u *Users) FindAll(ctx context.Context, login string) (people []idp.Person, err error) {
	login = Username(login)
	if !plausibleLogin(login) {
		return nil, nil
	}
	for _, d := range u.dirs {
		user, fault := d.Lookup(ctx, Ref{Login: login})
		if errors.Is(fault, ErrNotFound) {
			continue
		}
		var p idp.Person
		if fault == nil {
			p, fault = u.register(ctx, d.Info().ID, user)
		}
		if fault != nil {
			err = errors.Join(err, &Fault{d.Info().ID, fault})
			continue
		}
		people = append(people, p)
	}
	if len(people) > 0 {
		err = nil
	}
	return people, err
}
