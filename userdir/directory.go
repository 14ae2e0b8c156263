package userdir

import (
	"context"
	"errors"

	"cloudsso/idp"
)

// Directory is all that a source of people must do. It is safe for concurrent use, and
// what it hands out is the caller's own.
type Directory interface {
	Info() Info
	// Authenticate checks a password. The errors decide what happens next:
	//   ErrNotFound            nobody here has this login; no password work was done; the next directory is asked
	//   ErrInvalidCredentials  the password is wrong; nobody else is asked
	//   ErrDisabled, ErrLocked, ErrPasswordExpired   the password is right, the account is not usable
	//   ErrUnavailable         the directory did not answer; nobody else is asked
	// Somebody who is known here costs one password check whatever the answer, so that
	// the time taken tells nothing.
	Authenticate(ctx context.Context, c Credentials) (User, error)
	// Lookup returns attributes and status as they are now, for people in any status.
	// ErrNotFound if there is nobody, ErrUnavailable if the directory did not answer.
	Lookup(ctx context.Context, ref Ref) (User, error)
}

// Info describes a directory.
type Info struct {
	ID      string   // ours, from the configuration; never changes, since subjects hang on it
	Kind    string   // "local", "file"
	Domains []string // what follows the @ in logins that this directory alone is asked for; empty: any other login
}

// Credentials are what a person typed.
type Credentials struct {
	Login    string // a username or an email address
	Password idp.Secret
}

// Ref names a person of one directory by exactly one of its fields.
type Ref struct {
	ID    string // stable id
	Login string // as in Credentials
}

// User is what one directory says about a person.
type User struct {
	ID         string // stable in this directory and never reused
	Login      string // username
	Status     idp.Status
	Attributes idp.Attributes // names exactly as the source gave them
	Groups     []string
}

// What a directory may answer with; compared with errors.Is. ErrNotFound and
// ErrUnavailable are the kernel's own.
var (
	ErrInvalidCredentials = errors.New("the user name or the password is wrong")
	ErrDisabled           = errors.New("the account is disabled")
	ErrLocked             = errors.New("the account is locked")
	ErrPasswordExpired    = errors.New("the password has expired")
	ErrNotFound           = idp.ErrNotFound
	ErrUnavailable        = idp.ErrUnavailable
)

// Route makes d the directory for logins of these domains ("example.com" for
// ann@example.com) and for no other login. Case does not matter.
func Route(d Directory, domains ...string) Directory { return routed{d, domains} }

type routed struct {
	Directory
	domains []string
}

func (r routed) Info() Info {
	i := r.Directory.Info()
	i.Domains = append([]string(nil), r.domains...)
	return i
}

// statusError is the answer to a right password for an account in this status.
func statusError(s idp.Status) error {
	switch s {
	case idp.Active:
		return nil
	case idp.Locked:
		return ErrLocked
	case idp.PasswordExpired:
		return ErrPasswordExpired
	}
	return ErrDisabled
}
