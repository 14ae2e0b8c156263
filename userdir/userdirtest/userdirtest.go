// Package userdirtest is the one suite that every userdir.Directory must pass, whole.
//
// The factory of a backend is given the people that its directory must hold and returns
// the directory. [Run] then walks the contract: whose login is whose, which error says
// what, what a caller may do to what it was given.
package userdirtest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"cloudsso/idp"
	"cloudsso/userdir"
)

// Person is one whom the factory puts into the directory.
type Person struct {
	ID, Username, Email string
	Password            string // "": the account has none
	Disabled            bool
	Groups              []string
	Attributes          idp.Attributes
}

// Factory returns a directory that holds exactly these people and hashes with passwords.
type Factory func(t *testing.T, people []Person, passwords *userdir.Passwords) userdir.Directory

// People are whom [Run] asks for.
func People() []Person {
	return []Person{
		{
			ID: "1", Username: "ann", Email: "ann@example.com", Password: "correct horse", Groups: []string{"staff", "editors"},
			Attributes: idp.Attributes{
				"given_name": {"Ann"}, "member": {true}, "level": {3.5}, "df_access": {"red:admin", "blue:viewer"},
				"address": {map[string]any{"locality": "Zürich"}}, "urn:oid:2.5.4.42": {"Ann"},
			},
		},
		{ID: "2", Username: "Bob", Email: "bob@example.com", Password: "bob's own password", Disabled: true},
		{ID: "3", Username: "nopass", Email: "nopass@example.com"},
		{ID: "4", Username: "carl", Email: "shared@example.com", Password: "carl's password"},
		{ID: "5", Username: "cora", Email: "Shared@Example.com", Password: "cora's password"},
		// dora's username is eve's address: whoever types it means dora.
		{ID: "6", Username: "eve@example.com", Email: "dora@example.com", Password: "dora's password"},
		{ID: "7", Username: "eve", Email: "eve@example.com", Password: "eve's password"},
		{ID: "8", Username: "zoë", Email: "zoe@example.com", Password: "caf\u00e9 cr\u00e8me"},
	}
}

// Run runs the whole suite against the directories that factory makes.
func Run(t *testing.T, factory Factory) {
	passwords := userdir.NewPasswords(0)
	dir := factory(t, People(), passwords)
	t.Run("Authenticate", func(t *testing.T) { authenticate(t, dir, passwords) })
	t.Run("Lookup", func(t *testing.T) { lookup(t, dir) })
	t.Run("Attributes", func(t *testing.T) { attributes(t, dir) })
	t.Run("Context", func(t *testing.T) { ended(t, dir) })
	t.Run("Concurrency", func(t *testing.T) { together(t, dir) })
	t.Run("Info", func(t *testing.T) {
		if a, b := dir.Info(), dir.Info(); a.ID == "" || a.Kind == "" || !reflect.DeepEqual(a, b) {
			t.Errorf("Info = %+v, then %+v; want an id and a kind that stay", a, b)
		}
	})
}

