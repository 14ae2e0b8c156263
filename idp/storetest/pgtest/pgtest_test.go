package pgtest

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// child is the environment variable that turns the test binary into one that starts a
// server and then hangs.
const child = "CLOUDSSO_TEST_PGTEST"

func TestMain(m *testing.M) {
	if os.Getenv(child) == "" {
		os.Exit(m.Run())
	}
	s, err := Start()
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(s.Port, s.dir)
	time.Sleep(time.Minute)
}

func TestTheServerEndsWithTheTests(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), child+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	port, dir, found := strings.Cut(strings.TrimSpace(line), " ")
	if err != nil || !found {
		t.Fatal(line, err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if !answers(port) {
		t.Fatal("the server is not there")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	for deadline := time.Now().Add(20 * time.Second); answers(port); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the server outlives the tests")
		}
	}
}

func answers(port string) bool {
	conn, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err == nil {
		_ = conn.Close()
	}
	return err == nil
}

func TestAServerGoesOnAfterItsEnd(t *testing.T) {
	t.Parallel()
	s, err := Start()
	if err != nil {
		t.Fatal(err)
	}
	url := s.Database(t)
	sql := func(text string) string {
		t.Helper()
		out, err := s.command(filepath.Join(s.bin, "psql"), "-qXAt", "-d", url, "-c", text).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return strings.TrimSpace(string(out))
	}
	sql(`CREATE TABLE t (v text); INSERT INTO t VALUES ('a'), ('B')`)
	for _, end := range []func() error{s.Stop, s.Crash} {
		if err := end(); err != nil {
			t.Fatal(err)
		}
		if answers(fmt.Sprint(s.Port)) {
			t.Fatal("it was stopped, and answers")
		}
		if err := s.Resume(); err != nil {
			t.Fatal(err)
		}
		if got := sql(`SELECT string_agg(v, '' ORDER BY v) FROM t`); got != "aB" {
			t.Errorf("the rows are %q: lost, or sorted byte by byte", got)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.dir); err == nil {
		t.Error("its data is still there")
	}
	if err := s.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
}
