package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"cloudsso/idp"
)

const (
	rivals = 4   // goroutines that want the same thing
	rounds = 200 // different things, one after the other …
	lanes  = 40  // … on as many lanes at the same time
)

// everyRound runs f for each round, several at a time.
func everyRound(f func(round string)) {
	var wg sync.WaitGroup
	for lane := range lanes {
		wg.Go(func() {
			for n := lane; n < rounds; n += lanes {
				f(fmt.Sprintf("round-%03d", n))
			}
		})
	}
	wg.Wait()
}

// duel lets all rivals go at once and collects what each was told.
func duel[T any](attempt func(i int) T) []T {
	var ready, done sync.WaitGroup
	ready.Add(rivals)
	told := make([]T, rivals)
	for i := range rivals {
		done.Go(func() {
			ready.Done()
			ready.Wait()
			told[i] = attempt(i)
		})
	}
	done.Wait()
	return told
}

// oneWins wants nil for exactly one rival and lose for the others, in every round.
func oneWins(t *testing.T, name string, lose error, prepare func(round string) error, attempt func(round string, i int) error) {
	t.Run(name, func(t *testing.T) {
		everyRound(func(round string) {
			if err := prepare(round); err != nil {
				t.Errorf("%s: %v", round, err)
				return
			}
			wins := 0
			for _, err := range duel(func(i int) error { return attempt(round, i) }) {
				switch {
				case err == nil:
					wins++
				case !errors.Is(err, lose):
					t.Errorf("%s: a loser got %v, want %v", round, err, lose)
				}
			}
			if wins != 1 {
				t.Errorf("%s: %d of %d won", round, wins, rivals)
			}
		})
	})
}

// allAgree wants the same answer for all rivals, and that it is one of theirs.
func allAgree(t *testing.T, name string, ask func(round, candidate string) (string, error)) {
	t.Run(name, func(t *testing.T) {
		everyRound(func(round string) {
			var mine []string
			for i := range rivals {
				mine = append(mine, fmt.Sprintf("%s-%d", round, i))
			}
			answers := duel(func(i int) string {
				answer, err := ask(round, mine[i])
				if err != nil {
					t.Errorf("%s: %v", round, err)
				}
				return answer
			})
			if len(slices.Compact(answers)) != 1 || !slices.Contains(mine, answers[0]) {
				t.Errorf("%s: answers %q of candidates %q", round, answers, mine)
			}
		})
	})
}

func nothing(string) error { return nil }

