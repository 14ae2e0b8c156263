package sqldir

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"cloudsso/idp"
	"cloudsso/userdir"
)

// Options describe a directory. The queries, columns and defaults are those of the
// package's comment.
type Options struct {
	ID      string
	DB      *sql.DB // its pool bounds how many questions are asked at once
	Dialect Dialect

	AuthQuery    string
	ProfileQuery string
	Profiles     map[string]string // further profile queries, by the names that apps ask for

	// IDColumn has an id that stays when somebody is renamed, and IDQuery finds its user name.
	// Without them the user name is the id.
	IDColumn, IDQuery string

	LoginColumn    string   // default username
	EmailColumn    string   // default email
	GroupsColumn   string   // several values, or text with commas
	DisabledColumn string   // with one of DisabledValues, the account is disabled
	DisabledValues []string // case does not matter; default true and 1
	JSONColumns    []string // text that is JSON
	BooleanColumns []string // numbers or text that mean yes or no

	Passwords *userdir.Passwords // nil: the process's own
}

// Directory implements userdir.Directory.
type Directory struct {
	o                 Options
	auth, profile, id string // bound
	profiles          map[string]string
}

// Open makes the directory; nothing is asked yet. The error is an *idp.Error whose Field
// is the option at fault.
func Open(o Options) (*Directory, error) {
	if o.LoginColumn == "" {
		o.LoginColumn = "username"
	}
	if o.EmailColumn == "" {
		o.EmailColumn = "email"
	}
	if len(o.DisabledValues) == 0 {
		o.DisabledValues = []string{"true", "1"}
	}
	switch {
	case o.ID == "":
		return nil, bad("id", "A directory needs an id: people's subjects hang on it.")
	case o.DB == nil:
		return nil, bad("url", "The directory %s has no database.", o.ID)
	case (o.IDColumn == "") != (o.IDQuery == ""):
		return nil, bad("id_query", "An id column needs a query that finds people by it, and the other way round: set both or neither.")
	}
	d := &Directory{o: o, profiles: make(map[string]string)}
	var err error
	if d.auth, err = Bind(o.AuthQuery, o.Dialect); err != nil {
		return nil, on("auth_query", err)
	}
	if d.profile, err = Bind(o.ProfileQuery, o.Dialect); err != nil {
		return nil, on("profile_query", err)
	}
	if o.IDQuery != "" {
		if d.id, err = Bind(o.IDQuery, o.Dialect); err != nil {
			return nil, on("id_query", err)
		}
	}
	for name, query := range o.Profiles {
		if d.profiles[name], err = Bind(query, o.Dialect); err != nil {
			return nil, on("profiles", err)
		}
	}
	return d, nil
}

// Info implements userdir.Directory.
func (d *Directory) Info() userdir.Info { return userdir.Info{ID: d.o.ID, Kind: "sql"} }

// errAmbiguous: an address that several people have is nobody's.
var errAmbiguous = errors.New("the login is several people's")

// Authenticate implements userdir.Directory. The hash is asked for by the user name that
// the profile query gave, never by what was typed: they must be the same person.
func (d *Directory) Authenticate(ctx context.Context, c userdir.Credentials) (userdir.User, error) {
	login, _, err := userdir.Prepare(c)
	if err != nil {
		return userdir.User{}, err
	}
	var u userdir.User
	var hash string
	err = d.read(ctx, func(tx *sql.Tx) (err error) {
		if u, err = d.byLogin(ctx, tx, d.profile, login); err == nil {
			hash, err = d.hash(ctx, tx, u.Login)
		}
		return err
	})
	if err != nil && !errors.Is(err, errAmbiguous) {
		return userdir.User{}, err
	}
	// After the transaction: a connection must not wait for a processor. An address of
	// several people has no hash, and costs one all the same.
	switch err := d.o.Passwords.Check(ctx, hash, c.Password.Reveal()); {
	case errors.Is(err, userdir.ErrInvalidCredentials) || ctx.Err() != nil && err != nil:
		return userdir.User{}, err
	case err != nil:
		return userdir.User{}, userdir.Malformed(d.o.ID, "password_hash", "%v", err)
	}
	if err := u.Usable(); err != nil {
		return userdir.User{}, err
	}
	return u, nil
}

// Lookup implements userdir.Directory. ref.Profile is the name of one of Options.Profiles.
func (d *Directory) Lookup(ctx context.Context, ref userdir.Ref) (u userdir.User, err error) {
	query := d.profile
	if q, ok := d.profiles[ref.Profile]; ok {
		query = q
	}
	err = d.read(ctx, func(tx *sql.Tx) error {
		login := ref.Login
		if ref.ID != "" {
			if login, err = d.loginOf(ctx, tx, ref.ID); err != nil {
				return err
			}
		}
		if login, _, err = userdir.Prepare(userdir.Credentials{Login: login, Password: "any"}); err != nil {
			return err
		}
		u, err = d.byLogin(ctx, tx, query, login)
		return err
	})
	switch {
	case errors.Is(err, errAmbiguous):
		return userdir.User{}, userdir.ErrNotFound
	case err == nil && ref.ID != "" && u.ID != ref.ID:
		return userdir.User{}, userdir.ErrNotFound // the name is another person's by now
	case err != nil:
		return userdir.User{}, err
	}
	return u, nil
}

// read gives a transaction that cannot write, whatever the queries say.
func (d *Directory) read(ctx context.Context, ask func(*sql.Tx) error) error {
	tx, err := d.o.DB.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return d.unavailable(ctx, err)
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	return ask(tx)
}

// loginOf is the user name of an id.
func (d *Directory) loginOf(ctx context.Context, tx *sql.Tx, id string) (string, error) {
	if d.id == "" {
		return id, nil
	}
	rows, err := d.run(ctx, tx, d.id, id)
	if err != nil {
		return "", err
	}
	if len(rows) == 0 {
		return "", userdir.ErrNotFound
	}
	if len(rows) > 1 {
		return "", userdir.Malformed(d.o.ID, "id_query", "%d rows for one id, instead of exactly one", len(rows))
	}
	login := rows[0].First(d.o.LoginColumn)
	if login == "" {
		return "", userdir.Malformed(d.o.ID, d.o.LoginColumn, "the id query gave no such column")
	}
	return login, nil
}

// hash is "" for somebody without a password.
func (d *Directory) hash(ctx context.Context, tx *sql.Tx, login string) (string, error) {
	rows, err := d.run(ctx, tx, d.auth, login)
	if err != nil || len(rows) == 0 {
		return "", err
	}
	if len(rows) > 1 {
		return "", userdir.Malformed(d.o.ID, "auth_query", "%d rows for one user name, instead of exactly one", len(rows))
	}
	values, named := rows[0]["password_hash"]
	if !named && len(rows[0]) == 1 {
		for _, only := range rows[0] {
			values, named = only, true
		}
	}
	if !named {
		return "", userdir.Malformed(d.o.ID, "password_hash", "the auth query has no column of this name, and more than one")
	}
	return strings.TrimRight(idp.Attributes{"": values}.First(""), " "), nil // CHAR(n) pads
}

// unavailable: the text of the cause may quote the query, never the parameter.
func (d *Directory) unavailable(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) { // the person went away: nobody's fault
		return fmt.Errorf("directory %s: %w", d.o.ID, ctx.Err())
	}
	return fmt.Errorf("directory %s: %w: %w", d.o.ID, userdir.ErrUnavailable, err)
}
