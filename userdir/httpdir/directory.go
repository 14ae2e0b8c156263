package httpdir

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"cloudsso/idp"
	"cloudsso/userdir"
)

// Options describe a directory that keeps the contract of this package.
type Options struct {
	ID         string
	VerifyURL  string // POST
	ProfileURL string // GET; it may have a query of its own

	Bearer   idp.Secret // sent as Authorization, or
	Username string     // with Password as HTTP Basic, or
	Password idp.Secret // neither: the Client does it (OAuth 2 client credentials, a client certificate)
	Header   map[string]string

	// Client makes the calls; it brings the outbound rules, authorities and time limits. Its
	// redirects are not followed.
	Client *http.Client

	Passwords *userdir.Passwords // nil: the process's own
}

// Directory implements userdir.Directory.
type Directory struct {
	o    Options
	call caller
}

// Open makes the directory. The error is an *idp.Error whose Field is the option at fault.
func Open(o Options) (*Directory, error) {
	if o.ID == "" {
		return nil, bad("id", "A directory needs an id: people's subjects hang on it.")
	}
	if o.Client == nil {
		return nil, bad("client", "The directory %s has nothing to make calls with.", o.ID)
	}
	if err := checkURL("verify_url", o.VerifyURL); err != nil {
		return nil, err
	}
	if err := checkURL("profile_url", o.ProfileURL); err != nil {
		return nil, err
	}
	if o.Bearer != "" && o.Username != "" {
		return nil, bad("bearer", "The directory %s has both a bearer token and a user name: keep one of them.", o.ID)
	}
	return &Directory{o, newCaller(o.ID, o.Client)}, nil
}

// Info implements userdir.Directory.
func (d *Directory) Info() userdir.Info { return userdir.Info{ID: d.o.ID, Kind: "http"} }

// Authenticate implements userdir.Directory.
func (d *Directory) Authenticate(ctx context.Context, c userdir.Credentials) (userdir.User, error) {
	login, password, err := userdir.Prepare(c)
	if err != nil {
		return userdir.User{}, err
	}
	u, err := d.verify(ctx, login, password)
	if errors.Is(err, userdir.ErrNotFound) || errors.Is(err, userdir.ErrUnavailable) {
		return userdir.User{}, err
	}
	// After the call, as for a login that turns out to be nobody's: the clock tells nothing.
	waste(ctx, d.o.Passwords, password)()
	if err == nil {
		err = u.Usable()
	}
	if err != nil {
		return userdir.User{}, err
	}
	return u, nil
}

func (d *Directory) verify(ctx context.Context, login, password string) (userdir.User, error) {
	body, err := json.Marshal(map[string]string{"login": login, "password": password})
	if err != nil {
		return userdir.User{}, err
	}
	r, err := http.NewRequest(http.MethodPost, d.o.VerifyURL, bytes.NewReader(body))
	if err != nil {
		return userdir.User{}, err
	}
	r.Header.Set("Content-Type", "application/json")
	status, answer, err := d.send(ctx, r)
	if err != nil {
		return userdir.User{}, err
	}
	switch status {
	case http.StatusOK:
		u, complete, err := d.person(answer)
		if err != nil || complete {
			return u, err
		}
		return d.profile(ctx, userdir.Ref{ID: u.ID})
	case http.StatusUnauthorized:
		return userdir.User{}, userdir.ErrInvalidCredentials
	case http.StatusNotFound:
		return userdir.User{}, userdir.ErrNotFound
	case http.StatusLocked:
		return userdir.User{}, userdir.ErrLocked
	case http.StatusForbidden:
		return userdir.User{}, d.refusal(answer)
	}
	return userdir.User{}, d.call.strange("verify address", status)
}

func (d *Directory) refusal(answer []byte) error {
	var why struct{ Status string }
	if err := userdir.DecodeJSON(answer, &why); err == nil && means[why.Status] != nil {
		return means[why.Status]
	}
	return userdir.Malformed(d.o.ID, "status", "status 403 without a status of disabled, locked, password_expired or second_factor")
}

