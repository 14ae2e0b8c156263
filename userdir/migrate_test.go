package userdir_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"sync"
	"testing"

	"cloudsso/idp"
	"cloudsso/idp/memory"
	"cloudsso/userdir"
)

// old is a directory that people leave: it knows one password.
type old struct {
	*fake
	mu sync.Mutex
}

func (o *old) Authenticate(_ context.Context, c userdir.Credentials) (userdir.User, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked++
	switch {
	case o.err != nil:
		return userdir.User{}, o.err
	case !userdir.Same(c.Login, "ann"):
		return userdir.User{}, userdir.ErrNotFound
	case c.Password != "correct horse":
		return userdir.User{}, userdir.ErrInvalidCredentials
	}
	return o.user, nil
}

type refusing struct {
	*memory.Store
	create, move error
}

func (r *refusing) CreateUser(ctx context.Context, u idp.User) error {
	if r.create != nil {
		return r.create
	}
	return r.Store.CreateUser(ctx, u)
}

func (r *refusing) MoveSubject(ctx context.Context, directory, directoryID, subject string) error {
	if r.move != nil {
		return r.move
	}
	return r.Store.MoveSubject(ctx, directory, directoryID, subject)
}

func migrating(t *testing.T) (*userdir.Users, *old, *refusing, *events) {
	t.Helper()
	store, e := &refusing{Store: memory.New(fixed)}, new(events)
	from := &old{fake: &fake{id: "old", user: userdir.User{
		ID: "o-1", Login: "Ann", Status: idp.Active, Groups: []string{"staff"},
		Attributes: idp.Attributes{"username": {"Ann"}, "email": {"ann@example.com"}, "given_name": {"Ann"}, "roles": {"a", "b"}},
	}}}
	users := userdir.NewUsers(store, []userdir.Directory{userdir.NewLocal("local", store, fixed, nil), from}, nil)
	users.Migrate(userdir.Migration{From: "old", To: "local", Store: store, Events: e, Now: fixed})
	return users, from, store, e
}

// TestPeopleAreCopiedWhenTheySignIn: with what belongs to them, once, and as the same person.
func TestPeopleAreCopiedWhenTheySignIn(t *testing.T) {
	t.Parallel()
	users, from, store, e := migrating(t)
	before, err := store.Subject(t.Context(), "old", "o-1", "subject-of-before") // they were here before
	if err != nil {
		t.Fatal(err)
	}
	if _, err := users.Authenticate(t.Context(), "ann", "wrong"); !errors.Is(err, userdir.ErrInvalidCredentials) || e.names() != "" {
		t.Fatalf("a wrong password: %v, %s", err, e.names())
	}
	p, err := users.Authenticate(t.Context(), "ann", "correct horse")
	if err != nil || p.Subject != before || p.Directory != "local" {
		t.Fatalf("%+v, %v", p, err)
	}
	u, err := store.UserByUsername(t.Context(), "ann")
	want := idp.Attributes{"given_name": {"Ann"}, "roles": {"a", "b"}}
	if err != nil || u.Username != "Ann" || u.Email != "ann@example.com" || !reflect.DeepEqual(u.Attributes, want) || !slices.Equal(u.Groups, []string{"staff"}) || u.PasswordHash[:10] != "$argon2id$" {
		t.Errorf("%+v, %v", u, err)
	}
	if e.names() != idp.EventUserMigrated || e.all[0].Subject != before || e.all[0].Detail["directory"] != "old" || e.all[0].Detail["directory_id"] != "o-1" || e.all[0].Detail["user"] != u.ID {
		t.Errorf("events: %+v", e.all)
	}
	asked := from.asked
	again, err := users.Authenticate(t.Context(), "ann@example.com", "correct horse")
	if err != nil || again.Subject != before || again.DirectoryID != u.ID || from.asked != asked {
		t.Errorf("the second time: %+v, %v; the old directory was asked %d times more", again, err, from.asked-asked)
	}
	if now, err := users.Person(t.Context(), before); err != nil || now.Directory != "local" || now.Status != idp.Active {
		t.Errorf("who they are: %+v, %v", now, err)
	}
	// From now on they are ours: gone there does not matter, disabled here does.
	from.fake.user, from.err = userdir.User{}, userdir.ErrNotFound
	u.Disabled = true
	if err := store.UpdateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	if _, err := users.Authenticate(t.Context(), "ann", "correct horse"); !errors.Is(err, userdir.ErrDisabled) {
		t.Errorf("disabled: %v", err)
	}
}

// TestAMigrationThatFailsIsNoSignInThatFails: they are who they were, nothing half is
// left behind, and the next sign-in tries again.
func TestAMigrationThatFailsIsNoSignInThatFails(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(*refusing){
		"nobody can be added": func(r *refusing) { r.create = idp.ErrUnavailable },
		"the name was taken":  func(r *refusing) { r.create = idp.ErrConflict },
		"nobody can be moved": func(r *refusing) { r.move = idp.ErrUnavailable },
	} {
		users, _, store, _ := migrating(t)
		fault(store)
		p, err := users.Authenticate(t.Context(), "ann", "correct horse")
		if err != nil || p.Directory != "old" || p.Subject == "" {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
		if _, err := store.UserByUsername(t.Context(), "ann"); !errors.Is(err, idp.ErrNotFound) {
			t.Errorf("%s: half a copy was left: %v", name, err)
		}
		store.create, store.move = nil, nil
		again, err := users.Authenticate(t.Context(), "ann", "correct horse")
		if err != nil || again.Directory != "local" || again.Subject != p.Subject {
			t.Errorf("%s, the next time: %+v, %v", name, again, err)
		}
	}
}

// TestTwoTabsCopyOnePerson: at once.
func TestTwoTabsCopyOnePerson(t *testing.T) {
	t.Parallel()
	users, _, store, _ := migrating(t)
	var wg sync.WaitGroup
	subjects := make([]string, 4)
	for i := range subjects {
		wg.Go(func() {
			p, err := users.Authenticate(t.Context(), "ann", "correct horse")
			if err != nil {
				t.Error(err)
			}
			subjects[i] = p.Subject
		})
	}
	wg.Wait()
	if list, err := store.Users(t.Context(), idp.Page{Limit: 10}); err != nil || len(list) != 1 {
		t.Errorf("%d copies, %v", len(list), err)
	}
	if slices.ContainsFunc(subjects, func(s string) bool { return s != subjects[0] || s == "" }) {
		t.Errorf("subjects %v", subjects)
	}
}