func raceRecords(t *testing.T, s idp.Records, c *clock) {
	ctx, now := t.Context(), c.Now()
	grant := func(prefix string) func(string) error {
		return func(round string) error {
			g := coded(prefix+round, now)
			g.RefreshSeq = 1
			return s.CreateGrant(ctx, g, idp.Event{})
		}
	}
	oneWins(t, "redeeming a code", idp.ErrReused, grant("code"), func(round string, _ int) error {
		return s.RedeemCode(ctx, idp.Redemption{GrantID: "code" + round, CodeHash: "hash-code" + round, RefreshSeq: 1}, now)
	})
	oneWins(t, "rotating a refresh token", idp.ErrReused, grant("refresh"), func(round string, _ int) error {
		return s.RotateRefresh(ctx, idp.Rotation{GrantID: "refresh" + round, Seq: 1})
	})
	oneWins(t, "revoking a grant", idp.ErrConflict, grant("revoke"), func(round string, _ int) error {
		did, err := s.RevokeGrant(ctx, "revoke"+round, "x", now)
		if err == nil && !did {
			err = idp.ErrConflict
		}
		return err
	})
	oneWins(t, "creating a key in a slot", idp.ErrConflict, nothing, func(round string, i int) error {
		return s.CreateKey(ctx, idp.KeyRecord{ID: fmt.Sprint(round, i), Slot: round})
	})
	raceKeys(t, s, now)
	oneWins(t, "creating a grant with its event", idp.ErrConflict, nothing, func(round string, i int) error {
		return s.CreateGrant(ctx, idp.Grant{ID: fmt.Sprint(round, i)}, idp.Event{ID: round, Name: "n"})
	})
	oneWins(t, "creating a client", idp.ErrConflict, nothing, func(round string, _ int) error {
		return s.CreateClient(ctx, idp.Client{ID: round})
	})
	oneWins(t, "taking a name among apps of all protocols", idp.ErrConflict, nothing, func(round string, i int) error {
		switch i % 3 {
		case 0:
			return s.CreateClient(ctx, idp.Client{ID: "name" + round})
		case 1:
			return s.CreateServiceProvider(ctx, idp.ServiceProvider{App: "name" + round, EntityID: fmt.Sprint("name", round, i)})
		}
		return s.CreateTokenApp(ctx, idp.TokenApp{App: "name" + round})
	})
	oneWins(t, "updating a client", idp.ErrConflict, nothing, func(round string, i int) error {
		return s.UpdateClient(ctx, idp.Client{ID: round, Version: 1, ClientMetadata: idp.ClientMetadata{ClientName: fmt.Sprint(i)}})
	})
	oneWins(t, "deleting a client", idp.ErrNotFound, nothing, func(round string, _ int) error {
		return s.DeleteClient(ctx, round, 2)
	})
	oneWins(t, "taking a username", idp.ErrConflict, nothing, func(round string, i int) error {
		return s.CreateUser(ctx, idp.User{ID: fmt.Sprint(round, i), Username: []string{"r", "R"}[i%2] + round[1:]})
	})
	oneWins(t, "taking an entity ID", idp.ErrConflict, nothing, func(round string, i int) error {
		return s.CreateServiceProvider(ctx, idp.ServiceProvider{App: fmt.Sprint(round, i), EntityID: round})
	})
	oneWins(t, "taking the name of a group", idp.ErrConflict, nothing, func(round string, i int) error {
		return s.CreateGroup(ctx, idp.Group{Name: []string{"r", "R"}[i%2] + round[1:]})
	})
	oneWins(t, "updating a group", idp.ErrConflict, nothing, func(round string, i int) error {
		return s.UpdateGroup(ctx, idp.Group{Name: round, Version: 1, Description: fmt.Sprint(i)})
	})
	oneWins(t, "deleting a group", idp.ErrNotFound, nothing, func(round string, _ int) error {
		return s.DeleteGroup(ctx, round, 2)
	})
	oneWins(t, "revoking an admin token", idp.ErrNotFound, func(round string) error {
		return s.CreateAdminToken(ctx, idp.AdminToken{ID: round, Hash: round, ExpiresAt: now.Add(time.Hour)})
	}, func(round string, _ int) error { return s.RevokeAdminToken(ctx, round) })
	raceDeliveries(t, s, now)
	allAgree(t, "the subject of a person", func(round, candidate string) (string, error) {
		return s.Subject(ctx, "directory", round, candidate)
	})
	allAgree(t, "the persistent NameID of a subject", func(round, candidate string) (string, error) {
		id, err := s.PersistentID(ctx, idp.PersistentID{App: "app", Subject: round, Value: candidate})
		return id.Value, err
	})
	t.Run("the subject of a person who is moved", func(t *testing.T) { raceMove(t, s) })
	t.Run("a family that is revoked stays revoked", func(t *testing.T) { revokedStays(t, s, now) })
	t.Run("no scope of a consent is lost", func(t *testing.T) { scopesAdd(t, s) })
}

// Whoever refreshes while the family is being revoked must not bring it back to life.
func revokedStays(t *testing.T, s idp.Records, now time.Time) {
	everyRound(func(round string) {
		g := coded("family"+round, now)
		g.RefreshSeq = 1
		if err := s.CreateGrant(t.Context(), g, idp.Event{}); err != nil {
			t.Error(err)
		}
		duel(func(i int) error {
			if i == 0 {
				_, err := s.RevokeGrants(t.Context(), idp.GrantFilter{Subject: "alice", SessionID: "session"}, "x", now)
				return err
			}
			return s.RotateRefresh(t.Context(), idp.Rotation{GrantID: g.ID, Seq: 1})
		})
		got, err := s.Grant(t.Context(), g.ID)
		if err != nil || got.RevokedAt.IsZero() || got.Revoked != "x" {
			t.Errorf("%s: %+v, %v, want it revoked", round, got, err)
		}
		if err := s.RotateRefresh(t.Context(), idp.Rotation{GrantID: g.ID, Seq: got.RefreshSeq}); !errors.Is(err, idp.ErrReused) {
			t.Errorf("%s: rotated after the revocation: %v", round, err)
		}
	})
}

