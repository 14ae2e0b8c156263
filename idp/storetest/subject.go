package storetest

import (
	"testing"
	"time"

	"cloudsso/idp"
)

func subjects(t *testing.T, s idp.Records, _ *clock) {
	for _, row := range []struct{ directory, id, candidate, want string }{
		{"builtin", "1", "s1", "s1"},
		{"builtin", "1", "s2", "s1"},
		{"ldap", "1", "s3", "s3"},
		{"builtin", "2", "s4", "s4"},
		{"BUILTIN", "1", "s5", "s5"},
		{"", "", "s6", "s6"},
		{"builtin", "1", "s1", "s1"},
	} {
		got, err := s.Subject(t.Context(), row.directory, row.id, row.candidate)
		ok(t, err)
		if got != row.want {
			t.Fatalf("subject of %s/%s is %s, want %s", row.directory, row.id, got, row.want)
		}
	}
	_, err := s.Subject(t.Context(), "ldap", "new", "s1")
	fails(t, err, idp.ErrConflict) // somebody else's
	directory, id, err := s.SubjectOwner(t.Context(), "s3")
	ok(t, err)
	if directory != "ldap" || id != "1" {
		t.Fatalf("s3 belongs to %s/%s", directory, id)
	}
	for _, unknown := range []string{"s2", "S1", ""} {
		_, _, err := s.SubjectOwner(t.Context(), unknown)
		fails(t, err, idp.ErrNotFound)
	}

	ok(t, s.CreateUser(t.Context(), idp.User{ID: "1", Username: "alice"}))
	ok(t, s.DeleteUser(t.Context(), "1", 0))
	if _, _, err := s.SubjectOwner(t.Context(), "s1"); err != nil {
		t.Fatalf("the subject went with its user: %v", err)
	}
}

func moveSubject(t *testing.T, s idp.Records, c *clock) {
	ctx := t.Context()
	bind := func(directory, id, candidate, want string) {
		t.Helper()
		got, err := s.Subject(ctx, directory, id, candidate)
		ok(t, err)
		if got != want {
			t.Fatalf("%s/%s is %s, want %s", directory, id, got, want)
		}
	}
	move := func(directory, id, subject string) {
		t.Helper()
		c.forward(time.Second)
		ok(t, s.MoveSubject(ctx, directory, id, subject))
		bind(directory, id, "never", subject)
	}
	linked := func(subject string, want ...idp.SubjectLink) {
		t.Helper()
		got, err := s.SubjectLinks(ctx, subject)
		ok(t, err)
		same(t, got, append([]idp.SubjectLink{}, want...))
		directory, id, err := s.SubjectOwner(ctx, subject)
		if len(want) == 0 {
			fails(t, err, idp.ErrNotFound)
			return
		}
		ok(t, err)
		if (idp.SubjectLink{Directory: directory, DirectoryID: id}) != want[0] {
			t.Fatalf("%s belongs to %s/%s, want %v", subject, directory, id, want[0])
		}
	}
	ldap, local, upstream := idp.SubjectLink{Directory: "ldap", DirectoryID: "1"}, idp.SubjectLink{Directory: "builtin", DirectoryID: "1"}, idp.SubjectLink{Directory: "upstream", DirectoryID: "1"}
	bind("ldap", "1", "alice", "alice")
	bind("builtin", "1", "second", "second")
	linked("alice", ldap)
	linked("second", local)

	move("builtin", "1", "alice") // two accounts turn out to be one person
	linked("alice", local, ldap)
	linked("second")
	move("upstream", "1", "alice") // somebody who was never here
	linked("alice", upstream, local, ldap)
	move("builtin", "1", "alice") // where they are: the newest now
	linked("alice", local, upstream, ldap)
	move("ldap", "1", "second")
	linked("alice", local, upstream)
	linked("second", ldap)
	move("ldap", "1", "alice") // undone
	move("builtin", "1", "second")
	linked("alice", ldap, upstream)
	linked("second", local)
	move("builtin", "1", "alice")
	linked("second")
	linked("nobody")

	for _, unknown := range []string{"nobody", "Alice", "never", ""} {
		fails(t, s.MoveSubject(ctx, "ldap", "1", unknown), idp.ErrNotFound)
		fails(t, s.MoveSubject(ctx, "ldap", "new", unknown), idp.ErrNotFound)
	}
	bind("ldap", "1", "never", "alice")
	// Nobody has the subject now. It is not given to anybody else.
	_, err := s.Subject(ctx, "ldap", "new", "second")
	fails(t, err, idp.ErrConflict)
	bind("ldap", "new", "third", "third")
}

// Whoever signs in for the first time while an admin says who they are: all agree afterwards.
func raceMove(t *testing.T, s idp.Records) {
	_, err := s.Subject(t.Context(), "directory", "moved to", "moved to")
	ok(t, err)
	everyRound(func(round string) {
		for _, err := range duel(func(i int) (err error) {
			if i%2 == 0 {
				return s.MoveSubject(t.Context(), "moving", round, "moved to")
			}
			_, err = s.Subject(t.Context(), "moving", round, idp.NewID())
			return err
		}) {
			if err != nil {
				t.Errorf("%s: %v", round, err)
			}
		}
		if got, err := s.Subject(t.Context(), "moving", round, idp.NewID()); err != nil || got != "moved to" {
			t.Errorf("%s: the subject is %s, %v", round, got, err)
		}
	})
	links, err := s.SubjectLinks(t.Context(), "moved to")
	if err != nil || len(links) != rounds+1 {
		t.Errorf("%d links, %v", len(links), err)
	}
}
