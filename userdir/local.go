package userdir

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"time"

	"cloudsso/idp"
)

// LocalStore is what the built-in directory needs of idp.Users.
type LocalStore interface {
	User(ctx context.Context, id string) (idp.User, error)
	UserByUsername(ctx context.Context, username string) (idp.User, error)
	UpdateUser(ctx context.Context, u idp.User) error
	UsersByEmail(ctx context.Context, email string) ([]idp.User, error)
	Group(ctx context.Context, name string) (idp.Group, error)
}

// Local is the built-in directory: people that this provider keeps itself.
type Local struct {
	id        string
	store     LocalStore
	now       func() time.Time
	passwords *Passwords
}

// NewLocal makes the directory with this id over the users in store. Accounts end, by
// the clock now, at their time.
func NewLocal(id string, store LocalStore, now func() time.Time, passwords *Passwords) *Local {
	return &Local{id: id, store: store, now: now, passwords: orProcess(passwords)}
}

// Info implements [Directory].
func (l *Local) Info() Info { return Info{ID: l.id, Kind: "local"} }

// Authenticate implements [Directory]. A right password whose hash is weaker than
// today's is hashed again.
func (l *Local) Authenticate(ctx context.Context, c Credentials) (User, error) {
	u, err := l.find(ctx, c.Login)
	if errors.Is(err, errAmbiguous) {
		_, err = l.passwords.check(ctx, "", c.Password.Reveal())
		return User{}, err
	}
	if err != nil {
		return User{}, err
	}
	rehash, err := l.passwords.check(ctx, u.PasswordHash, c.Password.Reveal())
	if err != nil {
		return User{}, err
	}
	user, err := l.user(ctx, u)
	if err == nil {
		err = statusError(user.Status)
	}
	if err != nil {
		return User{}, err
	}
	if rehash {
		l.rehash(ctx, u, c.Password.Reveal())
	}
	return user, nil
}

// Lookup implements [Directory].
func (l *Local) Lookup(ctx context.Context, ref Ref) (User, error) {
	u, err := l.refer(ctx, ref)
	if errors.Is(err, errAmbiguous) {
		err = ErrNotFound
	}
	if err != nil {
		return User{}, err
	}
	return l.user(ctx, u)
}

func (l *Local) refer(ctx context.Context, ref Ref) (idp.User, error) {
	if ref.ID != "" {
		return l.store.User(ctx, ref.ID)
	}
	return l.find(ctx, ref.Login)
}

// rehash is worth trying, never worth failing a sign-in for: the next one tries again.
func (l *Local) rehash(ctx context.Context, u idp.User, password string) {
	hash, err := l.passwords.Hash(ctx, password)
	if err == nil {
		u.PasswordHash = hash
		err = l.store.UpdateUser(ctx, u)
	}
	if err != nil {
		idp.Note(ctx, slog.String("rehash_error", err.Error()))
	}
}

var errAmbiguous = errors.New("several users have this email address")

// find returns the user with this username, or the only one with this email address.
//
// Attack: somebody sets a victim's username as their own email address, or shares one,
// and waits for the victim's sign-in to reach their account, or the other way round.
// Decision: a username always wins, and an address that two people have is nobody's.
// Both are looked for in either case, so that the time taken does not tell which it was.
func (l *Local) find(ctx context.Context, login string) (idp.User, error) {
	login = Username(login)
	if !plausibleLogin(login) {
		return idp.User{}, ErrNotFound
	}
	var same []idp.User
	if strings.Contains(login, "@") {
		var err error
		if same, err = l.store.UsersByEmail(ctx, login); err != nil {
			return idp.User{}, fmt.Errorf("users by email: %w", err)
		}
	}
	u, err := l.store.UserByUsername(ctx, login)
	switch {
	case !errors.Is(err, idp.ErrNotFound):
		return u, err
	case len(same) == 1:
		return same[0], nil
	case len(same) > 1:
		return idp.User{}, errAmbiguous
	}
	return idp.User{}, ErrNotFound
}

func (l *Local) user(ctx context.Context, u idp.User) (User, error) {
	status := idp.Active
	if u.Disabled || !u.ExpiresAt.IsZero() && !l.now().Before(u.ExpiresAt) {
		status = idp.Disabled
	}
	groups, err := l.groups(ctx, u.Groups)
	if err != nil {
		return User{}, err
	}
	return User{ID: u.ID, Login: u.Username, Status: status, Attributes: withNames(u.Attributes, u.Username, u.Email), Groups: groups}, nil
}

// withNames adds what a directory knows as columns to its attributes. The columns win:
// the address that somebody signs in with is the address that apps are told.
func withNames(a idp.Attributes, username, email string) idp.Attributes {
	out := make(idp.Attributes, len(a)+2)
	maps.Copy(out, a)
	out["username"] = []any{username}
	if email != "" {
		out["email"] = []any{email}
	}
	return out
}
