package userdir_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/memory"
	"cloudsso/userdir"
)

func TestGroupsOfGroups(t *testing.T) {
	t.Parallel()
	store := memory.New(fixed)
	for _, g := range []idp.Group{
		{Name: "Editors", Parents: []string{"staff", "writers"}},
		{Name: "staff", Parents: []string{"everybody"}},
		{Name: "writers", Parents: []string{"everybody", "EDITORS"}}, // in a circle
		{Name: "everybody"},
	} {
		if err := store.CreateGroup(t.Context(), g); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct{ direct, want []string }{
		"none":                        {nil, nil},
		"one without a record":        {[]string{"guests"}, []string{"guests"}},
		"up to the top, each once":    {[]string{"guests", "editors"}, []string{"guests", "Editors", "staff", "writers", "everybody"}},
		"the same in another case":    {[]string{"STAFF", "staff"}, []string{"staff", "everybody"}},
		"from the middle of a circle": {[]string{"writers"}, []string{"writers", "everybody", "Editors", "staff"}},
	} {
		if err := store.CreateUser(t.Context(), idp.User{ID: name, Username: name, Groups: c.direct}); err != nil {
			t.Fatal(err)
		}
		u, err := userdir.NewLocal("local", store, fixed, nil).Lookup(t.Context(), userdir.Ref{ID: name})
		if err != nil || !slices.Equal(u.Groups, c.want) {
			t.Errorf("%s: %v, %v; want %v", name, u.Groups, err, c.want)
		}
	}
}

// TestAnAccountEndsAtItsTime: to the moment, for signing in and for whatever asks later.
func TestAnAccountEndsAtItsTime(t *testing.T) {
	t.Parallel()
	store := memory.New(fixed)
	if err := store.CreateUser(t.Context(), idp.User{ID: "1", Username: "ann", PasswordHash: hash(t, "correct horse"), ExpiresAt: start.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	at := start.Add(time.Hour - time.Microsecond)
	dir := userdir.NewLocal("local", store, func() time.Time { return at }, nil)
	if _, err := dir.Authenticate(t.Context(), userdir.Credentials{Login: "ann", Password: "correct horse"}); err != nil {
		t.Errorf("just before: %v", err)
	}
	at = start.Add(time.Hour)
	if _, err := dir.Authenticate(t.Context(), userdir.Credentials{Login: "ann", Password: "correct horse"}); !errors.Is(err, userdir.ErrDisabled) {
		t.Errorf("at its end: %v", err)
	}
	if _, err := dir.Authenticate(t.Context(), userdir.Credentials{Login: "ann", Password: "wrong"}); !errors.Is(err, userdir.ErrInvalidCredentials) {
		t.Errorf("that it has ended was told without the password: %v", err)
	}
	if u, err := dir.Lookup(t.Context(), userdir.Ref{ID: "1"}); err != nil || u.Status != idp.Disabled {
		t.Errorf("status %q, %v", u.Status, err)
	}
}

// TestAnImportedHashIsReplacedAtSignIn: of whatever system it was.
func TestAnImportedHashIsReplacedAtSignIn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ hash, password string }{
		"{SSHA}":  {"{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr", "testing123"},
		"phpass":  {"$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0", "test12345"},
		"Django":  {"pbkdf2_sha256$10000$seasalt$CWWFdHOWwPnki7HvkcqN9iA2T3KLW1cf2uZ5kvArtVY=", "lètmein"},
		"ASP.NET": {"AAABAgMEBQYHCAkKCwwNDg+ukCEMDf0yyQ29NYubggHIVY0sdEUfdyeM+E1LtH1uJg==", "my password"},
		"bcrypt":  {"$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},
	} {
		store := memory.New(fixed)
		if err := store.CreateUser(t.Context(), idp.User{ID: "1", Username: "ann", PasswordHash: c.hash}); err != nil {
			t.Fatal(err)
		}
		passwords := userdir.NewPasswords(1)
		dir := userdir.NewLocal("local", store, fixed, passwords)
		if _, err := dir.Authenticate(t.Context(), userdir.Credentials{Login: "ann", Password: "guessing"}); !errors.Is(err, userdir.ErrInvalidCredentials) || passwords.Evaluations() != 1 {
			t.Errorf("%s, a wrong password: %v, %d hashes", name, err, passwords.Evaluations())
		}
		for range 2 {
			if _, err := dir.Authenticate(t.Context(), userdir.Credentials{Login: "ann", Password: idp.Secret(c.password)}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		u, err := store.User(t.Context(), "1")
		if ok, rehash, verr := userdir.VerifyPassword(u.PasswordHash, c.password); err != nil || verr != nil || !ok || rehash || u.PasswordHash[:10] != "$argon2id$" {
			t.Errorf("%s: the hash is %.12s…, %v, %v", name, u.PasswordHash, ok, rehash)
		}
	}
}