// means are the words for an account that cannot be used.
var means = map[string]error{
	"disabled": userdir.ErrDisabled, "locked": userdir.ErrLocked, "password_expired": userdir.ErrPasswordExpired, "second_factor": userdir.ErrSecondFactor,
}

// Lookup implements userdir.Directory.
func (d *Directory) Lookup(ctx context.Context, ref userdir.Ref) (userdir.User, error) {
	if ref.ID == "" {
		login, _, err := userdir.Prepare(userdir.Credentials{Login: ref.Login, Password: "any"})
		if err != nil {
			return userdir.User{}, err
		}
		ref.Login = login
	}
	u, err := d.profile(ctx, ref)
	if err == nil && ref.ID != "" && u.ID != ref.ID {
		return userdir.User{}, userdir.Malformed(d.o.ID, "id", "the profile is somebody else's")
	}
	return u, err
}

func (d *Directory) profile(ctx context.Context, ref userdir.Ref) (userdir.User, error) {
	address, err := url.Parse(d.o.ProfileURL)
	if err != nil {
		return userdir.User{}, err
	}
	q := address.Query()
	for name, v := range map[string]string{"id": ref.ID, "login": ref.Login, "profile": ref.Profile} {
		if v != "" {
			q.Set(name, v)
		}
	}
	address.RawQuery = q.Encode()
	r, err := http.NewRequest(http.MethodGet, address.String(), nil)
	if err != nil {
		return userdir.User{}, err
	}
	status, answer, err := d.send(ctx, r)
	switch {
	case err != nil:
		return userdir.User{}, err
	case status == http.StatusNotFound:
		return userdir.User{}, userdir.ErrNotFound
	case status != http.StatusOK:
		return userdir.User{}, d.call.strange("profile address", status)
	}
	u, _, err := d.person(answer)
	return u, err
}

func (d *Directory) send(ctx context.Context, r *http.Request) (int, []byte, error) {
	for name, v := range d.o.Header {
		r.Header.Set(name, v)
	}
	switch {
	case d.o.Bearer != "":
		r.Header.Set("Authorization", "Bearer "+d.o.Bearer.Reveal())
	case d.o.Username != "":
		r.SetBasicAuth(d.o.Username, d.o.Password.Reveal())
	}
	return d.call.do(ctx, r)
}

// person reads the answer; complete says that it has attributes.
func (d *Directory) person(answer []byte) (u userdir.User, complete bool, err error) {
	var p struct {
		ID, Login, Email, Status string
		Groups                   []string
		Attributes               map[string]any
	}
	if err := userdir.DecodeJSON(answer, &p); err != nil {
		return userdir.User{}, false, userdir.Malformed(d.o.ID, strings.ToLower(wrongType(err)), "%v", err)
	}
	for _, f := range [][2]string{{"id", p.ID}, {"login", p.Login}} {
		if f[1] == "" {
			return userdir.User{}, false, userdir.Malformed(d.o.ID, f[0], "it is missing")
		}
	}
	u = userdir.User{ID: p.ID, Login: userdir.Username(p.Login), Status: idp.Status(p.Status), Groups: p.Groups, Attributes: make(idp.Attributes)}
	switch u.Status {
	case "":
		u.Status = idp.Active
	case idp.Active, idp.Disabled, idp.Locked, idp.PasswordExpired:
	default:
		return userdir.User{}, false, userdir.Malformed(d.o.ID, "status", "the status %q is unknown", p.Status)
	}
	for name, v := range p.Attributes {
		if list := userdir.Values(v); len(list) > 0 {
			u.Attributes[name] = list
		}
	}
	u.Attributes = named(u.Attributes, u.Login, p.Email)
	return u, p.Attributes != nil, nil
}

// Columns implements userdir.Columns.
func (d *Directory) Columns(ctx context.Context, ref userdir.Ref) ([]userdir.Column, error) {
	u, err := d.Lookup(ctx, userdir.Ref{Login: ref.Login, Profile: ref.Profile})
	if errors.Is(err, userdir.ErrNotFound) {
		return nil, bad("login", "The directory knows nobody of the login %q.", ref.Login)
	}
	if err != nil {
		return nil, err
	}
	return userdir.ColumnsOf(u.Attributes), nil
}
