package storetest

import (
	"encoding/hex"
	"strings"
	"testing"

	"cloudsso/idp"
)

func userKind(s idp.Records) versioned[idp.User] {
	return versioned[idp.User]{
		fresh: func(id string) idp.User {
			u := Filled[idp.User](id)
			u.ID, u.Username = id, "user-"+hex.EncodeToString([]byte(id))
			return u
		},
		id:      func(u *idp.User) *string { return &u.ID },
		version: func(u *idp.User) *int64 { return &u.Version },
		create:  s.CreateUser, read: s.User, update: s.UpdateUser, remove: s.DeleteUser, list: s.Users,
	}
}

func users(t *testing.T, s idp.Records, _ *clock) { userKind(s).test(t) }

func usernames(t *testing.T, s idp.Records, _ *clock) {
	for _, row := range []struct {
		is    string
		same  []string
		other []string
	}{
		{"Alice", []string{"alice", "ALICE", "aLiCe"}, []string{"alice ", " alice", "alic", "al%ce", "al_ce", "alicе" /* Cyrillic */}},
		{"straße", []string{"STRAßE", "STRAẞE"}, []string{"strasse", "STRASSE"}},
		{"ΣΊΣΥΦΟΣ", []string{"σίσυφος", "σίσυφοσ"}, []string{"σίσυφο"}},
		{"ismail", []string{"ISMAIL", "İsmail"}, []string{"ısmail", "i\u0307smail"}},
		{"kelvin", []string{"\u212Aelvin"}, []string{"celvin"}},
		{"é", []string{"É"}, []string{"e", "e\u0301"}},
		{"ǆ", []string{"Ǆ", "ǅ"}, []string{"dž"}},
		{"max𐐀", []string{"max𐐨"}, []string{"max"}},
	} {
		u := idp.User{ID: "id-" + row.is, Username: row.is}
		ok(t, s.CreateUser(t.Context(), u))
		u.Version = 1
		for _, name := range append(row.same, row.is) {
			read(t, u, s.UserByUsername, name)
			fails(t, s.CreateUser(t.Context(), idp.User{ID: "again-" + name, Username: name}), idp.ErrConflict)
		}
		for _, name := range row.other {
			_, err := s.UserByUsername(t.Context(), name)
			fails(t, err, idp.ErrNotFound)
		}
	}
	bob := idp.User{ID: "bob", Username: "Bob"}
	ok(t, s.CreateUser(t.Context(), bob))
	bob.Version, bob.Username = 1, "ALICE"
	fails(t, s.UpdateUser(t.Context(), bob), idp.ErrConflict)
	bob.Username = "BOB" // their own, in another case
	ok(t, s.UpdateUser(t.Context(), bob))
	bob.Version, bob.Username = 2, "robert"
	ok(t, s.UpdateUser(t.Context(), bob))
	_, err := s.UserByUsername(t.Context(), "bob")
	fails(t, err, idp.ErrNotFound)
	ok(t, s.DeleteUser(t.Context(), "bob", 3))
	ok(t, s.CreateUser(t.Context(), idp.User{ID: "robert", Username: "ROBERT"}))
}

func emails(t *testing.T, s idp.Records, _ *clock) {
	want := func(email string, users ...idp.User) {
		t.Helper()
		list, err := s.UsersByEmail(t.Context(), email)
		ok(t, err)
		same(t, list, users)
	}
	user := func(id, email string) idp.User {
		u := idp.User{ID: id, Username: id, Email: email}
		ok(t, s.CreateUser(t.Context(), u))
		u.Version = 1
		return u
	}
	want("nobody@example.com")
	third, first := user("3", "Ann@Example.COM"), user("1", "ann@example.com")
	want("ANN@example.com", first, third)
	second := user("2", "ann@EXAMPLE.com")
	want("ann@example.com", first, second) // at most two, by their ids
	user("4", "")
	want("") // nobody has no address
	street := user("5", "straße@example.com")
	want("STRAẞE@example.com", street)
	for _, other := range []string{"strasse@example.com", "%", "ann_example.com", "ann@example.com ", "straße@example.co", "a\x00", "\xff"} {
		want(other)
	}
	street.Email = "road@example.com"
	ok(t, s.UpdateUser(t.Context(), street))
	street.Version = 2
	want("straße@example.com")
	want("Road@example.com", street)
	ok(t, s.DeleteUser(t.Context(), "1", 0))
	want("ann@example.com", second, third)
}

func searchUsers(t *testing.T, s idp.Records, _ *clock) {
	for _, u := range []idp.User{
		{ID: "3", Username: "Ann", Email: "ann@example.com"}, {ID: "1", Username: "joanna", Email: "jo@example.com"},
		{ID: "2", Username: "STRAẞE", Email: "100%_sure\\@example.org"}, {ID: "4", Username: "nobody"},
	} {
		ok(t, s.CreateUser(t.Context(), u))
	}
	for part, want := range map[string][]string{
		"ann": {"1", "3"}, "ANN": {"1", "3"}, "example.c": {"1", "3"}, "straße": {"2"}, "raß": {"2"}, "Ann@": {"3"}, "o": {"1", "2", "3", "4"},
		"%": {"2"}, "_": {"2"}, "\\": {"2"}, "0%_s": {"2"}, "a%n": nil, "j_": nil, "zoe": nil, "": nil, " ann": nil, "a\x00": nil, "\xff": nil,
		strings.Repeat("a", 257): nil,
	} {
		list, err := s.SearchUsers(t.Context(), part, 10)
		ok(t, err)
		sameIDs(t, ids(list, func(u *idp.User) *string { return &u.ID }), want...)
	}
	list, err := s.SearchUsers(t.Context(), "o", 2)
	ok(t, err)
	sameIDs(t, ids(list, func(u *idp.User) *string { return &u.ID }), "1", "2")
	if _, err := s.SearchUsers(t.Context(), "o", 0); !invalid(err) {
		t.Fatalf("a search without limit: %v, want a refusal", err)
	}
}
