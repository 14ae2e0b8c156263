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
