package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// User and Password of the superuser of each server.
const (
	User     = "cloudsso"
	Password = "pg-s3cret/%"
)

const patience = time.Minute // for starting and stopping

// Server is a PostgreSQL server on loopback.
type Server struct {
	Port int

	bin     string
	dir     string
	owner   *syscall.Credential // nil: ourselves
	process *process
	names   atomic.Int64
}

// Main starts a server, runs the tests and stops it. Its result is the exit code.
func Main(m *testing.M, server **Server) int {
	s, err := Start()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	*server = s
	code := m.Run()
	if err := s.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return max(code, 1)
	}
	return code
}

// Start starts a server of the newest version that is installed.
func Start() (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin}
	if s.owner, err = unprivileged(); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp("", "pgtest-"); err != nil {
		return nil, err
	}
	if err := s.create(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.dir))
	}
	// The port may be taken by somebody else between looking and listening.
	for try := 0; ; try++ {
		if s.Port, err = freePort(); err == nil {
			err = s.Resume()
		}
		if err == nil || try == 3 {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.dir))
	}
	return s, nil
}

// create makes the data directory. Passwords are asked for also on loopback.
func (s *Server) create() error {
	if s.owner != nil {
		if err := os.Chown(s.dir, int(s.owner.Uid), int(s.owner.Gid)); err != nil {
			return err
		}
	}
	password := filepath.Join(s.dir, "password")
	if err := os.WriteFile(password, []byte(Password+"\n"), 0o644); err != nil {
		return err
	}
	return s.run("initdb", "-D", s.data(), "-U", User, "--pwfile", password, "-A", "scram-sha-256",
		"-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// Resume starts a server that was stopped: same port, same data.
func (s *Server) Resume() error {
	p, err := launch(s.command(filepath.Join(s.bin, "postgres"), "-D", s.data(), "-p", strconv.Itoa(s.Port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "full_page_writes=off",
		"-c", "max_connections=400", "-c", "shared_buffers=64MB", "-c", "log_min_messages=fatal"))
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		select {
		case <-p.ended:
			return fmt.Errorf("PostgreSQL ended while starting: %s", p.output())
		default:
		}
		if s.run("pg_isready", "-q", "-h", "127.0.0.1", "-p", strconv.Itoa(s.Port)) == nil {
			s.process = p
			return nil
		}
	}
	return errors.Join(errors.New("PostgreSQL does not start"), p.stop(syscall.SIGQUIT))
}

// Stop stops the server as an administrator does: running transactions are rolled back.
func (s *Server) Stop() error { return s.process.stop(syscall.SIGINT) }

// Crash kills the server without a last word; the next start recovers from its log.
func (s *Server) Crash() error { return s.process.stop(syscall.SIGQUIT) }

// Close stops the server and deletes its data.
func (s *Server) Close() error {
	err := s.process.stop(syscall.SIGQUIT)
	return errors.Join(err, os.RemoveAll(s.dir))
}

// URL of a database for its superuser.
func (s *Server) URL(database string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(User, Password), Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port)),
		Path: "/" + database, RawQuery: "sslmode=disable"}
	return u.String()
}

// Database makes an empty database and returns its URL.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test %d", s.names.Add(1))
	create := `CREATE DATABASE "` + name + `" TEMPLATE template0`
	if s.version() >= 15 {
		create += ` LOCALE_PROVIDER icu ICU_LOCALE 'und' LOCALE 'C.UTF-8'`
	}
	if err := s.run("psql", "-q", "-X", "-d", s.URL("postgres"), "-c", create); err != nil {
		t.Fatal(err)
	}
	return s.URL(name)
}

// Dump returns a database as SQL text that any driver can run.
func (s *Server) Dump(t testing.TB, url string) string {
	t.Helper()
	out, err := s.command(filepath.Join(s.bin, "pg_dump"), "--inserts", "--no-owner", "--no-privileges", "-d", url).Output()
	if err != nil {
		t.Fatalf("pg_dump: %v", err)
	}
	return string(out)
}

func (s *Server) version() int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(s.bin))) // 0 for a directory of another name
	return n
}

func (s *Server) run(program string, args ...string) error {
	out, err := s.command(filepath.Join(s.bin, program), args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", program, err, out)
	}
	return nil
}

// command runs as the owner of the data: PostgreSQL refuses to run as root.
func (s *Server) command(path string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), path, args...)
	cmd.Dir = s.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "HOME=" + s.dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.owner}
	return cmd
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
