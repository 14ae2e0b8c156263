package oauth_test

import (
	"strings"
	"sync"
	"testing"

	"cloudsso/idp"
)

// together runs f n times at once.
func together(n int, f func() answer) []answer {
	answers := make([]answer, n)
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range answers {
		wg.Go(func() {
			<-start
			answers[i] = f()
		})
	}
	close(start)
	wg.Wait()
	return answers
}

// fosite#778: of 50 codes, 4 at a time, stock fosite makes 55 token sets.
func TestTrap_CodeRace(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", func(c *idp.Client) { c.IDTokenSignedResponseAlg = "ES256" })
	for range 30 {
		code := h.code(t, "wiki", "scope", "openid offline_access")
		won := 0
		for _, a := range together(4, func() answer { return h.token("wiki", exchangeForm(code)) }) {
			switch {
			case a.status == 200:
				won++
				if h.userinfo(a.json(t)["access_token"]).status != 401 {
					t.Error("tokens of a code that was used four times live on")
				}
			case a.status != 400 || a.json(t)["error"] != "invalid_grant":
				t.Errorf("hydra d73753bed: the loser got %d %s", a.status, a.body)
			}
		}
		if won != 1 {
			t.Fatalf("%d of 4 got tokens", won)
		}
	}
	if n := strings.Count(strings.Join(h.events.names(), " "), idp.EventCodeReused); n != 30 {
		t.Errorf("%d Events", n)
	}
}

// Tabs of one application refresh at once: all go on with the same successor.
func TestTrap_RefreshRace(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", func(c *idp.Client) { c.IDTokenSignedResponseAlg = "ES256" })
	refresh, _ := h.offline(t)
	for range 30 {
		successors := map[string]bool{}
		for _, a := range together(4, func() answer { return h.refresh("wiki", refresh) }) {
			if a.status != 200 {
				t.Fatalf("an honest refresh got %d %s", a.status, a.body)
			}
			successors[a.json(t)["refresh_token"].(string)] = true
		}
		if len(successors) != 1 {
			t.Fatalf("the family forked: %d successors", len(successors))
		}
		for refresh = range successors {
		}
	}
	if n := strings.Count(strings.Join(h.events.names(), " "), idp.EventRefreshReused); n != 0 {
		t.Errorf("%d Events", n)
	}
}

// A revocation in the middle of refreshes wins.
func TestARevocationBetweenRefreshes(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", func(c *idp.Client) { c.IDTokenSignedResponseAlg = "ES256" })
	refresh, _ := h.offline(t)
	var once sync.Once
	together(4, func() answer {
		a := h.refresh("wiki", refresh)
		once.Do(func() {
			if _, err := h.store.RevokeGrants(t.Context(), idp.GrantFilter{Subject: anna}, "x", h.now()); err != nil {
				t.Error(err)
			}
		})
		return a
	})
	wantError(t, h.refresh("wiki", refresh), 400, "invalid_grant", revoked)
}

// The race, one step at a time: somebody else exchanges the code between our check and
// our write.
func TestLosingTheRaceForACodeEndsTheGrant(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	code := h.code(t, "wiki")
	var winner answer
	h.grants.before = func() { winner = h.token("wiki", exchangeForm(code)) }
	wantError(t, h.token("wiki", exchangeForm(code)), 400, "invalid_grant", "The authorization code has already been used.")
	if winner.status != 200 || h.userinfo(winner.json(t)["access_token"]).status != 401 {
		t.Errorf("the winner's tokens live on: %d", winner.status)
	}
	h.wantEvent(t, idp.EventCodeReused)
}

func TestLosingTheRaceForARefresh(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		meanwhile func(h *house, refresh string)
		text      string // "" for the same successor
	}{
		"to a refresh": {func(h *house, refresh string) { h.refresh("wiki", refresh) }, ""},
		"to two refreshes in a row": {func(h *house, refresh string) {
			h.refresh("wiki", h.refresh("wiki", refresh).json(h)["refresh_token"].(string))
		}, "The refresh token was already used."},
		"to a revocation": {func(h *house, _ string) {
			_, _ = h.store.RevokeGrants(t.Context(), idp.GrantFilter{Subject: anna}, "x", h.now())
		}, revoked},
		"to the end of the client": {func(h *house, _ string) { _ = h.store.DeleteClient(t.Context(), "wiki", 0) },
			"The authorization has ended. The person must sign in again."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.client("wiki", nil)
			refresh, _ := h.offline(t)
			h.grants.before = func() { c.meanwhile(h, refresh) }
			a := h.refresh("wiki", refresh)
			if c.text != "" {
				wantError(t, a, 400, "invalid_grant", c.text)
				return
			}
			if again := h.refresh("wiki", refresh).json(t); a.status != 200 || a.json(t)["refresh_token"] != again["refresh_token"] {
				t.Errorf("got %d %s", a.status, a.body)
			}
		})
	}
}

// The code expires between the check and the write.
func TestACodeThatExpiresMeanwhile(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client("wiki", nil)
	code := h.code(t, "wiki")
	h.grants.before = func() { _ = h.store.DeleteClient(t.Context(), "wiki", 0) }
	wantError(t, h.token("wiki", exchangeForm(code)), 400, "invalid_grant", "The code has expired.")
}
