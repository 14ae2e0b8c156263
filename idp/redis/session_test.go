package redis_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/redis"
	"cloudsso/idp/storetest/redistest"
)

func sessionIDs(t *testing.T, s *redis.Store, subject string) string {
	t.Helper()
	list, err := s.SessionsOf(t.Context(), subject)
	wants(t, err, nil)
	var ids []string
	for _, v := range list {
		ids = append(ids, v.ID)
	}
	return strings.Join(ids, " ")
}

func TestASessionThatChangesItsSubjectIsTheNewOnes(t *testing.T) {
	t.Parallel()
	s := open(t, url(redistest.Start(t)), redis.Options{}, time.Now)
	v := idp.Session{ID: "s", Subject: "alice", ExpiresAt: time.Now().Add(time.Hour)}
	wants(t, s.CreateSession(t.Context(), v), nil)
	v.Subject, v.Version = "bob", 1
	wants(t, s.UpdateSession(t.Context(), v), nil)
	if alice, bob := sessionIDs(t, s, "alice"), sessionIDs(t, s, "bob"); alice != "" || bob != "s" {
		t.Errorf("alice has %q, bob has %q", alice, bob)
	}
}

// The index is advisory one way only: it may name sessions that are gone, it never
// misses one. A refused change leaves no trace in it.
func TestTheIndexMayNameWhatIsGoneAndMissesNothing(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, url(server), redis.Options{}, time.Now)
	server.Must(t, "FLUSHALL")
	end := time.Now().Add(time.Hour)
	create := func(id string) {
		wants(t, s.CreateSession(t.Context(), idp.Session{ID: id, Subject: "alice", ExpiresAt: end}), nil)
	}
	create("lost")
	server.Must(t, "DEL", keys(t, server)[slices.IndexFunc(keys(t, server), func(key string) bool { return strings.Contains(key, ":session:") })])
	create("deleted")
	create("kept")
	wants(t, s.CreateSession(t.Context(), idp.Session{ID: "kept", Subject: "bob", ExpiresAt: end}), idp.ErrConflict)
	wants(t, s.UpdateSession(t.Context(), idp.Session{ID: "kept", Subject: "bob", Version: 7, ExpiresAt: end}), idp.ErrConflict)
	if bob := sessionIDs(t, s, "bob"); bob != "" {
		t.Errorf("bob has %q", bob)
	}
	_, err := s.DeleteSession(t.Context(), "deleted")
	wants(t, err, nil)
	if alice := sessionIDs(t, s, "alice"); alice != "kept" {
		t.Errorf("alice has %q", alice)
	}
}
