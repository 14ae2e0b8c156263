// Package redistest starts Redis servers for tests: on free ports of the loopback
// interface, in temporary directories, ended with the test binary however that ends.
//
// [Start] runs one server, [Cluster] several that share the slots, [NewProxy] stands
// between a client and a server and spoils what passes. The program is redis-server of
// Debian's package, or whatever CLOUDSSO_TEST_REDIS names (valkey-server).
package redistest

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const patience = 10 * time.Second // for a server to start or to end

// Server is a Redis server of our own.
type Server struct {
	Port    int
	Dir     string   // of its data, its socket redis.sock and its log
	conf    []string // of its kind
	options []string // of this one

	mu   sync.Mutex
	cmd  *exec.Cmd
	leak io.Closer // the end of the pipe whose closing ends the server
}

// What may keep a test waiting or leave something behind is off.
var server = []string{"--bind", "127.0.0.1", "--port", "{port}", "--dir", "{dir}", "--save", "", "--unixsocket", "{dir}/redis.sock", "--logfile", "{dir}/log"}

// Start starts a server that keeps nothing on disk unless options (as on its command
// line: "--appendonly", "yes") say otherwise. It ends with the test.
func Start(t testing.TB, options ...string) *Server {
	t.Helper()
	return start(t, server, options)
}

func start(t testing.TB, conf, options []string) *Server {
	t.Helper()
	dir, err := os.MkdirTemp("", "redis") // short: the path of a socket may have 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Dir: dir, conf: conf, options: options}
	t.Cleanup(func() {
		s.Stop()
		_ = os.RemoveAll(dir)
	})
	for range 3 { // somebody else may take the port first
		s.Port = freePort(t)
		if err = s.Restart(); err == nil {
			return s
		}
	}
	t.Fatal(err)
	return nil
}

// Addr is host:port.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port)) }

// Restart ends the server if it runs, without saving, and starts it again at the same
// place. What it had not kept on disk is gone.
func (s *Server) Restart() error {
	s.Stop()
	program, err := exec.LookPath(cmp.Or(os.Getenv("CLOUDSSO_TEST_REDIS"), "redis-server"))
	if err != nil {
		return errors.New("there is no redis-server on this machine; install the package redis-server (apt-get install redis-server)")
	}
	args := []string{program}
	for _, option := range append(slices.Clip(slices.Clone(s.conf)), s.options...) {
		args = append(args, strings.NewReplacer("{port}", strconv.Itoa(s.Port), "{dir}", s.Dir).Replace(option))
	}
	log := filepath.Join(s.Dir, "log")
	if err := s.spawn(args); err != nil {
		return err
	}
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if s.answers() {
			return nil
		}
	}
	s.Stop()
	said, _ := os.ReadFile(log)
	return fmt.Errorf("redis-server does not start: %s", said)
}

// A shell holds the server and reads from a pipe that nobody writes to: when the test
// binary ends, by whatever death, the read ends and the server is killed by its pid.
const keeper = `"$@" & pid=$!; read -r never; kill -9 $pid; wait $pid 2>/dev/null`

func (s *Server) spawn(args []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cmd = exec.Command("sh", append([]string{"-c", keeper, "sh"}, args...)...)
	leak, err := s.cmd.StdinPipe()
	if err != nil {
		return err
	}
	s.leak = leak
	return s.cmd.Start()
}

// Stop kills the server and waits for its end. It may be called more than once.
func (s *Server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd != nil {
		_ = s.leak.Close()
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}

// answers: a server that asks for a password answers too, and one that speaks TLS
// takes the connection.
func (s *Server) answers() bool {
	if slices.Contains(s.options, "--tls-port") {
		c, err := net.Dial("tcp", s.Addr())
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	}
	answer, err := s.Do("PING")
	return err == nil || strings.HasPrefix(answer, "-NOAUTH")
}

// Do sends one command on a connection of its own and returns the answer: the text of a
// string or number, the lines of anything else. An error answer is an error, and text.
func (s *Server) Do(words ...string) (string, error) {
	c, err := net.DialTimeout("tcp", s.Addr(), time.Second)
	if err != nil {
		return "", err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(c, "*%d\r\n", len(words))
	for _, word := range words {
		fmt.Fprintf(c, "$%d\r\n%s\r\n", len(word), word)
	}
	return answer(bufio.NewReader(c))
}

// Must is [Server.Do] for what works.
func (s *Server) Must(t testing.TB, words ...string) string {
	t.Helper()
	text, err := s.Do(words...)
	if err != nil {
		t.Fatalf("redis: %s: %v", words[0], err)
	}
	return text
}

func answer(r *bufio.Reader) (string, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return "", err
	}
	kind, rest := line[0], strings.TrimSpace(line[1:])
	n, _ := strconv.Atoi(rest)
	switch kind {
	case '-':
		return strings.TrimSpace(line), errors.New(rest)
	case '$':
		if n < 0 {
			return "", nil
		}
		text := make([]byte, n+2)
		_, err := io.ReadFull(r, text)
		return string(text[:n]), err
	case '*':
		var lines []string
		for range n {
			line, err := answer(r)
			if err != nil {
				return "", err
			}
			lines = append(lines, line)
		}
		return strings.Join(lines, "\n"), nil
	}
	return rest, nil
}

// freePort finds one whose sister of the cluster bus, 10000 higher, is free too.
func freePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		if port > 50000 {
			port -= 20000
		}
		free := true
		for _, p := range []int{port, port + 10000} {
			other, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(p)))
			if err == nil {
				_ = other.Close()
			} else if p != l.Addr().(*net.TCPAddr).Port {
				free = false
			}
		}
		_ = l.Close()
		if free {
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}
