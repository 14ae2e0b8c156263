package userdir_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"cloudsso/idp"
	"cloudsso/idp/memory"
	"cloudsso/userdir"
	"cloudsso/userdir/userdirtest"
)

// fake is a directory with one answer to everything.
type fake struct {
	id    string
	user  userdir.User
	err   error
	asked int
}

func (f *fake) Info() userdir.Info { return userdir.Info{ID: f.id, Kind: "fake"} }
func (f *fake) Authenticate(context.Context, userdir.Credentials) (userdir.User, error) {
	f.asked++
	return f.user, f.err
}
func (f *fake) Lookup(context.Context, userdir.Ref) (userdir.User, error) { return f.user, f.err }

func active(id string) userdir.User { return userdir.User{ID: id, Login: "ann", Status: idp.Active} }

func TestTheChainGoesOnOnlyPastDirectoriesThatKnowNobody(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		first *fake
		err   error
		asked int // is the second one?
	}{
		"the first knows them":              {&fake{user: active("1")}, nil, 0},
		"the first knows nobody":            {&fake{err: userdir.ErrNotFound}, nil, 1},
		"a wrong password stops":            {&fake{err: userdir.ErrInvalidCredentials}, userdir.ErrInvalidCredentials, 0},
		"a directory that is down stops":    {&fake{err: userdir.ErrUnavailable}, userdir.ErrUnavailable, 0},
		"a disabled account stops":          {&fake{err: userdir.ErrDisabled}, userdir.ErrDisabled, 0},
		"a locked account stops":            {&fake{err: userdir.ErrLocked}, userdir.ErrLocked, 0},
		"an expired password stops":         {&fake{err: userdir.ErrPasswordExpired}, userdir.ErrPasswordExpired, 0},
		"the end of the context stops":      {&fake{err: context.Canceled}, context.Canceled, 0},
		"a disabled user without error":     {&fake{user: userdir.User{ID: "1", Status: idp.Disabled}}, userdir.ErrDisabled, 0},
		"a locked user without error":       {&fake{user: userdir.User{ID: "1", Status: idp.Locked}}, userdir.ErrLocked, 0},
		"an expired user without error":     {&fake{user: userdir.User{ID: "1", Status: idp.PasswordExpired}}, userdir.ErrPasswordExpired, 0},
		"a user of no status is not let in": {&fake{user: userdir.User{ID: "1"}}, userdir.ErrDisabled, 0},
		"a user who is gone is not let in":  {&fake{user: userdir.User{ID: "1", Status: idp.Gone}}, userdir.ErrDisabled, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c.first.id = "first"
			second := &fake{id: "second", user: active("1")}
			p, err := userdir.NewUsers(memory.New(fixed), []userdir.Directory{c.first, second}, nil).Authenticate(t.Context(), "ann", "correct horse")
			if !errors.Is(err, c.err) || second.asked != c.asked {
				t.Errorf("error %v, second asked %d times; want %v, %d", err, second.asked, c.err, c.asked)
			}
			if (err == nil) != (p.Subject != "") {
				t.Errorf("person %+v with error %v", p, err)
			}
		})
	}
}

