package userdir

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"cloudsso/idp"
)

const patience = 5 * time.Second // of an admin who looks at directories

// Health is how one directory is at the moment.
type Health struct {
	Info
	Queries bool          // it has the power [Columns]
	Took    time.Duration // to answer
	Err     error         // nil: it answers
}

// nobody is a login that is asked for to see whether a directory answers.
const nobody = "cloudsso-health-check"

// Health asks every directory for somebody who does not exist, all at once.
func (u *Users) Health(ctx context.Context) []Health {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	out := make([]Health, len(u.dirs))
	var wg sync.WaitGroup
	for i, d := range u.dirs {
		wg.Go(func() {
			began := time.Now()
			_, err := d.Lookup(ctx, Ref{Login: nobody, Fresh: true})
			if errors.Is(err, ErrNotFound) {
				err = nil
			}
			_, queries := As[Columns](d)
			out[i] = Health{Info: d.Info(), Queries: queries, Took: time.Since(began), Err: err}
		})
	}
	wg.Wait()
	return out
}

// LookupIn asks one directory. An *idp.Error of code idp.NotFound says that there is no
// such directory, [ErrNotFound] that it does not know the person.
func (u *Users) LookupIn(ctx context.Context, directory string, ref Ref) (User, error) {
	d, err := u.directory(directory)
	if err != nil {
		return User{}, err
	}
	user, err := d.Lookup(ctx, ref)
	if err != nil {
		return User{}, &Fault{directory, err}
	}
	return user, nil
}

// Columns is the Validate call: which attributes a query of a directory gives for a person.
func (u *Users) Columns(ctx context.Context, directory string, ref Ref) ([]Column, error) {
	d, err := u.directory(directory)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if c, ok := As[Columns](d); ok {
		return c.Columns(ctx, ref)
	}
	if ref.Profile != "" {
		return nil, idp.Errorf(idp.Invalid, "The directory %s has no queries to choose from: leave the query out.", directory).On("profile")
	}
	user, err := d.Lookup(ctx, Ref{Login: ref.Login, Fresh: true})
	if errors.Is(err, ErrNotFound) {
		return nil, idp.Errorf(idp.Invalid, "The directory knows nobody of the login %q.", ref.Login).On("login")
	}
	return ColumnsOf(user.Attributes), err
}

func (u *Users) directory(id string) (Directory, error) {
	i := slices.IndexFunc(u.dirs, func(d Directory) bool { return d.Info().ID == id })
	if i < 0 {
		return nil, idp.Errorf(idp.NotFound, "There is no directory %q.", id)
	}
	return u.dirs[i], nil
}
