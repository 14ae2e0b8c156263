package main_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binary is the built program: the tests run what operators run.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "cloudsso-test-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "cloudsso")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := binary(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// place is a working folder with an environment of its own.
type place struct {
	t   *testing.T
	dir string
	env []string
}

func newPlace(t *testing.T, env ...string) *place {
	t.Helper()
	return &place{t: t, dir: t.TempDir(), env: append([]string{"PATH=" + os.Getenv("PATH")}, env...)}
}

func (p *place) command(args ...string) *exec.Cmd {
	p.t.Helper()
	path, err := binary()
	if err != nil {
		p.t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Env = p.dir, p.env
	return cmd
}

// result is what one run left behind.
type result struct {
	t        *testing.T
	code     int
	out, err string
}

// run runs the program to its end. stdin is what it can read.
func (p *place) run(stdin string, args ...string) result {
	p.t.Helper()
	cmd := p.command(args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	err := cmd.Run()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	return result{p.t, cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// do runs what must work.
func (p *place) do(args ...string) result {
	p.t.Helper()
	return p.run("", args...).want(0)
}

func (r result) want(code int) result {
	r.t.Helper()
	if r.code != code {
		r.t.Fatalf("exit code %d, want %d\nout: %s\nerr: %s", r.code, code, r.out, r.err)
	}
	return r
}

// decode reads the answer of a --json run.
func decode[T any](r result) T {
	r.t.Helper()
	var v T
	if err := json.Unmarshal([]byte(r.out), &v); err != nil {
		r.t.Fatalf("no JSON: %v\n%s", err, r.out)
	}
	return v
}

func (p *place) write(name, text string) string {
	p.t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
	return path
}

// freePort is a loopback port that nobody uses right now.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// running is a server process.
type running struct {
	cmd    *exec.Cmd
	url    string // of the front door
	ops    string
	greets string // what it printed up to being ready
	output *bytes.Buffer
	done   chan struct{}
}

// serve starts a server on free ports and waits for its greeting.
func (p *place) serve(args ...string) *running {
	p.t.Helper()
	port, ops := freePort(p.t), "127.0.0.1:"+freePort(p.t)
	all := append([]string{"serve", "--listen", "127.0.0.1:" + port, "--ops-listen", ops}, args...)
	r := &running{cmd: p.command(all...), url: "http://localhost:" + port, ops: ops, output: new(bytes.Buffer), done: make(chan struct{})}
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	r.cmd.Stderr = r.output
	if err := r.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	greeted := make(chan string, 1)
	go func() {
		defer close(r.done)
		reader := bufio.NewReader(out)
		line, _ := reader.ReadString('\n')
		greeted <- line
		rest, _ := io.ReadAll(reader)
		r.greets = line + string(rest)
	}()
	p.t.Cleanup(func() { r.cmd.Process.Kill(); r.cmd.Wait() })
	select {
	case line := <-greeted:
		if line == "" {
			r.cmd.Wait()
			p.t.Fatalf("the server ended: %s", r.output)
		}
	case <-time.After(30 * time.Second):
		p.t.Fatal("the server does not greet")
	}
	return r
}

// stop tells the server to stop and returns all that it printed.
func (r *running) stop(t *testing.T) string {
	t.Helper()
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	select {
	case <-r.done:
	case <-ctx.Done():
		t.Fatal("the server does not stop")
	}
	if err := r.cmd.Wait(); err != nil {
		t.Fatalf("the server stopped with %v: %s", err, r.output)
	}
	return r.greets
}
