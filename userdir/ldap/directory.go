package ldap

import (
	"context"
	"errors"
	"fmt"

	goldap "github.com/go-ldap/ldap/v3"

	"cloudsso/idp"
	"cloudsso/userdir"
)

// Directory implements userdir.Directory.
type Directory struct {
	o       Options
	servers []*server
	pool    *pool         // of the service account
	binding chan struct{} // places for people whose password is being checked
	wanted  []string      // attributes
}

// Open makes the directory. It does not connect: a server that is down at the start is
// asked again later. The error is an *idp.Error whose Field is the option at fault.
func Open(o Options) (*Directory, error) {
	o.complete()
	if err := o.check(); err != nil {
		return nil, err
	}
	servers, err := o.servers()
	if err != nil {
		return nil, err
	}
	return &Directory{o: o, servers: servers, pool: newPool(o.PoolSize), binding: make(chan struct{}, o.PoolSize), wanted: wanted(o)}, nil
}

// Close closes the idle connections; those in use are closed after it.
func (d *Directory) Close() error {
	d.pool.close()
	return nil
}

// Info implements userdir.Directory.
func (d *Directory) Info() userdir.Info { return userdir.Info{ID: d.o.ID, Kind: "ldap"} }

// Authenticate implements userdir.Directory. With Options.UserDN and no service account
// it cannot tell an unknown login from a wrong password and says ErrInvalidCredentials:
// such a directory comes last, or has its own domain.
func (d *Directory) Authenticate(ctx context.Context, c userdir.Credentials) (userdir.User, error) {
	login, password, err := userdir.Prepare(c)
	if err != nil {
		return userdir.User{}, err
	}
	if d.o.UserDN != "" {
		return d.bindFirst(ctx, login, password)
	}
	e, err := d.byLogin(ctx, login)
	if errors.Is(err, errAmbiguous) {
		return userdir.User{}, d.refuse(ctx, password)
	}
	if err != nil {
		return userdir.User{}, err
	}
	if err := d.prove(ctx, e.dn, password, nil); err != nil {
		return userdir.User{}, err
	}
	// Only now: what an entry holds, and how long its groups take, is nobody's who guesses.
	return usable(d.complete(ctx, e))
}

func usable(u userdir.User, err error) (userdir.User, error) {
	if err == nil {
		err = u.Usable()
	}
	if err != nil {
		return userdir.User{}, err
	}
	return u, nil
}

// bindFirst takes the DN from the template instead of from a search.
func (d *Directory) bindFirst(ctx context.Context, login, password string) (userdir.User, error) {
	dn := fill(d.o.UserDN, "{login}", goldap.EscapeDN(login))
	if d.o.BindDN == "" {
		return usable(d.bindAlone(ctx, dn, login, password))
	}
	var e entry // read first, so that who is unknown can be told, and the next directory be asked
	err := d.service(ctx, func(c *conn) (err error) {
		e, err = d.at(ctx, c, dn, login)
		return err
	})
	if err == nil {
		err = d.prove(ctx, dn, password, nil)
	}
	if err != nil {
		return userdir.User{}, err
	}
	return usable(d.complete(ctx, e))
}

// bindAlone has no service account: the person's own connection reads their entry.
func (d *Directory) bindAlone(ctx context.Context, dn, login, password string) (u userdir.User, err error) {
	err = d.prove(ctx, dn, password, func(c *conn) error {
		e, err := d.at(ctx, c, dn, login)
		if err == nil {
			u, err = d.user(ctx, c, e)
		}
		return err
	})
	if errors.Is(err, userdir.ErrNotFound) {
		err = userdir.ErrInvalidCredentials // the password is right, and the entry is not one of UserFilter's people
	}
	return u, err
}

// Lookup implements userdir.Directory.
func (d *Directory) Lookup(ctx context.Context, ref userdir.Ref) (userdir.User, error) {
	if ref.ID != "" {
		return d.byID(ctx, ref.ID)
	}
	login, _, err := userdir.Prepare(userdir.Credentials{Login: ref.Login, Password: "any"})
	if err != nil {
		return userdir.User{}, err
	}
	e, err := d.byLogin(ctx, login)
	if errors.Is(err, errAmbiguous) {
		err = userdir.ErrNotFound
	}
	if err != nil {
		return userdir.User{}, err
	}
	return d.complete(ctx, e)
}

// Columns implements userdir.Columns.
func (d *Directory) Columns(ctx context.Context, ref userdir.Ref) ([]userdir.Column, error) {
	u, err := d.Lookup(ctx, userdir.Ref{Login: ref.Login})
	if errors.Is(err, userdir.ErrNotFound) {
		return nil, idp.Errorf(idp.Invalid, "The directory knows nobody, or more than one, of the login %q.", ref.Login).On("login").Because(err)
	}
	if err != nil {
		return nil, fmt.Errorf("columns: %w", err)
	}
	return userdir.ColumnsOf(u.Attributes), nil
}