func TestEveryAttemptCostsOneHash(t *testing.T) {
	t.Parallel()
	passwords := userdir.NewPasswords(0)
	store := localStore(t, userdirtest.People())
	second := memory.New(fixed)
	if err := second.CreateUser(t.Context(), idp.User{ID: "1", Username: "sue", PasswordHash: hash(t, "sue's password")}); err != nil {
		t.Fatal(err)
	}
	users := userdir.NewUsers(store, []userdir.Directory{userdir.NewLocal("one", store, fixed, passwords), userdir.NewLocal("two", second, fixed, passwords)}, passwords)
	for name, c := range map[string]struct {
		login, password string
		err             error
		hashes          int64
	}{
		"right, first directory":    {"ann", "correct horse", nil, 1},
		"wrong, first directory":    {"ann", "guessing", userdir.ErrInvalidCredentials, 1},
		"right, second directory":   {"sue", "sue's password", nil, 1},
		"wrong, second directory":   {"sue", "guessing", userdir.ErrInvalidCredentials, 1},
		"nobody":                    {"nobody", "guessing", userdir.ErrInvalidCredentials, 1},
		"nobody's address":          {"nobody@example.com", "guessing", userdir.ErrInvalidCredentials, 1},
		"an address of two":         {"shared@example.com", "carl's password", userdir.ErrInvalidCredentials, 1},
		"without a password":        {"nopass", "guessing", userdir.ErrInvalidCredentials, 1},
		"disabled, wrong":           {"bob", "guessing", userdir.ErrInvalidCredentials, 1},
		"disabled, right":           {"bob", "bob's own password", userdir.ErrDisabled, 1},
		"an empty password":         {"ann", "", userdir.ErrInvalidCredentials, 0},
		"an empty password, nobody": {"nobody", "", userdir.ErrInvalidCredentials, 0},
		"a huge password":           {"ann", strings.Repeat("x", 1025), userdir.ErrInvalidCredentials, 0},
		"a huge password, nobody":   {"nobody", strings.Repeat("x", 1025), userdir.ErrInvalidCredentials, 0},
		"an empty login":            {"  ", "guessing", userdir.ErrInvalidCredentials, 0},
		"a huge login":              {strings.Repeat("a", 257), "guessing", userdir.ErrInvalidCredentials, 0},
		"a zero byte in the login":  {"ann\x00", "correct horse", userdir.ErrInvalidCredentials, 0},
	} {
		before := passwords.Evaluations()
		_, err := users.Authenticate(t.Context(), c.login, c.password)
		if !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", name, err, c.err)
		}
		if got := passwords.Evaluations() - before; got != c.hashes {
			t.Errorf("%s: %d hashes, want %d", name, got, c.hashes)
		}
	}
}

func TestASubjectStaysWithThePerson(t *testing.T) {
	t.Parallel()
	store := localStore(t, userdirtest.People())
	users := userdir.NewUsers(store, []userdir.Directory{userdir.NewLocal("local", store, fixed, nil)}, nil)
	first, err := users.Authenticate(t.Context(), "ann", "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if len(first.Subject) != 26 || first.Directory != "local" || first.DirectoryID != "1" || first.Login != "ann" || first.Status != idp.Active || len(first.Groups) != 2 {
		t.Errorf("person = %+v", first)
	}
	u, err := store.User(t.Context(), "1")
	if err != nil {
		t.Fatal(err)
	}
	u.Username, u.Email, u.Disabled = "ann.smith", "ann.smith@example.com", true
	if err := store.UpdateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	p, err := users.Person(t.Context(), first.Subject)
	if err != nil || p.Login != "ann.smith" || p.Status != idp.Disabled || p.Attributes.First("email") != "ann.smith@example.com" {
		t.Errorf("renamed and disabled: %+v, %v", p, err)
	}
	if err := store.DeleteUser(t.Context(), "1", 0); err != nil {
		t.Fatal(err)
	}
	p, err = users.Person(t.Context(), first.Subject)
	if err != nil || p.Status != idp.Gone || p.Subject != first.Subject || p.DirectoryID != "1" || len(p.Attributes) != 0 {
		t.Errorf("deleted: %+v, %v", p, err)
	}
}

func TestTheSameIDInTwoDirectoriesIsTwoPeople(t *testing.T) {
	t.Parallel()
	store := memory.New(fixed)
	one, two := &fake{id: "one", user: active("1")}, &fake{id: "two", user: active("1")}
	users := userdir.NewUsers(store, []userdir.Directory{userdir.Route(one, "one.example"), userdir.Route(two, "two.example")}, nil)
	a, err := users.Authenticate(t.Context(), "ann@one.example", "x")
	if err != nil {
		t.Fatal(err)
	}
	b, err := users.Authenticate(t.Context(), "ann@two.example", "x")
	if err != nil || a.Subject == b.Subject || a.Directory == b.Directory {
		t.Errorf("%+v and %+v, %v", a, b, err)
	}
}

func TestPersonSaysWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	store := memory.New(fixed)
	dir := &fake{id: "one", user: active("1")}
	users := userdir.NewUsers(store, []userdir.Directory{dir}, nil)
	p, err := users.Authenticate(t.Context(), "ann", "x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := users.Person(t.Context(), "nobody"); !errors.Is(err, idp.ErrNotFound) {
		t.Errorf("an unknown subject: %v, want ErrNotFound", err)
	}
	dir.err = userdir.ErrUnavailable
	if _, err := users.Person(t.Context(), p.Subject); !errors.Is(err, userdir.ErrUnavailable) {
		t.Errorf("a directory that is down: %v, want ErrUnavailable and not a person who is gone", err)
	}
	dir.err, dir.user = nil, active("2")
	if got, err := users.Person(t.Context(), p.Subject); err == nil {
		t.Errorf("the directory answered for somebody else and that was taken: %+v", got)
	}
	without := userdir.NewUsers(store, []userdir.Directory{&fake{id: "other"}}, nil)
	if got, err := without.Person(t.Context(), p.Subject); err != nil || got.Status != idp.Gone {
		t.Errorf("the directory was removed: %+v, %v; want gone", got, err)
	}
}

func TestAUserWithoutAnIDIsRefused(t *testing.T) {
	t.Parallel()
	users := userdir.NewUsers(memory.New(fixed), []userdir.Directory{&fake{id: "one", user: active("")}}, nil)
	if p, err := users.Authenticate(t.Context(), "ann", "x"); err == nil {
		t.Errorf("%+v was let in", p)
	}
}

func TestRouting(t *testing.T) {
	t.Parallel()
	for login, want := range map[string]string{
		"ann":                     "open",
		"ann@elsewhere.org":       "open",
		"ann@corp.example":        "corp",
		"ann@CORP.example":        "corp",
		"ann@sub.corp.example":    "open",
		"x@corp.example@evil.org": "open",
		"ann@":                    "open",
		"corp.example":            "open",
	} {
		open, corp := &fake{id: "open", user: active("1")}, &fake{id: "corp", user: active("1")}
		users := userdir.NewUsers(memory.New(fixed), []userdir.Directory{open, userdir.Route(corp, "Corp.Example")}, nil)
		p, err := users.Authenticate(t.Context(), login, "x")
		if err != nil || p.Directory != want || open.asked+corp.asked != 1 {
			t.Errorf("%s: asked %q, %v; want %s alone", login, p.Directory, err, want)
		}
	}
}

func TestNewUsersRefusesDirectoriesOfOneID(t *testing.T) {
	t.Parallel()
	for name, ids := range map[string][]string{"twice": {"a", "a"}, "empty": {""}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			var dirs []userdir.Directory
			for _, id := range ids {
				dirs = append(dirs, &fake{id: id})
			}
			userdir.NewUsers(memory.New(fixed), dirs, nil)
		}()
	}
}

// TestWhoMayGoOnIsNeverAnsweredFromMemory: the guard remembers the sign-in; what happened
// to the person since then counts all the same.
func TestWhoMayGoOnIsNeverAnsweredFromMemory(t *testing.T) {
	t.Parallel()
	dir := &fake{id: "corp", user: active("1")}
	users := userdir.NewUsers(memory.New(fixed), []userdir.Directory{userdir.Guard(dir, userdir.GuardOptions{Now: fixed})}, nil)
	p, err := users.Authenticate(t.Context(), "ann", "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		status idp.Status
		err    error
	}{
		"active":                       {idp.Active, nil},
		"disabled":                     {idp.Disabled, nil},
		"locked":                       {idp.Locked, nil},
		"not known any more":           {idp.Gone, userdir.ErrNotFound},
		"nobody answers, so no answer": {"", userdir.ErrUnavailable},
	} {
		dir.user.Status, dir.err = c.status, c.err
		got, err := users.Person(t.Context(), p.Subject)
		if got.Status != c.status || errors.Is(c.err, userdir.ErrUnavailable) != errors.Is(err, userdir.ErrUnavailable) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}