func authenticate(t *testing.T, dir userdir.Directory, passwords *userdir.Passwords) {
	for _, c := range []struct {
		name, login, password string
		id                    string // "": refused with err
		err                   error
		hashes                int64
	}{
		{"the username", "ann", "correct horse", "1", nil, 1},
		{"the username in capitals", "ANN", "correct horse", "1", nil, 1},
		{"spaces around the username", " ann ", "correct horse", "1", nil, 1},
		{"the email address", "ann@example.com", "correct horse", "1", nil, 1},
		{"the email address in another case", "Ann@Example.COM", "correct horse", "1", nil, 1},
		{"an address that is somebody's username signs in that somebody", "eve@example.com", "dora's password", "6", nil, 1},
		{"and never the owner of the address", "eve@example.com", "eve's password", "", userdir.ErrInvalidCredentials, 1},
		{"who still has a username", "eve", "eve's password", "7", nil, 1},
		{"an address of two people is nobody's (first one)", "shared@example.com", "carl's password", "", userdir.ErrInvalidCredentials, 1},
		{"an address of two people is nobody's (second one)", "shared@example.com", "cora's password", "", userdir.ErrInvalidCredentials, 1},
		{"a composed username typed decomposed", "zoe\u0308", "caf\u00e9 cr\u00e8me", "8", nil, 1},
		{"a composed password typed decomposed", "zoë", "cafe\u0301 cre\u0300me", "8", nil, 1},
		{"a no-break space in the password", "zoë", "caf\u00e9\u00a0cr\u00e8me", "8", nil, 1},
		{"the password in another case", "ann", "Correct horse", "", userdir.ErrInvalidCredentials, 1},
		{"a space after the password", "ann", "correct horse ", "", userdir.ErrInvalidCredentials, 1},
		{"the beginning of the password", "ann", "correct", "", userdir.ErrInvalidCredentials, 1},
		{"somebody else's password", "ann", "carl's password", "", userdir.ErrInvalidCredentials, 1},
		{"an empty password", "ann", "", "", userdir.ErrInvalidCredentials, 0},
		{"an empty password for an account without one", "nopass", "", "", userdir.ErrInvalidCredentials, 0},
		{"any password for an account without one", "nopass", "guessing", "", userdir.ErrInvalidCredentials, 1},
		{"a password of a megabyte", "ann", strings.Repeat("x", 1<<20), "", userdir.ErrInvalidCredentials, 0},
		{"a disabled account with its password", "bob", "bob's own password", "", userdir.ErrDisabled, 1},
		{"a disabled account with a wrong password says nothing", "bob", "guessing", "", userdir.ErrInvalidCredentials, 1},
		{"nobody", "nobody", "correct horse", "", userdir.ErrNotFound, 0},
		{"nobody's address", "nobody@example.com", "correct horse", "", userdir.ErrNotFound, 0},
		{"no login", "", "correct horse", "", userdir.ErrNotFound, 0},
		{"an id is not a login", "1", "correct horse", "", userdir.ErrNotFound, 0},
		{"a wildcard", "a*", "correct horse", "", userdir.ErrNotFound, 0},
		{"an LDAP filter", "*)(uid=*", "correct horse", "", userdir.ErrNotFound, 0},
		{"SQL", "ann' OR '1'='1", "correct horse", "", userdir.ErrNotFound, 0},
		{"a zero byte", "ann\x00", "correct horse", "", userdir.ErrNotFound, 0},
		{"a line break", "ann\nbob", "correct horse", "", userdir.ErrNotFound, 0},
		{"broken UTF-8", "ann\xff", "correct horse", "", userdir.ErrNotFound, 0},
		{"a login of 10,000 bytes", strings.Repeat("a", 10_000), "correct horse", "", userdir.ErrNotFound, 0},
		{"a letter that only looks like another", "аnn", "correct horse", "", userdir.ErrNotFound, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := passwords.Evaluations()
			u, err := dir.Authenticate(t.Context(), userdir.Credentials{Login: c.login, Password: idp.Secret(c.password)})
			if !errors.Is(err, c.err) || u.ID != c.id {
				t.Errorf("Authenticate = %q, %v; want %q, %v", u.ID, err, c.id, c.err)
			}
			if err != nil && !reflect.DeepEqual(u, userdir.User{}) {
				t.Errorf("a refusal came with a user: %+v", u)
			}
			if c.id != "" && u.Status != idp.Active {
				t.Errorf("status = %q, want active", u.Status)
			}
			if got := passwords.Evaluations() - before; got != c.hashes {
				t.Errorf("%d hashes, want %d: the time taken tells who exists", got, c.hashes)
			}
		})
	}
}

