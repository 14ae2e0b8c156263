package keys_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/keys"
)

const day = 24 * time.Hour

// tick lets every node do its housekeeping.
func (c *cluster) tick(every time.Duration) {
	c.t.Helper()
	for _, r := range c.nodes {
		if err := r.Tick(c.t.Context(), keys.Schedule{Every: every, Events: c.log, Marks: c.store}); err != nil {
			c.t.Fatal(err)
		}
	}
}

func TestJWTKeysRotateByTheCalendarOnceForAllNodes(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3)
	for _, s := range []struct {
		name string
		at   time.Duration
		want []string
	}{
		{"the first day", 0, nil},
		{"too early", 89*day - time.Hour, nil},
		{"a day before the keys are 90 days old", 89 * day, []string{"key.created sig/ES256/2", "key.created sig/RS256/2"}},
		{"while they wait", 89*day + time.Hour, nil},
		{"the switch", 90*day + time.Minute, []string{"key.activated sig/ES256/2", "key.activated sig/RS256/2"}},
		{"after it", 90*day + time.Hour, nil},
		{"what the old ones signed is over", 91*day + time.Hour, []string{"key.retired sig/ES256/1", "key.retired sig/RS256/1"}},
		{"later", 92 * day, nil},
		{"the next time", 179 * day, []string{"key.created sig/ES256/3", "key.created sig/RS256/3"}},
	} {
		c.set(start.Add(s.at))
		c.tick(0)
		c.tick(0)
		if got := c.log.names(); !slices.Equal(got, s.want) {
			t.Errorf("%s: Events %q, want %q", s.name, got, s.want)
		}
	}
	if got := len(c.nodes[2].Keys()); got != 4+4 {
		t.Errorf("%d keys, want 8: SAML and token keys are for people to rotate", got)
	}
}

func TestTheCalendarCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	c.advance(1000 * day)
	c.tick(-1)
	c.logged()
	if len(c.nodes[0].Keys()) != 4 {
		t.Error("a key was made all the same")
	}
}

func TestARotationThatWasCalledOffIsNotTriedAgainAtOnce(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	c.advance(29 * day)
	c.tick(30 * day)
	c.must(c.nodes[0].Retire(t.Context(), c.log, "sig/ES256/2", false))
	c.must(c.nodes[0].Retire(t.Context(), c.log, "sig/RS256/2", false))
	c.log.names()
	for range 29 {
		c.advance(day)
		c.tick(30 * day)
	}
	c.logged()
	c.advance(day)
	c.tick(30 * day)
	c.logged("key.created sig/ES256/3", "key.created sig/RS256/3")
}

func TestANodeWhoseClockIsBehindDoesNotRotate(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	c.set(start.Add(-365 * day))
	c.tick(0)
	c.logged()
}

func TestWhatPeopleDidIsNotToldTwice(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	r := c.nodes[0]
	c.tick(-1)
	c.must(r.Rotate(t.Context(), c.log, keys.Plan{Use: idp.KeyUseSAML}))
	c.advance(time.Minute)
	c.tick(-1)
	c.advance(2 * day)
	c.must(r.Activate(t.Context(), c.log, "saml/RS256/2", false))
	c.advance(time.Minute)
	c.tick(-1)
	c.advance(time.Hour)
	c.must(r.Retire(t.Context(), c.log, "saml/RS256/1", false))
	c.advance(time.Minute)
	c.tick(-1)
	c.logged("key.activated saml/RS256/2", "key.created saml/RS256/2", "key.retired saml/RS256/1")
}

func TestTheEndOfACertificateIsSpokenOf(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	end := c.slot("saml/RS256/1").NotAfter
	var told []string
	for left := 100 * day; left > -3*day; left -= day / 4 {
		c.set(end.Add(-left))
		c.tick(-1)
		for _, e := range c.log.events {
			told = append(told, fmt.Sprint(e.Name, " ", int(left/day), " ", e.Detail["days_left"]))
		}
		c.log.names()
	}
	want := []string{
		"key.expiring 90 90", "key.expiring 60 60", "key.expiring 30 30", "key.expiring 7 7", "key.expiring 1 1", "key.expiring 0 0",
	}
	if !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}

func TestOnlyCertificatesThatArePublishedAreSpokenOf(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	c.set(c.slot("saml/RS256/1").NotAfter.Add(-91 * day))
	c.must(c.nodes[0].Rotate(t.Context(), c.log, keys.Plan{Use: idp.KeyUseSAML, Now: true}))
	c.log.names()
	c.advance(32 * day)
	c.tick(-1)
	c.logged("key.expiring saml/RS256/1") // somebody may still be pinned to it
	c.must(c.nodes[0].Retire(t.Context(), c.log, "saml/RS256/1", false))
	c.log.names()
	c.advance(32 * day)
	c.tick(-1)
	c.logged()
}

func TestATickOnAStoreThatIsDownLeavesTheRingAsItWas(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	store := &flaky{Store: c.store}
	r := openRing(t, store, c.now)
	store.err, store.on = idp.ErrUnavailable, true
	if err := r.Tick(t.Context(), keys.Schedule{Events: c.log, Marks: c.store}); !errors.Is(err, idp.ErrUnavailable) {
		t.Errorf("error = %v, want ErrUnavailable", err)
	}
	if _, err := r.SignJWT(keys.RS256, "", []byte(`{}`)); err != nil {
		t.Error(err)
	}
}

// deaf is marks that do not answer.
type deaf struct{}

func (deaf) SeenOnce(context.Context, string, time.Time) error { return idp.ErrUnavailable }

func TestWithoutMarksNobodySpeaks(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	c.set(c.slot("saml/RS256/1").NotAfter)
	err := c.nodes[0].Tick(t.Context(), keys.Schedule{Every: -1, Events: c.log, Marks: deaf{}})
	if !errors.Is(err, idp.ErrUnavailable) {
		t.Errorf("error = %v, want ErrUnavailable: the next tick tries again", err)
	}
	c.logged()
}

func TestATickSaysWhichRotationFailed(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	r := openRing(t, &failing{Store: c.store, err: idp.ErrUnavailable}, c.now)
	c.advance(100 * day)
	err := r.Tick(t.Context(), keys.Schedule{Events: c.log, Marks: c.store})
	if !errors.Is(err, idp.ErrUnavailable) || err.Error() != "rotate RS256: unavailable\nrotate ES256: unavailable" {
		t.Errorf("error = %v", err)
	}
}
