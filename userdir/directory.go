package userdir

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

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
	//   ErrSecondFactor        the password alone does not do there; nobody else is asked
	//   ErrUnavailable         the directory did not answer, or with nonsense (ErrMalformed); nobody else is asked
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
	Kind    string   // "local", "file", "ldap", "http", "imis", "sql"
	Domains []string // what follows the @ in logins that this directory alone is asked for; empty: any other login
}

// Credentials are what a person typed.
type Credentials struct {
	Login    string // a username or an email address
	Password idp.Secret
}

// Ref names a person of one directory by exactly one of ID and Login.
type Ref struct {
	ID      string // stable id
	Login   string // as in Credentials
	Profile string // the query that an app wants its attributes from; empty, or a directory without such queries: the usual ones
	Fresh   bool   // a remembered answer will not do: whoever was disabled a moment ago must not pass
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

	// ErrSecondFactor: the password may be right, but the directory wants a second factor
	// that only its own sign-in page can ask for. It is an *idp.Error with a sentence for the person.
	ErrSecondFactor error = idp.Errorf(idp.Forbidden, "Your organisation's directory asks for a second factor when your password is used, and that cannot be answered from here. Please ask your administrator how you sign in to applications.")

	// ErrMalformed: the directory answered, and the answer cannot be used. It is an
	// ErrUnavailable too, so that nobody is signed out for it.
	ErrMalformed = fmt.Errorf("malformed answer: %w", ErrUnavailable)
)

// Malformed is an ErrMalformed that names the field of the answer.
func Malformed(directory, field, format string, args ...any) error {
	return idp.Errorf(idp.Unavailable, "The directory gave an answer about this account that cannot be used. Please tell your administrator.").
		On(field).Because(fmt.Errorf("directory %s: %s: %w", directory, fmt.Sprintf(format, args...), ErrMalformed))
}

// Usable is the answer to a right password: nil for an active account, else
// [ErrDisabled], [ErrLocked] or [ErrPasswordExpired].
func (u User) Usable() error { return statusError(u.Status) }

// Columns is implemented by directories that can say which attributes a query gives.
type Columns interface {
	// Columns runs the query ref.Profile for the person ref.Login. An *idp.Error of code
	// idp.Invalid says what an admin has to mend.
	Columns(ctx context.Context, ref Ref) ([]Column, error)
}

// Column is one attribute of an answer.
type Column struct {
	Name   string // exactly as the source gave it
	Type   string // "text", "number", "boolean", "object"
	Values int    // how many there were
	Sample []any  // the first of them
}

const maxSample = 3

// ColumnsOf describes attributes, sorted by name.
func ColumnsOf(a idp.Attributes) []Column {
	var out []Column
	for _, name := range slices.Sorted(maps.Keys(a)) {
		c := Column{Name: name, Type: "text", Values: len(a[name]), Sample: a[name][:min(len(a[name]), maxSample)]}
		if len(a[name]) > 0 {
			switch a[name][0].(type) {
			case bool:
				c.Type = "boolean"
			case float64:
				c.Type = "number"
			case map[string]any:
				c.Type = "object"
			}
		}
		out = append(out, c)
	}
	return out
}

// As finds the first directory below d that has the further power T, such as [Columns].
func As[T any](d Directory) (T, bool) {
	for {
		if power, ok := d.(T); ok {
			return power, true
		}
		w, ok := d.(interface{ Unwrap() Directory })
		if !ok {
			var none T
			return none, false
		}
		d = w.Unwrap()
	}
}

// Route makes d the directory for logins of these domains ("example.com" for
// ann@example.com) and for no other login. Case does not matter.
func Route(d Directory, domains ...string) Directory { return routed{d, domains} }

type routed struct {
	Directory
	domains []string
}

// Unwrap is for [As].
func (r routed) Unwrap() Directory { return r.Directory }

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