func lookup(t *testing.T, dir userdir.Directory) {
	for _, c := range []struct {
		name   string
		ref    userdir.Ref
		id     string
		status idp.Status
	}{
		{"by id", userdir.Ref{ID: "1"}, "1", idp.Active},
		{"by username", userdir.Ref{Login: "Ann"}, "1", idp.Active},
		{"by address", userdir.Ref{Login: "ann@example.com"}, "1", idp.Active},
		{"somebody who is disabled", userdir.Ref{ID: "2"}, "2", idp.Disabled},
		{"somebody without a password", userdir.Ref{ID: "3"}, "3", idp.Active},
		{"an unknown id", userdir.Ref{ID: "99"}, "", ""},
		{"a username is not an id", userdir.Ref{ID: "ann"}, "", ""},
		{"an unknown login", userdir.Ref{Login: "nobody"}, "", ""},
		{"an address of two people", userdir.Ref{Login: "shared@example.com"}, "", ""},
		{"nothing", userdir.Ref{}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			u, err := dir.Lookup(t.Context(), c.ref)
			if u.ID != c.id || u.Status != c.status || errors.Is(err, userdir.ErrNotFound) != (c.id == "") || (err == nil) != (c.id != "") {
				t.Errorf("Lookup = %q %q, %v; want %q %q", u.ID, u.Status, err, c.id, c.status)
			}
		})
	}
}

func attributes(t *testing.T, dir userdir.Directory) {
	want := People()[0]
	both := func() (userdir.User, userdir.User) {
		a, err := dir.Authenticate(t.Context(), userdir.Credentials{Login: "ann", Password: "correct horse"})
		if err != nil {
			t.Fatal(err)
		}
		b, err := dir.Lookup(t.Context(), userdir.Ref{ID: "1"})
		if err != nil {
			t.Fatal(err)
		}
		return a, b
	}
	a, b := both()
	if !reflect.DeepEqual(a, b) {
		t.Errorf("Authenticate gave %+v and Lookup %+v", a, b)
	}
	for name, values := range want.Attributes {
		if !reflect.DeepEqual(a.Attributes[name], values) {
			t.Errorf("attribute %s = %#v, want %#v", name, a.Attributes[name], values)
		}
	}
	if a.Login != "ann" || a.Attributes.First("username") != "ann" || a.Attributes.First("email") != "ann@example.com" {
		t.Errorf("login %q, username and email %v", a.Login, a.Attributes)
	}
	if !slices.Equal(a.Groups, want.Groups) {
		t.Errorf("groups = %v, want %v", a.Groups, want.Groups)
	}
	// What is handed out is the caller's own.
	before := fmt.Sprintf("%#v", b) // a copy that shares nothing
	a.Attributes["df_access"][0], a.Groups[0] = "changed", "changed"
	a.Attributes["address"][0].(map[string]any)["locality"] = "changed"
	delete(a.Attributes, "given_name")
	if _, again := both(); fmt.Sprintf("%#v", again) != before {
		t.Errorf("what a caller changed came back: %+v", again)
	}
}

func ended(t *testing.T, dir userdir.Directory) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := dir.Authenticate(ctx, userdir.Credentials{Login: "ann", Password: "correct horse"})
	if err == nil || errors.Is(err, userdir.ErrInvalidCredentials) || errors.Is(err, userdir.ErrNotFound) {
		t.Errorf("Authenticate after the end of its context = %v: it must not speak about the password", err)
	}
	if _, err := dir.Lookup(ctx, userdir.Ref{ID: "1"}); err == nil || errors.Is(err, userdir.ErrNotFound) {
		t.Errorf("Lookup after the end of its context = %v: it must not say that somebody is gone", err)
	}
}

func together(t *testing.T, dir userdir.Directory) {
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			if i%2 == 0 {
				if _, err := dir.Authenticate(t.Context(), userdir.Credentials{Login: "ann", Password: "correct horse"}); err != nil {
					t.Error(err)
				}
				return
			}
			u, err := dir.Lookup(t.Context(), userdir.Ref{ID: "1"})
			if err != nil {
				t.Error(err)
				return
			}
			u.Attributes["given_name"] = []any{fmt.Sprint(i)}
		})
	}
	wg.Wait()
}
