package userdir

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cloudsso/idp"
)

// Store keeps who got which subject; idp.Subjects is one.
type Store interface {
	Subject(ctx context.Context, directory, directoryID, candidate string) (string, error)
	SubjectOwner(ctx context.Context, subject string) (directory, directoryID string, err error)
}

// Users is everybody: the chain of directories and the registry of subjects.
type Users struct {
	store     Store
	dirs      []Directory
	passwords *Passwords
	migration *Migration // nil: nobody is copied
}

// Fault is what one directory answered with. Errors of [Users] are one where a
// directory is to blame or to praise.
type Fault struct {
	Directory string // id
	Err       error
}

func (f *Fault) Error() string { return "directory " + f.Directory + ": " + f.Err.Error() }

// Unwrap is for errors.Is and errors.As.
func (f *Fault) Unwrap() error { return f.Err }

// NewUsers asks dirs in this order. passwords does the work for logins that nobody
// knows, so it should be the one that the directories use; nil means the process's own,
// as everywhere in this package. It panics if two directories have the same id: people
// of both would share subjects.
func NewUsers(store Store, dirs []Directory, passwords *Passwords) *Users {
	seen := make(map[string]bool)
	for _, d := range dirs {
		id := d.Info().ID
		if id == "" || seen[id] {
			panic(fmt.Sprintf("userdir: directory id %q is empty or used twice", id))
		}
		seen[id] = true
	}
	return &Users{store: store, dirs: dirs, passwords: orProcess(passwords)}
}

// Authenticate checks a login (a username or an email address) and a password, and
// returns an active person. An unknown login is [ErrInvalidCredentials], as a wrong
// password is. Other errors: [ErrDisabled], [ErrLocked] and [ErrPasswordExpired] after
// the right password, [ErrUnavailable], and the end of ctx.
func (u *Users) Authenticate(ctx context.Context, login, password string) (idp.Person, error) {
	login = Username(login)
	// The sender knows these lengths: refusing before anybody is looked up tells nothing.
	if !plausibleLogin(login) || !plausiblePassword(password) {
		return idp.Person{}, ErrInvalidCredentials
	}
	for _, d := range u.route(login) {
		user, err := d.Authenticate(ctx, Credentials{Login: login, Password: idp.Secret(password)})
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err == nil {
			err = statusError(user.Status)
		}
		if err != nil {
			return idp.Person{}, &Fault{d.Info().ID, err}
		}
		p, err := u.register(ctx, d.Info().ID, user)
		if err == nil && u.migration != nil && u.migration.From == p.Directory {
			return u.migration.copy(ctx, p, password), nil
		}
		return p, err
	}
	if err := u.passwords.Waste(ctx, password); err != nil {
		return idp.Person{}, err
	}
	return idp.Person{}, ErrInvalidCredentials
}

// Person returns what the directory of a subject says about them now, in whatever
// status. Somebody whom the directory (or the configuration) no longer knows has status
// idp.Gone. Errors: [ErrNotFound] for a subject that was never given out, and [ErrUnavailable].
//
// Attack: somebody who was disabled a moment ago refreshes, calls userinfo or opens one
// more application. Decision: always Ref.Fresh. A remembered answer is as old as the
// memory lets it be, and another node's memory is not ours to empty; whoever asks here
// decides whether the person may go on. It costs one question to the directory each time.
func (u *Users) Person(ctx context.Context, subject string) (idp.Person, error) {
	return u.ask(ctx, subject, Ref{Fresh: true})
}

// PersonFor is [Users.Person] with the attributes of another query of the directory, for
// an application that names one. A directory without such queries gives the usual ones.
func (u *Users) PersonFor(ctx context.Context, subject, profile string) (idp.Person, error) {
	return u.ask(ctx, subject, Ref{Fresh: true, Profile: profile})
}

// Remembered is [Users.Person] as a guard may remember it, for what only shows who
// somebody is. It must decide nothing.
func (u *Users) Remembered(ctx context.Context, subject string) (idp.Person, error) {
	return u.ask(ctx, subject, Ref{})
}

func (u *Users) ask(ctx context.Context, subject string, ref Ref) (idp.Person, error) {
	directory, id, err := u.store.SubjectOwner(ctx, subject)
	if err != nil {
		return idp.Person{}, fmt.Errorf("subject: %w", err)
	}
	gone := idp.Person{Subject: subject, Directory: directory, DirectoryID: id, Status: idp.Gone}
	i := slices.IndexFunc(u.dirs, func(d Directory) bool { return d.Info().ID == directory })
	if i < 0 {
		return gone, nil
	}
	ref.ID = id
	user, err := u.dirs[i].Lookup(ctx, ref)
	switch {
	case errors.Is(err, ErrNotFound):
		return gone, nil
	case err != nil:
		return idp.Person{}, &Fault{directory, err}
	case user.ID != id:
		return idp.Person{}, &Fault{directory, errors.New("it answered for somebody else")}
	}
	return person(subject, directory, user), nil
}

func (u *Users) register(ctx context.Context, directory string, user User) (idp.Person, error) {
	if user.ID == "" { // everybody without an id would become one person
		return idp.Person{}, fmt.Errorf("directory %s gave a user without an id", directory)
	}
	subject, err := u.store.Subject(ctx, directory, user.ID, idp.NewID())
	if err != nil {
		return idp.Person{}, fmt.Errorf("subject: %w", err)
	}
	return person(subject, directory, user), nil
}

func person(subject, directory string, u User) idp.Person {
	return idp.Person{
		Subject: subject, Directory: directory, DirectoryID: u.ID,
		Login: u.Login, Status: u.Status, Attributes: u.Attributes, Groups: u.Groups,
	}
}

// route returns the directories to ask for a login: those that claim its domain, or, if
// nobody does, those that claim none.
func (u *Users) route(login string) []Directory {
	_, domain, _ := cutLast(login, "@")
	var claimed, open []Directory
	for _, d := range u.dirs {
		domains := d.Info().Domains
		if len(domains) == 0 {
			open = append(open, d)
		}
		if slices.ContainsFunc(domains, func(s string) bool { return domain != "" && fold(s) == fold(domain) }) {
			claimed = append(claimed, d)
		}
	}
	if claimed != nil {
		return claimed
	}
	return open
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
