package sqlite_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/sqlite"
	"cloudsso/idp/sqlstore"
)

// victim is the environment variable that turns the test binary into the process that
// is killed; it names the round and the database file.
const victim = "CLOUDSSO_TEST_VICTIM"

func TestMain(m *testing.M) {
	if round, path, ok := strings.Cut(os.Getenv(victim), "|"); ok {
		if err := signInUntilKilled(round, path); err != nil {
			fmt.Println("failed", err)
		}
		return
	}
	os.Exit(m.Run())
}

// signInUntilKilled prints a line for each write that was acknowledged, never before.
func signInUntilKilled(round, path string) error {
	s, err := sqlite.Open(context.Background(), path, time.Now)
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	failed := make([]error, 4)
	for i := range failed {
		wg.Go(func() {
			for n := 0; failed[i] == nil; n++ {
				failed[i] = signIn(s, fmt.Sprintf("%s-%d-%d", round, i, n))
			}
		})
	}
	wg.Wait()
	return errors.Join(failed...)
}

func signIn(s *sqlstore.Store, id string) error {
	ctx, now := context.Background(), time.Now()
	for _, step := range []struct {
		name string
		run  func() error
	}{
		{"user", func() error { return s.CreateUser(ctx, idp.User{ID: id, Username: id}) }},
		{"grant", func() error {
			return s.CreateGrant(ctx, idp.Grant{ID: id, CodeHash: id, CodeExpiresAt: now.Add(time.Hour)}, idp.Event{ID: id, Name: idp.EventGrantCreated})
		}},
		{"redeem", func() error {
			return s.RedeemCode(ctx, idp.Redemption{GrantID: id, CodeHash: id, RefreshSeq: 1}, now)
		}},
		{"rotate", func() error { return s.RotateRefresh(ctx, idp.Rotation{GrantID: id, Seq: 1}) }},
	} {
		if err := step.run(); err != nil {
			return err
		}
		if _, err := os.Stdout.WriteString(step.name + " " + id + "\n"); err != nil {
			return err
		}
	}
	return nil
}

func TestNothingAcknowledgedIsLostByKill9(t *testing.T) {
	t.Parallel()
	path := file(t)
	acknowledged := map[string]map[string]bool{"user": {}, "grant": {}, "redeem": {}, "rotate": {}}
	for round := range 6 {
		kill(t, path, round, acknowledged)
		s := open(t, path, time.Now)
		for id := range acknowledged["user"] {
			if _, err := s.User(t.Context(), id); err != nil {
				t.Fatalf("round %d: acknowledged user %s: %v", round, id, err)
			}
		}
		for id := range acknowledged["grant"] {
			survives(t, s, id, acknowledged["redeem"], acknowledged["rotate"])
		}
		wants(t, s.Close(), nil)
	}
	if n := len(acknowledged["rotate"]); n < 20 {
		t.Errorf("only %d sign-ins came through: this proves little", n)
	}
	t.Logf("%d users, %d grants, %d codes, %d refreshes acknowledged", len(acknowledged["user"]), len(acknowledged["grant"]), len(acknowledged["redeem"]), len(acknowledged["rotate"]))
	rows := stranger(t, path).QueryRowContext(t.Context(), "PRAGMA integrity_check")
	var verdict string
	if err := rows.Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity: %s, %v", verdict, err)
	}
}

// survives checks one grant after a crash, and redeems its code if that is still open.
func survives(t *testing.T, s *sqlstore.Store, id string, redeemed, rotated map[string]bool) {
	t.Helper()
	g, err := s.Grant(t.Context(), id)
	if err != nil {
		t.Fatalf("acknowledged grant %s: %v", id, err)
	}
	if _, err := s.Events(t.Context(), idp.EventFilter{}, idp.Page{After: id, Limit: 1}); err != nil {
		t.Fatalf("the Event of grant %s: %v", id, err)
	}
	wins := 0
	for range 2 {
		switch err := s.RedeemCode(t.Context(), idp.Redemption{GrantID: id, CodeHash: id, RefreshSeq: 1}, time.Now()); {
		case err == nil:
			wins++
		default:
			wants(t, err, idp.ErrReused)
		}
	}
	if used := redeemed[id] || !g.CodeUsedAt.IsZero(); used && wins > 0 || !used && wins != 1 {
		t.Fatalf("grant %s: its code was used before: %v; redeemed now: %d times", id, used, wins)
	}
	redeemed[id] = true
	if rotated[id] {
		wants(t, s.RotateRefresh(t.Context(), idp.Rotation{GrantID: id, Seq: 1}), idp.ErrReused)
	}
}

// kill starts a victim, lets it work for a while, kills it and notes what it had acknowledged.
func kill(t *testing.T, path string, round int, acknowledged map[string]map[string]bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d|%s", victim, round, path))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	deadline := 60 + 37*round // lines, so that it dies at another step each time
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		step, id, _ := strings.Cut(lines.Text(), " ")
		if acknowledged[step] == nil {
			t.Fatalf("the victim says %q", lines.Text())
		}
		acknowledged[step][id] = true
		if n == deadline {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the victim ended by itself")
	}
}
