package userdir_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/memory"
	"cloudsso/userdir"
	"cloudsso/userdir/userdirtest"
)

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func fixed() time.Time { return start }

func hash(t testing.TB, password string) string {
	t.Helper()
	if password == "" {
		return ""
	}
	h, err := userdir.HashPassword(password)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func localStore(t testing.TB, people []userdirtest.Person) *memory.Store {
	t.Helper()
	store := memory.New(fixed)
	for _, p := range people {
		err := store.CreateUser(t.Context(), idp.User{
			ID: p.ID, Username: p.Username, Email: p.Email, PasswordHash: hash(t, p.Password),
			Disabled: p.Disabled, Groups: p.Groups, Attributes: p.Attributes,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return store
}

func TestLocalPassesTheSuite(t *testing.T) {
	t.Parallel()
	userdirtest.Run(t, func(t *testing.T, people []userdirtest.Person, passwords *userdir.Passwords) userdir.Directory {
		return userdir.NewLocal("local", localStore(t, people), fixed, passwords)
	})
}

func TestLocalFindsAnAddressBehindManyUsers(t *testing.T) {
	t.Parallel()
	store := memory.New(fixed)
	for i := range 1001 { // one more than a list may have
		if err := store.CreateUser(t.Context(), idp.User{ID: fmt.Sprintf("%05d", i), Username: fmt.Sprintf("user%d", i), Email: fmt.Sprintf("u%d@example.com", i)}); err != nil {
			t.Fatal(err)
		}
	}
	dir := userdir.NewLocal("local", store, fixed, nil)
	for _, email := range []string{"u0@example.com", "u999@example.com", "u1000@example.com"} {
		if u, err := dir.Lookup(t.Context(), userdir.Ref{Login: email}); err != nil || u.Attributes.First("email") != email {
			t.Errorf("%s: %v, %v", email, u.ID, err)
		}
	}
}

// weakHash is "correct horse" at 8 MiB and one pass.
func weakHash(t *testing.T) string {
	t.Helper()
	return phcOf("correct horse", 8<<10, 1, 1)
}

func TestAWeakHashIsReplacedAtTheNextSignIn(t *testing.T) {
	t.Parallel()
	store := memory.New(fixed)
	if err := store.CreateUser(t.Context(), idp.User{ID: "1", Username: "ann", PasswordHash: weakHash(t)}); err != nil {
		t.Fatal(err)
	}
	dir := userdir.NewLocal("local", store, fixed, nil)
	try := func(password string) error {
		_, err := dir.Authenticate(t.Context(), userdir.Credentials{Login: "ann", Password: idp.Secret(password)})
		return err
	}
	if err := try("wrong horse"); !errors.Is(err, userdir.ErrInvalidCredentials) {
		t.Fatal(err)
	}
	if u, _ := store.User(t.Context(), "1"); u.PasswordHash != weakHash(t) {
		t.Error("a wrong password changed the hash")
	}
	for range 2 {
		if err := try("correct horse"); err != nil {
			t.Fatal(err)
		}
	}
	u, _ := store.User(t.Context(), "1")
	if !strings.HasPrefix(u.PasswordHash, "$argon2id$v=19$m=19456,t=2,p=1$") || u.Version != 2 {
		t.Errorf("hash %s in version %d, want today's costs, written once", u.PasswordHash[:30], u.Version)
	}
}

// readOnly is a store whose writes fail.
type readOnly struct{ *memory.Store }

func (readOnly) UpdateUser(context.Context, idp.User) error { return idp.ErrUnavailable }

func TestASignInSurvivesARehashThatFails(t *testing.T) {
	t.Parallel()
	store := memory.New(fixed)
	if err := store.CreateUser(t.Context(), idp.User{ID: "1", Username: "ann", PasswordHash: weakHash(t)}); err != nil {
		t.Fatal(err)
	}
	r := new(idp.Request)
	_, err := userdir.NewLocal("local", readOnly{store}, fixed, nil).Authenticate(idp.WithRequest(t.Context(), r), userdir.Credentials{Login: "ann", Password: "correct horse"})
	if err != nil {
		t.Error(err)
	}
	if notes := r.Notes(); len(notes) != 1 || notes[0].Key != "rehash_error" {
		t.Errorf("notes = %v, want the failed write", notes)
	}
}

func TestTheColumnsWinOverAttributesOfTheSameName(t *testing.T) {
	t.Parallel()
	store := memory.New(fixed)
	err := store.CreateUser(t.Context(), idp.User{ID: "1", Username: "ann", Email: "ann@example.com", Attributes: idp.Attributes{"email": {"boss@example.com"}, "username": {"boss"}}})
	if err != nil {
		t.Fatal(err)
	}
	u, err := userdir.NewLocal("local", store, fixed, nil).Lookup(t.Context(), userdir.Ref{ID: "1"})
	if err != nil || u.Attributes.First("email") != "ann@example.com" || u.Attributes.First("username") != "ann" {
		t.Errorf("attributes %v, %v", u.Attributes, err)
	}
}

// broken is a store that answers with an error.
type broken struct{ err error }

func (b broken) User(context.Context, string) (idp.User, error)           { return idp.User{}, b.err }
func (b broken) UserByUsername(context.Context, string) (idp.User, error) { return idp.User{}, b.err }
func (b broken) UpdateUser(context.Context, idp.User) error               { return b.err }
func (b broken) Group(context.Context, string) (idp.Group, error)         { return idp.Group{}, b.err }
func (b broken) UsersByEmail(context.Context, string) ([]idp.User, error) { return nil, b.err }

func TestAStoreThatIsDownIsNotAWrongPassword(t *testing.T) {
	t.Parallel()
	store := memory.New(fixed)
	subject, err := store.Subject(t.Context(), "local", "1", "s")
	if err != nil {
		t.Fatal(err)
	}
	users := userdir.NewUsers(store, []userdir.Directory{userdir.NewLocal("local", broken{idp.ErrUnavailable}, fixed, nil)}, nil)
	for _, login := range []string{"ann", "ann@example.com"} {
		if _, err := users.Authenticate(t.Context(), login, "correct horse"); !errors.Is(err, userdir.ErrUnavailable) || errors.Is(err, userdir.ErrInvalidCredentials) {
			t.Errorf("%s: %v, want ErrUnavailable", login, err)
		}
	}
	if _, err := users.Person(t.Context(), subject); !errors.Is(err, userdir.ErrUnavailable) {
		t.Errorf("Person: %v, want ErrUnavailable: nobody is gone because a store is down", err)
	}
}

func TestAStoredHashThatCannotBeReadIsOurFault(t *testing.T) {
	t.Parallel()
	store := memory.New(fixed)
	if err := store.CreateUser(t.Context(), idp.User{ID: "1", Username: "ann", PasswordHash: "$argon2id$broken"}); err != nil {
		t.Fatal(err)
	}
	users := userdir.NewUsers(store, []userdir.Directory{userdir.NewLocal("local", store, fixed, nil)}, nil)
	_, err := users.Authenticate(t.Context(), "ann", "correct horse")
	if err == nil || errors.Is(err, userdir.ErrInvalidCredentials) || idp.AsError(err).Code != idp.Internal {
		t.Errorf("error = %v, want an internal one: the person typed the right thing", err)
	}
	if strings.Contains(err.Error(), "broken") {
		t.Error("the error repeats the hash")
	}
}

// TestAFreshHashIsNotWrittenOverAChange: an admin disables the account while its owner
// signs in; hashing again must not undo that.
func TestAFreshHashIsNotWrittenOverAChange(t *testing.T) {
	t.Parallel()
	store := memory.New(fixed)
	if err := store.CreateUser(t.Context(), idp.User{ID: "1", Username: "ann", PasswordHash: weakHash(t)}); err != nil {
		t.Fatal(err)
	}
	racing := &disabling{Store: store}
	if _, err := userdir.NewLocal("local", racing, fixed, nil).Authenticate(t.Context(), userdir.Credentials{Login: "ann", Password: "correct horse"}); err != nil {
		t.Fatal(err)
	}
	if u, _ := store.User(t.Context(), "1"); !u.Disabled || u.PasswordHash != weakHash(t) {
		t.Errorf("the account is enabled again: %+v", u)
	}
}

// disabling is a store in which somebody else disables the user right before the update.
type disabling struct{ *memory.Store }

func (d *disabling) UpdateUser(ctx context.Context, u idp.User) error {
	other, err := d.User(ctx, u.ID)
	if err != nil {
		return err
	}
	other.Disabled = true
	if err := d.Store.UpdateUser(ctx, other); err != nil {
		return err
	}
	return d.Store.UpdateUser(ctx, u)
}
