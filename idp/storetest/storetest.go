package storetest

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"cloudsso/idp"
)

// Open opens an empty store that nobody else uses. The suite closes it.
type Open[S any] func(t *testing.T, now func() time.Time) S

// Place makes a fresh place for a store; the function that it returns opens that same
// place, each time after the suite has closed what was opened before.
type Place[S any] func(t *testing.T) Open[S]

// Records runs all that holds for [idp.Records].
func Records(t *testing.T, open Open[idp.Records]) {
	run(t, open, []check[idp.Records]{
		{"clients are versioned records", clients},
		{"deleting a client takes its grants and consents along", deleteClient},
		{"service providers are versioned records", serviceProviders},
		{"an entity ID belongs to one service provider", entityIDs},
		{"a persistent NameID is given out once", persistentIDs},
		{"token apps are versioned records", tokenApps},
		{"apps of all protocols share one namespace", appNames},
		{"users are versioned records", users},
		{"usernames are one without case", usernames},
		{"users are found by their address", emails},
		{"users are found by a part of a name", searchUsers},
		{"groups are versioned records", groups},
		{"names of groups are one without case", groupNames},
		{"a subject stays with its person", subjects},
		{"a person moves to another subject", moveSubject},
		{"a grant comes back whole", grants},
		{"what decides about a grant is read in one step", holding},
		{"a client that comes back with the same ID is known for another", holdingOfSuccessor},
		{"a grant and its event are stored both or neither", grantAndEvent},
		{"a code is redeemed once", redeemCode},
		{"a refresh family moves one step at a time", rotateRefresh},
		{"a grant is revoked once", revokeGrant},
		{"a filter revokes what matches", revokeGrants},
		{"live grants are found by what they belong to", listGrants},
		{"consents add up", consents},
		{"the consents of a subject", listConsents},
		{"a key slot is filled once", keys},
		{"keys rotate all in one step", rotateKeys},
		{"admins are versioned records", admins},
		{"an admin token lives until it expires", adminTokens},
		{"admin tokens are listed in pages", listTokens},
		{"an admin token is touched and revoked", touchToken},
		{"deliveries come back whole, newest first", deliveries},
		{"deliveries are claimed when they are due", claimDeliveries},
		{"a delivery is settled by its last attempt", settleDelivery},
		{"events come back newest first", events},
		{"events are found by what they tell of", findEvents},
		{"the newest event of each app and name", lastEvents},
		{"what is over is swept in batches", sweepRecords},
		{"hostile strings are kept or refused", hostileRecords},
		{"who has given up changes nothing", cancelledRecords},
		{"exactly one wins", raceRecords},
	})
}

// Flows runs all that holds for [idp.Flows].
func Flows(t *testing.T, open Open[idp.Flows]) {
	run(t, open, []check[idp.Flows]{
		{"login flows are versioned records", flows},
		{"a login flow is taken once and expires", takeFlow},
		{"sessions are versioned records", sessions},
		{"a session is deleted once and expires", deleteSession},
		{"the live sessions of a subject, newest first", sessionsOf},
		{"tickets are versioned records", tickets},
		{"a ticket is taken once and expires", takeTicket},
		{"a ticket that is over is in nobody's way", overTicket},
		{"tickets of two kinds are two", ticketKinds},
		{"a ticket carries only so much", ticketSize},
		{"a mark is seen once until it is over", seenOnce},
		{"a counter counts in its window", count},
		{"what is over is swept in batches", sweepFlows},
		{"hostile strings are kept or refused", hostileFlows},
		{"who has given up changes nothing", cancelledFlows},
		{"exactly one wins", raceFlows},
	})
}

type check[S any] struct {
	name string
	run  func(t *testing.T, s S, c *clock)
}

type closer interface{ Close() error }

func run[S closer](t *testing.T, open Open[S], checks []check[S]) {
	for _, check := range checks {
		t.Run(check.name, func(t *testing.T) {
			c := newClock()
			s := open(t, c.Now)
			t.Cleanup(func() { ok(t, s.Close()) })
			check.run(t, s, c)
		})
	}
}

// clock stands still until it is told to go on.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Now()} }

// Now returns a time in some zone, with nanoseconds: the store must not care.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now.In(time.FixedZone("elsewhere", 5*3600))
}

func (c *clock) forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

// fails wants this error and no other sentinel beside it.
func fails(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error is %v, want %v", err, want)
	}
	for _, other := range []error{idp.ErrNotFound, idp.ErrConflict, idp.ErrReused, idp.ErrReplayed, idp.ErrUnavailable} {
		if other != want && errors.Is(err, other) {
			t.Fatalf("error is %v too, want only %v", other, want)
		}
	}
}

// invalid reports whether err is a clean refusal.
func invalid(err error) bool {
	var e *idp.Error
	return errors.As(err, &e) && e.Code == idp.Invalid && e.Public != ""
}

// same compares what was stored with what came back, which must be in UTC, to the microsecond.
func same(t *testing.T, got, want any) {
	t.Helper()
	if w := normal(want); !reflect.DeepEqual(emptied(got), w) {
		t.Fatalf("came back different\n got %+v\nwant %+v", got, w)
	}
}

// read checks one reader's answer.
func read[T any](t *testing.T, want T, read func(context.Context, string) (T, error), key string) {
	t.Helper()
	got, err := read(t.Context(), key)
	ok(t, err)
	same(t, got, want)
}

// ids of a list, in its order.
func ids[T any](list []T, id func(*T) *string) (keys []string) {
	for i := range list {
		keys = append(keys, *id(&list[i]))
	}
	return keys
}

func sameIDs(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("list is %q, want %q", got, want)
	}
}
