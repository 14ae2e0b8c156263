package httpdir

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"cloudsso/idp"
	"cloudsso/userdir"
)

// IMISOptions describe an iMIS system.
type IMISOptions struct {
	ID      string
	BaseURL string // the token endpoint is {base}/token

	Username string     // of the account that may run the queries
	Password idp.Secret // of that account

	QueryPath string // default /api/query; /api/iqa in iMIS 2017
	Query     string // takes the username; default $/SSO/ProfileData

	// IDColumn has an id that stays when somebody is renamed, and IDQuery takes that id and gives
	// at least LoginColumn. Without them the user name is the id.
	IDColumn, IDQuery string

	LoginColumn    string   // default UserName
	EmailColumn    string   // default Email
	GroupsColumn   string   // a list, or text with commas
	DisabledColumn string   // with one of DisabledValues, the account is disabled
	DisabledValues []string // case does not matter; default true

	// Refusals give the texts of the token endpoint a meaning.
	Refusals []Refusal

	Client    *http.Client       // as in Options
	Passwords *userdir.Passwords // nil: the process's own
	Now       func() time.Time   // default time.Now
}

// Refusal is a meaning of an error text of the token endpoint.
type Refusal struct {
	Contains string // in error or error_description; case does not matter
	Means    string // second_factor, disabled, locked or password_expired
}

// usualRefusals come after the configured ones.
var usualRefusals = []Refusal{
	{"mfa", "second_factor"}, {"multi-factor", "second_factor"}, {"multifactor", "second_factor"}, {"two-factor", "second_factor"}, {"two factor", "second_factor"},
	{"2fa", "second_factor"}, {"second factor", "second_factor"}, {"second_factor", "second_factor"}, {"verification code", "second_factor"},
}

// IMIS implements userdir.Directory.
type IMIS struct {
	o    IMISOptions
	call caller

	mu      sync.Mutex // of the token of the query account
	token   string
	expires time.Time
}

// OpenIMIS makes the directory. The error is an *idp.Error whose Field is the option at fault.
func OpenIMIS(o IMISOptions) (*IMIS, error) {
	for _, d := range []struct {
		field     *string
		otherwise string
	}{{&o.QueryPath, "/api/query"}, {&o.Query, "$/SSO/ProfileData"}, {&o.LoginColumn, "UserName"}, {&o.EmailColumn, "Email"}} {
		if *d.field == "" {
			*d.field = d.otherwise
		}
	}
	if len(o.DisabledValues) == 0 {
		o.DisabledValues = []string{"true"}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	switch {
	case o.ID == "":
		return nil, bad("id", "A directory needs an id: people's subjects hang on it.")
	case o.Client == nil:
		return nil, bad("client", "The directory %s has nothing to make calls with.", o.ID)
	case o.Username == "" || o.Password == "":
		return nil, bad("username", "The directory %s needs a user name and a password to run its queries with.", o.ID)
	case (o.IDColumn == "") != (o.IDQuery == ""):
		return nil, bad("id_query", "An id column needs a query that finds people by it, and the other way round: set both or neither.")
	case !strings.HasPrefix(o.QueryPath, "/"):
		return nil, bad("query_path", "The path %q must begin with a slash.", o.QueryPath)
	}
	o.BaseURL = strings.TrimRight(o.BaseURL, "/")
	if err := checkURL("base_url", o.BaseURL); err != nil {
		return nil, err
	}
	for _, r := range o.Refusals {
		if means[r.Means] == nil || r.Contains == "" {
			return nil, bad("refusals", "The refusal %q cannot mean %q: use second_factor, disabled, locked or password_expired.", r.Contains, r.Means)
		}
	}
	o.Refusals = slices.Concat(o.Refusals, usualRefusals)
	return &IMIS{o: o, call: newCaller(o.ID, o.Client)}, nil
}

// Info implements userdir.Directory.
func (d *IMIS) Info() userdir.Info { return userdir.Info{ID: d.o.ID, Kind: "imis"} }

// errAmbiguous: an address that several people have is nobody's.
var errAmbiguous = errors.New("the login is several people's")

// Authenticate implements userdir.Directory. The password is checked for the user name
// that the query gave, never for what was typed: they must be the same person.
func (d *IMIS) Authenticate(ctx context.Context, c userdir.Credentials) (userdir.User, error) {
	login, password, err := userdir.Prepare(c)
	if err != nil {
		return userdir.User{}, err
	}
	u, err := d.byLogin(ctx, d.o.Query, login)
	if errors.Is(err, errAmbiguous) {
		waste(ctx, d.o.Passwords, password)()
		return userdir.User{}, userdir.ErrInvalidCredentials
	}
	if err != nil {
		return userdir.User{}, err
	}
	wait := waste(ctx, d.o.Passwords, password)
	_, _, err = d.signIn(ctx, u.Login, password)
	wait()
	if err == nil {
		err = u.Usable()
	}
	if err != nil {
		return userdir.User{}, err
	}
	return u, nil
}

// Lookup implements userdir.Directory. ref.Profile is the name of another query.
func (d *IMIS) Lookup(ctx context.Context, ref userdir.Ref) (userdir.User, error) {
	login := ref.Login
	if ref.ID != "" {
		var err error
		if login, err = d.loginOf(ctx, ref.ID); err != nil {
			return userdir.User{}, err
		}
	}
	login, _, err := userdir.Prepare(userdir.Credentials{Login: login, Password: "any"})
	if err != nil {
		return userdir.User{}, err
	}
	query := d.o.Query
	if ref.Profile != "" {
		query = ref.Profile
	}
	u, err := d.byLogin(ctx, query, login)
	switch {
	case errors.Is(err, errAmbiguous):
		return userdir.User{}, userdir.ErrNotFound
	case err == nil && ref.ID != "" && u.ID != ref.ID:
		return userdir.User{}, userdir.ErrNotFound // the name is another person's by now
	}
	return u, err
}

// loginOf is the user name of an id.
func (d *IMIS) loginOf(ctx context.Context, id string) (string, error) {
	if d.o.IDQuery == "" {
		return id, nil
	}
	rows, err := d.query(ctx, d.o.IDQuery, id)
	if err != nil {
		return "", err
	}
	if len(rows) == 0 {
		return "", userdir.ErrNotFound
	}
	if len(rows) > 1 {
		return "", d.notOne(len(rows))
	}
	login := rows[0].First(d.o.LoginColumn)
	if login == "" {
		return "", userdir.Malformed(d.o.ID, d.o.LoginColumn, "the query %s gave no such column", d.o.IDQuery)
	}
	return login, nil
}

// Columns implements userdir.Columns: the Validate call for a query.
func (d *IMIS) Columns(ctx context.Context, ref userdir.Ref) ([]userdir.Column, error) {
	query := ref.Profile
	if query == "" {
		query = d.o.Query
	}
	rows, err := d.query(ctx, query, userdir.Username(ref.Login))
	if err != nil {
		return nil, err
	}
	if len(rows) != 1 {
		return nil, bad("profile", "The query %s gave %d rows for %q; it must take the user name as its only parameter and give exactly one row.", query, len(rows), ref.Login)
	}
	for _, needed := range []string{d.o.LoginColumn, d.o.IDColumn} {
		if needed != "" && rows[0].First(needed) == "" {
			return nil, bad("profile", "The query %s gives no column %s, which says who the row is about.", query, needed)
		}
	}
	return userdir.ColumnsOf(rows[0]), nil
}

// credentials are the form of the token endpoint.
func credentials(username, password string) *strings.Reader {
	return strings.NewReader(url.Values{"grant_type": {"password"}, "username": {username}, "password": {password}}.Encode())
}