func scopesAdd(t *testing.T, s idp.Records) {
	everyRound(func(round string) {
		duel(func(i int) struct{} {
			err := s.GiveConsent(t.Context(), idp.Consent{Subject: "scopes", ClientID: round, Scopes: []string{"openid", fmt.Sprint(i)}})
			if err != nil {
				t.Error(err)
			}
			return struct{}{}
		})
		c, err := s.Consent(t.Context(), "scopes", round)
		if err != nil || len(c.Scopes) != 1+rivals {
			t.Errorf("%s: scopes %q, %v", round, c.Scopes, err)
		}
	})
}

func raceFlows(t *testing.T, s idp.Flows, c *clock) {
	ctx, end := t.Context(), c.Now().Add(time.Hour)
	flow := func(prefix string) func(string) error {
		return func(round string) error {
			return s.CreateFlow(ctx, idp.Flow{ID: prefix + round, ExpiresAt: end})
		}
	}
	session := func(prefix string) func(string) error {
		return func(round string) error {
			return s.CreateSession(ctx, idp.Session{ID: prefix + round, Subject: "alice", ExpiresAt: end})
		}
	}
	oneWins(t, "taking a flow", idp.ErrNotFound, flow("take"), func(round string, _ int) error {
		return found(ctx, s.TakeFlow, "take"+round)
	})
	oneWins(t, "updating a flow", idp.ErrConflict, flow("update"), func(round string, _ int) error {
		return s.UpdateFlow(ctx, idp.Flow{ID: "update" + round, Version: 1, ExpiresAt: end})
	})
	oneWins(t, "deleting a session", idp.ErrNotFound, session("delete"), func(round string, _ int) error {
		return found(ctx, s.DeleteSession, "delete"+round)
	})
	oneWins(t, "updating a session", idp.ErrConflict, session("update"), func(round string, _ int) error {
		return s.UpdateSession(ctx, idp.Session{ID: "update" + round, Version: 1, ExpiresAt: end})
	})
	ticket := func(round string) idp.Ticket {
		return idp.Ticket{Kind: "kind", ID: round, Version: 1, ExpiresAt: end}
	}
	oneWins(t, "creating a ticket", idp.ErrConflict, nothing, func(round string, _ int) error {
		return s.CreateTicket(ctx, ticket(round))
	})
	oneWins(t, "updating a ticket", idp.ErrConflict, nothing, func(round string, _ int) error {
		return s.UpdateTicket(ctx, ticket(round))
	})
	oneWins(t, "creating a ticket again that was over", idp.ErrConflict, func(round string) error {
		old := ticket("over" + round)
		old.ExpiresAt = c.Now()
		return s.CreateTicket(ctx, old)
	}, func(round string, _ int) error { return s.CreateTicket(ctx, ticket("over"+round)) })
	oneWins(t, "taking a ticket", idp.ErrNotFound, nothing, func(round string, _ int) error {
		_, err := s.TakeTicket(ctx, "kind", round)
		return err
	})
	oneWins(t, "recording a mark", idp.ErrReplayed, nothing, func(round string, _ int) error {
		return s.SeenOnce(ctx, round, end)
	})
	t.Run("a counter misses nobody", func(t *testing.T) {
		everyRound(func(round string) {
			numbers := duel(func(int) int {
				n, err := s.Count(ctx, round, time.Hour)
				if err != nil {
					t.Error(err)
				}
				return n
			})
			slices.Sort(numbers)
			for i, n := range numbers {
				if n != i+1 {
					t.Errorf("%s: counted %v", round, numbers)
				}
			}
		})
	})
	c.forward(2 * time.Hour)
	oneWins(t, "recording a mark that was over", idp.ErrReplayed, nothing, func(round string, _ int) error {
		return s.SeenOnce(ctx, round, end.Add(4*time.Hour))
	})
}

func found[K, T any](ctx context.Context, take func(context.Context, K) (T, error), id K) error {
	_, err := take(ctx, id)
	return err
}
